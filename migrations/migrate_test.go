package migrations_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/welfarex/welfarex/migrations"
	"github.com/welfarex/welfarex/modules/kit/testkit"
)

func TestCheck_RefusesASchemaThatIsBehind(t *testing.T) {
	t.Parallel()
	owner, app, err := testkit.Postgres(t).CreateDatabase(t.Context(), "behind")
	if err != nil {
		t.Fatal(err)
	}
	pool := func(url string) *pgxpool.Pool {
		p, err := pgxpool.New(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Close)
		return p
	}
	owns, serves := pool(owner), pool(app)
	if err := migrations.Check(t.Context(), serves); !errors.Is(err, migrations.ErrOldSchema) {
		t.Errorf("empty: %v", err)
	}
	if _, err := migrations.Up(t.Context(), owner); err != nil {
		t.Fatal(err)
	}
	if err := migrations.Check(t.Context(), serves); err != nil {
		t.Errorf("up to date: %v", err)
	}
	for _, c := range []struct{ list, said string }{{"river_migration", "job tables"}, {"bun_migrations", "1 missing"}} {
		if _, err := owns.Exec(t.Context(), "DELETE FROM "+c.list+" WHERE ctid = (SELECT max(ctid) FROM "+c.list+")"); err != nil {
			t.Fatal(err)
		}
		if err := migrations.Check(t.Context(), serves); !errors.Is(err, migrations.ErrOldSchema) || !strings.Contains(err.Error(), c.said) {
			t.Errorf("the last step of %s is missing: %v", c.list, err)
		}
	}
}
