package places

import (
	"context"
	"slices"
	"time"

	"github.com/welfarex/welfarex/modules/kit/problem"
)

// Now is the moment by which desks are open, in the city's time.
func (s *Service) Now() time.Time { return s.now().In(rome) }

// Points gives every access point, those open now first, and what the map is drawn from.
func (s *Service) Points(ctx context.Context) ([]Point, Geography, error) {
	points, geography, err := s.read(ctx)
	ByOpening(points, s.Now())
	return points, geography, err
}

// Point gives one access point with the two that lie nearest to it.
func (s *Service) Point(ctx context.Context, slug string) (point Point, near []Point, geography Geography, err error) {
	points, geography, err := s.read(ctx)
	if err != nil {
		return point, nil, geography, err
	}
	i := slices.IndexFunc(points, func(p Point) bool { return p.Slug == slug })
	if i < 0 {
		return point, nil, geography, problem.ErrNotFound
	}
	point = points[i]
	others := slices.Delete(points, i, i+1)
	Nearest(others, point.Lat, point.Lon)
	return point, others[:min(2, len(others))], geography, nil
}
