package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

// saveAct writes which document is a member's; uuid.Nil for none.
func saveAct(ctx context.Context, member, file uuid.UUID, now time.Time) error {
	if file == uuid.Nil {
		_, err := exec(ctx, "forget an act", "UPDATE household_members SET act = NULL, act_at = NULL WHERE id = $1", member)
		return err
	}
	_, err := exec(ctx, "save an act", "UPDATE household_members SET act = $2, act_at = $3 WHERE id = $1", member, file, now)
	return err
}

// memberOfAct says whose household a document stands in, and for whom. Errors: problem.ErrNotFound.
func (s *Service) memberOfAct(ctx context.Context, file uuid.UUID) (account, member uuid.UUID, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT account_id, id FROM household_members WHERE act = $1", file).QueryRow(func(row pgx.Row) error { return row.Scan(&account, &member) })
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = problem.ErrNotFound
	}
	return account, member, err
}

// allActs lists every document that is somebody's.
func allActs(ctx context.Context) ([]uuid.UUID, error) {
	rows, err := tenants.PgxTx(ctx).Query(ctx, "SELECT act FROM household_members WHERE act IS NOT NULL")
	if err != nil {
		return nil, fmt.Errorf("look for acts: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}
