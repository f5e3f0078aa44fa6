package main

import (
	"context"
	"net"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

// The person's own area costs two round trips: who they are, and all that their pages show.
func TestOwnArea_WaitsForPostgreSQLTwice(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	testkit.DB(t)
	h, err := openHouse(ctx, t.TempDir(), testkit.Postgres(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	w, through, err := openWire(h.Database)
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	s := h.settings
	s.Database = through
	a, err := openApp(ctx, s, true)
	if err != nil {
		t.Fatal(err)
	}
	defer a.close()
	cookie, err := a.signIn(ctx, cities[0])
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed with the application
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() { _ = a.serve(l) }()
	order, err := a.buy(ctx, cities[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/area-personale", "/area-personale/nucleo", "/area-personale/ordini", "/area-personale/ordini/" + order, "/area-personale/ordini/" + order + "/ricevuta", "/carrello",
	} {
		n, err := w.tripsOf(l.Addr().String(), call{Host: host(cities[0]), Path: path, Cookie: cookie})
		if err != nil || n != 2 {
			t.Errorf("%s: %d round trips, err %v", path, n, err)
		}
	}
}

// buy lets the citizen of signIn order and pay something, and gives the newest order's id.
func (a *app) buy(ctx context.Context, slug string) (string, error) {
	city, err := a.city(slug)
	if err != nil {
		return "", err
	}
	ctx = tenants.With(ctx, city)
	worker := accounts.SeedPerson{Email: "luca@" + slug + ".example", Name: "Luca Prova", Hash: "-", Role: authz.Provider, Provider: "mani-di-pioppo"}
	if err := a.accounts.Seed(ctx, worker); err != nil {
		return "", err
	}
	var who [2]*authz.Actor
	for i, email := range []string{"anna@" + slug + ".example", worker.Email} {
		if who[i], err = a.accounts.SeedActor(ctx, email); err != nil {
			return "", err
		}
	}
	if err := a.orders.Seed(ctx, who[0], who[1]); err != nil {
		return "", err
	}
	var id string
	err = a.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT id::text FROM orders ORDER BY number DESC LIMIT 1").QueryRow(func(row pgx.Row) error { return row.Scan(&id) })
	})
	return id, err
}
