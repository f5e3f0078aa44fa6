package catalogue

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// small is a catalogue of five services, each different from the next in what filters ask.
func small() *shelves {
	s := &shelves{
		categories: []Category{{id: key{1}, Slug: "cura", Name: Text{Text: "Cura"}}, {id: key{2}, Slug: "scuola", Name: Text{Text: "Scuola"}}},
		needs:      []Need{{Slug: "anziani"}, {Slug: "compiti"}},
		providers:  []Provider{{id: key{1}, Slug: "comune", Kind: "comune"}, {id: key{2}, Slug: "coop", Kind: "cooperativa"}},
		hoods:      []hood{{"centro", "Centro"}, {"po", "Po"}},
	}
	add := func(slug string, category, provider byte, needs, audiences, places, hoods List, price Price, online bool) {
		s.cards = append(s.cards, Card{
			Slug: slug, Title: Text{Text: slug}, category: key{category}, provider: key{provider}, Needs: needs, Audiences: audiences, Places: places,
			Neighbourhoods: hoods, Price: price, Online: online, Status: Active,
		})
	}
	add("badante", 1, 2, "anziani", "anziani famiglie", "casa", "", Price{Kind: ByISEE, Cents: 300, Most: 2200}, true)
	add("custode", 1, 1, "anziani", "anziani", "casa sede", "centro", Price{Kind: Free}, false)
	add("doposcuola", 2, 2, "compiti", "bambini famiglie", "sede", "centro po", Price{Kind: Fixed, Cents: 500}, true)
	add("lezioni", 2, 2, "compiti", "giovani", "online", "", Price{Kind: From, Cents: 900}, true)
	add("pedibus", 2, 1, "compiti", "bambini", "sede", "po", Price{Kind: Free}, false)
	return s
}

func slugs(cards []*Card) string {
	var list []string
	for _, c := range cards {
		list = append(list, c.Slug)
	}
	return strings.Join(list, " ")
}

func TestList_FiltersNarrow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		query, want string
	}{
		{"", "badante custode doposcuola lezioni pedibus"},
		{"per=anziani", "badante custode"},
		{"per=famiglie", "badante doposcuola"},
		{"per=anziani&per=bambini", "badante custode doposcuola pedibus"},
		{"bisogno=compiti", "doposcuola lezioni pedibus"},
		{"categoria=cura", "badante custode"},
		{"quartiere=po", "badante doposcuola lezioni pedibus"},
		{"dove=casa", "badante custode"},
		{"dove=casa&dove=online", "badante custode lezioni"},
		{"ente=comune", "custode pedibus"},
		{"prezzo=gratis", "custode pedibus"},
		{"prezzo=isee", "badante"},
		{"prezzo=fisso", "doposcuola lezioni"},
		{"online=1", "badante doposcuola lezioni"},
		{"per=bambini&prezzo=gratis&quartiere=po", "pedibus"},
		{"per=anziani&categoria=scuola", ""},
		{"per=marziani&dove=luna&prezzo=oro&bisogno=no&categoria=no&quartiere=no&online=si", "badante custode doposcuola lezioni pedibus"},
		{"ordina=prezzo", "custode pedibus badante doposcuola lezioni"},
		{"per=bambini&ordina=nome", "doposcuola pedibus"},
	} {
		l := small().list(parse(t, c.query))
		if got := slugs(l.Cards); got != c.want {
			t.Errorf("%q: %s, want %s", c.query, got, c.want)
		}
	}
}

func parse(t *testing.T, query string) Filter {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return ParseFilter(values.Get, func(name string) []string { return values[name] })
}

// TestList_CountsWhatAChoiceWouldGive: the number beside a value is how many services there would be if it alone were chosen in its
// filter, all other filters staying. It is proved by choosing it.
func TestList_CountsWhatAChoiceWouldGive(t *testing.T) {
	t.Parallel()
	names := [facetCount]string{"per", "bisogno", "categoria", "quartiere", "dove", "ente", "prezzo", "online", "compra"}
	for _, query := range []string{"", "per=anziani", "per=anziani&per=bambini", "prezzo=gratis", "per=bambini&prezzo=gratis", "quartiere=po&dove=sede", "online=1&ente=cooperativa", "compra=1"} {
		l := small().list(parse(t, query))
		for i, facet := range l.Facets {
			for _, choice := range facet.Choices {
				values, _ := url.ParseQuery(query)
				values.Set(names[i], choice.Value)
				alone := small().list(parse(t, values.Encode()))
				if choice.Count != alone.Total {
					t.Errorf("%q: %s=%s says %d, choosing it gives %d", query, names[i], choice.Value, choice.Count, alone.Total)
				}
			}
		}
	}
}

