package files

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

func (s *Store) insert(ctx context.Context, f File) error {
	var owner *uuid.UUID
	if f.Owner != uuid.Nil {
		owner = &f.Owner
	}
	_, err := tenants.PgxTx(ctx).Exec(ctx, `INSERT INTO files (id, module, name, content_type, bytes, sha256, public, owner)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`, f.ID, f.Module, f.Name, f.ContentType, f.Bytes, f.SHA256, f.Public, owner)
	if err != nil {
		return fmt.Errorf("note file: %w", err)
	}
	return nil
}

func (s *Store) mark(ctx context.Context, id uuid.UUID, state string) error {
	if _, err := tenants.PgxTx(ctx).Exec(ctx, "UPDATE files SET state = $2 WHERE id = $1", id, state); err != nil {
		return fmt.Errorf("mark file %s: %w", state, err)
	}
	return nil
}

// same finds a stored public file with the same content, or gives uuid.Nil.
func (s *Store) same(ctx context.Context, f File) (id uuid.UUID, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT id FROM files WHERE module = $1 AND sha256 = $2 AND content_type = $3 AND public AND state = 'stored' LIMIT 1`,
			f.Module, f.SHA256, f.ContentType).QueryRow(func(row pgx.Row) error {
			if err := row.Scan(&id); !errors.Is(err, pgx.ErrNoRows) {
				return err
			}
			return nil
		})
	})
	return id, err
}

func (s *Store) find(ctx context.Context, id uuid.UUID) (f File, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT id, module, name, content_type, bytes, sha256, public, COALESCE(owner, '00000000-0000-0000-0000-000000000000')
			FROM files WHERE id = $1 AND state = 'stored'`, id).QueryRow(func(row pgx.Row) error {
			return row.Scan(&f.ID, &f.Module, &f.Name, &f.ContentType, &f.Bytes, &f.SHA256, &f.Public, &f.Owner)
		})
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = problem.ErrNotFound
	}
	return f, err
}

func (s *Store) unfinished(ctx context.Context, before time.Time) (lost []File, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT id, module FROM files WHERE state = 'pending' AND created_at < $1", before).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var f File
				if err := rows.Scan(&f.ID, &f.Module); err != nil {
					return err
				}
				lost = append(lost, f)
			}
			return rows.Err()
		})
	})
	return lost, err
}
