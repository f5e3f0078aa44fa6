package accounts

import (
	"net/url"

	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

func (s *Service) loginRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: "/accedi", About: "Asks for address and password.", Who: web.Anyone, Class: web.Portal, Query: []string{"poi", "fatto"}, Handle: s.showLogin},
		{Method: "POST", Path: "/accedi", About: "Signs in with address and password.", Who: web.Anyone, Class: web.Portal, Form: []string{"email", "password", "poi"}, Handle: s.login},
		{Method: "GET", Path: "/accedi/codice", About: "Asks for the second factor.", Who: web.Halfway, Class: web.Own, Query: []string{"poi"}, Handle: s.showCode},
		{Method: "POST", Path: "/accedi/codice", About: "Completes a login with a code of the app or a recovery code.", Who: web.Halfway, Class: web.Own, Form: []string{"code", "recovery", "poi"}, Handle: s.giveCode},
		{Method: "POST", Path: "/esci", About: "Ends this session.", Who: web.Anyone, Class: web.Own, Handle: s.logout},
		{Method: "GET", Path: "/registrati", About: "Asks who wants an account.", Who: web.Anyone, Class: web.Portal, Handle: s.showRegister},
		{Method: "POST", Path: "/registrati", About: "Registers a person; the answer does not tell whether the address was known.", Who: web.Anyone, Class: web.Portal, Form: []string{"name", "email", "password", "terms"}, Handle: s.register},
		{Method: "GET", Path: "/registrati/grazie", About: "Says to look for the mail of verification.", Who: web.Anyone, Class: web.Portal, Handle: s.showRegistered},
		{Method: "GET", Path: "/password-dimenticata", About: "Asks whose password was forgotten.", Who: web.Anyone, Class: web.Portal, Handle: s.showForgotten},
		{Method: "POST", Path: "/password-dimenticata", About: "Sends a link for a new password, if the address has an account.", Who: web.Anyone, Class: web.Portal, Form: []string{"email"}, Handle: s.forget},
		{Method: "GET", Path: "/password-dimenticata/inviata", About: "Says to look for the mail with the link.", Who: web.Anyone, Class: web.Portal, Handle: s.showForgottenSent},
	}
}

// loginForm is what was typed to come in.
type loginForm struct {
	Email, Next string
	Errors      ui.Errors
}

func (s *Service) showLogin(r *web.Request) error {
	if r.Actor != nil {
		return r.See(next(r, s.home(r.Actor)))
	}
	return r.Show(loginPage(private(r, r.T("accounts.login.title")), loginForm{Next: r.Query("poi")}))
}

func (s *Service) login(r *web.Request) error {
	entry, err := s.SignIn(r.Ctx, r.Form("email"), r.Secret("password"), visitor(r))
	if err != nil {
		f := loginForm{Email: r.Form("email"), Next: r.Form("poi"), Errors: s.wrong(r, err)}
		return r.Again(err, loginPage(private(r, r.T("accounts.login.title")), f))
	}
	return s.letIn(r, entry)
}

// letIn hands the cookie over and leads to the missing step, or on.
func (s *Service) letIn(r *web.Request, entry Entry) error {
	r.Remember(entry.Token, entry.Expires)
	where := "?poi=" + url.QueryEscape(r.Next(""))
	if r.Next("") == "" {
		where = ""
	}
	switch entry.Step {
	case StepCode:
		return r.See("/accedi/codice" + where)
	case StepEnrol:
		return r.See("/area-personale/secondo-fattore" + where)
	}
	actor, err := s.Resume(r.Ctx, entry.Token)
	if err != nil {
		return err
	}
	return r.See(next(r, s.home(actor)))
}

// codeForm is the second step of a login.
type codeForm struct {
	Next     string
	Recovery bool // a recovery code was tried
	Errors   ui.Errors
}

func (s *Service) showCode(r *web.Request) error {
	switch {
	case r.Half.Strong || !r.Half.Enrolled && !r.Half.Staff():
		return r.See(next(r, s.home(r.Half)))
	case !r.Half.Enrolled:
		return r.See("/area-personale/secondo-fattore")
	}
	return r.Show(codePage(private(r, r.T("accounts.code.title")), codeForm{Next: r.Query("poi")}))
}

func (s *Service) giveCode(r *web.Request) error {
	code, recovery := r.Form("code"), r.Form("recovery")
	entry, err := s.GiveCode(r.Ctx, r.Half, code+recovery, visitor(r))
	if err != nil {
		f := codeForm{Next: r.Form("poi"), Recovery: recovery != "", Errors: s.wrong(r, err)}
		if f.Recovery {
			f.Errors = renamed(f.Errors, "code", "recovery")
		}
		return r.Again(err, codePage(private(r, r.T("accounts.code.title")), f))
	}
	return s.letIn(r, entry)
}

// renamed puts messages beside another field of a page that has the same form twice.
func renamed(list ui.Errors, from, to string) ui.Errors {
	for i := range list {
		if list[i].Name == from {
			list[i].Name = to
		}
	}
	return list
}

func (s *Service) logout(r *web.Request) error {
	if err := s.SignOut(r.Ctx, r.Session()); err != nil {
		return err
	}
	r.Forget()
	return r.Done("/", "accounts.logout")
}

//words: done.accounts.logout done.accounts.password_reset done.accounts.email_changed done.accounts.closed

// registerForm is a registration as it was typed; the password is never sent back.
type registerForm struct {
	Name, Email string
	Terms       bool
	Errors      ui.Errors
}

func (s *Service) showRegister(r *web.Request) error {
	if r.Actor != nil {
		return r.See("/area-personale")
	}
	return r.Show(registerPage(private(r, r.T("accounts.register.title")), registerForm{}))
}

func (s *Service) register(r *web.Request) error {
	in := Registration{Name: r.Form("name"), Email: r.Form("email"), Password: r.Secret("password"), Terms: r.Form("terms") != "", Language: r.Lang}
	if err := s.Register(r.Ctx, in, visitor(r)); err != nil {
		f := registerForm{Name: in.Name, Email: in.Email, Terms: in.Terms, Errors: s.wrong(r, err)}
		return r.Again(err, registerPage(private(r, r.T("accounts.register.title")), f))
	}
	return r.See("/registrati/grazie")
}

func (s *Service) showRegistered(r *web.Request) error {
	return r.Show(sentPage(private(r, r.T("accounts.registered.title")), "registered"))
}

// forgottenForm is whose password was forgotten.
type forgottenForm struct {
	Email  string
	Errors ui.Errors
}

func (s *Service) showForgotten(r *web.Request) error {
	return r.Show(forgottenPage(private(r, r.T("accounts.forgotten.title")), forgottenForm{}))
}

func (s *Service) forget(r *web.Request) error {
	if err := s.Forget(r.Ctx, r.Form("email"), visitor(r)); err != nil {
		f := forgottenForm{Email: r.Form("email"), Errors: s.wrong(r, err)}
		return r.Again(err, forgottenPage(private(r, r.T("accounts.forgotten.title")), f))
	}
	return r.See("/password-dimenticata/inviata")
}

func (s *Service) showForgottenSent(r *web.Request) error {
	return r.Show(sentPage(private(r, r.T("accounts.forgotten_sent.title")), "forgotten_sent"))
}
