package web

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/tenants"
)

// SessionCookie is the name under which a browser keeps its session.
const SessionCookie = "__Host-session"

// Request is one request of one city, as handlers see it. Ctx has a deadline and carries the city; fiber's own context is
// pooled and goes no further than this package.
type Request struct {
	Ctx   context.Context
	City  *tenants.City
	Actor *authz.Actor // nil unless completely signed in
	Half  *authz.Actor // whoever's password was right, with or without the second factor
	Lang  string       // it | en
	Path  string       // without the language prefix

	http   *fiber.Ctx
	server *Server
	cookie bool // the reply sets or takes back the session cookie

	row     *Route // of an operation
	refusal error  // of whoever asks for it
}

// Param is a path parameter.
func (r *Request) Param(name string) string { return said(r.http.Params(name)) }

// said is a text as PostgreSQL can hold it: UTF-8 without NUL.
func said(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// ID is a path parameter that must be a UUID in its one usual spelling; anything else is not found.
func (r *Request) ID(name string) (uuid.UUID, error) {
	id, err := uuid.Parse(r.http.Params(name))
	if err != nil || id.String() != r.http.Params(name) {
		return uuid.Nil, problem.ErrNotFound
	}
	return id, nil
}

// Query is a parameter of the address, trimmed.
func (r *Request) Query(name string) string { return strings.TrimSpace(said(r.http.Query(name))) }

// QueryAll gives every value of a parameter of the address.
func (r *Request) QueryAll(name string) []string {
	return peek(r.http.Context().QueryArgs().PeekMulti(name))
}

// RawQuery is the address after "?".
func (r *Request) RawQuery() string { return string(r.http.Request().URI().QueryString()) }

// Form is a field of the posted form, tidied.
func (r *Request) Form(name string) string { return tidied(r.Secret(name)) }

// tidied is a text without blanks around it, its lines ended by \n alone: browsers send two characters.
func tidied(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// Secret is a field of the posted form as it was typed, spaces and all. The address cannot stand in for a form.
func (r *Request) Secret(name string) string {
	values := r.posted(name)
	if len(values) == 0 {
		return ""
	}
	return said(string(values[0]))
}

// posted gives every value of a field, however the form was sent.
func (r *Request) posted(name string) [][]byte {
	if form, err := r.http.MultipartForm(); err == nil {
		var values [][]byte
		for _, v := range form.Value[name] {
			values = append(values, []byte(v))
		}
		return values
	}
	return r.http.Context().PostArgs().PeekMulti(name)
}

// FormAll gives every value of a field, as checkboxes send them.
func (r *Request) FormAll(name string) []string {
	return peek(r.posted(name))
}

func peek(values [][]byte) []string {
	all := make([]string, 0, len(values))
	for _, v := range values {
		if s := strings.TrimSpace(said(string(v))); s != "" {
			all = append(all, s)
		}
	}
	return all
}

// Client is the caller's network address, for throttling only.
func (r *Request) Client() string { return r.server.Proxies.client(r.http) }

// Body is what was posted, as it came: for what is signed.
func (r *Request) Body() []byte { return r.http.Body() }

// FormsMayLeadTo lets forms of this page end, by way of a redirect, at another origin: browsers hold a form's redirects to the same rule.
func (r *Request) FormsMayLeadTo(origin string) {
	r.http.Set(contentPolicy, strings.Replace(policy, "form-action 'self'", "form-action 'self' "+origin, 1))
}

// Agent is the browser's name for itself.
func (r *Request) Agent() string { return r.http.Get(fiber.HeaderUserAgent) }

// BaseURL is the scheme, host and port of this city, from its record and never from the request.
func (r *Request) BaseURL() string { return r.server.Base.Of(r.City) }

// Link is the full address of a page, in the language of the request.
func (r *Request) Link(path string) string {
	page := ui.Page{Lang: r.Lang}
	return r.BaseURL() + page.Href(path)
}

// Page begins a page with its title.
func (r *Request) Page(title string) *ui.Page {
	p := &ui.Page{
		City: r.City, Words: r.server.Words, Lang: r.Lang, Path: r.Path, Query: r.RawQuery(), Title: title, BaseURL: r.BaseURL(),
	}
	if done := r.Query("fatto"); done != "" {
		if key := "done." + done; p.Voice().Known(key) {
			p.Notice = &ui.Notice{Tone: ui.Success, Text: p.T(key)}
		}
	}
	if r.Actor != nil {
		p.Actor = r.server.Face(r.Actor)
	}
	return p
}

// T is a text in the language of the request, in the city's words.
func (r *Request) T(key string, args ...any) string {
	return r.server.Words.For(r.City, r.Lang).T(key, args...)
}

// Messages are the words for what is wrong with each field of a form, and for the whole; nil for another kind of refusal.
func (r *Request) Messages(err error) []ui.FieldError {
	p := problem.Of(err)
	if p.Kind == problem.Internal {
		return nil
	}
	if len(p.Fields) == 0 {
		return []ui.FieldError{{Message: r.T(p.Code)}}
	}
	list := make([]ui.FieldError, len(p.Fields))
	for i, f := range p.Fields {
		list[i] = ui.FieldError{Name: f.Name, Message: r.Message(f)}
	}
	return list
}

// Message is the words for what is wrong with a field. They may name it as {field}: over a form they stand without it, and in an answer to a
// program too. Its label is its module's.
func (r *Request) Message(f problem.Field) string {
	module, _, _ := strings.Cut(f.Code, ".")
	return r.T(f.Code, "field", r.T(module+".field."+f.Name))
}

// Show writes a page.
func (r *Request) Show(c templ.Component) error { return r.ShowAs(fiber.StatusOK, c) }

// ShowAs writes a page with a status.
func (r *Request) ShowAs(status int, c templ.Component) error {
	r.http.Status(status)
	r.http.Response().Header.SetContentType("text/html; charset=utf-8")
	return c.Render(r.Ctx, r.http.Response().BodyWriter())
}

// Again shows the form once more with the refusal's status, or passes on what a form cannot tell.
func (r *Request) Again(err error, form templ.Component) error {
	switch k := problem.Of(err).Kind; k {
	case problem.Invalid, problem.Conflict, problem.TooMany, problem.Unauthenticated:
		status := int(k)
		if k == problem.Unauthenticated {
			status = int(problem.Invalid)
		}
		return r.ShowAs(status, form)
	}
	return err
}

// See sends the browser on after a form was taken (303); path is without language. What would lead to another site leads to the home.
func (r *Request) See(path string) error {
	if !here(path) {
		path = "/"
	}
	p := ui.Page{Lang: r.Lang}
	return r.http.Redirect(p.Href(path), fiber.StatusSeeOther)
}

// Leave sends the browser to another site, whose address the program knows: never one that a request named.
func (r *Request) Leave(url string) error { return r.http.Redirect(url, fiber.StatusSeeOther) }

// Done sends the browser on, to be told the words of "done.<key>" there.
func (r *Request) Done(path, key string) error {
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	return r.See(path + sep + "fatto=" + url.QueryEscape(key))
}

// Send writes bytes that are not a page.
func (r *Request) Send(contentType string, body []byte) error {
	r.http.Set(fiber.HeaderContentType, contentType)
	return r.http.Send(body)
}

// Set sets a header of the answer.
func (r *Request) Set(name, value string) { r.http.Set(name, value) }

// Header is a header of the request.
func (r *Request) Header(name string) string { return r.http.Get(name) }

// Status ends the request with a status and no body.
func (r *Request) Status(status int) error { r.http.Status(status); return nil }

// Session is the cookie's value, or "".
func (r *Request) Session() string { return r.Kept("session") }

// Remember sets the session cookie until expires.
func (r *Request) Remember(token string, expires time.Time) { r.Keep("session", token, expires) }

// Forget takes the session cookie back.
func (r *Request) Forget() { r.Remember("", time.Unix(0, 0)) }

// Kept is the value of a cookie of ours besides the session, or "".
func (r *Request) Kept(name string) string { return said(r.http.Cookies("__Host-" + name)) }

// Keep sets a cookie of ours for this browser, readable by no script, until expires; Drop takes it back. The prefix binds it to one host: no
// Domain, Secure, path /.
func (r *Request) Keep(name, value string, expires time.Time) {
	r.cookie = true
	r.http.Cookie(&fiber.Cookie{
		Name: "__Host-" + name, Value: value, Path: "/", Expires: expires, Secure: true, HTTPOnly: true, SameSite: fiber.CookieSameSiteLaxMode,
	})
}

// Drop takes a cookie back.
func (r *Request) Drop(name string) { r.Keep(name, "", time.Unix(0, 0)) }

// Next is where a login should lead: a path of this portal, with its language, and never another site.
func (r *Request) Next(fallback string) string {
	next := r.Form("poi")
	if next == "" {
		next = r.Query("poi")
	}
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || !here(next) || strings.ContainsAny(next, "\\\r\n\t") {
		return fallback
	}
	return next
}

// here says whether an address begins on this portal: with one slash, with and without its language, and with nothing a browser reads as
// another.
func here(address string) bool {
	path, _, _ := strings.Cut(address, "?")
	_, rest := language(path)
	return strings.HasPrefix(path, "/") && !misleads(path) && !misleads(rest)
}
