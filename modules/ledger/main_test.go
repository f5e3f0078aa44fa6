package ledger

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// clock is the time in the test's hand; every look at it lets a second pass, so that what happens has an order.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Second)
	return c.now
}

func (c *clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// world is a city with its ledger.
type world struct {
	*Service
	t     testing.TB
	ctx   context.Context
	city  *tenants.City
	clock *clock
}

func setup(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	return newWorld(t)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	ctx, city := testkit.City(t)
	policy, err := authz.Load(Policy)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ctx: ctx, city: city, clock: &clock{now: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)}}
	w.Service = New(Options{DB: testkit.DB(t), Policy: policy, Now: w.clock.Now})
	return w
}

// tx runs do in one transaction of the city.
func (w *world) tx(do func(context.Context) error) error { return w.db.Tx(w.ctx, do) }

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) post(t Transfer) (id uuid.UUID, err error) {
	err = w.tx(func(ctx context.Context) error {
		id, err = w.Post(ctx, t)
		return err
	})
	return id, err
}

func (w *world) mustPost(t Transfer) uuid.UUID {
	w.t.Helper()
	id, err := w.post(t)
	w.must(err)
	return id
}

func (w *world) settle(key string) error {
	return w.tx(func(ctx context.Context) error { return w.Settle(ctx, key) })
}
func (w *world) void(key string) error {
	return w.tx(func(ctx context.Context) error { return w.Void(ctx, key) })
}

func (w *world) reverse(key, newKey string) (id uuid.UUID, err error) {
	err = w.tx(func(ctx context.Context) error {
		id, err = w.Reverse(ctx, key, newKey)
		return err
	})
	return id, err
}

func (w *world) holds(a Account, cents int64) {
	w.t.Helper()
	got, err := w.Balance(w.ctx, a)
	w.must(err)
	if got != cents {
		w.t.Errorf("%+v holds %d, want %d", a, got, cents)
	}
}

func (w *world) sql(sql string, args ...any) error {
	return w.tx(func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, sql, args...)
		return err
	})
}

// plant changes the city's rows as no user of the program can: as superuser, past every trigger.
func (w *world) plant(sql string, args ...any) {
	w.t.Helper()
	conn, err := pgx.Connect(w.ctx, testkit.Postgres(w.t).SuperURL())
	w.must(err)
	defer func() { _ = conn.Close(context.WithoutCancel(w.ctx)) }()
	w.must(pgx.BeginFunc(w.ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(w.ctx, "SELECT set_config('app.tenant', $1, true), set_config('session_replication_role', 'replica', true)", w.city.ID.String()); err != nil {
			return err
		}
		_, err := tx.Exec(w.ctx, sql, args...)
		return err
	}))
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// payment and sale are the two halves of a purchase.
func payment(key string, citizen uuid.UUID, cents int64) Transfer {
	return Transfer{Key: key, Kind: Payment, Reference: newID(), Moves: []Move{{RailAccount("card"), CitizenAccount(citizen), cents}}}
}

func sale(key string, citizen, provider uuid.UUID, cents int64) Transfer {
	return Transfer{Key: key, Kind: Sale, Reference: newID(), Moves: []Move{{CitizenAccount(citizen), ProviderAccount(provider), cents}}}
}
