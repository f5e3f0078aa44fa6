// Package web is the door of the program: from a raw host to exactly one city, from a cookie to an actor, from a route to a page.
// Fiber goes no further than this package and the pages of the modules.
package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"runtime/debug"
	"strings"
	"time"
	"unicode"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/tenants"
)

// Deadline bounds every request.
const Deadline = 15 * time.Second

// Base is WELFAREX_BASE_URL: the scheme, parent domain and port under which cities answer.
type Base struct {
	Scheme string
	Parent string // domain without port
	Port   string // "" for the scheme's own
}

// ParseBase takes http(s)://parent[:port].
func ParseBase(s string) (Base, error) {
	u, err := url.Parse(s)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" {
		return Base{}, fmt.Errorf("WELFAREX_BASE_URL must look like https://welfare.example or http://localhost:8080, not %q", s)
	}
	port := u.Port()
	if port == map[string]string{"http": "80", "https": "443"}[u.Scheme] {
		port = "" // as browsers write it in an Origin
	}
	return Base{Scheme: u.Scheme, Parent: strings.ToLower(u.Hostname()), Port: port}, nil
}

// Of is where a city answers, without a slash at the end.
func (b Base) Of(city *tenants.City) string {
	host := city.Host
	if b.Port != "" {
		host = net.JoinHostPort(host, b.Port)
	}
	return b.Scheme + "://" + host
}

// Sessions turns the cookie of a request, or the key of a program, into the person, with roles as they are now. It returns ErrUnauthenticated
// for what is not a living session of the city of ctx.
type Sessions interface {
	Resume(ctx context.Context, token string) (*authz.Actor, error)
}

// Server answers for every city.
type Server struct {
	Directory *tenants.Directory
	Base      Base
	Proxies   Proxies
	Words     *ui.Words
	Policy    *authz.Policy
	Sessions  Sessions
	Once      Once
	Ready     func(context.Context) error // is everything the server needs at hand?
	Routes    []Route
	Uncached  bool // never answer a page from memory: for measuring
	Rate      int  // requests a minute of one key, or of one address without; 0 means the usual

	cache *pageCache
}

// App builds the fiber application: middleware in the order in which it protects, then the routes.
func (s *Server) App() *fiber.App {
	s.cache = newPageCache()
	app := fiber.New(fiber.Config{
		AppName: "welfarex", Immutable: true, DisableStartupMessage: true,
		ReadTimeout: 15 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 75 * time.Second,
		BodyLimit: usualBody, ReadBufferSize: 16 << 10, ErrorHandler: s.fail,
		StrictRouting: false, CaseSensitive: true, UnescapePath: true,
	})
	app.Server().HeaderReceived = s.allowance
	app.Use(oneLength)
	app.Get("/livez", func(c *fiber.Ctx) error { return c.SendString("ok") })
	app.Get("/readyz", s.ready)
	app.Use(s.enter)
	app.Get("/static/:name", static)
	app.Get("/theme/:name", theme)
	s.api(app)
	for _, route := range s.Routes {
		if route.JSON {
			continue
		}
		app.Add(route.Method, route.Path, s.handler(route, "it"))
		if !route.Bare {
			app.Add(route.Method, englishPath(route.Path), s.handler(route, "en"))
		}
		if route.Method == fiber.MethodGet {
			app.Head(route.Path, s.handler(route, "it"))
			if !route.Bare {
				app.Head(englishPath(route.Path), s.handler(route, "en"))
			}
		}
	}
	app.Use(func(*fiber.Ctx) error { return problem.ErrNotFound })
	return app
}

func englishPath(path string) string {
	if path == "/" {
		return "/en"
	}
	return "/en" + path
}

func (s *Server) ready(c *fiber.Ctx) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := s.Ready(ctx); err != nil {
		slog.Error("not ready", "error", err)
		return c.Status(fiber.StatusServiceUnavailable).SendString("not ready")
	}
	return c.SendString("ready")
}

const localRequest = "welfarex"

