package attacks

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// judge lists what is wrong with a reply whatever was asked: echoed are values that the request itself brought.
func (w *World) judge(c Case, r Reply) []string {
	var wrong []string
	if r.Status >= 500 {
		wrong = append(wrong, fmt.Sprintf("answered %d", r.Status))
	}
	if mark := w.foreignMark(r, c.Echoed); mark != "" {
		wrong = append(wrong, "shows another city's data: "+mark)
	}
	for _, b := range badCookies(r) {
		wrong = append(wrong, "sets a cookie that "+b)
	}
	if to := r.Header.Get("Location"); to != "" && !w.ownAddress(to) {
		wrong = append(wrong, "leads away from the city: "+to)
	}
	if to := away.FindString(r.Body); to != "" {
		wrong = append(wrong, "leads to another site: "+to)
	}
	if inner := inside.FindString(r.Body); inner != "" {
		wrong = append(wrong, "tells of its inside: "+inner)
	}
	return append(wrong, cacheable(c, r)...)
}

// inside finds what only a programmer should read.
var inside = regexp.MustCompile(`SQLSTATE|pgx[./:v]|pgconn|pq:|goroutine \d|\.go:\d+|panic:|runtime error|violates |row-level security`)

// foreignMark looks for another city's data, and gives it with what stands around it.
func (w *World) foreignMark(r Reply, echoed []string) string {
	text := r.text()
	for _, e := range echoed {
		for _, form := range spellings(e) {
			text = strings.ReplaceAll(text, strings.ToLower(form), "·")
		}
	}
	return markIn(text, w.Other.Marks)
}

func markIn(text string, marks []string) string {
	for _, mark := range marks {
		if i := strings.Index(text, mark); i >= 0 {
			return fmt.Sprintf("%q", text[max(0, i-30):min(len(text), i+len(mark)+30)])
		}
	}
	return ""
}

func (w *World) ownAddress(to string) bool {
	if strings.HasPrefix(to, "/") {
		return !strings.HasPrefix(to, "//") && !strings.HasPrefix(to, `/\`)
	}
	return to == w.City.Base || strings.HasPrefix(to, w.City.Base+"/") || strings.HasPrefix(to, w.City.Base+"?")
}

// cacheable lists what a cache between server and person could keep and hand to someone else.
func cacheable(c Case, r Reply) []string {
	control := r.Header.Get("Cache-Control")
	public := strings.Contains(control, "public") || strings.Contains(control, "s-maxage")
	var wrong []string
	if public && len(r.Header.Values("Set-Cookie")) > 0 {
		wrong = append(wrong, "a shared cache may keep a reply with a cookie")
	}
	if public && strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
		wrong = append(wrong, "a shared cache may keep a page")
	}
	personal := (c.Person.Session != "" && !c.Route.JSON || c.Person.Key != "" && c.Route.JSON) && c.Route.Who != "public" && !sameForAll(c.Route)
	if personal && !strings.Contains(control, "no-store") {
		wrong = append(wrong, fmt.Sprintf("a reply to someone signed in may be stored (Cache-Control %q)", control))
	}
	return wrong
}

// sameForAll says whether everyone who gets a reply of the route gets the same bytes: pictures of a city, under their id.
func sameForAll(r Route) bool { return r.Params["id"] == "file" && r.Who == "anyone" }

// judgeGate compares the status with what the manifest says of this person.
func judgeGate(c Case, r Reply) []string {
	got := fmt.Sprintf("%d %s", r.Status, r.Header.Get("Location"))
	reads := c.Send.Method == http.MethodGet || c.Send.Method == http.MethodHead
	switch g := gateFor(c.Route, c.Person); {
	case g == keyWall && r.Status != http.StatusUnauthorized:
		return []string{"needs a key, but answered " + got}
	case g == forbidden && r.Status != http.StatusForbidden:
		return []string{"is not for this role, but answered " + got}
	case (g == loginWall || g == codeWall) && !reads && r.Status != http.StatusUnauthorized:
		return []string{"needs a login, but answered " + got}
	case (g == loginWall || g == codeWall) && reads && (r.Status != http.StatusSeeOther || !leadsToLogin(r, g)):
		return []string{"should lead to the login, but answered " + got}
	case g == open && refused(r):
		return []string{"should let this person in, but answered " + got}
	}
	return nil
}

func refused(r Reply) bool {
	return r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden
}

func leadsToLogin(r Reply, g gate) bool {
	path, _, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Location"), "/en"), "?")
	if g == codeWall {
		return path == "/accedi/codice"
	}
	return path == "/accedi"
}

// different says how two replies that must be alike differ, once request id, date, new session and what was asked for are hidden; "" if
// they do not.
func (c Case) different(a, b Reply) string {
	if a.Status != b.Status {
		return fmt.Sprintf("status %d against %d", a.Status, b.Status)
	}
	if c.Fresh {
		return ""
	}
	ha, hb := masked(headerText(a), a, c.Alike.Foreign), masked(headerText(b), b, c.Alike.MadeUp)
	if ha != hb {
		return "headers " + firstDifference(ha, hb)
	}
	ba, bb := masked(a.Body, a, c.Alike.Foreign), masked(b.Body, b, c.Alike.MadeUp)
	if ba != bb {
		return "body " + firstDifference(ba, bb)
	}
	return ""
}

func headerText(r Reply) string {
	var lines []string
	for name, values := range r.Header {
		if name != "Date" && name != "X-Request-Id" && !strings.HasPrefix(name, "X-Ratelimit-") {
			lines = append(lines, name+": "+strings.Join(values, " | "))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

var newSession = regexp.MustCompile(SessionCookie + "=[^;]+; expires=[^;]+")

func masked(text string, r Reply, value string) string {
	if id := r.Header.Get("X-Request-Id"); id != "" {
		text = strings.ReplaceAll(text, id, "<request>")
	}
	for _, form := range spellings(value) {
		text = strings.ReplaceAll(text, form, "<id>")
	}
	return newSession.ReplaceAllString(text, "<session>")
}

// spellings are the ways in which a server may give back a value that it was sent.
func spellings(value string) []string {
	if value == "" {
		return nil
	}
	var all []string
	for _, v := range []string{escaped(value), value, strings.ToUpper(value)} {
		all = append(all, url.QueryEscape(url.QueryEscape(v)), url.QueryEscape(v), url.PathEscape(v), v)
	}
	return all
}

func firstDifference(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	around := func(s string) string { return s[max(0, min(i, len(s))-40):min(len(s), i+40)] }
	return fmt.Sprintf("%q against %q", around(a), around(b))
}
