package ui

import (
	"strings"
	"time"

	"github.com/welfarex/welfarex/tenants"
)

// Page is what every page knows: whose it is, in which language, for whom, and what its frame says.
type Page struct {
	City        *tenants.City
	Words       *Words // all modules' words; without it the page knows only the shell's
	Lang        string // "it" or "en"
	Path        string // without the language: "/servizi/pasti-a-casa"
	Query       string // without "?", kept when the language is switched
	Title       string
	Description string
	Crumbs      []Crumb // from below the home to this page; the last needs no Href
	Actor       *Actor  // nil for a visitor who has not come in
	NoIndex     bool    // keep search engines away
	JSONLD      string  // a structured description of the page, as JSON
	BaseURL     string  // scheme, host and port of this city: "https://welfare.cremona.example"
	Image       string  // path of a picture shown when the page is shared; optional
	Notice      *Notice // said once on top of the page, as after a redirect

	voice Voice // kept, for a page says hundreds of words; spoke is what it was made of
	spoke struct {
		words *Words
		city  *tenants.City
		lang  string
	}
}

// Crumb is a step of the way back to the home.
type Crumb struct{ Title, Href string }

// Actor is the person who has come in, as the shell shows them.
type Actor struct {
	Name   string
	Areas  []Area
	Unread int                          // messages not read yet
	May    func(verb, kind string) bool // what their roles allow here
}

// Area is a place this person may work in; its name is the word "area.<Key>".
type Area struct{ Key, Href string }

// Tone is how an alert, a notice or a chip feels; it always comes with words.
type Tone string

// The tones, from neutral to grave.
const (
	Plain   Tone = ""
	Info    Tone = "info"
	Success Tone = "success"
	Warning Tone = "warning"
	Danger  Tone = "danger"
)

// Notice is a message to the person.
type Notice struct {
	Tone  Tone
	Title string
	Text  string
}

// Voice speaks this page's language in this city's words.
func (p *Page) Voice() Voice {
	now := p.spoke
	now.words, now.city, now.lang = p.Words, p.City, p.Lang
	if p.voice.words == nil || now != p.spoke {
		p.voice, p.spoke = p.Words.For(p.City, p.Lang), now
	}
	return p.voice
}

// T is the text of a key; see Voice.T.
func (p *Page) T(key string, args ...any) string { return p.Voice().T(key, args...) }

// N is the text for a number; see Voice.N.
func (p *Page) N(key string, n int, args ...any) string { return p.Voice().N(key, n, args...) }

// Date is "giovedì 5 novembre 2026".
func (p *Page) Date(t time.Time) string { return p.Voice().Date(t) }

// Elided mends a sentence into which a date was put; see Voice.Elided.
func (p *Page) Elided(sentence string) string { return p.Voice().Elided(sentence) }

// DateTime is "giovedì 5 novembre 2026, ore 14:30".
func (p *Page) DateTime(t time.Time) string { return p.Voice().DateTime(t) }

// Day is "gio 5 nov".
func (p *Page) Day(t time.Time) string { return p.Voice().Day(t) }

// DayMonth is "5 novembre".
func (p *Page) DayMonth(t time.Time) string { return p.Voice().DayMonth(t) }

// Month is "novembre 2026".
func (p *Page) Month(t time.Time) string { return p.Voice().Month(t) }

// Weekday is "giovedì".
func (p *Page) Weekday(d time.Weekday) string { return p.Voice().Weekday(d) }

// Short is "05/11/2026".
func (p *Page) Short(t time.Time) string { return p.Voice().Short(t) }

// Time is "14:30".
func (p *Page) Time(t time.Time) string { return p.Voice().Time(t) }

// When is "oggi", "domani" or the date; see Voice.When.
func (p *Page) When(t, now time.Time) string { return p.Voice().When(t, now) }

// Duration is "1 ora e 30 minuti".
func (p *Page) Duration(d time.Duration) string { return p.Voice().Duration(d) }

// Money is "1.234,50 €".
func (p *Page) Money(cents int64) string { return p.Voice().Money(cents) }

// Number is "1.234".
func (p *Page) Number(n int) string { return p.Voice().Number(n) }

// Size is "1,2 MB".
func (p *Page) Size(bytes int64) string { return p.Voice().Size(bytes) }

// Price is "da 3,00 € all'ora"; see Voice.Price.
func (p *Page) Price(kind string, cents, most int64, unit string) string {
	return p.Voice().Price(kind, cents, most, unit)
}

// Href is a path of this portal in the page's language: "/servizi" becomes "/en/servizi". Addresses that lead elsewhere, files and
// anchors stay as they are.
func (p *Page) Href(path string) string { return href(p.Lang, path) }

func href(lang, path string) string {
	if lang == "" || lang == Italian || !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") ||
		strings.HasPrefix(path, "/media/") || strings.HasPrefix(path, "/static/") {
		return path
	}
	if path == "/" {
		return "/" + lang
	}
	return "/" + lang + path
}

// In is the address of this very page in another language.
func (p *Page) In(lang string) string {
	address := href(lang, p.Path)
	if p.Query != "" {
		address += "?" + p.Query
	}
	return address
}

// URL is the full address of a path, as search engines and shared links need it.
func (p *Page) URL(path string) string { return p.BaseURL + path }

// Portal is the portal's name in the page's language.
func (p *Page) Portal() string { return p.City.PortalIn(p.Lang) }

// Motto is the city's line under its name, in the page's language.
func (p *Page) Motto() string {
	if p.Lang == "en" && p.City.En != nil && p.City.En.Motto != "" {
		return p.City.En.Motto
	}
	return p.City.Motto
}

// heading is the window's title.
func (p *Page) heading() string {
	if p.Title == "" || p.Title == p.Portal() {
		return p.Portal()
	}
	return p.Title + " · " + p.Portal()
}

// here tells whether a menu entry leads to this page ("page") or to one above it ("true").
func (p *Page) here(path string) string {
	switch {
	case p.Path == path:
		return "page"
	case path != "/" && strings.HasPrefix(p.Path, path+"/"):
		return "true"
	}
	return ""
}
