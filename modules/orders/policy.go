package orders

import (
	"slices"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// mine: an order shows itself to who pays it and to who placed it; to nobody else it is there.
func mine(actor *authz.Actor, o *Order) error {
	if o.Payer != actor.Account && o.Actor != actor.Account {
		return problem.ErrNotFound
	}
	return nil
}

// providers are those for which the actor serves orders.
func (s *Service) providers(actor *authz.Actor) []uuid.UUID {
	ids := []uuid.UUID{}
	for _, m := range s.policy.Scopes(actor, "serve", "order") {
		if m.Role == authz.Provider {
			ids = append(ids, m.Provider)
		}
	}
	return ids
}

// serves: a part shows itself to the staff of its provider once it is paid, or is to be paid at its desk; to nobody else it is there.
func (s *Service) serves(actor *authz.Actor, p *Part) error {
	if !slices.Contains(s.providers(actor), p.Provider) {
		return problem.ErrNotFound
	}
	return nil
}
