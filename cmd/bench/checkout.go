package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/orders"
	"github.com/welfarex/welfarex/tenants"
)

// ordersAtOnce is how many orders a side places in a round, each for a person of its own.
const ordersAtOnce = 300

// ordersBefore is how many there are when the measuring begins.
const ordersBefore = 3000

// shop is one city with people whose baskets are full, and the two ways in which their orders are written.
type shop struct {
	house  *house
	app    *app
	city   *tenants.City
	people []*authz.Actor
	rows   *rows
	cents  int64
}

// checkout compares the use case with the same rows in one batch, without domain and without policies: what PostgreSQL itself costs.
//
// Measured on two busy cores: 0.28 of the baseline's orders a second (0.18–0.58) while each statement was a round trip, 0.62 (0.56–0.83) to 0.76 (0.55–1.06) since
// there are three. What is left is what the baseline need not know: the basket, its prices, whether the key was used before.
func (b *bench) checkout(ctx context.Context) error {
	s, err := openShop(ctx, b.house, b.workers)
	if err != nil {
		return err
	}
	defer s.close()
	if b.profile != "" {
		f, err := os.Create(filepath.Join(b.profile, "checkout.prof"))
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	pairs := make([]pair, 0, b.rounds)
	for round := range b.rounds + 1 {
		p, err := s.round(ctx, b.workers, round)
		if err != nil {
			return err
		}
		if round > 0 { // the first warms up
			pairs = append(pairs, p)
		}
	}
	ms := func(of func(pair) time.Duration) float64 {
		return over(pairs, func(p pair) float64 { return of(p).Seconds() * 1000 }).Median
	}
	ratio := over(pairs, func(p pair) float64 { return p.ours.rate / p.theirs.rate })
	computed := over(pairs, func(p pair) float64 { return p.theirs.cpu.all() / p.ours.cpu.all() })
	b.report.add(figure{
		Section: "checkout", Name: "orders placed", Unit: "orders/s", Ratio: &ratio, CPU: &computed, Goal: atLeast(0.5, 0.75),
		Ours: over(pairs, func(p pair) float64 { return p.ours.rate }).Median, Theirs: over(pairs, func(p pair) float64 { return p.theirs.rate }).Median,
		Note: fmt.Sprintf("p50 %.2f : %.2f ms, server %.2f : %.2f ms, PostgreSQL %.2f : %.2f ms",
			ms(func(p pair) time.Duration { return p.ours.p50 }), ms(func(p pair) time.Duration { return p.theirs.p50 }),
			ms(func(p pair) time.Duration { return p.ours.cpu.server }), ms(func(p pair) time.Duration { return p.theirs.cpu.server }),
			ms(func(p pair) time.Duration { return p.ours.cpu.database }), ms(func(p pair) time.Duration { return p.theirs.cpu.database })),
	})
	return s.sound(ctx)
}

// openShop makes the people, and the accounts of the books that an order needs: both sides find them there.
func openShop(ctx context.Context, h *house, workers int) (*shop, error) {
	a, err := openApp(ctx, h.settings, true)
	if err != nil {
		return nil, err
	}
	s := &shop{house: h, app: a}
	if s.city, err = a.city(cities[0]); err == nil {
		err = s.open(ctx, workers)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *shop) open(ctx context.Context, workers int) (err error) {
	if err := s.app.work(); err != nil {
		return err
	}
	inside := tenants.With(ctx, s.city)
	for i := range ordersAtOnce {
		p := accounts.SeedPerson{Email: fmt.Sprintf("persona%d@bench.example", i), Name: "Anna Prova", Hash: "-", Role: authz.Citizen}
		if err := s.app.accounts.Seed(inside, p); err != nil {
			return err
		}
		actor, err := s.app.accounts.SeedActor(inside, p.Email)
		if err != nil {
			return err
		}
		s.people = append(s.people, actor)
	}
	if s.rows, err = openRows(ctx, s.house, s.city, s.people, workers); err != nil {
		return err
	}
	if err := s.rows.fill(ctx); err != nil {
		return err
	}
	basket, err := s.app.orders.Basket(inside, orders.Holder{Account: s.people[0].Account})
	if err != nil {
		return err
	}
	s.cents = basket.Cents()
	if _, err := s.run(ctx, workers, s.ours); err != nil { // opens the accounts of the books
		return err
	}
	if err := s.rows.learn(ctx, s.cents); err != nil {
		return err
	}
	return s.history(ctx, workers)
}

// history is what a city has ordered before, for plans that were made for empty tables are those of no city.
func (s *shop) history(ctx context.Context, workers int) error {
	for range ordersBefore / ordersAtOnce {
		if err := s.rows.fill(ctx); err != nil {
			return err
		}
		if _, err := s.run(ctx, workers, s.rows.place); err != nil {
			return err
		}
	}
	return analyse(ctx, s.house.Owner)
}

func (s *shop) close() {
	if s.rows != nil {
		s.rows.pool.Close()
	}
	s.app.close()
}

// ours is the use case.
func (s *shop) ours(ctx context.Context, person int) error {
	_, err := s.app.orders.Place(tenants.With(ctx, s.city), s.people[person], orders.Placement{
		Key: uuid.Must(uuid.NewV7()), Address: "Via dei Mille 7, scala A", Phone: "0372 555 199", Note: "Il citofono è guasto.", Terms: true, Cents: s.cents,
	})
	return err
}

// round lets each side place the same number of orders, next to each other in time; who begins alternates.
func (s *shop) round(ctx context.Context, workers, n int) (p pair, err error) {
	sides := []struct {
		place func(context.Context, int) error
		into  *slice
	}{{s.ours, &p.ours}, {s.rows.place, &p.theirs}}
	if n%2 == 1 {
		slices.Reverse(sides)
	}
	var wrote [2]string
	for i, side := range sides {
		if err := s.rows.fill(ctx); err != nil {
			return p, err
		}
		before, err := s.rows.count(ctx)
		if err != nil {
			return p, err
		}
		if *side.into, err = s.run(ctx, workers, side.place); err != nil {
			return p, err
		}
		after, err := s.rows.count(ctx)
		if err != nil {
			return p, err
		}
		wrote[i] = difference(before, after)
	}
	if wrote[0] != wrote[1] {
		return p, fmt.Errorf("the two sides did not write the same: %s and %s", wrote[0], wrote[1])
	}
	return p, nil
}

// run lets workers place an order for each of the people.
func (s *shop) run(ctx context.Context, workers int, place func(context.Context, int) error) (slice, error) {
	backends, err := s.house.backends(ctx)
	if err != nil {
		return slice{}, err
	}
	took, errs := make([]time.Duration, len(s.people)), make([]error, workers)
	used := cpu{cpuOf(os.Getpid()), cpuOf(backends...)}
	started := time.Now()
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() {
			for person := w; person < len(s.people) && errs[w] == nil; person += workers {
				began := time.Now()
				errs[w] = place(ctx, person)
				took[person] = time.Since(began)
			}
		})
	}
	group.Wait()
	elapsed := time.Since(started)
	now, n := cpu{cpuOf(os.Getpid()), cpuOf(backends...)}, time.Duration(len(took))
	slices.Sort(took)
	return slice{
		rate: float64(n) / elapsed.Seconds(), p50: took[n/2], p99: took[n*99/100],
		cpu: cpu{(now.server - used.server) / n, (now.database - used.database) / n},
	}, errors.Join(errs...)
}

// sound says whether what both sides wrote holds: the books and the audit chain.
func (s *shop) sound(ctx context.Context) error {
	inside := tenants.With(ctx, s.city)
	broken, err := s.app.db.AuditBrokenAt(inside)
	if err != nil || broken != 0 {
		return fmt.Errorf("the audit chain is broken at %d: %w", broken, err)
	}
	parts, err := s.app.orders.Orders(inside, s.people[0], orders.Window{})
	if err != nil {
		return err
	}
	for _, p := range parts {
		if len(p.Lines) == 0 || len(p.Payments) != 1 || p.Cents != s.cents {
			return fmt.Errorf("part %s has %d lines, %d payments, %d cents", p.ID, len(p.Lines), len(p.Payments), p.Cents)
		}
	}
	return nil
}

// difference is by how much each count grew.
func difference(before, after []int64) string {
	grown := make([]int64, len(after))
	for i := range after {
		grown[i] = after[i] - before[i]
	}
	return fmt.Sprint(grown)
}

// collectInts reads one row of counts.
func collectInts(rows pgx.Rows, err error) (counts []int64, _ error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (list []int64, err error) {
		values, err := row.Values()
		for _, v := range values {
			list = append(list, v.(int64))
		}
		return list, err
	})
}
