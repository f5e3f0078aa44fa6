package catalogue

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/welfarex/welfarex/modules/kit/testkit"
)

func TestPages_AnotherCitySeesNothing(t *testing.T) {
	t.Parallel()
	_, mine := cremona(t)
	_, other := testkit.City(t)
	app := server(t).App()
	for _, path := range []string{"/servizi/assistenza-domiciliare", "/enti/consorzio-solco", "/bisogni/anziani", "/categorie/cura-a-domicilio"} {
		if got := get(t, app, mine, path); got.status != http.StatusOK {
			t.Errorf("%s in its city: %d", path, got.status)
		}
		madeUp := path + "-che-non-esiste"
		foreign, made := get(t, app, other, path), get(t, app, other, madeUp)
		if foreign.status != http.StatusNotFound || foreign.body != strings.ReplaceAll(made.body, madeUp, path) {
			t.Errorf("%s in another city: %d, or it tells itself from a made-up one", path, foreign.status)
		}
	}
	for _, path := range []string{"/servizi", "/servizi?q=assistenza", "/enti", "/confronta?servizi=assistenza-domiciliare,asilo-nido"} {
		got := get(t, app, other, path)
		if got.status != http.StatusOK || strings.Contains(got.body, "Sol.Co") || strings.Contains(got.body, "Assistenza domiciliare") {
			t.Errorf("%s in a city without services: %d", path, got.status)
		}
	}
}

