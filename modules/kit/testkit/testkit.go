// Package testkit gives each test a new city in one shared, migrated PostgreSQL, as the app role: row-level security keeps tests
// apart, so all of them run in parallel and nothing is ever truncated.
package testkit

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/migrations"
	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/tenants"
)

// Parent is the domain under which test cities answer.
const Parent = "welfarex.localhost"

type shared struct {
	postgres *local.Postgres
	db       *tenants.DB
	cities   *tenants.Directory
	queue    *jobs.Queue
	err      error
}

var (
	once sync.Once
	all  shared
)

func start() {
	ctx := context.Background()
	if all.postgres, all.err = local.StartPostgres(ctx, local.Options{Fast: true}); all.err != nil {
		return
	}
	if _, all.err = migrations.Up(ctx, all.postgres.OwnerURL()); all.err != nil {
		return
	}
	if all.db, all.err = tenants.Open(ctx, all.postgres.AppURL(), 16); all.err != nil {
		return
	}
	if all.cities, all.err = tenants.OpenDirectory(ctx, all.db, Parent); all.err != nil {
		return
	}
	go all.cities.Follow(ctx)
	all.queue, all.err = jobs.Open(all.db, all.cities, jobs.NewWorkers(), 0)
}

// Main runs a package's tests and stops the database after them: func TestMain(m *testing.M) { testkit.Main(m) }.
func Main(m *testing.M) {
	code := m.Run()
	if all.db != nil {
		all.db.Close()
	}
	if all.postgres != nil {
		_ = all.postgres.Stop(context.Background())
	}
	os.Exit(code)
}

func need(t testing.TB) {
	t.Helper()
	once.Do(start)
	if all.err != nil {
		t.Fatalf("no database for tests: %v", all.err)
	}
}

// DB is the door, as the app role.
func DB(t testing.TB) *tenants.DB { need(t); return all.db }

// Postgres is the server under it, for tests that plant bugs as its superuser.
func Postgres(t testing.TB) *local.Postgres { need(t); return all.postgres }

// Cities is the directory of every test's cities.
func Cities(t testing.TB) *tenants.Directory { need(t); return all.cities }

// Queue takes jobs and runs none.
func Queue(t testing.TB) *jobs.Queue { need(t); return all.queue }

// City opens a new city and gives a context that works for it, ended with the test.
func City(t testing.TB) (context.Context, *tenants.City) {
	t.Helper()
	need(t)
	id := uuid.Must(uuid.NewV7())
	slug := "t" + strings.ReplaceAll(id.String(), "-", "")
	city := &tenants.City{ID: id, Slug: slug, Name: "Città di prova", Status: tenants.StatusOpen, Host: slug + "." + Parent, Version: 1, Settings: Settings(slug)}
	ctx, cancel := context.WithTimeout(tenants.With(context.Background(), city), 2*time.Minute)
	t.Cleanup(cancel)
	settings, err := json.Marshal(city.Settings)
	if err != nil {
		t.Fatal(err)
	}
	err = all.db.Tx(ctx, func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, "INSERT INTO cities (id, slug, name, settings) VALUES ($1, $2, $3, $4)", id, slug, city.Name, string(settings))
		return err
	})
	if err != nil {
		t.Fatalf("open a city: %v", err)
	}
	Eventually(t, "the directory hears of the city", func() bool { return all.cities.ByID(id) != nil })
	return ctx, city
}

// Settings are plausible settings of a city.
func Settings(slug string) tenants.Settings {
	return tenants.Settings{
		Portal: "Portale di prova", Motto: "Per chi prova", Province: "CR", ISTAT: "019036", Catastale: "D150", Languages: []string{"it", "en"},
		Region:   tenants.Link{Name: "Regione Lombardia", URL: "https://www.regione.lombardia.it"},
		Brand:    tenants.Brand{Primary: "#8C1C2B", Accent: "#1D4D4F"},
		Contacts: tenants.Contacts{Phone: "0372 555 010", Email: fmt.Sprintf("welfare@%s.example", slug), Address: "Piazza 1", Hours: "lun–ven 9–17"},
		Mail:     tenants.Sender{FromName: "Portale di prova", From: fmt.Sprintf("noreply@%s.example", slug)},
		Home:     tenants.Home{Lead: "Qui si prova.", Examples: []string{"assistenza anziani", "asilo nido", "pasti a casa"}},
	}
}

// Eventually waits up to ten seconds for ok.
func Eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("did not come true: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
