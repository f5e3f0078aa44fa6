package ledger

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
)

// Line is one movement of a statement.
type Line struct {
	Transfer  uuid.UUID
	Number    int // of the transfer's entries
	At        time.Time
	Kind      Kind
	Reversed  Kind // of a reversal, what it reverses
	Reference uuid.UUID
	Cents     int64
	Balance   int64 // after it
}

// Statement is what moved on an account from From until before To. Opening + In + Out is Closing; Out is negative. The four are of the
// whole time, Lines may be a page of it.
type Statement struct {
	Account          Account
	From, To         time.Time
	Opening, Closing int64
	In, Out          int64
	Lines            []Line
	Next             string // cursor of the lines that follow, "" after the last
}

// Before is the balance before the first line of this page.
func (s *Statement) Before() int64 {
	if len(s.Lines) == 0 {
		return s.Closing
	}
	return s.Lines[0].Balance - s.Lines[0].Cents
}

// mirror shows the statement from the other side: of a rail, what came in from outside becomes positive.
func (s *Statement) mirror() {
	s.Opening, s.Closing, s.In, s.Out = -s.Opening, -s.Closing, -s.Out, -s.In
	for i := range s.Lines {
		s.Lines[i].Cents, s.Lines[i].Balance = -s.Lines[i].Cents, -s.Lines[i].Balance
	}
}

// page keeps the lines that fit on a page; one line more than that tells that there is another page.
func (s *Statement) page(most int) {
	if most > 0 && len(s.Lines) > most {
		s.Lines = s.Lines[:most]
		last := s.Lines[most-1]
		s.Next = place{last.At, last.Transfer, last.Number}.String()
	}
}

// place is where in an account's history a line stands.
type place struct {
	At       time.Time
	Transfer uuid.UUID
	Number   int
}

func (p place) String() string {
	return fmt.Sprintf("%d.%s.%d", p.At.UnixMicro(), p.Transfer, p.Number)
}

// parsePlace reads a cursor; "" is the beginning. What is no cursor is not found.
func parsePlace(cursor string) (place, error) {
	if cursor == "" {
		return place{}, nil
	}
	parts := strings.Split(cursor, ".")
	if len(parts) != 3 {
		return place{}, problem.ErrNotFound
	}
	at, e1 := strconv.ParseInt(parts[0], 10, 64)
	transfer, e2 := uuid.Parse(parts[1])
	number, e3 := strconv.ParseInt(parts[2], 10, 32)
	p := place{time.UnixMicro(at).UTC(), transfer, int(number)}
	if e1 != nil || e2 != nil || e3 != nil || p.String() != cursor || p.At.Year() < 1 || p.At.Year() > 9999 {
		return place{}, problem.ErrNotFound
	}
	return p, nil
}

// Standing is the balance of one account, or of all citizens together.
type Standing struct {
	Account Account // of all citizens without an owner
	Title   string  // the provider's name
	Slug    string  // of the provider
	Cents   int64
	Count   int // how many accounts it sums
}

// Finding is something that Check noticed.
type Finding struct {
	Code  string    // its words are ledger.finding.<Code>
	ID    uuid.UUID // the transfer, or the citizen's account
	Cents int64     // by how much it is wrong, or how much stands there
	At    time.Time
	Info  bool // to be known; nothing is wrong
}

// What Check can find.
const (
	findUnbalanced = "unbalanced" // a transfer's entries do not sum to zero
	findLines      = "lines"      // it has not the entries that it says
	findTotal      = "total"      // the balances of all accounts do not sum to zero
	findKey        = "key"        // two transfers have one key
	findReversal   = "reversal"   // a reversal does not fit what it reverses
	findOutcome    = "outcome"    // an outcome of what was not pending
	findWaiting    = "waiting"    // pending for more than a day
	findCitizen    = "citizen"    // a citizen's money that has bought nothing yet, or is missing
)

// Wrong are the findings that are more than information.
func Wrong(findings []Finding) (wrong []Finding) {
	for _, f := range findings {
		if !f.Info {
			wrong = append(wrong, f)
		}
	}
	return wrong
}
