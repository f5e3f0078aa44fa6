package publishing

import (
	"strconv"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// Routes are this module's pages.
func (s *Service) Routes() []web.Route {
	var all []web.Route
	for _, list := range [][]web.Route{s.deskRoutes(), s.stepRoutes(), s.fileRoutes(), s.profileRoutes(), s.reviewRoutes(), s.registerRoutes()} {
		all = append(all, list...)
	}
	return all
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

// revision is that of the form; what is no number is no revision.
func revision(r *web.Request) int {
	n, err := strconv.Atoi(r.Form("revision"))
	if err != nil {
		return -1
	}
	return n
}

// servicePath is a page about one service.
func servicePath(id uuid.UUID, more ...string) string { return below(deskPath, id, more) }

func reviewOf(id uuid.UUID, more ...string) string { return below(reviewPath, id, more) }

func below(path string, id uuid.UUID, more []string) string {
	path += "/" + id.String()
	for _, m := range more {
		path += "/" + m
	}
	return path
}
