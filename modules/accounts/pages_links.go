package accounts

import (
	"errors"
	"net/http"

	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

func (s *Service) linkRoutes() []web.Route {
	token := map[string]string{"token": "token"}
	return []web.Route{
		{Method: "GET", Path: "/verifica/:token", About: "Shows what a link for an address does, and a button that does it.", Who: web.Anyone, Class: web.Own, Params: token, Handle: s.showVerify},
		{Method: "POST", Path: "/verifica/:token", About: "Proves an address: of a registration with its password, or the new one of an account.", Who: web.Anyone, Class: web.Own, Params: token, Form: []string{"password", "documents"}, Handle: s.verify},
		{Method: "GET", Path: "/password/:token", About: "Asks for a new password.", Who: web.Anyone, Class: web.Own, Params: token, Handle: s.showReset},
		{Method: "POST", Path: "/password/:token", About: "Sets a new password and ends every session.", Who: web.Anyone, Class: web.Own, Params: token, Form: []string{"password"}, Handle: s.reset},
		{Method: "GET", Path: "/invito/:token", About: "Shows an invitation to become staff, or to take another role.", Who: web.Anyone, Class: web.Own, Params: token, Handle: s.showInvitation},
		{Method: "POST", Path: "/invito/:token", About: "Takes an invitation: name and password, then the second factor; or as oneself, for who has an account.", Who: web.Anyone, Class: web.Own, Params: token, Form: []string{"name", "password", "terms", "documents"}, Handle: s.takeInvitation},
	}
}

//words: done.accounts.role_accepted

// linkForm is the page behind a link of a mail.
type linkForm struct {
	Token, Email, Name string
	Terms              bool
	Documents          []string // to accept, as Documents gives them
	Errors             ui.Errors
}

// spent answers for links that do nothing: used, too old, made up, or another city's; nobody can tell which.
func spent(r *web.Request, err error) error {
	if !errors.Is(err, ErrToken) {
		return err
	}
	return r.ShowAs(http.StatusNotFound, spentPage(private(r, r.T("accounts.spent.title"))))
}

func (s *Service) showVerify(r *web.Request) error {
	purpose, account, err := s.Look(r.Ctx, r.Param("token"), purposeVerify, purposeEmail)
	if err != nil {
		return spent(r, err)
	}
	if purpose == purposeEmail {
		return r.Show(newAddressPage(private(r, r.T("accounts.new_address.title")), linkForm{Token: r.Param("token"), Email: account.NewEmail}))
	}
	documents, err := s.Documents(r.Ctx)
	if err != nil {
		return err
	}
	return r.Show(verifyPage(private(r, r.T("accounts.verify.title")), linkForm{Token: r.Param("token"), Email: account.Email, Documents: documents}))
}

func (s *Service) verify(r *web.Request) error {
	purpose, account, err := s.Look(r.Ctx, r.Param("token"), purposeVerify, purposeEmail)
	if err != nil {
		return spent(r, err)
	}
	if purpose == purposeEmail {
		if err := s.ConfirmEmail(r.Ctx, r.Param("token"), visitor(r)); err != nil {
			return spent(r, err)
		}
		if r.Actor != nil {
			return r.Done(ownPath+"/email", "accounts.email_changed")
		}
		return r.Done("/accedi", "accounts.email_changed")
	}
	entry, err := s.Verify(r.Ctx, r.Param("token"), r.Secret("password"), r.FormAll("documents"), visitor(r))
	if errors.Is(err, ErrToken) {
		return spent(r, err)
	}
	if err != nil {
		documents, failed := s.Documents(r.Ctx)
		if failed != nil {
			return failed
		}
		f := linkForm{Token: r.Param("token"), Email: account.Email, Documents: documents, Errors: s.wrong(r, err)}
		return r.Again(err, verifyPage(private(r, r.T("accounts.verify.title")), f))
	}
	return s.letIn(r, entry)
}

func (s *Service) showReset(r *web.Request) error {
	_, account, err := s.Look(r.Ctx, r.Param("token"), purposeReset)
	if err != nil {
		return spent(r, err)
	}
	return r.Show(resetPage(private(r, r.T("accounts.reset.title")), linkForm{Token: r.Param("token"), Email: account.Email}))
}

func (s *Service) reset(r *web.Request) error {
	_, account, err := s.Look(r.Ctx, r.Param("token"), purposeReset)
	if err != nil {
		return spent(r, err)
	}
	err = s.Reset(r.Ctx, r.Param("token"), r.Secret("password"), visitor(r))
	if errors.Is(err, ErrToken) {
		return spent(r, err)
	}
	if err != nil {
		f := linkForm{Token: r.Param("token"), Email: account.Email, Errors: s.wrong(r, err)}
		return r.Again(err, resetPage(private(r, r.T("accounts.reset.title")), f))
	}
	r.Forget()
	return r.Done("/accedi", "accounts.password_reset")
}

func (s *Service) showInvitation(r *web.Request) error {
	_, account, err := s.Look(r.Ctx, r.Param("token"), purposeInvite)
	if err != nil {
		return spent(r, err)
	}
	if !account.Pending() {
		return s.showOffer(r, account)
	}
	documents, err := s.Documents(r.Ctx)
	if err != nil {
		return err
	}
	f := linkForm{Token: r.Param("token"), Email: account.Email, Name: account.Name, Documents: documents}
	return r.Show(invitationPage(private(r, r.T("accounts.invitation.title")), f))
}

func (s *Service) takeInvitation(r *web.Request) error {
	_, account, err := s.Look(r.Ctx, r.Param("token"), purposeInvite)
	if err != nil {
		return spent(r, err)
	}
	if !account.Pending() {
		return s.acceptOffer(r, account)
	}
	in := Registration{Name: r.Form("name"), Password: r.Secret("password"), Terms: r.Form("terms") != "", Language: r.Lang, Documents: r.FormAll("documents")}
	entry, err := s.TakeInvitation(r.Ctx, r.Param("token"), in, visitor(r))
	if errors.Is(err, ErrToken) {
		return spent(r, err)
	}
	if err != nil {
		documents, failed := s.Documents(r.Ctx)
		if failed != nil {
			return failed
		}
		f := linkForm{Token: r.Param("token"), Email: account.Email, Name: in.Name, Terms: in.Terms, Documents: documents, Errors: s.wrong(r, err)}
		return r.Again(err, invitationPage(private(r, r.T("accounts.invitation.title")), f))
	}
	return s.letIn(r, entry)
}

// showOffer shows the roles that an invitation offers; accepting them needs the account it was sent to.
func (s *Service) showOffer(r *web.Request, account *Account) error {
	offered, err := s.Offered(r.Ctx, account.ID)
	if err != nil {
		return err
	}
	if len(offered) == 0 {
		return spent(r, ErrToken)
	}
	f := linkForm{Token: r.Param("token"), Email: account.Email}
	return r.Show(offerPage(private(r, r.T("accounts.invitation.title")), r.Actor, r.Actor != nil && r.Actor.Account == account.ID, f, offered))
}

func (s *Service) acceptOffer(r *web.Request, account *Account) error {
	if r.Actor == nil || r.Actor.Account != account.ID {
		return r.See("/invito/" + r.Param("token"))
	}
	if err := s.AcceptInvitation(r.Ctx, r.Actor, r.Param("token"), visitor(r)); err != nil {
		return spent(r, err)
	}
	return r.Done("/area-personale", "accounts.role_accepted")
}
