package publishing

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

const selectVersions = `SELECT v.id, v.service_id, v.provider_id, v.number, v.state, v.revision, v.content, v.authors, v.reason, v.seen, v.updated_at,
	COALESCE(v.submitted_at, '0001-01-01Z') FROM service_versions v `

const open = `v.state IN ('draft', 'submitted', 'returned')`

func scanVersion(row pgx.Row, v *Version) error {
	return row.Scan(&v.ID, &v.Service, &v.Provider, &v.Number, (*string)(&v.State), &v.Revision, &v.Content, &v.Authors, &v.Reason, &v.Seen, &v.Updated, &v.Submitted)
}

func collectVersions(into *[]*Version) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		for rows.Next() {
			v := &Version{}
			if err := scanVersion(rows, v); err != nil {
				return err
			}
			*into = append(*into, v)
		}
		return rows.Err()
	}
}

func queueOpenOf(b *pgx.Batch, providers []uuid.UUID, into *[]*Version) {
	b.Queue(selectVersions+`WHERE v.provider_id = ANY ($1) AND `+open+` ORDER BY v.updated_at DESC`, providers).Query(collectVersions(into))
}

func queueOpen(b *pgx.Batch, service uuid.UUID, into *[]*Version) {
	b.Queue(selectVersions+`WHERE v.service_id = $1 AND `+open, service).Query(collectVersions(into))
}

// queueSubmitted asks for what waits for a decision, the oldest first.
func queueSubmitted(b *pgx.Batch, into *[]*Version) {
	b.Queue(selectVersions + `WHERE v.state = 'submitted' ORDER BY v.submitted_at, v.id`).Query(collectVersions(into))
}

// lockOpen reads the open version of a service for a change. Errors: problem.ErrNotFound.
func lockOpen(ctx context.Context, service uuid.UUID) (*Version, error) {
	v := &Version{}
	err := scanVersion(tenants.PgxTx(ctx).QueryRow(ctx, selectVersions+`WHERE v.service_id = $1 AND `+open+` FOR UPDATE`, service), v)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, problem.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the version of service %s: %w", service, err)
	}
	return v, nil
}

// insertVersion adds the next version of a service. Its revision goes on from the last one's: no revision ever means two texts.
func insertVersion(ctx context.Context, v *Version) error {
	err := tenants.PgxTx(ctx).QueryRow(ctx, `INSERT INTO service_versions (id, service_id, provider_id, number, state, revision, content, authors, updated_at)
		SELECT $1, $2, $3, COALESCE(max(o.number), 0) + 1, $4, COALESCE(max(o.revision), 0) + 1, $5, $6, $7 FROM service_versions o WHERE o.service_id = $2
		RETURNING number, revision`,
		v.ID, v.Service, v.Provider, v.State, v.Content, v.Authors, v.Updated).Scan(&v.Number, &v.Revision)
	if err != nil {
		return fmt.Errorf("begin a version of service %s: %w", v.Service, err)
	}
	return nil
}

func saveVersion(ctx context.Context, v *Version) error {
	_, err := tenants.PgxTx(ctx).Exec(ctx, `UPDATE service_versions SET state = $2, revision = $3, content = $4, authors = $5, reason = $6, updated_at = $7,
		submitted_at = $8, seen = $9 WHERE id = $1`, v.ID, v.State, v.Revision, v.Content, v.Authors, v.Reason, v.Updated, orNull(v.Submitted), v.Seen)
	if err != nil {
		return fmt.Errorf("save version %s: %w", v.ID, err)
	}
	return nil
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func insertEvent(ctx context.Context, e *Event) error {
	var account *uuid.UUID
	if e.Account != uuid.Nil {
		account = &e.Account
	}
	_, err := tenants.PgxTx(ctx).Exec(ctx, `INSERT INTO service_events (id, service_id, provider_id, number, verb, account_id, reason, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, e.ID, e.Service, e.Provider, e.Number, e.Verb, account, e.Reason, e.At)
	if err != nil {
		return fmt.Errorf("note that service %s was %s: %w", e.Service, e.Verb, err)
	}
	return nil
}

const selectEvents = `SELECT e.id, e.service_id, e.provider_id, e.number, e.verb, COALESCE(e.account_id, '00000000-0000-0000-0000-000000000000'),
	COALESCE(a.name, ''), e.reason, e.at FROM service_events e LEFT JOIN accounts a ON a.id = e.account_id `

func scanEvent(row pgx.Row, e *Event) error {
	return row.Scan(&e.ID, &e.Service, &e.Provider, &e.Number, &e.Verb, &e.Account, &e.Name, &e.Reason, &e.At)
}

// queueEvents asks for what happened to a service, the latest first.
func queueEvents(b *pgx.Batch, service uuid.UUID, into *[]Event) {
	b.Queue(selectEvents+`WHERE e.service_id = $1 ORDER BY e.at DESC, e.id DESC LIMIT 100`, service).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var e Event
			if err := scanEvent(rows, &e); err != nil {
				return err
			}
			*into = append(*into, e)
		}
		return rows.Err()
	})
}

// Person is somebody of a provider's staff, as letters reach them.
type Person struct {
	ID                    uuid.UUID
	Name, Email, Language string
}

// staffOf lists the people who work for a provider and have proved their address.
func staffOf(ctx context.Context, provider uuid.UUID) ([]Person, error) {
	rows, err := tenants.PgxTx(ctx).Query(ctx, `SELECT a.id, a.name, a.email, a.language FROM accounts a
		WHERE a.closed_at IS NULL AND a.verified_at IS NOT NULL AND EXISTS (SELECT FROM memberships m WHERE m.account_id = a.id AND m.provider_id = $1) ORDER BY a.id`, provider)
	if err != nil {
		return nil, fmt.Errorf("look for the staff of provider %s: %w", provider, err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (p Person, err error) {
		err = row.Scan(&p.ID, &p.Name, &p.Email, &p.Language)
		return p, err
	})
}
