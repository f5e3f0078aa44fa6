package payments

import (
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/ledger"
)

// The rails.
const (
	ByCard = "card"
	AtDesk = "desk" // cash or a card at the provider's own desk, which it records
)

// State is where a payment stands.
type State string

// A payment is open until its money arrives or it is over. One that is over may still be paid, by a notice that was late.
const (
	Open    State = "open"
	Settled State = "paid"
	Over    State = "over"
)

// ReturnState is where a refund stands.
type ReturnState string

// A refund that failed is asked for again by hand.
const (
	NoReturn    ReturnState = ""
	ReturnAsked ReturnState = "asked"
	ReturnDone  ReturnState = "done"
	ReturnLost  ReturnState = "failed"
)

// Payment is money for one part of an order, by one rail.
type Payment struct {
	ID      uuid.UUID
	Part    uuid.UUID
	Account uuid.UUID // the payer
	Rail    string
	Cents   int64
	State   State
	Session string
	URL     string // of the hosted page, while it is open
	Charge  string
	PaidAt  time.Time
	Return  ReturnState
	Refund  uuid.UUID // uuid.Nil if none was asked
	DoneAt  time.Time // of the refund

	External string // the rail's id of the refund, once it is known
}

//words: payments.rail_down payments.no_rail payments.paid payments.no_return

// Errors that a person is told.
var (
	ErrRail     = problem.New(problem.Conflict, "payments.rail_down")
	ErrNoRail   = problem.New(problem.Conflict, "payments.no_rail")
	ErrPaid     = problem.New(problem.Conflict, "payments.paid")
	ErrNoReturn = problem.New(problem.Conflict, "payments.no_return")
)

// paymentKey and refundKey are what happened, as the ledger keeps it once.
func paymentKey(id uuid.UUID) string { return "payment:" + id.String() }
func refundKey(id uuid.UUID) string  { return "refund:" + id.String() }

// received is the money's way in: from the rail to the payer's account.
func (p *Payment) received() ledger.Transfer {
	return ledger.Transfer{Key: paymentKey(p.ID), Kind: ledger.Payment, Reference: p.Part, Moves: []ledger.Move{{
		From: ledger.RailAccount(p.Rail), To: ledger.CitizenAccount(p.Account), Cents: p.Cents,
	}}}
}

// returned is its way back, pending until the rail has done it.
func (p *Payment) returned(refund uuid.UUID) ledger.Transfer {
	return ledger.Transfer{Key: refundKey(refund), Kind: ledger.Refund, Reference: p.Part, Pending: true, Moves: []ledger.Move{{
		From: ledger.CitizenAccount(p.Account), To: ledger.RailAccount(p.Rail), Cents: p.Cents,
	}}}
}
