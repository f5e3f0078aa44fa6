package ledger

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
)

// Kind says why money moved.
type Kind string

// The kinds of transfers. A Reversal is made by Reverse alone.
const (
	Sale     Kind = "sale"     // citizen → provider
	Payment  Kind = "payment"  // rail → citizen
	Refund   Kind = "refund"   // citizen → rail
	Reversal Kind = "reversal" // exactly what it reverses, the other way round
)

// AccountKind says whose an account is.
type AccountKind string

// The kinds of accounts. A rail's balance is minus what came in from outside.
const (
	Citizen  AccountKind = "citizen"
	Provider AccountKind = "provider"
	Rail     AccountKind = "rail"
	Fees     AccountKind = "fees"
)

// Account is a place where money of a city stands. It exists from the first transfer that names it.
type Account struct {
	Kind  AccountKind
	Owner uuid.UUID // of a citizen the account, of a provider the provider; else none
	Name  string    // of a rail: "card", "desk"
}

// CitizenAccount is where a person's money stands between paying and buying.
func CitizenAccount(account uuid.UUID) Account { return Account{Kind: Citizen, Owner: account} }

// ProviderAccount is what a provider has earned.
func ProviderAccount(provider uuid.UUID) Account { return Account{Kind: Provider, Owner: provider} }

// RailAccount is the outside, by the way that money takes.
func RailAccount(name string) Account { return Account{Kind: Rail, Name: name} }

// FeesAccount is what the rails keep.
func FeesAccount() Account { return Account{Kind: Fees} }

// valid says whether an account has exactly what its kind needs.
func (a Account) valid() bool {
	switch a.Kind {
	case Citizen, Provider:
		return a.Owner != uuid.Nil && a.Name == ""
	case Rail:
		return a.Owner == uuid.Nil && a.Name != ""
	case Fees:
		return a.Owner == uuid.Nil && a.Name == ""
	}
	return false
}

func (a Account) compare(b Account) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), slices.Compare(a.Owner[:], b.Owner[:]), cmp.Compare(a.Name, b.Name))
}

// Move takes cents from one account and gives them to another.
type Move struct {
	From, To Account
	Cents    int64
}

// Transfer is money that moves at once, wholly or not at all.
type Transfer struct {
	Key       string // what happened, which happens once in the city: "payment:<id>"
	Kind      Kind
	Reference uuid.UUID // the order part or the payment it is about
	Pending   bool      // counts from Settle on
	Moves     []Move
}

// Mistakes of a caller.
var (
	ErrInvalid       = errors.New("ledger: not a transfer")
	ErrKeyReused     = errors.New("ledger: the key stands for another transfer")
	ErrNoTransfer    = errors.New("ledger: no transfer has this key")
	ErrNotPending    = errors.New("ledger: the transfer is not pending")
	ErrNotPosted     = errors.New("ledger: what was not posted cannot be reversed")
	ErrNotReversible = errors.New("ledger: a reversal cannot be reversed")
)

// Refusals a person can be told about: somebody else was faster.
var (
	ErrSettled  = problem.New(problem.Conflict, "ledger.settled")
	ErrReversed = problem.New(problem.Conflict, "ledger.reversed")
	ErrBusy     = problem.New(problem.Conflict, "ledger.busy")
)

//words: ledger.settled ledger.reversed ledger.busy

const (
	mostCents  = 1_000_000_000_00 // of a transfer: a thousand million euros is a mistake
	mostMoves  = 500
	longestKey = 200
)

// check says why a transfer is none.
func (t Transfer) check() error {
	wrong := func(why string) error { return fmt.Errorf("%w: %s", ErrInvalid, why) }
	switch {
	case t.Key == "" || len(t.Key) > longestKey:
		return wrong("its key")
	case t.Kind != Sale && t.Kind != Payment && t.Kind != Refund:
		return wrong("its kind")
	case t.Reference == uuid.Nil:
		return wrong("it is about nothing")
	case len(t.Moves) == 0 || len(t.Moves) > mostMoves:
		return wrong("how many moves it has")
	}
	var total int64
	for _, m := range t.Moves {
		switch {
		case m.Cents <= 0 || m.Cents > mostCents-total:
			return wrong("its cents")
		case !m.From.valid() || !m.To.valid():
			return wrong("one of its accounts")
		case m.From == m.To:
			return wrong("it goes nowhere")
		}
		total += m.Cents
	}
	return nil
}

// entry is one line of a transfer: an account receives cents, or gives them where they are negative.
type entry struct {
	Account Account
	Cents   int64
}

// entries are the moves as the ledger keeps them: each is two lines.
func (t Transfer) entries() []entry {
	list := make([]entry, 0, 2*len(t.Moves))
	for _, m := range t.Moves {
		list = append(list, entry{m.From, -m.Cents}, entry{m.To, m.Cents})
	}
	return list
}

// sameEntries compares without regard to the order.
func sameEntries(a, b []entry) bool {
	order := func(x, y entry) int { return cmp.Or(x.Account.compare(y.Account), cmp.Compare(x.Cents, y.Cents)) }
	return slices.Equal(slices.SortedFunc(slices.Values(a), order), slices.SortedFunc(slices.Values(b), order))
}

// outcome is what became of a pending transfer.
type outcome string

const (
	open   outcome = ""
	posted outcome = "posted"
	voided outcome = "voided"
)

// written is a transfer as it stands in the ledger.
type written struct {
	ID        uuid.UUID
	Key       string
	Kind      Kind
	Reference uuid.UUID
	Pending   bool
	Reverses  uuid.UUID // of a reversal
	Outcome   outcome
	Entries   []entry
}

// is says whether posting t again would write the same.
func (w *written) is(t Transfer) bool {
	return w.Kind == t.Kind && w.Reference == t.Reference && w.Pending == t.Pending && sameEntries(w.Entries, t.entries())
}

// reversible says why a transfer cannot be reversed.
func (w *written) reversible() error {
	switch {
	case w.Kind == Reversal:
		return ErrNotReversible
	case w.Pending && w.Outcome != posted:
		return ErrNotPosted
	}
	return nil
}

// opposite are the entries of a reversal, line by line.
func (w *written) opposite() []entry {
	list := make([]entry, len(w.Entries))
	for i, e := range w.Entries {
		list[i] = entry{e.Account, -e.Cents}
	}
	return list
}

// received is the sum of the positive entries.
func (w *written) received() (cents int64) {
	for _, e := range w.Entries {
		cents += max(0, e.Cents)
	}
	return cents
}

// accountsOf are the accounts of entries, each once, in the order in which they are made.
func accountsOf(entries []entry) []Account {
	list := make([]Account, len(entries))
	for i, e := range entries {
		list[i] = e.Account
	}
	slices.SortFunc(list, Account.compare)
	return slices.Compact(list)
}

// pendingTooLong is when somebody should look at a transfer that nobody has settled or voided.
const pendingTooLong = 24 * time.Hour
