package catalogue

import (
	"encoding/json"
	"strconv"

	"github.com/welfarex/welfarex/modules/kit/ui"
)

// thing is a node of schema.org: only what is said is written.
type thing struct {
	Context      string  `json:"@context,omitempty"`
	Type         string  `json:"@type"`
	Graph        []thing `json:"@graph,omitempty"`
	ID           string  `json:"@id,omitempty"`
	Name         string  `json:"name,omitempty"`
	Description  string  `json:"description,omitempty"`
	URL          string  `json:"url,omitempty"`
	Language     string  `json:"inLanguage,omitempty"`
	ServiceType  string  `json:"serviceType,omitempty"`
	Telephone    string  `json:"telephone,omitempty"`
	Email        string  `json:"email,omitempty"`
	Address      string  `json:"address,omitempty"`
	SameAs       string  `json:"sameAs,omitempty"`
	Price        string  `json:"price,omitempty"`
	Currency     string  `json:"priceCurrency,omitempty"`
	LowPrice     string  `json:"lowPrice,omitempty"`
	HighPrice    string  `json:"highPrice,omitempty"`
	ServiceURL   string  `json:"serviceUrl,omitempty"`
	Phone        *thing  `json:"servicePhone,omitempty"`
	Location     *thing  `json:"serviceLocation,omitempty"`
	AudienceType string  `json:"audienceType,omitempty"`
	Audience     []thing `json:"audience,omitempty"`
	Area         []thing `json:"areaServed,omitempty"`
	Provider     *thing  `json:"provider,omitempty"`
	Offers       *thing  `json:"offers,omitempty"`
	Channel      []thing `json:"availableChannel,omitempty"`
	Position     int     `json:"position,omitempty"`
	Item         string  `json:"item,omitempty"`
	Items        []thing `json:"itemListElement,omitempty"`
}

const schema = "https://schema.org"

func write(t thing) string {
	raw, err := json.Marshal(t)
	if err != nil {
		return "" // texts and numbers only: it cannot fail, and a page without a description is still a page
	}
	return string(raw)
}

// sheetLD describes a service to search engines: by whom, where, for whom, for how much, and how it is asked for.
func sheetLD(p *ui.Page, s *SheetPage) string {
	kind := "Service"
	if s.Provider.Kind == "comune" || s.Provider.Kind == "asp" {
		kind = "GovernmentService"
	}
	url := p.URL(p.Href(s.path()))
	provider := organisation(p, s.Provider)
	service := thing{
		Type: kind, ID: url, Name: s.Title.Text, Description: s.Summary.Text, URL: url, Language: p.Lang, ServiceType: s.Category.Name.Text,
		Provider: &provider, Area: s.areas(p), Offers: s.Price.offer(),
		Channel: []thing{{
			Type: "ServiceChannel", ServiceURL: url + "#accedi-al-servizio", Phone: &thing{Type: "ContactPoint", Telephone: s.phone(), Email: s.email()},
			Location: &thing{Type: "Place", Name: s.Provider.Name, Address: s.Provider.Address},
		}},
	}
	for a := range s.Audiences.Words() {
		service.Audience = append(service.Audience, thing{Type: "Audience", AudienceType: p.T(wordsFor("per") + a)})
	}
	return write(thing{Context: schema, Type: "WebPage", Graph: []thing{service, crumbsLD(p)}})
}

func (s *SheetPage) areas(p *ui.Page) []thing {
	city := []thing{{Type: "City", Name: p.City.Name}}
	if len(s.Areas) == 0 {
		return city
	}
	areas := make([]thing, len(s.Areas))
	for i, name := range s.Areas {
		areas[i] = thing{Type: "AdministrativeArea", Name: name + ", " + p.City.Name}
	}
	return areas
}

func (p Price) offer() *thing {
	switch {
	case p.Kind == Free:
		return &thing{Type: "Offer", Price: "0", Currency: "EUR"}
	case p.Kind == ByISEE && p.Most > 0:
		return &thing{Type: "AggregateOffer", LowPrice: euros(p.Cents), HighPrice: euros(p.Most), Currency: "EUR"}
	case p.Kind == Fixed:
		return &thing{Type: "Offer", Price: euros(p.Cents), Currency: "EUR"}
	}
	return &thing{Type: "AggregateOffer", LowPrice: euros(p.Cents), Currency: "EUR"}
}

// euros is cents as machines write them: 12.50.
func euros(cents int64) string {
	return strconv.FormatInt(cents/100, 10) + "." + strconv.FormatInt(100+cents%100, 10)[1:]
}

func organisation(p *ui.Page, o *Provider) thing {
	kind := "NGO"
	if o.Kind == "comune" || o.Kind == "asp" {
		kind = "GovernmentOrganization"
	}
	return thing{
		Type: kind, Name: o.Name, URL: p.URL(p.Href(o.path())), Telephone: o.Phone, Email: o.Email, Address: o.Address, SameAs: o.Web,
	}
}

func providerLD(p *ui.Page, o *Provider) string {
	it := organisation(p, o)
	it.Description = o.About.Text
	return write(thing{Context: schema, Type: "WebPage", Graph: []thing{it, crumbsLD(p)}})
}

func crumbsLD(p *ui.Page) thing {
	list := thing{Type: "BreadcrumbList", Items: []thing{{Type: "ListItem", Position: 1, Name: p.T("shell.home"), Item: p.URL(p.Href("/"))}}}
	for i, c := range p.Crumbs {
		item := thing{Type: "ListItem", Position: i + 2, Name: c.Title}
		if c.Href != "" {
			item.Item = p.URL(p.Href(c.Href))
		}
		list.Items = append(list.Items, item)
	}
	return list
}
