package tenants_test

import (
	"context"
	"errors"
	"testing"

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

func TestAudit_TheChainHoldsAndATornOneIsSeen(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, city := testkit.City(t)
	for range 3 {
		if err := db.Tx(ctx, func(ctx context.Context) error {
			return tenants.Audit(ctx, tenants.Entry{Actor: "operator", SubjectKind: "city", Subject: city.ID.String(), Verb: "looked", Purpose: "test", After: city.Slug})
		}); err != nil {
			t.Fatal(err)
		}
	}
	if at, err := db.AuditBrokenAt(ctx); err != nil || at != 0 {
		t.Fatalf("broken at %d, err = %v", at, err)
	}
	if _, err := db.Pool().Exec(ctx, "UPDATE audit_entries SET purpose = 'other'"); err == nil {
		t.Error("the app role may change an audit entry")
	}
	super, err := pgx.Connect(ctx, testkit.Postgres(t).SuperURL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = super.Close(ctx) }()
	if _, err := super.Exec(ctx, "UPDATE audit_entries SET purpose = 'other' WHERE tenant_id = $1 AND seq = 2", city.ID); err != nil {
		t.Fatal(err)
	}
	if at, err := db.AuditBrokenAt(ctx); err != nil || at != 2 {
		t.Errorf("broken at %d, want 2; err = %v", at, err)
	}
}

func TestSecret_OpensOnlyForItsCityAndName(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	otherCtx, other := testkit.City(t)
	key, err := tenants.ParseKey("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
	if err != nil {
		t.Fatal(err)
	}
	if err := db.SetSecret(ctx, key, "smtp", []byte("hunter2")); err != nil {
		t.Fatal(err)
	}
	if got, err := db.Secret(ctx, key, "smtp"); err != nil || string(got) != "hunter2" {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := db.Secret(otherCtx, key, "smtp"); !errors.Is(err, tenants.ErrNoSecret) {
		t.Errorf("another city: err = %v", err)
	}
	sealed, err := key.Seal(other, "secret:smtp", []byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := key.Open(other, "secret:imap", sealed); err == nil {
		t.Error("opened for another purpose")
	}
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
