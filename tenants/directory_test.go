package tenants_test

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

// asSuper runs one statement as the superuser: for what no city may do.
func asSuper(t *testing.T, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), testkit.Postgres(t).SuperURL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if _, err := conn.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// directory is one of the test's own, whose connections are found under a name.
func directory(t *testing.T, only ...string) (d *tenants.Directory, name string) {
	t.Helper()
	name = uuid.NewString()
	u, err := url.Parse(testkit.Postgres(t).AppURL())
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set("application_name", name)
	u.RawQuery = q.Encode()
	db, err := tenants.Open(t.Context(), u.String(), 2)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	if d, err = tenants.OpenDirectory(t.Context(), db, testkit.Parent, only...); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var following sync.WaitGroup
	following.Go(func() { d.Follow(ctx) })
	t.Cleanup(func() { cancel(); following.Wait() })
	testkit.Eventually(t, "the directory listens", d.Fresh)
	return d, name
}

// soon does something and waits until it is seen, which on a busy machine may take three tries to be within a second.
func soon(t *testing.T, what string, do func(), seen func() bool) {
	t.Helper()
	var took time.Duration
	for range 3 {
		do()
		began := time.Now()
		testkit.Eventually(t, what, seen)
		if took = time.Since(began); took < time.Second {
			return
		}
	}
	t.Errorf("%s: it took %s", what, took)
}

func TestDirectory_HearsOfEveryChangeWithinASecond(t *testing.T) {
	t.Parallel()
	d, _ := directory(t)
	var ctx context.Context
	var c *tenants.City
	soon(t, "a new city", func() { ctx, c = testkit.City(t) }, func() bool { return d.ByHost(c.Host) != nil })
	if got := d.ByHost(c.Host); got.ID != c.ID || got.Host != c.Host || got.Portal != c.Portal || d.ByID(c.ID) != got {
		t.Errorf("city %+v", got)
	}
	status := tenants.StatusOpen
	soon(t, "a suspension", func() {
		status = map[tenants.Status]tenants.Status{tenants.StatusOpen: tenants.StatusSuspended, tenants.StatusSuspended: tenants.StatusOpen}[status]
		if err := testkit.DB(t).SetStatus(ctx, status); err != nil {
			t.Fatal(err)
		}
	}, func() bool { return d.ByHost(c.Host).Status == status })
	var host string
	soon(t, "a host", func() {
		host = newSlug() + ".example"
		person(t, ctx, "INSERT INTO hosts (host) VALUES ($1)", host)
	}, func() bool { got := d.ByHost(host); return got != nil && got.ID == c.ID })
	person(t, ctx, "DELETE FROM hosts WHERE host = $1", host)
	testkit.Eventually(t, "the host is gone", func() bool { return d.ByHost(host) == nil })
	version := d.ByID(c.ID).Version
	if err := testkit.DB(t).Tx(ctx, tenants.Touch); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "a touch", func() bool { return d.ByID(c.ID).Version > version })
}

func TestDirectory_ACityThatIsBeingOpenedAnswersNowhere(t *testing.T) {
	t.Parallel()
	slug := newSlug()
	host := slug + "." + testkit.Parent
	pictures := shelf{upload: func() error {
		cities, err := testkit.DB(t).BySlug(t.Context(), []string{slug})
		if err != nil || cities[slug] == nil {
			return fmt.Errorf("the city is not noted: %w", err)
		}
		testkit.Eventually(t, "the directory hears of it", func() bool { return testkit.Cities(t).ByID(cities[slug].ID) != nil })
		if c := testkit.Cities(t).ByHost(host); c != nil {
			t.Errorf("it answers before it is open: %s %q", c.Status, c.Name)
		}
		return nil
	}}
	if _, err := testkit.DB(t).Apply(t.Context(), read(t, slug, anyCity()), pictures, false); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "it is open", func() bool { return testkit.Cities(t).ByHost(host) != nil })
	if err := testkit.DB(t).SetStatus(inside(t, slug), tenants.StatusSuspended); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "a suspended city still answers", func() bool {
		c := testkit.Cities(t).ByHost(host)
		return c != nil && c.Status == tenants.StatusSuspended
	})
}

