package catalogue

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// What can be asked for in the address of a list. The words are the citizens'.
var (
	audiences  = []string{"bambini", "giovani", "adulti", "anziani", "disabilita", "famiglie", "stranieri"}
	placesList = []string{"casa", "sede", "online"}
	kinds      = []string{"comune", "cooperativa", "consorzio", "asp", "fondazione", "associazione", "impresa-sociale"}
	prices     = []string{"gratis", "isee", "fisso"}
	sorts      = []string{"nome", "prezzo"} // besides the default, by relevance
)

// PerPage is how many services a page of the list shows.
const PerPage = 24

// maxQuestion bounds what a search reads.
const maxQuestion = 200

// Filter is what a person asks of the list. The zero value asks for everything.
type Filter struct {
	Question      string
	Audiences     []string
	Need          string
	Category      string
	Neighbourhood string
	Places        []string
	Kinds         []string
	Prices        []string
	Online        bool
	Sold          bool
	Sort          string
	Page          int      // from 1
	Compared      []string // slugs of services picked on other pages, to be set side by side
}

// ParseFilter reads an address; what it does not know is left out.
func ParseFilter(one func(string) string, all func(string) []string) Filter {
	page, err := strconv.Atoi(one("pagina"))
	if err != nil || page < 1 {
		page = 1
	}
	return Filter{
		Question: clip(strings.Join(strings.Fields(one("q")), " "), maxQuestion), Audiences: known(all("per"), audiences), Need: one("bisogno"),
		Category: one("categoria"), Neighbourhood: one("quartiere"), Places: known(all("dove"), placesList), Kinds: known(all("ente"), kinds),
		Prices: known(all("prezzo"), prices), Online: one("online") == "1", Sold: one("compra") == "1", Sort: strings.Join(known(all("ordina"), sorts), ""), Page: page,
		Compared: firstCompared(safeSlugs(strings.Split(one("confronta"), ","))),
	}
}

// known keeps the values that are on a list, once each and in its order.
func known(values, list []string) []string {
	var kept []string
	for _, v := range list {
		if slices.Contains(values, v) {
			kept = append(kept, v)
		}
	}
	return kept
}

func clip(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return strings.TrimSpace(string(runes[:most]))
	}
	return s
}

// pair is one parameter of an address.
type pair struct{ name, value string }

// pairs are the filter as an address says it, always in the same order and without what goes without saying.
func (f Filter) pairs() []pair {
	var list []pair
	add := func(name string, values ...string) {
		for _, v := range values {
			if v != "" {
				list = append(list, pair{name, v})
			}
		}
	}
	add("q", f.Question)
	add("per", f.Audiences...)
	add("bisogno", f.Need)
	add("categoria", f.Category)
	add("quartiere", f.Neighbourhood)
	add("dove", f.Places...)
	add("ente", f.Kinds...)
	add("prezzo", f.Prices...)
	if f.Online {
		add("online", "1")
	}
	if f.Sold {
		add("compra", "1")
	}
	add("ordina", f.Sort)
	if f.Page > 1 {
		add("pagina", strconv.Itoa(f.Page))
	}
	add("confronta", strings.Join(f.Compared, ","))
	return list
}

// Query is the one address that says this filter, without "?".
func (f Filter) Query() string {
	var b strings.Builder
	for i, p := range f.pairs() {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.name)
		b.WriteByte('=')
		b.WriteString(strings.ReplaceAll(url.QueryEscape(p.value), "%2C", ","))
	}
	return b.String()
}

// Path is where this filter's list is found. A need or a category alone has a page of its own.
func (f Filter) Path() string {
	switch query := f.Query(); query {
	case "":
		return "/servizi"
	case "bisogno=" + f.Need:
		return NeedPath(f.Need)
	case "categoria=" + f.Category:
		return CategoryPath(f.Category)
	default:
		return "/servizi?" + query
	}
}

// NeedPath is the page of all services that answer a need.
func NeedPath(slug string) string { return "/bisogni/" + slug }

// CategoryPath is the page of a shelf.
func CategoryPath(slug string) string { return "/categorie/" + slug }

// without is the filter with one thing less, from its first page.
func (f Filter) without(x pair) Filter {
	drop := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(v string) bool { return v == x.value })
	}
	f.Page = 1
	switch x.name {
	case "q":
		f.Question = ""
	case "per":
		f.Audiences = drop(f.Audiences)
	case "bisogno":
		f.Need = ""
	case "categoria":
		f.Category = ""
	case "quartiere":
		f.Neighbourhood = ""
	case "dove":
		f.Places = drop(f.Places)
	case "ente":
		f.Kinds = drop(f.Kinds)
	case "prezzo":
		f.Prices = drop(f.Prices)
	case "online":
		f.Online = false
	case "compra":
		f.Sold = false
	}
	return f
}

// wide is the question alone.
func (f Filter) wide() Filter {
	return Filter{Question: f.Question, Sort: f.Sort, Page: 1, Compared: f.Compared}
}

// uncompared is the filter without one of the services picked.
func (f Filter) uncompared(slug string) Filter {
	f.Compared = slices.DeleteFunc(slices.Clone(f.Compared), func(s string) bool { return s == slug })
	return f
}

func firstCompared(slugs []string) []string { return slugs[:min(len(slugs), mostCompared)] }

// class is the word by which a price is asked for.
func (p Price) class() string {
	switch p.Kind {
	case Free:
		return "gratis"
	case ByISEE:
		return "isee"
	}
	return "fisso"
}
