package main

import (
	"context"
	"net"
)

// The pages that are measured, by the word that chooses their section.
var pages = []struct{ name, path string }{
	{"home", "/"}, {"list", "/servizi"}, {"sheet", "/servizi/" + sheetSlug},
}

// sheetSlug is a service of the measured city, with as much on its sheet as any.
const sheetSlug = "assistenza-domiciliare"

// trips is how often the program waited for PostgreSQL while it answered one request for a page.
type trips struct {
	page                                         string
	cached, uncached, signedIn, cachedSignedWith int64
	statements                                   int // of the uncached page, with the one that enters the city
}

// countTrips counts round trips at the protocol, between the program and PostgreSQL.
func countTrips(ctx context.Context, h *house) ([]trips, error) {
	w, through, err := openWire(h.Database)
	if err != nil {
		return nil, err
	}
	defer w.close()
	s := h.settings
	s.Database = through
	addrs := map[bool]string{}
	var cookie string
	for _, uncached := range []bool{false, true} {
		a, err := openApp(ctx, s, uncached)
		if err != nil {
			return nil, err
		}
		defer a.close()
		if cookie == "" {
			if cookie, err = a.signIn(ctx, cities[0]); err != nil {
				return nil, err
			}
		}
		l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed with the application
		if err != nil {
			return nil, err
		}
		defer func() { _ = l.Close() }()
		addrs[uncached] = l.Addr().String()
		go func() { _ = a.serve(l) }()
	}
	var all []trips
	for _, p := range pages {
		t := trips{page: p.name}
		visitor := call{Host: host(cities[0]), Path: p.path, Gzip: true}
		person := visitor
		person.Cookie = cookie
		for _, x := range []struct {
			addr string
			call call
			into *int64
		}{
			{addrs[false], visitor, &t.cached}, {addrs[true], visitor, &t.uncached}, {addrs[true], person, &t.signedIn}, {addrs[false], person, &t.cachedSignedWith},
		} {
			if *x.into, err = w.tripsOf(x.addr, x.call); err != nil {
				return nil, err
			}
		}
		heard, err := w.record(func() error { _, err := fetch(addrs[true], visitor); return err })
		if err != nil {
			return nil, err
		}
		t.statements = len(heard)
		all = append(all, t)
	}
	return all, nil
}

// tripsOf counts for one request, after others have prepared the statements and filled the cache.
func (w *wire) tripsOf(addr string, c call) (int64, error) {
	for range 3 {
		if _, err := fetch(addr, c); err != nil {
			return 0, err
		}
	}
	return w.count(func() error { _, err := fetch(addr, c); return err })
}
