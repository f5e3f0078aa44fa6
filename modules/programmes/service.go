package programmes

import (
	"context"

	"github.com/welfarex/welfarex/modules/places"
)

// All gives every programme, grouped by how it stands today.
func (s *Service) All(ctx context.Context) ([]Group, error) {
	all, err := s.readAll(ctx)
	return grouped(all, s.now()), err
}

// Sheet gives one programme and the access points where somebody helps to apply, those open now first.
func (s *Service) Sheet(ctx context.Context, slug string) (Sheet, []places.Point, error) {
	sheet, points, err := s.readSheet(ctx, slug)
	places.ByOpening(points, s.now())
	return sheet, points[:min(3, len(points))], err
}
