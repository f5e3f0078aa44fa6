package web_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/tenants"
)

// counted is a cached page that tells whose it is and how often it was made.
type counted struct{ made atomic.Int64 }

func (c *counted) page(r *web.Request) error {
	who := "visitor"
	if r.Actor != nil {
		who = r.Actor.Name
	} else if r.Half != nil {
		who = "half"
	}
	text := fmt.Sprintf("%s in %s: %s %s, %s %s, made %d", who, r.City.Slug, r.Lang, r.Path, r.Param("slug"), r.RawQuery(), c.made.Add(1))
	return r.Show(show(text + strings.Repeat(" ", 2000)))
}

func (c *counted) routes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/", Who: web.Anyone, Cached: true, Handle: c.page},
		{Method: "GET", Path: "/pagine/:slug", Who: web.Anyone, Cached: true, Handle: c.page},
		{Method: "GET", Path: "/nuova", Who: web.Anyone, Handle: c.page},
	}
}

func cachedSite(t *testing.T, change ...func(*web.Server)) (*site, *counted) {
	t.Helper()
	testkit.Eventually(t, "the directory is fresh", testkit.Cities(t).Fresh)
	c := &counted{}
	return open(t, c.routes(), change...), c
}

// unpacked is the page's text.
func (r reply) unpacked(t *testing.T) string {
	t.Helper()
	if r.Header.Get("Content-Encoding") != "gzip" {
		return bare(r.body)
	}
	z, err := gzip.NewReader(strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return bare(string(text))
}

func bare(page string) string {
	return strings.TrimSpace(strings.NewReplacer("<p>", "", "</p>", "").Replace(page))
}

func TestCache_AnAnonymousPageIsMadeOnce(t *testing.T) {
	t.Parallel()
	s, c := cachedSite(t)
	first := s.get("/", gzipped).status(t, 200).has(t, "Content-Type", "text/html; charset=utf-8").has(t, "Cache-Control", "private, no-cache").
		has(t, "Vary", "Cookie, Accept-Encoding")
	again := s.get("/", gzipped).status(t, 200).has(t, "ETag", first.Header.Get("ETag")).has(t, "Content-Type", "text/html; charset=utf-8")
	if first.body != again.body || c.made.Load() != 1 {
		t.Errorf("made %d times", c.made.Load())
	}
	for name, o := range map[string]option{
		"the tag": header("If-None-Match", first.Header.Get("ETag")), "a weak one": header("If-None-Match", "W/"+first.Header.Get("ETag")),
		"among others": header("If-None-Match", `"x", `+first.Header.Get("ETag")),
	} {
		if got := s.get("/", gzipped, o).status(t, 304).has(t, "ETag", first.Header.Get("ETag")).has(t, "Content-Encoding", ""); got.body != "" {
			t.Errorf("%s: a body of %d bytes", name, len(got.body))
		}
	}
	s.get("/", gzipped, header("If-None-Match", `"x"`)).status(t, 200)
	plain := s.get("/").status(t, 200).has(t, "Content-Encoding", "").has(t, "ETag", "").has(t, "Content-Type", "text/html; charset=utf-8")
	if bare(plain.body) != first.unpacked(t) || c.made.Load() != 1 {
		t.Errorf("without gzip, made %d times: %.100s", c.made.Load(), plain.body)
	}
}

func TestCache_NeverHoldsTheSignedIn(t *testing.T) {
	t.Parallel()
	s, _ := cachedSite(t)
	for _, c := range []struct{ cookie, want string }{
		{"citizen", "Anna Rossi"}, {"", "visitor"}, {"admin", "Bruno Neri"}, {"half", "half"}, {"", "visitor"}, {"careful", "half"}, {"citizen", "Anna Rossi"}, {"forged", "visitor"},
	} {
		got := s.get("/", gzipped, as(c.cookie)).status(t, 200)
		if text := got.unpacked(t); !strings.HasPrefix(text, c.want+" in ") {
			t.Errorf("%q sees %.60s", c.cookie, text)
		}
		if c.want != "visitor" {
			got.has(t, "Cache-Control", "no-store").has(t, "ETag", "")
		}
	}
	// A dead cookie is taken back from the one who sent it, and from nobody who comes later.
	s.get("/", gzipped).has(t, "Set-Cookie", "")
	s.get("/nuova", gzipped, as("citizen")).has(t, "Cache-Control", "no-store")
	s.ask(http.MethodHead, "/", "", as("citizen")).has(t, "Cache-Control", "no-store")
	// A tag from before the login does not bring the visitor's page back.
	tag := s.get("/", gzipped).Header.Get("ETag")
	s.get("/", gzipped, as("citizen"), header("If-None-Match", tag)).status(t, 200)
}

func TestCache_IsKeyedByAllThatAPageDependsOn(t *testing.T) {
	t.Parallel()
	s, c := cachedSite(t)
	_, other := testkit.City(t)
	seen := map[string]string{}
	visit := func(key, target string, o ...option) {
		t.Helper()
		text := s.get(target, append(o, gzipped)...).status(t, 200).unpacked(t)
		for k, v := range seen {
			if v == text && k != key {
				t.Errorf("%s was told what %s was: %.80s", key, k, text)
			}
		}
		if was, ok := seen[key]; ok && was != text {
			t.Errorf("%s was made twice: %.80s", key, text)
		}
		seen[key] = text
	}
	for range 2 {
		visit("the home", "/")
		visit("another city", "/", host(other.Host))
		visit("English", "/en")
		visit("a query", "/?q=asilo")
		visit("another query", "/?q=nido")
		visit("a page", "/pagine/a")
		visit("another page", "/pagine/b")
		// What is routed as it was sent must not be kept under the address it would be tidied to.
		visit("a climb", "/pagine/..")
		visit("a climb, encoded", "/pagine/%2e%2e")
		visit("a climb from nowhere", "/pagine/%2e")
	}
	if got := c.made.Load(); got != int64(len(seen)) {
		t.Errorf("%d pages were made %d times", len(seen), got)
	}
}

func TestCache_AnyChangeOfTheCityStartsAfresh(t *testing.T) {
	t.Parallel()
	s, c := cachedSite(t)
	_, other := testkit.City(t)
	s.get("/", gzipped)
	s.get("/", gzipped, host(other.Host))
	if err := testkit.DB(t).Tx(s.ctx, tenants.Touch); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the directory hears of it", func() bool { return s.Directory.ByID(s.city.ID).Version == 2 })
	before := c.made.Load()
	if s.get("/", gzipped); c.made.Load() != before+1 {
		t.Error("an old page was served")
	}
	if s.get("/", gzipped, host(other.Host)); c.made.Load() != before+1 {
		t.Error("another city's page was forgotten")
	}
}

func TestCache_IsNotAskedWhileNoNewsIsHeard(t *testing.T) {
	t.Parallel()
	deaf, err := tenants.OpenDirectory(t.Context(), testkit.DB(t), testkit.Parent)
	if err != nil {
		t.Fatal(err)
	}
	hearing := testkit.Cities(t)
	s, c := cachedSite(t)
	s.get("/", gzipped)
	s.Directory = deaf
	if s.Directory.ByID(s.city.ID) == nil { // it read the cities before this one came
		if s.Directory, err = tenants.OpenDirectory(t.Context(), testkit.DB(t), testkit.Parent); err != nil {
			t.Fatal(err)
		}
	}
	for i := range int64(3) {
		s.get("/", gzipped).status(t, 200).has(t, "ETag", "")
		if c.made.Load() != i+2 {
			t.Errorf("visit %d was served from memory", i)
		}
	}
	s.Directory = hearing
	if s.get("/", gzipped).status(t, 200); c.made.Load() != 4 {
		t.Error("hearing again, it does not remember")
	}
	unkept, n := cachedSite(t, func(s *web.Server) { s.Uncached = true })
	for range 3 {
		unkept.get("/", gzipped).has(t, "ETag", "")
	}
	if n.made.Load() != 3 {
		t.Errorf("uncached, a page was made %d times in 3", n.made.Load())
	}
}

func TestCache_KeepsGoodAnswersOfAnyKindAndNoBadOnes(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	routes := []web.Route{
		{Method: "GET", Path: "/mappa.xml", Who: web.Anyone, Cached: true, Handle: func(r *web.Request) error {
			asked.Add(1)
			return r.Send("application/xml", []byte("<urlset/>"))
		}},
		{Method: "GET", Path: "/no", Who: web.Anyone, Cached: true, Handle: func(*web.Request) error { asked.Add(1); return problem.ErrNotFound }},
		{Method: "GET", Path: "/forse", Who: web.Anyone, Cached: true, Handle: func(r *web.Request) error { asked.Add(1); return r.ShowAs(422, show("forse")) }},
		{Method: "GET", Path: "/grande", Who: web.Anyone, Cached: true, Handle: func(r *web.Request) error { asked.Add(1); return r.Show(show("x")) }},
	}
	s := open(t, routes)
	for range 2 {
		s.get("/mappa.xml", gzipped).status(t, 200).has(t, "Content-Type", "application/xml")
	}
	if asked.Load() != 1 {
		t.Errorf("the map was made %d times", asked.Load())
	}
	for target, status := range map[string]int{"/no": 404, "/forse": 422, "/grande?q=" + strings.Repeat("a", 2000): 200} {
		asked.Store(0)
		for range 2 {
			s.get(target, gzipped).status(t, status)
		}
		if asked.Load() != 2 {
			t.Errorf("%.20s was kept", target)
		}
	}
}

func TestCache_HoldsUnderACrowd(t *testing.T) {
	t.Parallel()
	s, _ := cachedSite(t)
	ctx, other := testkit.City(t)
	stop, changed := context.WithCancel(t.Context())
	defer changed()
	var crowd sync.WaitGroup
	for i := range 4 {
		crowd.Go(func() {
			for n := 0; stop.Err() == nil || n < 50; n++ {
				city, who, cookie := s.city, "visitor", ""
				if (n+i)%2 == 0 {
					city = other
				}
				if (n+i)%3 == 0 && city == s.city {
					who, cookie = "Anna Rossi", "citizen"
				}
				text := s.get("/", gzipped, host(city.Host), as(cookie)).unpacked(t)
				if !strings.HasPrefix(text, who+" in "+city.Slug+":") {
					t.Errorf("%q in %s sees %.80s", cookie, city.Slug, text)
					return
				}
			}
		})
	}
	for range 10 {
		if err := testkit.DB(t).Tx(ctx, tenants.Touch); err != nil {
			t.Error(err)
		}
	}
	changed()
	crowd.Wait()
}
