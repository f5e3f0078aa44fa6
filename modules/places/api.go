package places

import (
	"net/http"
	"slices"
	"time"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// operations are what programs may ask of the access points.
func (s *Service) operations() []web.Route {
	return []web.Route{
		web.Operation(web.Route{
			Method: http.MethodGet, Path: web.APIPath + "/access-points", About: "Lists the access points, those open now first.", Who: web.Anyone, Class: web.Portal,
		}, s.apiPoints),
		web.Operation(web.Route{
			Method: http.MethodGet, Path: web.APIPath + "/access-points/:slug", About: "Gives one access point.", Who: web.Anyone, Class: web.Portal,
			Params: map[string]string{"slug": "access_point"},
		}, s.apiPoint),
	}
}

type pointsQuery struct {
	web.Paging
	Open          bool   `query:"open" doc:"Only those where somebody is now."`
	Neighbourhood string `query:"neighbourhood" doc:"Its slug. Where it has none of its own, the two nearest are given."`
	StepFree      bool   `query:"step_free"`
	Language      string `query:"language" pattern:"^[a-z]{2}$" doc:"Somebody speaks it (ISO 639-1)."`
}

// AccessPoint is a desk where somebody helps.
type AccessPoint struct {
	Slug          string    `json:"slug"`
	Name          string    `json:"name"`
	Kind          string    `json:"kind" enum:"public,private"`
	About         string    `json:"about"`
	Neighbourhood string    `json:"neighbourhood" doc:"Its slug."`
	Address       string    `json:"address"`
	Lat           float64   `json:"lat"`
	Lon           float64   `json:"lon"`
	Phone         string    `json:"phone,omitempty"`
	Email         string    `json:"email,omitempty"`
	StepFree      bool      `json:"step_free"`
	Languages     []string  `json:"languages"`
	Hours         []Opening `json:"hours" doc:"Of a usual week, in the city's time."`
	Closed        []string  `json:"closed" doc:"Days on which it is closed besides national holidays."`
	Now           PointNow  `json:"now"`
	URL           string    `json:"url"`
}

// Opening is a time of the week at which somebody is there.
type Opening struct {
	Day  string `json:"day" enum:"mon,tue,wed,thu,fri,sat,sun"`
	From string `json:"from" example:"09:00"`
	To   string `json:"to" example:"12:30" doc:"24:00 is midnight."`
}

// PointNow is how the desk stands at the moment of the answer.
type PointNow struct {
	Open  bool       `json:"open"`
	Until *time.Time `json:"until,omitempty" doc:"When it closes."`
	Next  *time.Time `json:"next,omitempty" doc:"When it opens."`
}

func (s *Service) pointOf(r *web.Request, p *Point) AccessPoint {
	now := p.At(s.Now())
	out := AccessPoint{
		Slug: p.Slug, Name: p.name(r.Lang), Kind: string(p.Kind), About: p.about(r.Lang).Text, Neighbourhood: p.Neighbourhood, Address: p.Address, Lat: p.Lat, Lon: p.Lon,
		Phone: p.Phone, Email: p.Email, StepFree: p.StepFree, Languages: append([]string{}, p.Languages...), Hours: []Opening{}, Closed: append([]string{}, p.Closed...),
		Now: PointNow{now.Open, web.Moment(now.Until), web.Moment(now.Next)}, URL: r.Link("/punti/" + p.Slug),
	}
	for i := range 7 {
		day := (i + 1) % 7 // from Monday
		for _, span := range p.Hours[day] {
			out.Hours = append(out.Hours, Opening{weekdays[day], clock24(span.From), clock24(span.To)})
		}
	}
	return out
}

//words: places.unknown

func (s *Service) apiPoints(r *web.Request, in *pointsQuery) (*web.Items[AccessPoint], error) {
	points, geography, err := s.Points(r.Ctx)
	if err != nil {
		return nil, err
	}
	if in.Neighbourhood != "" && !slices.ContainsFunc(geography.Neighbourhoods, func(n Neighbourhood) bool { return n.Slug == in.Neighbourhood }) {
		var f problem.Fields
		f.Add("neighbourhood", "places.unknown")
		return nil, f.Err()
	}
	filter := Filter{Open: in.Open, Neighbourhood: in.Neighbourhood, StepFree: in.StepFree, Language: in.Language}
	found, _ := filter.Select(points, geography.Neighbourhoods, s.Now())
	return web.Slice(in.Paging, found, func(p Point) string { return p.Slug }, func(p Point) AccessPoint { return s.pointOf(r, &p) })
}

func (s *Service) apiPoint(r *web.Request, in *web.BySlug) (*AccessPoint, error) {
	point, _, _, err := s.Point(r.Ctx, in.Slug)
	if err != nil {
		return nil, err
	}
	out := s.pointOf(r, &point)
	return &out, nil
}
