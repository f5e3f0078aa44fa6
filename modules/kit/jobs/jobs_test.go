package jobs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"github.com/welfarex/welfarex/migrations"
	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// task is a job that does what a test has laid down for its key.
type task struct {
	Key uuid.UUID `json:"key"`
}

func (task) Kind() string { return "jobs.test" }

// world is a database of its own with a queue that is worked on.
type world struct {
	db     *tenants.DB
	cities *tenants.Directory
	queue  *jobs.Queue
	decoy  *tenants.City // the city that the worker's own context works for
	orders sync.Map      // key → func(context.Context) error
}

func start(t *testing.T, only ...string) *world {
	t.Helper()
	name := "jobs_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	owner, app, err := testkit.Postgres(t).CreateDatabase(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := migrations.Up(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	w := &world{}
	if w.db, err = tenants.Open(t.Context(), app, 8); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.db.Close)
	if w.cities, err = tenants.OpenDirectory(t.Context(), w.db, testkit.Parent, only...); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var following sync.WaitGroup
	following.Go(func() { w.cities.Follow(ctx) })
	t.Cleanup(func() { cancel(); following.Wait() })
	testkit.Eventually(t, "the directory is fresh", w.cities.Fresh)

	workers := jobs.NewWorkers()
	jobs.On(workers, func(ctx context.Context, order task) error {
		do, ok := w.orders.Load(order.Key)
		if !ok {
			return errors.New("nothing was laid down for this job")
		}
		return do.(func(context.Context) error)(ctx)
	})
	if w.queue, err = jobs.Open(w.db, w.cities, workers, 4); err != nil {
		t.Fatal(err)
	}
	_, w.decoy = w.city(t)
	if err := w.queue.Start(tenants.With(ctx, w.decoy)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ending, done := context.WithTimeout(ctx, 10*time.Second)
		defer done()
		if err := w.queue.Stop(ending); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return w
}

// city opens one in this world's own database.
func (w *world) city(t *testing.T) (context.Context, *tenants.City) {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	c := &tenants.City{ID: id, Slug: "t" + strings.ReplaceAll(id.String(), "-", "")}
	ctx := tenants.With(t.Context(), c)
	w.exec(t, ctx, "INSERT INTO cities (id, slug, name, settings) VALUES ($1, $2, 'Prova', '{}')", id, c.Slug)
	if !w.cities.Partial() {
		testkit.Eventually(t, "the directory hears of the city", func() bool { return w.cities.ByID(id) != nil })
	}
	return ctx, c
}

func (w *world) exec(t *testing.T, ctx context.Context, sql string, args ...any) {
	t.Helper()
	if err := w.db.Tx(ctx, func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, sql, args...)
		return err
	}); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// order lays down what the job of a new key does.
func (w *world) order(do func(context.Context) error) uuid.UUID {
	key := uuid.New()
	w.orders.Store(key, do)
	return key
}

func (w *world) enqueue(t *testing.T, ctx context.Context, key uuid.UUID) {
	t.Helper()
	if err := w.db.Tx(ctx, func(ctx context.Context) error { return w.queue.Enqueue(ctx, task{key}) }); err != nil {
		t.Fatal(err)
	}
}

// job is a job's row.
type job struct {
	State    string
	Attempt  int
	Wait     float64 // seconds until its turn
	Errors   string
	Args     json.RawMessage
	Metadata map[string]any
}

func (w *world) job(t *testing.T, key uuid.UUID) (j job, found bool) {
	t.Helper()
	err := w.db.Pool().QueryRow(t.Context(), `SELECT state::text, attempt, extract(epoch FROM scheduled_at - now())::float8, COALESCE(errors::text, ''), args, metadata
		FROM river_job WHERE args ->> 'key' = $1`, key.String()).Scan(&j.State, &j.Attempt, &j.Wait, &j.Errors, &j.Args, &j.Metadata)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatal(err)
	}
	return j, err == nil
}

