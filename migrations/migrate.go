// Package migrations brings a database to the program's schema: forward only, one SQL file a step.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/migrate"
)

//go:embed *.sql
var files embed.FS

// ErrOldSchema means that the database is behind the program.
var ErrOldSchema = errors.New("the database schema is older than this program: run `welfarex migrate`")

// lock is held while migrating, so that two processes starting at once do it one after the other.
const lock = 7_395_001

// Up applies what is missing, as the owner role, and returns the names of the steps it took.
func Up(ctx context.Context, ownerURL string) ([]string, error) {
	pool, err := pgxpool.New(ctx, ownerURL)
	if err != nil {
		return nil, fmt.Errorf("open the database as its owner: %w", err)
	}
	defer pool.Close()
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, fmt.Errorf("reach the database as its owner: %w", err)
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock($1)", lock); err != nil {
		return nil, fmt.Errorf("wait for another migration: %w", err)
	}
	defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", lock) }()

	river, err := newRiver(pool)
	if err != nil {
		return nil, err
	}
	if _, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, fmt.Errorf("make the job tables: %w", err)
	}
	migrator, err := newMigrator(stdlib.OpenDBFromPool(pool))
	if err != nil {
		return nil, err
	}
	if err := migrator.Init(ctx); err != nil {
		return nil, fmt.Errorf("make the migrations table: %w", err)
	}
	group, err := migrator.Migrate(ctx)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	names := make([]string, len(group.Migrations))
	for i, m := range group.Migrations {
		names[i] = m.Name + "_" + m.Comment
	}
	return names, nil
}

const undefinedTable = "42P01" // PostgreSQL's error codes, appendix A

// Check returns ErrOldSchema unless every step of this program and of its River was applied; the app role may call it.
func Check(ctx context.Context, pool *pgxpool.Pool) error {
	db := stdlib.OpenDBFromPool(pool)
	defer func() { _ = db.Close() }()
	migrator, err := newMigrator(db)
	if err != nil {
		return err
	}
	steps, err := migrator.MigrationsWithStatus(ctx)
	var failure *pgconn.PgError
	if errors.As(err, &failure) && failure.Code == undefinedTable {
		return fmt.Errorf("%w: it is empty", ErrOldSchema)
	}
	if err != nil {
		return fmt.Errorf("ask the database for its schema: %w", err)
	}
	if missing := steps.Unapplied(); len(missing) > 0 {
		return fmt.Errorf("%w: %d missing, last %s", ErrOldSchema, len(missing), missing[0].Name)
	}
	return checkRiver(ctx, pool)
}

// checkRiver is for a River that was raised since the last migration: it brings steps, and no file of ours.
func checkRiver(ctx context.Context, pool *pgxpool.Pool) error {
	river, err := newRiver(pool)
	if err != nil {
		return err
	}
	state, err := river.Validate(ctx, nil)
	if err != nil {
		return fmt.Errorf("ask the database for its job tables: %w", err)
	}
	if !state.OK {
		return fmt.Errorf("%w: job tables: %s", ErrOldSchema, strings.Join(state.Messages, ", "))
	}
	return nil
}

// newRiver knows River's own list of steps, which bring its tables.
func newRiver(pool *pgxpool.Pool) (*rivermigrate.Migrator[pgx.Tx], error) {
	river, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return nil, fmt.Errorf("prepare the job tables: %w", err)
	}
	return river, nil
}

func newMigrator(db *sql.DB) (*migrate.Migrator, error) {
	steps := migrate.NewMigrations()
	if err := steps.Discover(files); err != nil {
		return nil, fmt.Errorf("read the migrations: %w", err)
	}
	return migrate.NewMigrator(bun.NewDB(db, pgdialect.New()), steps, migrate.WithMarkAppliedOnSuccess(true)), nil
}
