package e2e

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Colours are a city's own, so each city is looked at: its home, its list and a sheet, at a desk and on a phone.
func TestCities_EachIsLegible(t *testing.T) {
	t.Parallel()
	for _, c := range shared.people.Cities {
		if c.Slug == "cremona" {
			continue // TestPages looks at all of it
		}
		t.Run(c.Slug, func(t *testing.T) {
			t.Parallel()
			w := chrome.open(t, c, true)
			w.go200("/")
			w.violations("home of " + c.Slug)
			w.picture("home-" + c.Slug)
			w.resize(narrow)
			w.fits("home of " + c.Slug)
			w.resize(phone)
			w.go200("/punti")
			w.violations("points of " + c.Slug)
			w.go200("/servizi")
			w.violations("list of " + c.Slug)
			w.pressElement("[data-element=service-link]")
			w.violations("sheet of " + c.Slug)
			w.resize(narrow)
			w.fits("sheet of " + c.Slug)
		})
	}
}

func TestCities_NineOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	once := func(slug, what, value string) {
		if value == "" {
			t.Errorf("%s has no %s", slug, what)
		}
		if other := seen[what+value]; other != "" {
			t.Errorf("%s and %s have the same %s: %q", other, slug, what, value)
		}
		seen[what+value] = slug
	}
	if len(shared.people.Cities) != 9 {
		t.Fatalf("%d cities", len(shared.people.Cities))
	}
	for _, c := range shared.people.Cities {
		home := shared.ask(t, c.host(), "/")
		list := shared.ask(t, c.host(), "/servizi")
		if home.status != http.StatusOK || list.status != http.StatusOK {
			t.Fatalf("%s answers %d, its list %d", c.Slug, home.status, list.status)
		}
		once(c.Slug, "title", first(regexp.MustCompile(`<title>([^<]+)`), home.body))
		once(c.Slug, "colours", first(regexp.MustCompile(`href="(/theme/[^"]+)"`), home.body))
		services := regexp.MustCompile(`href="/servizi/[a-z0-9-]+"`).FindAllString(list.body, -1)
		slices.Sort(services)
		once(c.Slug, "catalogue", strings.Join(slices.Compact(services), " "))
	}
}

func first(pattern *regexp.Regexp, text string) string {
	if m := pattern.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

func TestCities_OnlyTheHostDecides(t *testing.T) {
	t.Parallel()
	cremona, biella := shared.city("cremona"), shared.city("biella")
	if r := shared.ask(t, "atlantide.localhost", "/"); r.status != http.StatusNotFound {
		t.Errorf("an unknown host answers %d", r.status)
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if r := shared.ask(t, "atlantide.localhost", path); r.status != http.StatusOK || len(r.body) > 20 {
			t.Errorf("%s answers %d %q", path, r.status, r.body)
		}
	}
	honest := shared.ask(t, cremona.host(), "/")
	for _, header := range []string{"X-Forwarded-Host", "X-Host", "X-Original-Host", "X-Forwarded-Server", "Forwarded"} {
		value := biella.host()
		if header == "Forwarded" {
			value = "host=" + value
		}
		forged := shared.ask(t, cremona.host(), "/", header, value)
		if forged.status != honest.status || forged.body != honest.body {
			t.Errorf("%s: %s changes the answer", header, value)
		}
	}
	secondary := shared.ask(t, "welfare.cremona.example", "/servizi?q=anziani")
	if secondary.status != http.StatusPermanentRedirect || secondary.header.Get("Location") != cremona.URL+"/servizi?q=anziani" {
		t.Errorf("a secondary host: %d to %q", secondary.status, secondary.header.Get("Location"))
	}
}
