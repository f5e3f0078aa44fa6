package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/tenants"
)

// everyone has one route for each kind of visitor.
func everyone(method string) []web.Route {
	var routes []web.Route
	for path, who := range map[string]web.Who{
		"/pubblico": web.Public, "/chiunque": web.Anyone, "/meta": web.Halfway, "/dentro": web.SignedIn, "/ufficio": web.May("enter", "administration"),
	} {
		routes = append(routes, web.Route{Method: method, Path: path, Who: who, Handle: func(r *web.Request) error {
			who := "visitor"
			if r.Half != nil {
				who = "half"
			}
			if r.Actor != nil {
				who = r.Actor.Name
			}
			return r.Show(show("ecco " + who))
		}})
	}
	return routes
}

func TestWho_MayComeIn(t *testing.T) {
	t.Parallel()
	s := open(t, everyone("GET"))
	form := open(t, everyone("POST"))
	const login, code = "303 /accedi?poi=", "303 /accedi/codice?poi="
	for _, c := range []struct{ cookie, path, get, post string }{
		{"", "/pubblico", "200 visitor", "200 visitor"},
		{"", "/chiunque", "200 visitor", "200 visitor"},
		{"", "/meta", login, "401"},
		{"", "/dentro", login, "401"},
		{"", "/ufficio", login, "401"},
		{"forged", "/pubblico", "200 visitor", "200 visitor"},
		{"forged", "/chiunque", "200 visitor", "200 visitor"},
		{"forged", "/dentro", login, "401"},
		{"citizen", "/pubblico", "200 visitor", "200 visitor"},
		{"citizen", "/chiunque", "200 Anna Rossi", "200 Anna Rossi"},
		{"citizen", "/meta", "200 Anna Rossi", "200 Anna Rossi"},
		{"citizen", "/dentro", "200 Anna Rossi", "200 Anna Rossi"},
		{"citizen", "/ufficio", "403", "403"},
		{"careful", "/chiunque", "200 half", "200 half"},
		{"careful", "/dentro", code, "401"},
		{"half", "/chiunque", "200 half", "200 half"},
		{"half", "/meta", "200 half", "200 half"},
		{"half", "/dentro", code, "401"},
		{"half", "/ufficio", code, "401"},
		{"provider", "/ufficio", "403", "403"},
		{"admin", "/ufficio", "200 Bruno Neri", "200 Bruno Neri"},
		{"down", "/pubblico", "200 visitor", "200 visitor"},
		{"down", "/chiunque", "500", "500"},
		{"down", "/dentro", "500", "500"},
	} {
		for _, got := range []struct {
			want string
			reply
		}{{c.get, s.get(c.path+"?a=1", as(c.cookie))}, {c.post, form.post(c.path, "a=1", as(c.cookie))}} {
			status, rest, _ := strings.Cut(got.want, " ")
			if got.Status[:3] != status {
				t.Errorf("%q at %s %s: %s, want %s", c.cookie, got.Request.Method, c.path, got.Status, got.want)
			}
			if status == "303" {
				rest += url.QueryEscape(c.path + "?a=1")
				got.has(t, "Location", rest)
			} else {
				got.holds(t, rest)
			}
			if status != "200" {
				got.lacks(t, "ecco", "pq:")
			}
			if c.cookie == "forged" && c.path != "/pubblico" && !strings.HasPrefix(got.Header.Get("Set-Cookie"), web.SessionCookie+"=;") {
				t.Errorf("a dead cookie is not taken back: %q", got.Header.Get("Set-Cookie"))
			}
		}
	}
}

func TestWho_ASessionOfAnotherCityIsNobodyHere(t *testing.T) {
	t.Parallel()
	s := open(t, everyone("GET"))
	_, other := testkit.City(t)
	s.get("/chiunque", as("citizen"), host(other.Host)).status(t, 200).holds(t, "ecco visitor").lacks(t, "Anna")
	s.get("/dentro", as("citizen"), host(other.Host)).status(t, 303)
}

