package accounts

import (
	"errors"
	"strconv"
	"strings"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// Routes are this module's pages.
func (s *Service) Routes() []web.Route {
	var all []web.Route
	for _, list := range [][]web.Route{s.loginRoutes(), s.linkRoutes(), s.ownRoutes(), s.keyRoutes(), s.householdRoutes(), s.factorRoutes(), s.workRoutes(), s.staffRoutes(), s.operations()} {
		all = append(all, list...)
	}
	return all
}

func visitor(r *web.Request) Visitor {
	return Visitor{Address: r.Client(), Agent: r.Agent(), Session: r.Session()}
}

// private begins a page that search engines have no business with.
func private(r *web.Request, title string, crumbs ...ui.Crumb) *ui.Page {
	p := r.Page(title)
	p.NoIndex = true
	if len(crumbs) > 0 {
		p.Crumbs = append(crumbs, ui.Crumb{Title: title})
	}
	return p
}

// wrong says what a form is told, with how long to wait if there were too many attempts.
func (s *Service) wrong(r *web.Request, err error) ui.Errors {
	var t *Throttled
	if errors.As(err, &t) {
		r.Set("Retry-After", strconv.Itoa(int(t.Wait.Seconds())))
		wait := s.words.For(r.City, r.Lang).Duration(t.Wait)
		return ui.Errors{{Message: r.T("accounts.too_many", "wait", wait)}}
	}
	return r.Messages(err)
}

// next is where a login leads, without the language that r.See adds.
func next(r *web.Request, fallback string) string {
	path := r.Next(fallback)
	if r.Lang == "it" {
		return path
	}
	prefix := "/" + r.Lang
	if path == prefix {
		return "/"
	}
	if rest, ok := strings.CutPrefix(path, prefix+"/"); ok && !strings.HasPrefix(rest, "/") {
		return "/" + rest
	}
	return path
}

// home is where a person's work begins.
func (s *Service) home(a *authz.Actor) string {
	for _, area := range []struct{ kind, path string }{{"administration", "/amministrazione"}, {"municipality", "/comune"}, {"provider", "/ente"}} {
		if s.policy.May(a, "enter", area.kind) {
			return area.path
		}
	}
	return "/area-personale"
}
