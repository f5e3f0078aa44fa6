package portal

import (
	"context"
	"time"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/places"
	"github.com/welfarex/welfarex/modules/programmes"
	"github.com/welfarex/welfarex/tenants"
)

// Home is what the first page says, worked out.
type Home struct {
	Now        time.Time
	Needs      []catalogue.Need // in the city's own order
	Categories []catalogue.Category
	Services   int
	Free       int
	Providers  int
	Points     []places.Point // those open now first
	Open       int            // how many of them are
	Map        places.Map
	ToApply    []programmes.Programme // the first few
	Programmes int                    // how many there are to apply for
	News       []tenants.News
	Pages      []Link
}

// shown is how many programmes the home shows.
const shown = 3

// Front gives the home of the city of ctx.
func (s *Service) Front(ctx context.Context, lang string) (Home, error) {
	city, err := tenants.From(ctx)
	if err != nil {
		return Home{}, err
	}
	f, err := s.readFront(ctx, lang)
	if err != nil {
		return Home{}, err
	}
	h := Home{
		Now: s.now().In(ui.Rome), Categories: f.catalogue.Categories, Services: f.catalogue.Services, Free: f.catalogue.Free, Providers: f.catalogue.Providers,
		Points: f.points, Pages: f.pages, Needs: inOrder(f.catalogue.Needs, city.Home.Needs),
	}
	places.ByOpening(h.Points, h.Now)
	for i := range h.Points {
		if h.Points[i].At(h.Now).Open {
			h.Open++
		}
	}
	h.Map = places.Draw(f.geography, h.Points)
	open := programmes.ToApply(f.programmes, h.Now)
	h.ToApply, h.Programmes = open[:min(shown, len(open))], len(open)
	h.News = recent(city.Home.News, h.Now)
	return h, nil
}

// inOrder picks needs as the city lists them on its home.
func inOrder(all []catalogue.Need, slugs []string) []catalogue.Need {
	var list []catalogue.Need
	for _, slug := range slugs {
		for _, n := range all {
			if n.Slug == slug {
				list = append(list, n)
			}
		}
	}
	return list
}
