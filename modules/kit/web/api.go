package web

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humafiber"
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/etag"
	"github.com/gofiber/fiber/v2/middleware/limiter"
	speech "golang.org/x/text/language"

	"github.com/welfarex/welfarex/modules/kit/once"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

// APIPath is where programs ask, and DocumentPath where they learn how.
const (
	APIPath      = "/api/v1"
	DocumentPath = APIPath + "/openapi.json"
)

// usualRate is how many requests a minute one key, or one address without a key, may make of one city.
const usualRate = 600

// The header by which a program says that a request is the same as before.
const (
	keyHeader   = "Idempotency-Key"
	againHeader = "Idempotent-Replayed"
	longestKey  = 100
)

// Scopes are what a key can be given, in the order in which its form asks.
var Scopes = []string{"account:read", "orders:read", "orders:write", "services:read", "services:write", "inbox:read", "inbox:write"}

//words: api.key_missing api.key_long api.key_reused api.scope api.cursor api.too_many

// Refusals of the API's door.
var (
	errScope   = problem.New(problem.Forbidden, "api.scope")
	errKey     = problem.New(problem.Unauthenticated, "api.key_unknown")
	errTooMany = problem.New(problem.TooMany, "api.too_many")
)

// Once does a request's work once, however often it is sent.
type Once interface {
	Do(ctx context.Context, a once.Attempt, do func(context.Context) ([]byte, error)) (answer []byte, again bool, err error)
}

// Nothing is the body of an answer that has none.
type Nothing struct{}

// Operation makes the row of a JSON operation: I holds path, query and Body as huma reads them, O is the body of the answer. Query and Form of the
// row are I's own, so that whatever is read is attacked.
func Operation[I, O any](row Route, do func(*Request, *I) (*O, error)) Route {
	if open := row.Who == Anyone; open != (row.Scope == "") || !open && !slices.Contains(Scopes, row.Scope) {
		panic("web: " + row.Method + " " + row.Path + ": what is not for anyone needs a scope, one of Scopes")
	}
	row.JSON, row.Bare = true, true
	row.Query, row.Form, row.Types = fieldsOf(reflect.TypeFor[I]())
	_, row.Matches = reflect.TypeFor[I]().FieldByName("IfMatch")
	row.register = func(api huma.API) {
		if reflect.TypeFor[O]() == reflect.TypeFor[Nothing]() {
			huma.Register(api, row.operation(), func(ctx context.Context, in *I) (*struct{}, error) {
				_, err := row.answer(ctx, func(r *Request) (any, error) { return do(r, tidy(in)) })
				return nil, err
			})
			return
		}
		huma.Register(api, row.operation(), func(ctx context.Context, in *I) (*reply[O], error) {
			raw, err := row.answer(ctx, func(r *Request) (any, error) { return do(r, tidy(in)) })
			return &reply[O]{revisionOf[O](raw), raw}, err
		})
	}
	return row
}

// tidy makes every text of an input what a form would make of it: one that PostgreSQL can hold, without blanks around it.
func tidy[I any](in *I) *I {
	sayAll(reflect.ValueOf(in).Elem())
	return in
}

func sayAll(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(strings.TrimSpace(strings.ReplaceAll(said(v.String()), "\r\n", "\n")))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				sayAll(v.Field(i))
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			for i := range v.Len() {
				sayAll(v.Index(i))
			}
		}
	}
}

// reply is an answer as it was written when the work was done: sent again, it is the same.
type reply[O any] struct {
	ETag string `header:"ETag"`
	Body answer[O]
}

// Revised is an answer about a thing that If-Match can name.
type Revised interface{ Revised() int }

// revisionOf is the ETag of a thing that has one, read from the answer: sent again, it is the same.
func revisionOf[O any](raw []byte) string {
	var o O
	x, ok := any(&o).(Revised)
	if !ok || json.Unmarshal(raw, &o) != nil || x.Revised() == 0 {
		return ""
	}
	return `"` + strconv.Itoa(x.Revised()) + `"`
}

// answer is JSON that is described as an O.
type answer[O any] json.RawMessage

func (a answer[O]) MarshalJSON() ([]byte, error) { return a, nil }

// Schema implements huma.SchemaProvider.
func (answer[O]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[O](), true, "")
}

