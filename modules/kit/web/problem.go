package web

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

// Problem is how the API says no (RFC 9457).
type Problem struct {
	Type     string  `json:"type" doc:"Names the kind of problem for good; its end is the code."`
	Title    string  `json:"title" doc:"The status in words."`
	Status   int     `json:"status"`
	Detail   string  `json:"detail" doc:"What happened, for a person, in the language asked for."`
	Instance string  `json:"instance" doc:"The id of the request: tell it when you ask for help."`
	Code     string  `json:"code" doc:"Stable: compare this."`
	Errors   []Wrong `json:"errors,omitempty" doc:"What is wrong with each field."`
}

// Wrong is what is wrong with one field.
type Wrong struct {
	Location string `json:"location" doc:"body.address, query.limit, header.Idempotency-Key"`
	Code     string `json:"code,omitempty" doc:"Stable; absent where the value has not the shape that this document describes."`
	Message  string `json:"message"`
}

// typeOf is a problem's kind as a URI that is the same in every city.
func typeOf(code string) string { return "urn:welfarex:problem:" + code }

// Error implements error.
func (p *Problem) Error() string { return p.Code }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return problemType }

const problemType = "application/problem+json"

// problem says what an error is to a program; internals are logged here, once, and never shown.
func (r *Request) problem(err error) *Problem {
	e := problem.Of(err)
	if e.Kind == problem.Internal {
		r.server.logInternal(r, err)
	}
	p := r.newProblem(int(e.Kind), e.Code)
	for _, f := range e.Fields {
		p.Errors = append(p.Errors, Wrong{Location: location(r.row, f.Name), Code: f.Code, Message: r.Message(f)})
	}
	return p
}

func (r *Request) newProblem(status int, code string) *Problem {
	return &Problem{Type: typeOf(code), Title: http.StatusText(status), Status: status, Detail: r.T(code), Instance: "urn:uuid:" + tenants.RequestID(r.Ctx), Code: code}
}

// location is where an input has a field.
func location(row *Route, name string) string {
	switch {
	case name == keyHeader:
		return "header." + name
	case row != nil && slices.Contains(row.Query, name):
		return "query." + name
	}
	return "body." + name
}

func (s *Server) logInternal(r *Request, err error) {
	slog.Error("request failed", "city", r.City.Slug, "request", tenants.RequestID(r.Ctx), "route", r.http.Route().Path, "error", err)
}

// sendProblem answers a program.
func (r *Request) sendProblem(p *Problem) error {
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	r.http.Status(p.Status)
	r.http.Response().Header.SetContentType(problemType)
	r.http.Response().SetBodyRaw(raw)
	return nil
}

//words: api.body api.missing api.key_unknown

// asks says whether a program asks, not a person.
func asks(c *fiber.Ctx) bool { return strings.HasPrefix(c.Path(), "/api/") }

//words: api.too_large api.unreadable api.media

// early are the refusals of what is no request yet: to a program a code, to a person both languages at once.
var early = map[int]struct{ code, text string }{
	http.StatusBadRequest:            {"api.unreadable", "Richiesta non valida. / Bad request.\n"},
	http.StatusRequestEntityTooLarge: {"api.too_large", "Quello che hai inviato è troppo grande. / What you sent is too large.\n"},
	http.StatusUnsupportedMediaType:  {"api.media", "Manda la richiesta non compressa. / Send the request uncompressed.\n"},
	// Browsers open connections ahead of need. One that hears this on such a connection asks again on another; any other status it would show.
	http.StatusRequestTimeout: {"api.unreadable", "Tempo scaduto. / Timed out.\n"},
}

// refuseEarly tells whoever asks what was wrong with a request that got no further than the door.
func (s *Server) refuseEarly(c *fiber.Ctx, status int) error {
	if _, known := early[status]; !known {
		status = http.StatusBadRequest
	}
	if !asks(c) {
		return c.Status(status).Type("txt", "utf-8").SendString(early[status].text)
	}
	code := early[status].code
	p := &Problem{Type: typeOf(code), Title: http.StatusText(status), Status: status, Code: code, Detail: s.Words.For(&tenants.City{}, "it").T(code), Instance: "about:blank"}
	return (&Request{http: c}).sendProblem(p)
}

var replaceProblems sync.Once

// ownProblems makes huma's own refusals ours: what has not the shape that the document describes.
func ownProblems() {
	huma.ValidateStrictCasing = true
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError { // for the document, and where there is no request
		return &Problem{Type: typeOf("problem.invalid"), Title: http.StatusText(status), Status: status, Code: "problem.invalid", Errors: wrongs(errs)}
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		r, ok := ctx.Context().Value(requestKey{}).(*Request)
		if !ok {
			return huma.NewError(status, "", errs...)
		}
		code := "problem.invalid"
		switch {
		case status == http.StatusUnsupportedMediaType:
			return r.newProblem(status, "api.media")
		case status >= http.StatusInternalServerError:
			code = "problem.internal"
		}
		p := r.newProblem(status, code)
		p.Errors = wrongs(errs)
		for i := range p.Errors {
			r.inOurWords(&p.Errors[i])
		}
		return p
	}
}

// inOurWords says what is missing where, and hides what a decoder says: that is for who wrote it.
func (r *Request) inOurWords(w *Wrong) {
	if m := missing.FindStringSubmatch(w.Message); m != nil {
		w.Location, w.Code, w.Message = w.Location+"."+m[1], "api.missing", r.T("api.missing")
		return
	}
	if w.Location == "body" {
		w.Code, w.Message = "api.body", r.T("api.body")
	}
}

var missing = regexp.MustCompile(`^expected required property (\S+) to be present$`)

func wrongs(errs []error) (list []Wrong) {
	for _, err := range errs {
		if d, ok := err.(huma.ErrorDetailer); ok {
			list = append(list, Wrong{Location: d.ErrorDetail().Location, Message: d.ErrorDetail().Message})
		}
	}
	slices.SortFunc(list, func(a, b Wrong) int {
		return cmp.Or(cmp.Compare(a.Location, b.Location), cmp.Compare(a.Message, b.Message))
	})
	return list
}
