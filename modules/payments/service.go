package payments

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/tenants"
)

// FormsTo is the origin of the card's hosted page.
func (s *Service) FormsTo() string { return s.card.FormsTo() }

// Ask notes, in the running transaction, that a part is to be paid by card. OpenPage then opens it.
func (s *Service) Ask(ctx context.Context, part, payer uuid.UUID, cents int64) (uuid.UUID, error) {
	id, err := s.newID()
	if err != nil {
		return uuid.Nil, err
	}
	p := &Payment{ID: id, Part: part, Account: payer, Rail: ByCard, Cents: cents, State: Open}
	insertPayment(ctx, p, s.now())
	return id, nil
}

// OpenPage opens the hosted page of a part's card payment and gives its address; the same one as long as it is open. c needs no ID and
// no amount. It speaks to the rail, so it stands outside of any transaction. Errors: ErrPaid, ErrNoRail, ErrRail.
func (s *Service) OpenPage(ctx context.Context, payment uuid.UUID, c Charge) (string, error) {
	p, err := s.find(ctx, byID, payment)
	switch {
	case err != nil:
		return "", err
	case p.State != Open:
		return "", ErrPaid
	case p.URL != "":
		return p.URL, nil
	}
	c.ID, c.Cents = p.ID, p.Cents
	session, err := s.card.Start(ctx, c)
	switch {
	case errors.Is(err, ErrNotSet):
		return "", ErrNoRail
	case err != nil:
		slog.Error("the card gateway does not answer", "payment", p.ID, "request", tenants.RequestID(ctx), "error", err)
		return "", ErrRail
	}
	return session.URL, s.opened(ctx, p, session, c.Expires)
}

// opened keeps a page that was opened at the rail; if its part has ended meanwhile, the page closes again. Errors: ErrPaid.
func (s *Service) opened(ctx context.Context, p Payment, page Session, expires time.Time) error {
	err := s.db.Tx(ctx, func(ctx context.Context) (err error) {
		if err := s.follow.LockPart(ctx, p.Part); err != nil {
			return err
		}
		saveSession(ctx, p.ID, page)
		if p, err = s.find(ctx, byID, p.ID); err != nil {
			return err
		}
		if p.State != Open {
			return s.queue.Enqueue(ctx, CloseJob{p.ID})
		}
		return s.queue.EnqueueAt(ctx, LookJob{p.ID}, expires.Add(2*time.Minute))
	})
	if err == nil && p.State != Open {
		err = ErrPaid
	}
	return err
}

// Take reads a notice of the card gateway and lets it count, once. Errors: ErrSignature.
func (s *Service) Take(ctx context.Context, signature string, body []byte) error {
	n, err := s.card.Read(ctx, signature, body)
	if err != nil {
		return err
	}
	return s.count(ctx, n)
}

// Look asks the rail what became of a payment that we have heard nothing of, and lets that count as if it had been told. A payment that is
// not ours, or was never begun, is left alone.
func (s *Service) Look(ctx context.Context, payment uuid.UUID) error {
	p, err := s.find(ctx, byID, payment)
	if err != nil || p.Rail != ByCard || p.State == Settled || p.Session == "" {
		return err
	}
	n, err := s.card.Look(ctx, p.Session)
	if err != nil {
		return fmt.Errorf("ask about payment %s: %w", p.ID, err)
	}
	return s.count(ctx, n)
}

// count lets a notice have its effect: the notice, the payment, the ledger and whoever follows, in one transaction. Notices may come twice, late
// and in any order.
func (s *Service) count(ctx context.Context, n Notice) error {
	if n.Kind == Nothing {
		return nil
	}
	p, err := s.concerned(ctx, n)
	if errors.Is(err, problem.ErrNotFound) {
		slog.Warn("a notice speaks of no payment of this city", "notice", n.ID, "kind", n.Kind)
		return nil
	}
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.follow.LockPart(ctx, p.Part); err != nil {
			return err
		}
		if n.ID != "" {
			if fresh, err := insertNotice(ctx, p.Rail, n, s.now()); err != nil || !fresh {
				return err
			}
		}
		p, err := s.find(ctx, byID, p.ID) // as it is now that the part is ours
		if err != nil {
			return err
		}
		return s.effect(ctx, &p, n)
	})
}

// concerned is the payment that a notice speaks of.
func (s *Service) concerned(ctx context.Context, n Notice) (Payment, error) {
	if n.Refund != uuid.Nil {
		return s.find(ctx, byRefund, n.Refund)
	}
	return s.find(ctx, byID, n.Payment)
}

func (s *Service) effect(ctx context.Context, p *Payment, n Notice) error {
	if n.Refund != uuid.Nil && n.Refund != p.Refund {
		return nil // of a refund that had failed, and was asked for again since
	}
	switch n.Kind {
	case Paid:
		return s.arrived(ctx, p, n)
	case Expired:
		return saveOver(ctx, p.ID)
	case Returned:
		return s.givenBack(ctx, p, "")
	case ReturnFailed:
		return s.notGivenBack(ctx, p)
	}
	return nil
}

// notGivenBack notes that a refund could not be made, even after the gateway had said that it was: the money is the payer's still.
func (s *Service) notGivenBack(ctx context.Context, p *Payment) error {
	switch p.Return {
	case NoReturn, ReturnLost:
		return nil
	case ReturnAsked:
		if err := s.ledger.Void(ctx, refundKey(p.Refund)); err != nil {
			return err
		}
	case ReturnDone:
		if _, err := s.ledger.Reverse(ctx, refundKey(p.Refund), "bounced:"+p.Refund.String()); err != nil {
			return err
		}
	}
	slog.Error("a refund failed at the gateway", "payment", p.ID, "refund", p.Refund)
	if err := audit(ctx, theRail, p, "refund_failed", "refund by "+p.Rail); err != nil {
		return err
	}
	if err := saveRefund(ctx, p.Refund, ReturnLost, "", s.now()); err != nil {
		return err
	}
	return s.follow.NotReturned(ctx, p.Part)
}

