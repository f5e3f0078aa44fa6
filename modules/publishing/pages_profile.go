package publishing

import (
	"errors"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

const profilePath = "/ente/profilo"

func (s *Service) profileRoutes() []web.Route {
	describe, slug := web.May("describe", "provider"), map[string]string{"slug": "own_provider"}
	return []web.Route{
		{Method: "GET", Path: profilePath, About: "Leads to the profile of a provider, or asks which.", Who: describe, Class: web.Provider, Handle: s.showProfiles},
		{Method: "GET", Path: profilePath + "/:slug", About: "What a provider says of itself, to change.", Who: describe, Class: web.Provider, Params: slug, Query: []string{"fatto"}, Handle: s.showProfile},
		{Method: "POST", Path: profilePath + "/:slug", About: "Changes what a provider says of itself.", Who: describe, Class: web.Provider, Params: slug,
			Form: []string{"seen", "about", "address", "phone", "email", "web", "neighbourhood"}, Handle: s.saveProfile},
	}
}

func (s *Service) showProfiles(r *web.Request) error {
	_, makers, err := s.Choices(r.Ctx, r.Actor, r.Lang)
	if err != nil {
		return err
	}
	if len(makers) == 1 {
		return r.See(profilePath + "/" + makers[0].Slug)
	}
	return r.Show(profilesView(private(r, r.T("publishing.profile.title")), makers))
}

// profileForm is a profile as it was typed.
type profileForm struct {
	Maker   *catalogue.Maker
	Choices *catalogue.Choices
	catalogue.Profile
	Seen   string
	Errors ui.Errors
}

func (s *Service) showProfile(r *web.Request) error {
	maker, choices, err := s.Profile(r.Ctx, r.Actor, r.Lang, r.Param("slug"))
	if err != nil {
		return err
	}
	return r.Show(profileView(private(r, r.T("publishing.profile.title")), profileForm{Maker: maker, Choices: choices, Profile: maker.Profile, Seen: markOf(maker.Profile)}))
}

func (s *Service) saveProfile(r *web.Request) error {
	typed := catalogue.Profile{
		About: r.Form("about"), Address: r.Form("address"), Phone: r.Form("phone"), Email: r.Form("email"), Web: r.Form("web"), Neighbourhood: r.Form("neighbourhood"),
	}
	slug := r.Param("slug")
	err := s.Describe(r.Ctx, r.Actor, slug, r.Form("seen"), typed)
	if err == nil {
		return r.Done(profilePath+"/"+slug, "publishing.described")
	}
	if errors.Is(err, problem.ErrNotFound) {
		return err
	}
	maker, choices, failed := s.Profile(r.Ctx, r.Actor, r.Lang, slug)
	if failed != nil {
		return failed
	}
	f := profileForm{Maker: maker, Choices: choices, Profile: typed, Seen: markOf(maker.Profile), Errors: r.Messages(err)}
	return r.Again(err, profileView(private(r, r.T("publishing.profile.title")), f))
}