func (w *world) becomes(t *testing.T, key uuid.UUID, state string) job {
	t.Helper()
	testkit.Eventually(t, "the job is "+state, func() bool { j, ok := w.job(t, key); return ok && j.State == state })
	j, _ := w.job(t, key)
	return j
}

func never(t *testing.T) func(context.Context) error {
	return func(context.Context) error { t.Error("the job was done"); return nil }
}

func TestQueue(t *testing.T) {
	t.Parallel()
	w := start(t)
	for name, test := range map[string]func(*testing.T, *world){
		"a job works for the city that asked for it and no other": worksForItsCity,
		"a rolled-back decision asks for nothing":                 rolledBack,
		"a job is not begun before the decision is taken":         notBefore,
		"a job with no city is cancelled":                         noCity,
		"a job for a city that is not there fails":                unknownCity,
		"a job of a suspended city waits":                         suspended,
		"a job that failed is done again":                         again,
		"a job carries its city and ids alone":                    carriesIDs,
		"asking needs a city and a decision":                      needsBoth,
		"a job asks for another in its own city":                  askedByAJob,
	} {
		t.Run(name, func(t *testing.T) { t.Parallel(); test(t, w) })
	}
}

func worksForItsCity(t *testing.T, w *world) {
	ctx, city := w.city(t)
	otherCtx, _ := w.city(t)
	for _, c := range []context.Context{ctx, otherCtx, tenants.With(ctx, w.decoy)} {
		w.exec(t, c, "INSERT INTO offices (id, slug, name) VALUES (gen_random_uuid(), 'a', current_city()::text)")
	}
	done := make(chan string, 1)
	key := w.order(func(ctx context.Context) error {
		found, err := tenants.From(ctx)
		if err != nil || found.ID != city.ID || found.Host == "" {
			t.Errorf("city %+v, %v", found, err)
		}
		var seen string
		if err := w.db.Read(ctx, func(b *pgx.Batch) {
			b.Queue("SELECT string_agg(name, ' ') FROM offices").QueryRow(func(row pgx.Row) error { return row.Scan(&seen) })
		}); err != nil {
			return err
		}
		if id := tenants.RequestID(ctx); !strings.HasPrefix(id, "job-") {
			t.Errorf("request %q", id)
		}
		if _, ok := ctx.Deadline(); !ok {
			t.Error("a job has no deadline")
		}
		done <- seen
		return nil
	})
	w.enqueue(t, ctx, key)
	w.becomes(t, key, "completed")
	if seen := <-done; seen != city.ID.String() {
		t.Errorf("it saw %q", seen)
	}
}

func rolledBack(t *testing.T, w *world) {
	ctx, _ := w.city(t)
	key := w.order(never(t))
	wrong := errors.New("wrong")
	if err := w.db.Tx(ctx, func(ctx context.Context) error {
		if err := w.queue.Enqueue(ctx, task{key}); err != nil {
			t.Error(err)
		}
		return wrong
	}); !errors.Is(err, wrong) {
		t.Fatal(err)
	}
	if j, ok := w.job(t, key); ok {
		t.Errorf("a job: %+v", j)
	}
}

