package publishing

import (
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// Refusals about the register of accreditations.
var (
	ErrAccredited = problem.New(problem.Conflict, "publishing.accredited")
	ErrEnded      = problem.New(problem.Conflict, "publishing.ended")
)

//words: publishing.accredited publishing.ended publishing.accreditation.*

// register is a provider's accreditations; an entry is known by its area and act.
type register []catalogue.Accreditation

func (r register) find(area, act string) *catalogue.Accreditation {
	for i := range r {
		if r[i].Area == area && r[i].Act == act {
			return &r[i]
		}
	}
	return nil
}

// add enters an accreditation.
func (r register) add(a catalogue.Accreditation) (register, error) {
	var f problem.Fields
	for _, field := range []struct{ name, text string }{{"area", a.Area}, {"act", a.Act}} {
		f.Check(field.text != "", field.name, "publishing.accreditation."+field.name)
		f.Check(utf8.RuneCountInString(field.text) <= longestLine, field.name, "publishing.wrong.long")
	}
	f.Check(isDay(a.From), "from", "publishing.accreditation.day")
	f.Check(isDay(a.To), "to", "publishing.accreditation.day")
	f.Check(!isDay(a.From) || !isDay(a.To) || a.From <= a.To, "to", "publishing.accreditation.span")
	if err := f.Err(); err != nil {
		return r, err
	}
	if r.find(a.Area, a.Act) != nil {
		return r, ErrAccredited
	}
	return append(slices.Clone(r), a), nil
}

func isDay(s string) bool {
	t, err := time.Parse(time.DateOnly, s)
	return err == nil && t.Year() >= 2000 && t.Year() < 2100
}

// change alters one entry. Errors: problem.ErrNotFound.
func (r register) change(area, act string, alter func(*catalogue.Accreditation) error) (register, error) {
	next := slices.Clone(r)
	a := next.find(area, act)
	if a == nil {
		return r, problem.ErrNotFound
	}
	return next, alter(a)
}

// end lets an entry hold no longer from today on; one that never held goes.
func (r register) end(area, act string, today time.Time) (register, error) {
	day, before := today.Format(time.DateOnly), today.AddDate(0, 0, -1).Format(time.DateOnly)
	next, err := r.change(area, act, func(a *catalogue.Accreditation) error {
		if a.To < day {
			return ErrEnded
		}
		a.To = before
		return nil
	})
	return slices.DeleteFunc(next, func(a catalogue.Accreditation) bool { return a.Area == area && a.Act == act && a.To < a.From }), err
}

// What a provider is told of an accreditation.
const (
	soon      = "soon"
	ended     = "ended"
	suspended = "suspended"
)

// When: so many days before the end, and for so many after it, if nobody was told on the day.
const (
	daysBefore = 30
	daysAfter  = 7
)

// Notice is something that a provider is told of an accreditation, once.
type Notice struct {
	ID        uuid.UUID
	Provider  uuid.UUID
	Area, Act string
	Until     string
	Notice    string
	Reason    string
}

// noticesOf are what a provider should have heard of by a day.
func noticesOf(m *catalogue.Maker, today time.Time) []Notice {
	day, first, last := today.Format(time.DateOnly), today.AddDate(0, 0, -daysAfter).Format(time.DateOnly), today.AddDate(0, 0, daysBefore).Format(time.DateOnly)
	var list []Notice
	for _, a := range m.Accreditations {
		n := Notice{Provider: m.ID, Area: a.Area, Act: a.Act, Until: a.To}
		switch {
		case a.To >= first && a.To < day:
			n.Notice = ended
		case a.To >= day && a.To <= last && a.Suspended == "":
			n.Notice = soon
		default:
			continue
		}
		list = append(list, n)
	}
	return list
}
