package payments

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

// selectPayments reads payments with their last refund: those before it have failed, whatever the clocks said.
const selectPayments = `SELECT p.id, p.part_id, p.account_id, p.rail, p.cents, p.state, p.page, p.url, p.charge, COALESCE(p.paid_at, '0001-01-01Z'),
	COALESCE(r.state, ''), r.id, COALESCE(r.done_at, '0001-01-01Z'), COALESCE(r.external, '') FROM payments p
	LEFT JOIN LATERAL (SELECT * FROM refunds r WHERE r.payment_id = p.id ORDER BY (r.state <> 'failed') DESC, r.asked_at DESC, r.id DESC LIMIT 1) r ON true `

func scanPayment(row pgx.CollectableRow) (Payment, error) {
	var p Payment
	var refund uuid.NullUUID
	err := row.Scan(&p.ID, &p.Part, &p.Account, &p.Rail, &p.Cents, (*string)(&p.State), &p.Session, &p.URL, &p.Charge, &p.PaidAt, (*string)(&p.Return), &refund, &p.DoneAt, &p.External)
	p.Refund = refund.UUID
	return p, err
}

// QueueOf asks for the payments of the parts whose ids a sub-select gives, oldest first: a page's one round trip.
func QueueOf(b *pgx.Batch, into *[]Payment, parts string, args ...any) {
	b.Queue(selectPayments+"WHERE p.part_id IN ("+parts+") ORDER BY p.opened_at, p.id", args...).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, scanPayment)
		return err
	})
}

// find reads a payment without keeping it.
func (s *Service) find(ctx context.Context, where string, id uuid.UUID) (p Payment, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(selectPayments+where, id).Query(func(rows pgx.Rows) (err error) {
			p, err = pgx.CollectExactlyOneRow(rows, scanPayment)
			return err
		})
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = problem.ErrNotFound
	}
	return p, err
}

const (
	byID     = "WHERE p.id = $1"
	byRefund = "WHERE p.id = (SELECT payment_id FROM refunds WHERE id = $1)"
)

// ofPart reads the payments of a part, which is locked.
func ofPart(ctx context.Context, part uuid.UUID) ([]Payment, error) {
	rows, err := tenants.PgxTx(ctx).Query(ctx, selectPayments+"WHERE p.part_id = $1 ORDER BY p.opened_at, p.id", part)
	if err != nil {
		return nil, fmt.Errorf("read payments: %w", err)
	}
	return pgx.CollectRows(rows, scanPayment)
}

func insertPayment(ctx context.Context, p *Payment, now time.Time) {
	var paid *time.Time
	if p.State == Settled {
		paid = &now
	}
	tenants.Later(ctx, "keep a payment", `INSERT INTO payments (id, part_id, account_id, rail, cents, state, opened_at, paid_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		p.ID, p.Part, p.Account, p.Rail, p.Cents, string(p.State), now, paid)
}

func saveSession(ctx context.Context, id uuid.UUID, session Session) {
	tenants.Later(ctx, "keep a session", "UPDATE payments SET page = $2, url = CASE state WHEN 'open' THEN $3 ELSE '' END WHERE id = $1", id, session.ID, session.URL)
}

func savePaid(ctx context.Context, p *Payment, now time.Time) error {
	return exec(ctx, "note that a payment has arrived", "UPDATE payments SET state = 'paid', charge = $2, paid_at = $3, page = COALESCE(NULLIF($4, ''), page), url = '' WHERE id = $1",
		p.ID, p.Charge, now, p.Session)
}

func saveOver(ctx context.Context, id uuid.UUID) error {
	return exec(ctx, "note that a payment is over", "UPDATE payments SET state = 'over', url = '' WHERE id = $1 AND state = 'open'", id)
}

// insertNotice says whether the notice is new.
func insertNotice(ctx context.Context, rail string, n Notice, now time.Time) (bool, error) {
	tag, err := tenants.PgxTx(ctx).Exec(ctx, `INSERT INTO payment_notices (rail, notice, kind, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, rail, n.ID, string(n.Kind), now)
	if err != nil {
		return false, fmt.Errorf("keep a notice: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

func insertRefund(ctx context.Context, id uuid.UUID, p *Payment, now time.Time) error {
	return exec(ctx, "ask for a refund", `INSERT INTO refunds (id, payment_id, cents, state, asked_at) VALUES ($1, $2, $3, 'asked', $4)`, id, p.ID, p.Cents, now)
}

func saveRefund(ctx context.Context, id uuid.UUID, state ReturnState, external string, now time.Time) error {
	var done *time.Time
	if state == ReturnDone {
		done = &now
	}
	return exec(ctx, "note what became of a refund", `UPDATE refunds SET state = $2, external = COALESCE(NULLIF($3, ''), external), done_at = $4 WHERE id = $1`, id, string(state), external, done)
}

func exec(ctx context.Context, what, sql string, args ...any) error {
	if _, err := tenants.PgxTx(ctx).Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
