package publishing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

// insertNotice writes a notice down; it says whether it was new.
func insertNotice(ctx context.Context, n *Notice, now time.Time) (bool, error) {
	tag, err := tenants.PgxTx(ctx).Exec(ctx, `INSERT INTO accreditation_notices (id, provider_id, area, act, until, notice, reason, at)
		VALUES ($1, $2, $3, $4, $5::text::date, $6, $7, $8) ON CONFLICT (tenant_id, provider_id, area, act, until, notice) DO NOTHING`,
		n.ID, n.Provider, n.Area, n.Act, n.Until, n.Notice, n.Reason, now)
	if err != nil {
		return false, fmt.Errorf("note what provider %s is told: %w", n.Provider, err)
	}
	return tag.RowsAffected() == 1, nil
}

// readNotice gives a notice and the person who is told. Errors: problem.ErrNotFound.
func (s *Service) readNotice(ctx context.Context, id, account uuid.UUID) (n Notice, to Person, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT id, provider_id, area, act, to_char(until, 'YYYY-MM-DD'), notice, reason FROM accreditation_notices WHERE id = $1`, id).
			QueryRow(func(row pgx.Row) error {
				return row.Scan(&n.ID, &n.Provider, &n.Area, &n.Act, &n.Until, &n.Notice, &n.Reason)
			})
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = problem.ErrNotFound
	}
	if err == nil {
		to, err = s.readPerson(ctx, n.Provider, account)
	}
	return n, to, err
}

func (s *Service) readDemands(ctx context.Context) (x demands, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		catalogue.QueueDemanding(b, &x.records)
		catalogue.QueueMakers(b, &x.makers)
		catalogue.QueueChoices(b, "it", &x.choices)
	})
	return x, err
}

func (s *Service) readRegister(ctx context.Context, lang string) (makers []catalogue.Maker, choices catalogue.Choices, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		catalogue.QueueMakers(b, &makers)
		catalogue.QueueChoices(b, lang, &choices)
	})
	return makers, choices, err
}
