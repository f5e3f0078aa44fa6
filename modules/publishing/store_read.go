package publishing

import (
	"context"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// readDesk gives the services of some providers, published and being written.
func (s *Service) readDesk(ctx context.Context, providers []uuid.UUID) (Desk, error) {
	var d Desk
	var records []catalogue.Record
	var versions []*Version
	if len(providers) == 0 {
		return d, nil
	}
	err := s.db.Read(ctx, func(b *pgx.Batch) {
		catalogue.QueueMakers(b, &d.Makers, providers...)
		catalogue.QueueRecords(b, providers, &records)
		queueOpenOf(b, providers, &versions)
	})
	d.Lines = lines(records, versions, d.Makers)
	return d, err
}

// readWork gives all that is known of one service. Errors: problem.ErrNotFound.
func (s *Service) readWork(ctx context.Context, lang string, id uuid.UUID) (*Work, error) {
	w := &Work{ID: id}
	var records []catalogue.Record
	var versions []*Version
	var makers []catalogue.Maker
	err := s.db.Read(ctx, func(b *pgx.Batch) {
		catalogue.QueueRecord(b, id, &records)
		queueOpen(b, id, &versions)
		queueEvents(b, id, &w.Events)
		catalogue.QueueMakers(b, &makers)
		catalogue.QueueChoices(b, lang, &w.Choices)
	})
	if err != nil {
		return nil, err
	}
	provider := uuid.Nil
	if len(records) > 0 {
		w.Live, provider = &records[0], records[0].Provider
	}
	if len(versions) > 0 {
		w.Open, provider = versions[0], versions[0].Provider
	}
	at := slices.IndexFunc(makers, func(m catalogue.Maker) bool { return m.ID == provider })
	if at < 0 {
		return nil, problem.ErrNotFound
	}
	w.Maker = &makers[at]
	return w, nil
}

// readChoices gives what services can be connected with, and some providers.
func (s *Service) readChoices(ctx context.Context, lang string, providers []uuid.UUID) (choices catalogue.Choices, makers []catalogue.Maker, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		catalogue.QueueChoices(b, lang, &choices)
		if len(providers) > 0 {
			catalogue.QueueMakers(b, &makers, providers...)
		}
	})
	return choices, makers, err
}

// readSubmitted gives what waits for a decision, with whose it is.
func (s *Service) readSubmitted(ctx context.Context) (versions []*Version, makers []catalogue.Maker, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		queueSubmitted(b, &versions)
		catalogue.QueueMakers(b, &makers)
	})
	return versions, makers, err
}
