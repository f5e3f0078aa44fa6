package payments

import (
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/ledger"
)

// Taken is a charge as the rail lists it.
type Taken struct {
	ID      string    // the rail's id, by which it is given back
	Payment uuid.UUID // ours, if it says so
	City    uuid.UUID // ours, if it says so
	Cents   int64     // 0 where it is not in euro
	At      time.Time
}

// GivenBack is a refund as the rail lists it.
type GivenBack struct {
	ID     string
	Charge string    // what was given back
	Refund uuid.UUID // ours, if it says so
	City   uuid.UUID // ours, if it says so
	Cents  int64     // 0 where it is not in euro
	At     time.Time
	State  ReturnState
}

// Listing is all that a rail did in a stretch of time.
type Listing struct {
	Taken     []Taken
	GivenBack []GivenBack
}

// of leaves out what is not the city's, as where several use one account: what names another city, and what bears no mark of ours at all and is
// of no payment of ours. It is neither counted nor shown. A refund made by hand bears no mark: it is the city's if its charge is. What bears
// our mark and names no city was made before cities were named, and is taken for the city's.
func (l Listing) of(city uuid.UUID, ours accounted) (own Listing) {
	known := map[string]bool{}
	for i := range ours.Payments {
		known[ours.Payments[i].Charge] = true
	}
	delete(known, "")
	for _, t := range l.Taken {
		if t.City == city || t.City == uuid.Nil && (t.Payment != uuid.Nil || known[t.ID]) {
			known[t.ID] = true
			own.Taken = append(own.Taken, t)
		}
	}
	for _, b := range l.GivenBack {
		if b.City == city || b.City == uuid.Nil && (b.Refund != uuid.Nil || known[b.Charge]) {
			own.GivenBack = append(own.GivenBack, b)
		}
	}
	return own
}

// refund is one of ours, as it is compared.
type refund struct {
	ID       uuid.UUID
	Part     uuid.UUID
	External string
	Cents    int64
	State    ReturnState
	AskedAt  time.Time
	DoneAt   time.Time
}

// accounted is our side: payments, refunds, and the cents that the ledger holds of each, by its key.
type accounted struct {
	Payments []Payment
	Refunds  []refund
	Books    map[string]int64
}

const (
	compareDays = 30                  // how far back a comparison looks
	compareLate = 2 * time.Hour       // what is younger may still be told of
	compareKept = 60                  // how many days what was found is kept once it is no longer compared
	compareWide = 10 * 24 * time.Hour // by how much longer the rail is asked: what counted for us today, it may have begun before
)

// stretch is a time from a moment until before another.
type stretch struct{ since, until time.Time }

func (s stretch) has(t time.Time) bool { return !t.Before(s.since) && t.Before(s.until) }

// comparison collects what differs.
type comparison struct {
	stretch
	found []ledger.RailFinding
}

func (c *comparison) find(code, subject string, part uuid.UUID, ours, theirs int64, at time.Time) {
	c.found = append(c.found, ledger.RailFinding{Code: code, Subject: subject, Part: part, Ours: ours, Theirs: theirs, At: at})
}

// compare names what one side says and the other does not, of what happened within the stretch; the listing may be of a longer one.
func compare(within stretch, theirs Listing, ours accounted) []ledger.RailFinding {
	c := &comparison{stretch: within}
	c.charges(theirs.Taken, ours)
	c.refunds(theirs.GivenBack, ours)
	return c.found
}

func (c *comparison) charges(taken []Taken, ours accounted) {
	byCharge, byID, listed := map[string]*Payment{}, map[uuid.UUID]*Payment{}, map[string]bool{}
	for i := range ours.Payments {
		p := &ours.Payments[i]
		byID[p.ID] = p
		if p.State == Settled {
			byCharge[p.Charge] = p
		}
	}
	for _, t := range taken {
		listed[t.ID] = true
		if c.has(t.At) {
			c.charge(t, byCharge[t.ID], byID[t.Payment])
		}
	}
	for i := range ours.Payments {
		p := &ours.Payments[i]
		if p.Rail != ByCard || p.State != Settled || !c.has(p.PaidAt) {
			continue
		}
		if !listed[p.Charge] {
			c.find(ledger.ChargeMissing, p.Charge, p.Part, p.Cents, 0, p.PaidAt)
		}
		if kept := ours.Books[paymentKey(p.ID)]; kept != p.Cents {
			c.find(ledger.ChargeBooks, p.Charge, p.Part, kept, p.Cents, p.PaidAt)
		}
	}
}

// charge compares a charge with the payment that names it, and with the one that it names.
func (c *comparison) charge(t Taken, p, named *Payment) {
	switch {
	case p != nil && p.Cents != t.Cents:
		c.find(ledger.ChargeAmount, t.ID, p.Part, p.Cents, t.Cents, t.At)
	case p != nil:
	case named != nil && named.State != Settled:
		c.find(ledger.ChargeUnnoted, t.ID, named.Part, 0, t.Cents, t.At)
	case named != nil: // paid twice
		c.find(ledger.ChargeUnknown, t.ID, named.Part, 0, t.Cents, t.At)
	default:
		c.find(ledger.ChargeUnknown, t.ID, uuid.Nil, 0, t.Cents, t.At)
	}
}

func (c *comparison) refunds(back []GivenBack, ours accounted) {
	byExternal, byID, listed := map[string]*refund{}, map[uuid.UUID]*refund{}, map[uuid.UUID]bool{}
	for i := range ours.Refunds {
		r := &ours.Refunds[i]
		byID[r.ID] = r
		if r.External != "" {
			byExternal[r.External] = r
		}
	}
	for _, b := range back {
		r := byID[b.Refund]
		if r == nil {
			r = byExternal[b.ID]
		}
		if r != nil {
			listed[r.ID] = true
		}
		if c.has(b.At) {
			c.refund(b, r)
		}
	}
	for i := range ours.Refunds {
		r := &ours.Refunds[i]
		if r.State != ReturnDone || !c.has(r.DoneAt) {
			continue
		}
		if !listed[r.ID] && r.AskedAt.After(c.since.Add(-compareWide)) {
			c.find(ledger.RefundMissing, r.ID.String(), r.Part, r.Cents, 0, r.DoneAt)
		}
		if kept := ours.Books[refundKey(r.ID)]; kept != r.Cents {
			c.find(ledger.RefundBooks, r.ID.String(), r.Part, kept, r.Cents, r.DoneAt)
		}
	}
}

// fresh says that a refund may still be told of. The rail does not say when it decided: what we wait for has the day after which we ask ourselves.
func (c *comparison) fresh(b GivenBack, r *refund) bool {
	return r.State == ReturnAsked && !b.At.Before(c.until.Add(-askAgain)) || !r.DoneAt.Before(c.until)
}

// refund compares what the rail gave back with what was asked of it; what it has not decided yet says nothing.
func (c *comparison) refund(b GivenBack, r *refund) {
	switch {
	case r == nil && b.State != ReturnLost:
		c.find(ledger.RefundUnknown, b.ID, uuid.Nil, 0, b.Cents, b.At)
	case r == nil, c.fresh(b, r):
	case b.State == ReturnLost && r.State != ReturnLost:
		c.find(ledger.RefundFailed, b.ID, r.Part, r.Cents, 0, b.At)
	case b.State != ReturnDone:
	case b.Cents != r.Cents:
		c.find(ledger.RefundAmount, b.ID, r.Part, r.Cents, b.Cents, b.At)
	case r.State != ReturnDone:
		c.find(ledger.RefundUnnoted, b.ID, r.Part, 0, b.Cents, b.At)
	}
}