func TestSuspended_SaysSoPolitelyAndShowsItsStyles(t *testing.T) {
	t.Parallel()
	served := 0
	answer := func(r *web.Request) error {
		served++
		if r.Actor != nil || r.Half != nil {
			t.Error("somebody is signed in to a suspended city")
		}
		return r.Send("image/svg+xml", []byte("<svg/>"))
	}
	routes := append(everyone("GET"),
		web.Route{Method: "GET", Path: "/media/:id", Who: web.Anyone, Handle: answer},
		web.Route{Method: "GET", Path: "/media/:id/mio", Who: web.SignedIn, Handle: answer},
		web.Route{Method: "POST", Path: "/media/:id", Who: web.Anyone, Handle: answer},
		web.Route{Method: "POST", Path: "/accedi", Who: web.Anyone, Handle: answer})
	s := open(t, routes)
	if err := testkit.DB(t).SetStatus(s.ctx, tenants.StatusSuspended); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the city is suspended", func() bool { return s.Directory.ByID(s.city.ID).Status == tenants.StatusSuspended })
	for _, got := range []reply{
		s.get("/"), s.get("/chiunque"), s.get("/chiunque", as("citizen")), s.get("/dentro", as("admin")), s.get("/en"), s.get("/nulla"), s.post("/accedi", "a=b"),
		s.ask("POST", "/accedi", "a=b"), s.post("/media/1", "a=b"), s.ask("DELETE", "/", ""),
	} {
		got.status(t, 503).has(t, "Retry-After", "3600").has(t, "X-Robots-Tag", "noindex").has(t, "Cache-Control", "no-store").has(t, "Set-Cookie", "").
			holds(t, s.city.Portal).lacks(t, "ecco", "Anna", "Bruno")
	}
	if served != 0 {
		t.Errorf("%d requests came through", served)
	}
	s.get("/media/1").status(t, 200)
	s.get("/media/1", as("admin")).status(t, 200)
	s.get("/media/1/mio", as("admin")).status(t, 303)
	s.get(ui.ThemeHref(s.city.Brand)).status(t, 200).has(t, "Content-Type", "text/css; charset=utf-8")
	if served != 2 || s.who.asked != 0 {
		t.Errorf("%d pictures, %d sessions", served, s.who.asked)
	}
	if err := testkit.DB(t).SetStatus(s.ctx, tenants.StatusOpen); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the city is open again", func() bool { return s.get("/chiunque").StatusCode == 200 })
}

func TestSuspended_ACityThatIsStillBeingFilledIsNotThere(t *testing.T) {
	t.Parallel()
	s := open(t, everyone("GET"))
	person := "UPDATE cities SET settings = '{}', status = 'suspended', version = version + 1 WHERE id = current_city()"
	if err := testkit.DB(t).Tx(s.ctx, func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, person)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the city is empty", func() bool { return s.Directory.ByID(s.city.ID).Portal == "" })
	s.get("/").status(t, 404)
	s.get("/en/x").status(t, 404)
}

func TestHealth_AnswersOnAnyHostAndNamesNoCity(t *testing.T) {
	t.Parallel()
	well := error(nil)
	s := open(t, everyone("GET"), func(s *web.Server) { s.Ready = func(context.Context) error { return well } })
	for _, h := range []string{s.city.Host, "nessuno.example", "10.0.0.7:8080", "x"} {
		s.get("/livez", host(h), as("citizen")).status(t, 200).lacks(t, s.city.Slug, s.city.Name)
		s.get("/readyz", host(h), as("citizen")).status(t, 200).lacks(t, s.city.Slug, s.city.Name)
	}
	well = errDown
	s.get("/readyz", host("x")).status(t, 503).lacks(t, "pq", "welfarex")
	s.get("/livez", host("x")).status(t, 200)
	if s.who.asked != 0 {
		t.Error("a session was looked for")
	}
}

