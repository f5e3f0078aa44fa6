package ui

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/tenants"
)

func page() *Page {
	city := &tenants.City{Name: "Cremona", Slug: "cremona"}
	city.Portal, city.Motto, city.Languages = "Cremona si prende cura", "Tutto in un posto", []string{"it", "en"}
	city.Region = tenants.Link{Name: "Regione Lombardia", URL: "https://www.regione.lombardia.it"}
	city.Brand = tenants.Brand{Primary: "#8C1C2B", Accent: "#17616B", Mark: uuid.MustParse("01890000-0000-7000-8000-000000000001")}
	city.Contacts = tenants.Contacts{Phone: "0372 555 010", Email: "welfare@cremona.example"}
	city.En = &tenants.Twin{Portal: "Cremona cares"}
	return &Page{City: city, Lang: "it", Path: "/servizi", Query: "q=nido", Title: "Servizi", BaseURL: "https://welfare.cremona.example"}
}

func render(t *testing.T, c templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := c.Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func wants(t *testing.T, html string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(html, part) {
			t.Errorf("no %s", part)
		}
	}
}

func TestLayout_TellsItsPlaceAndItsTwin(t *testing.T) {
	t.Parallel()
	html := render(t, Layout(page()))
	wants(t, html,
		`<html lang="it">`, `<title>Servizi · Cremona si prende cura</title>`,
		`<link rel="canonical" href="https://welfare.cremona.example/servizi?q=nido">`,
		`hreflang="en" href="https://welfare.cremona.example/en/servizi?q=nido"`,
		`<a class="skiplink" href="#main">`, `<main id="main"`, `href="/servizi" aria-current="page"`,
		`href="tel:0372555010"`, `href="/accedi"`, `<a href="/enti">Chi offre i servizi</a>`,
	)
}

func TestLayout_EnglishKeepsToEnglish(t *testing.T) {
	t.Parallel()
	p := page()
	p.Lang = "en"
	html := render(t, Layout(p))
	wants(t, html, `<html lang="en">`, `Cremona cares`, `href="/en/programmi"`, `Skip to content`)
}

func TestLayout_NothingInlineThatAStrictPolicyForbids(t *testing.T) {
	t.Parallel()
	p := page()
	p.JSONLD = `{"name":"</script><script>alert(1)</script>"}`
	p.Actor = &Actor{Name: "Maria", Areas: []Area{{Key: "personal", Href: "/area-personale"}}}
	html := render(t, Layout(p))
	for _, forbidden := range []string{"style=", "<style", " onclick", "<script>", "javascript:"} {
		if strings.Contains(html, forbidden) {
			t.Errorf("has %s", forbidden)
		}
	}
	wants(t, html, `\u003cscript>`, `method="post" action="/esci"`, `Area personale`)
}

func TestLayout_WhatIsPrivateIsNotIndexed(t *testing.T) {
	t.Parallel()
	p := page()
	p.NoIndex = true
	html := render(t, Layout(p))
	wants(t, html, `content="noindex"`)
	if strings.Contains(html, "canonical") || strings.Contains(html, "og:") {
		t.Error("a private page describes itself to search engines")
	}
}

func TestErrorPage_IsKindWhateverTheStatus(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]string{404: "Non troviamo questa pagina", 429: "aspetta un momento", 500: "Qualcosa non ha funzionato", 418: "Qualcosa non ha funzionato"} {
		html := render(t, ErrorPage(page(), status))
		wants(t, html, want, "tel:0372555010", `content="noindex"`)
	}
}

func TestField_TiesItsWordsToItsInput(t *testing.T) {
	t.Parallel()
	p := page()
	html := render(t, Field{P: p, Name: "cf", Label: "Codice fiscale", Help: "16 lettere e numeri", Value: `"><b>`, Error: "Mancano 2 lettere"})
	wants(t, html, `<label for="cf">`, `id="cf-help"`, `id="cf-error"`, `aria-describedby="cf-help cf-error"`, `aria-invalid="true"`, `&#34;&gt;&lt;b&gt;`)
}

func TestErrorSummary_LeadsToEachField(t *testing.T) {
	t.Parallel()
	html := render(t, ErrorSummary(page(), Errors{{"cf", "Mancano 2 lettere"}, {"items[0].name", "Scrivi un nome"}}))
	wants(t, html, `role="alert"`, `tabindex="-1"`, `Ci sono 2 cose da sistemare`, `href="#cf"`, `href="#items-0-name"`)
	kept := page().T("form.errors.again")
	wants(t, html, kept)
	if html := render(t, Refusal(page(), Errors{{"code", "Il codice non è giusto"}})); strings.Contains(html, kept) || !strings.Contains(html, `href="#code"`) {
		t.Errorf("a form that keeps nothing: %s", html)
	}
	if html := render(t, ErrorSummary(page(), nil)); html != "" {
		t.Errorf("nothing wrong, but %s", html)
	}
}

func TestPagination_ShowsTheEndsAndTheNeighbours(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		now, pages int
		want       []int
	}{
		{1, 3, []int{1, 2, 3}},
		{1, 12, []int{1, 2, 0, 12}},
		{6, 12, []int{1, 0, 5, 6, 7, 0, 12}},
		{12, 12, []int{1, 0, 11, 12}},
	} {
		got := Pagination{Now: c.now, Pages: c.pages}.numbers()
		if len(got) != len(c.want) {
			t.Errorf("page %d of %d: %v, want %v", c.now, c.pages, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("page %d of %d: %v, want %v", c.now, c.pages, got, c.want)
			}
		}
	}
}

func TestHref_LeavesFilesAndOthersAlone(t *testing.T) {
	t.Parallel()
	p := &Page{Lang: "en"}
	for path, want := range map[string]string{
		"/": "/en", "/servizi": "/en/servizi", "/media/x": "/media/x", "/static/app.css": "/static/app.css", "https://www.inps.it": "https://www.inps.it", "#cf": "#cf", "//x": "//x",
	} {
		if got := p.Href(path); got != want {
			t.Errorf("Href(%q) = %q, want %q", path, got, want)
		}
	}
}

func BenchmarkLayout(b *testing.B) {
	p := page()
	b.ReportAllocs()
	for b.Loop() {
		_ = Layout(p).Render(context.Background(), io.Discard)
	}
}
