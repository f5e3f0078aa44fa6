package attacks

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Caches asks both cities for the same addresses in turn, as browsers do that unpack: a page kept for one must not be handed to the
// other, nor one made for somebody signed in to a visitor.
func (w *World) Caches(ctx context.Context) {
	for _, route := range w.Routes {
		if !route.Safe() || gateFor(route, Visitor) != open || route.Class == "machine" {
			continue
		}
		path, ok := w.path(route, Visitor, ownIDs)
		if !ok {
			continue
		}
		for _, address := range []string{path, path + "?fatto=x", "/en" + path} {
			if route.Bare && strings.HasPrefix(address, "/en") {
				continue
			}
			for _, who := range []string{"citizen", Visitor.Name, "city_admin", Visitor.Name} {
				w.inTurn(ctx, route, address, who)
			}
		}
	}
}

// inTurn asks the city, then the other, then the city again.
func (w *World) inTurn(ctx context.Context, route Route, address, who string) {
	given := strings.ToLower(strings.NewReplacer("/en/", "/", "?fatto=x", "").Replace(address)) // pages give their own address back
	for i, here := range []*City{w.City, w.Other, w.City} {
		person, foreign := here.Person(who), w.Other
		if i == 1 {
			foreign = w.City
		}
		q := Request{Method: http.MethodGet, Host: hostport(here), Target: address, Header: asking(route, person, map[string]string{"Accept-Encoding": "gzip"})}
		reply, err := w.Server.Do(ctx, q)
		var wrong []string
		if err == nil {
			reply, err = unpacked(reply)
		}
		if mark := markIn(strings.ReplaceAll(reply.text(), given, "·"), foreign.Marks); mark != "" {
			wrong = append(wrong, "shows "+foreign.Slug+" at "+here.Slug+": "+mark)
		}
		if mark := signedInMark(reply, here, person); mark != "" {
			wrong = append(wrong, "shows a visitor what belongs to someone signed in: "+mark)
		}
		w.count("pages kept in memory, by city and person", fmt.Sprintf("%s %s as %s", here.Slug, address, who), err, wrong...)
	}
}

// signedInMark looks, in a visitor's reply, for the way out that only people who came in are shown.
func signedInMark(r Reply, c *City, p Person) string {
	if p.Session != "" {
		return ""
	}
	for _, someone := range c.People {
		if someone.Known != "" && strings.Contains(r.text(), someone.Known) {
			return someone.Known
		}
	}
	return ""
}

func unpacked(r Reply) (Reply, error) {
	if r.Header.Get("Content-Encoding") != "gzip" {
		return r, nil
	}
	in, err := gzip.NewReader(strings.NewReader(r.Body))
	if err != nil {
		return r, fmt.Errorf("unpack: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(in, 8<<20))
	if err != nil {
		return r, fmt.Errorf("unpack: %w", err)
	}
	r.Body = string(body)
	return r, nil
}
