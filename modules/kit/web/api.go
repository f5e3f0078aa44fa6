package web

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"github.com/welfarex/welfarex/modules/kit/once"
	"github.com/welfarex/welfarex/modules/kit/problem"
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

// Moment is a moment as answers give it, in UTC; nil if there is none.
func Moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	utc := t.UTC()
	return &utc
}

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
		v.SetString(tidied(said(v.String())))
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
