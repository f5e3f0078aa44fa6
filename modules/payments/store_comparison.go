package payments

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/tenants"
)

// readAccounted reads our side: what counted for us within the stretch, and whatever the rail speaks of.
func (s *Service) readAccounted(ctx context.Context, within stretch, theirs Listing) (ours accounted, err error) {
	charges, payments, externals, refunds := []string{}, []uuid.UUID{}, []string{}, []uuid.UUID{}
	for _, t := range theirs.Taken {
		charges, payments = append(charges, t.ID), append(payments, t.Payment)
	}
	for _, b := range theirs.GivenBack {
		externals, refunds = append(externals, b.ID), append(refunds, b.Refund)
		if b.Charge != "" {
			charges = append(charges, b.Charge)
		}
	}
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(selectPayments+"WHERE p.rail = 'card' AND (p.paid_at >= $1 AND p.paid_at < $2 OR p.charge = ANY ($3) OR p.id = ANY ($4))",
			within.since, within.until, charges, payments).Query(func(rows pgx.Rows) (err error) {
			ours.Payments, err = pgx.CollectRows(rows, scanPayment)
			return err
		})
		b.Queue(`SELECT r.id, p.part_id, r.external, r.cents, r.state, r.asked_at, COALESCE(r.done_at, '0001-01-01Z') FROM refunds r JOIN payments p ON p.id = r.payment_id
			WHERE p.rail = 'card' AND (r.done_at >= $1 AND r.done_at < $2 OR r.external = ANY ($3) OR r.id = ANY ($4))`,
			within.since, within.until, externals, refunds).Query(func(rows pgx.Rows) (err error) {
			ours.Refunds, err = pgx.CollectRows(rows, pgx.RowToStructByPos[refund])
			return err
		})
	})
	return ours, err
}

// keepComparison replaces the last one of the rail, and what was found before in the same stretch of time. What was found of a time before it, nothing
// can take back any more: it stays in sight for two months, and in the audit trail for good.
func keepComparison(ctx context.Context, c *ledger.Comparison) {
	tenants.Later(ctx, "keep a comparison", `INSERT INTO rail_comparisons (rail, since, until, at, taken, taken_cents, returned, returned_cents) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (tenant_id, rail) DO UPDATE SET since = EXCLUDED.since, until = EXCLUDED.until, at = EXCLUDED.at, taken = EXCLUDED.taken,
			taken_cents = EXCLUDED.taken_cents, returned = EXCLUDED.returned, returned_cents = EXCLUDED.returned_cents`,
		c.Rail, c.Since, c.Until, c.At, c.Taken, c.TakenCents, c.Returned, c.ReturnedCents)
	tenants.Later(ctx, "forget what was found before", "DELETE FROM rail_findings WHERE rail = $1 AND (at >= $2 AND at < $3 OR at < $4)",
		c.Rail, c.Since, c.Until, c.At.AddDate(0, 0, -compareKept))
	for _, f := range c.Findings {
		part := uuid.NullUUID{UUID: f.Part, Valid: f.Part != uuid.Nil}
		tenants.Later(ctx, "keep what was found", `INSERT INTO rail_findings (rail, code, subject, part_id, ours, theirs, at, found_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT DO NOTHING`, c.Rail, f.Code, f.Subject, part, f.Ours, f.Theirs, f.At, c.At)
	}
}

// readComparisons reads the last of each rail, with all that was found and holds.
func (s *Service) readComparisons(ctx context.Context) (list []ledger.Comparison, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT rail, since, until, at, taken, taken_cents, returned, returned_cents FROM rail_comparisons ORDER BY rail").Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c ledger.Comparison, err error) {
				err = row.Scan(&c.Rail, &c.Since, &c.Until, &c.At, &c.Taken, &c.TakenCents, &c.Returned, &c.ReturnedCents)
				return c, err
			})
			return err
		})
		b.Queue("SELECT rail, code, subject, part_id, ours, theirs, at FROM rail_findings ORDER BY at, code, subject").Query(func(rows pgx.Rows) error {
			var rail string
			var part uuid.NullUUID
			var f ledger.RailFinding
			_, err := pgx.ForEachRow(rows, []any{&rail, &f.Code, &f.Subject, &part, &f.Ours, &f.Theirs, &f.At}, func() error {
				f.Part = part.UUID
				for i := range list {
					if list[i].Rail == rail {
						list[i].Findings = append(list[i].Findings, f)
					}
				}
				return nil
			})
			return err
		})
	})
	return list, err
}
