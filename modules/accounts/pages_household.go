package accounts

import (
	"time"

	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

const householdPath = ownPath + "/nucleo"

func (s *Service) householdRoutes() []web.Route {
	member := map[string]string{"id": "member"}
	form, act := []string{"name", "born", "fiscal_code", "relation"}, householdPath+"/:id/documento"
	return []web.Route{
		{Method: "GET", Path: householdPath, About: "Lists the people one may act for.", Who: web.SignedIn, Class: web.Own, Query: []string{"fatto"}, Handle: s.showHousehold},
		{Method: "GET", Path: householdPath + "/nuovo", About: "Asks who is to be added to the household.", Who: web.SignedIn, Class: web.Own, Handle: s.askMember},
		{Method: "POST", Path: householdPath + "/nuovo", About: "Adds a person to the household.", Who: web.SignedIn, Class: web.Own, Form: form, Handle: s.addMember},
		{Method: "GET", Path: householdPath + "/:id", About: "Shows what one says of a person of the household.", Who: web.SignedIn, Class: web.Own, Params: member, Handle: s.showMember},
		{Method: "POST", Path: householdPath + "/:id", About: "Keeps what one says of a person of the household.", Who: web.SignedIn, Class: web.Own, Params: member, Form: form, Handle: s.saveMember},
		{Method: "GET", Path: householdPath + "/:id/rimozione", About: "Asks whether a person is to be taken out of the household.", Who: web.SignedIn, Class: web.Own, Params: member, Handle: s.askRemoval},
		{Method: "POST", Path: householdPath + "/:id/rimozione", About: "Takes a person out of the household.", Who: web.SignedIn, Class: web.Own, Params: member, Handle: s.removeMember},
		{Method: "GET", Path: act, About: "The act on which one acts for a person of the household.", Who: web.SignedIn, Class: web.Own, Params: member, Query: []string{"fatto"}, Handle: s.showAct},
		{Method: "POST", Path: act, About: "Keeps the act on which one acts for a person.", Who: web.SignedIn, Class: web.Own, Params: member, Form: []string{"file"}, Upload: mostActBytes, Handle: s.addAct},
		{Method: "POST", Path: act + "/rimozione", About: "Takes away the act on which one acts for a person.", Who: web.SignedIn, Class: web.Own, Params: member, Handle: s.removeAct},
	}
}

//words: done.accounts.member_added done.accounts.member_saved done.accounts.member_removed done.accounts.act_added done.accounts.act_removed

// householdBelow begins a page below the list of the household.
func householdBelow(r *web.Request, title string) *ui.Page {
	return private(r, title, ui.Crumb{Title: r.T("accounts.own.title"), Href: ownPath}, ui.Crumb{Title: r.T("accounts.household.title"), Href: householdPath})
}

func (s *Service) showHousehold(r *web.Request) error {
	list, err := s.Household(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	return r.Show(householdPage(ownPage(r, r.T("accounts.household.title")), list, s.today()))
}

// memberForm is a person of the household as they were typed.
type memberForm struct {
	Action                           string // the address it is sent to
	Name, Born, FiscalCode, Relation string
	Errors                           ui.Errors
}

// typedMember reads the form.
func typedMember(r *web.Request, action string) (memberForm, MemberProfile) {
	f := memberForm{Action: action, Name: r.Form("name"), Born: r.Form("born"), FiscalCode: r.Form("fiscal_code"), Relation: r.Form("relation")}
	p := MemberProfile{Name: f.Name, FiscalCode: f.FiscalCode, Relation: Relation(f.Relation)}
	p.Born, p.BornWrong = parseDay(f.Born)
	return f, p
}

func (s *Service) askMember(r *web.Request) error {
	return r.Show(newMemberPage(householdBelow(r, r.T("accounts.member.new")), memberForm{Action: householdPath + "/nuovo"}))
}

func (s *Service) addMember(r *web.Request) error {
	f, p := typedMember(r, householdPath+"/nuovo")
	if _, err := s.AddMember(r.Ctx, r.Actor, p); err != nil {
		f.Errors = s.wrong(r, err)
		return r.Again(err, newMemberPage(householdBelow(r, r.T("accounts.member.new")), f))
	}
	return r.Done(householdPath, "accounts.member_added")
}

func (s *Service) showMember(r *web.Request) error {
	m, err := s.memberAt(r)
	if err != nil {
		return err
	}
	f := memberForm{Action: memberPath(m), Name: m.Name, Born: m.Born.Format(time.DateOnly), FiscalCode: m.FiscalCode, Relation: string(m.Relation)}
	return r.Show(memberPage(householdBelow(r, r.T("accounts.member.edit")), f))
}

// memberAt is the person of one's household that the address names.
func (s *Service) memberAt(r *web.Request) (Member, error) {
	id, err := r.ID("id")
	if err != nil {
		return Member{}, err
	}
	return s.HouseholdMember(r.Ctx, r.Actor, id)
}

func memberPath(m Member) string { return householdPath + "/" + m.ID.String() }

func (s *Service) saveMember(r *web.Request) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	f, p := typedMember(r, householdPath+"/"+id.String())
	if err := s.SaveMember(r.Ctx, r.Actor, id, p); err != nil {
		f.Errors = s.wrong(r, err)
		return r.Again(err, memberPage(householdBelow(r, r.T("accounts.member.edit")), f))
	}
	return r.Done(householdPath, "accounts.member_saved")
}

func (s *Service) askRemoval(r *web.Request) error {
	m, err := s.memberAt(r)
	if err != nil {
		return err
	}
	return r.Show(removalPage(householdBelow(r, r.T("accounts.member.remove")), m))
}

func (s *Service) removeMember(r *web.Request) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	if err := s.RemoveMember(r.Ctx, r.Actor, id); err != nil {
		return err
	}
	return r.Done(householdPath, "accounts.member_removed")
}
