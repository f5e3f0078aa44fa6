package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"
)

// pages compares list and sheet with a bare handler, and policies with none.
func (b *bench) pages(ctx context.Context) error {
	city := host(cities[0])
	plainURL, err := b.house.plain(ctx, cities[0])
	if err != nil {
		return err
	}
	var names []string
	asked := map[string]call{}
	for _, p := range pages {
		if b.wants(p.name) || b.wants("rls") && p.name != "home" {
			names = append(names, p.name, p.name+"-gzip")
			asked[p.name] = call{Host: city, Path: p.path}
			asked[p.name+"-gzip"] = call{Host: city, Path: p.path, Gzip: true}
		}
	}
	cookie, stored, err := b.capture(ctx, asked)
	if err != nil {
		return err
	}
	with := childTask{Settings: b.house.settings, Bare: stored}
	without := childTask{Settings: b.house.settings, Bare: map[string]page{}}
	without.Settings.Database = plainURL
	for name, p := range stored {
		p.Statements = withoutTenant(p.Statements)
		without.Bare[name] = p
	}
	servers := map[string]*child{}
	for name, task := range map[string]childTask{
		"uncached": {Settings: b.house.settings, Uncached: true}, "cached": {Settings: b.house.settings}, "policies": with, "bare": without,
	} {
		if b.profile != "" {
			task.Profile = filepath.Join(b.profile, name+".prof")
		}
		if servers[name], err = spawn(ctx, b.dir, task); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, servers[name].stop()) }()
	}
	for _, name := range names {
		c := asked[name]
		bareCall := call{Host: city, Path: "/" + name}
		bytes := fmt.Sprintf("%d statements, %d bytes", len(stored[name].Statements)-1, len(stored[name].Body))
		section := c.section()
		if b.wants(section) {
			if err := b.against(ctx, section, name+": ours, rendered", servers["uncached"], c, servers["bare"], bareCall, bytes, !c.Gzip); err != nil {
				return err
			}
			if c.Gzip {
				if err := b.against(ctx, section, name+": ours, from memory", servers["cached"], c, servers["bare"], bareCall, bytes, false); err != nil {
					return err
				}
			} else {
				signed := c
				signed.Cookie = cookie
				if err := b.against(ctx, section, name+": ours, signed in", servers["uncached"], signed, servers["bare"], bareCall, bytes, false); err != nil {
					return err
				}
			}
		}
		if b.wants("rls") && !c.Gzip {
			if err := b.against(ctx, "rls", name+": policies on", servers["policies"], bareCall, servers["bare"], bareCall, bytes, false); err != nil {
				return err
			}
		}
	}
	return nil
}

// section is the page of a call.
func (c call) section() string {
	for _, p := range pages {
		if p.path == c.Path {
			return p.name
		}
	}
	return ""
}

// capture asks ours for each page once, and gives what it answered and which statements it sent. The cookie is a citizen's.
func (b *bench) capture(ctx context.Context, asked map[string]call) (cookie string, stored map[string]page, err error) {
	w, through, err := openWire(b.house.Database)
	if err != nil {
		return "", nil, err
	}
	defer w.close()
	s := b.house.settings
	s.Database = through
	a, err := openApp(ctx, s, true)
	if err != nil {
		return "", nil, err
	}
	defer a.close()
	if cookie, err = a.signIn(ctx, cities[0]); err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed below
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = l.Close() }()
	go func() { _ = a.serve(l) }()
	stored = map[string]page{}
	for name, c := range asked {
		p := page{ContentType: "text/html; charset=utf-8", Gzip: c.Gzip}
		if p.Statements, err = w.record(func() (err error) {
			p.Body, err = fetch(l.Addr().String(), c)
			return err
		}); err != nil {
			return "", nil, err
		}
		stored[name] = p
	}
	return cookie, stored, nil
}

// against compares requests a second of two servers, and the time that they and PostgreSQL compute for one: the machine's other
// business shows in the first and hardly in the second.
func (b *bench) against(ctx context.Context, section, name string, ours *child, oursCall call, theirs *child, theirsCall call, note string, gated bool) error {
	loads := [2]*load{newLoad(ours.addr, b.workers, always(oursCall)), newLoad(theirs.addr, b.workers, always(theirsCall))}
	for i, server := range []*child{ours, theirs} {
		if _, err := loads[i].run(b.stretch); err != nil { // opens the connections
			return err
		}
		backends, err := b.house.backends(ctx)
		if err != nil {
			return err
		}
		loads[i].cpu = func() cpu { return cpu{cpuOf(server.cmd.Process.Pid), cpuOf(backends...)} }
	}
	pairs, err := interleave(b.rounds, b.stretch, loads[0], loads[1])
	if err != nil {
		return err
	}
	ratio := over(pairs, func(p pair) float64 { return p.ours.rate / p.theirs.rate })
	computed := over(pairs, func(p pair) float64 { return p.theirs.cpu.all() / p.ours.cpu.all() })
	ms := func(of func(pair) time.Duration) float64 {
		return over(pairs, func(p pair) float64 { return of(p).Seconds() * 1000 }).Median
	}
	note = fmt.Sprintf("server %.2f : %.2f ms, PostgreSQL %.2f : %.2f ms, %s",
		ms(func(p pair) time.Duration { return p.ours.cpu.server }), ms(func(p pair) time.Duration { return p.theirs.cpu.server }),
		ms(func(p pair) time.Duration { return p.ours.cpu.database }), ms(func(p pair) time.Duration { return p.theirs.cpu.database }), note)
	f := figure{
		Section: section, Name: name, Unit: "req/s", Ratio: &ratio, CPU: &computed, Note: note,
		Ours: over(pairs, func(p pair) float64 { return p.ours.rate }).Median, Theirs: over(pairs, func(p pair) float64 { return p.theirs.rate }).Median,
	}
	if gated {
		f.Goal = atLeast(0.5, 0.8)
	}
	b.report.add(f)
	return nil
}

// trips reports round trips.
func (b *bench) trips(ctx context.Context) error {
	counted, err := countTrips(ctx, b.house)
	if err != nil {
		return err
	}
	for _, t := range counted {
		note := fmt.Sprintf("%d statements", t.statements)
		b.report.add(
			figure{Section: "trips", Name: t.page + ": visitor, from memory", Unit: "turns", Ours: float64(t.cached), Goal: atMost(1, 0)},
			figure{Section: "trips", Name: t.page + ": visitor, rendered", Unit: "turns", Ours: float64(t.uncached), Goal: atMost(1, 1), Note: note},
			figure{Section: "trips", Name: t.page + ": signed in", Unit: "turns", Ours: float64(max(t.signedIn, t.cachedSignedWith)), Goal: atMost(2, 2)},
		)
	}
	return nil
}
