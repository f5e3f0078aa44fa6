package main

import (
	"context"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
)

// fewest is how many attacks there must be: fewer would mean that the generator has lost something.
const fewest = 5000

// TestIsolation proves that no city sees another's data: it opens twin cities from one folder, puts a canary into every text of both,
// attacks one with everything known of the other, and looks for canaries of the other wherever data can go.
// Each class is a subtest, so that cmd/mutants can name the one that must catch a planted bug.
func TestIsolation(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 35*time.Minute)
	defer cancel()
	s := raise(ctx, t)
	if t.Failed() {
		return
	}
	w := s.world(ctx, t)
	for _, class := range []struct {
		name string
		run  func(context.Context, *testing.T, *stage, *attacks.World)
	}{
		{"Manifest", manifestIsComplete},
		{"Knock", generated((*attacks.World).Knock)},
		{"ForeignIDs", generated((*attacks.World).ForeignIDs)},
		{"MalformedIDs", generated((*attacks.World).MalformedIDs)},
		{"QueryValues", generated((*attacks.World).QueryValues)},
		{"FormValues", generated((*attacks.World).FormValues)},
		{"CrossSite", generated((*attacks.World).CrossSite)},
		{"Crossing", generated((*attacks.World).Crossing)},
		{"Forged", generated((*attacks.World).Forged)},
		{"Away", generated((*attacks.World).Away)},
		{"Caches", func(ctx context.Context, _ *testing.T, _ *stage, w *attacks.World) { w.Caches(ctx) }},
		{"Sockets", func(ctx context.Context, _ *testing.T, _ *stage, w *attacks.World) {
			w.Sockets(ctx)
			w.Pipelined(ctx, 25)
		}},
		{"Links", byHand("links of one city on another", links)},
		{"Logins", byHand("logins, fixation, second factor", logins)},
		{"Mails", byHand("mail links whatever the request's host", mails)},
		{"Limits", byHand("rate limits, by city", limits)},
		{"Jobs", byHand("jobs without a city, or with another's", jobsAlone)},
		{"Suspended", byHand("suspended cities", suspended)},
		{"Notices", byHand("payments, webhooks, idempotency keys", notices)},
		{"Numbers", byHand("receipt and protocol numbers that tell another city's volume", numbers)},
		{"Programs", byHand("keys of programs, and what they send again", programs)},
		{"Roles", byHand("roles as they are now", roles)},
		{"Files", byHand("files by address", filesApart)},
		{"Door", byHand("the door to the database", door)},
		{"Domains", byHand("domains of two cities", domains)},
		{"Store", storeKeepsApart},
	} {
		t.Run(class.name, func(t *testing.T) {
			class.run(ctx, t, s, w)
			report(t, w.Tally.Take())
		})
	}
	t.Logf("\n%s", w.Tally.Table())
	if whole := !strings.Contains(flag.Lookup("test.run").Value.String()+flag.Lookup("test.skip").Value.String(), "/"); whole && w.Tally.Total() < fewest {
		t.Errorf("only %d attacks, expected at least %d", w.Tally.Total(), fewest)
	}
}

// report fails with what was found, or with the first of it if it is much.
func report(t *testing.T, found []string) {
	t.Helper()
	const most = 25
	if len(found) > most {
		t.Errorf("%d findings, the first of them:", len(found))
	}
	for _, f := range found[:min(most, len(found))] {
		t.Error(f)
	}
}

// generated tries the cases that make gives, route by route, and asks the witnesses after each route that changes something.
func generated(make func(*attacks.World) []attacks.Case) func(context.Context, *testing.T, *stage, *attacks.World) {
	return func(ctx context.Context, t *testing.T, s *stage, w *attacks.World) {
		var reading []attacks.Case
		changing := map[string][]attacks.Case{}
		for _, c := range make(w) {
			if c.Route.Safe() {
				reading = append(reading, c)
			} else {
				changing[c.Route.Name()] = append(changing[c.Route.Name()], c)
			}
		}
		s.watched(ctx, t, w, "reading", func() { w.Run(ctx, reading) })
		for name, cases := range changing {
			s.watched(ctx, t, w, name, func() { w.Run(ctx, cases) })
		}
	}
}

// watched runs attacks on alfa and asks the witnesses afterwards.
func (s *stage) watched(ctx context.Context, t *testing.T, w *attacks.World, name string, attack func()) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	before, err := s.hashes(ctx, s.beta)
	must(err)
	s.log.take()
	_, mails := s.mailSays(0)
	attack()
	must(s.settled(ctx))
	after, err := s.hashes(ctx, s.beta)
	must(err)
	var wrong []string
	if tables := changed(before, after); len(tables) > 0 {
		wrong = []string{"changed: " + strings.Join(tables, ", ")}
	}
	w.Tally.Count("rows of the other city", name, wrong...)
	w.Tally.Count("logs", name, s.marksIn(s.log.take())...)
	wrong, _ = s.mailSays(mails)
	w.Tally.Count("mails", name, wrong...)
	wrong, s.lastJob, err = s.jobsSay(ctx, s.lastJob)
	must(err)
	w.Tally.Count("queue", name, wrong...)
}

// storeKeepsApart looks, after everything, at what was stored.
func storeKeepsApart(ctx context.Context, t *testing.T, s *stage, w *attacks.World) {
	wrong, objects, err := s.objectsSay(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range objects {
		w.Tally.Count("object store", key)
	}
	w.Tally.Count("object store", "all", wrong...)
}
