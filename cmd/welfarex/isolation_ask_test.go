package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
)

// hand is what the cases written by hand work with: one class of attack on the stage.
type hand struct {
	*stage
	*testing.T
	ctx   context.Context
	tally *attacks.Tally
	class string
}

// byHand runs cases written by hand, with people put back before and after.
func byHand(class string, run func(hand)) func(context.Context, *testing.T, *stage, *attacks.World) {
	return func(ctx context.Context, t *testing.T, s *stage, w *attacks.World) {
		h := hand{s, t, ctx, w.Tally, class}
		h.back()
		defer h.back()
		run(h)
	}
}

// back puts people, sessions, links and throttles back, after the jobs are done.
func (h hand) back() {
	h.Helper()
	h.must(h.settled(h.ctx))
	h.must(h.reset(h.ctx))
}

func (h hand) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// check counts one case; wrong is empty if it went well.
func (h hand) check(name string, ok bool, wrong string) {
	if ok {
		h.tally.Count(h.class, name)
	} else {
		h.tally.Count(h.class, name, wrong)
	}
}

// get asks one of the twins for a page.
func (h hand) get(c *twin, session, target string, header ...string) attacks.Reply {
	h.Helper()
	return h.ask(attacks.Request{Method: http.MethodGet, Host: hostOf(c), Target: target, Header: headers(session, header)})
}

// post sends a form as a page of the city would.
func (h hand) post(c *twin, session, target string, form url.Values, header ...string) attacks.Reply {
	h.Helper()
	all := headers(session, append([]string{"Origin", c.Base, "Sec-Fetch-Site", "same-origin"}, header...))
	if form == nil {
		form = url.Values{}
	}
	return h.ask(attacks.Request{Method: http.MethodPost, Host: hostOf(c), Target: target, Header: all, Form: form})
}

func (h hand) ask(q attacks.Request) attacks.Reply {
	h.Helper()
	r, err := h.server.Do(h.ctx, q)
	h.must(err)
	return r
}

func hostOf(c *twin) string { return strings.TrimPrefix(c.Base, "http://") }

// headers makes a map of pairs, with the session's cookie.
func headers(session string, pairs []string) map[string]string {
	all := map[string]string{}
	if session != "" {
		all["Cookie"] = attacks.SessionCookie + "=" + session
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return all
}

// cookie is the session that a reply sets, or "".
func cookie(r attacks.Reply) string {
	for _, line := range r.Header.Values("Set-Cookie") {
		if c, err := http.ParseSetCookie(line); err == nil && c.Name == attacks.SessionCookie {
			return c.Value
		}
	}
	return ""
}

// in says whether a session is somebody's who came in completely.
func (h hand) in(c *twin, session string) bool {
	h.Helper()
	return h.get(c, session, "/area-personale").Status == http.StatusOK
}

// rows asks the database, as superuser, for a number.
func (h hand) rows(sql string, args ...any) (n int) {
	h.Helper()
	h.must(h.super.QueryRow(h.ctx, sql, args...).Scan(&n))
	return n
}
