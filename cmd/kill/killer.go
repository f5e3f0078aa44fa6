package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// victim is what a kill -9 strikes.
type victim string

const (
	serve    victim = "serve"
	work     victim = "work"
	both     victim = "serve and work"
	postgres victim = "PostgreSQL"
	backend  victim = "a backend of PostgreSQL" // which makes the server end all others and recover
)

var victims = []victim{serve, postgres, both, backend, work}

// near are the points at which a victim can be struck.
func (v victim) near() []point {
	switch v {
	case serve:
		return []point{orderHalf, pageAsked, pageOpened, noticeHalf, noticeTaken}
	case work:
		return []point{refundAsked, refundMade}
	}
	return []point{orderHalf, pageAsked, pageOpened, noticeHalf, noticeTaken, refundAsked, refundMade}
}

// kill is one of the plan, and what it struck.
type kill struct {
	victim victim
	at     point

	missed bool // nothing came to the point
	posts  int  // of purchases, under way when it struck
	cut    int  // of these got no proper answer
	jobs   int  // under way
	back   time.Duration
}

// begins is the part of all kills before which hardly anything comes to a point.
var begins = map[point]float64{noticeHalf: 0.2, noticeTaken: 0.2, refundAsked: 0.5, refundMade: 0.5}

// draw plans so many kills: every victim in turn, now at a random moment, now at a point, all points in turn.
func draw(r *rand.Rand, n int) []*kill {
	used := map[point]int{}
	var list []*kill
	for i := range n {
		k := &kill{victim: victims[i%len(victims)], at: anywhere}
		points := k.victim.near()
		points = slices.DeleteFunc(points, func(p point) bool { return float64(i) < begins[p]*float64(n) })
		r.Shuffle(len(points), func(a, b int) { points[a], points[b] = points[b], points[a] })
		slices.SortStableFunc(points, func(a, b point) int { return used[a] - used[b] })
		if i%2 == 0 && len(points) > 0 {
			k.at = points[0]
			used[k.at]++
		}
		list = append(list, k)
	}
	return list
}

// killer strikes while people buy.
type killer struct {
	house  *house
	course *course
	rand   *rand.Rand
	out    io.Writer
	last   time.Time // when it struck
}

const patience = 6 * time.Second // for something to come to a point

// run strikes as planned.
func (k *killer) run(ctx context.Context, plan []*kill) error {
	for i, one := range plan {
		if err := k.strike(ctx, one); err != nil {
			return fmt.Errorf("kill %d, %s: %w", i+1, one.victim, err)
		}
		_, _ = fmt.Fprintln(k.out, one.line(i+1))
	}
	return nil
}

