package tenants_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

func TestTx_WithoutACityIsAnError(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	if err := db.Tx(context.Background(), func(context.Context) error { return nil }); !errors.Is(err, tenants.ErrNoCity) {
		t.Errorf("Tx: err = %v", err)
	}
	if err := db.Read(context.Background(), func(*pgx.Batch) {}); !errors.Is(err, tenants.ErrNoCity) {
		t.Errorf("Read: err = %v", err)
	}
}

func TestTx_ANestedCallForAnotherCityIsRefused(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	_, other := testkit.City(t)
	err := db.Tx(ctx, func(ctx context.Context) error {
		return db.Tx(tenants.With(ctx, other), func(context.Context) error { return nil })
	})
	if !errors.Is(err, tenants.ErrOtherCity) {
		t.Errorf("err = %v", err)
	}
}

func TestTx_WhatOneCityWritesAnotherDoesNotSee(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	otherCtx, _ := testkit.City(t)
	addOffice(t, db, ctx, "ufficio")
	if n := countOffices(t, db, ctx); n != 1 {
		t.Errorf("own rows = %d", n)
	}
	if n := countOffices(t, db, otherCtx); n != 0 {
		t.Errorf("foreign rows = %d", n)
	}
}

func TestTx_RollsBackEverything(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	wrong := errors.New("wrong")
	err := db.Tx(ctx, func(ctx context.Context) error {
		if _, err := tenants.Query(ctx).NewRaw("INSERT INTO offices (id, slug, name) VALUES (gen_random_uuid(), 'a', 'A')").Exec(ctx); err != nil {
			return err
		}
		if err := tenants.Audit(ctx, tenants.Entry{Actor: "operator", SubjectKind: "office", Subject: "a", Verb: "made", Purpose: "test"}); err != nil {
			return err
		}
		return wrong
	})
	if !errors.Is(err, wrong) {
		t.Fatalf("err = %v", err)
	}
	if n := countOffices(t, db, ctx); n != 0 {
		t.Errorf("rows after a rollback = %d", n)
	}
}

func TestRead_TheCityDoesNotOutliveTheBatch(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	addOffice(t, db, ctx, "ufficio")
	for range 50 { // until every pooled connection has been used
		if n := countOffices(t, db, ctx); n != 1 {
			t.Fatalf("own rows = %d", n)
		}
	}
	for range 50 {
		var n int
		if err := db.Pool().QueryRow(ctx, "SELECT count(*) FROM offices").Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n != 0 {
			t.Fatalf("rows without a city = %d", n)
		}
	}
}

func TestTx_TheCityDoesNotOutliveIt(t *testing.T) {
	t.Parallel()
	db := narrow(t)
	ctx, _ := testkit.City(t)
	addOffice(t, db, ctx, "ufficio")
	wrong := errors.New("wrong")
	for _, result := range []error{nil, wrong} {
		if err := db.Tx(ctx, func(context.Context) error { return result }); !errors.Is(err, result) {
			t.Fatal(err)
		}
		var n int
		var city string
		if err := db.SQL().QueryRowContext(ctx, "SELECT count(*), COALESCE(current_city()::text, 'none') FROM offices").Scan(&n, &city); err != nil {
			t.Fatal(err)
		}
		if n != 0 || city != "none" {
			t.Errorf("after it the connection works for %s and reads %d rows", city, n)
		}
	}
}

func TestTx_APanicRollsBackAndGivesTheConnectionBack(t *testing.T) {
	t.Parallel()
	db := narrow(t)
	ctx, _ := testkit.City(t)
	func() {
		defer func() { _ = recover() }()
		_ = db.Tx(ctx, func(ctx context.Context) error {
			if _, err := tenants.PgxTx(ctx).Exec(ctx, "INSERT INTO offices (id, slug, name) VALUES (gen_random_uuid(), 'a', 'A')"); err != nil {
				t.Error(err)
			}
			panic("a bug")
		})
	}()
	if n := countOffices(t, db, ctx); n != 0 {
		t.Errorf("rows after a panic = %d", n)
	}
	addOffice(t, db, ctx, "b")
}

