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

func (s *Store) mark(ctx context.Context, ids []uuid.UUID, state string) error {
	if _, err := tenants.PgxTx(ctx).Exec(ctx, "UPDATE files SET state = $2 WHERE id = ANY ($1) AND state <> $2", ids, state); err != nil {
		return fmt.Errorf("mark files %s: %w", state, err)
	}
	return nil
}

// known gives the ids of a module's public files by content.
func (s *Store) known(ctx context.Context, module string) (map[[32]byte]uuid.UUID, error) {
	rows, err := tenants.PgxTx(ctx).Query(ctx, "SELECT id, sha256 FROM files WHERE module = $1 AND public AND state <> 'removed'", module)
	if err != nil {
		return nil, fmt.Errorf("look for files: %w", err)
	}
	defer rows.Close()
	ids := map[[32]byte]uuid.UUID{}
	for rows.Next() {
		var id uuid.UUID
		var sum []byte
		if err := rows.Scan(&id, &sum); err != nil {
			return nil, err
		}
		ids[[32]byte(sum)] = id
	}
	return ids, rows.Err()
}

// pending says which of ids still wait for their object.
func (s *Store) pending(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]bool, error) {
	waiting := map[uuid.UUID]bool{}
	err := s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT id FROM files WHERE id = ANY ($1) AND state = 'pending'", ids).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var id uuid.UUID
				if err := rows.Scan(&id); err != nil {
					return err
				}
				waiting[id] = true
			}
			return rows.Err()
		})
	})
	return waiting, err
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
