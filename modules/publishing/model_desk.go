package publishing

import (
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
)

// Stage is where a service stands, as its provider's desk sorts it.
type Stage string

// The stages, what wants work first.
const (
	ToMend    Stage = "returned"
	InDraft   Stage = "draft"
	Waiting   Stage = "submitted"
	Published Stage = "published"
	Hidden    Stage = "hidden"
)

// Stages in the order of the desk.
var Stages = []Stage{ToMend, InDraft, Waiting, Published, Hidden}

// Line is a service on the desk.
type Line struct {
	ID      uuid.UUID
	Title   string
	Maker   string
	Stage   Stage
	Live    bool // citizens see it, in its published form
	Updated time.Time
}

// Desk is what a provider's staff sees first.
type Desk struct {
	Makers []catalogue.Maker
	Lines  []Line
}

// In are the lines of a stage.
func (d *Desk) In(stage Stage) []Line {
	return slices.DeleteFunc(slices.Clone(d.Lines), func(l Line) bool { return l.Stage != stage })
}

// lines puts published services and open versions together, each service once.
func lines(records []catalogue.Record, versions []*Version, makers []catalogue.Maker) []Line {
	live, written := map[uuid.UUID]bool{}, map[uuid.UUID]bool{}
	for i := range records {
		live[records[i].ID] = records[i].Published
	}
	var list []Line
	for _, v := range versions {
		written[v.Service] = true
		list = append(list, Line{v.Service, v.Content.Title, nameOf(makers, v.Provider), Stage(v.State), live[v.Service], v.Updated})
	}
	for i := range records {
		r := &records[i]
		if written[r.ID] {
			continue
		}
		stage := Hidden
		if r.Published {
			stage = Published
		}
		list = append(list, Line{ID: r.ID, Title: r.Title, Maker: nameOf(makers, r.Provider), Stage: stage, Live: r.Published})
	}
	return list
}

func nameOf(makers []catalogue.Maker, id uuid.UUID) string {
	for i := range makers {
		if makers[i].ID == id {
			return makers[i].Name
		}
	}
	return ""
}

// Work is one service with all that its people need to see.
type Work struct {
	ID      uuid.UUID
	Maker   *catalogue.Maker
	Live    *catalogue.Record // nil before it is first published
	Open    *Version          // nil if nobody is writing
	Events  []Event
	Choices catalogue.Choices
}

// Title is what the service is called by whoever works on it now.
func (w *Work) Title() string {
	if w.Open != nil {
		return w.Open.Content.Title
	}
	return w.Live.Title
}

// Stage is where the service stands.
func (w *Work) Stage() Stage {
	switch {
	case w.Open != nil:
		return Stage(w.Open.State)
	case w.Live.Published:
		return Published
	}
	return Hidden
}

// Shown is what the work is about: the open version, or what is published.
func (w *Work) Shown() Content {
	if w.Open != nil {
		return w.Open.Content
	}
	return contentOf(&w.Live.Entry)
}

// Before is what citizens see now, or nil.
func (w *Work) Before() *Content {
	if w.Live == nil || !w.Live.Published {
		return nil
	}
	c := contentOf(&w.Live.Entry)
	return &c
}

// Asked is what the municipality wants changed, as long as its provider can still change it.
func (w *Work) Asked() string {
	if w.Open == nil || !w.Open.Editable() {
		return ""
	}
	return w.Open.Reason
}

// Shelf is the shelf on which the version would stand, or nil.
func (w *Work) shelf() *catalogue.Shelf { return w.Choices.Shelf(w.Shown().Category) }
