package main

import (
	"encoding/base64"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestDemo_KeepsASecretUntilItChanges(t *testing.T) {
	t.Parallel()
	ctx, _ := testkit.City(t)
	key, err := tenants.ParseKey(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	a := &App{db: testkit.DB(t), parsed: parsed{key: key}}
	for _, value := range []string{"one", "one", "two", "two"} {
		if err := a.keepSecret(ctx, "card.key", value); err != nil {
			t.Fatal(err)
		}
		if got, err := a.db.Secret(ctx, key, "card.key"); err != nil || string(got) != value {
			t.Errorf("%s, %v", got, err)
		}
	}
	var set int
	err = a.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT count(*) FROM audit_entries WHERE subject = 'card.key'").QueryRow(func(row pgx.Row) error { return row.Scan(&set) })
	})
	if err != nil || set != 2 {
		t.Errorf("set %d times, %v", set, err)
	}
}
