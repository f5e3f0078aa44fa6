package publishing

import (
	"context"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
)

// Seed gives a demonstration something to decide, once: a provider's worker begins a draft, and hands in a new version of a service that is
// published, with a summary of its own. Where the provider has versions already, nothing is done.
func (s *Service) Seed(ctx context.Context, worker *authz.Actor, title, summary string) error {
	desk, err := s.Desk(ctx, worker)
	if err != nil {
		return err
	}
	var published uuid.UUID
	for _, line := range desk.Lines {
		if !line.Live || line.Stage != Published {
			return nil
		}
		published = line.ID
	}
	if published == uuid.Nil {
		return nil
	}
	if _, err := s.Create(ctx, worker, worker.Memberships[0].Provider, title); err != nil {
		return err
	}
	if err := s.Revise(ctx, worker, published); err != nil {
		return err
	}
	w, err := s.Work(ctx, worker, "it", published)
	if err != nil {
		return err
	}
	v, err := s.Save(ctx, worker, published, w.Open.Revision, func(c *Content) { c.Summary = summary })
	if err != nil {
		return err
	}
	return s.Submit(ctx, worker, published, v.Revision)
}
