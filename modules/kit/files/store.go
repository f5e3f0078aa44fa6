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

func (s *Store) markStored(ctx context.Context, ids []uuid.UUID) error {
	tx := tenants.PgxTx(ctx)
	if _, err := tx.Exec(ctx, "UPDATE files SET state = 'stored' WHERE id = ANY ($1) AND state = 'pending'", ids); err != nil {
		return fmt.Errorf("mark files as stored: %w", err)
	}
	var whole bool
	if err := tx.QueryRow(ctx, "SELECT NOT EXISTS (SELECT unnest($1::uuid[]) EXCEPT SELECT id FROM files WHERE state = 'stored')", ids).Scan(&whole); err != nil {
		return fmt.Errorf("look for stored files: %w", err)
	}
	if !whole {
		return errSwept
	}
	return nil
}

func (s *Store) setPublic(ctx context.Context, module string, ids []uuid.UUID, public bool) error {
	if _, err := tenants.PgxTx(ctx).Exec(ctx, "UPDATE files SET public = $3 WHERE module = $1 AND id = ANY ($2)", module, ids, public); err != nil {
		return fmt.Errorf("show files: %w", err)
	}
	return nil
}

func (s *Store) remove(ctx context.Context, id uuid.UUID) error {
	if _, err := tenants.PgxTx(ctx).Exec(ctx, "UPDATE files SET state = 'removed' WHERE id = $1 AND NOT public", id); err != nil {
		return fmt.Errorf("give up file %s: %w", id, err)
	}
	return nil
}

func (s *Store) abandon(ctx context.Context, module string, before time.Time, kept []uuid.UUID) error {
	_, err := tenants.PgxTx(ctx).Exec(ctx, `UPDATE files SET state = 'removed' WHERE module = $1 AND state = 'stored' AND NOT public AND created_at < $2
		AND NOT id = ANY ($3)`, module, before, kept)
	if err != nil {
		return fmt.Errorf("give up files of %s: %w", module, err)
	}
	return nil
}

var errSwept = errors.New("a file was swept away while it was being stored: store it again")

// renew keeps the sweeper from files that are being uploaded again.
func (s *Store) renew(ctx context.Context, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return nil
	}
	if _, err := tenants.PgxTx(ctx).Exec(ctx, "UPDATE files SET created_at = now() WHERE id = ANY ($1) AND state = 'pending'", ids); err != nil {
		return fmt.Errorf("take up files again: %w", err)
	}
	return nil
}

// known gives the ids of a module's public files by content; the oldest, where there are several.
func (s *Store) known(ctx context.Context, module string) (map[[32]byte]uuid.UUID, error) {
	rows, err := tenants.PgxTx(ctx).Query(ctx, "SELECT id, sha256 FROM files WHERE module = $1 AND public AND state <> 'removed' ORDER BY id DESC", module)
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

// giveUp marks what was not stored in time, and gives it with what earlier sweeps left over.
func (s *Store) giveUp(ctx context.Context, before time.Time) ([]File, error) {
	tx := tenants.PgxTx(ctx)
	if _, err := tx.Exec(ctx, "UPDATE files SET state = 'removed' WHERE state = 'pending' AND created_at < $1", before); err != nil {
		return nil, fmt.Errorf("give up files: %w", err)
	}
	rows, err := tx.Query(ctx, "SELECT id, module FROM files WHERE state = 'removed'")
	if err != nil {
		return nil, fmt.Errorf("look for lost files: %w", err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (f File, err error) {
		err = row.Scan(&f.ID, &f.Module)
		return f, err
	})
}

func (s *Store) forget(ctx context.Context, id uuid.UUID) error {
	if _, err := tenants.PgxTx(ctx).Exec(ctx, "DELETE FROM files WHERE id = $1 AND state = 'removed'", id); err != nil {
		return fmt.Errorf("forget file %s: %w", id, err)
	}
	return nil
}
