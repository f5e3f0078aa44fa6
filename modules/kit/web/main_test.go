package web_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/tenants"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// people are the sessions of a test: who stands behind a cookie, in one city.
type people struct {
	mu    sync.Mutex
	known map[string]*authz.Actor // city and token → person
	asked int
}

var errDown = errors.New("pq: password authentication failed for user welfarex_app")

func (p *people) Resume(ctx context.Context, token string) (*authz.Actor, error) {
	city, err := tenants.From(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked++
	if token == "down" {
		return nil, errDown
	}
	if actor, ok := p.known[city.Slug+" "+token]; ok {
		return actor, nil
	}
	return nil, problem.ErrUnauthenticated
}

// The people every test's city knows, by their cookie.
var cast = map[string]authz.Actor{
	"citizen":  {Name: "Anna Rossi"},
	"careful":  {Name: "Carla Verdi", Enrolled: true},
	"half":     {Name: "Bruno Neri", Memberships: []authz.Membership{{Role: authz.CityAdmin}}, Enrolled: true},
	"admin":    {Name: "Bruno Neri", Memberships: []authz.Membership{{Role: authz.CityAdmin}}, Enrolled: true, Strong: true},
	"provider": {Name: "Dora Gialli", Memberships: []authz.Membership{{Role: authz.Provider, Provider: uuid.New()}}, Enrolled: true, Strong: true},
}

// site is a server with one city of the test's own.
type site struct {
	*web.Server
	t    *testing.T
	app  *fiber.App
	ctx  context.Context
	city *tenants.City
	who  *people
	addr string // once it listens
}

func show(text string) templ.Component { return templ.Raw("<p>" + templ.EscapeString(text) + "</p>") }

// open makes a site with these routes; change may alter the server first.
func open(t *testing.T, routes []web.Route, change ...func(*web.Server)) *site {
	t.Helper()
	ctx, city := testkit.City(t)
	words, err := ui.Load(ui.Locales)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := authz.Load("p, citizen, enter, personal\np, city_admin, enter, administration\np, provider, enter, provider\n")
	if err != nil {
		t.Fatal(err)
	}
	who := &people{known: map[string]*authz.Actor{}}
	for token, actor := range cast {
		who.known[city.Slug+" "+token] = &actor
	}
	s := &site{t: t, ctx: ctx, city: city, who: who, Server: &web.Server{
		Directory: testkit.Cities(t), Base: web.Base{Scheme: "http", Parent: testkit.Parent, Port: "8080"}, Words: words, Policy: policy, Sessions: who,
		Ready: func(context.Context) error { return nil }, Routes: routes,
	}}
	for _, c := range change {
		c(s.Server)
	}
	s.app = s.App()
	return s
}

// home is a page that anyone may see.
func home(handle func(*web.Request) error) []web.Route {
	return []web.Route{{Method: "GET", Path: "/", Who: web.Anyone, Class: web.Portal, Handle: handle}}
}

func greet(r *web.Request) error { return r.Show(show("qui " + r.City.Slug)) }

type option func(*http.Request)

func header(name, value string) option { return func(r *http.Request) { r.Header.Set(name, value) } }
func host(h string) option             { return func(r *http.Request) { r.Host = h } }
func as(token string) option           { return header("Cookie", web.SessionCookie+"="+token) }
func gzipped(r *http.Request)          { r.Header.Set("Accept-Encoding", "gzip") }
func sameSite(r *http.Request)         { r.Header.Set("Sec-Fetch-Site", "same-origin") }

// reply is a response that was read.
type reply struct {
	*http.Response
	body string
}

// ask sends one request to the test's city; body is a posted form.
func (s *site) ask(method, target, body string, options ...option) reply {
	s.t.Helper()
	req := httptest.NewRequestWithContext(s.t.Context(), method, "http://"+s.city.Host+"/", strings.NewReader(body))
	req.URL.Opaque = target // as it is, not tidied
	req.RequestURI = target
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, o := range options {
		o(req)
	}
	res, err := s.app.Test(req, -1)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, target, err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{res, string(raw)}
}

func (s *site) get(target string, options ...option) reply {
	s.t.Helper()
	return s.ask(http.MethodGet, target, "", options...)
}

func (s *site) post(target, body string, options ...option) reply {
	s.t.Helper()
	return s.ask(http.MethodPost, target, body, append([]option{sameSite}, options...)...)
}

// status fails the test unless the reply has it.
func (r reply) status(t *testing.T, want int) reply {
	t.Helper()
	if r.StatusCode != want {
		t.Errorf("status %d, want %d: %.200s", r.StatusCode, want, r.body)
	}
	return r
}

func (r reply) holds(t *testing.T, text string) reply {
	t.Helper()
	if !strings.Contains(r.body, text) {
		t.Errorf("%q is not in %.300s", text, r.body)
	}
	return r
}

func (r reply) lacks(t *testing.T, texts ...string) reply {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(r.body, text) {
			t.Errorf("%q is in %.300s", text, r.body)
		}
	}
	return r
}

// has fails the test unless a header is as wanted; "" means absent.
func (r reply) has(t *testing.T, name, want string) reply {
	t.Helper()
	if got := r.Header.Get(name); got != want {
		t.Errorf("%s: %q, want %q", name, got, want)
	}
	return r
}