func TestPages_WhatIsOutOfViewIsNotThere(t *testing.T) {
	t.Parallel()
	ctx, city := opened(t)
	app := server(t).App()
	exec(t, ctx, "UPDATE services SET published = false WHERE slug = 'asilo-nido'")
	exec(t, ctx, "UPDATE providers SET published = false WHERE slug = 'consorzio-solco'")
	for _, path := range []string{"/servizi/asilo-nido", "/servizi/assistenza-domiciliare", "/enti/consorzio-solco"} {
		if got := get(t, app, city, path); got.status != http.StatusNotFound {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	for _, path := range []string{"/servizi", "/servizi?q=nido", "/servizi?q=assistenza+domiciliare", "/enti", "/confronta?servizi=asilo-nido,assistenza-domiciliare", "/categorie/bambini-e-nidi"} {
		got := get(t, app, city, path)
		if strings.Contains(got.body, "/servizi/asilo-nido") || strings.Contains(got.body, "Sol.Co") {
			t.Errorf("%s shows what is out of view", path)
		}
	}
}

func TestListPage_IsOneAddressAndSaysWhatIsChosen(t *testing.T) {
	t.Parallel()
	_, city := cremona(t)
	app := server(t).App()
	for asked, want := range map[string]string{
		"/servizi?q=&per=&bisogno=&categoria=&quartiere=&ordina=":   "/servizi",
		"/servizi?q=badante&per=&per=anziani&bisogno=&utm_source=x": "/servizi?q=badante&per=anziani",
		"/en/servizi?q=care&bisogno=non-esiste":                     "/en/servizi?q=care",
		"/servizi?q=&confronta=asilo-nido,pedibus":                  "/servizi?confronta=asilo-nido,pedibus",
	} {
		if got := get(t, app, city, asked); got.status != http.StatusSeeOther || got.location != want {
			t.Errorf("%s: %d to %s, want %s", asked, got.status, got.location, want)
		}
	}
	page := get(t, app, city, "/servizi?q=badante&per=anziani").body
	for _, part := range []string{
		`Servizi per «badante»`, `value="badante"`, `id="per-anziani" name="per" value="anziani" checked`, `href="/servizi?per=anziani"`, `href="/servizi?q=badante"`,
		`<meta name="robots" content="noindex">`, `href="/servizi/trovare-badante" data-element="service-link"`,
	} {
		if !strings.Contains(page, part) {
			t.Errorf("no %s", part)
		}
	}
	need := get(t, app, city, "/bisogni/anziani").body
	for _, part := range []string{`<h1>Aiuto per un anziano</h1>`, `<option value="anziani" selected`, "/bisogni/anziani\">", `rel="canonical"`} {
		if !strings.Contains(need, part) {
			t.Errorf("need page: no %s", part)
		}
	}
	if same := get(t, app, city, "/servizi?bisogno=anziani").body; !strings.Contains(same, "/bisogni/anziani\">") {
		t.Error("the same list by a filter does not name the need's page as its own")
	}
}

func TestListPage_TheValidatorFindsTheNextCards(t *testing.T) {
	t.Parallel()
	_, city := cremona(t)
	app := server(t).App()
	if page := get(t, app, city, "/servizi").body; strings.Count(page, `rel="next" data-element="load-other-cards"`) != 1 {
		t.Error("the first page does not lead to more")
	}
	if strings.Contains(get(t, app, city, "/servizi?pagina=3").body, "load-other-cards") {
		t.Error("the last page leads to more")
	}
}

func TestListPage_EmptyHelps(t *testing.T) {
	t.Parallel()
	_, city := cremona(t)
	page := get(t, server(t).App(), city, "/servizi?q=astronave").body
	for _, part := range []string{"Non troviamo un servizio così", "tel:0372555010", "tel:116117", "tel:112", `href="/punti"`, `href="/bisogni/anziani"`} {
		if !strings.Contains(page, part) {
			t.Errorf("no %s", part)
		}
	}
}

var hook = regexp.MustCompile(`data-element="([a-z-]+)"`)

// TestSheet_HooksStandInTheModelsOrder: the public validator of the Modello Comuni finds every part, in order, each with a text.
func TestSheet_HooksStandInTheModelsOrder(t *testing.T) {
	t.Parallel()
	_, city := cremona(t)
	page := get(t, server(t).App(), city, "/servizi/assistenza-domiciliare").body
	var found []string
	for _, m := range hook.FindAllStringSubmatch(page, -1) {
		found = append(found, m[1])
	}
	at := 0
	for _, want := range []string{
		"breadcrumb", "service-title", "service-status", "service-description", "appointment-booking", "page-index", "service-addressed", "service-how-to",
		"service-needed", "service-achieved", "service-calendar-text", "service-calendar-list", "service-generic-access", "service-booking-access",
		"service-file", "service-area", "service-topic",
	} {
		i := slices.Index(found[at:], want)
		if i < 0 {
			t.Fatalf("%s is missing, or out of order, in %v", want, found)
		}
		at += i
	}
	if strings.Contains(page, "service-online-access") {
		t.Error("a mail is not on line")
	}
	for _, name := range []string{"service-addressed", "service-how-to", "service-needed", "service-achieved", "service-calendar-text"} {
		if !regexp.MustCompile(`<div [^>]*data-element="` + name + `"[^>]*>\s*<p>[^<]{3,}`).MatchString(page) {
			t.Errorf("%s holds no paragraph", name)
		}
	}
	index := page[strings.Index(page, `data-element="page-index"`):]
	index = index[:strings.Index(index, "</ul>")]
	at = 0
	for _, title := range []string{"A chi è rivolto", "Come fare", "Cosa serve", "Cosa si ottiene", "Tempi e scadenze", "Costi", "Accedi al servizio", "Condizioni di servizio", "Contatti"} {
		i := strings.Index(index[at:], title)
		if i < 0 {
			t.Errorf("index: %s is missing, or out of order", title)
			continue
		}
		at += i
	}
}

func TestSheet_SaysWhenItWasLastUpdated(t *testing.T) {
	t.Parallel()
	_, city := cremona(t)
	app := server(t).App()
	for path, want := range map[string]string{"/servizi/asilo-nido": `Scheda aggiornata [a-zì]+ \d+ [a-z]+ 20\d\d<`, "/en/servizi/asilo-nido": `Sheet updated on [A-Za-z]+,? \d+ [A-Za-z]+ 20\d\d<`} {
		if !regexp.MustCompile(want).MatchString(get(t, app, city, path).body) {
			t.Errorf("%s does not say when", path)
		}
	}
}

func TestSheet_DescribesItselfToMachines(t *testing.T) {
	t.Parallel()
	_, city := cremona(t)
	app := server(t).App()
	ld := regexp.MustCompile(`(?s)<script type="application/ld\+json">(.*?)</script>`)
	for path, kind := range map[string]string{
		"/servizi/assistenza-domiciliare": "Service", "/servizi/asilo-nido": "GovernmentService", "/enti/consorzio-solco": "NGO", "/en/servizi/asilo-nido": "GovernmentService",
	} {
		m := ld.FindStringSubmatch(get(t, app, city, path).body)
		if m == nil {
			t.Errorf("%s: no JSON-LD", path)
			continue
		}
		var described struct {
			Context string `json:"@context"`
			Graph   []struct {
				Type  string         `json:"@type"`
				Name  string         `json:"name"`
				Items []any          `json:"itemListElement"`
				By    map[string]any `json:"provider"`
				Offer map[string]any `json:"offers"`
				Area  []any          `json:"areaServed"`
				Ways  []any          `json:"availableChannel"`
			} `json:"@graph"`
		}
		if err := json.Unmarshal([]byte(m[1]), &described); err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		thing := described.Graph[0]
		if described.Context != "https://schema.org" || thing.Type != kind || thing.Name == "" || described.Graph[1].Type != "BreadcrumbList" {
			t.Errorf("%s: %+v", path, described)
		}
		if strings.Contains(kind, "Service") && (thing.By["name"] == "" || thing.Offer["priceCurrency"] != "EUR" || len(thing.Area) == 0 || len(thing.Ways) == 0) {
			t.Errorf("%s lacks provider, offer, area or channel: %+v", path, thing)
		}
	}
}

func TestAccreditation_IsTheProvidersWhereverAServiceStands(t *testing.T) {
	t.Parallel()
	_, city := cremona(t)
	app := server(t).App()
	for _, path := range []string{"/servizi/assistenza-domiciliare", "/servizi?q=assistenza+domiciliare", "/confronta?servizi=assistenza-domiciliare"} {
		if !strings.Contains(get(t, app, city, path).body, `<span class="accredited">ente accreditato</span>`) {
			t.Errorf("%s does not say whose the accreditation is", path)
		}
	}
}

func TestSheet_AnInactiveServiceSaysWhy(t *testing.T) {
	t.Parallel()
	_, city := cremona(t)
	page := get(t, server(t).App(), city, "/servizi/centri-estivi").body
	for _, part := range []string{"Ora non attivo", "Le iscrizioni per il 2027 aprono", "Chiedi informazioni"} {
		if !strings.Contains(page, part) {
			t.Errorf("no %s", part)
		}
	}
	if strings.Contains(page, "Chiedi questo servizio") {
		t.Error("an inactive service can be asked for")
	}
}

func TestPages_EnglishWhereThereIsEnglish(t *testing.T) {
	t.Parallel()
	ctx, city := opened(t)
	exec(t, ctx, "UPDATE services SET en = NULL WHERE slug = 'doposcuola'")
	app := server(t).App()
	list := get(t, app, city, "/en/servizi").body
	for _, part := range []string{`<html lang="en">`, "Who it is for", "Homework help, one to one", `href="/en/servizi/aiuto-compiti"`, "Care at home"} {
		if !strings.Contains(list, part) {
			t.Errorf("list: no %s", part)
		}
	}
	page := get(t, app, city, "/en/servizi/doposcuola").body
	for _, part := range []string{`<span lang="it">Doposcuola di quartiere</span>`, "Who it is for", `<div class="prose" lang="it" data-element="service-addressed">`, `hreflang="it"`} {
		if !strings.Contains(page, part) {
			t.Errorf("sheet: no %s", part)
		}
	}
}

func TestCompare_IsSharedByItsAddress(t *testing.T) {
	t.Parallel()
	_, city := cremona(t)
	app := server(t).App()
	if got := get(t, app, city, "/confronta?s=asilo-nido&s=doposcuola&s=%3Cb%3E"); got.location != "/confronta?servizi=asilo-nido,doposcuola" {
		t.Errorf("checkboxes lead to %s", got.location)
	}
	page := get(t, app, city, "/confronta?servizi=doposcuola,asilo-nido,non-esiste").body
	first, second := strings.Index(page, "Doposcuola di quartiere</a>"), strings.Index(page, "Asilo nido comunale</a>")
	if first < 0 || second < first {
		t.Errorf("not in the order asked for: %d, %d", first, second)
	}
	four := get(t, app, city, "/confronta?servizi=doposcuola,asilo-nido,pedibus,telesoccorso").body
	if !strings.Contains(four, "Ne mostriamo 3 alla volta") || strings.Contains(four, "Telesoccorso") {
		t.Error("four at a time")
	}
	if empty := get(t, app, city, "/confronta"); empty.status != http.StatusOK || !strings.Contains(empty.body, "Non hai ancora scelto") {
		t.Errorf("nothing to compare: %d", empty.status)
	}
}

func TestCompare_GoesOnThroughOtherSearches(t *testing.T) {
	t.Parallel()
	_, city := cremona(t)
	app := server(t).App()
	if page := get(t, app, city, "/confronta?servizi=doposcuola,asilo-nido").body; !strings.Contains(page, `href="/servizi?confronta=doposcuola,asilo-nido"`) {
		t.Error("the way to a third service forgets the two")
	}
	page := get(t, app, city, "/servizi?q=badante&per=anziani&confronta=asilo-nido,trovare-badante,non-esiste").body
	if strings.Contains(page, "non-esiste") {
		t.Error("what is not there is carried on")
	}
	for _, part := range []string{
		`<input type="hidden" name="confronta" value="asilo-nido,trovare-badante">`, `<input type="hidden" name="s" value="asilo-nido">`, "Asilo nido comunale</span>",
		`href="/servizi?q=badante&amp;per=anziani&amp;confronta=trovare-badante"`, `name="s" value="trovare-badante" form="compare" checked`,
		`href="/servizi?per=anziani&amp;confronta=asilo-nido,trovare-badante"`,
	} {
		if !strings.Contains(page, part) {
			t.Errorf("no %s", part)
		}
	}
	full := get(t, app, city, "/servizi?q=badante&confronta=asilo-nido,doposcuola,pedibus").body
	if !strings.Contains(full, `name="s" value="trovare-badante" form="compare" disabled`) || strings.Contains(full, `data-compare-full hidden`) {
		t.Error("a fourth can be picked")
	}
}

func TestProvider_ShowsAccreditationsThatHoldToday(t *testing.T) {
	t.Parallel()
	ctx, city := opened(t)
	exec(t, ctx, `UPDATE providers SET accreditations = '[{"area":"Vecchia","act":"1/2020","from":"2020-01-01","to":"2026-11-22"},
		{"area":"Ultimo giorno","act":"2/2026","from":"2026-01-01","to":"2026-11-23"},{"area":"Futura","act":"3/2026","from":"2026-11-24","to":"2027-01-01"}]' WHERE slug = 'consorzio-solco'`)
	page := get(t, server(t).App(), city, "/enti/consorzio-solco").body
	if !strings.Contains(page, "Ultimo giorno") || strings.Contains(page, "Vecchia") || strings.Contains(page, "Futura") || !strings.Contains(page, "Accreditato") {
		t.Error("the register of today is not that of today")
	}
	if !strings.Contains(page, "/servizi/assistenza-domiciliare") || !strings.Contains(page, "tel:0372555300") {
		t.Error("services or contacts are missing")
	}
}

func TestFront_IsWhatTheHomeShows(t *testing.T) {
	t.Parallel()
	ctx, _ := cremona(t)
	s := New(testkit.DB(t), clock)
	front, err := s.front(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if front.Services != 65 || front.Providers == 0 || front.Free == 0 || len(front.Needs) != 14 || len(front.Categories) != 11 || len(front.Highlights) != 6 {
		t.Errorf("%d services, %d providers, %d free, %d needs, %d categories, %d highlights", front.Services, front.Providers, front.Free, len(front.Needs), len(front.Categories), len(front.Highlights))
	}
	total := 0
	for _, c := range front.Categories {
		total += c.Count
	}
	if total != front.Services {
		t.Errorf("categories count %d services of %d", total, front.Services)
	}
	for _, h := range front.Highlights {
		if h.Category == nil || h.Provider == nil || h.Status != Active {
			t.Errorf("highlight %s is not whole", h.Slug)
		}
	}
	for _, path := range []string{"/servizi", "/enti", "/servizi/asilo-nido", "/enti/consorzio-solco", "/bisogni/anziani", "/categorie/cura-a-domicilio"} {
		if !slices.Contains(front.paths, path) {
			t.Errorf("search engines do not hear of %s", path)
		}
	}
}

func TestListPage_FindsProgrammesAboveServices(t *testing.T) {
	t.Parallel()
	_, city := cremona(t)
	app := server(t).App()
	for ask, want := range map[string]string{
		"assegno di cura": "misura-b2", "misura b2": "misura-b2", "Assegno di cura (Misura B2)": "misura-b2", "bollette": "contributo-bollette",
		"bolletta della luce": "contributo-bollette", "buoni asilo nido": "buoni-asilo-nido", "badante": "bonus-assistente-familiare",
		"bonus badante": "bonus-assistente-familiare", "affitto": "contributo-affitto",
	} {
		page := get(t, app, city, "/servizi?q="+url.QueryEscape(ask)).body
		calls, _, _ := strings.Cut(page, `href="/servizi/`)
		if !strings.Contains(calls, "Programmi e bandi</h2>") || !strings.Contains(calls, `href="/programmi/`+want+`"`) {
			t.Errorf("%s: %s is not above the services", ask, want)
		}
	}
	for _, path := range []string{"/servizi", "/servizi?q=fisioterapia+a+casa", "/servizi?q=astronave", "/servizi?q=mio+marito"} {
		if strings.Contains(get(t, app, city, path).body, `id="calls"`) {
			t.Errorf("%s shows programmes", path)
		}
	}
}
