package orders

import (
	"bytes"
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/modules/payments"
	"github.com/welfarex/welfarex/tenants"
)

// Checkout is what the last form before an order shows.
type Checkout struct {
	Basket  Basket
	Name    string // of the actor
	Phone   string // known already
	Address string // of their last order
	Members []accounts.Member
	Key     uuid.UUID
}

// Checkout reads what the form needs. Errors: ErrEmpty.
func (s *Service) Checkout(ctx context.Context, actor *authz.Actor) (c Checkout, err error) {
	if err := s.policy.Allow(actor, "place", "order"); err != nil {
		return c, err
	}
	err = s.readCheckout(ctx, actor, &c)
	if err == nil && c.Basket.Empty() {
		err = ErrEmpty
	}
	if err != nil {
		return c, err
	}
	c.Key, err = s.newID()
	return c, err
}

// Place makes an order of the actor's basket. Sent twice under one key it places one, and gives it both times. Errors: ErrEmpty, ErrNotSold,
// ErrPriceChanged (the person is shown the new prices first), ErrKeyReused, and what is missing by field.
func (s *Service) Place(ctx context.Context, actor *authz.Actor, in Placement) (id uuid.UUID, err error) {
	if err := s.policy.Allow(actor, "place", "order"); err != nil {
		return uuid.Nil, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		t, err := s.takeBasket(ctx, actor.Account, in.Key)
		switch {
		case err != nil:
			return err
		case t.order != uuid.Nil && bytes.Equal(t.digest, in.digest()):
			id = t.order
			return nil
		case t.order != uuid.Nil:
			return ErrKeyReused
		case t.kept == (kept{}):
			return ErrEmpty
		}
		id, err = s.place(ctx, actor, in, &t)
		return err
	})
	return id, err
}

// place writes the order, what it means in the ledger, and what happens if nobody pays.
func (s *Service) place(ctx context.Context, actor *authz.Actor, in Placement, t *taken) (uuid.UUID, error) {
	switch {
	case !t.Sellable():
		return uuid.Nil, ErrNotSold
	case t.Cents() != in.Cents:
		return uuid.Nil, ErrPriceChanged
	}
	if err := in.check(&t.Basket); err != nil {
		return uuid.Nil, err
	}
	o, err := s.draw(ctx, actor, in, &t.Basket)
	if err != nil {
		return uuid.Nil, err
	}
	// What needs an answer comes first: the rest travels with the commit, in the order in which rows refer to each other.
	for _, p := range o.Parts {
		if err := s.promise(ctx, p); err != nil {
			return uuid.Nil, err
		}
	}
	insertOrder(ctx, o, in.digest())
	for _, p := range o.Parts {
		if err := s.open(ctx, actor, p); err != nil {
			return uuid.Nil, err
		}
	}
	deleteBasket(ctx, t.id)
	return o.ID, nil
}

// draw makes the order of a basket: everything in it as it is now.
func (s *Service) draw(ctx context.Context, actor *authz.Actor, in Placement, b *Basket) (*Order, error) {
	now := s.now()
	o := &Order{
		Year: now.In(ui.Rome).Year(), Actor: actor.Account, Subject: actor.Account, Payer: actor.Account, Member: in.Member, PayerName: actor.Name, Beneficiary: actor.Name,
		Address: in.Address, Phone: in.Phone, Note: in.Note, Key: in.Key, Cents: b.Cents(), PlacedAt: now,
	}
	if in.Member != uuid.Nil {
		m, err := s.household.Member(ctx, actor, in.Member)
		if err != nil {
			return nil, err
		}
		o.Beneficiary, o.Reason = m.Name, string(m.Relation)
	}
	p := &Part{
		Order: o, Provider: b.Provider.ID, Seller: b.Provider.Name, SellerAddress: b.Provider.Address, SellerVAT: b.Provider.VATNumber,
		Cents: b.Cents(), VATCents: b.VATCents(), CancelDays: b.cancelDays(), State: Placed, ExpiresAt: now.Add(payWithin),
	}
	for i := range b.Items {
		p.Lines = append(p.Lines, b.Items[i].line())
	}
	o.Parts = []*Part{p}
	var err error
	if o.ID, err = s.newID(); err != nil {
		return nil, err
	}
	p.ID, err = s.newID()
	return o, err
}

