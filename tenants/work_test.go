package tenants_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

func officeLater(ctx context.Context, slug string) {
	tenants.Later(ctx, "open an office", "INSERT INTO offices (id, slug, name) VALUES ($1, $2, 'Ufficio')", uuid.Must(uuid.NewV7()), slug)
}

func TestLater_IsSeenByWhateverFollows(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	var seen [4]int
	count := func(row pgx.Row, n *int) error { return row.Scan(n) }
	const sql = "SELECT count(*) FROM offices"
	err := db.Tx(ctx, func(ctx context.Context) error {
		officeLater(ctx, "a")
		if err := tenants.Query(ctx).NewRaw(sql).Scan(ctx, &seen[0]); err != nil {
			return err
		}
		officeLater(ctx, "b")
		if err := count(tenants.PgxTx(ctx).QueryRow(ctx, sql), &seen[1]); err != nil {
			return err
		}
		officeLater(ctx, "c")
		if err := db.Read(ctx, func(b *pgx.Batch) {
			b.Queue(sql).QueryRow(func(row pgx.Row) error { return count(row, &seen[2]) })
		}); err != nil {
			return err
		}
		officeLater(ctx, "d")
		savepoint, err := tenants.PgxTx(ctx).Begin(ctx)
		if err != nil {
			return err
		}
		officeLater(ctx, "e")
		return errors.Join(count(savepoint.QueryRow(ctx, sql), &seen[3]), savepoint.Commit(ctx))
	})
	if err != nil || seen != [4]int{1, 2, 3, 4} {
		t.Errorf("seen %v, err %v", seen, err)
	}
	if n := countOffices(t, db, ctx); n != 5 {
		t.Errorf("%d rows are kept", n)
	}
}

func TestLater_WhatFailsIsToldAndNothingIsKept(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	for name, then := range map[string]func(context.Context) error{
		"with the commit": func(context.Context) error { return nil },
		"at a batch": func(ctx context.Context) error {
			return db.Read(ctx, func(b *pgx.Batch) { b.Queue("SELECT 1") })
		},
		"at a statement": func(ctx context.Context) error {
			_, err := tenants.PgxTx(ctx).Exec(ctx, "SELECT 1")
			return err
		},
		"at a row": func(ctx context.Context) error {
			return tenants.PgxTx(ctx).QueryRow(ctx, "SELECT 1").Scan(new(int))
		},
		"at a builder": func(ctx context.Context) error {
			_, err := tenants.Query(ctx).NewRaw("INSERT INTO offices (id, slug, name) VALUES (gen_random_uuid(), 'late', 'A')").Exec(ctx)
			return err
		},
		"though nobody looked": func(ctx context.Context) error {
			_, _ = tenants.PgxTx(ctx).Exec(ctx, "SELECT 1")
			_, _ = tenants.PgxTx(ctx).Exec(ctx, "INSERT INTO offices (id, slug, name) VALUES (gen_random_uuid(), 'late', 'A')")
			return nil
		},
	} {
		err := db.Tx(ctx, func(ctx context.Context) error {
			officeLater(ctx, "a")
			officeLater(ctx, "a")
			return then(ctx)
		})
		if err == nil || !strings.Contains(err.Error(), "open an office") || !strings.Contains(err.Error(), "23505") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := countOffices(t, db, ctx); n != 0 {
		t.Errorf("%d rows are kept", n)
	}
}

func TestLater_IsGoneWithTheTransaction(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	wrong := errors.New("wrong")
	if err := db.Tx(ctx, func(ctx context.Context) error { officeLater(ctx, "a"); return wrong }); !errors.Is(err, wrong) {
		t.Error(err)
	}
	if err := db.Tx(ctx, func(context.Context) error { return nil }); err != nil {
		t.Error(err)
	}
	if n := countOffices(t, db, ctx); n != 0 {
		t.Errorf("%d rows are kept", n)
	}
}

// A statement that is none must not leave the statements after it outside of the transaction.
func TestLater_NonsenseBeginsNothing(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, city := testkit.City(t)
	err := db.Tx(ctx, func(ctx context.Context) error {
		tenants.Later(ctx, "nonsense", "INSERT INTO nowhere VALUES (1)")
		_, err := tenants.Query(ctx).NewRaw("INSERT INTO offices (tenant_id, id, slug, name) VALUES (?, gen_random_uuid(), 'a', 'A')", city.ID).Exec(ctx)
		_, again := tenants.PgxTx(ctx).Exec(ctx, "SELECT 1")
		if err == nil || again == nil {
			t.Error("a statement was taken outside of the transaction")
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Error(err)
	}
	if n := countOffices(t, db, ctx); n != 0 {
		t.Errorf("%d rows are kept", n)
	}
}

func TestTx_ADeferredConstraintIsToldAtTheCommit(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	err := db.Tx(ctx, func(ctx context.Context) error {
		tenants.Later(ctx, "half a transfer", `INSERT INTO ledger_transfers (id, kind, key, reference, pending, lines, cents, at) VALUES ($1, 'sale', 'half', $1, false, 2, 5, now())`,
			uuid.Must(uuid.NewV7()))
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), "commit") || !strings.Contains(err.Error(), "entries") {
		t.Error(err)
	}
	if n := countOffices(t, db, ctx); n != 0 { // the connection is as good as before
		t.Error(n)
	}
}

// A migration that runs while the program does may cost a connection one refusal, not every one that follows.
func TestTx_AStatementWhoseTableChangedIsPreparedAnew(t *testing.T) {
	t.Parallel()
	testkit.DB(t)
	owner, app, err := testkit.Postgres(t).CreateDatabase(t.Context(), "stale_"+strings.ReplaceAll(uuid.NewString(), "-", ""))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), owner)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	exec := func(sql string) {
		t.Helper()
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	exec("CREATE TABLE things (n int); GRANT SELECT ON things TO welfarex_app; INSERT INTO things VALUES (1)")
	db, err := tenants.Open(t.Context(), app, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ctx := tenants.With(t.Context(), &tenants.City{ID: uuid.Must(uuid.NewV7()), Slug: "here"})
	read := func() error {
		return db.Tx(ctx, func(ctx context.Context) error {
			return db.Read(ctx, func(b *pgx.Batch) {
				b.Queue("SELECT * FROM things").QueryRow(func(row pgx.Row) error { return row.Scan(new(int64)) })
			})
		})
	}
	if err := read(); err != nil {
		t.Fatal(err)
	}
	exec("ALTER TABLE things ALTER n TYPE bigint")
	if err := read(); err == nil {
		t.Error("the change was not noticed: this test proves nothing")
	}
	if err := read(); err != nil {
		t.Errorf("and again: %v", err)
	}
}
