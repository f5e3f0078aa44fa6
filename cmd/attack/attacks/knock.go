package attacks

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Knock asks for every route as every person, with things of their own: plain, as HEAD, in English, with a slash and with junk behind.
// It proves who may, and that the suite sees pages with data rather than refusals.
func (w *World) Knock() []Case {
	var cases []Case
	for _, route := range w.Routes {
		people := w.City.People
		if !route.Safe() {
			people = w.few(route)
		}
		for _, person := range people {
			path, ok := w.path(route, person, ownIDs)
			if !ok {
				continue
			}
			for _, twist := range knocks {
				if c, ok := w.knock(route, person, path, twist); ok {
					cases = append(cases, c)
				}
			}
		}
	}
	return cases
}

// knocks are the ways of asking for the same thing.
var knocks = []struct {
	class, name   string
	method        string // instead of the route's
	before, after string
}{
	{class: "who may: routes × people", name: "plain"},
	{class: "who may: the English twin", name: "in English", before: "/en"},
	{class: "who may: HEAD", name: "HEAD", method: http.MethodHead},
	{class: "who may: odd addresses", name: "a slash behind", after: "/"},
	{class: "junk in the query", name: "junk behind", after: "?tenant_id={other}&city={other}&host={other}&lang=zz&fatto=x&role=city_admin&_method=DELETE&debug=1"},
}

func (w *World) knock(route Route, person Person, path string, k struct{ class, name, method, before, after string }) (Case, bool) {
	if k.before != "" && route.Bare || (k.method != "" || k.after != "") && !route.Safe() || w.harmful(route, person) {
		return Case{}, false
	}
	target := k.before + path
	if target != "/" || k.after != "/" {
		target += strings.ReplaceAll(k.after, "{other}", w.Other.Slug)
	}
	method := route.Method
	if k.method != "" {
		method = k.method
	}
	c := w.as(route, person, k.class, k.name, method, target)
	c.Gate, c.Echoed = true, []string{w.Other.Slug}
	if route.Safe() && gateFor(route, person) == open && k.after != "/" {
		c.Want = []int{http.StatusOK, http.StatusSeeOther, http.StatusFound, http.StatusNotModified}
		if route.JSON && strings.HasPrefix(k.after, "?") {
			c.Want = []int{http.StatusUnprocessableEntity} // a program is told of a word that nobody knows
		}
	}
	return c, true
}

// harmful says whether the request could change something that nobody would put back.
func (w *World) harmful(route Route, person Person) bool {
	return w.Reset == nil && !route.Safe() && gateFor(route, person) == open
}

// as is a case of a person who uses the city as its own pages would make them.
func (w *World) as(route Route, person Person, class, twist, method, target string) Case {
	q := Request{Method: method, Host: hostport(w.City), Target: target, Header: asking(route, person, nil)}
	if !route.Safe() {
		q.Header = own(w.City, q.Header)
		q.fill(route, filled(route))
	}
	return Case{Class: class, Route: route, Person: person, Twist: twist, Send: q, Fresh: slices.Contains(drawn, route.Path)}
}

// drawn are the pages that show something new each time: a second factor to take.
var drawn = []string{"/area-personale/secondo-fattore"}

// hostport is what a browser writes into the Host header.
func hostport(c *City) string {
	_, host, _ := strings.Cut(c.Base, "://")
	return host
}

// filled is the route's form with something plausible in every field.
func filled(route Route) url.Values {
	form := url.Values{}
	for _, field := range route.Form {
		switch {
		case strings.Contains(field, "mail"):
			form.Set(field, "nessuno@prova.example")
		case strings.Contains(field, "password"):
			form.Set(field, "tre cavalli e una zucca")
		default:
			form.Set(field, "1")
		}
	}
	return form
}

// fill puts a form into the request; to a program's operation it goes as JSON, with the types that its document names.
func (q *Request) fill(route Route, form url.Values) {
	q.Form, q.Body = form, ""
	if !route.JSON {
		return
	}
	q.Form = nil
	if len(route.Form) == 0 && len(form) == 0 {
		return
	}
	body := map[string]any{}
	for name := range form {
		body[name] = typed(route.Types[name], form[name])
	}
	raw, _ := json.Marshal(body) // texts and numbers
	q.Body = string(raw)
}

func typed(kind string, values []string) any {
	switch n, err := strconv.Atoi(values[0]); {
	case kind == "array":
		return values
	case kind == "integer" && err == nil:
		return n
	case kind == "boolean":
		return values[0] == "1"
	}
	return values[0]
}

func ownIDs(ids IDs) string { return ids.Own }

// path fills the route's parameters with one kind of ids; ok is false if there are none of that kind.
func (w *World) path(route Route, person Person, kind func(IDs) string) (string, bool) {
	values := map[string]string{}
	for _, name := range route.ParamNames() {
		id := kind(w.IDs(person, route, name))
		if id == "" {
			return "", false
		}
		values[name] = id
	}
	return route.At(values), true
}
