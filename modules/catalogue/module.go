// Package catalogue is where a person finds what helps: services and who delivers them, searched, filtered, compared and described.
package catalogue

import (
	"embed"
	"time"

	"github.com/welfarex/welfarex/modules"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/tenants"
)

//go:embed locales/*.json
var locales embed.FS

// Service answers for the catalogue.
type Service struct {
	db  *tenants.DB
	now func() time.Time
}

// New makes the service; now is the clock by which accreditations and deadlines run.
func New(db *tenants.DB, now func() time.Time) *Service { return &Service{db, now} }

// Module is the catalogue as the program sees it.
func (s *Service) Module() modules.Module {
	return modules.Module{Name: "catalogue", Words: locales, Routes: append(s.routes(), s.operations()...)}
}

func (s *Service) routes() []web.Route {
	filters := []string{"q", "per", "bisogno", "categoria", "quartiere", "dove", "ente", "prezzo", "online", "compra", "ordina", "pagina", "confronta"}
	return []web.Route{
		{
			Method: "GET", Path: "/servizi", About: "The list of services: searched, filtered, counted and sorted.", Who: web.Anyone, Class: web.Portal,
			Query: filters, Cached: true, Handle: s.listPage,
		},
		{
			Method: "GET", Path: "/servizi/:slug", About: "The sheet of one service.", Who: web.Anyone, Class: web.Portal,
			Params: map[string]string{"slug": "service"}, Cached: true, Handle: s.sheetPage,
		},
		{
			Method: "GET", Path: "/bisogni/:slug", About: "The services that answer one need.", Who: web.Anyone, Class: web.Portal,
			Params: map[string]string{"slug": "need"}, Cached: true, Handle: s.needPage,
		},
		{
			Method: "GET", Path: "/categorie/:slug", About: "The services of one category.", Who: web.Anyone, Class: web.Portal,
			Params: map[string]string{"slug": "category"}, Cached: true, Handle: s.categoryPage,
		},
		{
			Method: "GET", Path: "/confronta", About: "Up to three services side by side.", Who: web.Anyone, Class: web.Portal,
			Query: []string{"servizi", "s"}, Cached: true, Handle: s.comparePage,
		},
		{
			Method: "GET", Path: "/enti", About: "Everyone who delivers services.", Who: web.Anyone, Class: web.Portal, Cached: true, Handle: s.providersPage,
		},
		{
			Method: "GET", Path: "/enti/:slug", About: "One provider: who it is, its accreditations and its services.", Who: web.Anyone, Class: web.Portal,
			Params: map[string]string{"slug": "provider"}, Cached: true, Handle: s.providerPage,
		},
	}
}
