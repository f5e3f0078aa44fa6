package payments

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
)

// Rail is a way for money to arrive from outside: a card gateway, later pagoPA. Its calls go to the outside, so they are made outside of any
// transaction, and each bears being made again: what it asks for carries our id as its idempotency key. The city of ctx decides whose account
// at the gateway is used.
type Rail interface {
	// Start opens a hosted page for a charge, or gives the one that was opened before for the same charge.
	Start(ctx context.Context, c Charge) (Session, error)
	// Look asks what has become of a session, as if the gateway had sent the notice itself; Kind is Nothing while it is open.
	Look(ctx context.Context, session string) (Notice, error)
	// Close ends an open session, so that it can no longer be paid; one that is over already is left as it is.
	Close(ctx context.Context, session string) error
	// Refund gives a charge back, whole. done is false while the gateway still works on it: a notice follows. Errors: ErrRefused if it never will.
	Refund(ctx context.Context, r Return) (external string, done bool, err error)
	// LookRefund asks what has become of a refund, by the gateway's id, as if the gateway had sent the notice itself; Kind is Nothing while it works on it.
	LookRefund(ctx context.Context, external string) (Notice, error)
	// List gives all that the gateway took and gave back from a moment until before another, ours or not.
	List(ctx context.Context, since, until time.Time) (Listing, error)
	// Read takes what was posted to the city's webhook: the signature first, then the content. Errors: ErrSignature.
	Read(ctx context.Context, signature string, body []byte) (Notice, error)
	// FormsTo is the origin to which a form of ours may lead, for the content security policy: "https://checkout.stripe.com".
	FormsTo() string
}

// ErrSignature means that a notice was not signed with this city's secret, or too long ago.
var ErrSignature = errors.New("the notice is not signed by this city's gateway")

// ErrRefused means that a refund has failed for good: only another one can succeed.
var ErrRefused = errors.New("the refund was refused")

// ErrNotSet means that the city has no account at the gateway.
var ErrNotSet = errors.New("the city has no payment account")

// Charge is what a rail is asked to collect.
type Charge struct {
	ID          uuid.UUID // of our payment
	Cents       int64
	Description string // what the person reads on the hosted page: "Ordine 2026/000123", at most 140 characters
	Email       string // of the payer, filled in for them
	Lang        string // it | en
	Back        string // where the person comes back to, absolute, whether they paid or not
	Expires     time.Time
}

// Session is an open hosted page.
type Session struct{ ID, URL string }

// Return is a charge that is given back.
type Return struct {
	ID     uuid.UUID // of our refund
	Charge string    // the gateway's id of the charge
	Cents  int64
}

// NoticeKind is what a gateway tells.
type NoticeKind string

// The kinds of notices; Nothing is what does not concern us.
const (
	Nothing      NoticeKind = ""
	Paid         NoticeKind = "paid"
	Expired      NoticeKind = "expired"
	Returned     NoticeKind = "returned"      // a refund has arrived
	ReturnFailed NoticeKind = "return_failed" // a refund could not be made
)

// Notice is what a gateway tells of one of our charges or refunds.
type Notice struct {
	ID      string // the gateway's id of this notice; "" where we asked ourselves
	Kind    NoticeKind
	Payment uuid.UUID // ours
	Refund  uuid.UUID // ours, of notices about refunds
	Session string
	Charge  string // the gateway's id of the charge, needed to give it back
	Cents   int64
}
