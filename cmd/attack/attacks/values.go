package attacks

import (
	"net/http"
	"net/url"
	"slices"
)

// QueryValues puts into every query parameter what only another city knows, which must be answered as a made-up word is: the same
// hits, counts, order and pages; and then what is no value at all.
func (w *World) QueryValues() []Case {
	var cases []Case
	for _, route := range w.Routes {
		for _, person := range w.few(route) {
			path, ok := w.path(route, person, ownIDs)
			if !ok || !route.Safe() || gateFor(route, person) != open {
				continue
			}
			for _, name := range route.Query {
				pairs := w.Words
				if name != "q" { // a search finds, by chance, what looks like an id
					pairs = append(slices.Clone(w.Words), w.Keys...)
				}
				for _, pair := range pairs {
					c := w.as(route, person, "filters, search, sort, counts", name+" of another city", http.MethodGet, path+"?"+url.Values{name: {pair.Foreign}}.Encode())
					like := c.Send
					like.Target = path + "?" + url.Values{name: {pair.MadeUp}}.Encode()
					c.Like, c.Alike, c.Echoed = &like, pair, []string{pair.Foreign}
					cases = append(cases, c)
				}
				for _, odd := range oddValues {
					c := w.as(route, person, "junk in the query", name+"="+odd, http.MethodGet, path+"?"+name+"="+odd)
					cases = append(cases, c)
				}
			}
		}
	}
	return cases
}

var oddValues = []string{"%00", "%ff", "-1&{}=2", "99999999999999999999", "'%20OR%201=1--", "%25%27%5B", "a%0d%0aSet-Cookie:%20x=y"}

// FormValues posts, in every field, ids that only another city has, which must be answered as made-up ones are; and beside the fields
// what no form asks for. Compare judges what the database says of it.
func (w *World) FormValues() []Case {
	var cases []Case
	for _, route := range w.Routes {
		for _, person := range w.few(route) {
			path, ok := w.path(route, person, ownIDs)
			if !ok || route.Safe() || w.harmful(route, person) {
				continue
			}
			cases = append(cases, w.massAssignment(route, person, path))
			if gateFor(route, person) != open {
				continue
			}
			if person.Half && route.Who != "halfway" || person.Role == "city_admin" && route.Who == "anyone" {
				continue // does as the visitor and the citizen do
			}
			for _, field := range route.Form {
				for _, pair := range append(slices.Clone(w.Keys[:1]), w.Words[:min(1, len(w.Words))]...) {
					cases = append(cases, w.foreignField(route, person, path, field, pair))
				}
			}
		}
	}
	return cases
}

func (w *World) foreignField(route Route, person Person, path, field string, pair Pair) Case {
	c := w.as(route, person, "ids of another city in a form", field+" of another city", route.Method, path)
	like := c.Send
	foreign, madeUp := filled(route), filled(route)
	foreign.Set(field, pair.Foreign)
	madeUp.Set(field, pair.MadeUp)
	c.Send.fill(route, foreign)
	like.fill(route, madeUp)
	c.Like, c.Alike, c.Echoed = &like, pair, []string{pair.Foreign}
	return c
}

// Privileged are fields that no form may take from a person.
func Privileged(other *City, stranger string) url.Values {
	return url.Values{
		"tenant_id": {stranger}, "tenant": {other.Slug}, "city": {other.Slug}, "id": {stranger}, "account_id": {stranger},
		"owner": {stranger}, "owner_id": {stranger}, "provider_id": {stranger}, "role": {"city_admin"}, "roles": {"city_admin"},
		"roles[]": {"city_admin"}, "memberships[0].role": {"city_admin"}, "strong": {"true"}, "verified_at": {"2026-01-01"}, "admin": {"1"}, "public": {"true"},
		"published": {"true"}, "totp_since": {"2026-01-01"}, "closed_at": {"2026-01-01"},
	}
}

func (w *World) massAssignment(route Route, person Person, path string) Case {
	c := w.as(route, person, "mass assignment", "fields that no form has", route.Method, path)
	form := filled(route)
	for name, values := range Privileged(w.Other, w.Stranger) {
		if _, asked := form[name]; !asked {
			form[name] = values
		}
	}
	c.Send.fill(route, form)
	c.Gate = true
	return c
}
