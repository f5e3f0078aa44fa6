// Package tenants answers one question, which city is this for, and guards the only door to PostgreSQL.
//
// A city is a tenant: it owns all its data and never sees another's. It is known by its host names, described by a
// folder (see cities/README.md) and kept as rows.
package tenants

import (
	"github.com/google/uuid"
)

// Status says whether a city's portal answers.
type Status string

const (
	StatusOpen      Status = "open"
	StatusSuspended Status = "suspended" // answers 503 with a polite page; nothing is lost
)

// City is one tenant as every request needs it. It is shared between requests: never change one.
type City struct {
	ID      uuid.UUID
	Slug    string
	Name    string
	Status  Status
	Host    string // the primary host name, without port: links in pages and mails use it
	Version int64  // grows with every change that a visitor could see; caches are keyed by it
	Settings
}

// PortalIn is the portal's name in a language: Italian where it has none.
func (c *City) PortalIn(lang string) string {
	if lang == "en" && c.En != nil && c.En.Portal != "" {
		return c.En.Portal
	}
	return c.Portal
}

// Examples are what this city's people look for, in a language, and the one they are really in.
func (c *City) Examples(lang string) (examples []string, in string) {
	if lang == "en" && c.Home.En != nil && len(c.Home.En.Examples) > 0 {
		return c.Home.En.Examples, "en"
	}
	return c.Home.Examples, "it"
}

// Settings are what a city's folder says of the portal as a whole, kept as one JSON value.
type Settings struct {
	Portal    string                       `json:"portal"`
	Motto     string                       `json:"motto"`
	Province  string                       `json:"province"`
	ISTAT     string                       `json:"istat"`
	Catastale string                       `json:"catastale"`
	PatronDay string                       `json:"patron_day,omitempty"` // "11-13": nobody works on it
	Region    Link                         `json:"region"`
	Languages []string                     `json:"languages"`
	Brand     Brand                        `json:"brand"`
	Contacts  Contacts                     `json:"contacts"`
	Mail      Sender                       `json:"mail"`
	Home      Home                         `json:"home"`
	Words     map[string]map[string]string `json:"words,omitempty"` // language → interface key → the city's own wording
	En        *Twin                        `json:"en,omitempty"`
}

// Link is a name and where it leads.
type Link struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// Brand is a city's look: two colours, each with contrast of at least 4.5 against white, and two drawings.
type Brand struct {
	Primary string    `json:"primary"` // #RRGGBB, header and buttons
	Accent  string    `json:"accent"`  // #RRGGBB, links and highlights
	Mark    uuid.UUID `json:"mark"`    // file ids, served at /media/<id>
	Motif   uuid.UUID `json:"motif"`
}

// Contacts are how a person reaches the portal's people.
type Contacts struct {
	Phone   string `json:"phone"`
	Email   string `json:"email"`
	Address string `json:"address"`
	Hours   string `json:"hours"`
}

// Sender is who the city's mail comes from.
type Sender struct {
	FromName string `json:"from_name"`
	From     string `json:"from"`
	ReplyTo  string `json:"reply_to"`
}

// Home is what the first page says of its own.
type Home struct {
	Lead     string   `json:"lead"`
	Examples []string `json:"examples"`
	Needs    []string `json:"needs"` // slugs, in order
	News     []News   `json:"news,omitempty"`
	En       *Twin    `json:"en,omitempty"`
}

// News is a short notice on the home page.
type News struct {
	Date  string `json:"date"` // 2006-01-02
	Title string `json:"title"`
	Text  string `json:"text"`
	Link  string `json:"link,omitempty"`
}

// Twin holds the English of a city's own texts; what is empty is shown in Italian.
type Twin struct {
	Portal string `json:"portal,omitempty"`
	Motto  string `json:"motto,omitempty"`
	Lead   string `json:"lead,omitempty"`

	Examples []string `json:"examples,omitempty"`
}