func notBefore(t *testing.T, w *world) {
	ctx, _ := w.city(t)
	decided := make(chan struct{})
	key := w.order(func(context.Context) error {
		select {
		case <-decided:
		default:
			t.Error("begun too early")
		}
		return nil
	})
	if err := w.db.Tx(ctx, func(ctx context.Context) error {
		if err := w.queue.Enqueue(ctx, task{key}); err != nil {
			return err
		}
		if j, ok := w.job(t, key); ok {
			t.Errorf("others see %+v", j)
		}
		close(decided)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	w.becomes(t, key, "completed")
}

// A process that is killed leaves its jobs as if they were still worked on.
func TestQueue_AJobOfADeadProcessIsDoneAgain(t *testing.T) {
	t.Parallel()
	w := start(t)
	if err := w.queue.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, _ := w.city(t)
	key := w.order(func(context.Context) error { return nil })
	w.enqueue(t, ctx, key)
	if _, err := w.db.Pool().Exec(t.Context(), `UPDATE river_job SET state = 'running', attempt = 1, attempted_by = '{gone}', attempted_at = now() - interval '3 minutes'`); err != nil {
		t.Fatal(err)
	}
	if err := w.queue.Start(context.WithoutCancel(ctx)); err != nil {
		t.Fatal(err)
	}
	w.becomes(t, key, "completed")
}

// forge puts a job into the table past Enqueue.
func (w *world) forge(t *testing.T, key uuid.UUID, metadata string) {
	t.Helper()
	if _, err := w.db.Pool().Exec(t.Context(), `INSERT INTO river_job (args, kind, max_attempts, metadata) VALUES (jsonb_build_object('key', $1::text), 'jobs.test', 5, $2::jsonb)`,
		key.String(), metadata); err != nil {
		t.Fatal(err)
	}
}

func noCity(t *testing.T, w *world) {
	keys := map[string]uuid.UUID{}
	for _, metadata := range []string{
		`{}`, `{"city": ""}`, `{"city": "cremona"}`, `{"city": 7}`, `{"city": null}`, `{"tenant": "` + w.decoy.ID.String() + `"}`, `{"city": ["` + w.decoy.ID.String() + `"]}`,
	} {
		keys[metadata] = w.order(never(t))
		w.forge(t, keys[metadata], metadata)
	}
	for metadata, key := range keys {
		if j := w.becomes(t, key, "cancelled"); !strings.Contains(j.Errors, tenants.ErrNoCity.Error()) {
			t.Errorf("%s: %s", metadata, j.Errors)
		}
	}
}

func unknownCity(t *testing.T, w *world) {
	key := w.order(never(t))
	w.forge(t, key, fmt.Sprintf(`{"city": %q}`, uuid.New()))
	if j := w.becomes(t, key, "retryable"); !strings.Contains(j.Errors, "not there") {
		t.Error(j.Errors)
	}
}

func suspended(t *testing.T, w *world) {
	ctx, city := w.city(t)
	if err := w.db.SetStatus(ctx, tenants.StatusSuspended); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the city is suspended", func() bool { return w.cities.ByID(city.ID).Status == tenants.StatusSuspended })
	key := w.order(never(t))
	w.enqueue(t, ctx, key)
	if j := w.becomes(t, key, "scheduled"); j.Wait < 600 || j.Attempt != 0 || j.Errors != "" {
		t.Errorf("%+v", j)
	}
	w.orders.Store(key, func(context.Context) error { return nil })
	if err := w.db.SetStatus(ctx, tenants.StatusOpen); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the city is open", func() bool { return w.cities.ByID(city.ID).Status == tenants.StatusOpen })
	if _, err := w.db.Pool().Exec(t.Context(), "UPDATE river_job SET state = 'available', scheduled_at = now() WHERE args ->> 'key' = $1", key.String()); err != nil {
		t.Fatal(err)
	}
	w.becomes(t, key, "completed")
}

func again(t *testing.T, w *world) {
	ctx, _ := w.city(t)
	var tries int
	key := w.order(func(context.Context) error {
		if tries++; tries == 1 {
			return errors.New("not yet")
		}
		return nil
	})
	w.enqueue(t, ctx, key)
	if j := w.becomes(t, key, "completed"); j.Attempt != 2 || !strings.Contains(j.Errors, "not yet") {
		t.Errorf("%+v", j)
	}
}

func carriesIDs(t *testing.T, w *world) {
	ctx, city := w.city(t)
	key := w.order(func(context.Context) error { return nil })
	w.enqueue(t, ctx, key)
	j := w.becomes(t, key, "completed")
	if string(j.Args) != fmt.Sprintf(`{"key": %q}`, key) || j.Metadata["city"] != city.ID.String() {
		t.Errorf("args %s, metadata %v", j.Args, j.Metadata)
	}
	for name := range j.Metadata {
		if name != "city" && !strings.HasPrefix(name, "river:") {
			t.Errorf("it carries %s", name)
		}
	}
}

func needsBoth(t *testing.T, w *world) {
	if err := w.queue.Enqueue(t.Context(), task{uuid.New()}); !errors.Is(err, tenants.ErrNoCity) {
		t.Errorf("without a city: %v", err)
	}
	ctx, _ := w.city(t)
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, tenants.ErrNoTransaction) {
			t.Errorf("without a transaction: %v", err)
		}
	}()
	_ = w.queue.Enqueue(ctx, task{uuid.New()})
}

