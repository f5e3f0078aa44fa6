package accounts

import (
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

const factorPath = ownPath + "/secondo-fattore"

func (s *Service) factorRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: factorPath, About: "Offers a second factor, or shows that there is one.", Who: web.Halfway, Class: web.Own, Query: []string{"poi", "fatto"}, Handle: s.showFactor},
		{Method: "POST", Path: factorPath, About: "Enrols the offered second factor with a first code; shows the recovery codes.", Who: web.Halfway, Class: web.Own, Form: []string{"offer", "code", "password", "poi"}, Handle: s.enrol},
		{Method: "POST", Path: factorPath + "/codici", About: "Makes new recovery codes.", Who: web.SignedIn, Class: web.Own, Form: []string{"renew_code"}, Handle: s.renewCodes},
		{Method: "POST", Path: factorPath + "/rimozione", About: "Takes the second factor away, for another phone or for good.", Who: web.SignedIn, Class: web.Own, Form: []string{"drop_code"}, Handle: s.dropFactor},
	}
}

//words: done.accounts.factor_off

// factorForm is the page of the second factor.
type factorForm struct {
	Offer  Offer
	Staff  bool // must have one
	Half   bool // nobody is signed in completely: no menu yet
	Next   string
	Errors ui.Errors
}

func (s *Service) factorPage(r *web.Request) *ui.Page {
	if r.Actor == nil {
		return private(r, r.T("accounts.factor.title"))
	}
	return ownPage(r, r.T("accounts.factor.title"))
}

func (s *Service) showFactor(r *web.Request) error {
	form := factorForm{Staff: r.Half.Staff(), Half: r.Actor == nil, Next: r.Query("poi")}
	if r.Half.Enrolled {
		if r.Actor == nil {
			return r.See("/accedi/codice")
		}
		return r.Show(factorKeptPage(s.factorPage(r), form))
	}
	return s.offer(r, form, "")
}

func (s *Service) offer(r *web.Request, form factorForm, sealed string) (err error) {
	if form.Offer, err = s.Offer(r.Ctx, r.Half, sealed); err != nil {
		return err
	}
	return r.Show(factorOfferPage(s.factorPage(r), form))
}

func (s *Service) enrol(r *web.Request) error {
	entry, codes, err := s.Enrol(r.Ctx, r.Half, r.Form("offer"), r.Form("code"), r.Secret("password"), visitor(r))
	if err != nil {
		form := factorForm{Staff: r.Half.Staff(), Half: r.Actor == nil, Next: r.Form("poi"), Errors: s.wrong(r, err)}
		var failed error
		if form.Offer, failed = s.Offer(r.Ctx, r.Half, r.Form("offer")); failed != nil {
			return failed
		}
		return r.Again(err, factorOfferPage(s.factorPage(r), form))
	}
	r.Remember(entry.Token, entry.Expires)
	return s.showCodes(r, codes, r.Half)
}

// showCodes shows recovery codes, this once: only their hashes are kept.
func (s *Service) showCodes(r *web.Request, codes []string, actor *authz.Actor) error {
	strong := *actor
	strong.Strong = true
	return r.Show(codesPage(private(r, r.T("accounts.codes.title")), codes, next(r, s.home(&strong))))
}

func (s *Service) renewCodes(r *web.Request) error {
	codes, err := s.RenewCodes(r.Ctx, r.Actor, r.Form("renew_code"))
	if err != nil {
		form := factorForm{Staff: r.Actor.Staff(), Errors: renamed(s.wrong(r, err), "code", "renew_code")}
		return r.Again(err, factorKeptPage(s.factorPage(r), form))
	}
	return s.showCodes(r, codes, r.Actor)
}

func (s *Service) dropFactor(r *web.Request) error {
	if err := s.DropFactor(r.Ctx, r.Actor, r.Form("drop_code")); err != nil {
		form := factorForm{Staff: r.Actor.Staff(), Errors: renamed(s.wrong(r, err), "code", "drop_code")}
		return r.Again(err, factorKeptPage(s.factorPage(r), form))
	}
	return r.Done(factorPath, "accounts.factor_off")
}