// answer does the work, once if it changes something, and gives its JSON or the problem.
func (row Route) answer(ctx context.Context, do func(*Request) (any, error)) ([]byte, error) {
	r := ctx.Value(requestKey{}).(*Request)
	work := func(ctx context.Context) ([]byte, error) {
		inner := *r
		inner.Ctx = ctx
		out, err := do(&inner)
		if err != nil {
			return nil, err
		}
		return json.Marshal(out)
	}
	raw, err := row.once(r, work)
	if err != nil {
		return nil, r.problem(err)
	}
	return raw, nil
}

func (row Route) once(r *Request, work func(context.Context) ([]byte, error)) ([]byte, error) {
	if !row.needsKey() {
		return work(r.Ctx)
	}
	key := r.Header(keyHeader)
	var f problem.Fields
	f.Check(key != "", keyHeader, "api.key_missing")
	f.Check(len(key) <= longestKey, keyHeader, "api.key_long")
	if err := f.Err(); err != nil {
		return nil, err
	}
	digest := sha256.Sum256(append([]byte(r.http.Path()+"\n"+r.Header(fiber.HeaderIfMatch)+"\n"), r.Body()...))
	raw, again, err := r.server.Once.Do(r.Ctx, once.Attempt{Account: r.Actor.Account, Route: row.Method + " " + row.Path, Key: said(key), Digest: digest[:]}, work)
	if again && err == nil {
		r.Set(againHeader, "true")
	}
	return raw, err
}

func (row Route) needsKey() bool { return row.Method == http.MethodPost && !row.Again }

// paramName is a parameter in fiber's pattern.
var paramName = regexp.MustCompile(`:(\w+)`)

// dashed makes a name of a path: /orders/:id/payment is -orders-by-id-payment.
var dashed = strings.NewReplacer("/:", "-by-", "/", "-")

// operation is the row as OpenAPI tells it.
func (row Route) operation() huma.Operation {
	path := paramName.ReplaceAllString(row.Path, "{$1}")
	op := huma.Operation{
		OperationID: strings.ToLower(row.Method) + dashed.Replace(strings.TrimPrefix(row.Path, APIPath)), Method: row.Method, Path: path, Summary: row.About, Tags: []string{group(row.Path)},
		Errors: []int{http.StatusUnauthorized, http.StatusTooManyRequests, http.StatusServiceUnavailable},
	}
	if row.Method == http.MethodGet {
		op.Responses = map[string]*huma.Response{"304": {Description: "It is as If-None-Match says."}}
	}
	if len(row.Form) > 0 {
		op.Errors = append(op.Errors, http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if row.Creates {
		op.DefaultStatus = http.StatusCreated
	}
	if len(row.Params) > 0 {
		op.Errors = append(op.Errors, http.StatusNotFound)
	}
	if row.Scope != "" {
		op.Security = []map[string][]string{{"key": {row.Scope}}}
		op.Errors = append(op.Errors, http.StatusForbidden)
	}
	if row.Method != http.MethodGet {
		op.Errors = append(op.Errors, http.StatusConflict)
	}
	if row.Matches {
		op.Errors = append(op.Errors, http.StatusPreconditionFailed)
	}
	if row.needsKey() {
		longest := longestKey
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: keyHeader, In: "header", Required: true, Schema: &huma.Schema{Type: "string", MaxLength: &longest},
			Description: "A text of your own, a new one for each thing to be done. Sent again within 48 hours with the same body, the request is answered as before and not done again; with another body it is refused.",
		})
	}
	return op
}

// group is the heading under which an operation stands: the first word of its path.
func group(path string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(path, APIPath+"/"), "/")
	return name
}

// fieldsOf gives the names of the query parameters and of the body's properties that an input takes, and what those are.
func fieldsOf(in reflect.Type) (query, body []string, types map[string]string) {
	types = map[string]string{}
	for i := range in.NumField() {
		f := in.Field(i)
		switch name, ok := f.Tag.Lookup("query"); {
		case ok:
			name, _, _ = strings.Cut(name, ",")
			query = append(query, name)
		case f.Name == "Body":
			for i := range f.Type.NumField() {
				name, _, _ := strings.Cut(f.Type.Field(i).Tag.Get("json"), ",")
				body, types[name] = append(body, name), jsonType(f.Type.Field(i).Type)
			}
		case f.Anonymous && f.Type.Kind() == reflect.Struct:
			q, _, _ := fieldsOf(f.Type)
			query = append(query, q...)
		}
	}
	return query, body, types
}

func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.Slice:
		return "array"
	}
	return "string"
}

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
