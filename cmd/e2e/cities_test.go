package e2e

import "testing"

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
