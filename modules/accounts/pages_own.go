package accounts

import (
	"strconv"
	"time"

	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

const ownPath = "/area-personale"

func (s *Service) ownRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: ownPath, About: "The person's own area: what to do next, and recent access.", Who: web.SignedIn, Class: web.Own, Query: []string{"fatto"}, Handle: s.showOwn},
		{Method: "POST", Path: ownPath + "/condizioni", About: "Accepts the new version of privacy notice and terms, as it was shown.", Who: web.SignedIn, Class: web.Own, Form: []string{"documents"}, Handle: s.acceptTerms},
		{Method: "GET", Path: ownPath + "/profilo", About: "Shows what the person says of themselves.", Who: web.SignedIn, Class: web.Own, Query: []string{"fatto"}, Handle: s.showProfile},
		{Method: "POST", Path: ownPath + "/profilo", About: "Keeps the profile.", Who: web.SignedIn, Class: web.Own, Form: []string{"name", "phone", "fiscal_code", "born", "language"}, Handle: s.saveProfile},
		{Method: "GET", Path: ownPath + "/email", About: "Asks for another address.", Who: web.SignedIn, Class: web.Own, Query: []string{"fatto"}, Handle: s.showEmail},
		{Method: "POST", Path: ownPath + "/email", About: "Sends a link to another address and tells the old one.", Who: web.SignedIn, Class: web.Own, Form: []string{"email", "password"}, Handle: s.changeEmail},
		{Method: "GET", Path: ownPath + "/password", About: "Asks for another password.", Who: web.SignedIn, Class: web.Own, Query: []string{"fatto"}, Handle: s.showPassword},
		{Method: "POST", Path: ownPath + "/password", About: "Sets another password and ends all other sessions.", Who: web.SignedIn, Class: web.Own, Form: []string{"password", "new_password"}, Handle: s.changePassword},
		{Method: "GET", Path: ownPath + "/sessioni", About: "Lists where the person is signed in.", Who: web.SignedIn, Class: web.Own, Query: []string{"fatto"}, Handle: s.showSessions},
		{Method: "POST", Path: ownPath + "/sessioni/chiusura", About: "Ends all sessions but this one.", Who: web.SignedIn, Class: web.Own, Handle: s.endOtherSessions},
		{Method: "POST", Path: ownPath + "/sessioni/:id/chiusura", About: "Ends one of the person's sessions.", Who: web.SignedIn, Class: web.Own, Params: map[string]string{"id": "session"}, Handle: s.endSession},
		{Method: "GET", Path: ownPath + "/accessi", About: "Lists who did something to the person's account.", Who: web.SignedIn, Class: web.Own, Query: []string{"prima"}, Handle: s.showTraces},
		{Method: "GET", Path: ownPath + "/chiusura", About: "Explains what closing the account does.", Who: web.SignedIn, Class: web.Own, Handle: s.showClose},
		{Method: "POST", Path: ownPath + "/chiusura", About: "Closes the account for good.", Who: web.SignedIn, Class: web.Own, Form: []string{"password", "sure"}, Handle: s.closeOwn},
	}
}

//words: done.accounts.terms done.accounts.profile done.accounts.email_sent done.accounts.password done.accounts.session done.accounts.sessions

// ownPage begins a page of the personal area.
func ownPage(r *web.Request, title string) *ui.Page {
	return private(r, title, ui.Crumb{Title: r.T("accounts.own.title"), Href: ownPath})
}