// saleKey is the sale of a part, as the ledger keeps it once.
func saleKey(part uuid.UUID) string { return "sale:" + part.String() }

// sale is what the payer owes and the provider is owed, pending until the money has come.
func (p *Part) sale() ledger.Transfer {
	return ledger.Transfer{Key: saleKey(p.ID), Kind: ledger.Sale, Reference: p.ID, Pending: true, Moves: []ledger.Move{{
		From: ledger.CitizenAccount(p.Order.Payer), To: ledger.ProviderAccount(p.Provider), Cents: p.Cents,
	}}}
}

// promise notes the sale of a part in the ledger, and that the part ends if nobody pays.
func (s *Service) promise(ctx context.Context, p *Part) error {
	if _, err := s.ledger.Post(ctx, p.sale()); err != nil {
		return err
	}
	return s.queue.EnqueueAt(ctx, ExpireJob{p.ID}, p.ExpiresAt)
}

// open begins the life of a part that is kept.
func (s *Service) open(ctx context.Context, actor *authz.Actor, p *Part) error {
	if _, err := s.payments.Ask(ctx, p.ID, p.Order.Payer, p.Cents); err != nil {
		return err
	}
	return audit(ctx, actor.ID(), p, "ordered", "order placed")
}

// Orders lists what the actor pays for, newest first.
func (s *Service) Orders(ctx context.Context, actor *authz.Actor, w Window) ([]*Part, error) {
	if err := s.policy.Allow(actor, "read", "order"); err != nil {
		return nil, err
	}
	return s.readWindow(ctx, w, "o.payer_id = $1", actor.Account)
}

// Order gives one of the actor's orders by its id. Errors: problem.ErrNotFound.
func (s *Service) Order(ctx context.Context, actor *authz.Actor, id uuid.UUID) (*Part, error) {
	if err := s.policy.Allow(actor, "read", "order"); err != nil {
		return nil, err
	}
	p, err := s.readPart(ctx, "WHERE o.id = $1", id)
	if err == nil {
		err = mine(actor, p.Order)
	}
	if err != nil {
		return nil, err
	}
	return p, nil
}

// Pay gives the address of the hosted page on which an order is paid. back is where the person comes back to. Errors: ErrState if it waits for no
// money, and those of payments.OpenPage.
func (s *Service) Pay(ctx context.Context, actor *authz.Actor, id uuid.UUID, lang, back string) (string, error) {
	p, err := s.Order(ctx, actor, id)
	if err != nil {
		return "", err
	}
	waiting := p.open()
	if p.State != Placed || waiting == nil || !s.now().Before(p.ExpiresAt) {
		return "", ErrState
	}
	return s.payments.OpenPage(ctx, waiting.ID, payments.Charge{
		Description: s.words.For(mustCity(ctx), lang).T("orders.charge", "number", p.Order.Title(), "seller", p.Seller), Email: actor.Email, Lang: lang, Back: back, Expires: p.ExpiresAt,
	})
}

func mustCity(ctx context.Context) *tenants.City {
	city, _ := tenants.From(ctx) // whoever has read a row has a city
	return city
}

// Ask looks whether an order that waits for its money was paid: the person comes back faster than the notice.
func (s *Service) Ask(ctx context.Context, actor *authz.Actor, id uuid.UUID) (*Part, error) {
	p, err := s.Order(ctx, actor, id)
	if err != nil || p.State != Placed || p.open() == nil {
		return p, err
	}
	if err := s.payments.Look(ctx, p.open().ID); err != nil {
		return p, nil //nolint:nilerr // the rail does not answer: the notice will come
	}
	return s.Order(ctx, actor, id)
}

