package programmes

import (
	"strconv"
	"strings"
	"time"

	"github.com/welfarex/welfarex/modules/kit/ui"
)

// text is a city's own text and the language it is really in.
type text struct{ Text, Lang string }

func (p *Programme) title(lang string) text {
	if lang == "en" && p.En != nil && p.En.Title != "" {
		return text{p.En.Title, "en"}
	}
	return text{p.Title, ui.Italian}
}

func (p *Programme) summary(lang string) text {
	if lang == "en" && p.En != nil && p.En.Summary != "" {
		return text{p.En.Summary, "en"}
	}
	return text{p.Summary, ui.Italian}
}

func (p *Programme) image() string {
	if p.Picture == nil {
		return ""
	}
	return "/media/" + p.Picture.String()
}

// When says until when or from when one may apply: "Puoi fare domanda fino al 31 maggio 2026".
func (p *Programme) When(page *ui.Page, now time.Time) string {
	opens, closes := day(page, p.Opens), day(page, p.Closes)
	switch status := p.At(now); {
	case status == Always:
		return page.T("programmes.when.always")
	case status == Open && closes != "":
		return page.Elided(page.T("programmes.when.until", "closes", closes))
	case status == Open:
		return page.T("programmes.when.open")
	case status == Soon && opens != "" && closes != "":
		return page.Elided(page.T("programmes.when.between", "opens", opens, "closes", closes))
	case status == Soon && opens != "":
		return page.Elided(page.T("programmes.when.from", "opens", opens))
	case status == Soon:
		return page.T("programmes.when.soon")
	case closes != "" && p.Closes < now.In(rome).Format(time.DateOnly):
		return page.Elided(page.T("programmes.when.closed_on", "closes", closes))
	}
	return page.T("programmes.when.closed")
}

// day is "31 maggio 2026" of "2026-05-31"; the first of a month is "1°" in Italian.
func day(page *ui.Page, date string) string {
	t, err := time.ParseInLocation(time.DateOnly, date, rome)
	if err != nil {
		return ""
	}
	said := page.DayMonth(t) + " " + strconv.Itoa(t.Year())
	if rest, first := strings.CutPrefix(said, "1 "); first && page.Lang == ui.Italian {
		return "1° " + rest
	}
	return said
}

//words: programmes.status.* programmes.group.* programmes.audience.*

// chip is the state in a word or two, and its tone.
func (p *Programme) chip(page *ui.Page, now time.Time) (ui.Tone, string) {
	status := p.At(now)
	if days, last := p.DaysLeft(now); last {
		return ui.Warning, page.N("programmes.days_left", days)
	}
	tone := map[Status]ui.Tone{Open: ui.Success, Always: ui.Success, Soon: ui.Info}[status]
	return tone, page.T("programmes.status." + string(status))
}

func audiences(page *ui.Page, list []string) string {
	said := make([]string, len(list))
	for i, a := range list {
		said[i] = page.T("programmes.audience." + a)
	}
	return strings.Join(said, ", ")
}

// CardOf is the programme as a card among others.
func CardOf(page *ui.Page, p Programme, now time.Time) ui.Card {
	tone, status := p.chip(page, now)
	return ui.Card{
		Title: p.title(page.Lang).Text, Href: page.Href("/programmi/" + p.Slug), Image: p.image(), Status: status, Tone: tone,
		Text: p.summary(page.Lang).Text,
		Facts: []ui.Fact{
			{Icon: "people", Term: page.T("programmes.for"), Text: audiences(page, p.Audiences)},
			{Icon: "calendar", Text: p.When(page, now)},
		},
	}
}

func index(page *ui.Page) []ui.IndexItem {
	return []ui.IndexItem{
		{ID: "a-chi", Title: page.T("programmes.addressed")}, {ID: "a-che-cosa", Title: page.T("programmes.purpose")}, {ID: "come", Title: page.T("programmes.how")},
		{ID: "cosa-serve", Title: page.T("programmes.needed")}, {ID: "cosa-ottieni", Title: page.T("programmes.obtained")}, {ID: "tempi", Title: page.T("programmes.times")},
		{ID: "domanda", Title: page.T("programmes.access")}, {ID: "condizioni", Title: page.T("programmes.conditions")}, {ID: "contatti", Title: page.T("programmes.contacts")},
	}
}

// step is what the main button says and where it leads.
func (s *Sheet) step(page *ui.Page, now time.Time) string {
	if s.At(now) == Closed {
		return page.T("programmes.step.closed")
	}
	if s.At(now) == Soon {
		return page.T("programmes.step.soon")
	}
	return page.T("programmes.step.open")
}

// moments are the days that matter, on a line.
func (s *Sheet) moments(page *ui.Page, now time.Time) []ui.Moment {
	status := s.At(now)
	var list []ui.Moment
	if opens := day(page, s.Opens); opens != "" {
		list = append(list, ui.Moment{When: opens, Text: page.T("programmes.moment.opens"), Done: status != Soon})
	}
	if status == Open {
		list = append(list, ui.Moment{When: page.T("programmes.moment.today"), Text: page.T("programmes.moment.now"), Now: true})
	}
	if closes := day(page, s.Closes); closes != "" {
		list = append(list, ui.Moment{When: closes, Text: page.T("programmes.moment.closes"), Done: status == Closed})
	}
	return list
}
