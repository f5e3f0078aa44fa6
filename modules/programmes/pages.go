package programmes

import (
	"encoding/json"
	"net/http"

	"github.com/welfarex/welfarex/modules"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// Module is what the program mounts.
func (s *Service) Module() modules.Module {
	return modules.Module{Name: "programmes", Words: words, Routes: []web.Route{
		{
			Method: http.MethodGet, Path: "/programmi", About: "Programmes and calls, by whether one can apply today.", Who: web.Anyone, Class: web.Portal,
			Cached: true, Handle: s.list,
		},
		{
			Method: http.MethodGet, Path: "/programmi/:slug", About: "One programme: for whom, what it gives, when and how to apply.", Who: web.Anyone, Class: web.Portal,
			Params: map[string]string{"slug": "programme"}, Cached: true, Handle: s.show,
		},
	}}
}

func (s *Service) list(r *web.Request) error {
	groups, err := s.All(r.Ctx)
	if err != nil {
		return err
	}
	p := r.Page(r.T("programmes.title"))
	p.Description = r.T("programmes.description", "city", r.City.Name)
	p.Crumbs = []ui.Crumb{{Title: p.Title}}
	return r.Show(listPage(p, groups, s.now()))
}

func (s *Service) show(r *web.Request) error {
	sheet, points, err := s.Sheet(r.Ctx, r.Param("slug"))
	if err != nil {
		return err
	}
	p := r.Page(sheet.title(r.Lang).Text)
	p.Description = sheet.summary(r.Lang).Text
	p.Crumbs = []ui.Crumb{{Title: r.T("programmes.title"), Href: "/programmi"}, {Title: p.Title}}
	p.Image = sheet.image()
	p.JSONLD = structured(p, sheet)
	return r.Show(sheetPage(p, sheet, points, s.now()))
}

// structured describes the programme to search engines (schema.org).
func structured(p *ui.Page, sheet Sheet) string {
	described := map[string]any{
		"@context": "https://schema.org", "@type": "GovernmentService", "name": p.Title, "description": p.Description, "url": p.URL(p.In(p.Lang)),
		"areaServed": map[string]any{"@type": "City", "name": p.City.Name},
		"provider":   map[string]any{"@type": "GovernmentOrganization", "name": sheet.Office.Name, "address": sheet.Office.Address},
		"availableChannel": map[string]any{
			"@type": "ServiceChannel", "servicePhone": map[string]any{"@type": "ContactPoint", "telephone": sheet.Office.Phone, "email": sheet.Office.Email},
			"serviceUrl": p.URL(p.In(p.Lang)),
		},
	}
	if sheet.Opens != "" || sheet.Closes != "" {
		described["hoursAvailable"] = map[string]any{"@type": "OpeningHoursSpecification", "validFrom": sheet.Opens, "validThrough": sheet.Closes}
	}
	raw, err := json.Marshal(described)
	if err != nil {
		panic("programmes: describe a programme: " + err.Error())
	}
	return string(raw)
}
