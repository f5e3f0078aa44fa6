package portal

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/welfarex/welfarex/tenants"
)

// Page is a text of the portal in one language.
type Page struct {
	Slug        string // without its language
	Lang        string // the language it is written in
	Title       string
	Description string
	Version     string // of privacy and terms: what people accept
	HTML        string // with placeholders; Filled puts the city's words in
}

// Link is a page of the city's own, as others lead to it.
type Link struct {
	Slug        string
	Title       string
	Description string
	Lang        string // the language the page is written in
}

// Heading is a section of a page.
type Heading struct{ ID, Title string }

// filled puts what belongs to the city where a page leaves it open.
func filled(text, lang string, city *tenants.City, escape func(string) string) string {
	c, portal := city.Contacts, city.PortalIn(lang)
	return strings.NewReplacer(
		"{{city}}", escape(city.Name), "{{portal}}", escape(portal), "{{email}}", escape(c.Email), "{{phone}}", escape(c.Phone), "{{address}}", escape(c.Address),
	).Replace(text)
}

func plain(s string) string { return s }

// of gives the page as this city says it.
func (p Page) of(city *tenants.City) Page {
	p.Title, p.Description, p.HTML = filled(p.Title, p.Lang, city, plain), filled(p.Description, p.Lang, city, plain), filled(p.HTML, p.Lang, city, html.EscapeString)
	return p
}

var (
	headingPattern = regexp.MustCompile(`<h2 id="([^"]+)">(.*?)</h2>`)
	tagPattern     = regexp.MustCompile(`<[^>]*>`)
)

// headings are the sections of the page, for its index.
func (p Page) headings() []Heading {
	var list []Heading
	for _, m := range headingPattern.FindAllStringSubmatch(p.HTML, -1) {
		list = append(list, Heading{ID: m[1], Title: html.UnescapeString(tagPattern.ReplaceAllString(m[2], ""))})
	}
	return list
}

// audiences are whom a service can be for, and the drawing that stands for each.
var audiences = []struct{ Slug, Icon string }{
	{"bambini", "bambini"}, {"giovani", "giovani"}, {"adulti", "user"}, {"anziani", "anziani"}, {"disabilita", "disabilita"}, {"famiglie", "famiglia"},
	{"stranieri", "stranieri"},
}

// recent are the news of the last half year, the newest first; what is dated later has not happened yet.
func recent(news []tenants.News, now time.Time) []tenants.News {
	today, before := now.Format(time.DateOnly), now.AddDate(0, -6, 0).Format(time.DateOnly)
	list := slices.DeleteFunc(slices.Clone(news), func(n tenants.News) bool { return n.Date > today || n.Date < before })
	slices.SortStableFunc(list, func(a, b tenants.News) int { return strings.Compare(b.Date, a.Date) })
	return list
}
