package places

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/welfarex/welfarex/modules/kit/ui"
)

// listView is what the page of all points shows.
type listView struct {
	all    []Point
	hoods  []Neighbourhood
	found  []Point
	near   bool // found are not in the neighbourhood asked for, but near it
	filter Filter
	now    time.Time
	city   Map
}

type pointView struct {
	point Point
	near  []Point
	now   time.Time
	city  Map
}

// text is a city's own text and the language it is really in.
type text struct{ Text, Lang string }

func (p *Point) name(lang string) string {
	if lang == "en" && p.En != nil && p.En.Name != "" {
		return p.En.Name
	}
	return p.Name
}

func (p *Point) about(lang string) text {
	if lang == "en" && p.En != nil && p.En.About != "" {
		return text{p.En.About, "en"}
	}
	return text{p.About, ui.Italian}
}

// Say tells in words how a point stands: "Aperto ora, fino alle 17:00", "Apre domani alle 9:00".
func (s State) Say(p *ui.Page, now time.Time) string {
	switch {
	case s.Open && s.Until.IsZero():
		return p.T("places.state.always")
	case s.Soon(now):
		return p.T("places.state.closing", "time", moment(s.Until, true))
	case s.Open:
		return p.T("places.state.open", "time", moment(s.Until, true))
	case s.Next.IsZero():
		return p.T("places.state.closed")
	}
	time := moment(s.Next, false)
	switch days := daysBetween(now, s.Next); {
	case days == 0:
		return p.T("places.state.today", "time", time)
	case days == 1:
		return p.T("places.state.tomorrow", "time", time)
	case days < 7:
		return p.T("places.state.on", "day", p.Weekday(s.Next.In(rome).Weekday()), "time", time)
	}
	return p.T("places.state.on", "day", p.When(s.Next, now), "time", time)
}

// Tone is the colour of a state's words.
func (s State) Tone(now time.Time) ui.Tone {
	switch {
	case s.Soon(now):
		return ui.Warning
	case s.Open:
		return ui.Success
	}
	return ui.Plain
}

// moment is a time of the day as people say it; the end of a day is 24:00.
func moment(t time.Time, end bool) string {
	t = t.In(rome)
	if end && t.Hour() == 0 && t.Minute() == 0 {
		return clock(24 * 60)
	}
	return clock(t.Hour()*60 + t.Minute())
}

func clock(minutes int) string { return fmt.Sprintf("%d:%02d", minutes/60, minutes%60) }

