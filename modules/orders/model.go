package orders

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/payments"
)

// State is where a part of an order stands.
type State string

// A part is placed, then paid, accepted and delivered; or it ends before.
const (
	Placed    State = "placed"
	Paid      State = "paid"     // the provider has not answered yet
	Accepted  State = "accepted" // being delivered
	Delivered State = "delivered"
	Refused   State = "refused"
	Cancelled State = "cancelled"
	Expired   State = "expired" // was not paid in time
)

// States lists them all, in the order in which a part goes through them.
var States = []State{Placed, Paid, Accepted, Delivered, Refused, Cancelled, Expired}

// Ender is who ended a part.
type Ender string

// Nobody ends what nobody answered or paid.
const (
	ByCitizen  Ender = "citizen"
	ByProvider Ender = "provider"
	ByNobody   Ender = "nobody"
)

const (
	payWithin    = 30 * time.Minute // how long an order waits for its money
	remindAfter  = 3                // working days until the provider is reminded
	answerWithin = 5                // working days until an unanswered part is given back (unanswered orders never wait for ever)
)

// Order is one checkout. Actor, subject, payer and beneficiary may be four people.
type Order struct {
	ID          uuid.UUID
	Year        int
	Number      int // runs per city and year
	Actor       uuid.UUID
	Subject     uuid.UUID
	Payer       uuid.UUID
	Member      uuid.UUID // of the payer's household, for whom; uuid.Nil for the subject
	PayerName   string
	Beneficiary string // name, as it was
	Reason      string // parent | guardian | delegate; "" for oneself
	Address     string
	Phone       string
	Note        string
	Key         uuid.UUID
	Cents       int64
	PlacedAt    time.Time
	Parts       []*Part
}

// Title is the number as people say it: 2026/123.
func (o *Order) Title() string { return fmt.Sprintf("%d/%d", o.Year, o.Number) }

// Part is what one creditor delivers and is paid for.
type Part struct {
	ID            uuid.UUID
	Order         *Order
	Provider      uuid.UUID
	Seller        string // name, address and partita IVA as they were
	SellerAddress string
	SellerVAT     string
	SellerPhone   string // and e-mail, as they are today
	SellerEmail   string
	Cents         int64
	VATCents      int64
	CancelDays    int
	State         State
	Why           string // of a refusal
	EndedBy       Ender
	ExpiresAt     time.Time
	AnswerBy      time.Time
	PaidAt        time.Time
	AcceptedAt    time.Time
	EndedAt       time.Time
	Lines         []Line
	Deliveries    []Delivery
	Messages      []Message
	Payments      []payments.Payment
}

// Line is one service with its price and VAT as they were.
type Line struct {
	Service   uuid.UUID
	Slug      string // of the sheet, "" if it is no longer published
	Title     string
	Unit      string
	Quantity  int
	UnitCents int64
	VAT       catalogue.VAT
	Cents     int64
	VATCents  int64
}

// Delivery is something that was done: a line's units on a day.
type Delivery struct {
	Line     int
	Quantity int
	Day      time.Time
	Worker   string
	Note     string
}

// Message is a note between citizen and provider about a part.
type Message struct {
	Side string // citizen | provider
	Body string
	At   time.Time
}

//words: orders.empty orders.not_sold orders.other_seller orders.price_changed orders.key_reused orders.state orders.too_late orders.begun orders.too_much
//words: orders.why_missing orders.line_unknown orders.quantity_wrong orders.worker_missing orders.day_wrong orders.address_missing orders.phone_missing
//words: orders.phone_wrong orders.too_long orders.terms_missing orders.message_missing

// Errors that a person is told.
var (
	ErrEmpty        = problem.New(problem.Conflict, "orders.empty")
	ErrNotSold      = problem.New(problem.Conflict, "orders.not_sold")
	ErrOtherSeller  = problem.New(problem.Conflict, "orders.other_seller")
	ErrPriceChanged = problem.New(problem.Conflict, "orders.price_changed")
	ErrKeyReused    = problem.New(problem.Conflict, "orders.key_reused")
	ErrState        = problem.New(problem.Conflict, "orders.state")
	ErrTooLate      = problem.New(problem.Conflict, "orders.too_late")
	ErrBegun        = problem.New(problem.Conflict, "orders.begun")
	ErrTooMuch      = problem.New(problem.Conflict, "orders.too_much")
)

// Ended says whether nothing more will happen to the part.
func (p *Part) Ended() bool { return !p.EndedAt.IsZero() }

// Pay notes that the money has come, and says whether it was still waited for.
func (p *Part) Pay(now time.Time, holidays Holidays) bool {
	if p.State != Placed {
		return false
	}
	p.State, p.PaidAt, p.AnswerBy = Paid, now, holidays.After(now, answerWithin)
	return true
}

// Accept promises to deliver.
func (p *Part) Accept(now time.Time) error {
	if p.State != Paid {
		return ErrState
	}
	p.State, p.AcceptedAt = Accepted, now
	return nil
}

// Refuse ends a part that the provider will not or cannot deliver. What was begun is no longer refused.
func (p *Part) Refuse(now time.Time, why string) error {
	var f problem.Fields
	f.Check(why != "", "why", "orders.why_missing")
	f.Check(fits(why, 500), "why", "orders.too_long")
	switch err := f.Err(); {
	case err != nil:
		return err
	case len(p.Deliveries) > 0:
		return ErrBegun
	case p.State != Placed && p.State != Paid && p.State != Accepted:
		return ErrState
	}
	p.Why = why
	p.end(now, Refused, ByProvider)
	return nil
}