func TestDirectory_LosesNoNewsInAFlood(t *testing.T) {
	t.Parallel()
	d, _ := directory(t)
	ctx, c := testkit.City(t)
	const cities, changes = 4, 40
	var flood sync.WaitGroup
	all := make([]*tenants.City, cities)
	for i := range all {
		var other context.Context
		other, all[i] = testkit.City(t)
		flood.Go(func() {
			for range changes {
				if err := testkit.DB(t).Tx(other, tenants.Touch); err != nil {
					t.Error(err)
				}
			}
		})
	}
	// One city's storm keeps no news of another from being heard.
	person(t, ctx, "UPDATE cities SET name = 'Nuova' WHERE id = current_city()")
	testkit.Eventually(t, "a change amid the flood", func() bool { got := d.ByID(c.ID); return got != nil && got.Name == "Nuova" })
	flood.Wait()
	for _, other := range all {
		testkit.Eventually(t, "every city's last change", func() bool { got := d.ByID(other.ID); return got != nil && got.Version == changes+1 })
	}
}

func TestDirectory_AHostThatChangesHandsIsTheNewCitys(t *testing.T) {
	t.Parallel()
	d, _ := directory(t)
	ctx, _ := testkit.City(t)
	otherCtx, other := testkit.City(t)
	host := newSlug() + ".example"
	person(t, ctx, "INSERT INTO hosts (host) VALUES ($1)", host)
	person(t, ctx, "DELETE FROM hosts WHERE host = $1", host)
	person(t, otherCtx, "INSERT INTO hosts (host) VALUES ($1)", host)
	testkit.Eventually(t, "the host is the other's", func() bool { got := d.ByHost(host); return got != nil && got.ID == other.ID })
}

func TestDirectory_UnknownHostsAreNobodys(t *testing.T) {
	t.Parallel()
	d, _ := directory(t)
	_, c := testkit.City(t)
	for _, host := range []string{"", "nessuno." + testkit.Parent, testkit.Parent, "." + testkit.Parent, c.Slug, c.Host + ".", "x." + c.Host, "localhost"} {
		if got := d.ByHost(host); got != nil {
			t.Errorf("%q is %s", host, got.Slug)
		}
	}
	if d.ByID(uuid.Nil) != nil || d.ByID(uuid.New()) != nil {
		t.Error("an unknown id is a city")
	}
}

func TestDirectory_NobodyClaimsANameUnderTheParent(t *testing.T) {
	t.Parallel()
	ctx, _ := testkit.City(t)
	_, victim := testkit.City(t)
	free := newSlug() + "." + testkit.Parent
	person(t, ctx, "INSERT INTO hosts (host) VALUES ($1), ($2)", victim.Host, free)
	d, _ := directory(t)
	testkit.Eventually(t, "the victim is there", func() bool { return d.ByID(victim.ID) != nil })
	if got := d.ByHost(victim.Host); got == nil || got.ID != victim.ID {
		t.Errorf("%s is %v", victim.Host, got)
	}
	if got := d.ByHost(free); got != nil {
		t.Errorf("%s is %s's", free, got.Slug)
	}
	// Nor when the claim comes as news.
	person(t, ctx, "DELETE FROM hosts WHERE host = $1", victim.Host)
	person(t, ctx, "INSERT INTO hosts (host) VALUES ($1)", victim.Host)
	last := newSlug() + ".example"
	person(t, ctx, "INSERT INTO hosts (host) VALUES ($1)", last)
	testkit.Eventually(t, "the news has come", func() bool { return d.ByHost(last) != nil })
	if got := d.ByHost(victim.Host); got == nil || got.ID != victim.ID {
		t.Errorf("%s is %v after the news", victim.Host, got)
	}
}

func TestDirectory_OnlyKnowsItsOwn(t *testing.T) {
	t.Parallel()
	_, mine := testkit.City(t)
	ctx, other := testkit.City(t)
	d, _ := directory(t, mine.Slug)
	person(t, ctx, "INSERT INTO hosts (host) VALUES ($1)", newSlug()+".example")
	if err := testkit.DB(t).Tx(tenants.With(t.Context(), mine), tenants.Touch); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "news of its own", func() bool { return d.ByHost(mine.Host) != nil && d.ByHost(mine.Host).Version == 2 })
	if d.ByHost(other.Host) != nil || d.ByID(other.ID) != nil || len(d.All()) != 1 || !d.Partial() {
		t.Errorf("it knows %d cities, the other %v", len(d.All()), d.ByHost(other.Host))
	}
}