// strike waits for the moment, kills, and brings everything back.
func (k *killer) strike(ctx context.Context, one *kill) error {
	release, err := k.hold(ctx, one)
	if err != nil {
		return err
	}
	one.jobs = k.jobs(ctx)
	struck, began := k.house.traffic.underWay(), time.Now()
	one.posts, k.last = len(struck), began
	if one.victim == postgres || one.victim == backend {
		k.house.out(time.Hour)
		defer k.house.out(2 * time.Second)
	}
	err = k.end(ctx, one.victim)
	release()
	if err != nil {
		return err
	}
	if err := k.restore(ctx, one.victim); err != nil {
		return err
	}
	one.back = time.Since(began)
	for _, s := range struck {
		select {
		case <-s.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if s.broken {
			one.cut++
		}
	}
	return nil
}

// hold aims, lets people begin, and waits until something stands at the point; release lets it go on.
func (k *killer) hold(ctx context.Context, one *kill) (release func(), err error) {
	release = func() {}
	switch one.at {
	case anywhere:
		k.course.begin()
		sleep(ctx, time.Duration(k.rand.IntN(200))*time.Millisecond)
		if one.victim != work {
			one.missed = eventually(ctx, patience, "people are busy", func() bool { return len(k.house.traffic.underWay()) > 1 }) != nil
		}
		return release, ctx.Err()
	case orderHalf:
		return k.stall(ctx, one, "LOCK TABLE order_numbers IN EXCLUSIVE MODE", k.course.begin)
	}
	reached := k.house.front.aim(one.at)
	k.course.begin()
	select {
	case h := <-reached:
		if one.at != noticeHalf {
			return h.release, nil
		}
		defer h.release()
		return k.stall(ctx, one, "SELECT id FROM order_parts WHERE id = (SELECT part_id FROM payments WHERE id = '"+h.payment+"') FOR UPDATE", h.release)
	case <-time.After(patience):
		k.house.front.miss()
		one.missed = true
		return release, nil
	case <-ctx.Done():
		return release, ctx.Err()
	}
}

// stall takes, from outside, what a transaction will need, lets things go on, and waits until somebody stands before the lock.
func (k *killer) stall(ctx context.Context, one *kill, lock string, then func()) (release func(), err error) {
	conn, err := pgx.Connect(ctx, k.house.postgres.SuperURL())
	if err != nil {
		return nil, err
	}
	release = func() { _ = conn.Close(context.WithoutCancel(ctx)) }
	if _, err := conn.Exec(ctx, "BEGIN; "+lock); err != nil {
		release()
		return nil, err
	}
	then()
	waits := fmt.Sprintf("pg_stat_activity WHERE %d = ANY (pg_blocking_pids(pid))", conn.PgConn().PID())
	one.missed = eventually(ctx, patience, "somebody waits", func() bool { return k.count(ctx, waits) > 0 }) != nil
	return release, ctx.Err()
}

// count is how many rows there are, 0 if it cannot be known.
func (k *killer) count(ctx context.Context, from string) (n int) {
	_ = k.house.super(ctx, func(conn *pgx.Conn) error { return conn.QueryRow(ctx, "SELECT count(*) FROM "+from).Scan(&n) }) //nolint:gosec // our own words
	return n
}

// jobs are those that are under way: what an earlier kill has cut still stands there.
func (k *killer) jobs(ctx context.Context) int {
	return k.count(ctx, "river_job WHERE state = 'running' AND attempted_at > '"+k.last.Format(time.RFC3339Nano)+"'")
}

func (k *killer) end(ctx context.Context, v victim) error {
	h := k.house
	switch v {
	case serve:
		h.serve.kill()
	case work:
		h.work.kill()
	case both:
		h.serve.kill()
		h.work.kill()
	case postgres:
		h.postgres.Crash()
	case backend:
		return k.endBackend(ctx)
	}
	return nil
}

// endBackend kills one of the processes that work for the program, one in a transaction if there is any.
func (k *killer) endBackend(ctx context.Context) error {
	return k.house.super(ctx, func(conn *pgx.Conn) error {
		var pid int
		if err := conn.QueryRow(ctx, `SELECT pid FROM pg_stat_activity WHERE usename = 'welfarex_app' ORDER BY xact_start NULLS LAST LIMIT 1`).Scan(&pid); err != nil {
			return err
		}
		return syscall.Kill(pid, syscall.SIGKILL)
	})
}

// restore starts again what has ended, and waits until it answers.
func (k *killer) restore(ctx context.Context, v victim) error {
	h := k.house
	var err error
	switch v {
	case serve:
		err = h.serve.start()
	case work:
		err = h.work.start()
	case both:
		if err = h.serve.start(); err == nil {
			err = h.work.start()
		}
	case postgres:
		err = h.postgres.Recover(ctx)
	case backend:
		sleep(ctx, 100*time.Millisecond) // until the server has noticed
	}
	if err != nil {
		return err
	}
	if err := eventually(ctx, time.Minute, "PostgreSQL answers", func() bool { return h.super(ctx, func(*pgx.Conn) error { return nil }) == nil }); err != nil {
		return err
	}
	return h.ready(ctx)
}

func (k *kill) line(n int) string {
	at := string(k.at)
	if k.at == orderHalf && (k.victim == serve || k.victim == both) { // PostgreSQL has it all, with its COMMIT, and goes on without them
		at = "an order written, not told"
	}
	if k.missed {
		at = "nothing came to: " + at
	}
	return fmt.Sprintf("%3d  %-24s %-50s %3d posts under way, %3d cut, %2d jobs  back after %.1f s", n, k.victim, at, k.posts, k.cut, k.jobs, k.back.Seconds())
}
