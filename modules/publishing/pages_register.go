package publishing

import (
	"errors"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

const registerPath = "/comune/enti"

func (s *Service) registerRoutes() []web.Route {
	accredit, slug := web.May("accredit", "provider"), map[string]string{"slug": "provider"}
	path := registerPath + "/:slug"
	return []web.Route{
		{Method: "GET", Path: registerPath, About: "The providers, with their accreditations.", Who: accredit, Class: web.Office, Handle: s.showRegister},
		{Method: "GET", Path: path, About: "The accreditations of one provider.", Who: accredit, Class: web.Office, Params: slug, Query: []string{"fatto"}, Handle: s.showAccreditations},
		{Method: "POST", Path: path + "/accreditamenti", About: "Accredits a provider.", Who: accredit, Class: web.Office, Params: slug, Form: accreditationFields, Handle: s.accredit},
		{Method: "POST", Path: path + "/accreditamenti/sospensione", About: "Suspends an accreditation.", Who: accredit, Class: web.Office, Params: slug, Form: accreditationFields, Handle: s.suspend},
		{Method: "POST", Path: path + "/accreditamenti/ripresa", About: "Lets a suspended accreditation hold again.", Who: accredit, Class: web.Office, Params: slug, Form: accreditationFields, Handle: s.resume},
		{Method: "POST", Path: path + "/accreditamenti/fine", About: "Ends an accreditation.", Who: accredit, Class: web.Office, Params: slug, Form: accreditationFields, Handle: s.endAccreditation},
	}
}

// accreditationFields are those of a new accreditation, which the page shows again after a refusal of any kind.
var accreditationFields = []string{"area", "act", "from", "to", "reason"}

func (s *Service) showRegister(r *web.Request) error {
	makers, _, err := s.Providers(r.Ctx, r.Actor, r.Lang)
	if err != nil {
		return err
	}
	return r.Show(registerView(private(r, r.T("publishing.register.title")), makers, s.today()))
}

// accreditationForm is an accreditation as it was typed.
type accreditationForm struct {
	Maker   *catalogue.Maker
	Areas   []string // that shelves ask for
	Today   string
	Typed   catalogue.Accreditation
	Reason  string
	Refused string // the act of the entry that was to be changed
	Errors  ui.Errors
}

func typedAccreditation(r *web.Request) catalogue.Accreditation {
	return catalogue.Accreditation{Area: r.Form("area"), Act: r.Form("act"), From: r.Form("from"), To: r.Form("to")}
}

func (s *Service) showAccreditations(r *web.Request) error {
	return s.accreditations(r, accreditationForm{}, nil)
}

func (s *Service) accreditations(r *web.Request, f accreditationForm, refusal error) error {
	makers, choices, err := s.Providers(r.Ctx, r.Actor, r.Lang)
	if err != nil {
		return err
	}
	if f.Maker, err = makerBySlug(makers, r.Param("slug")); err != nil {
		return err
	}
	for _, shelf := range choices.Shelves {
		f.Areas = append(f.Areas, shelf.Accreditations...)
	}
	f.Today = s.today()
	p := private(r, f.Maker.Name, ui.Crumb{Title: r.T("publishing.register.title"), Href: registerPath})
	if refusal == nil {
		return r.Show(accreditationsView(p, f))
	}
	f.Errors = r.Messages(refusal)
	return r.Again(refusal, accreditationsView(p, f))
}

// entered changes the register and comes back to it.
func (s *Service) entered(r *web.Request, done string, do func(slug string, a catalogue.Accreditation) error) error {
	typed, slug := typedAccreditation(r), r.Param("slug")
	err := do(slug, typed)
	switch {
	case err == nil:
		return r.Done(registerPath+"/"+slug, "publishing."+done)
	case errors.Is(err, problem.ErrNotFound):
		return err
	case done == "accredited":
		return s.accreditations(r, accreditationForm{Typed: typed}, err)
	}
	return s.accreditations(r, accreditationForm{Refused: typed.Area + typed.Act, Reason: r.Form("reason")}, err)
}

func (s *Service) accredit(r *web.Request) error {
	return s.entered(r, "accredited", func(slug string, a catalogue.Accreditation) error { return s.Accredit(r.Ctx, r.Actor, slug, a) })
}

func (s *Service) suspend(r *web.Request) error {
	return s.entered(r, "accreditation_suspended", func(slug string, a catalogue.Accreditation) error {
		return s.Suspend(r.Ctx, r.Actor, slug, a.Area, a.Act, r.Form("reason"))
	})
}

func (s *Service) resume(r *web.Request) error {
	return s.entered(r, "accreditation_resumed", func(slug string, a catalogue.Accreditation) error {
		return s.Resume(r.Ctx, r.Actor, slug, a.Area, a.Act)
	})
}

func (s *Service) endAccreditation(r *web.Request) error {
	return s.entered(r, "accreditation_ended", func(slug string, a catalogue.Accreditation) error { return s.End(r.Ctx, r.Actor, slug, a.Area, a.Act) })
}