// enter finds the one city of the request, or refuses it; nothing below runs without a city.
func (s *Server) enter(c *fiber.Ctx) (err error) {
	started, id := time.Now(), uuid.Must(uuid.NewV7()).String()
	c.Set("X-Request-Id", id)
	secure(c, s.Base.Scheme == "https")
	host := s.Proxies.host(c)
	city := s.Directory.ByHost(host)
	if city == nil {
		c.Set(fiber.HeaderCacheControl, "no-store") // tomorrow there may be one
		return c.Status(fiber.StatusNotFound).Type("txt", "utf-8").SendString("Qui non c'è nessuna città. / There is no city here.\n")
	}
	if host != city.Host {
		return c.Redirect(s.Base.Of(city)+target(c), fiber.StatusPermanentRedirect)
	}
	ctx, cancel := context.WithTimeout(context.Background(), Deadline)
	defer cancel()
	r := &Request{Ctx: tenants.WithRequestID(tenants.With(ctx, city), id), City: city, http: c, server: s}
	r.Lang, r.Path = language(c.Path())
	misleading := misleads(r.Path)
	if misleading {
		r.Path = "/" // never repeated in a page's links
	}
	c.Locals(localRequest, r)
	defer func() {
		if p := recover(); p != nil {
			slog.Error("panic", "city", city.Slug, "request", id, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = s.fail(c, problem.New(problem.Internal, "problem.internal"))
		}
		// The route's pattern, never the path: a path can hold a token.
		slog.Log(r.Ctx, worth(c), "request", "city", city.Slug, "request", id, "method", c.Method(), "route", c.Route().Path,
			"status", c.Response().StatusCode(), "ms", time.Since(started).Milliseconds())
	}()
	asset := c.Method() == fiber.MethodGet && (strings.HasPrefix(r.Path, "/static/") || strings.HasPrefix(r.Path, "/theme/") || strings.HasPrefix(r.Path, "/media/"))
	if city.Status == tenants.StatusSuspended && !asset {
		c.Set("X-Robots-Tag", "noindex")
		c.Set(fiber.HeaderRetryAfter, "3600")
		c.Set(fiber.HeaderCacheControl, "no-store")
		if asks(c) {
			return r.sendProblem(r.newProblem(fiber.StatusServiceUnavailable, "problem.suspended"))
		}
		page := r.Page("")
		page.NoIndex = true
		return r.ShowAs(fiber.StatusServiceUnavailable, ui.ErrorPage(page, fiber.StatusServiceUnavailable))
	}
	if misleading || r.Lang == "en" && !speaks(city, "en") {
		return s.fail(c, problem.ErrNotFound)
	}
	if err := c.Next(); err != nil {
		return s.fail(c, err)
	}
	if r.cookie { // what carries a cookie is for one browser alone, even if its bytes are for all
		c.Set(fiber.HeaderCacheControl, "no-store")
	}
	return nil
}

// worth is how much a request matters to who reads the log: what changes something and what was refused, more than what was read.
func worth(c *fiber.Ctx) slog.Level {
	if safe(c.Method()) && c.Response().StatusCode() < fiber.StatusBadRequest {
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// safe says whether a method changes nothing.
func safe(method string) bool {
	return method == fiber.MethodGet || method == fiber.MethodHead || method == fiber.MethodOptions
}

// misleads says whether a browser could read a path as another host's: "//evil.example", "/\evil.example", a tab between two slashes.
func misleads(path string) bool {
	return strings.HasPrefix(path, "//") || strings.Contains(path, `\`) || strings.ContainsFunc(path, unicode.IsControl)
}

// language splits "/en/servizi" into en and "/servizi".
func language(path string) (lang, rest string) {
	if path == "/en" || path == "/en/" {
		return "en", "/"
	}
	if rest, ok := strings.CutPrefix(path, "/en/"); ok {
		return "en", "/" + rest
	}
	return "it", path
}

func speaks(city *tenants.City, lang string) bool {
	for _, l := range city.Languages {
		if l == lang {
			return true
		}
	}
	return false
}

// sameOrigin refuses an unsafe request that another site made the browser send. There are no tokens: the browser says
// where a request comes from, and cannot be made to lie by a page.
func (s *Server) sameOrigin(c *fiber.Ctx, city *tenants.City) error {
	if safe(c.Method()) {
		return nil
	}
	switch site := c.Get("Sec-Fetch-Site"); site {
	case "same-origin":
		return nil
	case "":
		if c.Get(fiber.HeaderOrigin) == s.Base.Of(city) {
			return nil
		}
	}
	return problem.New(problem.Forbidden, "problem.cross_site")
}

// policy lets a page load nothing but this portal's own files.
const (
	contentPolicy = "Content-Security-Policy"
	policy        = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

// secure sets the headers that every answer carries.
func secure(c *fiber.Ctx, https bool) {
	c.Set(contentPolicy, policy)
	c.Set("X-Content-Type-Options", "nosniff")
	c.Set("Referrer-Policy", "same-origin")
	c.Set("X-Frame-Options", "DENY")
	c.Set("Cross-Origin-Opener-Policy", "same-origin")
	c.Set("Cross-Origin-Resource-Policy", "same-origin")
	c.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), interest-cohort=()")
	if https {
		c.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// handler wraps a route: session, permission, cache, then the page.
func (s *Server) handler(route Route, lang string) fiber.Handler {
	return func(c *fiber.Ctx) error {
		r := c.Locals(localRequest).(*Request)
		if r.Lang != lang {
			return c.Next() // "/:page" is not the English home
		}
		if !route.Signed {
			if err := s.sameOrigin(c, r.City); err != nil {
				return err
			}
		}
		if route.Who != Public {
			if err := s.identify(r); err != nil {
				return err
			}
			if done, err := s.admit(r, route); done || err != nil {
				return err
			}
		}
		if r.Half != nil || c.Method() != fiber.MethodGet || route.Class == Own { // a page behind a link of a mail is one person's, too
			c.Set(fiber.HeaderCacheControl, "no-store")
			return route.Handle(r)
		}
		if route.Who == Public {
			return route.Handle(r)
		}
		c.Set(fiber.HeaderCacheControl, "private, no-cache")
		c.Set(fiber.HeaderVary, "Cookie, Accept-Encoding")
		if route.Cached && !s.Uncached && s.Directory.Fresh() {
			return s.cached(r, route)
		}
		if err := route.Handle(r); err != nil {
			return err
		}
		return compress(c)
	}
}

// identify turns the cookie into a person. In a suspended city there are only visitors, who see its pictures.
func (s *Server) identify(r *Request) error {
	token := r.Session()
	if token == "" || r.City.Status == tenants.StatusSuspended {
		return nil
	}
	actor, err := s.Sessions.Resume(r.Ctx, token)
	if errors.Is(err, problem.ErrUnauthenticated) || err == nil && actor.Scopes != nil { // a program's key opens no page
		r.Forget()
		return nil
	}
	if err != nil {
		return err
	}
	r.Half = actor
	if actor.Complete() {
		r.Actor = actor
	}
	return nil
}

// admit applies the route's Who. done means that the answer is already written (a redirect to the missing step).
func (s *Server) admit(r *Request, route Route) (done bool, err error) {
	switch route.Who {
	case Anyone:
		return false, nil
	case Halfway:
		if r.Half != nil {
			return false, nil
		}
	default:
		if r.Actor != nil {
			if route.Who.name == "may" && !s.Policy.May(r.Actor, route.Who.verb, route.Who.kind) {
				return false, problem.ErrForbidden
			}
			return false, nil
		}
	}
	if m := r.http.Method(); m != fiber.MethodGet && m != fiber.MethodHead {
		return false, problem.ErrUnauthenticated
	}
	r.http.Set(fiber.HeaderCacheControl, "no-store")
	step := "/accedi"
	if r.Half != nil {
		step = "/accedi/codice"
	}
	return true, r.See(step + "?poi=" + url.QueryEscape(target(r.http)))
}

// fail answers with a page in plain words; internals are logged here, once, and never shown.
func (s *Server) fail(c *fiber.Ctx, err error) error {
	p := problem.Of(err)
	var fe *fiber.Error
	if errors.As(err, &fe) {
		if fe.Code != fiber.StatusNotFound && fe.Code != fiber.StatusMethodNotAllowed {
			return s.refuseEarly(c, fe.Code)
		}
		p = problem.ErrNotFound
	}
	r, ok := c.Locals(localRequest).(*Request)
	if !ok {
		return c.Status(int(p.Kind)).Type("txt", "utf-8").SendString(p.Code + "\n")
	}
	if p.Kind == problem.Internal {
		s.logInternal(r, err)
	}
	c.Response().ResetBody()
	for _, name := range []string{fiber.HeaderContentEncoding, fiber.HeaderContentDisposition, fiber.HeaderETag} {
		c.Response().Header.Del(name) // of what was to be sent instead
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	if asks(c) {
		return r.sendProblem(r.newProblem(int(p.Kind), p.Code))
	}
	page := r.Page("")
	page.NoIndex, page.Query = true, ""
	return r.ShowAs(int(p.Kind), ui.ErrorPage(page, int(p.Kind)))
}

// Face is the signed-in person as the header shows them: name, and the areas their roles open.
func (s *Server) Face(a *authz.Actor) *ui.Actor {
	face := &ui.Actor{Name: a.Name, May: func(verb, kind string) bool { return s.Policy.May(a, verb, kind) }, Areas: []ui.Area{{Key: "personal", Href: "/area-personale"}}}
	for _, area := range []struct{ key, href string }{{"provider", "/ente"}, {"municipality", "/comune"}, {"administration", "/amministrazione"}} {
		if s.Policy.May(a, "enter", area.key) {
			face.Areas = append(face.Areas, ui.Area{Key: area.key, Href: area.href})
		}
	}
	return face
}
