package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/welfarex/welfarex/tenants"
)

// failed says what went wrong; two transactions that wait for each other are nobody's mistake.
func failed(what string, err error) error {
	var refused *pgconn.PgError
	if errors.As(err, &refused) && (refused.Code == "40P01" || refused.Code == "40001") { // deadlock, serialization failure
		return fmt.Errorf("%s: %w", what, ErrBusy)
	}
	return fmt.Errorf("%s: %w", what, err)
}

func exec(ctx context.Context, what, sql string, args ...any) (int64, error) {
	tag, err := tenants.PgxTx(ctx).Exec(ctx, sql, args...)
	if err != nil {
		return 0, failed(what, err)
	}
	return tag.RowsAffected(), nil
}

// together sends what queue adds in one round trip.
func together(ctx context.Context, queue func(*pgx.Batch)) error {
	var b pgx.Batch
	queue(&b)
	return tenants.PgxTx(ctx).SendBatch(ctx, &b).Close()
}

func orNull(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// insertTransfer adds a transfer with those of its entries whose accounts are there, unless its key, or its reversal, is; it waits for whoever is
// adding the same one now. It takes one round trip.
func insertTransfer(ctx context.Context, w written, at time.Time) (added bool, lines int64, err error) {
	err = together(ctx, func(b *pgx.Batch) {
		b.Queue(`INSERT INTO ledger_transfers (id, kind, key, reference, pending, reverses, lines, cents, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
			w.ID, string(w.Kind), w.Key, w.Reference, w.Pending, orNull(w.Reverses), len(w.Entries), w.received(), at).Exec(func(tag pgconn.CommandTag) error {
			added = tag.RowsAffected() > 0
			return nil
		})
		queueEntries(b, w, &lines)
	})
	if err != nil {
		err = failed("add a transfer", err)
	}
	return added, lines, err
}

// queueEntries adds the entries of a transfer that are not there yet, if it is, and their accounts are.
func queueEntries(b *pgx.Batch, w written, lines *int64) {
	list, cents := make([]Account, len(w.Entries)), make([]int64, len(w.Entries))
	for i, e := range w.Entries {
		list[i], cents[i] = e.Account, e.Cents
	}
	kinds, owners, names := columnsOf(list)
	b.Queue(`INSERT INTO ledger_entries (transfer_id, line, account_id, cents)
		SELECT $1, e.n, a.id, e.cents FROM unnest($2::text[], $3::uuid[], $4::text[], $5::bigint[]) WITH ORDINALITY e (kind, owner, name, cents, n)
		CROSS JOIN LATERAL (`+accountOf+`) a WHERE EXISTS (SELECT FROM ledger_transfers WHERE id = $1) ON CONFLICT DO NOTHING`,
		w.ID, kinds, owners, names, cents).Exec(func(tag pgconn.CommandTag) error {
		*lines += tag.RowsAffected()
		return nil
	})
}

// insertEntries adds the entries for which there was no account before.
func insertEntries(ctx context.Context, w written) (lines int64, err error) {
	err = together(ctx, func(b *pgx.Batch) { queueEntries(b, w, &lines) })
	if err != nil {
		err = failed("add entries", err)
	}
	return lines, err
}

// accountOf finds the account of e by an index, whether it has an owner or none.
const accountOf = `SELECT a.id FROM ledger_accounts a WHERE a.kind = e.kind AND a.owner = e.owner AND a.name = e.name
	UNION ALL SELECT a.id FROM ledger_accounts a WHERE e.owner IS NULL AND a.kind = e.kind AND a.owner IS NULL AND a.name = e.name`

// columnsOf are accounts as three arrays.
func columnsOf(list []Account) (kinds []string, owners []*uuid.UUID, names []string) {
	for _, a := range list {
		kinds, owners, names = append(kinds, string(a.Kind)), append(owners, orNull(a.Owner)), append(names, a.Name)
	}
	return kinds, owners, names
}

// readAccounts gives the ids of those accounts that are there.
func readAccounts(ctx context.Context, list []Account) (map[Account]uuid.UUID, error) {
	kinds, owners, names := columnsOf(list)
	rows, err := tenants.PgxTx(ctx).Query(ctx, `SELECT e.n, a.id FROM unnest($1::text[], $2::uuid[], $3::text[]) WITH ORDINALITY e (kind, owner, name, n)
		CROSS JOIN LATERAL (`+accountOf+`) a`, kinds, owners, names)
	if err != nil {
		return nil, failed("read accounts", err)
	}
	found := make(map[Account]uuid.UUID, len(list))
	var n int
	var id uuid.UUID
	if _, err := pgx.ForEachRow(rows, []any{&n, &id}, func() error {
		found[list[n-1]] = id
		return nil
	}); err != nil {
		return nil, failed("read accounts", err)
	}
	return found, nil
}

// insertAccounts adds those that are not there, in their order; it waits for whoever is adding the same ones now.
func insertAccounts(ctx context.Context, ids []uuid.UUID, list []Account) error {
	kinds, owners, names := columnsOf(list)
	_, err := exec(ctx, "open accounts", `INSERT INTO ledger_accounts (id, kind, owner, name)
		SELECT id, kind, owner, name FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::text[]) WITH ORDINALITY e (id, kind, owner, name, n) ORDER BY n
		ON CONFLICT DO NOTHING`, ids, kinds, owners, names)
	return err
}

// readTransfer gives what stands under a key, or ErrNoTransfer.
func readTransfer(ctx context.Context, key string) (*written, error) {
	rows, err := tenants.PgxTx(ctx).Query(ctx, `SELECT t.id, t.kind, t.reference, t.pending, t.reverses, COALESCE(o.outcome, ''), a.kind, a.owner, a.name, e.cents
		FROM ledger_transfers t LEFT JOIN ledger_outcomes o ON o.transfer_id = t.id
		JOIN ledger_entries e ON e.transfer_id = t.id JOIN ledger_accounts a ON a.id = e.account_id
		WHERE t.key = $1 ORDER BY e.line`, key)
	if err != nil {
		return nil, failed("read a transfer", err)
	}
	w := &written{Key: key}
	var e entry
	var owner, reverses uuid.NullUUID
	_, err = pgx.ForEachRow(rows, []any{&w.ID, &w.Kind, &w.Reference, &w.Pending, &reverses, &w.Outcome, &e.Account.Kind, &owner, &e.Account.Name, &e.Cents}, func() error {
		e.Account.Owner = owner.UUID
		w.Entries = append(w.Entries, e)
		return nil
	})
	switch {
	case err != nil:
		return nil, failed("read a transfer", err)
	case len(w.Entries) == 0:
		return nil, ErrNoTransfer
	}
	w.Reverses = reverses.UUID
	return w, nil
}

// insertOutcome decides a pending transfer unless somebody else has, and gives what stands now.
func insertOutcome(ctx context.Context, transfer uuid.UUID, o outcome, at time.Time) (stands outcome, err error) {
	n, err := exec(ctx, "decide a transfer", "INSERT INTO ledger_outcomes (transfer_id, outcome, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", transfer, o, at)
	if err != nil || n > 0 {
		return o, err
	}
	err = tenants.PgxTx(ctx).QueryRow(ctx, "SELECT outcome FROM ledger_outcomes WHERE transfer_id = $1", transfer).Scan(&stands)
	if err != nil {
		return stands, failed("read an outcome", err)
	}
	return stands, nil
}