func TestCSRF_AnUnsafeRequestComesFromTheCityItself(t *testing.T) {
	t.Parallel()
	done := 0
	count := func(r *web.Request) error { done++; return r.See("/") }
	var routes []web.Route
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		routes = append(routes, web.Route{Method: method, Path: "/cosa", Who: web.Anyone, Handle: count})
	}
	s := open(t, append(routes, web.Route{Method: "GET", Path: "/cosa", Who: web.Anyone, Handle: greet}))
	_, other := testkit.City(t)
	own := "http://" + s.city.Host + ":8080"
	type c struct {
		site, origin string
		want         int
	}
	cases := []c{
		{"same-origin", own, 303}, {"same-origin", "", 303}, {"same-origin", "null", 303},
		{"", own, 303}, {"", "", 403}, {"", "null", 403}, {"", "http://" + other.Host + ":8080", 403}, {"", "https://" + s.city.Host + ":8080", 403},
		{"", "http://" + s.city.Host, 403}, {"", own + "/", 403}, {"", own + ".evil.example", 403}, {"", "http://evil.example#" + own, 403},
		{"", "http://www." + s.city.Host + ":8080", 403}, {"", "http://" + testkit.Parent + ":8080", 403}, {"", strings.ToUpper(own), 403}, {"", own + " " + own, 403},
		{"same-site", own, 403}, {"same-site", "http://" + other.Host + ":8080", 403}, {"cross-site", own, 403}, {"cross-site", "http://evil.example", 403},
		{"none", own, 403}, {"none", "", 403}, {"SAME-ORIGIN", "", 403}, {"same-origin, cross-site", "", 403}, {"junk", own, 403},
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		for _, c := range cases {
			before := done
			got := s.ask(method, "/cosa", "a=b", header("Sec-Fetch-Site", c.site), header("Origin", c.origin), header("Referer", own+"/"), as("citizen"))
			if got.StatusCode != c.want || (done > before) != (c.want == 303) {
				t.Errorf("%s from site %q, origin %q: %d, want %d; done %v", method, c.site, c.origin, got.StatusCode, c.want, done > before)
			}
		}
	}
	for _, c := range cases { // reading is free: what it may show, cookies and CORP decide
		if got := s.get("/cosa", header("Sec-Fetch-Site", c.site), header("Origin", c.origin)); got.StatusCode != 200 || got.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("reading from site %q, origin %q: %d", c.site, c.origin, got.StatusCode)
		}
	}
	// No spelling of the method comes around it.
	for _, o := range []option{header("X-HTTP-Method-Override", "POST"), header("X-Method-Override", "DELETE")} {
		s.get("/cosa?_method=DELETE", o).status(t, 200)
	}
	s.ask("post", "/cosa", "a=b").lacks(t, "303")
	s.ask("TRACE", "/cosa", "").lacks(t, "Cookie")
}

func TestSecure_EveryAnswerCarriesTheHeaders(t *testing.T) {
	t.Parallel()
	routes := append(everyone("GET"), web.Route{Method: "GET", Path: "/guasto", Who: web.Anyone, Handle: func(*web.Request) error { return errDown }})
	s := open(t, routes)
	https := open(t, routes, func(s *web.Server) { s.Base.Scheme = "https" })
	for _, target := range []string{"/chiunque", "/pubblico", "/nulla", "/guasto", "/dentro", "/en/chiunque", ui.ThemeHref(s.city.Brand)} {
		got := s.get(target)
		for name, part := range map[string]string{
			"Content-Security-Policy": "default-src 'self'", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Permissions-Policy": "camera=()", "X-Request-Id": "-",
		} {
			if !strings.Contains(got.Header.Get(name), part) {
				t.Errorf("%s: %s is %q", target, name, got.Header.Get(name))
			}
		}
		if csp := got.Header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || strings.Contains(csp, "*") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("%s: %s", target, csp)
		}
		got.has(t, "Strict-Transport-Security", "").has(t, "Server", "")
		if https.get(target).Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%s: no HSTS over https", target)
		}
	}
}

