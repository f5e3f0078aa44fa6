package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/migrations"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/tenants"
)

// books are two cities with a sale each, on a PostgreSQL that the test's end stops.
func books(t *testing.T) (*App, func(sql string)) {
	t.Helper()
	ctx, must := t.Context(), func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	postgres, err := local.StartPostgres(ctx, local.Options{Fast: true})
	must(err)
	t.Cleanup(func() { _ = postgres.Stop(context.Background()) })
	_, err = migrations.Up(ctx, postgres.OwnerURL())
	must(err)
	a := &App{}
	a.db, err = tenants.Open(ctx, postgres.AppURL(), 2)
	must(err)
	t.Cleanup(a.db.Close)
	policy, err := authz.Load(ledger.Policy)
	must(err)
	a.ledger = ledger.New(ledger.Options{DB: a.db, Policy: policy})
	for _, slug := range []string{"alfa", "beta"} {
		city := &tenants.City{ID: newUUID(), Slug: slug, Status: tenants.StatusOpen, Settings: testkit.Settings(slug)}
		settings, err := json.Marshal(city.Settings)
		must(err)
		must(a.db.Tx(tenants.With(ctx, city), func(ctx context.Context) error {
			if _, err := tenants.PgxTx(ctx).Exec(ctx, "INSERT INTO cities (id, slug, name, settings) VALUES ($1, $2, $2, $3)", city.ID, slug, string(settings)); err != nil {
				return err
			}
			if err := tenants.Audit(ctx, tenants.Entry{Actor: "operator", SubjectKind: "city", Subject: city.ID.String(), Verb: "applied", Purpose: "a test"}); err != nil {
				return err
			}
			_, err := a.ledger.Post(ctx, ledger.Transfer{Key: "payment", Kind: ledger.Payment, Reference: newUUID(), Moves: []ledger.Move{
				{From: ledger.RailAccount("card"), To: ledger.CitizenAccount(newUUID()), Cents: 700},
			}})
			return err
		}))
	}
	a.cities, err = tenants.OpenDirectory(ctx, a.db, testkit.Parent)
	must(err)
	return a, func(sql string) {
		t.Helper()
		conn, err := pgx.Connect(ctx, postgres.SuperURL())
		must(err)
		defer func() { _ = conn.Close(ctx) }()
		_, err = conn.Exec(ctx, sql)
		must(err)
	}
}

// check is what the command prints of a city, and how many things are wrong.
func (a *App) check(t *testing.T, slug string) (string, int) {
	t.Helper()
	list, err := a.named([]string{slug})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	wrong, err := a.checkCity(tenants.With(t.Context(), list[0]), &out, cliVoice(), list[0])
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), wrong
}

func TestLedgerCheck_SaysWhatIsWrongInWhichCity(t *testing.T) {
	t.Setenv("LANG", "it_IT.UTF-8")
	t.Setenv("LC_ALL", "")
	a, plant := books(t)
	says, wrong := a.check(t, "alfa")
	if wrong != 0 || !strings.HasPrefix(says, "alfa: i conti tornano; il registro tiene\n  Denaro di un cittadino non ancora speso · ") || !strings.Contains(says, "7,00") {
		t.Errorf("%d: %s", wrong, says)
	}
	if all, err := a.named(nil); err != nil || len(all) != 2 {
		t.Errorf("all: %v, %v", all, err)
	}
	if _, err := a.named([]string{"alfa", "nessuna"}); err == nil || !strings.Contains(cliVoice().Error(err), "nessuna") {
		t.Errorf("a city that is not there: %v", err)
	}
	plant("UPDATE ledger_entries SET cents = 800 WHERE cents > 0 AND tenant_id = (SELECT id FROM cities WHERE slug = 'alfa')")
	plant("UPDATE audit_entries SET purpose = 'another' WHERE tenant_id = (SELECT id FROM cities WHERE slug = 'alfa')")
	says, wrong = a.check(t, "alfa")
	for _, wanted := range []string{"alfa: nei conti ci sono 3 cose da guardare; il registro non tiene alla voce 1\n", "dare e avere non sono uguali", "1,00", "non è zero"} {
		if !strings.Contains(says, wanted) {
			t.Errorf("%q is not in %s", wanted, says)
		}
	}
	if wrong != 4 {
		t.Errorf("%d things are wrong", wrong)
	}
	if says, wrong = a.check(t, "beta"); wrong != 0 {
		t.Errorf("beta: %s", says)
	}
	log := listenToLog(t)
	a.eachCity(t.Context(), "checking the ledger failed", a.checkLedger)
	text := log.take()
	for _, wanted := range []string{"level=ERROR", "finding=unbalanced", "finding=total", `msg="the audit chain" city=alfa broken_at=1`} {
		if !strings.Contains(text, wanted) {
			t.Errorf("%q is not in the log: %s", wanted, text)
		}
	}
	if strings.Contains(text, "city=beta") || strings.Contains(text, "finding=citizen") {
		t.Errorf("the log says too much: %s", text)
	}
	if checkEvery != 24*time.Hour {
		t.Errorf("checked every %s", checkEvery)
	}
}
