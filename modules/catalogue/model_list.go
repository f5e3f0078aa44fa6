package catalogue

import (
	"cmp"
	"slices"
	"time"

	"github.com/welfarex/welfarex/modules/programmes"
)

// Listing is a page of the list of services, and what can be asked of it next.
type Listing struct {
	Filter   Filter
	Cards    []*Card // of this page
	All      []*Card // of every page
	Total    int     // on all pages
	Pages    int
	Facets   Facets
	Need     *Need     // the one asked for
	Category *Category // the one asked for
	Compared []*Card   // those picked before
	Unfilter int       // how many there would be without filters, when there are none with them
	Near     []*Card   // when there are none: what comes nearest
	Needs    []Need
	Distress Distress // the danger the question speaks of

	Programmes []programmes.Programme // those that answer the question, on its first page
	Now        time.Time
}

// nearCards is how many services are offered where none was found.
const nearCards = 3

// shelves is all that was read of a city's catalogue for one list.
type shelves struct {
	cards      []Card
	categories []Category
	needs      []Need
	providers  []Provider
	hoods      []hood
	synonyms   []synonym
	programmes []programmes.Searchable
}

// join lets cards find their shelf and their provider.
func join(cards []Card, categories []Category, providers []Provider) []Card {
	kept := cards[:0]
	for _, c := range cards {
		for i := range categories {
			if categories[i].id == c.category {
				c.Category = &categories[i]
			}
		}
		for i := range providers {
			if providers[i].id == c.provider {
				c.Provider = &providers[i]
			}
		}
		if c.Category != nil && c.Provider != nil { // else someone took its shelf from view
			kept = append(kept, c)
		}
	}
	return kept
}

// list answers a filter.
func (s *shelves) list(f Filter) Listing {
	s.cards = join(s.cards, s.categories, s.providers)
	l := Listing{Filter: f, Needs: s.needs, Distress: distressOf(f.Question)}
	l.choose(s)
	f = l.Filter
	found, near := s.answers(f.Question)
	matched := make([]*Card, 0, len(found))
	for _, c := range found {
		if l.Facets.count(c) {
			matched = append(matched, c)
		}
	}
	f.sort(matched)
	l.page(matched)
	if l.Filter.Page == 1 && l.Distress == "" {
		l.Programmes = s.calls(f.Question)
	}
	if l.Total == 0 {
		l.Unfilter = len(found)
		l.Near = append(found, near...)
		l.Near = l.Near[:min(nearCards, len(l.Near))]
	}
	return l
}

// answers are the cards that answer a question, the best first: every card for none. near are those that only touch it.
func (s *shelves) answers(question string) (found, near []*Card) {
	if question == "" {
		all := make([]*Card, len(s.cards))
		for i := range s.cards {
			all[i] = &s.cards[i]
		}
		return all, nil
	}
	docs := s.documents()
	hits := search(heard(question, docs), docs, newThesaurus(s.synonyms))
	for _, h := range hits {
		if c := &s.cards[h.doc]; h.firm {
			found = append(found, c)
		} else if h.near && distressOf(question) == "" {
			near = append(near, c)
		}
	}
	return found, near
}

// documents are the cards as the search reads them: their own terms, and the names of where they stand.
func (s *shelves) documents() []document {
	needs, categories, providers := map[string][]string{}, map[key][]string{}, map[key][]string{}
	for _, n := range s.needs {
		needs[n.Slug] = stems(n.Name.Text)
	}
	for _, c := range s.categories {
		categories[c.id] = stems(c.Name.Text)
	}
	for _, p := range s.providers {
		providers[p.id] = stems(p.Name)
	}
	docs := make([]document, len(s.cards))
	for i := range s.cards {
		c := &s.cards[i]
		doc := parseTerms(c.terms)
		for n := range c.Needs.Words() {
			doc = doc.say(needs[n])
		}
		docs[i] = doc.say(categories[c.category]).say(providers[c.provider])
	}
	return docs
}

func (d document) say(stems []string) document {
	for _, s := range stems {
		d = append(d, term{s, weightTopic})
	}
	return d
}

// choose notes what the filter asks for among what the city has; what it has not is forgotten.
func (l *Listing) choose(s *shelves) {
	f := &l.Filter
	for i := range s.needs {
		if s.needs[i].Slug == f.Need {
			l.Need = &s.needs[i]
		}
	}
	if l.Need == nil {
		f.Need = ""
	}
	for i := range s.categories {
		if s.categories[i].Slug == f.Category {
			l.Category = &s.categories[i]
		}
	}
	if l.Category == nil {
		f.Category = ""
	}
	if !slices.ContainsFunc(s.hoods, func(h hood) bool { return h.slug == f.Neighbourhood }) {
		f.Neighbourhood = ""
	}
	l.carry(s.cards)
	l.Facets = newFacets(s, *f)
}

// carry finds the services picked before.
func (l *Listing) carry(cards []Card) {
	var kept []string
	for _, slug := range l.Filter.Compared {
		for i := range cards {
			if cards[i].Slug == slug {
				kept, l.Compared = append(kept, slug), append(l.Compared, &cards[i])
			}
		}
	}
	l.Filter.Compared = kept
}

// sort orders cards as asked. Otherwise the best answers to a question stay first; without one, those that name the need or the person
// asked for before others.
func (f Filter) sort(cards []*Card) {
	byName := func(a, b *Card) int { return cmp.Compare(fold(a.Title.Text), fold(b.Title.Text)) }
	switch {
	case f.Sort == "nome":
		slices.SortStableFunc(cards, byName)
	case f.Sort == "prezzo":
		slices.SortStableFunc(cards, func(a, b *Card) int {
			return cmp.Or(cmp.Compare(a.Price.Cents, b.Price.Cents), byName(a, b))
		})
	case f.Question == "" && (f.Need != "" || len(f.Audiences) > 0):
		slices.SortStableFunc(cards, func(a, b *Card) int {
			return cmp.Or(cmp.Compare(a.Status, b.Status), cmp.Compare(f.meant(a), f.meant(b)))
		})
	}
}

// meant says how far down a card names what was asked for: 0 where it comes first.
func (f Filter) meant(c *Card) int {
	need, person := 0, 0
	if f.Need != "" {
		need = c.Needs.index(f.Need)
	}
	for i, a := range f.Audiences {
		if at := c.Audiences.index(a); i == 0 || at < person {
			person = at
		}
	}
	return need + person
}

// page keeps the cards of the page asked for; a page behind the last is the last.
func (l *Listing) page(cards []*Card) {
	l.All = cards
	l.Total = len(cards)
	l.Pages = max(1, (len(cards)+PerPage-1)/PerPage)
	l.Filter.Page = min(l.Filter.Page, l.Pages)
	from := (l.Filter.Page - 1) * PerPage
	l.Cards = cards[from:min(from+PerPage, len(cards))]
}
