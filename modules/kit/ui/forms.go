package ui

import (
	"cmp"
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// FieldError is what is wrong with one field, in words.
type FieldError struct{ Name, Message string }

// Errors are a form's problems in the order of its fields.
type Errors []FieldError

// Of is the message for a field, or "".
func (e Errors) Of(name string) string {
	for _, problem := range e {
		if problem.Name == name {
			return problem.Message
		}
	}
	return ""
}

// Option is one of the answers to choose from.
type Option struct {
	Value    string
	Text     string
	Help     string
	Disabled bool
}

// Field is a line, or with Rows a box, to write in. Its id is its name.
//
//	@ui.Field{P: p, Name: "email", Label: p.T("account.email"), Type: "email", Autocomplete: "email", Value: v.Email, Error: errs.Of("email")}
type Field struct {
	P            *Page
	Name         string
	Label        string
	Help         string // an example or a hint, under the label
	Value        string
	Type         string // text unless told: email tel date time number password search
	Rows         int
	Autocomplete string
	InputMode    string
	Optional     bool // said beside the label; all other fields are required
	Error        string
	Suffix       string // after the field: "€"
	MaxLength    int
	Short        bool // as wide as a code or a date
	Attrs        templ.Attributes
}

// Render writes the field.
func (f Field) Render(ctx context.Context, w io.Writer) error { return f.view().Render(ctx, w) }

// Select is a choice among many; with few, prefer Choice.
type Select struct {
	P            *Page
	Name         string
	Label        string
	Help         string
	Value        string
	Empty        string // the first, empty answer; none if ""
	Options      []Option
	Autocomplete string
	Optional     bool
	Error        string
	Attrs        templ.Attributes // e.g. {"data-submit": ""} sends the form when changed
}

// Render writes the select.
func (s Select) Render(ctx context.Context, w io.Writer) error { return s.view().Render(ctx, w) }

// Choice is one answer among few, as radio buttons; with Many, several, as checkboxes.
type Choice struct {
	P        *Page
	Name     string
	Legend   string
	Help     string
	Values   []string // what is chosen
	Options  []Option
	Many     bool
	Boxed    bool // each answer in a large box
	Tiles    bool // short answers side by side, as hours are
	Optional bool
	Error    string
	Submit   bool // send the form when changed, where there are scripts
}

// Render writes the choice.
func (c Choice) Render(ctx context.Context, w io.Writer) error { return c.view().Render(ctx, w) }

func (c Choice) id(i int) string {
	if i == 0 {
		return fieldID(c.Name)
	}
	return fieldID(c.Name) + "-" + strconv.Itoa(i)
}

func (c Choice) kind() string {
	if c.Many {
		return "checkbox"
	}
	return "radio"
}

func (c Choice) class() string {
	class := "form-group choice"
	if c.Boxed {
		class += " choice-boxed"
	}
	if c.Tiles {
		class += " choice-tiles"
	}
	if c.Error != "" {
		class += " has-error"
	}
	return class
}

func (c Choice) chosen(value string) bool { return slices.Contains(c.Values, value) }

// Check is a single yes; the children, if any, stand instead of Label.
type Check struct {
	P       *Page
	Name    string
	Label   string
	Help    string
	Value   string // "1" unless told
	Checked bool
	Error   string
}

// Render writes the check.
func (c Check) Render(ctx context.Context, w io.Writer) error { return c.With().Render(ctx, w) }

// Fieldset holds fields that belong together.
type Fieldset struct {
	Legend string
	Help   string
}

// Render writes the fieldset around its children.
func (f Fieldset) Render(ctx context.Context, w io.Writer) error { return f.With().Render(ctx, w) }

// Steps says in words how far one is: @ui.Steps{P: p, Now: 2, Of: 5, Title: "I tuoi documenti"}.
type Steps struct {
	P     *Page
	Now   int // from 1
	Of    int
	Title string
}

// Render writes the progress.
func (s Steps) Render(ctx context.Context, w io.Writer) error { return s.view().Render(ctx, w) }

func fieldID(name string) string {
	return strings.NewReplacer("[", "-", "]", "", ".", "-", " ", "-").Replace(name)
}

// described are the ids of what explains a field: its hint and its error.
func described(name, help, problem string) string {
	id := fieldID(name)
	switch {
	case help != "" && problem != "":
		return id + "-help " + id + "-error"
	case help != "":
		return id + "-help"
	case problem != "":
		return id + "-error"
	}
	return ""
}

func or[T comparable](values ...T) T { return cmp.Or(values...) }
