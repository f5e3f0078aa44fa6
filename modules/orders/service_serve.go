package orders

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// Inbox lists the orders of the actor's providers: those in one of the states, newest first; none means all.
func (s *Service) Inbox(ctx context.Context, actor *authz.Actor, w Window, states ...State) ([]*Part, error) {
	if err := s.policy.Allow(actor, "serve", "order"); err != nil {
		return nil, err
	}
	return s.readWindow(ctx, w, inStates, s.providers(actor), wordsOf(states))
}

func wordsOf(states []State) []string {
	words := []string{}
	for _, state := range states {
		words = append(words, string(state))
	}
	return words
}

// Desk gives what a provider's staff sees first: the orders whose money waits to be given back by hand, and those that wait for something else.
func (s *Service) Desk(ctx context.Context, actor *authz.Actor, w Window) (owed, parts []*Part, err error) {
	if err := s.policy.Allow(actor, "serve", "order"); err != nil {
		return nil, nil, err
	}
	return s.readDesk(ctx, w, s.providers(actor), wordsOf(waiting))
}

// Served gives one order of the actor's providers. Errors: problem.ErrNotFound.
func (s *Service) Served(ctx context.Context, actor *authz.Actor, part uuid.UUID) (*Part, error) {
	if err := s.policy.Allow(actor, "serve", "order"); err != nil {
		return nil, err
	}
	p, err := s.readPart(ctx, "WHERE p.id = $1", part)
	if err == nil {
		err = s.serves(actor, p)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// serve changes a part of one of the actor's providers.
func (s *Service) serve(ctx context.Context, actor *authz.Actor, part uuid.UUID, verb, purpose string, do func(context.Context, *Part) error) error {
	if err := s.policy.Allow(actor, "serve", "order"); err != nil {
		return err
	}
	return s.change(ctx, part, func(ctx context.Context, p *Part) error {
		if err := s.serves(actor, p); err != nil {
			return err
		}
		if err := do(ctx, p); err != nil {
			return err
		}
		return audit(ctx, actor.ID(), p, verb, purpose)
	})
}

// Accept promises the citizen that it will be done.
func (s *Service) Accept(ctx context.Context, actor *authz.Actor, part uuid.UUID) error {
	return s.serve(ctx, actor, part, "order_accepted", "order accepted", func(ctx context.Context, p *Part) error {
		if err := p.Accept(s.now()); err != nil {
			return err
		}
		return s.tell(ctx, p, mailAccepted)
	})
}

// Refuse says no, with the reason that the citizen reads; what was paid goes back.
func (s *Service) Refuse(ctx context.Context, actor *authz.Actor, part uuid.UUID, why string) error {
	return s.serve(ctx, actor, part, "order_refused", "order refused", func(ctx context.Context, p *Part) error {
		if err := p.Refuse(s.now(), why); err != nil {
			return err
		}
		if err := s.tell(ctx, p, mailRefused); err != nil {
			return err
		}
		return s.settle(ctx, p)
	})
}

// Deliver records what was done, by whom and when.
func (s *Service) Deliver(ctx context.Context, actor *authz.Actor, part uuid.UUID, d Delivery) error {
	id, err := s.newID()
	if err != nil {
		return err
	}
	return s.serve(ctx, actor, part, "order_delivered", "delivery recorded", func(ctx context.Context, p *Part) error {
		if err := p.Deliver(s.now(), d); err != nil {
			return err
		}
		if err := insertDelivery(ctx, id, p, d, actor.Account, s.now()); err != nil {
			return err
		}
		if p.State != Delivered {
			return nil
		}
		return s.tell(ctx, p, mailDelivered)
	})
}

// TakeAtDesk records that a citizen has paid at the provider's desk what was still to be paid by card.
func (s *Service) TakeAtDesk(ctx context.Context, actor *authz.Actor, part uuid.UUID) error {
	return s.serve(ctx, actor, part, "desk_paid", "payment taken at the desk", func(ctx context.Context, p *Part) error {
		if !p.Pay(s.now(), holidays(ctx)) {
			return ErrState
		}
		if err := s.payments.Record(ctx, actor.ID(), p.ID, p.Order.Payer, p.Cents); err != nil {
			return err
		}
		return s.paid(ctx, p)
	})
}

// HandedBack records that money taken at the desk was given back there.
func (s *Service) HandedBack(ctx context.Context, actor *authz.Actor, part uuid.UUID) error {
	return s.serve(ctx, actor, part, "desk_returned", "money given back at the desk", func(ctx context.Context, p *Part) error {
		return s.payments.HandedBack(ctx, p.ID)
	})
}

// RetryRefund asks once more for a refund that the bank refused. Errors: payments.ErrNoReturn where none was, or another was asked for meanwhile.
func (s *Service) RetryRefund(ctx context.Context, actor *authz.Actor, part uuid.UUID) error {
	return s.serve(ctx, actor, part, "refund_retried", "a refund that failed", func(ctx context.Context, p *Part) error {
		return s.payments.ReturnAgain(ctx, actor.ID(), p.ID)
	})
}

// Write sends the other side a message about a part; the sides are citizen and provider.
func (s *Service) Write(ctx context.Context, actor *authz.Actor, part uuid.UUID, body string) error {
	if err := s.policy.Allow(actor, "serve", "order"); err != nil {
		return err
	}
	return s.write(ctx, part, actor, "provider", mailFromProvider, body, func(p *Part) error { return s.serves(actor, p) })
}

// Reply is Write from the citizen's side, by the order's id.
func (s *Service) Reply(ctx context.Context, actor *authz.Actor, order uuid.UUID, body string) error {
	p, err := s.Order(ctx, actor, order)
	if err != nil {
		return err
	}
	return s.write(ctx, p.ID, actor, "citizen", mailFromCitizen, body, func(p *Part) error { return mine(actor, p.Order) })
}

func (s *Service) write(ctx context.Context, part uuid.UUID, actor *authz.Actor, side, letter, body string, may func(*Part) error) error {
	if err := checkMessage(body); err != nil {
		return err
	}
	id, err := s.newID()
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		p, err := s.lockedPart(ctx, part)
		if err != nil {
			return err
		}
		if err := may(p); err != nil {
			return err
		}
		if err := insertMessage(ctx, id, p.ID, side, actor.Account, body, s.now()); err != nil {
			return err
		}
		return s.queue.Enqueue(ctx, MailJob{p.ID, letter})
	})
}

// mostMessage is how long a message may be.
const mostMessage = 2000

func checkMessage(body string) error {
	var f problem.Fields
	f.Check(strings.TrimSpace(body) != "", "message", "orders.message_missing")
	f.Check(fits(body, mostMessage), "message", "orders.too_long")
	return f.Err()
}

// waiting are the states in which a provider has something to do.
var waiting = []State{Paid, Accepted}

// count says how many parts are in a state.
func count(parts []*Part, states ...State) (n int) {
	for _, p := range parts {
		if slices.Contains(states, p.State) {
			n++
		}
	}
	return n
}
