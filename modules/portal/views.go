package portal

import (
	"hash/crc32"
	"strconv"
	"time"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/tenants"
)

//words: home.for.*

// text is a city's own text and the language it is really in.
type text struct{ Text, Lang string }

// lead is the city's own opening words.
func lead(p *ui.Page) text {
	home := p.City.Home
	if p.Lang == "en" && home.En != nil && home.En.Lead != "" {
		return text{home.En.Lead, "en"}
	}
	return text{home.Lead, ui.Italian}
}

var shapes = []string{"shape-round", "shape-arch", "shape-leaf", "shape-tile"}

// shape is the ground on which a city's pictograms stand, always the same for the same city.
func shape(city *tenants.City) string {
	return shapes[crc32.ChecksumIEEE([]byte(city.Slug))%uint32(len(shapes))]
}

// language is the one a text of the catalogue is written in.
func language(p *ui.Page, t catalogue.Text) string {
	if t.Foreign {
		return ui.Italian
	}
	return p.Lang
}

func index(page Page) []ui.IndexItem {
	headings := page.headings()
	items := make([]ui.IndexItem, len(headings))
	for i, h := range headings {
		items[i] = ui.IndexItem(h)
	}
	return items
}

// date is "5 novembre 2026" of "2026-11-05".
func date(p *ui.Page, day string) string {
	t, err := time.ParseInLocation(time.DateOnly, day, ui.Rome)
	if err != nil {
		return day
	}
	return p.DayMonth(t) + " " + strconv.Itoa(t.Year())
}
