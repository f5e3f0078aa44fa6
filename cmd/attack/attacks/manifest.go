// Package attacks knows how one city could be made to show another's data, and tries it: cases are generated from the program's
// manifest of routes, sent over the network, and judged by what comes back. It knows nothing of the program's inside: the same
// cases run against a server within a test and against a started binary.
package attacks

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Route is one row of `welfarex routes --json`.
type Route struct {
	Method string            `json:"method"`
	Path   string            `json:"path"`
	About  string            `json:"about"`
	Who    string            `json:"who"`             // public · anyone · halfway · signed in · may <verb> <kind>
	Roles  []string          `json:"roles,omitempty"` // for may: the roles that the common policy allows
	Class  string            `json:"class"`
	Params map[string]string `json:"params,omitempty"` // path parameter → entity
	Query  []string          `json:"query,omitempty"`
	Form   []string          `json:"form,omitempty"`
	Cached bool              `json:"cached,omitempty"`
	Signed bool              `json:"signed,omitempty"` // by another server: no form, and refused without its signature
	Bare   bool              `json:"bare,omitempty"`   // no English twin
	Scope  string            `json:"scope,omitempty"`  // of a key that a program must show
	JSON   bool              `json:"json,omitempty"`   // an operation of the API: a key says who asks, a cookie counts for nothing
	Types  map[string]string `json:"types,omitempty"`  // of the properties that Form names
	Match  bool              `json:"match,omitempty"`  // takes If-Match
}

// Name is how reports speak of the route.
func (r Route) Name() string { return r.Method + " " + r.Path }

// Safe says whether the route only reads.
func (r Route) Safe() bool { return r.Method == http.MethodGet }

// ParamNames are the path's parameters, in order.
func (r Route) ParamNames() []string {
	var names []string
	for part := range strings.SplitSeq(r.Path, "/") {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			names = append(names, strings.TrimRight(name, "?+*"))
		}
	}
	return names
}

// At is the address of the route with its parameters filled in; values stand in it as they are.
func (r Route) At(values map[string]string) string {
	parts := strings.Split(r.Path, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = values[strings.TrimRight(name, "?+*")]
		}
	}
	return strings.Join(parts, "/")
}

// Fixed are the routes that the server has besides its manifest: the same bytes for everyone, before or without a person.
var Fixed = []Route{
	{Method: http.MethodGet, Path: "/livez", About: "Does the process answer?", Who: "public", Class: "machine", Bare: true},
	{Method: http.MethodGet, Path: "/readyz", About: "Could it serve a request?", Who: "public", Class: "machine", Bare: true},
	{Method: http.MethodGet, Path: "/api/v1/openapi.json", About: "The document of the API.", Who: "public", Class: "machine", Bare: true},
	{Method: http.MethodGet, Path: "/static/:name", About: "A built asset.", Who: "public", Class: "machine", Params: map[string]string{"name": "asset"}, Bare: true},
	{Method: http.MethodGet, Path: "/theme/:name", About: "The city's colours.", Who: "public", Class: "machine", Params: map[string]string{"name": "theme"}, Bare: true},
}

var classes = []string{"portal", "own", "office", "provider", "machine"}

// Incomplete lists what the manifest leaves open, so that no case could be generated from it; known says
// whether there are ids for a parameter.
func Incomplete(routes []Route, known func(r Route, param string) bool) []string {
	var wrong []string
	seen := map[string]bool{}
	for _, r := range routes {
		note := func(format string, args ...any) { wrong = append(wrong, r.Name()+": "+fmt.Sprintf(format, args...)) }
		if seen[r.Name()] {
			note("stands twice in the manifest")
		}
		seen[r.Name()] = true
		if !slices.Contains([]string{"public", "anyone", "halfway", "signed in"}, r.Who) && !strings.HasPrefix(r.Who, "may ") {
			note("nobody knows who may (%q)", r.Who)
		}
		if !slices.Contains(classes, r.Class) {
			note("has no class (%q)", r.Class)
		}
		if r.About == "" {
			note("does not say what it is about")
		}
		names := r.ParamNames()
		for _, name := range names {
			switch entity := r.Params[name]; {
			case entity == "":
				note("parameter %q has no entity", name)
			case !known(r, name):
				note("no ids are known for entity %q of parameter %q", entity, name)
			}
		}
		for name := range r.Params {
			if !slices.Contains(names, name) {
				note("speaks of a parameter %q that the path does not have", name)
			}
		}
	}
	return wrong
}

// Manifest counts the manifest's rows and what they leave open.
func (w *World) Manifest() {
	known := func(r Route, param string) bool { return w.IDs(w.City.Person("city_admin"), r, param).MadeUp != "" }
	wrong := Incomplete(w.Routes, known)
	for _, r := range w.Routes {
		w.Tally.Count("routes: is the manifest complete?", r.Name())
	}
	if len(wrong) > 0 {
		w.Tally.Count("routes: is the manifest complete?", "manifest", wrong...)
	}
}
