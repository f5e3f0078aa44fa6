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

// providerOfFile says whose a file is. Errors: problem.ErrNotFound.
func (s *Service) providerOfFile(ctx context.Context, file uuid.UUID) (provider uuid.UUID, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT provider_id FROM service_files WHERE file_id = $1", file).QueryRow(func(row pgx.Row) error { return row.Scan(&provider) })
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = problem.ErrNotFound
	}
	return provider, err
}

func insertFile(ctx context.Context, file uuid.UUID, v *Version) error {
	_, err := tenants.PgxTx(ctx).Exec(ctx, "INSERT INTO service_files (file_id, service_id, provider_id, uploaded_at) VALUES ($1, $2, $3, $4)", file, v.Service, v.Provider, v.Updated)
	if err != nil {
		return fmt.Errorf("note whose file %s is: %w", file, err)
	}
	return nil
}

// filesOf lists everything that was ever uploaded for a service.
func filesOf(ctx context.Context, service uuid.UUID) ([]uuid.UUID, error) {
	rows, err := tenants.PgxTx(ctx).Query(ctx, "SELECT file_id FROM service_files WHERE service_id = $1", service)
	if err != nil {
		return nil, fmt.Errorf("look for the files of service %s: %w", service, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// takeLost removes from their services the files, uploaded before a moment, that no version refers to, and gives them. A version that was
// discarded refers to its files until that moment; what was approved does so for ever.
func takeLost(ctx context.Context, before time.Time) ([]uuid.UUID, error) {
	rows, err := tenants.PgxTx(ctx).Query(ctx, `DELETE FROM service_files f WHERE f.uploaded_at < $1 AND NOT EXISTS (
			SELECT FROM service_versions v WHERE v.service_id = f.service_id AND (v.state <> 'discarded' OR v.updated_at >= $1)
				AND (v.content ->> 'picture' = f.file_id::text OR EXISTS (
					SELECT FROM jsonb_path_query(v.content, '$.attachments[*].id') a WHERE a #>> '{}' = f.file_id::text)))
		RETURNING f.file_id`, before)
	if err != nil {
		return nil, fmt.Errorf("look for files that no version refers to: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}

// allFiles lists everything that belongs to a service.
func allFiles(ctx context.Context) ([]uuid.UUID, error) {
	rows, err := tenants.PgxTx(ctx).Query(ctx, "SELECT file_id FROM service_files")
	if err != nil {
		return nil, fmt.Errorf("look for the files of services: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
}