func TestFilter_HasOneAddress(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ asked, want string }{
		{"", "/servizi"},
		{"q=&per=&bisogno=&pagina=1", "/servizi"},
		{"pagina=2&per=famiglie&per=anziani&per=anziani&q=+aiuto++a+casa+", "/servizi?q=aiuto+a+casa&per=anziani&per=famiglie&pagina=2"},
		{"bisogno=anziani", "/bisogni/anziani"},
		{"categoria=cura", "/categorie/cura"},
		{"categoria=cura&bisogno=anziani", "/servizi?bisogno=anziani&categoria=cura"},
		{"q=" + strings.Repeat("a", 500), "/servizi?q=" + strings.Repeat("a", maxQuestion)},
	} {
		f := parse(t, c.asked)
		if got := f.Path(); got != c.want {
			t.Errorf("%q: %s, want %s", c.asked, got, c.want)
		}
		if again := parse(t, f.Query()); !reflect.DeepEqual(again, f) {
			t.Errorf("%q: read again it is %+v, was %+v", c.asked, again, f)
		}
	}
}

func TestFilter_LosesOneThingAtATime(t *testing.T) {
	t.Parallel()
	f := parse(t, "q=badante&per=anziani&per=famiglie&bisogno=anziani&categoria=cura&quartiere=po&dove=casa&ente=comune&prezzo=isee&online=1&pagina=3")
	for _, x := range f.pairs() {
		if x.name == "pagina" {
			continue
		}
		less := f.without(x)
		if slices.Contains(less.pairs(), x) || less.Page != 1 || len(less.pairs()) != len(f.pairs())-2 {
			t.Errorf("without %v: %v", x, less.pairs())
		}
	}
}

func TestList_WhoNamesItFirstComesFirst(t *testing.T) {
	t.Parallel()
	s := small()
	s.cards[0].Audiences = "famiglie anziani"
	if got := slugs(s.list(parse(t, "per=anziani")).Cards); got != "custode badante" {
		t.Errorf("for older people: %s", got)
	}
}

func TestList_ManyPages(t *testing.T) {
	t.Parallel()
	s := small()
	pattern := s.cards[0]
	for range 50 {
		s.cards = append(s.cards, pattern)
	}
	for _, c := range []struct{ asked, page, shown int }{{1, 1, 24}, {2, 2, 24}, {3, 3, 7}, {99, 3, 7}} {
		l := s.list(Filter{Page: c.asked})
		if l.Filter.Page != c.page || len(l.Cards) != c.shown || l.Pages != 3 || l.Total != 55 {
			t.Errorf("page %d: page %d of %d with %d of %d", c.asked, l.Filter.Page, l.Pages, len(l.Cards), l.Total)
		}
	}
}

func TestList_AnEmptyResultOffersAWayOn(t *testing.T) {
	t.Parallel()
	s := small()
	for i := range s.cards {
		s.cards[i].terms = `{"` + stem(s.cards[i].Slug) + `": 12}`
	}
	l := s.list(parse(t, "q=badante&per=bambini"))
	if l.Total != 0 || l.Unfilter != 1 || slugs(l.Near) != "badante" || len(l.Needs) != 2 {
		t.Errorf("filters that exclude: %d found, %d without filters, near %q", l.Total, l.Unfilter, slugs(l.Near))
	}
	l = s.list(parse(t, "q=pediibuss"))
	if l.Total != 0 || slugs(l.Near) != "pedibus" {
		t.Errorf("two slips in a long word: %d found, near %q", l.Total, slugs(l.Near))
	}
	l = s.list(parse(t, "q=leziozzi"))
	if got := slugs(l.Cards) + slugs(l.Near); got != "lezioni" {
		t.Errorf("a word that only resembles: %q", got)
	}
}

func TestList_OffersNoNonsenseWhereNothingIsFound(t *testing.T) {
	t.Parallel()
	_, city := cremona(t)
	app := server(t).App()
	for _, ask := range []string{"isola ecologica", "dentista", "ristorante", "wifi", "parcheggio"} {
		page := get(t, app, city, "/servizi?q="+url.QueryEscape(ask)).body
		if strings.Contains(page, `id="near"`) || !strings.Contains(page, "Non troviamo un servizio così") {
			t.Errorf("%s: something is offered", ask)
		}
		for _, way := range []string{"tel:0372555010", `href="/punti"`, `href="/bisogni/anziani"`} {
			if !strings.Contains(page, way) {
				t.Errorf("%s: no %s", ask, way)
			}
		}
	}
}

func TestList_AServiceWithoutShelfIsOutOfView(t *testing.T) {
	t.Parallel()
	s := small()
	s.providers = s.providers[:1]
	if got := slugs(s.list(Filter{Page: 1}).Cards); got != "custode pedibus" {
		t.Errorf("with one provider in view: %s", got)
	}
}
