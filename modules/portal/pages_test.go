package portal

import (
	"encoding/json"
	"encoding/xml"
	"regexp"
	"strings"
	"testing"

	"github.com/welfarex/welfarex/modules/kit/testkit"
)

func says(t *testing.T, body string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		if !strings.Contains(body, w) {
			t.Errorf("the page does not say %q", w)
		}
	}
}

func TestHome_AnswersThreeQuestionsAtOnce(t *testing.T) {
	t.Parallel()
	a := get(t, newApp(t), demo(t, "cremona"), "/")
	if a.status != 200 {
		t.Fatalf("status %d", a.status)
	}
	says(t, a.body,
		`<h1><label for="home-q">Di che cosa hai bisogno?</label></h1>`, `action="/servizi"`, `href="/servizi?q=assistenza+anziani"`, `href="/bisogni/anziani"`,
		"Per chi cerchi un aiuto?", `href="/servizi?per=stranieri"`, "Preferisci parlare con una persona?", "Porta Sociale Centro", "Aperto ora, fino alle 17:00",
		"Una mano per la nonna", `href="/programmi/contributo-bollette"`, `href="/categorie/`, "Bollette d&#39;inverno: puoi chiedere il contributo", "Cremona in numeri",
		`href="/pagine/la-nostra-storia"`)
	if who := strings.Index(a.body, "Per chi cerchi un aiuto?"); who > strings.Index(a.body, "Preferisci parlare con una persona?") {
		t.Error("for whom is asked below the first screen")
	}
	if needs := strings.Count(a.body, `href="/bisogni/`); needs < 8 || needs > 10 {
		t.Errorf("%d needs", needs)
	}
	if strings.Contains(a.body, "style=") {
		t.Error("the strict policy allows no inline style")
	}
}

func TestHome_ProposesEnglishInEnglish(t *testing.T) {
	t.Parallel()
	says(t, get(t, newApp(t), demo(t, "cremona"), "/en").body, `<a href="/en/servizi?q=meals+at+home" lang="en">meals at home</a>`)
}

func TestHome_OfEachCityIsItsOwn(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	cremona, biella := get(t, app, demo(t, "cremona"), "/"), get(t, app, demo(t, "biella"), "/")
	for _, own := range []string{"Porta Sociale Centro", "Sant&#39;Omobono", "Cambonino"} {
		if !strings.Contains(cremona.body, own) || strings.Contains(biella.body, own) {
			t.Errorf("%q belongs to Cremona alone", own)
		}
	}
	if !strings.Contains(biella.body, "Piazzo") {
		t.Error("Biella does not show its own quarters")
	}
}

func TestHome_IsWholeInACityThatHasNothingYet(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	_, city := testkit.City(t)
	a := get(t, app, city, "/")
	if a.status != 200 {
		t.Fatalf("status %d", a.status)
	}
	says(t, a.body, "Di che cosa hai bisogno?", "Qui si prova.")
	for _, foreign := range []string{"Cremona", "Biella", "Porta Sociale"} {
		if strings.Contains(a.body, foreign) {
			t.Errorf("another city's %q is shown", foreign)
		}
	}
}

var structuredPattern = regexp.MustCompile(`(?s)<script type="application/ld\+json">(.*?)</script>`)

func TestHome_TellsMachinesHowToSearch(t *testing.T) {
	t.Parallel()
	a := get(t, newApp(t), demo(t, "cremona"), "/en")
	found := structuredPattern.FindStringSubmatch(a.body)
	if found == nil || !json.Valid([]byte(found[1])) {
		t.Fatal("no valid JSON-LD")
	}
	says(t, found[1], `"@type":"WebSite"`, `"@type":"SearchAction"`, `/en/servizi?q={q}`, `"@type":"GovernmentOrganization"`)
}

func TestPages_AreWholeInEveryCity(t *testing.T) {
	t.Parallel()
	app := newApp(t)
	for _, slug := range []string{"cremona", "biella"} {
		city := demo(t, slug)
		for _, page := range append([]string{"contatti", "status"}, house...) {
			for _, path := range []string{"/" + page, "/en/" + page} {
				a := get(t, app, city, path)
				if a.status != 200 {
					t.Errorf("%s %s: status %d", slug, path, a.status)
				}
				if strings.Contains(a.body, "{{") || strings.Contains(a.body, "%7B%7B") {
					t.Errorf("%s %s leaves a placeholder open", slug, path)
				}
			}
		}
	}
	says(t, get(t, app, demo(t, "cremona"), "/privacy").body, "Versione del 25 novembre 2026", `href="#in-breve"`)
	says(t, get(t, app, demo(t, "cremona"), "/come-funziona").body, "Guarda quanto costa.", "0372 555 010")
	says(t, get(t, app, demo(t, "biella"), "/en/pagine/le-case-insieme").body, "Living together")
}