// arrived notes that money has come, once, and gives it back if nobody wants it any more.
func (s *Service) arrived(ctx context.Context, p *Payment, n Notice) error {
	if p.State == Settled {
		return nil
	}
	if n.Cents != p.Cents {
		return fmt.Errorf("payment %s: the gateway took %d cents instead of %d", p.ID, n.Cents, p.Cents)
	}
	p.Charge, p.Session = n.Charge, n.Session
	if err := savePaid(ctx, p, s.now()); err != nil {
		return err
	}
	if _, err := s.ledger.Post(ctx, p.received()); err != nil {
		return err
	}
	if err := audit(ctx, theRail, p, "paid", "payment by "+p.Rail); err != nil {
		return err
	}
	wanted, err := s.follow.Paid(ctx, p.Part, p.Rail)
	if err != nil || wanted {
		return err
	}
	return s.giveBack(ctx, theRail, p)
}

// Drop ends what is still open of a part, in the running transaction: its hosted page closes soon after.
func (s *Service) Drop(ctx context.Context, part uuid.UUID) error {
	list, err := ofPart(ctx, part)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.State != Open {
			continue
		}
		if err := saveOver(ctx, p.ID); err != nil {
			return err
		}
		if p.Session == "" {
			continue
		}
		if err := s.queue.Enqueue(ctx, CloseJob{p.ID}); err != nil {
			return err
		}
	}
	return nil
}

// Return asks, in the running transaction, that everything paid for a part is given back over the rail it came by. What was asked before is not
// asked again.
func (s *Service) Return(ctx context.Context, part uuid.UUID) error {
	list, err := ofPart(ctx, part)
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].State == Settled && list[i].Return == NoReturn {
			if err := s.giveBack(ctx, theRail, &list[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// ReturnAgain asks, in the running transaction, by an actor's word, for the refunds of a part that have failed: each as another one, with an idempotency key of its own. The part
// is locked, and no payment has more than one refund that may still arrive. Errors: ErrNoReturn.
func (s *Service) ReturnAgain(ctx context.Context, actor string, part uuid.UUID) error {
	list, err := ofPart(ctx, part)
	if err != nil {
		return err
	}
	asked := 0
	for i := range list {
		if list[i].Return != ReturnLost {
			continue
		}
		if err := s.giveBack(ctx, actor, &list[i]); err != nil {
			return err
		}
		asked++
	}
	if asked == 0 {
		return ErrNoReturn
	}
	return nil
}

func (s *Service) giveBack(ctx context.Context, actor string, p *Payment) error {
	id, err := s.newID()
	if err != nil {
		return err
	}
	if err := insertRefund(ctx, id, p, s.now()); err != nil {
		return err
	}
	if _, err := s.ledger.Post(ctx, p.returned(id)); err != nil {
		return err
	}
	if err := audit(ctx, actor, p, "refund_asked", "refund by "+p.Rail); err != nil {
		return err
	}
	if p.Rail == AtDesk {
		return nil // the provider gives it back by hand and says so
	}
	return s.queue.Enqueue(ctx, ReturnJob{p.ID, id})
}

// givenBack notes that a refund has arrived, once. That it failed is the last word of a gateway: what is told after it was true before.
func (s *Service) givenBack(ctx context.Context, p *Payment, external string) error {
	if p.Return != ReturnAsked {
		return nil
	}
	if err := saveRefund(ctx, p.Refund, ReturnDone, external, s.now()); err != nil {
		return err
	}
	if err := s.ledger.Settle(ctx, refundKey(p.Refund)); err != nil {
		return err
	}
	if err := audit(ctx, theRail, p, "refunded", "refund by "+p.Rail); err != nil {
		return err
	}
	return s.follow.Returned(ctx, p.Part)
}

// Record notes, in the running transaction, that by an actor's word a part was paid at the provider's desk; the part is locked. What was open by card is dropped.
func (s *Service) Record(ctx context.Context, actor string, part, payer uuid.UUID, cents int64) error {
	if err := s.Drop(ctx, part); err != nil {
		return err
	}
	id, err := s.newID()
	if err != nil {
		return err
	}
	p := &Payment{ID: id, Part: part, Account: payer, Rail: AtDesk, Cents: cents, State: Settled}
	insertPayment(ctx, p, s.now())
	if _, err := s.ledger.Post(ctx, p.received()); err != nil {
		return err
	}
	return audit(ctx, actor, p, "paid", "payment by "+p.Rail)
}

// HandedBack notes, in the running transaction, that what was paid for a part at the desk was given back there. Errors: ErrNoReturn.
func (s *Service) HandedBack(ctx context.Context, part uuid.UUID) error {
	list, err := ofPart(ctx, part)
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].Rail == AtDesk && list[i].Return == ReturnAsked {
			return s.givenBack(ctx, &list[i], "")
		}
	}
	return ErrNoReturn
}

// theRail is who did it where a gateway told us.
const theRail = "job:payments"

// audit notes what happened to a payment.
func audit(ctx context.Context, actor string, p *Payment, verb, purpose string) error {
	return tenants.Audit(ctx, tenants.Entry{Actor: actor, SubjectKind: "payment", Subject: p.ID.String(), Verb: verb, Purpose: purpose})
}

var _ Books = (*ledger.Service)(nil)