func TestDirectory_ALostConnectionIsKnownAndMadeGood(t *testing.T) {
	t.Parallel()
	d, name := directory(t)
	ctx, c := testkit.City(t)
	testkit.Eventually(t, "the city is there", func() bool { return d.ByID(c.ID) != nil })
	asSuper(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND query LIKE 'LISTEN%'", name)
	testkit.Eventually(t, "the loss is known", func() bool { return !d.Fresh() })
	host := newSlug() + ".example"
	person(t, ctx, "INSERT INTO hosts (host) VALUES ($1)", host)
	if d.ByHost(c.Host) == nil {
		t.Error("meanwhile it forgot the cities")
	}
	testkit.Eventually(t, "it listens again", d.Fresh)
	if got := d.ByHost(host); got == nil || got.ID != c.ID {
		t.Errorf("what happened meanwhile was not read: %v", got)
	}
	if err := testkit.DB(t).Tx(ctx, tenants.Touch); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "it hears again", func() bool { return d.ByID(c.ID).Version == 2 })
}

func TestDirectory_BeforeItFollowsItIsNotFresh(t *testing.T) {
	t.Parallel()
	d, err := tenants.OpenDirectory(t.Context(), testkit.DB(t), testkit.Parent)
	if err != nil || d.Fresh() {
		t.Errorf("fresh %v, %v", d.Fresh(), err)
	}
}

func TestDirectory_OneCitysBrokenSettingsAreNoOthersTrouble(t *testing.T) {
	t.Parallel()
	_, broken := testkit.City(t)
	asSuper(t, `UPDATE cities SET settings = '{"languages": 7}' WHERE id = $1`, broken.ID)
	d, _ := directory(t)
	ctx, c := testkit.City(t)
	testkit.Eventually(t, "another city", func() bool { return d.ByHost(c.Host) != nil })
	if d.ByHost(broken.Host) != nil {
		t.Error("a city without settings is served")
	}
	// Whatever is said on the channel, it goes on listening.
	asSuper(t, "SELECT pg_notify('cities', 'x'), pg_notify('cities', ''), pg_notify('cities', $1::text)", uuid.NewString())
	if err := testkit.DB(t).Tx(ctx, tenants.Touch); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "news after junk", func() bool { return d.ByID(c.ID).Version == 2 })
	if !d.Fresh() {
		t.Error("junk made it lose the connection")
	}
}

// The policies of the two global tables: everyone reads, a city writes its own rows.
func TestCities_OneCannotWriteAnothers(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, c := testkit.City(t)
	otherCtx, other := testkit.City(t)
	host := newSlug() + ".example"
	person(t, otherCtx, "INSERT INTO hosts (host) VALUES ($1)", host)
	for name, sql := range map[string]string{
		"rename it":        fmt.Sprintf("UPDATE cities SET name = 'mine' WHERE id = '%s'", other.ID),
		"suspend all":      fmt.Sprintf("UPDATE cities SET status = 'suspended' WHERE id <> '%s'", c.ID),
		"become it":        fmt.Sprintf("UPDATE cities SET id = '%s' WHERE id = '%s'", uuid.New(), c.ID),
		"open one":         fmt.Sprintf("INSERT INTO cities (id, slug, name, settings) VALUES ('%s', '%s', 'X', '{}')", uuid.New(), newSlug()),
		"close it":         fmt.Sprintf("DELETE FROM cities WHERE id = '%s'", other.ID),
		"take its host":    fmt.Sprintf("DELETE FROM hosts WHERE host = '%s'", host),
		"move its host":    fmt.Sprintf("UPDATE hosts SET tenant_id = '%s' WHERE host = '%s'", c.ID, host),
		"claim its host":   fmt.Sprintf("INSERT INTO hosts (host) VALUES ('%s') ON CONFLICT (host) DO UPDATE SET tenant_id = current_city()", host),
		"give it a host":   fmt.Sprintf("INSERT INTO hosts (host, tenant_id) VALUES ('%s', '%s')", newSlug()+".example", other.ID),
		"a host in caps":   fmt.Sprintf("INSERT INTO hosts (host) VALUES ('%s')", "WWW.EXAMPLE"),
		"a host with port": fmt.Sprintf("INSERT INTO hosts (host) VALUES ('%s')", "www.example:80"),
	} {
		var rows int64
		err := db.Tx(ctx, func(ctx context.Context) error {
			tag, err := tenants.PgxTx(ctx).Exec(ctx, sql)
			rows = tag.RowsAffected()
			return err
		})
		if err == nil && rows > 0 {
			t.Errorf("%s: %d rows", name, rows)
		}
	}
	if got := ask[string](t, ctx, "SELECT name || status FROM cities WHERE id = $1", other.ID); got != other.Name+"open" {
		t.Errorf("the other city is %q", got)
	}
	if got := ask[uuid.UUID](t, ctx, "SELECT tenant_id FROM hosts WHERE host = $1", host); got != other.ID {
		t.Errorf("its host is %s's", got)
	}
}
