// Package problem is how the program says no: a kind that fixes the HTTP status, and a stable code that is also the translation key.
package problem

import (
	"errors"
	"fmt"
	"strings"
)

// Kind fixes the HTTP status.
type Kind int

const (
	Internal        Kind = 500
	Invalid         Kind = 422
	Unauthenticated Kind = 401
	Forbidden       Kind = 403
	NotFound        Kind = 404
	Conflict        Kind = 409
	Stale           Kind = 412 // it was changed since it was read
	TooMany         Kind = 429
)

// Error is a refusal a person can be told about.
type Error struct {
	Kind   Kind
	Code   string  // "accounts.token_expired": stable, and the key of its words
	Fields []Field // for Invalid: which fields, in the order of the form
}

// Field is what is wrong with one field of a form.
type Field struct {
	Name string // as in the form
	Code string // the key of its words
}

func (e *Error) Error() string {
	if len(e.Fields) == 0 {
		return e.Code
	}
	names := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		names[i] = f.Name + ": " + f.Code
	}
	return fmt.Sprintf("%s (%s)", e.Code, strings.Join(names, ", "))
}

// Is makes errors.Is compare by code.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Code == e.Code
}

// New declares a refusal; keep it in a package variable beside its rule.
func New(kind Kind, code string) *Error { return &Error{Kind: kind, Code: code} }

// ErrNotFound is the answer for what is not there and for what is not yours: the two cannot be told apart.
var ErrNotFound = New(NotFound, "problem.not_found")

// ErrForbidden is the answer for what you may see but not do.
var ErrForbidden = New(Forbidden, "problem.forbidden")

// ErrUnauthenticated asks for a login.
var ErrUnauthenticated = New(Unauthenticated, "problem.unauthenticated")

// Fields collects what is wrong with a form.
type Fields []Field

// Add notes that field name is wrong.
func (f *Fields) Add(name, code string) { *f = append(*f, Field{name, code}) }

// Check notes that field name is wrong unless ok.
func (f *Fields) Check(ok bool, name, code string) {
	if !ok {
		f.Add(name, code)
	}
}

// Err is nil when nothing was noted.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Kind: Invalid, Code: "problem.invalid", Fields: f}
}

// Of gives the refusal inside err; an unknown error is Internal and tells nothing of itself.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return New(Internal, "problem.internal")
}
