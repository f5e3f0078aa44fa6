package once_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/once"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var now = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// person is an account of the city of ctx.
func person(t *testing.T, ctx context.Context) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	err := testkit.DB(t).Tx(ctx, func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, "INSERT INTO accounts (id, email, name, password) VALUES ($1, $2, 'Persona', '')", id, id.String()+"@posta.example")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func attempt(account uuid.UUID, body string) once.Attempt {
	sum := sha256.Sum256([]byte(body))
	return once.Attempt{Account: account, Route: "POST /orders", Key: "k", Digest: sum[:]}
}

func TestDo_DoesItOnceAmongManyAtOnce(t *testing.T) {
	t.Parallel()
	ctx, _ := testkit.City(t)
	s, a := once.New(testkit.DB(t), func() time.Time { return now }), attempt(person(t, ctx), "body")
	var done, again atomic.Int64
	var asking sync.WaitGroup
	for range 12 {
		asking.Go(func() {
			answer, replayed, err := s.Do(ctx, a, func(context.Context) ([]byte, error) {
				return fmt.Appendf(nil, `{"n": %d}`, done.Add(1)), nil
			})
			if err != nil || string(answer) != `{"n": 1}` {
				t.Errorf("%s, %v", answer, err)
			}
			if replayed {
				again.Add(1)
			}
		})
	}
	asking.Wait()
	if done.Load() != 1 || again.Load() != 11 {
		t.Errorf("done %d times, replayed %d times", done.Load(), again.Load())
	}
}

func TestDo_KeepsApartWhoAsksWhatAndWhere(t *testing.T) {
	t.Parallel()
	here, _ := testkit.City(t)
	there, _ := testkit.City(t)
	s := once.New(testkit.DB(t), func() time.Time { return now })
	anna, luca, other := person(t, here), person(t, here), person(t, there)
	do := func(ctx context.Context, a once.Attempt) (bool, error) {
		_, again, err := s.Do(ctx, a, func(context.Context) ([]byte, error) { return []byte("{}"), nil })
		return again, err
	}
	route := attempt(anna, "body")
	route.Route = "POST /messages"
	for i, c := range []struct {
		ctx   context.Context
		a     once.Attempt
		again bool
		err   error
	}{
		{here, attempt(anna, "body"), false, nil}, {here, attempt(anna, "body"), true, nil}, {here, attempt(anna, "another"), true, once.ErrKeyReused},
		{here, attempt(luca, "body"), false, nil}, {there, attempt(other, "body"), false, nil}, {here, route, false, nil},
	} {
		if again, err := do(c.ctx, c.a); again != c.again || !errors.Is(err, c.err) {
			t.Errorf("%d: %v, %v", i, again, err)
		}
	}
}

func TestDo_ForgetsWhatFailedAndWhatIsOld(t *testing.T) {
	t.Parallel()
	ctx, _ := testkit.City(t)
	clock := now
	s, a := once.New(testkit.DB(t), func() time.Time { return clock }), attempt(person(t, ctx), "body")
	failed := errors.New("no")
	if _, _, err := s.Do(ctx, a, func(context.Context) ([]byte, error) { return nil, failed }); !errors.Is(err, failed) {
		t.Fatal(err)
	}
	for _, step := range []struct {
		pass  time.Duration
		again bool
	}{{0, false}, {47 * time.Hour, true}, {2 * time.Hour, false}} {
		clock = clock.Add(step.pass)
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		if _, again, err := s.Do(ctx, a, func(context.Context) ([]byte, error) { return []byte("1"), nil }); err != nil || again != step.again {
			t.Errorf("after %v: %v, %v", step.pass, again, err)
		}
	}
}
