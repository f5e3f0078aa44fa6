package accounts

import (
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/web"
)

func (s *Service) workRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/ente", About: "A provider's own desk: its public page and its people.", Who: web.May("enter", "provider"), Class: web.Provider, Handle: s.showProvider},
		{Method: "GET", Path: "/comune", About: "The municipality's desk: who works here.", Who: web.May("enter", "municipality"), Class: web.Office, Handle: s.showMunicipality},
	}
}

func (s *Service) showProvider(r *web.Request) error {
	staff, providers, err := s.ProviderStaff(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	p := private(r, r.T("accounts.provider.title"))
	work, err := s.readWork(r.Ctx, r.Actor, p)
	if err != nil {
		return err
	}
	return r.Show(providerPage(p, r.Actor, work, providers, staff))
}

func (s *Service) showMunicipality(r *web.Request) error {
	staff, err := s.MunicipalStaff(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	return r.Show(municipalityPage(private(r, r.T("accounts.municipality.title")), r.Actor, staff))
}

// of keeps those colleagues who work for a provider.
func of(provider uuid.UUID, staff []*Colleague) []*Colleague {
	var list []*Colleague
	for _, c := range staff {
		for _, m := range c.Memberships {
			if m.Provider == provider {
				list = append(list, c)
				break
			}
		}
	}
	return list
}

// mine are the actor's own entry among colleagues, or nil.
func mine(actor *authz.Actor, staff []*Colleague) *Colleague {
	for _, c := range staff {
		if c.ID == actor.Account {
			return c
		}
	}
	return nil
}
