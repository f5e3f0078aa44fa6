package attacks

import (
	"maps"
	"net/http"
	"strings"
)

// CrossSite sends every form as a page of another site would make the browser send it. Sibling hosts under one parent are the same
// site, so that cookies come along: only what the browser says of the origin protects.
func (w *World) CrossSite() []Case {
	var cases []Case
	for _, route := range w.Routes {
		if route.Safe() {
			continue
		}
		for _, person := range w.few(route) {
			path, ok := w.path(route, person, func(ids IDs) string { return firstOf(ids.Own, ids.MadeUp) })
			if !ok {
				continue
			}
			for _, origin := range w.origins() {
				c := w.as(route, person, "forms sent by another site", origin.name, route.Method, path)
				delete(c.Send.Header, "Origin")
				if route.JSON { // a page of another site has the cookie, never the key
					delete(c.Send.Header, "Authorization")
					maps.Copy(c.Send.Header, as(person, nil))
				}
				delete(c.Send.Header, "Sec-Fetch-Site")
				for k, v := range origin.header {
					c.Send.Header[k] = v
				}
				switch c.Want = []int{http.StatusForbidden}; {
				case route.Signed:
					c.Want = []int{http.StatusBadRequest}
				case route.JSON:
					c.Want = []int{http.StatusUnauthorized}
				}
				cases = append(cases, c)
			}
		}
	}
	return cases
}

type origin struct {
	name   string
	header map[string]string
}

func (w *World) origins() []origin {
	here, there := w.City.Base, w.Other.Base
	_, parent, _ := strings.Cut(here, ".")
	return []origin{
		{"nothing said", nil},
		{"cross-site", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}},
		{"a sibling city, same-site", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": there}},
		{"same-site with our origin", map[string]string{"Sec-Fetch-Site": "same-site", "Origin": here}},
		{"cross-site with our origin", map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": here}},
		{"none, as if typed", map[string]string{"Sec-Fetch-Site": "none"}},
		{"an odd word", map[string]string{"Sec-Fetch-Site": "same-origin, cross-site"}},
		{"only the sibling's origin", map[string]string{"Origin": there}},
		{"a null origin", map[string]string{"Origin": "null"}},
		{"our origin with a dot", map[string]string{"Origin": here + "."}},
		{"our origin on another port", map[string]string{"Origin": here + "1"}},
		{"the parent's origin", map[string]string{"Origin": "http://" + parent}},
		{"our origin in a longer one", map[string]string{"Origin": here + ".evil.example"}},
		{"only a referer", map[string]string{"Referer": here + "/"}},
		{"a forged host", map[string]string{"Origin": there, "X-Forwarded-Host": strings.TrimPrefix(there, "http://")}},
	}
}
