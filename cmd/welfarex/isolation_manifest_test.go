package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
)

// world is what the attacks work with: alfa from outside, and what an attacker of beta would know.
func (s *stage) world(ctx context.Context, t *testing.T) *attacks.World {
	t.Helper()
	w := &attacks.World{
		Server: s.server, City: s.alfa.City, Other: s.beta.City, IDs: s.idsOf, Stranger: s.beta.things.accounts["citizen"].String(), Reset: s.reset, Tally: &attacks.Tally{},
		Routes: append(manifestRows(t, s.app), attacks.Fixed...),
	}
	for _, id := range []uuid.UUID{s.beta.things.providers[0], s.beta.things.accounts["citizen"]} {
		w.Keys = append(w.Keys, attacks.Pair{Foreign: id.String(), MadeUp: newUUID().String()})
	}
	for _, entity := range []string{"need", "category", "provider", "service", "neighbourhood"} {
		word := s.beta.slugs[entity]
		w.Words = append(w.Words, attacks.Pair{Foreign: word, MadeUp: madeUp(word)})
	}
	return w
}

// manifestRows reads the program's routes as `welfarex routes --json` tells them.
func manifestRows(t *testing.T, a *App) (rows []attacks.Route) {
	t.Helper()
	raw, err := json.Marshal(described(a.manifest(), a.policy))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// manifestIsComplete fails for a route from which no honest case can be made, and for one that the server has and the manifest has not.
func manifestIsComplete(_ context.Context, t *testing.T, s *stage, w *attacks.World) {
	known := func(r attacks.Route, param string) bool {
		return s.idsOf(w.City.Person("city_admin"), r, param).MadeUp != ""
	}
	for _, wrong := range attacks.Incomplete(w.Routes, known) {
		t.Error(wrong)
	}
	listed := map[string]bool{}
	for _, r := range w.Routes {
		for _, path := range []string{r.Path, strings.TrimSuffix("/en"+r.Path, "/")} {
			if listed[r.Method+" "+path] = true; r.Method == http.MethodGet {
				listed["HEAD "+path] = true
			}
			if r.Bare {
				break
			}
		}
	}
	for _, r := range s.app.server.App().GetRoutes(true) {
		w.Tally.Count("routes that the server has: in the manifest?", r.Method+" "+r.Path)
		if !listed[r.Method+" "+r.Path] && !listed[r.Method+" "+strings.TrimSuffix(r.Path, "/")] {
			t.Errorf("the server answers %s %s, which no manifest has", r.Method, r.Path)
		}
	}
	for _, r := range s.app.server.Routes {
		if r.JSON {
			continue // its fields are its input's own
		}
		reads, err := fieldsRead(r)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, field := range reads.form {
			if !slices.Contains(r.Form, field) {
				t.Errorf("%s %s reads the field %q, which its row does not list", r.Method, r.Path, field)
			}
		}
		for _, name := range reads.query {
			if !slices.Contains(r.Query, name) {
				t.Errorf("%s %s reads the query parameter %q, which its row does not list", r.Method, r.Path, name)
			}
		}
		w.Tally.Count("what handlers read: in the manifest?", fmt.Sprint(r.Method, r.Path))
	}
}
