package ledger

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/tenants"
)

// Post writes a transfer in the running transaction, so that it holds exactly if what caused it does. The same key with the same content
// gives the first one's id. Errors: tenants.ErrNoTransaction outside of one, ErrInvalid, ErrKeyReused, ErrBusy.
func (s *Service) Post(ctx context.Context, t Transfer) (uuid.UUID, error) {
	if !tenants.InTx(ctx) {
		return uuid.Nil, tenants.ErrNoTransaction
	}
	if err := t.check(); err != nil {
		return uuid.Nil, err
	}
	id, added, err := s.add(ctx, written{Key: t.Key, Kind: t.Kind, Reference: t.Reference, Pending: t.Pending, Entries: t.entries()})
	if added || err != nil {
		return id, err
	}
	first, err := readTransfer(ctx, t.Key)
	switch {
	case err != nil:
		return uuid.Nil, err
	case !first.is(t):
		return uuid.Nil, ErrKeyReused
	}
	return first.ID, nil
}

// add writes a transfer unless its key stands for one already, or what it reverses is reversed.
func (s *Service) add(ctx context.Context, w written) (id uuid.UUID, added bool, err error) {
	if w.ID, err = s.newID(); err != nil {
		return uuid.Nil, false, err
	}
	added, lines, err := insertTransfer(ctx, w, s.now())
	if err != nil || !added {
		return uuid.Nil, false, err
	}
	if lines == int64(len(w.Entries)) {
		return w.ID, true, nil
	}
	if err := s.openAccounts(ctx, w.Entries); err != nil {
		return uuid.Nil, false, err
	}
	_, err = insertEntries(ctx, w)
	return w.ID, true, err
}

// openAccounts makes those accounts of entries that are not there. They are made in one order everywhere, so that two transactions do not
// wait for each other.
func (s *Service) openAccounts(ctx context.Context, entries []entry) error {
	list := accountsOf(entries)
	found, err := readAccounts(ctx, list)
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(a Account) bool { _, there := found[a]; return there })
	ids := make([]uuid.UUID, len(list))
	for i := range ids {
		if ids[i], err = s.newID(); err != nil {
			return err
		}
	}
	return insertAccounts(ctx, ids, list)
}

// Settle lets a pending transfer count, from now on and for ever. Errors: ErrNoTransfer, ErrNotPending, ErrSettled if it was voided.
func (s *Service) Settle(ctx context.Context, key string) error { return s.decide(ctx, key, posted) }

// Void ends a pending transfer, which then never counted. Errors: ErrNoTransfer, ErrNotPending, ErrSettled if it was settled.
func (s *Service) Void(ctx context.Context, key string) error { return s.decide(ctx, key, voided) }

func (s *Service) decide(ctx context.Context, key string, o outcome) error {
	if !tenants.InTx(ctx) {
		return tenants.ErrNoTransaction
	}
	t, err := readTransfer(ctx, key)
	switch {
	case err != nil:
		return err
	case !t.Pending:
		return ErrNotPending
	}
	if t.Outcome == open {
		if t.Outcome, err = insertOutcome(ctx, t.ID, o, s.now()); err != nil {
			return err
		}
	}
	if t.Outcome != o {
		return ErrSettled
	}
	return nil
}

// Reverse posts the opposite of what stands under key, as newKey. Called again it gives the same reversal. Errors: ErrNoTransfer,
// ErrNotPosted, ErrNotReversible, ErrKeyReused, and ErrReversed if it was reversed under another key.
func (s *Service) Reverse(ctx context.Context, key, newKey string) (uuid.UUID, error) {
	if !tenants.InTx(ctx) {
		return uuid.Nil, tenants.ErrNoTransaction
	}
	if newKey == "" || len(newKey) > longestKey {
		return uuid.Nil, ErrInvalid
	}
	t, err := readTransfer(ctx, key)
	if err == nil {
		err = t.reversible()
	}
	if err != nil {
		return uuid.Nil, err
	}
	id, added, err := s.add(ctx, written{Key: newKey, Kind: Reversal, Reference: t.Reference, Reverses: t.ID, Entries: t.opposite()})
	if added || err != nil {
		return id, err
	}
	return reversed(ctx, newKey, t.ID)
}

// reversed gives the reversal of a transfer that already stands under a key.
func reversed(ctx context.Context, key string, of uuid.UUID) (uuid.UUID, error) {
	first, err := readTransfer(ctx, key)
	switch {
	case errors.Is(err, ErrNoTransfer):
		return uuid.Nil, ErrReversed
	case err != nil:
		return uuid.Nil, err
	case first.Reverses != of:
		return uuid.Nil, ErrKeyReused
	}
	return first.ID, nil
}

// Balance is the sum of what was posted to an account; of one that nothing has touched, 0.
func (s *Service) Balance(ctx context.Context, a Account) (int64, error) {
	if !a.valid() {
		return 0, ErrInvalid
	}
	return s.readBalance(ctx, a)
}

// Posted gives the cents of those transfers that count today, by their keys: neither pending, nor voided, nor reversed.
func (s *Service) Posted(ctx context.Context, keys []string) (map[string]int64, error) {
	return s.readPosted(ctx, keys)
}

// linesShown per page of a statement.
const linesShown = 50

// Statement gives a page of what moved on an account from a moment until before another, oldest first, after a cursor ("" = from the
// beginning). Errors: problem.ErrNotFound for what is no cursor.
func (s *Service) Statement(ctx context.Context, a Account, from, to time.Time, cursor string) (*Statement, error) {
	return s.statement(ctx, a, from, to, cursor, linesShown)
}

// statement gives at most so many lines; 0 is all.
func (s *Service) statement(ctx context.Context, a Account, from, to time.Time, cursor string, most int) (*Statement, error) {
	if !a.valid() {
		return nil, ErrInvalid
	}
	after, err := parsePlace(cursor)
	if err != nil {
		return nil, err
	}
	st := &Statement{Account: a, From: from, To: to}
	if err := s.readStatement(ctx, st, after, most); err != nil {
		return nil, err
	}
	st.page(most)
	return st, nil
}

// Check looks at every transfer of the city of ctx and names what is wrong, and what should be known. Nothing wrong can come about
// through the program's own door; this would notice who came by another.
func (s *Service) Check(ctx context.Context) ([]Finding, error) {
	return s.readFindings(ctx, s.now().Add(-pendingTooLong))
}
