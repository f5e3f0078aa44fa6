package accounts

import (
	"errors"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

const (
	adminPath  = "/amministrazione"
	peoplePath = adminPath + "/persone"
	trailPath  = adminPath + "/registro"
)

func (s *Service) staffRoutes() []web.Route {
	person := map[string]string{"id": "account"}
	role := []string{"email", "role", "provider", "office"} // an invitation, or what is shown again of one
	read, invite, remove := web.May("read", "membership"), web.May("invite", "membership"), web.May("remove", "membership")
	return []web.Route{
		{Method: "GET", Path: adminPath, About: "The administrator's desk: what waits now.", Who: web.May("enter", "administration"), Class: web.Office, Handle: s.showAdmin},
		{Method: "GET", Path: peoplePath, About: "Lists the city's staff with their roles.", Who: read, Class: web.Office, Query: []string{"fatto"}, Handle: s.showPeople},
		{Method: "GET", Path: peoplePath + "/invito", About: "Asks whom to invite, with which role.", Who: invite, Class: web.Office, Handle: s.showInvite},
		{Method: "POST", Path: peoplePath + "/invito", About: "Invites a person with a role.", Who: invite, Class: web.Office, Form: role, Handle: s.invite},
		{Method: "GET", Path: peoplePath + "/:id", About: "Shows one of the staff and what can be done for them.", Who: read, Class: web.Office, Params: person, Query: []string{"fatto"}, Handle: s.showPerson},
		{Method: "POST", Path: peoplePath + "/:id/ruoli", About: "Gives a colleague one more role.", Who: invite, Class: web.Office, Params: person, Form: role, Handle: s.giveRole},
		{Method: "POST", Path: peoplePath + "/:id/ruoli/:membership/rimozione", About: "Takes a role away, from the next request on.", Who: remove, Class: web.Office, Params: map[string]string{"id": "account", "membership": "membership"}, Handle: s.takeRole},
		{Method: "POST", Path: peoplePath + "/:id/invito", About: "Sends an invitation once more.", Who: invite, Class: web.Office, Params: person, Form: role, Handle: s.remindInvitation},
		{Method: "POST", Path: peoplePath + "/:id/invito/annullamento", About: "Withdraws an invitation.", Who: remove, Class: web.Office, Params: person, Handle: s.cancelInvitation},
		{Method: "POST", Path: peoplePath + "/:id/secondo-fattore/azzeramento", About: "Takes a colleague's second factor away.", Who: web.May("reset", "factor"), Class: web.Office, Params: person, Form: role, Handle: s.resetFactor},
		{Method: "GET", Path: trailPath, About: "Shows the city's audit trail.", Who: web.May("read", "audit"), Class: web.Office, Query: []string{"azione", "prima"}, Handle: s.showTrail},
	}
}

//words: done.accounts.invited done.accounts.role_given done.accounts.role_taken done.accounts.reminded done.accounts.withdrawn done.accounts.factor_reset

// adminPage begins a page of the administration.
func adminPage(r *web.Request, title string) *ui.Page {
	return private(r, title, ui.Crumb{Title: r.T("accounts.admin.title"), Href: adminPath})
}

// peopleBelow begins a page below the list of staff.
func peopleBelow(r *web.Request, title string) *ui.Page {
	return private(r, title, ui.Crumb{Title: r.T("accounts.admin.title"), Href: adminPath}, ui.Crumb{Title: r.T("accounts.people.title"), Href: peoplePath})
}

func (s *Service) showAdmin(r *web.Request) error {
	staff, trail, err := s.Desk(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	return r.Show(adminHomePage(private(r, r.T("accounts.admin.title")), r.Actor, staff, trail, s.now()))
}

func (s *Service) showPeople(r *web.Request) error {
	staff, err := s.Staff(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	return r.Show(peoplePage(adminPage(r, r.T("accounts.people.title")), staff, s.now()))
}

// inviteForm is an invitation, or one more role, as it was typed.
type inviteForm struct {
	Email, Role, Provider, Office string
	Providers, Offices            []Scope
	Errors                        ui.Errors
}

func typedInvitation(r *web.Request) inviteForm {
	return inviteForm{Email: r.Form("email"), Role: r.Form("role"), Provider: r.Form("provider"), Office: r.Form("office")}
}

// invitation reads ids; one that is no id is not found, like one of another city.
func (f inviteForm) invitation() (Invitation, error) {
	i := Invitation{Email: f.Email, Role: f.Role}
	for _, field := range []struct {
		text string
		id   *uuid.UUID
	}{{f.Provider, &i.Provider}, {f.Office, &i.Office}} {
		if field.text == "" {
			continue
		}
		id, err := uuid.Parse(field.text)
		if err != nil {
			return i, problem.ErrNotFound
		}
		*field.id = id
	}
	return i, nil
}

func (s *Service) showInvite(r *web.Request) error {
	providers, offices, err := s.Scopes(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	return r.Show(invitePage(peopleBelow(r, r.T("accounts.invite.title")), inviteForm{Role: authz.Provider, Providers: providers, Offices: offices}))
}

func (s *Service) invite(r *web.Request) error {
	f := typedInvitation(r)
	in, err := f.invitation()
	if err == nil {
		err = s.Invite(r.Ctx, r.Actor, in)
	}
	if err == nil {
		return r.Done(peoplePath, "accounts.invited")
	}
	var failed error
	if f.Providers, f.Offices, failed = s.Scopes(r.Ctx, r.Actor); failed != nil {
		return failed
	}
	f.Errors = s.wrong(r, err)
	return r.Again(err, invitePage(peopleBelow(r, r.T("accounts.invite.title")), f))
}

func (s *Service) showPerson(r *web.Request) error { return s.person(r, inviteForm{}, nil) }

// person shows one of the staff, with a refusal of what was just tried.
func (s *Service) person(r *web.Request, f inviteForm, refusal error) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	c, providers, offices, err := s.Colleague(r.Ctx, r.Actor, id)
	if err != nil {
		return err
	}
	f.Providers, f.Offices = providers, offices
	p := peopleBelow(r, displayName(c))
	if refusal == nil {
		return r.Show(personPage(p, r.Actor, c, f, s.now()))
	}
	f.Errors = s.wrong(r, refusal)
	return r.Again(refusal, personPage(p, r.Actor, c, f, s.now()))
}

// act does something for a colleague and comes back to their page.
func (s *Service) act(r *web.Request, done string, do func(id uuid.UUID) error) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	err = do(id)
	if err == nil {
		return r.Done(peoplePath+"/"+id.String(), done)
	}
	if errors.Is(err, problem.ErrNotFound) {
		return err
	}
	return s.person(r, typedInvitation(r), err)
}

func (s *Service) giveRole(r *web.Request) error {
	return s.act(r, "accounts.role_given", func(id uuid.UUID) error {
		in, err := typedInvitation(r).invitation()
		if err != nil {
			return err
		}
		return s.GiveRole(r.Ctx, r.Actor, id, in)
	})
}

func (s *Service) takeRole(r *web.Request) error {
	membership, err := r.ID("membership")
	if err != nil {
		return err
	}
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	if err := s.TakeRole(r.Ctx, r.Actor, id, membership); err != nil {
		if errors.Is(err, problem.ErrNotFound) {
			return err
		}
		return s.person(r, inviteForm{}, err)
	}
	return r.Done(peoplePath, "accounts.role_taken") // with the last role, the person's page is gone
}

func (s *Service) remindInvitation(r *web.Request) error {
	return s.act(r, "accounts.reminded", func(id uuid.UUID) error { return s.RemindInvitation(r.Ctx, r.Actor, id) })
}

func (s *Service) cancelInvitation(r *web.Request) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	if err := s.CancelInvitation(r.Ctx, r.Actor, id); err != nil {
		if errors.Is(err, problem.ErrNotFound) {
			return err
		}
		return s.person(r, inviteForm{}, err)
	}
	return r.Done(peoplePath, "accounts.withdrawn")
}

func (s *Service) resetFactor(r *web.Request) error {
	return s.act(r, "accounts.factor_reset", func(id uuid.UUID) error { return s.ResetFactor(r.Ctx, r.Actor, id) })
}

func (s *Service) showTrail(r *web.Request) error {
	verb := r.Query("azione")
	list, verbs, err := s.Trail(r.Ctx, r.Actor, verb, before64(r))
	if err != nil {
		return err
	}
	return r.Show(trailPage(adminPage(r, r.T("accounts.trail.title")), verb, verbs, list))
}
