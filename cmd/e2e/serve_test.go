package e2e

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/local"
)

// Browsers open connections ahead of need and ask for something on them much later. What a server says to one that waited too long must be
// 408: then the browser asks again, while it would show any other answer to the person.
func TestServer_AConnectionThatWaitedIsLetGo(t *testing.T) {
	t.Parallel()
	conn, err := net.Dial("tcp", shared.addr) //nolint:noctx // bounded below
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	said, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if len(said) > 0 && (!strings.HasPrefix(string(said), "HTTP/1.1 408 ") || !strings.Contains(string(said), "Connection: close")) {
		t.Errorf("it is told: %.200s", said)
	}
}

func TestServe_OnlyOneCity(t *testing.T) {
	t.Parallel()
	d := mustStart(t, process{args: []string{"--env-file", shared.envFile(), "serve", "--only", "cremona"}, data: shared.data})
	if r := d.ask(t, "cremona.localhost", "/"); r.status != http.StatusOK {
		t.Errorf("Cremona answers %d", r.status)
	}
	if r := d.ask(t, "biella.localhost", "/"); r.status != http.StatusNotFound {
		t.Errorf("Biella answers %d", r.status)
	}
	if r := call(t, process{args: []string{"healthcheck"}, data: d.data, addr: d.addr}); r.code != 0 {
		t.Errorf("healthcheck: exit %d: %s", r.code, r.out)
	}
	if err := d.stop(); err != nil {
		t.Error(err)
	}
	if r := call(t, process{args: []string{"healthcheck"}, data: d.data, addr: d.addr}); r.code != 1 {
		t.Errorf("healthcheck of what is stopped: exit %d: %s", r.code, r.out)
	}
}

func TestServe_RefusesAnOldSchema(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	postgres, err := local.StartPostgres(ctx, local.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = postgres.Stop(ctx) })
	env := []string{"DATABASE_URL=" + postgres.AppURL(), "DATABASE_OWNER_URL=" + postgres.OwnerURL()}
	refuses := func(when string) {
		t.Helper()
		for _, command := range []string{"serve", "work"} {
			addr, err := freeAddr()
			if err != nil {
				t.Fatal(err)
			}
			r := call(t, process{args: []string{"--env-file", shared.envFile(), command}, data: shared.data, addr: addr, env: env})
			if r.code != 1 || !strings.Contains(r.out, "welfarex migrate") {
				t.Errorf("%s %s: exit %d: %s", command, when, r.code, r.out)
			}
		}
	}
	refuses("on an empty database")
	for _, want := range []string{"accounts", "aggiornato"} {
		r := call(t, process{args: []string{"--env-file", shared.envFile(), "migrate"}, data: shared.data, env: env})
		if r.code != 0 || !strings.Contains(r.out, want) {
			t.Fatalf("migrate: exit %d: %s", r.code, r.out)
		}
	}
	d := mustStart(t, process{args: []string{"--env-file", shared.envFile(), "serve"}, data: shared.data, env: env})
	if err := d.stop(); err != nil {
		t.Error(err)
	}
	conn, err := pgx.Connect(ctx, postgres.OwnerURL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "DELETE FROM bun_migrations WHERE id = (SELECT max(id) FROM bun_migrations)"); err != nil {
		t.Fatal(err)
	}
	refuses("one step behind")
}
