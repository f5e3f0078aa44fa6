package main

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// Round trips to PostgreSQL are what a page costs wherever the database is further away than here: they are counted, never timed.
func TestPages_WaitForPostgreSQLAtMostOnceAndASignedInPersonTwice(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	testkit.DB(t) // starts the server and makes the schema
	h, err := openHouse(ctx, t.TempDir(), testkit.Postgres(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	counted, err := countTrips(ctx, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range counted {
		t.Logf("%s: %d from memory, %d without, %d and %d signed in; %d statements", x.page, x.cached, x.uncached, x.signedIn, x.cachedSignedWith, x.statements)
		if x.cached != 0 {
			t.Errorf("%s from memory: %d round trips", x.page, x.cached)
		}
		if x.uncached > 1 {
			t.Errorf("%s: %d round trips", x.page, x.uncached)
		}
		if x.signedIn > 2 || x.cachedSignedWith > 2 {
			t.Errorf("%s signed in: %d and %d round trips", x.page, x.signedIn, x.cachedSignedWith)
		}
	}
}

func TestWire_SeesEveryWait(t *testing.T) {
	ctx := context.Background()
	testkit.DB(t)
	w, through, err := openWire(testkit.Postgres(t).AppURL())
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	conn, err := pgx.Connect(ctx, through)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	var batch pgx.Batch
	batch.Queue("SELECT $1::int", 1)
	batch.Queue("SELECT $1::int", 2)
	send := func() error { return conn.SendBatch(ctx, &batch).Close() }
	if err := send(); err != nil { // prepares
		t.Fatal(err)
	}
	one := func() error { _, err := conn.Exec(ctx, "SELECT $1::int", 1); return err }
	for _, x := range []struct {
		what string
		do   func() error
		want int64
	}{
		{"a batch", send, 1}, {"two queries", func() error { return errors.Join(one(), one()) }, 2}, {"nothing", func() error { return nil }, 0},
	} {
		got, err := w.count(x.do)
		if err != nil || got != x.want {
			t.Errorf("%s: %d round trips, err %v", x.what, got, err)
		}
	}
	heard, err := w.record(send)
	if err != nil || len(heard) != 2 || heard[1].SQL != "SELECT $1::int" || len(heard[1].Params) != 1 {
		t.Errorf("heard %v, err %v", heard, err)
	}
}
