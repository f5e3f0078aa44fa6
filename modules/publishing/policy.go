package publishing

import (
	"slices"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// providersOf are the actor's own providers, where their role allows verb on kind.
func (s *Service) providersOf(actor *authz.Actor, verb, kind string) []uuid.UUID {
	ids := []uuid.UUID{}
	for _, m := range s.policy.Scopes(actor, verb, kind) {
		if m.Provider != uuid.Nil && !slices.Contains(ids, m.Provider) {
			ids = append(ids, m.Provider)
		}
	}
	return ids
}

// mine refuses what is another provider's as if it were not there.
func (s *Service) mine(actor *authz.Actor, verb, kind string, provider uuid.UUID) error {
	if !slices.Contains(s.providersOf(actor, verb, kind), provider) {
		return problem.ErrNotFound
	}
	return nil
}

// mayDecide: whoever wrote in a version or sent it leaves the decision to somebody else.
func mayDecide(actor *authz.Actor, v *Version) error {
	if slices.Contains(v.Authors, actor.Account) {
		return ErrOwn
	}
	return nil
}

// mayReadFile: until it is published a file is its provider's staff's, and that of those who approve.
func (s *Service) mayReadFile(actor *authz.Actor, provider uuid.UUID) error {
	if s.policy.Allow(actor, "approve", "service") == nil {
		return nil
	}
	return s.mine(actor, "read", "service", provider)
}
