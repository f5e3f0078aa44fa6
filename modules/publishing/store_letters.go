package publishing

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// readLetter gives an event and the person to whom it is told, if they still work for the provider.
func (s *Service) readLetter(ctx context.Context, event, account uuid.UUID) (e Event, to Person, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(selectEvents+`WHERE e.id = $1`, event).QueryRow(func(row pgx.Row) error { return scanEvent(row, &e) })
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = problem.ErrNotFound
	}
	if err == nil {
		to, err = s.readPerson(ctx, e.Provider, account)
	}
	return e, to, err
}

// readPerson gives one of a provider's staff, or for uuid.Nil the provider itself. Errors: problem.ErrNotFound.
func (s *Service) readPerson(ctx context.Context, provider, account uuid.UUID) (to Person, err error) {
	if account == uuid.Nil {
		var makers []catalogue.Maker
		err = s.db.Read(ctx, func(b *pgx.Batch) { catalogue.QueueMakers(b, &makers, provider) })
		if err == nil && (len(makers) == 0 || makers[0].Email == "") {
			err = problem.ErrNotFound
		}
		if err != nil {
			return to, err
		}
		return Person{Name: makers[0].Name, Email: makers[0].Email, Language: "it"}, nil
	}
	var people []Person
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		people, err = staffOf(ctx, provider)
		return err
	})
	if err != nil {
		return to, err
	}
	for _, p := range people {
		if p.ID == account {
			return p, nil
		}
	}
	return to, problem.ErrNotFound
}

// titleOf is what a service was called in a version; version 0 is the service itself.
func (s *Service) titleOf(ctx context.Context, service uuid.UUID, number int) (title string, err error) {
	if number == 0 {
		var records []catalogue.Record
		err = s.db.Read(ctx, func(b *pgx.Batch) { catalogue.QueueRecord(b, service, &records) })
		if err == nil && len(records) > 0 {
			title = records[0].Title
		}
		return title, err
	}
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT content ->> 'title' FROM service_versions WHERE service_id = $1 AND number = $2`, service, number).
			QueryRow(func(row pgx.Row) error { return row.Scan(&title) })
	})
	return title, err
}
