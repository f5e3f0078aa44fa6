// Package jobs runs work after the transaction that asked for it. A job carries its city and ids, never personal data; the
// worker enters the city before anything else, and a job with no city fails.
package jobs

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/welfarex/welfarex/tenants"
)

// Args is what a job carries: ids only. Kind names it, at least three characters: "accounts.verification_mail".
type Args = river.JobArgs

// Workers are the kinds of jobs this program knows.
type Workers struct {
	river *river.Workers
	kinds map[string]func(context.Context, []byte) error
}

// NewWorkers begins with none.
func NewWorkers() *Workers {
	return &Workers{river.NewWorkers(), map[string]func(context.Context, []byte) error{}}
}

// On says what to do for jobs of type T. do may run more than once for the same job: its effects on the outside need a key.
func On[T Args](w *Workers, do func(context.Context, T) error) {
	river.AddWorker(w.river, river.WorkFunc(func(ctx context.Context, job *river.Job[T]) error { return do(ctx, job.Args) }))
	var none T
	w.kinds[none.Kind()] = func(ctx context.Context, raw []byte) error {
		var args T
		if err := json.Unmarshal(raw, &args); err != nil {
			return err
		}
		return do(ctx, args)
	}
}

// Do does a job at once for the city of ctx, from what a queue would have kept of it: for tests that hold the clock.
func (w *Workers) Do(ctx context.Context, args Args) error {
	do := w.kinds[args.Kind()]
	if do == nil {
		return fmt.Errorf("nobody does %s", args.Kind())
	}
	raw, err := json.Marshal(args)
	if err != nil {
		return err
	}
	return do(ctx, raw)
}

// Queue takes jobs inside transactions and, in a process that works, runs them.
type Queue struct{ client *river.Client[pgx.Tx] }

const (
	longest   = time.Minute      // how long a job may work
	lost      = 2 * time.Minute  // when a job that still works is one of a process that died, and is done again
	snooze    = 15 * time.Minute // how long a job of a suspended city waits before it asks again
	elsewhere = 10 * time.Second // how long a job waits that another process must do
)

// Open makes the queue; call Start to also work on it, with as many jobs at once as atOnce.
func Open(db *tenants.DB, cities *tenants.Directory, workers *Workers, atOnce int) (*Queue, error) {
	config := &river.Config{
		Workers: workers.river, Logger: slog.Default(), JobTimeout: longest, RescueStuckJobsAfter: lost,
		ReindexerSchedule: river.NeverSchedule(), // the app role owns no table
		Middleware:        []rivertype.Middleware{enter(cities)},
	}
	if atOnce > 0 {
		config.Queues = map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: atOnce}}
	}
	client, err := river.NewClient(riverpgxv5.New(db.Pool()), config)
	if err != nil {
		return nil, fmt.Errorf("open the job queue: %w", err)
	}
	return &Queue{client}, nil
}

// Enqueue asks for a job in the running transaction: it exists if and only if the transaction is committed.
func (q *Queue) Enqueue(ctx context.Context, args Args) error {
	return q.EnqueueAt(ctx, args, time.Time{})
}

// EnqueueAt asks for a job that is done at a time, or soon after; the zero time is now. What is put off needs no answer and wakes nobody, so it is
// written with the commit, as River itself would write it.
func (q *Queue) EnqueueAt(ctx context.Context, args Args, at time.Time) error {
	city, err := tenants.From(ctx)
	if err != nil {
		return err
	}
	origin, _ := json.Marshal(map[string]string{"city": city.ID.String()})
	if at.IsZero() {
		if _, err := q.client.InsertTx(ctx, tenants.PgxTx(ctx), args, &river.InsertOpts{Metadata: origin}); err != nil {
			return fmt.Errorf("enqueue %s: %w", args.Kind(), err)
		}
		return nil
	}
	raw, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("enqueue %s: %w", args.Kind(), err)
	}
	tenants.Later(ctx, "enqueue "+args.Kind(), `INSERT INTO river_job (args, kind, max_attempts, metadata, priority, queue, scheduled_at, state) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		raw, args.Kind(), river.MaxAttemptsDefault, origin, river.PriorityDefault, river.QueueDefault, at, string(rivertype.JobStateScheduled))
	return nil
}

// Start works on jobs until Stop.
func (q *Queue) Start(ctx context.Context) error { return q.client.Start(ctx) }

// Stop lets running jobs finish until ctx ends.
func (q *Queue) Stop(ctx context.Context) error { return q.client.Stop(ctx) }

// enter puts the job's city into its context; whatever city the context had before is gone.
func enter(cities *tenants.Directory) rivertype.Middleware {
	return river.WorkerMiddlewareFunc(func(ctx context.Context, job *rivertype.JobRow, work func(context.Context) error) error {
		var origin struct{ City string }
		_ = json.Unmarshal(job.Metadata, &origin)
		id, err := uuid.Parse(origin.City)
		if err != nil {
			return river.JobCancel(fmt.Errorf("job %d (%s): %w", job.ID, job.Kind, tenants.ErrNoCity))
		}
		city := cities.ByID(id)
		switch {
		case city == nil && cities.Partial():
			return river.JobSnooze(elsewhere)
		case city == nil:
			return fmt.Errorf("job %d (%s) is for city %s, which is not there", job.ID, job.Kind, id)
		case city.Status == tenants.StatusSuspended:
			return river.JobSnooze(snooze)
		}
		return work(tenants.WithRequestID(tenants.With(ctx, city), fmt.Sprintf("job-%d", job.ID)))
	})
}