func askedByAJob(t *testing.T, w *world) {
	ctx, city := w.city(t)
	second := w.order(func(ctx context.Context) error {
		if found, err := tenants.From(ctx); err != nil || found.ID != city.ID {
			t.Errorf("city %v, %v", found, err)
		}
		return nil
	})
	first := w.order(func(ctx context.Context) error {
		return w.db.Tx(ctx, func(ctx context.Context) error { return w.queue.Enqueue(ctx, task{second}) })
	})
	w.enqueue(t, ctx, first)
	w.becomes(t, second, "completed")
}

func TestQueue_AProcessForSomeCitiesLeavesTheOthersJobsToOthers(t *testing.T) {
	t.Parallel()
	w := start(t, "cremona")
	ctx, _ := w.city(t)
	key := w.order(never(t))
	w.enqueue(t, ctx, key)
	var j job
	testkit.Eventually(t, "it was put back", func() bool {
		j, _ = w.job(t, key)
		return j.Metadata["snoozes"] != nil && j.State != "running"
	})
	if j.Attempt != 0 || j.Errors != "" || j.Wait > 15 {
		t.Errorf("%+v", j)
	}
}

func TestStop_LetsARunningJobFinish(t *testing.T) {
	t.Parallel()
	w := start(t)
	ctx, _ := w.city(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	key := w.order(func(ctx context.Context) error {
		close(begun)
		<-finish
		return ctx.Err()
	})
	w.enqueue(t, ctx, key)
	<-begun
	stopped := make(chan error, 1)
	go func() { stopped <- w.queue.Stop(context.WithoutCancel(t.Context())) }()
	select {
	case err := <-stopped:
		t.Errorf("stopped over a running job: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	close(finish)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if j, _ := w.job(t, key); j.State != "completed" {
		t.Errorf("%+v", j)
	}
}

// What is put off is written by our own SQL: it must be the row that River would have written.
func TestEnqueueAt_WritesWhatRiverWould(t *testing.T) {
	t.Parallel()
	w := start(t)
	ctx, city := w.city(t)
	at := time.Now().Add(time.Hour).Truncate(time.Microsecond)
	theirs, err := river.NewClient(riverpgxv5.New(w.db.Pool()), &river.Config{})
	if err != nil {
		t.Fatal(err)
	}
	key := task{uuid.Must(uuid.NewV7())}
	if err := w.db.Tx(ctx, func(ctx context.Context) error {
		_, err := theirs.InsertTx(ctx, tenants.PgxTx(ctx), key, &river.InsertOpts{Metadata: fmt.Appendf(nil, `{"city": %q}`, city.ID), ScheduledAt: at})
		return errors.Join(err, w.queue.EnqueueAt(ctx, key, at))
	}); err != nil {
		t.Fatal(err)
	}
	rows, err := w.db.Pool().Query(ctx, "SELECT (to_jsonb(j) - '{id,created_at}'::text[])::text FROM river_job j WHERE args ->> 'key' = $1", key.Key.String())
	if err != nil {
		t.Fatal(err)
	}
	if list, err := pgx.CollectRows(rows, pgx.RowTo[string]); err != nil || len(list) != 2 || list[0] != list[1] {
		t.Errorf("%q, %v", list, err)
	}
}
