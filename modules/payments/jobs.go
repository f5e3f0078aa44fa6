package payments

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// Each job speaks to the rail, then notes in a transaction what came of it; it may run again at any point.
type (
	// LookJob asks after a payment of which nothing was heard.
	LookJob struct{ Payment uuid.UUID }
	// CloseJob ends a hosted page that must no longer be paid.
	CloseJob struct{ Payment uuid.UUID }
	// ReturnJob gives a payment back by a refund, or asks after the one that was begun; without Refund, by whichever is the last.
	ReturnJob struct{ Payment, Refund uuid.UUID }
)

func (LookJob) Kind() string   { return "payments.look" }
func (CloseJob) Kind() string  { return "payments.close" }
func (ReturnJob) Kind() string { return "payments.return" }

// Jobs says what is done later.
func (s *Service) Jobs(w *jobs.Workers) {
	jobs.On(w, func(ctx context.Context, j LookJob) error { return gone(s.Look(ctx, j.Payment)) })
	jobs.On(w, func(ctx context.Context, j CloseJob) error { return gone(s.close(ctx, j.Payment)) })
	jobs.On(w, func(ctx context.Context, j ReturnJob) error { return gone(s.sendBack(ctx, j)) })
}

// gone lets a job end whose payment is not there.
func gone(err error) error {
	if errors.Is(err, problem.ErrNotFound) {
		return nil
	}
	return err
}

// close ends the hosted page; if it was paid just before, that is found out now.
func (s *Service) close(ctx context.Context, payment uuid.UUID) error {
	p, err := s.find(ctx, byID, payment)
	if err != nil || p.Session == "" {
		return err
	}
	if err := s.card.Close(ctx, p.Session); err != nil {
		return fmt.Errorf("close the hosted page of payment %s: %w", p.ID, err)
	}
	return s.Look(ctx, payment)
}

// askAgain is how long a refund that the gateway works on may go unheard of.
const askAgain = 24 * time.Hour

func (s *Service) sendBack(ctx context.Context, j ReturnJob) error {
	p, err := s.find(ctx, byID, j.Payment)
	switch {
	case err != nil:
		return err
	case p.Return != ReturnAsked, j.Refund != uuid.Nil && j.Refund != p.Refund:
		return nil
	case p.External != "":
		return s.lookAfter(ctx, p)
	}
	asked := p.Refund
	external, done, err := s.card.Refund(ctx, Return{ID: asked, Charge: p.Charge, Cents: p.Cents})
	refused := errors.Is(err, ErrRefused)
	if err != nil && !refused {
		return fmt.Errorf("give back payment %s: %w", p.ID, err)
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.follow.LockPart(ctx, p.Part); err != nil {
			return err
		}
		p, err := s.find(ctx, byID, p.ID)
		switch {
		case err != nil:
			return err
		case p.Refund != asked || p.Return != ReturnAsked:
			return nil // a notice was faster
		case refused:
			return s.notGivenBack(ctx, &p)
		case done:
			return s.givenBack(ctx, &p, external)
		}
		return errors.Join(saveRefund(ctx, p.Refund, ReturnAsked, external, s.now()), s.lookLater(ctx, p))
	})
}

// lookAfter asks what became of a refund that the gateway had not decided, and lets that count as a notice would; undecided still, it asks again.
func (s *Service) lookAfter(ctx context.Context, p Payment) error {
	n, err := s.card.LookRefund(ctx, p.External)
	switch {
	case err != nil:
		return fmt.Errorf("ask about the refund of payment %s: %w", p.ID, err)
	case n.Kind == Nothing:
		return s.db.Tx(ctx, func(ctx context.Context) error { return s.lookLater(ctx, p) })
	}
	return s.count(ctx, n)
}

func (s *Service) lookLater(ctx context.Context, p Payment) error {
	return s.queue.EnqueueAt(ctx, ReturnJob{p.ID, p.Refund}, s.now().Add(askAgain))
}
