package web

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/etag"
	"github.com/gofiber/fiber/v2/middleware/limiter"
	speech "golang.org/x/text/language"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

type requestKey struct{}

// api mounts the operations among the rows, and what describes them.
func (s *Server) api(app *fiber.App) {
	replaceProblems.Do(ownProblems)
	rate := s.Rate
	if rate == 0 {
		rate = usualRate
	}
	limit := limiter.New(limiter.Config{
		Max: rate, Expiration: time.Minute, KeyGenerator: caller,
		LimitReached: func(c *fiber.Ctx) error {
			c.Set("X-RateLimit-Limit", strconv.Itoa(rate))
			c.Set("X-RateLimit-Remaining", "0")
			c.Set("X-RateLimit-Reset", c.GetRespHeader(fiber.HeaderRetryAfter))
			return errTooMany
		},
	})
	tag, config := etag.New(), describe()
	for _, row := range s.Routes {
		if row.register != nil {
			row.register(humafiber.NewWithGroup(app, &doorway{Router: app, before: s.before(row, limit, tag)}, config))
		}
	}
	document := written(config)
	(&doorway{Router: app, before: []fiber.Handler{tag}}).Add(fiber.MethodGet, DocumentPath, func(c *fiber.Ctx) error {
		c.Set(fiber.HeaderCacheControl, "public, max-age=300")
		c.Response().Header.SetContentType("application/vnd.oai.openapi+json;version=3.1")
		return c.Send(document)
	})
	app.Use("/api", func(*fiber.Ctx) error { return problem.ErrNotFound })
}

// before is what stands before an operation.
func (s *Server) before(row Route, limit, tag fiber.Handler) []fiber.Handler {
	chain := []fiber.Handler{s.present(row), limit, s.examine(row)}
	if row.Method == fiber.MethodGet {
		chain = append(chain, tag)
	}
	return chain
}

// doorway puts what every operation passes before it.
type doorway struct {
	fiber.Router
	before []fiber.Handler
}

// Add implements fiber.Router; huma's adapter calls nothing else.
func (d *doorway) Add(method, path string, handlers ...fiber.Handler) fiber.Router {
	all := slices.Concat(d.before, handlers)
	if method == fiber.MethodGet {
		d.Head(path, all...)
	}
	return d.Router.Add(method, path, all...)
}

// present finds out who asks, by the bearer key alone: a browser's cookie counts for nothing here, so no page can make one ask. Whether they may is
// said once the request has been counted.
func (s *Server) present(row Route) fiber.Handler {
	return func(c *fiber.Ctx) error {
		r := c.Locals(localRequest).(*Request)
		r.Lang, r.row = s.preferred(r), &row
		c.Set(fiber.HeaderCacheControl, "no-store")
		c.Set(fiber.HeaderContentLanguage, r.Lang)
		c.Set(fiber.HeaderVary, "Authorization, Accept-Language, Accept-Encoding")
		r.refusal = s.recognise(r)
		if r.refusal == nil && r.Actor == nil && row.Scope == "" && row.Method == fiber.MethodGet {
			c.Set(fiber.HeaderCacheControl, "no-cache")
		}
		return c.Next()
	}
}

// KeyPrefix begins every key: by it, whoever looks through a program's source knows one.
const KeyPrefix = "wx_"

var keyForm = regexp.MustCompile(`^` + KeyPrefix + `[\w-]{43}$`)

// recognise turns the bearer key into the person it acts for. Without a key nobody asks; a key that is none is refused.
func (s *Server) recognise(r *Request) error {
	header := r.Header(fiber.HeaderAuthorization)
	if header == "" {
		return nil
	}
	scheme, key, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || !keyForm.MatchString(key) {
		return errKey // nobody need be asked
	}
	actor, err := s.Sessions.Resume(r.Ctx, key)
	switch {
	case errors.Is(err, problem.ErrUnauthenticated):
		return errKey
	case err != nil:
		return err
	case actor.Scopes == nil, !actor.Complete():
		return errKey
	}
	r.Actor = actor
	r.Ctx = tenants.WithKey(r.Ctx, actor.Session.String())
	return nil
}

// caller is whom a request is counted for: a key, or an address without one, always within one city.
func caller(c *fiber.Ctx) string {
	r := c.Locals(localRequest).(*Request)
	if r.Actor != nil {
		return r.City.Slug + " key " + r.Actor.Session.String()
	}
	return r.City.Slug + " from " + r.Client()
}

// examine refuses whom the row does not admit.
func (s *Server) examine(row Route) fiber.Handler {
	return func(c *fiber.Ctx) error {
		r := c.Locals(localRequest).(*Request)
		if err := s.refusesCall(r, row); err != nil {
			challenge(c, row, err)
			return err
		}
		c.SetUserContext(context.WithValue(r.Ctx, requestKey{}, r))
		if err := c.Next(); err != nil {
			return err
		}
		if tag := c.GetRespHeader(fiber.HeaderETag); tag != "" && row.Method == fiber.MethodGet && c.Get(fiber.HeaderIfNoneMatch) == tag {
			c.Response().ResetBody() // a revision's tag, which the middleware leaves alone
			return c.SendStatus(fiber.StatusNotModified)
		}
		return compress(c)
	}
}

func (s *Server) refusesCall(r *Request, row Route) error {
	switch {
	case r.refusal != nil:
		return r.refusal
	case row.Who == Anyone:
		return nil
	case r.Actor == nil:
		return problem.ErrUnauthenticated
	case !slices.Contains(r.Actor.Scopes, row.Scope):
		return errScope
	case row.Who.name == "may" && !s.Policy.May(r.Actor, row.Who.verb, row.Who.kind):
		return problem.ErrForbidden
	}
	return nil
}

// challenge says by what an operation is opened (RFC 6750).
func challenge(c *fiber.Ctx, row Route, err error) {
	switch {
	case errors.Is(err, problem.ErrUnauthenticated):
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="api"`)
	case errors.Is(err, errKey):
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="api", error="invalid_token"`)
	case errors.Is(err, errScope):
		c.Set(fiber.HeaderWWWAuthenticate, `Bearer realm="api", error="insufficient_scope", scope="`+row.Scope+`"`)
	}
}

var spoken = speech.NewMatcher([]speech.Tag{speech.Italian, speech.English})

// preferred is the language that a program would rather read.
func (s *Server) preferred(r *Request) string {
	_, i := speech.MatchStrings(spoken, r.Header(fiber.HeaderAcceptLanguage))
	if i == 1 && speaks(r.City, "en") {
		return "en"
	}
	return "it"
}
