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

func orNull(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// insertTransfer adds a transfer unless its key, or its reversal, is there; it waits for whoever is adding the same one now.
func insertTransfer(ctx context.Context, w written, at time.Time) (added bool, err error) {
	n, err := exec(ctx, "add a transfer", `INSERT INTO ledger_transfers (id, kind, key, reference, pending, reverses, lines, cents, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
		w.ID, w.Kind, w.Key, w.Reference, w.Pending, orNull(w.Reverses), len(w.Entries), w.received(), at)
	return n > 0, err
}

// insertEntries adds the lines of a new transfer.
func insertEntries(ctx context.Context, w written, accounts map[Account]uuid.UUID) error {
	ids, cents := make([]uuid.UUID, len(w.Entries)), make([]int64, len(w.Entries))
	for i, e := range w.Entries {
		ids[i], cents[i] = accounts[e.Account], e.Cents
	}
	_, err := exec(ctx, "add entries", `INSERT INTO ledger_entries (transfer_id, line, account_id, cents)
		SELECT $1, e.line, e.account, e.cents FROM unnest($2::uuid[], $3::bigint[]) WITH ORDINALITY e (account, cents, line)`, w.ID, ids, cents)
	return err
}

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
		JOIN ledger_accounts a ON a.kind = e.kind AND a.name = e.name AND (a.owner = e.owner OR a.owner IS NULL AND e.owner IS NULL)`, kinds, owners, names)
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
