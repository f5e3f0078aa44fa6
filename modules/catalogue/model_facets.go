package catalogue

import (
	"math/bits"
	"slices"
)

// Facets are the filters, each with its values and how many services each value would give, the other filters staying.
type Facets [facetCount]Facet

// The filters, by their place among the facets.
const (
	byAudience = iota
	byNeed
	byCategory
	byHood
	byPlace
	byKind
	byPrice
	byOnline
	bySold
	facetCount
)

// Facet is one filter. A card holds some of its values, as a set of bits.
type Facet struct {
	Choices []Choice
	chosen  uint64
}

// Choice is a value of a filter. Name is only set where the city names it.
type Choice struct {
	Value  string
	Name   Text
	Count  int
	Chosen bool
}

// offered says whether a value is shown: those that would give nothing are not.
func (c Choice) offered() bool { return c.Count > 0 || c.Chosen }

func offers(list []Choice) bool { return slices.ContainsFunc(list, Choice.offered) }

// everything is what a card holds that is for every value: a service of the whole city is one of each neighbourhood.
const everything = ^uint64(0)

func newFacets(s *shelves, f Filter) Facets {
	needs, categories, hoods := make([]Choice, len(s.needs)), make([]Choice, len(s.categories)), make([]Choice, len(s.hoods))
	for i, n := range s.needs {
		needs[i] = Choice{Value: n.Slug, Name: n.Name}
	}
	for i, c := range s.categories {
		categories[i] = Choice{Value: c.Slug, Name: c.Name}
	}
	for i, h := range s.hoods {
		hoods[i] = Choice{Value: h.slug, Name: Text{Text: h.name}}
	}
	online, sold := "", ""
	if f.Online {
		online = "1"
	}
	if f.Sold {
		sold = "1"
	}
	return Facets{
		byAudience: newFacet(choices(audiences), f.Audiences...), byNeed: newFacet(needs, f.Need), byCategory: newFacet(categories, f.Category),
		byHood: newFacet(hoods, f.Neighbourhood), byPlace: newFacet(choices(placesList), f.Places...), byKind: newFacet(choices(kinds), f.Kinds...),
		byPrice: newFacet(choices(prices), f.Prices...), byOnline: newFacet(choices([]string{"1"}), online), bySold: newFacet(choices([]string{"1"}), sold),
	}
}

func choices(values []string) []Choice {
	list := make([]Choice, len(values))
	for i, v := range values {
		list[i].Value = v
	}
	return list
}

func newFacet(list []Choice, chosen ...string) Facet {
	f := Facet{Choices: list[:min(len(list), 64)]}
	for i := range f.Choices {
		if slices.Contains(chosen, f.Choices[i].Value) {
			f.Choices[i].Chosen = true
			f.chosen |= 1 << i
		}
	}
	return f
}

// held are the values among a list of words.
func (f *Facet) held(words List) (set uint64) {
	for word := range words.Words() {
		for i := range f.Choices {
			if f.Choices[i].Value == word {
				set |= 1 << i
			}
		}
	}
	return set
}

// heldBy are the values that a card holds of each filter.
func (x *Facets) heldBy(c *Card) (sets [facetCount]uint64) {
	sets[byAudience], sets[byNeed] = x[byAudience].held(c.Audiences), x[byNeed].held(c.Needs)
	sets[byCategory], sets[byKind] = x[byCategory].held(List(c.Category.Slug)), x[byKind].held(List(c.Provider.Kind))
	sets[byPlace], sets[byPrice] = x[byPlace].held(c.Places), x[byPrice].held(List(c.Price.class()))
	sets[byHood] = everything
	if c.Neighbourhoods != "" {
		sets[byHood] = x[byHood].held(c.Neighbourhoods)
	}
	if c.Online {
		sets[byOnline] = everything
	}
	if c.Sold {
		sets[bySold] = everything
	}
	return sets
}

// count says whether a card passes every filter, and adds it to the values of each; one that fails a single filter counts for that one,
// as if it alone were lifted.
func (x *Facets) count(c *Card) bool {
	sets := x.heldBy(c)
	failing, which := 0, 0
	for i := range x {
		if x[i].chosen != 0 && x[i].chosen&sets[i] == 0 {
			failing, which = failing+1, i
		}
	}
	switch failing {
	case 0:
		for i := range x {
			x[i].add(sets[i])
		}
	case 1:
		x[which].add(sets[which])
	}
	return failing == 0
}

func (f *Facet) add(set uint64) {
	for set &= 1<<len(f.Choices) - 1; set != 0; set &= set - 1 {
		f.Choices[bits.TrailingZeros64(set)].Count++
	}
}