func TestFail_TellsNothingOfTheInside(t *testing.T) {
	t.Parallel()
	bug := func(what any) func(*web.Request) error { return func(*web.Request) error { panic(what) } }
	say := func(err error) func(*web.Request) error { return func(*web.Request) error { return err } }
	wrapped := errors.Join(errors.New("SELECT secret FROM accounts"), problem.ErrForbidden)
	handlers := map[string]struct {
		handle func(*web.Request) error
		want   int
	}{
		"/errore":    {say(errDown), 500},
		"/bug":       {bug("nil map of Anna Rossi"), 500},
		"/bug-err":   {bug(errDown), 500},
		"/nil":       {func(r *web.Request) error { var nobody *tenants.City; return r.Show(show(nobody.Name)) }, 500},
		"/tardi":     {say(context.DeadlineExceeded), 500},
		"/vietato":   {say(wrapped), 403},
		"/altrove":   {say(problem.ErrNotFound), 404},
		"/conflitto": {say(problem.New(problem.Conflict, "x.secret_code")), 409},
		"/troppi":    {say(problem.New(problem.TooMany, "x.secret_code")), 429},
		"/a-meta": {func(r *web.Request) error {
			r.Set("Content-Encoding", "gzip")
			r.Set("Content-Disposition", "attachment; filename=segreto.pdf")
			r.Set("ETag", `"x"`)
			_ = r.Send("application/pdf", []byte("segreto segreto"))
			return errDown
		}, 500},
	}
	var routes []web.Route
	for path, h := range handlers {
		routes = append(routes, web.Route{Method: "GET", Path: path, Who: web.Anyone, Cached: true, Handle: h.handle})
	}
	s := open(t, routes)
	for path, h := range handlers {
		for range 2 {
			s.get(path, gzipped).status(t, h.want).has(t, "Cache-Control", "no-store").has(t, "Content-Encoding", "").has(t, "Content-Disposition", "").has(t, "ETag", "").
				has(t, "Content-Type", "text/html; charset=utf-8").holds(t, s.city.Portal).
				lacks(t, "pq:", "SELECT", "secret", "segreto", "Anna", "goroutine", ".go:", "panic", "runtime", "assignment")
		}
	}
}

func TestNotFound_IsOnePageForAllThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := open(t, []web.Route{
		{Method: "GET", Path: "/servizi/:slug", Who: web.Anyone, Handle: func(*web.Request) error { return problem.ErrNotFound }},
		{Method: "GET", Path: "/cose/:id", Who: web.Anyone, Handle: func(r *web.Request) error { _, err := r.ID("id"); return err }},
		{Method: "POST", Path: "/solo-post", Who: web.Anyone, Handle: greet},
	})
	mask := func(r reply, path string) string {
		return strings.NewReplacer("/en"+path, "…", path, "…").Replace(r.body)
	}
	for _, alike := range [][]string{
		{"/servizi/x", "/servizi/altro", "/servizi/x/y"}, // the menu shows where one is
		{"/nulla", "/cose/7", "/cose/x", "/solo-post", "/media/x", "/theme/x.css", "/static/x.js", "/.env", "/wp-login.php"},
	} {
		first := s.get(alike[0])
		for _, path := range alike {
			if got := s.get(path).status(t, 404); mask(got, path) != mask(first, alike[0]) {
				t.Errorf("%s is told differently from %s", path, alike[0])
			}
		}
	}
	for _, got := range []reply{s.post("/nulla", "a=b"), s.ask("PUT", "/servizi/x", "", sameSite), s.ask("DELETE", "/solo-post", "", sameSite)} {
		got.status(t, 404).has(t, "Allow", "")
	}
}