// A request that is given up leaves nothing behind on the one connection there is: no transaction, no city, no answer.
func TestTx_AGivenUpRequestLeavesNothingForTheNext(t *testing.T) {
	t.Parallel()
	db := narrow(t)
	ctx, _ := testkit.City(t)
	otherCtx, other := testkit.City(t)
	addOffice(t, db, ctx, "mio")
	for range 5 {
		for _, slow := range []func(context.Context) error{
			func(ctx context.Context) error {
				return db.Tx(ctx, func(ctx context.Context) error {
					_, err := tenants.Query(ctx).NewRaw("SELECT name, pg_sleep(5) FROM offices").Exec(ctx)
					return err
				})
			},
			func(ctx context.Context) error {
				return db.Read(ctx, func(b *pgx.Batch) { b.Queue("SELECT name, pg_sleep(5) FROM offices") })
			},
		} {
			hurried, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
			if err := slow(hurried); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("err = %v", err)
			}
			cancel()
			if n := countOffices(t, db, otherCtx); n != 0 {
				t.Fatalf("the next city reads %d rows", n)
			}
			if err := db.Tx(otherCtx, func(ctx context.Context) error {
				var n int
				var city string
				err := tenants.PgxTx(ctx).QueryRow(ctx, "SELECT (SELECT count(*) FROM offices), current_city()::text").Scan(&n, &city)
				if n != 0 || city != other.ID.String() {
					t.Errorf("the next city reads %d rows as %s", n, city)
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestTx_EndedItServesNobody(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	var kept context.Context
	if err := db.Tx(ctx, func(ctx context.Context) error { kept = ctx; return nil }); err != nil {
		t.Fatal(err)
	}
	if err := db.Tx(kept, func(context.Context) error { return nil }); !errors.Is(err, tenants.ErrNoTransaction) {
		t.Errorf("Tx: err = %v", err)
	}
	if err := db.Read(kept, func(*pgx.Batch) {}); !errors.Is(err, tenants.ErrNoTransaction) {
		t.Errorf("Read: err = %v", err)
	}
	if tenants.InTx(kept) || tenants.InTx(ctx) {
		t.Error("still in a transaction")
	}
	for name, use := range map[string]func(){
		"Query": func() { tenants.Query(kept) }, "PgxTx": func() { tenants.PgxTx(kept) }, "After": func() { tenants.After(kept, func() {}) },
		"Query outside": func() { tenants.Query(ctx) },
	} {
		func() {
			defer func() {
				if err, ok := recover().(error); !ok || !errors.Is(err, tenants.ErrNoTransaction) {
					t.Errorf("%s: %v", name, err)
				}
			}()
			use()
		}()
	}
}

func TestAfter_RunsOnceCommittedAndHoldsNoConnection(t *testing.T) {
	t.Parallel()
	db := narrow(t)
	ctx, _ := testkit.City(t)
	var said []string
	wrong := errors.New("wrong")
	for _, result := range []error{nil, wrong} {
		err := db.Tx(ctx, func(inner context.Context) error {
			return db.Tx(inner, func(inner context.Context) error {
				tenants.After(inner, func() {
					addOffice(t, db, ctx, "dopo")
					said = append(said, "after")
				})
				said = append(said, "in")
				return result
			})
		})
		if !errors.Is(err, result) {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(said); got != "[in after in]" {
		t.Error(got)
	}
}

func TestRead_InsideATransactionItSeesWhatWasWritten(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	_, other := testkit.City(t)
	err := db.Tx(ctx, func(ctx context.Context) error {
		addOffice(t, db, ctx, "a")
		if n := countOffices(t, db, ctx); n != 1 {
			t.Errorf("rows = %d", n)
		}
		if err := db.Read(tenants.With(ctx, other), func(*pgx.Batch) {}); !errors.Is(err, tenants.ErrOtherCity) {
			t.Errorf("another city: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTx_AForeignRowIsRefusedByTheDatabase(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	otherCtx, other := testkit.City(t)
	addOffice(t, db, otherCtx, "suo")
	theirs := ask[uuid.UUID](t, otherCtx, "SELECT id FROM offices")
	for name, sql := range map[string]string{
		"to write one":    "INSERT INTO offices (tenant_id, id, slug, name) VALUES ($1, gen_random_uuid(), 'x', 'X')",
		"to give one":     "WITH mine AS (INSERT INTO offices (id, slug, name) VALUES (gen_random_uuid(), 'y', 'Y')) UPDATE offices SET tenant_id = $1",
		"to refer to one": "INSERT INTO programmes (id, slug, title, summary, status, sheet, office_id) SELECT gen_random_uuid(), 'z', '', '', 'open', '{}', $2 WHERE $1::uuid IS NOT NULL",
	} {
		err := db.Tx(ctx, func(ctx context.Context) error {
			tx := tenants.PgxTx(ctx)
			if name == "to give one" { // a statement does not see what it writes
				addOffice(t, db, ctx, "mio")
			}
			args := []any{other.ID, theirs}[:strings.Count(sql, "$2")+1]
			tag, err := tx.Exec(ctx, sql, args...)
			if err == nil {
				err = fmt.Errorf("%d rows", tag.RowsAffected())
				t.Errorf("%s: %v", name, err)
			}
			return err
		})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if n := countOffices(t, db, otherCtx); n != 1 {
		t.Errorf("the other city has %d offices", n)
	}
}

// narrow is a door with one connection of each kind, so that what one use case leaves behind the next one meets.
func narrow(t *testing.T) *tenants.DB {
	t.Helper()
	db, err := tenants.Open(t.Context(), testkit.Postgres(t).AppURL(), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

func addOffice(t *testing.T, db *tenants.DB, ctx context.Context, slug string) {
	t.Helper()
	if err := db.Tx(ctx, func(ctx context.Context) error {
		_, err := tenants.Query(ctx).NewRaw("INSERT INTO offices (id, slug, name) VALUES (gen_random_uuid(), ?, ?)", slug, slug).Exec(ctx)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func countOffices(t *testing.T, db *tenants.DB, ctx context.Context) (n int) {
	t.Helper()
	if err := db.Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT count(*) FROM offices").QueryRow(func(row pgx.Row) error { return row.Scan(&n) })
	}); err != nil {
		t.Fatal(err)
	}
	return n
}
