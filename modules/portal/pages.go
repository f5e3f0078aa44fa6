package portal

import (
	"net/http"
	"slices"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/modules/places"
)

func (s *Service) home(r *web.Request) error {
	h, err := s.Front(r.Ctx, r.Lang)
	if err != nil {
		return err
	}
	p := r.Page("")
	p.Description = lead(p).Text
	p.JSONLD = structured(p)
	return r.Show(homePage(p, h))
}

func (s *Service) housePage(slug string) func(*web.Request) error {
	return func(r *web.Request) error { return s.show(r, slug) }
}

func (s *Service) ownPage(r *web.Request) error {
	slug := r.Param("slug")
	if slices.Contains(house, slug) {
		return problem.ErrNotFound
	}
	return s.show(r, slug)
}

func (s *Service) show(r *web.Request, slug string) error {
	var own []Link
	page, err := s.readPage(r.Ctx, slug, r.Lang, &own)
	if err != nil {
		return err
	}
	page = page.of(r.City)
	p := r.Page(page.Title)
	p.Description = page.Description
	p.Crumbs = []ui.Crumb{{Title: page.Title}}
	own = slices.DeleteFunc(own, func(l Link) bool { return l.Slug == slug || slices.Contains(versioned, slug) })
	return r.Show(textPage(p, page, own))
}

func (s *Service) contacts(r *web.Request) error {
	points, offices, err := s.readContacts(r.Ctx)
	if err != nil {
		return err
	}
	now := s.now().In(ui.Rome)
	places.ByOpening(points, now)
	p := r.Page(r.T("portal.contacts.title"))
	p.Description = r.T("portal.contacts.description", "city", r.City.Name)
	p.Crumbs = []ui.Crumb{{Title: p.Title}}
	return r.Show(contactsPage(p, points, offices, now))
}

// status answers only while the portal is open: a suspended city says so on every page.
func (s *Service) status(r *web.Request) error {
	at, err := s.readUpdated(r.Ctx)
	if err != nil {
		return err
	}
	p := r.Page(r.T("portal.status.title"))
	p.Description = r.T("portal.status.description", "city", r.City.Name)
	p.Crumbs = []ui.Crumb{{Title: p.Title}}
	return r.Show(statusPage(p, at, s.now()))
}

func (s *Service) favicon(r *web.Request) error {
	mark := r.City.Brand.Mark
	if mark == [16]byte{} {
		return problem.ErrNotFound
	}
	r.Set("Location", "/media/"+mark.String())
	return r.Status(http.StatusFound)
}
