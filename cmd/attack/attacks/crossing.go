package attacks

import "net/http"

// Crossing brings the cookies of another city's people, made-up ones and doubled ones: each must count for nothing.
func (w *World) Crossing() []Case {
	var cases []Case
	for _, route := range w.Routes {
		path, ok := w.path(route, Visitor, func(ids IDs) string { return firstOf(ids.Own, ids.MadeUp) })
		if !ok || !route.Safe() || route.Who == "public" {
			continue
		}
		if route.JSON {
			cases = append(cases, w.keys(route, path)...)
			continue
		}
		for _, stranger := range w.Other.People {
			if stranger.Session == "" {
				continue
			}
			cases = append(cases, w.cookie(route, path, "a session of another city", "with the session of the other city's "+stranger.Name,
				SessionCookie+"="+stranger.Session))
		}
		for _, name := range []string{"citizen", "city_admin"} {
			cases = append(cases, w.cookie(route, path, "keys: sessions, misspelt, made up", "with a key as cookie", SessionCookie+"="+w.City.Person(name).Key))
		}
		stranger := w.Other.Person("city_admin").Session
		for _, line := range []string{
			SessionCookie + "=" + stranger + "; " + SessionCookie + "=" + stranger,
			"session=" + stranger, "__Secure-session=" + stranger, "__host-session=" + stranger, SessionCookie + "=\"" + stranger + "\"",
			SessionCookie + "=0; $Domain=" + w.Other.Host, SessionCookie + "=", SessionCookie + "=%00", SessionCookie + "=' OR '1'='1",
		} {
			cases = append(cases, w.cookie(route, path, "cookies: doubled, renamed, made up", "with odd cookies", line))
		}
	}
	return cases
}

// keys brings the keys of another city's programs, sessions in the place of keys and keys in the place of sessions.
func (w *World) keys(route Route, path string) (cases []Case) {
	bearer := func(class, twist, line string) {
		c := w.as(route, Visitor, class, twist, route.Method, path)
		c.Send.Header["Authorization"] = line
		c.Want = []int{http.StatusUnauthorized}
		cases = append(cases, c)
	}
	for _, stranger := range w.Other.People {
		if stranger.Key != "" {
			bearer("a key of another city", "with the key of the other city's "+stranger.Name, "Bearer "+stranger.Key)
		}
	}
	own := w.City.Person("city_admin")
	for _, line := range []string{"Bearer " + own.Session, "Bearer", "Bearer  " + own.Key, "Basic " + own.Key, own.Key, "Bearer " + own.Key + "x", "Bearer %00", "Bearer ' OR '1'='1"} {
		bearer("keys: sessions, misspelt, made up", "with an odd key", line)
	}
	return cases
}

// cookie is a visitor's case with a Cookie line of its own: the answer must be the one that a visitor gets.
func (w *World) cookie(route Route, path, class, twist, line string) Case {
	c := w.as(route, Visitor, class, twist, route.Method, path)
	c.Send.Header["Cookie"] = line
	c.Gate = true
	return c
}
