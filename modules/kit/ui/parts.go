package ui

import (
	"context"
	"io"

	"github.com/a-h/templ"
)

// Kind is how much a button weighs. A page has one Primary.
type Kind string

// The kinds of buttons.
const (
	Primary   Kind = "primary"
	Secondary Kind = "outline-primary" // beside the main one
	Quiet     Kind = "quiet"           // in dense places
	Grave     Kind = "danger"          // takes something away
)

// Button is a <button>, or with Href a link that looks like one: @ui.Button{Text: p.T("service.book"), Icon: "calendar"}.
type Button struct {
	Text     string
	Icon     string // before the words
	Kind     Kind   // Primary unless told
	Href     string // already through p.Href
	Name     string
	Value    string
	Form     string // id of a form elsewhere on the page
	Label    string // longer name for screen readers, beginning with Text
	Small    bool
	Wide     bool // fills the width
	Disabled bool
	Attrs    templ.Attributes
}

// Render writes the button.
func (b Button) Render(ctx context.Context, w io.Writer) error { return b.view().Render(ctx, w) }

func (b Button) class() string {
	kind := b.Kind
	if kind == "" {
		kind = Primary
	}
	class := "btn btn-" + string(kind)
	if b.Small {
		class += " btn-sm"
	}
	if b.Wide {
		class += " btn-wide"
	}
	return class
}

// SearchBox asks /servizi: @ui.SearchBox{P: p, ID: "home-q", Large: true}.
type SearchBox struct {
	P           *Page
	ID          string
	Value       string
	Label       string // "Cerca un servizio" unless told
	Placeholder string
	Action      string // "/servizi" unless told
	Large       bool
}

// Render writes the search box.
func (s SearchBox) Render(ctx context.Context, w io.Writer) error { return s.view().Render(ctx, w) }

// Card is one thing among others, the whole of it a link if it has Href. The children come under the facts.
type Card struct {
	Title   string
	Href    string // already through p.Href
	Kicker  string // small line over the title
	Icon    string
	Image   string // address of a picture, 640×360
	Text    string
	Facts   []Fact // what decides, each with its sign
	Status  string // chip
	Tone    Tone   // of the chip
	Level   int    // of the heading; 3 unless told
	Foot    templ.Component
	Compact bool // pictogram and title only, as needs are
}

// Render writes the card.
func (c Card) Render(ctx context.Context, w io.Writer) error { return c.With().Render(ctx, w) }

// Fact is a term and what it is here; Icon stands before it in cards.
type Fact struct {
	Icon string
	Term string
	Text string
	Body templ.Component // instead of Text
	Edit string          // address where it can be changed, on review pages
}

// PageHead opens a page: kicker, title, chip and lead; the children are the main actions.
type PageHead struct {
	Title  string
	Kicker string
	Lead   string
	Status string
	Tone   Tone
}

// Render writes the head of the page.
func (h PageHead) Render(ctx context.Context, w io.Writer) error { return h.With().Render(ctx, w) }

// Section is a part of a page with its heading and, perhaps, a link to more of it.
type Section struct {
	ID    string
	Title string
	Lead  string
	More  Crumb
	Wash  bool // on the city's light ground
}

// Render writes the section around its children.
func (s Section) Render(ctx context.Context, w io.Writer) error { return s.With().Render(ctx, w) }

// Disclosure hides what few need behind a line of words.
type Disclosure struct {
	Title string
	Open  bool
}

// Render writes the disclosure around its children.
func (d Disclosure) Render(ctx context.Context, w io.Writer) error { return d.With().Render(ctx, w) }

// Empty stands where a list has nothing yet; the children are what to do about it.
type Empty struct {
	Drawing string // see Drawing; "search" unless told
	Title   string
	Text    string
}

// Render writes the empty state.
func (e Empty) Render(ctx context.Context, w io.Writer) error { return e.With().Render(ctx, w) }

// Stat is a number that matters and what it counts.
type Stat struct {
	Value string
	Label string
	Hint  string
	Href  string
	Tone  Tone
	Icon  string
}

// Render writes the tile.
func (s Stat) Render(ctx context.Context, w io.Writer) error { return s.view().Render(ctx, w) }

// Column is the head of a table's column.
type Column struct {
	Text   string
	Number bool // stands on the right
	Hidden bool // the words are for screen readers only, as over buttons
}

// Table folds into cards on a phone. Its children are <tr> rows whose cells are @ui.Cell(label) or @ui.NumberCell(label).
type Table struct {
	Caption     string
	ShowCaption bool
	Columns     []Column
	Dense       bool
}

// Render writes the table around its rows.
func (t Table) Render(ctx context.Context, w io.Writer) error { return t.With().Render(ctx, w) }

// Pagination leads through a long list: Href makes the address of a page from its number.
type Pagination struct {
	P     *Page
	Now   int // from 1
	Pages int
	Href  func(page int) string
}

// Render writes the pagination, or nothing for a single page.
func (n Pagination) Render(ctx context.Context, w io.Writer) error { return n.view().Render(ctx, w) }

// numbers are the pages to show; 0 is a gap.
func (n Pagination) numbers() []int {
	var shown []int
	for i := 1; i <= n.Pages; i++ {
		switch {
		case i == 1, i == n.Pages, i >= n.Now-1 && i <= n.Now+1, n.Pages <= 7:
			shown = append(shown, i)
		case shown[len(shown)-1] != 0:
			shown = append(shown, 0)
		}
	}
	return shown
}

// IndexItem is an entry of a page's index: the id of a section and its title.
type IndexItem struct{ ID, Title string }

// Moment is a step on a timeline.
type Moment struct {
	When string
	Text string
	Body templ.Component
	Done bool
	Now  bool
}

func headings(level int) int {
	if level == 0 {
		return 3
	}
	return level
}

// ToneIcon is the sign of a tone.
func ToneIcon(tone Tone) string {
	switch tone {
	case Success:
		return "check"
	case Warning, Danger:
		return "warning"
	}
	return "info"
}

// Pick says whether a thing can be picked for the CompareBar of its page.
type Pick int

// PickFull is for what could be picked if there were not enough already.
const (
	NoPick Pick = iota
	PickOpen
	Picked
	PickFull
)

// Kept is a thing picked on another page, and the address of this one without it.
type Kept struct{ Value, Title, Without string }
