package tenants

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// DB is the only door to PostgreSQL. Whatever passes it works for exactly one city, which row-level security enforces.
type DB struct {
	reads  *pgxpool.Pool // prepared statements, for batches
	writes *bun.DB       // bun inlines its literals: nothing is prepared
}

// Open connects as the app role; conns bounds each of the two pools.
func Open(ctx context.Context, url string, conns int) (*DB, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	config.MaxConns = int32(conns) //nolint:gosec // a handful
	reads, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	single := config.ConnConfig.Copy()
	single.DefaultQueryExecMode = pgx.QueryExecModeExec
	pool := stdlib.OpenDB(*single)
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	return &DB{reads: reads, writes: bun.NewDB(pool, pgdialect.New())}, nil
}

// Close gives back every connection.
func (db *DB) Close() {
	db.reads.Close()
	_ = db.writes.Close()
}

// SQL is for checks of the whole installation, as of its health; it carries no city, so no tenant's row is visible to it.
func (db *DB) SQL() *sql.DB { return db.writes.DB }

// Pool is for the job queue and for the schema, which are global.
func (db *DB) Pool() *pgxpool.Pool { return db.reads }

// Queries builds SQL inside the transaction of a use case. It has no way to begin or end one.
type Queries struct{ conn bun.Conn }

func (q Queries) NewSelect() *bun.SelectQuery             { return q.conn.NewSelect() }
func (q Queries) NewInsert() *bun.InsertQuery             { return q.conn.NewInsert() }
func (q Queries) NewUpdate() *bun.UpdateQuery             { return q.conn.NewUpdate() }
func (q Queries) NewDelete() *bun.DeleteQuery             { return q.conn.NewDelete() }
func (q Queries) NewRaw(s string, a ...any) *bun.RawQuery { return q.conn.NewRaw(s, a...) }

type txKey struct{}

type transaction struct {
	city    *City
	queries Queries
	pgx     *work
	after   []func()
	ended   atomic.Bool // a context that outlives it reaches nothing
}

// ErrNoTransaction means that a store was called outside Tx, or with a context whose transaction has ended.
var ErrNoTransaction = errors.New("no transaction in this context")

// Query gives the query builders of the running transaction. Calling it outside Tx is a programming error and panics.
func Query(ctx context.Context) Queries {
	t := running(ctx)
	_ = t.pgx.now(ctx) // builders see what was put off; where that failed, the transaction takes nothing any more
	return t.queries
}

// PgxTx is the running transaction as the job queue needs it.
func PgxTx(ctx context.Context) pgx.Tx { return running(ctx).pgx }

// After runs do once the transaction has been committed; not at all if it is rolled back.
func After(ctx context.Context, do func()) {
	t := running(ctx)
	t.after = append(t.after, do)
}

func running(ctx context.Context) *transaction {
	if t, ok := ctx.Value(txKey{}).(*transaction); ok && !t.ended.Load() {
		return t
	}
	panic(ErrNoTransaction)
}

// InTx says whether ctx runs inside a transaction.
func InTx(ctx context.Context) bool {
	t, ok := ctx.Value(txKey{}).(*transaction)
	return ok && !t.ended.Load()
}

// Tx runs one use case for the city of ctx: everything do writes is kept, or nothing. A call inside another joins it.
// Errors: ErrNoCity; ErrOtherCity for a nested call that works for another city; else what do or the database said.
func (db *DB) Tx(ctx context.Context, do func(context.Context) error) error {
	city, err := From(ctx)
	if err != nil {
		return err
	}
	if _, inside, err := joined(ctx, city); err != nil {
		return err
	} else if inside {
		return do(ctx)
	}
	t := &transaction{city: city}
	if err := db.transact(ctx, t, do); err != nil {
		return err
	}
	for _, do := range t.after {
		do()
	}
	return nil
}

// transact holds a connection no longer than the transaction lasts.
func (db *DB) transact(ctx context.Context, t *transaction, do func(context.Context) error) (err error) {
	conn, err := db.writes.Conn(ctx)
	if err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	defer func() { _ = conn.Close() }()
	// bun's own BeginTx would commit behind our back on a shared connection: the transaction is pgx's, bun only queries in it.
	var raw *pgx.Conn
	if err := conn.Raw(func(driver any) error {
		raw = driver.(*stdlib.Conn).Conn()
		return nil
	}); err != nil {
		return fmt.Errorf("reach the database: %w", err)
	}
	t.queries, t.pgx = Queries{conn}, newWork(raw, t.city)
	defer t.ended.Store(true)
	defer func() { t.pgx.undo(context.WithoutCancel(ctx), err) }()
	if err := do(context.WithValue(ctx, txKey{}, t)); err != nil {
		return t.pgx.because(err)
	}
	return t.pgx.because(t.pgx.commit(ctx))
}

// joined gives the transaction that ctx runs in, if it does.
func joined(ctx context.Context, city *City) (t *transaction, inside bool, err error) {
	t, inside = ctx.Value(txKey{}).(*transaction)
	switch {
	case !inside:
		return nil, false, nil
	case t.ended.Load():
		return nil, false, ErrNoTransaction
	case t.city.ID != city.ID:
		return nil, false, ErrOtherCity
	}
	return t, true, nil
}

// Read sends the queries that queue adds, for the city of ctx, in one round trip. Inside Tx it sees what the transaction wrote.
func (db *DB) Read(ctx context.Context, queue func(*pgx.Batch)) error {
	city, err := From(ctx)
	if err != nil {
		return err
	}
	outer, inside, err := joined(ctx, city)
	if err != nil {
		return err
	}
	var batch pgx.Batch
	if inside {
		queue(&batch)
		return outer.pgx.SendBatch(ctx, &batch).Close()
	}
	// A batch is one implicit transaction: the setting lasts exactly as long as its queries.
	batch.Queue("SELECT set_config('app.tenant', $1, true)", city.ID.String())
	queue(&batch)
	return db.reads.SendBatch(ctx, &batch).Close()
}

// Touch says that something a visitor could see has changed: every process drops what it cached of this city.
func Touch(ctx context.Context) error {
	_, err := Query(ctx).NewRaw("UPDATE cities SET version = version + 1 WHERE id = current_city()").Exec(ctx)
	return err
}
