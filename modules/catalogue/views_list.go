package catalogue

import (
	"slices"
	"strconv"
	"strings"

	"github.com/welfarex/welfarex/modules/kit/ui"
)

//words: catalogue.online.* catalogue.compra.* catalogue.per.* catalogue.prezzo.* catalogue.dove.* catalogue.ente.*

//words: catalogue.folder.* catalogue.distress.*

// wordsFor is where the words of a filter's values are kept.
func wordsFor(filter string) string { return "catalogue." + filter + "." }

// path is where a service's own page is.
func (c *Card) path() string { return "/servizi/" + c.Slug }

func (p *Provider) path() string { return "/enti/" + p.Slug }

// say is a price in words: "da 3,00 € all'ora con il tuo ISEE".
func (p Price) say(page *ui.Page) string {
	if p.Kind == ByISEE {
		return page.T("catalogue.price.isee", "price", p.short(page))
	}
	return p.short(page)
}

// short is the price without what it depends on.
func (p Price) short(page *ui.Page) string {
	switch {
	case p.Kind != ByISEE:
		return page.Price(string(p.Kind), p.Cents, p.Most, p.Unit)
	case p.Cents == 0 && p.Most > 0:
		return page.T("catalogue.price.most", "price", page.Price(string(Fixed), p.Most, 0, p.Unit))
	}
	return page.Price(string(From), p.Cents, 0, p.Unit)
}

// depends is what the price depends on, in words.
func (p Price) depends(page *ui.Page) string {
	switch {
	case p.Kind != ByISEE:
		return ""
	case p.Cents > 0 && p.Most > 0:
		return page.T("catalogue.price.range", "price", page.Money(p.Most))
	}
	return page.T("catalogue.price.yours")
}

// class names the sign of where a service is: the nearest to the person.
func (l List) class() string {
	switch {
	case l.Has("casa"):
		return "fact-home"
	case l.Has("sede"):
		return "fact-pin"
	}
	return "fact-online"
}

func audienceWords(p *ui.Page, list List) string { return wordsOf(p, "catalogue.per.", list, ", ") }

func placeWords(p *ui.Page, list List) string { return wordsOf(p, "catalogue.dove.", list, " · ") }

// wordsOf says each of a list in the page's language.
func wordsOf(p *ui.Page, prefix string, list List, between string) string {
	var b strings.Builder
	for v := range list.Words() {
		if b.Len() > 0 {
			b.WriteString(between)
		}
		b.WriteString(p.T(prefix + v))
	}
	return b.String()
}

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// example is something that people of this city type, in their language.
func example(p *ui.Page) string {
	examples, in := p.City.Examples(p.Lang)
	if in != p.Lang || len(examples) == 0 {
		return ""
	}
	return p.T("shell.search.hint", "example", examples[0])
}

// title is what the list is a list of.
func (l *Listing) title(p *ui.Page) Text {
	switch {
	case l.Distress != "":
		return Text{Text: p.T("catalogue.distress.title")}
	case l.Filter.Question != "":
		return Text{Text: p.T("catalogue.title.question", "question", l.Filter.Question)}
	case l.Category != nil:
		return l.Category.Name
	case l.Need != nil:
		return l.Need.Name
	}
	return Text{Text: p.T("catalogue.title")}
}

func (l *Listing) lead(p *ui.Page) Text {
	switch {
	case l.Filter.Question != "":
		return Text{}
	case l.Category != nil:
		return l.Category.Summary
	case l.Need != nil:
		return Text{Text: p.T("catalogue.lead.need")}
	}
	return Text{Text: p.T("catalogue.lead")}
}

func (l *Listing) pageHref(p *ui.Page) func(int) string {
	return func(page int) string {
		f := l.Filter
		f.Page = page
		return p.Href(f.Path())
	}
}

func (l *Listing) defaultSort() string {
	if l.Filter.Question != "" {
		return "catalogue.sort.relevance"
	}
	return "catalogue.sort.usual"
}

// active is a filter in force, in words, and the address of the list without it.
type active struct {
	name Text
	href string
}

func (l *Listing) active(p *ui.Page) []active {
	var list []active
	for _, x := range l.Filter.pairs() {
		if x.name == "ordina" || x.name == "pagina" || x.name == "confronta" {
			continue
		}
		list = append(list, active{l.nameOf(p, x), p.Href(l.Filter.without(x).Path())})
	}
	return list
}

func (l *Listing) nameOf(p *ui.Page, x pair) Text {
	switch x.name {
	case "q":
		return Text{Text: "«" + x.value + "»"}
	case "bisogno":
		return l.Need.Name
	case "categoria":
		return l.Category.Name
	case "quartiere":
		for _, c := range l.Facets[byHood].Choices {
			if c.Chosen {
				return Text{Text: c.Name.Text}
			}
		}
	}
	return Text{Text: p.T(wordsFor(x.name) + x.value)}
}

func (l *Listing) emptyText(p *ui.Page) string {
	switch {
	case l.Unfilter > 0:
		return p.T("catalogue.empty.filters")
	case l.Filter.Question != "":
		return p.T("catalogue.empty.question", "question", l.Filter.Question)
	}
	return p.T("catalogue.empty.text")
}

// description is what search engines show.
func (l *Listing) description(p *ui.Page) string {
	switch {
	case l.Category != nil:
		return l.Category.Summary.Text
	case l.Need != nil:
		return p.N("catalogue.description.need", l.Total, "need", l.Need.Name.Text, "city", p.City.Name)
	}
	return p.T("catalogue.description", "city", p.City.Name, "n", strconv.Itoa(l.Total))
}

// pick says whether a card of this page can be picked to be compared.
func (l *Listing) pick(c *Card) ui.Pick {
	switch {
	case contains(l.Filter.Compared, c.Slug):
		return ui.Picked
	case len(l.Filter.Compared) >= mostCompared:
		return ui.PickFull
	case l.Total > 1 || len(l.Compared) > 0:
		return ui.PickOpen
	}
	return ui.NoPick
}

// elsewhere are the services picked that this page does not show.
func (l *Listing) elsewhere(p *ui.Page) []ui.Kept {
	var list []ui.Kept
	for _, c := range l.Compared {
		if !slices.Contains(l.Cards, c) && (l.Total > 0 || !slices.Contains(l.Near, c)) {
			list = append(list, ui.Kept{Value: c.Slug, Title: c.Title.Text, Without: p.Href(l.Filter.uncompared(c.Slug).Path())})
		}
	}
	return list
}

// line leaves of a card its name, its state and its last fact.
func line(c ui.Card) ui.Card {
	c.Image, c.Text, c.Facts = "", "", c.Facts[len(c.Facts)-1:]
	return c
}