// A page repeats its own address in links: no spelling of it may lead a browser to another host.
func TestNotFound_APathThatReadsAsAnotherHostIsNobodys(t *testing.T) {
	t.Parallel()
	s := open(t, append(home(greet), web.Route{Method: "GET", Path: "/*", Who: web.Anyone, Handle: greet}))
	for _, path := range []string{"//evil.example", "//evil.example/x", "/en//evil.example", "/%5Cevil.example", "/%5c/evil.example", "/%09/evil.example", "/%0a/evil.example", "/%00"} {
		s.get(path).status(t, 404).lacks(t, `"//evil`, `"/\`, "evil.example", "\t/", s.city.Slug+"</p>")
	}
}

func TestEnglish_IsTheTwinUnderEn(t *testing.T) {
	t.Parallel()
	tell := func(r *web.Request) error { return r.Show(show(r.Lang + " " + r.Path + " " + r.Param("pagina"))) }
	routes := []web.Route{
		{Method: "GET", Path: "/:pagina", Who: web.Anyone, Handle: tell}, // listed first: it must not take /en for a page
		{Method: "GET", Path: "/", Who: web.Anyone, Handle: tell},
		{Method: "GET", Path: "/servizi/:pagina", Who: web.Anyone, Handle: tell},
		{Method: "POST", Path: "/accedi", Who: web.Anyone, Handle: func(r *web.Request) error { return r.Done("/area", "in") }},
		{Method: "GET", Path: "/area/dentro", Who: web.SignedIn, Handle: tell},
		{Method: "GET", Path: "/mappe/mappa.xml", Who: web.Public, Bare: true, Handle: tell},
	}
	s := open(t, routes)
	for target, want := range map[string]string{
		"/": "it / ", "/en": "en / ", "/en/": "en / ", "/come": "it /come come", "/en/come": "en /come come", "/servizi/a": "it /servizi/a a",
		"/en/servizi/a": "en /servizi/a a", "/english": "it /english english", "/en/en": "en /en en",
	} {
		s.get(target).status(t, 200).holds(t, "<p>"+want+"</p>")
	}
	s.get("/en/mappe/mappa.xml").status(t, 404)
	s.post("/en/accedi", "a=b").status(t, 303).has(t, "Location", "/en/area?fatto=in")
	s.get("/en/area/dentro").status(t, 303).has(t, "Location", "/en/accedi?poi="+url.QueryEscape("/en/area/dentro"))

	if err := testkit.DB(t).Tx(s.ctx, func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, `UPDATE cities SET settings = settings || '{"languages": ["it"]}', version = version + 1 WHERE id = current_city()`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the city speaks Italian alone", func() bool { return len(s.Directory.ByID(s.city.ID).Languages) == 1 })
	s.get("/en").status(t, 404)
	s.get("/en/come").status(t, 404)
	s.get("/come").status(t, 200)
}

func TestContext_HasADeadlineTheCityAndTheRequest(t *testing.T) {
	t.Parallel()
	var kept context.Context
	s := open(t, home(func(r *web.Request) error {
		kept = r.Ctx
		if until, ok := r.Ctx.Deadline(); !ok || time.Until(until) > web.Deadline {
			t.Errorf("deadline %v, %v", until, ok)
		}
		if city, err := tenants.From(r.Ctx); err != nil || city != r.City || city.Host == "" {
			t.Errorf("city %v, %v", city, err)
		}
		return r.Show(show(tenants.RequestID(r.Ctx)))
	}))
	got := s.get("/", header("X-Request-Id", "mine")).status(t, 200)
	got.holds(t, got.Header.Get("X-Request-Id")).lacks(t, "mine")
	if again := s.get("/"); again.body == got.body {
		t.Error("two requests have one id")
	}
	if kept.Err() == nil {
		t.Error("the context lives on after the answer")
	}
}

func TestHead_SaysWhatGetWouldSay(t *testing.T) {
	t.Parallel()
	s := open(t, everyone("GET"))
	for _, target := range []string{"/pubblico", "/chiunque", "/en/chiunque", "/nulla", "/livez"} {
		get, head := s.get(target), s.ask(http.MethodHead, target, "")
		if head.StatusCode != get.StatusCode || head.body != "" || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") {
			t.Errorf("%s: %d %q, GET says %d", target, head.StatusCode, head.body, get.StatusCode)
		}
	}
}

func TestBody_TooLargeIsToldInWords(t *testing.T) {
	t.Parallel()
	s := open(t, []web.Route{{Method: "POST", Path: "/x", Who: web.Anyone, Handle: func(*web.Request) error { t.Error("it came through"); return nil }}})
	addr := s.address()
	got := send(t, addr, "POST /x HTTP/1.1\r\nHost: "+s.city.Host+"\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 1048577\r\n\r\n")
	got.status(t, 413).holds(t, "troppo grande").lacks(t, "fasthttp", "body size")
	send(t, addr, "GET / HTTP/1.1\r\nHost: "+s.city.Host+"\r\nX: "+strings.Repeat("a", 20<<10)+"\r\n\r\n").lacks(t, "buffer", "fasthttp")
	send(t, addr, "GARBAGE\r\n\r\n").status(t, 400).lacks(t, "fasthttp", "cannot")
}
