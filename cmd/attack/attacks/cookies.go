package attacks

import (
	"net/http"
	"strings"
)

// SessionCookie is the name under which the program remembers a person.
const SessionCookie = "__Host-session"

// as adds the person's cookie to the headers.
func as(p Person, header map[string]string) map[string]string {
	all := map[string]string{}
	for k, v := range header {
		all[k] = v
	}
	if p.Session != "" {
		all["Cookie"] = SessionCookie + "=" + p.Session
	}
	return all
}

// asking is how the person asks for a route: a browser shows a cookie, a program a key.
func asking(r Route, p Person, header map[string]string) map[string]string {
	if !r.JSON {
		return as(p, header)
	}
	all := as(Visitor, header)
	if p.Key != "" {
		all["Authorization"] = "Bearer " + p.Key
	}
	if !r.Safe() {
		all["Content-Type"] = "application/json"
	}
	if r.Match {
		all["If-Match"] = `"1"`
	}
	return all
}

// own adds what a browser says of a form that the city itself showed.
func own(c *City, header map[string]string) map[string]string {
	header["Origin"] = c.Base
	header["Sec-Fetch-Site"] = "same-origin"
	return header
}

// badCookies lists the cookies of a reply that another host could meet or a script could read.
func badCookies(r Reply) []string {
	var bad []string
	for _, line := range r.Header.Values("Set-Cookie") {
		c, err := http.ParseSetCookie(line)
		switch {
		case err != nil:
			bad = append(bad, "cannot be read: "+line)
		case !strings.HasPrefix(c.Name, "__Host-") || c.Domain != "" || c.Path != "/" || !c.Secure:
			bad = append(bad, "is not bound to one host: "+c.Name)
		case !c.HttpOnly || c.SameSite == http.SameSiteDefaultMode || c.SameSite == http.SameSiteNoneMode:
			bad = append(bad, "is open to scripts or other sites: "+c.Name)
		}
	}
	return bad
}
