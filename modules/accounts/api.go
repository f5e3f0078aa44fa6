package accounts

import (
	"net/http"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/web"
)

// operations are what programs may ask of their person.
func (s *Service) operations() []web.Route {
	row := func(path, about string) web.Route {
		return web.Route{Method: http.MethodGet, Path: web.APIPath + path, About: about, Who: web.SignedIn, Class: web.Own, Scope: "account:read"}
	}
	return []web.Route{
		web.Operation(row("/account", "Gives the person for whom the key acts, with their roles of this moment."), s.apiAccount),
		web.Operation(row("/account/household", "Lists the people for whom the person may act today."), s.apiHousehold),
	}
}

// AccountView is the person for whom a key acts.
type AccountView struct {
	ID       uuid.UUID  `json:"id"`
	Name     string     `json:"name"`
	Email    string     `json:"email"`
	Phone    string     `json:"phone,omitempty"`
	Language string     `json:"language" enum:"it,en"`
	Roles    []RoleView `json:"roles" doc:"None: a citizen."`
	Scopes   []string   `json:"scopes" doc:"What the key may do."`
}

// RoleView is a role within a provider, an office, or the whole city.
type RoleView struct {
	Role     string     `json:"role" enum:"provider,welfare_manager,municipality,city_admin"`
	Provider *uuid.UUID `json:"provider,omitempty"`
	Office   *uuid.UUID `json:"office,omitempty"`
	Name     string     `json:"name,omitempty" doc:"Of the provider or office; absent for the whole city."`
}

func some(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func (s *Service) apiAccount(r *web.Request, _ *struct{}) (*AccountView, error) {
	o, err := s.Overview(r.Ctx, r.Actor)
	if err != nil {
		return nil, err
	}
	a := o.Account
	v := &AccountView{a.ID, a.Name, a.Email, a.Phone, a.Language, []RoleView{}, r.Actor.Scopes}
	for _, m := range o.Memberships {
		if !m.Open {
			v.Roles = append(v.Roles, RoleView{m.Role, some(m.Provider), some(m.Office), m.Scope})
		}
	}
	return v, nil
}

// MemberView is somebody for whom the person may act.
type MemberView struct {
	ID       uuid.UUID `json:"id"`
	Name     string    `json:"name"`
	Relation string    `json:"relation" enum:"parent,guardian,delegate" doc:"Why."`
}

func (s *Service) apiHousehold(r *web.Request, _ *struct{}) (*web.Items[MemberView], error) {
	members, err := s.Members(r.Ctx, r.Actor)
	page := &web.Items[MemberView]{Items: []MemberView{}}
	for _, m := range members {
		page.Items = append(page.Items, MemberView{m.ID, m.Name, string(m.Relation)})
	}
	return page, err
}
