package main

import (
	"context"
	"net"
	"testing"

	"github.com/welfarex/welfarex/modules/kit/testkit"
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
	for _, path := range []string{"/area-personale", "/area-personale/nucleo"} {
		n, err := w.tripsOf(l.Addr().String(), call{Host: host(cities[0]), Path: path, Cookie: cookie})
		if err != nil || n != 2 {
			t.Errorf("%s: %d round trips, err %v", path, n, err)
		}
	}
}
