package orders

import (
	"context"
	"fmt"

	"github.com/welfarex/welfarex/modules/kit/authz"
)

// Seed makes a demonstration's first orders, between a citizen and a provider's worker: one that is being delivered, one that waits for an answer,
// and something in the basket. Where the citizen has ordered before, nothing is done.
func (s *Service) Seed(ctx context.Context, citizen, worker *authz.Actor) error {
	slug, err := s.cheapest(ctx, worker.Memberships[0].Provider)
	if err != nil || slug == "" {
		return err
	}
	parts, err := s.Orders(ctx, citizen, Window{})
	if err != nil || len(parts) > 0 {
		return err
	}
	for _, accepted := range []bool{true, false} {
		part, err := s.seedOrder(ctx, citizen, worker, slug)
		if err != nil {
			return fmt.Errorf("a first order: %w", err)
		}
		if !accepted {
			continue
		}
		if err := s.Accept(ctx, worker, part.ID); err != nil {
			return err
		}
		if err := s.Deliver(ctx, worker, part.ID, Delivery{Quantity: 1, Day: s.now(), Worker: worker.Name}); err != nil {
			return err
		}
	}
	return s.Add(ctx, Holder{Account: citizen.Account}, slug, 1, true)
}

// seedOrder orders two of what the provider sells, and takes the money at its desk.
func (s *Service) seedOrder(ctx context.Context, who, worker *authz.Actor, slug string) (*Part, error) {
	if err := s.Add(ctx, Holder{Account: who.Account}, slug, 2, true); err != nil {
		return nil, err
	}
	c, err := s.Checkout(ctx, who)
	if err != nil {
		return nil, err
	}
	id, err := s.Place(ctx, who, Placement{Key: c.Key, Address: "Via dei Mille 7, scala A", Phone: "0372 555 199", Terms: true, Cents: c.Basket.Cents()})
	if err != nil {
		return nil, err
	}
	part, err := s.Order(ctx, who, id)
	if err != nil {
		return nil, err
	}
	return part, s.TakeAtDesk(ctx, worker, part.ID)
}
