package ui

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/tenants"
)

// The two addresses the shell itself needs of the accounts.
const (
	LoginPath  = "/accedi"
	BasketPath = "/carrello"
	LogoutPath = "/esci" // answers POST
)

type entry struct{ Key, Href string }

var mainMenu = []entry{
	{"services", "/servizi"},
	{"programmes", "/programmi"},
	{"points", "/punti"},
	{"how", "/come-funziona"},
}

// findMenu stands in the footer: the main menu, and what it has no room for.
var findMenu = append(slices.Clone(mainMenu), entry{"providers", "/enti"})

var footerMenu = []entry{
	{"privacy", "/privacy"},
	{"terms", "/termini"},
	{"accessibility", "/accessibilita"},
	{"legal", "/note-legali"},
	{"contact", "/contatti"},
	{"status", "/status"},
}

// workMenus are the menus of the four workbenches; a module's pages stand in them here, so that each menu can be read at a glance.
var workMenus = map[string][]workEntry{
	"personal": {
		{"home", "/area-personale", "home"},
		{"orders", "/area-personale/ordini", "list"},
		{"profile", "/area-personale/profilo", "user"},
		{"household", "/area-personale/nucleo", "people"},
		{"email", "/area-personale/email", "mail"},
		{"password", "/area-personale/password", "key"},
		{"factor", "/area-personale/secondo-fattore", "shield"},
		{"sessions", "/area-personale/sessioni", "digitale"},
		{"traces", "/area-personale/accessi", "eye"},
		{"close", "/area-personale/chiusura", "close"},
	},
	"provider": {
		{"home", "/ente", "home"},
		{"orders", "/ente/ordini", "list"},
		{"statement", "/ente/estratto", "euro"},
		{"services", "/ente/servizi", "list"},
		{"profile", "/ente/profilo", "building"},
		{"personal", "/area-personale", "user"},
	},
	"municipality": {
		{"home", "/comune", "home"},
		{"ledger", "/amministrazione/conti", "euro"},
		{"services", "/comune/servizi", "list"},
		{"providers", "/comune/enti", "building"},
		{"personal", "/area-personale", "user"},
	},
	"administration": {
		{"home", "/amministrazione", "home"},
		{"people", "/amministrazione/persone", "people"},
		{"ledger", "/amministrazione/conti", "euro"},
		{"trail", "/amministrazione/registro", "list"},
		{"approvals", "/comune/servizi", "check"},
	},
}

type workEntry struct{ Key, Href, Icon string }

// menuNeeds are the places in the menus that not everyone of the workbench may enter: the verb and the kind that the city's policy must
// allow.
var menuNeeds = map[string][2]string{
	"/ente/servizi":          {"read", "service"},
	"/ente/profilo":          {"describe", "provider"},
	"/ente/estratto":         {"read", "statement"},
	"/comune/servizi":        {"approve", "service"},
	"/comune/enti":           {"accredit", "provider"},
	"/amministrazione/conti": {"read", "ledger"},
}

// opens says whether the person of this page may enter a place of a menu.
func (p *Page) opens(href string) bool {
	need, ok := menuNeeds[href]
	return !ok || p.Actor == nil || p.Actor.May == nil || p.Actor.May(need[0], need[1])
}

//words: menu.*

// WorkMenu is the menu of an area: personal, provider, municipality or administration.
func (p *Page) WorkMenu(area string) WorkNav {
	nav := WorkNav{Title: p.T("area." + area)}
	for _, e := range workMenus[area] {
		if p.opens(e.Href) {
			nav.Entries = append(nav.Entries, WorkEntry{Title: p.T("menu." + area + "." + e.Key), Href: e.Href, Icon: e.Icon})
		}
	}
	return nav
}

// WorkNav is the menu of a workbench.
type WorkNav struct {
	Title   string // what the workbench is called: "Area personale"
	Entries []WorkEntry
}

// WorkEntry is one place in a workbench. Count, if any, is how many things wait there.
type WorkEntry struct {
	Title, Href, Icon string
	Count             int
}

// here marks the entry of this page: its own address, or the longest that leads to it.
func (n WorkNav) here(p *Page, e WorkEntry) string {
	best := ""
	for _, other := range n.Entries {
		if p.here(other.Href) != "" && len(other.Href) > len(best) {
			best = other.Href
		}
	}
	if e.Href != best {
		return ""
	}
	return p.here(best)
}

func languages(city *tenants.City) []string {
	if len(city.Languages) == 0 {
		return Languages[:1]
	}
	return city.Languages
}

func languageCode(lang string) string { return strings.ToUpper(lang) }

// A language is named in itself, so that those who look for it can read it.
func languageName(lang string) string {
	return map[string]string{"it": "Italiano", "en": "English"}[lang]
}

func locale(lang string) string {
	return cmp.Or(map[string]string{"en": "en_GB"}[lang], "it_IT")
}

func (p *Page) title() string { return cmp.Or(p.Title, p.Portal()) }

func built() bool { return len(hashed) > 0 }

func media(id uuid.UUID) string {
	if id == uuid.Nil {
		return ""
	}
	return "/media/" + id.String()
}

// jsonld stands in the page as data; no text in it can end the element.
func jsonld(raw string) string {
	return `<script type="application/ld+json">` + strings.ReplaceAll(raw, "<", `\u003c`) + `</script>`
}

var themes sync.Map // brand colours → address

// ThemeHref is the address of a city's stylesheet, "/theme/<hash>.css".
func ThemeHref(brand tenants.Brand) string {
	key := brand.Primary + brand.Accent
	if known, ok := themes.Load(key); ok {
		return known.(string)
	}
	_, hash := Theme(brand.Primary, brand.Accent)
	address := "/theme/" + hash + ".css"
	themes.Store(key, address)
	return address
}

// searchHint is an example of what this city's people look for.
func (p *Page) searchHint() string {
	examples, in := p.City.Examples(p.Lang)
	if in != p.Lang || len(examples) == 0 {
		return p.T("shell.search.label")
	}
	return p.T("shell.search.hint", "example", examples[0])
}

// The words of refusals every module shares.
//
//words: problem.*

// worded are the errors with words of their own; all others are told as 500.
var worded = []int{401, 403, 404, 409, 422, 429, 503}

// words: error.*
func errorKey(status int) string {
	if !slices.Contains(worded, status) {
		status = 500
	}
	return "error." + strconv.Itoa(status)
}

// titled is the page under another title.
func (p *Page) titled(title string) *Page {
	other := *p
	other.Title, other.NoIndex, other.Crumbs = title, true, nil
	return &other
}

func errorDrawing(status int) string {
	switch status {
	case 401, 403:
		return "lock"
	case 404:
		return "lost"
	}
	return "rest"
}
