// Package portal is what holds a city's portal together: its home, its pages, and what machines read of it.
package portal

import (
	"embed"
	"net/http"
	"time"

	"github.com/welfarex/welfarex/modules"
	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/modules/places"
	"github.com/welfarex/welfarex/modules/programmes"
	"github.com/welfarex/welfarex/tenants"
)

//go:embed locales/*.json
var words embed.FS

// Service shows the home and the pages of a city.
type Service struct {
	db         *tenants.DB
	base       web.Base
	now        func() time.Time
	catalogue  *catalogue.Service
	places     *places.Service
	programmes *programmes.Service
}

// New makes the service from the modules whose things the home shows; now is the clock by which they are open.
func New(db *tenants.DB, base web.Base, now func() time.Time, catalogue *catalogue.Service, places *places.Service, programmes *programmes.Service) *Service {
	return &Service{db, base, now, catalogue, places, programmes}
}

// Module is what the program mounts.
func (s *Service) Module() modules.Module {
	get := func(path, about string, handle func(*web.Request) error) web.Route {
		return web.Route{Method: http.MethodGet, Path: path, About: about, Who: web.Anyone, Class: web.Portal, Cached: true, Handle: handle}
	}
	list := []web.Route{
		get("/", "The home: what do you need, who is it for, whom can you talk to.", s.home),
		get("/contatti", "How to reach the city's people: phone, mail, access points, offices.", s.contacts),
		get("/status", "The portal's public state in plain words.", s.status),
	}
	for _, slug := range house {
		list = append(list, get("/"+slug, "A page that every portal has, in the city's own words or the house's.", s.housePage(slug)))
	}
	own := get("/pagine/:slug", "A page of the city's own.", s.ownPage)
	own.Params = map[string]string{"slug": "page"}
	machine := func(path, about string, handle func(*web.Request) error) web.Route {
		return web.Route{Method: http.MethodGet, Path: path, About: about, Who: web.Public, Class: web.Machine, Bare: true, Handle: handle}
	}
	return modules.Module{Name: "portal", Words: words, Routes: append(list, own,
		machine("/sitemap.xml", "Every public page of the city, in every language, for search engines.", s.sitemap),
		machine("/robots.txt", "What search engines may read.", s.robots),
		machine("/favicon.svg", "Leads to the city's mark.", s.favicon),
	)}
}
