package catalogue

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/places"
)

// date is a day of a folder, which was checked when the folder was read; at noon it is the same day everywhere it is shown.
func date(day string) time.Time {
	t, _ := time.ParseInLocation(time.DateOnly, day, ui.Rome)
	return t.Add(12 * time.Hour)
}

// index lists the parts of the sheet, in the order of the Modello Comuni.
func (s *SheetPage) index(p *ui.Page) []ui.IndexItem {
	return []ui.IndexItem{
		{ID: "a-chi-e-rivolto", Title: p.T("catalogue.sheet.addressed")},
		{ID: "come-fare", Title: p.T("catalogue.sheet.how")},
		{ID: "cosa-serve", Title: p.T("catalogue.sheet.needed")},
		{ID: "cosa-si-ottiene", Title: p.T("catalogue.sheet.obtained")},
		{ID: "tempi-e-scadenze", Title: p.T("catalogue.sheet.times")},
		{ID: "costi", Title: p.T("catalogue.sheet.costs")},
		{ID: "accedi-al-servizio", Title: p.T("catalogue.sheet.access")},
		{ID: "condizioni-di-servizio", Title: p.T("catalogue.sheet.conditions")},
		{ID: "contatti", Title: p.T("catalogue.sheet.contacts")},
	}
}

// nextStep is what the main button says.
func (s *SheetPage) nextStep(p *ui.Page) string {
	if s.Status == Inactive {
		return p.T("catalogue.next.ask")
	}
	return p.T("catalogue.next")
}

func (s *SheetPage) callWords(p *ui.Page) string {
	if s.AccessBooking && s.Status == Active {
		return p.T("catalogue.access.book")
	}
	return p.T("catalogue.access.call")
}

//words: catalogue.capacity.*

// capacityWords say how much there is in a month, in the unit of the price where a month holds several of it.
func (s *SheetPage) capacityWords(p *ui.Page) string {
	key := "catalogue.capacity." + s.Price.Unit
	if !p.Voice().Known(key + ".other") {
		key = "catalogue.capacity.any"
	}
	return p.N(key, s.Capacity)
}

// bookingHook tells the public validator whether a call books.
func (s *SheetPage) bookingHook() string {
	if s.AccessBooking {
		return "service-booking-access"
	}
	return "service-generic-access"
}

// letter opens a message whose subject says what it is about.
func (s *SheetPage) letter(p *ui.Page) templ.SafeURL {
	subject := p.T("catalogue.access.subject", "service", s.Title.Text)
	return ui.Mailto(s.email() + "?subject=" + strings.ReplaceAll(url.QueryEscape(subject), "+", "%20"))
}

// deskCount is how many access points a sheet names.
const deskCount = 3

// nearest are the access points of the service's own neighbourhoods first, then those that open soonest.
func (s *SheetPage) nearest() []places.Point {
	points := slices.Clone(s.Points)
	slices.SortStableFunc(points, func(a, b places.Point) int {
		return rank(s.Neighbourhoods.Has(a.Neighbourhood)) - rank(s.Neighbourhoods.Has(b.Neighbourhood))
	})
	return points[:min(deskCount, len(points))]
}

func rank(first bool) int {
	if first {
		return 0
	}
	return 1
}

func (s *SheetPage) contactFacts(p *ui.Page) []ui.Fact {
	facts := []ui.Fact{
		{Term: p.T("catalogue.provider"), Body: providerLine(p, s.Provider)},
		{Term: p.T("catalogue.phone"), Body: phoneLink(s.phone())},
		{Term: p.T("catalogue.email"), Body: mailLink(s.email())},
		{Term: p.T("catalogue.address"), Text: s.Provider.Address},
	}
	if s.Provider.Web != "" {
		facts = append(facts, ui.Fact{Term: p.T("catalogue.web"), Body: webLink(s.Provider.Web)})
	}
	return facts
}
