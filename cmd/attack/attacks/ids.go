package attacks

import (
	"fmt"
	"net/http"
	"strings"
)

// ForeignIDs asks for things of another city, and of other people of the same one: the answer must be that of a made-up id. With more
// than one parameter each is exchanged alone too: the child of one parent under another.
func (w *World) ForeignIDs() []Case {
	var cases []Case
	for _, route := range w.Routes {
		for _, person := range w.few(route) {
			for i, name := range route.ParamNames() {
				ids := w.IDs(person, route, name)
				cases = append(cases, w.swapped(route, person, name, "ids of another city in the path", "another city's "+name, Pair{ids.Foreign, ids.MadeUp})...)
				if i > 0 {
					cases = append(cases, w.swapped(route, person, name, "parent and child that do not belong together", "the child of another parent", Pair{ids.Others, ids.MadeUp})...)
				} else if personal(route) && !person.seesAll(route) {
					cases = append(cases, w.swapped(route, person, name, "ids of other people in the path", "somebody else's "+name, Pair{ids.Others, alike(ids.Others, ids.MadeUp)})...)
				}
			}
		}
	}
	return cases
}

// alike is a made-up word as long as a real one: pages repeat it in their links, and their length would tell the two apart.
func alike(word, madeUp string) string {
	if len(word) == len(madeUp) {
		return madeUp
	}
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r < 'z' {
			return r + 1
		}
		return r
	}, word)
}

// personal says whether things behind the route belong to a person or to one provider.
func personal(r Route) bool { return r.Class == "own" || r.Class == "provider" }

// seesAll says whether the person's role reaches over what belongs to others behind this route.
func (p Person) seesAll(r Route) bool { return r.Class == "provider" && p.Role == "city_admin" }

// swapped exchanges one parameter for the pair, plain and in disguise, while the others stay the person's own (or made up too).
func (w *World) swapped(route Route, person Person, name, class, twist string, pair Pair) []Case {
	if pair.Foreign == "" || pair.MadeUp == "" {
		return nil
	}
	rest := map[string]string{}
	for _, other := range route.ParamNames() {
		ids := w.IDs(person, route, other)
		if rest[other] = ids.Own; ids.Own == "" {
			rest[other] = ids.MadeUp
		}
	}
	at := func(value string) string {
		values := map[string]string{}
		for k, v := range rest {
			values[k] = v
		}
		values[name] = value
		return route.At(values)
	}
	var cases []Case
	for _, d := range disguises {
		if d.method != "" && !route.Safe() || d.before != "" && route.Bare {
			continue
		}
		c := w.as(route, person, class, twist+d.name, firstOf(d.method, route.Method), d.before+at(d.wrap(pair.Foreign))+d.after)
		like := c.Send
		like.Target = d.before + at(d.wrap(pair.MadeUp)) + d.after
		c.Like, c.Alike, c.Gate = &like, pair, gateFor(route, person) != open
		c.Echoed = []string{pair.Foreign}
		cases = append(cases, c)
	}
	return cases
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func same(s string) string { return s }

// escaped writes every byte as %XX.
func escaped(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, "%%%02X", s[i])
	}
	return b.String()
}

var disguises = []struct {
	name, method, before, after string
	wrap                        func(string) string
}{
	{name: "", wrap: same},
	{name: " in English", before: "/en", wrap: same},
	{name: " by HEAD", method: http.MethodHead, wrap: same},
	{name: " in capitals", wrap: strings.ToUpper},
	{name: " percent-encoded", wrap: escaped},
	{name: " with a slash behind", after: "/", wrap: same},
	{name: " with junk behind", after: "?x=1&fatto=x", wrap: same},
}

// MalformedIDs puts what is no id at all where an id is due: nothing may break, and nothing may be found.
func (w *World) MalformedIDs() []Case {
	var cases []Case
	for _, route := range w.Routes {
		for _, person := range w.few(route) {
			if len(route.ParamNames()) == 0 {
				continue
			}
			for _, odd := range oddities {
				path, ok := w.path(route, person, func(ids IDs) string { return strings.ReplaceAll(odd, "{id}", firstOf(ids.Foreign, ids.MadeUp)) })
				if !ok {
					continue
				}
				c := w.as(route, person, "malformed ids", "id "+odd, route.Method, path)
				// An escaped slash makes another path of it, and one with a zero is nobody's: then no one is asked who they are.
				walled := gateFor(route, person) != open
				c.Gate = walled && !strings.Contains(odd, "%2f") && !strings.Contains(odd, "%00")
				for _, name := range route.ParamNames() {
					c.Echoed = append(c.Echoed, w.IDs(person, route, name).Foreign)
				}
				if route.Safe() && !walled {
					c.Want = []int{http.StatusNotFound, http.StatusBadRequest}
				}
				cases = append(cases, c)
			}
		}
	}
	return cases
}

var oddities = []string{
	"%00", "%27%20OR%20%271%27=%271", "%ff%fe", "..%2f..%2f{id}", "{id}%00", "{id}%20", "%7B{id}%7D", "urn:uuid:{id}", "-1", "00000000-0000-0000-0000-000000000000",
	"{id},{id}", "{id};x=1", "%E2%80%AE{id}", strings.Repeat("9", 400),
}
