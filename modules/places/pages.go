package places

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/welfarex/welfarex/modules"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// Module is what the program mounts.
func (s *Service) Module() modules.Module {
	return modules.Module{Name: "places", Words: words, Routes: append(s.operations(), []web.Route{
		{
			Method: http.MethodGet, Path: "/punti", About: "The access points, on a map and as a list, with who is there now.", Who: web.Anyone, Class: web.Portal,
			Query: []string{"aperti", "quartiere", "senza-gradini", "lingua"}, Cached: true, Handle: s.list,
		},
		{
			Method: http.MethodGet, Path: "/punti/:slug", About: "One access point: hours, address, phone, languages.", Who: web.Anyone, Class: web.Portal,
			Params: map[string]string{"slug": "access_point"}, Cached: true, Handle: s.show,
		},
	}...)}
}

func (s *Service) list(r *web.Request) error {
	points, geography, err := s.Points(r.Ctx)
	if err != nil {
		return err
	}
	now := s.Now()
	filter := Filter{Open: r.Query("aperti") == "1", Neighbourhood: r.Query("quartiere"), StepFree: r.Query("senza-gradini") == "1", Language: r.Query("lingua")}
	v := listView{all: points, hoods: geography.Neighbourhoods, filter: filter, now: now}
	v.found, v.near = filter.Select(points, geography.Neighbourhoods, now)
	v.city = Draw(geography, v.found)
	p := r.Page(r.T("places.title"))
	p.Description = r.T("places.description", "city", r.City.Name)
	p.Crumbs = []ui.Crumb{{Title: p.Title}}
	return r.Show(listPage(p, v))
}

func (s *Service) show(r *web.Request) error {
	point, near, geography, err := s.Point(r.Ctx, r.Param("slug"))
	if err != nil {
		return err
	}
	v := pointView{point: point, near: near, now: s.Now(), city: Draw(geography, []Point{point})}
	p := r.Page(point.name(r.Lang))
	p.Description = r.T("places.point.description", "name", p.Title, "address", point.Address, "city", r.City.Name)
	p.Crumbs = []ui.Crumb{{Title: r.T("places.title"), Href: "/punti"}, {Title: p.Title}}
	p.JSONLD = structured(p, point, len(geography.Neighbourhoods) > 1)
	return r.Show(pointPage(p, v))
}

// structured describes the point to search engines (schema.org); located says whether its position is more than that of the whole place.
func structured(p *ui.Page, point Point, located bool) string {
	kind := "GovernmentOffice"
	if point.Kind == Private {
		kind = "LocalBusiness"
	}
	var hours []map[string]any
	for day, spans := range point.Hours {
		for _, span := range spans {
			hours = append(hours, map[string]any{
				"@type": "OpeningHoursSpecification", "dayOfWeek": "https://schema.org/" + time.Weekday(day).String(),
				"opens": clock24(span.From), "closes": clock24(span.To),
			})
		}
	}
	described := map[string]any{
		"@context": "https://schema.org", "@type": kind, "name": point.name(p.Lang), "description": point.about(p.Lang).Text,
		"url": p.URL(p.In(p.Lang)), "telephone": point.Phone,
		"address":                   map[string]any{"@type": "PostalAddress", "streetAddress": point.Address, "addressLocality": p.City.Name, "addressRegion": p.City.Province, "addressCountry": "IT"},
		"openingHoursSpecification": hours, "knowsLanguage": point.Languages,
	}
	if located {
		described["geo"] = map[string]any{"@type": "GeoCoordinates", "latitude": point.Lat, "longitude": point.Lon}
	}
	if point.Email != "" {
		described["email"] = point.Email
	}
	raw, err := json.Marshal(described)
	if err != nil {
		panic("places: describe a point: " + err.Error())
	}
	return string(raw)
}