func clock24(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

func daysBetween(from, to time.Time) int {
	a, b := from.In(rome), to.In(rome)
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	return int(day(b).Sub(day(a)) / (24 * time.Hour))
}

// spans is "9:00–12:30, 14:00–17:00", or the word for closed.
func spans(p *ui.Page, list []Span) string { return strings.Join(split(p, list), ", ") }

func split(p *ui.Page, list []Span) []string {
	if len(list) == 0 {
		return []string{p.T("places.closed")}
	}
	said := make([]string, len(list))
	for i, s := range list {
		said[i] = clock(s.From) + "–" + clock(s.To)
	}
	return said
}

// today is the openings of this very day, holidays and closed days minded.
func today(p *ui.Page, point Point, now time.Time) string {
	return p.T("places.today", "hours", spans(p, point.On(now.In(rome))))
}

//words: places.step_free.* places.language.* places.endonym.* places.holiday.* places.kind.* places.state.*

func language(p *ui.Page, code string) string {
	if key := "places.language." + code; p.Voice().Known(key) {
		return p.T(key)
	}
	return strings.ToUpper(code)
}

func languages(p *ui.Page, codes []string) string {
	said := make([]string, len(codes))
	for i, code := range codes {
		said[i] = language(p, code)
	}
	return strings.Join(said, ", ")
}

// languageOptions are the languages that somebody speaks at some point, each named in itself too.
func (v listView) languageOptions(p *ui.Page) []ui.Option {
	var codes []string
	for _, point := range v.all {
		for _, code := range point.Languages {
			if !slices.Contains(codes, code) {
				codes = append(codes, code)
			}
		}
	}
	options := make([]ui.Option, len(codes))
	for i, code := range codes {
		name := language(p, code)
		if own := "places.endonym." + code; p.Voice().Known(own) && p.T(own) != name {
			name += " · " + p.T(own)
		}
		options[i] = ui.Option{Value: code, Text: name}
	}
	slices.SortFunc(options, func(a, b ui.Option) int { return cmp.Compare(a.Text, b.Text) })
	return options
}

func (v listView) hoodOptions() []ui.Option {
	options := make([]ui.Option, len(v.hoods))
	for i, n := range v.hoods {
		options[i] = ui.Option{Value: n.Slug, Text: n.Name}
	}
	return options
}

// hood is the name of the neighbourhood asked for.
func (v listView) hood() string {
	for _, n := range v.hoods {
		if n.Slug == v.filter.Neighbourhood {
			return n.Name
		}
	}
	return ""
}

func (v listView) open() int {
	n := 0
	for i := range v.found {
		if v.found[i].At(v.now).Open {
			n++
		}
	}
	return n
}

// summary says what was found: "10 punti, 3 aperti ora".
func (v listView) summary(p *ui.Page) string {
	if v.near {
		return p.T("places.near", "hood", v.hood())
	}
	return p.T("places.found", "points", p.N("places.count", len(v.found)), "open", p.N("places.open", v.open()))
}

// street is where a map of the world looks for the point's address.
func street(p *ui.Page, point Point) templ.SafeURL {
	return templ.SafeURL("https://www.openstreetmap.org/search?query=" + url.QueryEscape(point.Address+", "+p.City.Name))
}

func (pin Pin) label(p *ui.Page, now time.Time) string {
	return strconv.Itoa(pin.Number) + ": " + pin.Point.name(p.Lang) + ", " + pin.Point.At(now).Say(p, now)
}

func (pin Pin) class(now time.Time) string {
	if pin.Point.At(now).Open {
		return "map-pin map-pin-open"
	}
	return "map-pin"
}

func (c Cell) class(here string) string {
	class := "map-field map-tint-" + strconv.Itoa(c.Tint)
	if c.Slug == here {
		class += " map-here"
	}
	return class
}

// weekOrder is how a week is read here.
var weekOrder = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

func translate(x, y int) string { return "translate(" + strconv.Itoa(x) + " " + strconv.Itoa(y) + ")" }

// title begins a line with a capital.
func title(s string) string {
	if s == "" {
		return s
	}
	runes := []rune(s)
	return strings.ToUpper(string(runes[0])) + string(runes[1:])
}

// closures says each closed day and why, if the reason is a holiday.
func closures(p *ui.Page, days []time.Time) []string {
	said := make([]string, len(days))
	for i, day := range days {
		said[i] = title(p.Date(day))
		if holiday := Holiday(day); holiday != "" {
			said[i] += ", " + p.T("places.holiday."+holiday)
		}
	}
	return said
}

// facts are where the point is, how to reach it and who can come in.
func facts(p *ui.Page, point Point) []ui.Fact {
	list := []ui.Fact{
		{Term: p.T("places.fact.address"), Body: addressFact(p, point)},
		{Term: p.T("places.fact.hood"), Text: point.NeighbourhoodName},
		{Term: p.T("places.fact.phone"), Body: phoneFact(point.Phone)},
	}
	if point.Email != "" {
		list = append(list, ui.Fact{Term: p.T("places.fact.email"), Body: mailFact(point.Email)})
	}
	step := "places.step_free.no"
	if point.StepFree {
		step = "places.step_free.yes"
	}
	list = append(list, ui.Fact{Term: p.T("places.fact.step"), Text: p.T(step)})
	if len(point.Languages) > 0 {
		list = append(list, ui.Fact{Term: p.T("places.languages"), Text: title(languages(p, point.Languages))})
	}
	return append(list, ui.Fact{Term: p.T("places.fact.kind"), Text: p.T("places.kind." + string(point.Kind))})
}

// foreign says whether some point found tells of itself in another language than the page's.
func (v listView) foreign(p *ui.Page) bool {
	return slices.ContainsFunc(v.found, func(point Point) bool { return point.about(p.Lang).Lang != p.Lang })
}
