package attacks

// Crossing brings the cookies of another city's people, made-up ones and doubled ones: each must count for nothing.
func (w *World) Crossing() []Case {
	var cases []Case
	for _, route := range w.Routes {
		path, ok := w.path(route, Visitor, func(ids IDs) string { return firstOf(ids.Own, ids.MadeUp) })
		if !ok || !route.Safe() || route.Who == "public" {
			continue
		}
		for _, stranger := range w.Other.People {
			if stranger.Session == "" {
				continue
			}
			cases = append(cases, w.cookie(route, path, "a session of another city", "with the session of the other city's "+stranger.Name,
				SessionCookie+"="+stranger.Session))
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

// cookie is a visitor's case with a Cookie line of its own: the answer must be the one that a visitor gets.
func (w *World) cookie(route Route, path, class, twist, line string) Case {
	c := w.as(route, Visitor, class, twist, route.Method, path)
	c.Send.Header["Cookie"] = line
	c.Gate = true
	return c
}
