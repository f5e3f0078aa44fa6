package ledger

import (
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
)

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