func TestPages_WithoutTranslationSaySo(t *testing.T) {
	t.Parallel()
	a := get(t, newApp(t), demo(t, "cremona"), "/en/pagine/aziende")
	says(t, a.body, "For companies and their workers", "This page is in Italian only.", `<div class="prose" lang="it">`)
}

func TestPages_RefuseWhatIsNotThere(t *testing.T) {
	t.Parallel()
	app, cremona, biella := newApp(t), demo(t, "cremona"), demo(t, "biella")
	for _, c := range []struct{ what, path string }{
		{"made up", "/pagine/inventata"}, {"another city's", "/pagine/la-nostra-storia"}, {"a page of the house has one address", "/pagine/privacy"},
		{"with its language", "/pagine/le-case-insieme.it"}, {"a pattern", "/pagine/%25"},
	} {
		if a := get(t, app, biella, c.path); a.status != 404 {
			t.Errorf("%s (%s): status %d", c.what, c.path, a.status)
		}
	}
	if a := get(t, app, cremona, "/pagine/la-nostra-storia"); a.status != 200 {
		t.Errorf("the city's own page: status %d", a.status)
	}
}

func TestContacts_LeadToPeople(t *testing.T) {
	t.Parallel()
	a := get(t, newApp(t), demo(t, "cremona"), "/contatti")
	says(t, a.body, `href="tel:0372555010"`, `href="mailto:welfare@cremona.example"`, "Settore Politiche Sociali", "Porta Sociale Centro", "Vedi tutti i 10 punti")
}

func TestStatus_SpeaksPlainlyAndTellsNoInternals(t *testing.T) {
	t.Parallel()
	a := get(t, newApp(t), demo(t, "cremona"), "/status")
	says(t, a.body, "Il portale funziona", "Ultimo aggiornamento dei contenuti")
	for _, internal := range []string{"PostgreSQL", "go1.", "goroutine", "version"} {
		if strings.Contains(a.body, internal) {
			t.Errorf("the status page tells %q", internal)
		}
	}
}

// Every address the sitemap names is there: this walks the whole public portal of a city, in both languages.
func TestSitemap_NamesOnlyPagesThatAreThere(t *testing.T) {
	t.Parallel()
	app, city := newApp(t), demo(t, "biella")
	a := get(t, app, city, "/sitemap.xml")
	var set struct {
		URLs []struct {
			Loc string `xml:"loc"`
		} `xml:"url"`
	}
	if err := xml.Unmarshal([]byte(a.body), &set); err != nil {
		t.Fatal(err)
	}
	if len(set.URLs) < 60 || !strings.HasPrefix(a.kind, "application/xml") {
		t.Fatalf("%d addresses as %s", len(set.URLs), a.kind)
	}
	says(t, a.body, `hreflang="en"`, `hreflang="x-default"`)
	for _, u := range set.URLs {
		path, ok := strings.CutPrefix(u.Loc, base.Of(city))
		if !ok {
			t.Errorf("%s is not this city's", u.Loc)
			continue
		}
		if a := get(t, app, city, path); a.status != 200 {
			t.Errorf("%s: status %d", path, a.status)
		}
	}
}

func TestRobotsAndFavicon(t *testing.T) {
	t.Parallel()
	app, city := newApp(t), demo(t, "cremona")
	says(t, get(t, app, city, "/robots.txt").body, "Disallow: /area-personale", "Disallow: /ente$\n", "Disallow: /en/ente$\n", "Disallow: /ente/\n", "Sitemap: "+base.Of(city)+"/sitemap.xml")
	if a := get(t, app, city, "/favicon.svg"); a.status != 302 || a.location != "/media/"+city.Brand.Mark.String() {
		t.Errorf("status %d to %s", a.status, a.location)
	}
	if a := get(t, app, city, "/en/sitemap.xml"); a.status != 404 {
		t.Errorf("machines have one address: status %d", a.status)
	}
}