// Cancel ends an order that the actor no longer wants, and gives the money back if it was paid. Errors: ErrState, ErrBegun, ErrTooLate.
func (s *Service) Cancel(ctx context.Context, actor *authz.Actor, id uuid.UUID) error {
	if err := s.policy.Allow(actor, "cancel", "order"); err != nil {
		return err
	}
	seen, err := s.Order(ctx, actor, id)
	if err != nil {
		return err
	}
	return s.change(ctx, seen.ID, func(ctx context.Context, p *Part) error {
		paid := p.State != Placed
		if err := p.Cancel(s.now()); err != nil {
			return err
		}
		if err := audit(ctx, actor.ID(), p, "order_cancelled", "cancelled within the terms"); err != nil {
			return err
		}
		if paid {
			if err := s.tell(ctx, p, mailCancelled); err != nil {
				return err
			}
		}
		return s.settle(ctx, p)
	})
}

// change locks a part, lets do change it, and keeps it.
func (s *Service) change(ctx context.Context, id uuid.UUID, do func(context.Context, *Part) error) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		p, err := s.lockedPart(ctx, id)
		if err != nil {
			return err
		}
		if err := do(ctx, p); err != nil {
			return err
		}
		return savePart(ctx, p)
	})
}

// settle undoes the money of a part that has ended without delivery: what was open is dropped, what was paid goes back.
func (s *Service) settle(ctx context.Context, p *Part) error {
	if p.PaidAt.IsZero() {
		if err := s.ledger.Void(ctx, saleKey(p.ID)); err != nil {
			return err
		}
		return s.payments.Drop(ctx, p.ID)
	}
	if _, err := s.ledger.Reverse(ctx, saleKey(p.ID), "reversal:"+p.ID.String()); err != nil {
		return err
	}
	return s.payments.Return(ctx, p.ID)
}

// Paid lets the money of a part count; see payments.Follower. The part is locked.
func (s *Service) Paid(ctx context.Context, part uuid.UUID, _ string) (wanted bool, err error) {
	p, err := s.readPart(ctx, "WHERE p.id = $1", part)
	if err != nil {
		return false, err
	}
	if !p.Pay(s.now(), holidays(ctx)) {
		return false, s.tell(ctx, p, mailLate)
	}
	return true, s.paid(ctx, p)
}

// paid is what follows when a part's money has come, by whatever rail.
func (s *Service) paid(ctx context.Context, p *Part) error {
	if err := savePart(ctx, p); err != nil {
		return err
	}
	if err := s.ledger.Settle(ctx, saleKey(p.ID)); err != nil {
		return err
	}
	remind := holidays(ctx).After(s.now(), remindAfter)
	return errors.Join(
		s.tell(ctx, p, mailPaid), s.tell(ctx, p, mailOrdered),
		s.queue.EnqueueAt(ctx, RemindJob{p.ID}, remind), s.queue.EnqueueAt(ctx, GiveUpJob{p.ID}, p.AnswerBy))
}

// Returned tells the citizen that the money is back; see payments.Follower.
func (s *Service) Returned(ctx context.Context, part uuid.UUID) error {
	return s.queue.Enqueue(ctx, MailJob{part, mailReturned})
}

// NotReturned tells both sides that the bank has sent a refund back; see payments.Follower.
func (s *Service) NotReturned(ctx context.Context, part uuid.UUID) error {
	return errors.Join(s.queue.Enqueue(ctx, MailJob{part, mailNotReturned}), s.queue.Enqueue(ctx, MailJob{part, mailRetry}))
}

var _ payments.Follower = (*Service)(nil)

// notThere lets a job end whose part is gone.
func notThere(err error) error {
	if errors.Is(err, problem.ErrNotFound) {
		return nil
	}
	return err
}
