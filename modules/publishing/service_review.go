package publishing

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// Waits is a version that waits for a decision.
type Waits struct {
	Service uuid.UUID
	Title   string
	Maker   string
	Own     bool // the reader had a hand in it, and leaves it to others
	Since   time.Time
}

// Inbox lists what waits for a decision, the oldest first.
func (s *Service) Inbox(ctx context.Context, actor *authz.Actor) ([]Waits, error) {
	if err := s.policy.Allow(actor, "approve", "service"); err != nil {
		return nil, err
	}
	versions, makers, err := s.readSubmitted(ctx)
	list := make([]Waits, len(versions))
	for i, v := range versions {
		list[i] = Waits{v.Service, v.Content.Title, nameOf(makers, v.Provider), mayDecide(actor, v) != nil, v.Submitted}
	}
	return list, err
}

// Review gives a service of which a version waits for a decision. What is still being written is its provider's alone: not found.
func (s *Service) Review(ctx context.Context, actor *authz.Actor, lang string, id uuid.UUID) (*Work, error) {
	if err := s.policy.Allow(actor, "approve", "service"); err != nil {
		return nil, err
	}
	w, err := s.readWork(ctx, lang, id)
	if err != nil {
		return nil, err
	}
	if w.Open == nil || w.Open.State != Submitted {
		return nil, problem.ErrNotFound
	}
	return w, nil
}

// Approve publishes the version that the decider has seen. Errors: ErrOwn, ErrStale, ErrNotWaiting, and why it cannot be published now.
func (s *Service) Approve(ctx context.Context, actor *authz.Actor, id uuid.UUID, revision int) error {
	return s.decide(ctx, actor, id, func(ctx context.Context, v *Version) (string, error) {
		if err := v.decide(Approved, "", revision, s.now()); err != nil {
			return "", err
		}
		entry, err := s.ready(ctx, v)
		if err != nil {
			return "", err
		}
		if err := catalogue.Publish(ctx, v.Service, v.Provider, entry); err != nil {
			return "", err
		}
		return approved, s.reveal(ctx, v.Service, &v.Content)
	})
}

// Return sends a version back to its provider, with the reason.
func (s *Service) Return(ctx context.Context, actor *authz.Actor, id uuid.UUID, revision int, reason string) error {
	return s.decide(ctx, actor, id, func(_ context.Context, v *Version) (string, error) {
		if err := checkReason(reason); err != nil {
			return "", err
		}
		return returned, v.decide(Returned, reason, revision, s.now())
	})
}

// decide locks the version, asks who may, and tells the provider what came of it.
func (s *Service) decide(ctx context.Context, actor *authz.Actor, id uuid.UUID, decision func(context.Context, *Version) (string, error)) error {
	if err := s.policy.Allow(actor, "approve", "service"); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		v, err := lockOpen(ctx, id)
		if err != nil {
			return err
		}
		if v.State != Submitted {
			return problem.ErrNotFound
		}
		if err := mayDecide(actor, v); err != nil {
			return err
		}
		verb, err := decision(ctx, v)
		if err != nil {
			return err
		}
		event, err := s.moved(ctx, actor, v, verb, v.Reason)
		if err != nil {
			return err
		}
		return s.tell(ctx, v.Provider, event)
	})
}
