package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"
)

// Comparison is what a rail and we said of the same money, the last time we asked.
type Comparison struct {
	Rail          string
	Since, Until  time.Time // what was compared
	At            time.Time
	Taken         int // by the rail's word
	TakenCents    int64
	Returned      int
	ReturnedCents int64
	Findings      []RailFinding
}

// RailFinding is something that one side says and the other does not.
type RailFinding struct {
	Code    string // its words are ledger.differs.<Code>
	Subject string // the rail's id of it, or ours
	Part    uuid.UUID
	Ours    int64
	Theirs  int64
	At      time.Time
}

// What a comparison can find.
const (
	ChargeUnknown = "charge_unknown" // money that no payment of ours knows
	ChargeUnnoted = "charge_unnoted" // money whose payment we still wait for
	ChargeAmount  = "charge_amount"
	ChargeMissing = "charge_missing" // a payment that the rail does not know
	ChargeBooks   = "charge_books"   // a payment that the ledger does not hold, or otherwise
	RefundUnknown = "refund_unknown" // given back, and nobody here asked for it
	RefundUnnoted = "refund_unnoted" // given back, and we still wait for it, or think it failed
	RefundAmount  = "refund_amount"
	RefundMissing = "refund_missing" // we think it arrived, and the rail does not know it
	RefundFailed  = "refund_failed"  // we think it arrived, or still wait for it, and the rail says that it failed
	RefundBooks   = "refund_books"
)

// Comparisons knows what the rails said: whoever speaks to them.
type Comparisons interface {
	Comparisons(ctx context.Context) ([]Comparison, error)
}