func (s *Service) showOwn(r *web.Request) error {
	o, err := s.Overview(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	return r.Show(overviewPage(private(r, r.T("accounts.own.title")), r.Actor, o, s.now()))
}

func (s *Service) acceptTerms(r *web.Request) error {
	if err := s.AcceptTerms(r.Ctx, r.Actor, r.FormAll("documents")); err != nil {
		return err
	}
	o, err := s.Overview(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	if len(o.Missing) > 0 {
		return r.See(ownPath) // which asks for what is there now
	}
	return r.Done(ownPath, "accounts.terms")
}

// profileForm is a profile as it was typed.
type profileForm struct {
	Name, Phone, FiscalCode, Born, Language string
	Errors                                  ui.Errors
}

func (s *Service) showProfile(r *web.Request) error {
	a, err := s.Own(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	f := profileForm{Name: a.Name, Phone: a.Phone, FiscalCode: a.FiscalCode, Language: a.Language}
	if !a.Born.IsZero() {
		f.Born = a.Born.Format(time.DateOnly)
	}
	return r.Show(profilePage(ownPage(r, r.T("accounts.profile.title")), f))
}

func (s *Service) saveProfile(r *web.Request) error {
	f := profileForm{Name: r.Form("name"), Phone: r.Form("phone"), FiscalCode: r.Form("fiscal_code"), Born: r.Form("born"), Language: r.Form("language")}
	if f.Language != "en" {
		f.Language = ui.Italian
	}
	in := Profile{Name: f.Name, Phone: f.Phone, FiscalCode: f.FiscalCode, Language: f.Language}
	in.Born, in.BornWrong = parseDay(f.Born)
	if err := s.SaveProfile(r.Ctx, r.Actor, in); err != nil {
		f.Errors = s.wrong(r, err)
		return r.Again(err, profilePage(ownPage(r, r.T("accounts.profile.title")), f))
	}
	return r.Done(ownPath+"/profilo", "accounts.profile")
}

// parseDay takes what a date field sends, or what a person types where there is none.
func parseDay(s string) (day time.Time, wrong bool) {
	if s == "" {
		return time.Time{}, false
	}
	for _, layout := range []string{time.DateOnly, "2/1/2006", "2-1-2006", "2.1.2006"} {
		if day, err := time.Parse(layout, s); err == nil {
			return day, false
		}
	}
	return time.Time{}, true
}

// emailForm asks for another address.
type emailForm struct {
	Now, Waiting, Email string
	Errors              ui.Errors
}

func (s *Service) showEmail(r *web.Request) error {
	a, err := s.Own(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	return r.Show(emailPage(ownPage(r, r.T("accounts.email.title")), emailForm{Now: a.Email, Waiting: a.NewEmail}))
}

func (s *Service) changeEmail(r *web.Request) error {
	if err := s.ChangeEmail(r.Ctx, r.Actor, r.Form("email"), r.Secret("password"), visitor(r)); err != nil {
		f := emailForm{Now: r.Actor.Email, Email: r.Form("email"), Errors: s.wrong(r, err)}
		return r.Again(err, emailPage(ownPage(r, r.T("accounts.email.title")), f))
	}
	return r.Done(ownPath+"/email", "accounts.email_sent")
}

func (s *Service) showPassword(r *web.Request) error {
	return r.Show(passwordPage(ownPage(r, r.T("accounts.password.title")), nil))
}

func (s *Service) changePassword(r *web.Request) error {
	if err := s.ChangePassword(r.Ctx, r.Actor, r.Secret("password"), r.Secret("new_password")); err != nil {
		return r.Again(err, passwordPage(ownPage(r, r.T("accounts.password.title")), s.wrong(r, err)))
	}
	return r.Done(ownPath+"/password", "accounts.password")
}

func (s *Service) showSessions(r *web.Request) error {
	list, err := s.Sessions(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	return r.Show(sessionsPage(ownPage(r, r.T("accounts.sessions.title")), r.Actor, list, s.now()))
}

func (s *Service) endSession(r *web.Request) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	if err := s.EndSession(r.Ctx, r.Actor, id); err != nil {
		return err
	}
	if id == r.Actor.Session {
		r.Forget()
		return r.Done("/", "accounts.logout")
	}
	return r.Done(ownPath+"/sessioni", "accounts.session")
}

func (s *Service) endOtherSessions(r *web.Request) error {
	if err := s.EndOtherSessions(r.Ctx, r.Actor); err != nil {
		return err
	}
	return r.Done(ownPath+"/sessioni", "accounts.sessions")
}

func (s *Service) showTraces(r *web.Request) error {
	list, err := s.Traces(r.Ctx, r.Actor, before64(r))
	if err != nil {
		return err
	}
	return r.Show(tracesPage(ownPage(r, r.T("accounts.traces.title")), r.Actor, list))
}

// before64 is the entry of the trail before which a page begins; what is no number begins at the end.
func before64(r *web.Request) int64 {
	n, err := strconv.ParseInt(r.Query("prima"), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

func (s *Service) showClose(r *web.Request) error {
	return r.Show(closePage(ownPage(r, r.T("accounts.close.title")), nil))
}

func (s *Service) closeOwn(r *web.Request) error {
	if err := s.Close(r.Ctx, r.Actor, r.Secret("password"), r.Form("sure") != ""); err != nil {
		return r.Again(err, closePage(ownPage(r, r.T("accounts.close.title")), s.wrong(r, err)))
	}
	r.Forget()
	return r.Done("/", "accounts.closed")
}
