package tenants

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Later writes something, in the running transaction, that needs no answer: it travels with the next statement that does, or with the commit, so that it
// costs no round trip and what it locks is locked for as short as can be. What the database has against it is told there, under its name.
func Later(ctx context.Context, name, sql string, args ...any) {
	running(ctx).pgx.later(name, sql, args...)
}

// work is the transaction as our own SQL uses it: begun by its first statement, with prepared statements on a connection whose default suits bun's
// inlined literals, and never ahead of what was put off.
type work struct {
	pgx.Tx // nil until it is begun
	conn   *pgx.Conn
	waits  *pgx.Batch
	names  []string // of what waits
	cause  error    // why it can no longer be committed, if a statement that was put off is to blame
	over   bool
}

// newWork puts off the beginning and the entering of the city, too.
func newWork(conn *pgx.Conn, city *City) *work {
	w := &work{conn: conn, waits: &pgx.Batch{}, names: []string{"begin"}}
	w.waits.BeginTx(pgx.TxOptions{})
	w.later("enter "+city.Slug, "SELECT set_config('app.tenant', $1, true)", city.ID.String())
	return w
}

func (w *work) later(name, sql string, args ...any) {
	w.names = append(w.names, name)
	w.waits.Queue(sql, args...)
}

const (
	prepare        = pgx.QueryExecModeCacheStatement
	staleStatement = "0A000" // "cached plan must not change result type": a migration ran meanwhile
)

// now sends what waits. Errors: of what was put off, now or before.
func (w *work) now(ctx context.Context) error {
	if len(w.names) > 0 && w.cause == nil {
		return w.SendBatch(ctx, &pgx.Batch{}).Close()
	}
	return w.cause
}

// SendBatch sends what waits, then the batch, in one round trip.
func (w *work) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	if w.cause != nil {
		return pgx.FailedBatchResults(b, w.cause)
	}
	all, names := w.waits, w.names
	w.waits, w.names = &pgx.Batch{}, nil
	all.QueuedQueries = append(all.QueuedQueries, b.QueuedQueries...)
	if w.cause = w.prepareAll(ctx, all); w.cause != nil {
		return pgx.FailedBatchResults(b, w.cause)
	}
	results := w.conn.SendBatch(ctx, all)
	if w.Tx == nil {
		w.Tx = results.Tx()
	}
	for _, name := range names {
		if _, err := results.Exec(); err != nil {
			_ = results.Close()
			w.cause = fmt.Errorf("%s: %w", name, err)
			if w.conn.PgConn().TxStatus() == 'I' { // not even the beginning was sent: nobody may use the connection outside of a transaction
				_ = w.conn.Close(ctx)
			}
			return pgx.FailedBatchResults(b, w.cause)
		}
	}
	return results
}

// prepareAll prepares what this connection has not prepared before. Where that fails before the beginning, nobody may use the connection, for it would
// be outside of any transaction.
func (w *work) prepareAll(ctx context.Context, b *pgx.Batch) error {
	for _, q := range b.QueuedQueries {
		if _, err := w.conn.Prepare(ctx, q.SQL, q.SQL); err != nil {
			if w.Tx == nil {
				_ = w.conn.Close(ctx)
			}
			return fmt.Errorf("prepare: %w", err)
		}
	}
	return nil
}

// Exec implements pgx.Tx.
func (w *work) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if err := w.now(ctx); err != nil {
		return pgconn.CommandTag{}, err
	}
	return w.conn.Exec(ctx, sql, slices.Concat([]any{prepare}, args)...)
}

// Query implements pgx.Tx.
func (w *work) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if err := w.now(ctx); err != nil {
		return nil, err
	}
	return w.conn.Query(ctx, sql, slices.Concat([]any{prepare}, args)...)
}

// QueryRow implements pgx.Tx.
func (w *work) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if err := w.now(ctx); err != nil {
		return pgx.FailedBatchResults(&pgx.Batch{}, err).QueryRow()
	}
	return w.conn.QueryRow(ctx, sql, slices.Concat([]any{prepare}, args)...)
}

// Begin implements pgx.Tx: a savepoint, of which what was put off before is no part.
func (w *work) Begin(ctx context.Context) (pgx.Tx, error) {
	if err := w.now(ctx); err != nil {
		return nil, err
	}
	return w.Tx.Begin(ctx)
}

// CopyFrom implements pgx.Tx.
func (w *work) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	if err := w.now(ctx); err != nil {
		return 0, err
	}
	return w.conn.CopyFrom(ctx, table, columns, rows)
}

// commit ends the transaction, with what still waits in the same round trip.
func (w *work) commit(ctx context.Context) error {
	if w.Tx == nil && len(w.names) == 2 {
		return nil // nothing was begun
	}
	var last pgx.Batch
	last.Queue("COMMIT")
	results := w.SendBatch(ctx, &last)
	tag, err := results.Exec()
	err = errors.Join(err, results.Close())
	switch {
	case w.cause != nil:
		return w.cause
	case err == nil && tag.String() != "COMMIT":
		err = pgx.ErrTxCommitRollback
	}
	if w.over = err == nil; w.over {
		return nil
	}
	return fmt.Errorf("commit: %w", err)
}

// undo rolls back what was not committed. Statements whose tables have changed since they were prepared are prepared anew the next time.
func (w *work) undo(ctx context.Context, err error) {
	if w.over || w.Tx == nil {
		return
	}
	_ = w.Rollback(ctx)
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == staleStatement {
		_ = w.conn.DeallocateAll(ctx)
	}
}

// because adds why the transaction had failed before an error came of it.
func (w *work) because(err error) error {
	if w.cause == nil || errors.Is(err, w.cause) {
		return err
	}
	return errors.Join(w.cause, err)
}

// Conn implements pgx.Tx.
func (w *work) Conn() *pgx.Conn { return w.conn }
