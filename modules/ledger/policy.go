package ledger

import (
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// mayRead asks the second question: may one of the actor's roles read this kind of thing here?
func (s *Service) mayRead(actor *authz.Actor, kind string) error {
	if actor == nil {
		return problem.ErrUnauthenticated
	}
	if !s.policy.May(actor, "read", kind) {
		return problem.ErrForbidden
	}
	return nil
}

// providersOf are the actor's own providers: no role shows the statement of another.
func (s *Service) providersOf(actor *authz.Actor) []uuid.UUID {
	ids := []uuid.UUID{}
	for _, m := range s.policy.Scopes(actor, "read", "statement") {
		if m.Role == authz.Provider {
			ids = append(ids, m.Provider)
		}
	}
	return ids
}