// CancelUntil is the last moment at which the citizen may cancel: the end of the day, so many days after the order.
func (p *Part) CancelUntil() time.Time {
	y, m, d := p.Order.PlacedAt.In(ui.Rome).Date()
	return time.Date(y, m, d+p.CancelDays+1, 0, 0, 0, 0, ui.Rome).Add(-time.Nanosecond)
}

// MayCancel says whether the citizen may still cancel: within the terms, and before anything was delivered. What is not paid yet can always be cancelled.
func (p *Part) MayCancel(now time.Time) error {
	switch {
	case p.State == Placed:
		return nil
	case p.State != Paid && p.State != Accepted:
		return ErrState
	case len(p.Deliveries) > 0:
		return ErrBegun
	case now.After(p.CancelUntil()):
		return ErrTooLate
	}
	return nil
}

// Cancel ends a part that the citizen no longer wants.
func (p *Part) Cancel(now time.Time) error {
	if err := p.MayCancel(now); err != nil {
		return err
	}
	p.end(now, Cancelled, ByCitizen)
	return nil
}

// Expire ends a part that was not paid in time; it says whether it did.
func (p *Part) Expire(now time.Time) bool {
	if p.State != Placed || now.Before(p.ExpiresAt) {
		return false
	}
	p.end(now, Expired, ByNobody)
	return true
}

// GiveUp ends a part that was paid and not answered in time; it says whether it did.
func (p *Part) GiveUp(now time.Time) bool {
	if p.State != Paid || now.Before(p.AnswerBy) {
		return false
	}
	p.end(now, Cancelled, ByNobody)
	return true
}

// Deliver records what was done; when everything is, the part has ended.
func (p *Part) Deliver(now time.Time, d Delivery) error {
	var f problem.Fields
	f.Check(d.Line >= 0 && d.Line < len(p.Lines), "line", "orders.line_unknown")
	f.Check(d.Quantity > 0, "quantity", "orders.quantity_wrong")
	f.Check(d.Worker != "", "worker", "orders.worker_missing")
	f.Check(fits(d.Worker, 80), "worker", "orders.too_long")
	f.Check(fits(d.Note, 500), "delivery_note", "orders.too_long")
	f.Check(!d.Day.IsZero() && !d.Day.After(now), "day", "orders.day_wrong")
	switch err := f.Err(); {
	case p.State != Accepted:
		return ErrState
	case err != nil:
		return err
	case d.Quantity > p.Left(d.Line):
		return &problem.Error{Kind: problem.Conflict, Code: ErrTooMuch.Code, Fields: []problem.Field{{Name: "quantity", Code: ErrTooMuch.Code}}}
	}
	p.Deliveries = append(p.Deliveries, d)
	for i := range p.Lines {
		if p.Left(i) > 0 {
			return nil
		}
	}
	p.end(now, Delivered, ByProvider)
	return nil
}

// Left is how many units of a line are still to be delivered.
func (p *Part) Left(line int) int {
	left := p.Lines[line].Quantity
	for _, d := range p.Deliveries {
		if d.Line == line {
			left -= d.Quantity
		}
	}
	return left
}

func (p *Part) end(now time.Time, s State, by Ender) { p.State, p.EndedAt, p.EndedBy = s, now, by }

// Return is where the refund of the part stands; NoReturn if nothing was to be given back.
func (p *Part) Return() payments.ReturnState {
	if m := p.returning(); m != nil {
		return m.Return
	}
	return payments.NoReturn
}

// returning is the payment that goes back, the one that is still on its way before the one that has arrived; nil if none does.
func (p *Part) returning() (back *payments.Payment) {
	for i := range p.Payments {
		if m := &p.Payments[i]; m.Return != payments.NoReturn && (back == nil || back.Return == payments.ReturnDone) {
			back = m
		}
	}
	return back
}

// open is the card payment that waits, or nil.
func (p *Part) open() *payments.Payment {
	for i := range p.Payments {
		if m := &p.Payments[i]; m.Rail == payments.ByCard && m.State == payments.Open {
			return m
		}
	}
	return nil
}

// paidBy is the payment that counted, or nil: the first to arrive. What came after it, a card after the money at the desk, goes back.
func (p *Part) paidBy() (first *payments.Payment) {
	for i := range p.Payments {
		if m := &p.Payments[i]; m.State == payments.Settled && (first == nil || m.PaidAt.Before(first.PaidAt)) {
			first = m
		}
	}
	return first
}

// toHandBack is the money that the citizen gets back at the desk, or nil.
func (p *Part) toHandBack() *payments.Payment {
	for i := range p.Payments {
		if m := &p.Payments[i]; m.Rail == payments.AtDesk && m.Return == payments.ReturnAsked {
			return m
		}
	}
	return nil
}

// lost is the payment whose refund the bank refused, or nil.
func (p *Part) lost() *payments.Payment {
	for i := range p.Payments {
		if m := &p.Payments[i]; m.Return == payments.ReturnLost {
			return m
		}
	}
	return nil
}
