package accounts

import (
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
)

// mayResetFactor: a colleague's, never one's own, which would be a way around it; and only where there is one.
func mayResetFactor(actor *authz.Actor, colleague *Account) error {
	switch {
	case colleague.ID == actor.Account:
		return ErrOwnFactor
	case !colleague.Enrolled():
		return ErrNoFactor
	}
	return nil
}

// mayRemove: the city keeps at least one administrator, who can let others in.
func mayRemove(m Membership, admins int) error {
	if m.Role == authz.CityAdmin && admins <= 1 {
		return ErrLastAdmin
	}
	return nil
}

// mayClose: whoever is the last administrator names another one first.
func mayClose(memberships []Membership, admins int) error {
	for _, m := range memberships {
		if m.Role == authz.CityAdmin && !m.Open && admins <= 1 {
			return ErrLastAdminLeft
		}
	}
	return nil
}

// providersOf are the actor's own providers, where their role allows verb on kind.
func (s *Service) providersOf(actor *authz.Actor, verb, kind string) []uuid.UUID {
	ids := []uuid.UUID{}
	for _, m := range s.policy.Scopes(actor, verb, kind) {
		if m.Role == authz.Provider {
			ids = append(ids, m.Provider)
		}
	}
	return ids
}

// mayReadMunicipality: by a role of the municipality; that of a provider shows only its own.
func (s *Service) mayReadMunicipality(actor *authz.Actor) bool {
	for _, m := range s.policy.Scopes(actor, "read", "colleague") {
		if m.Role != authz.Provider {
			return true
		}
	}
	return false
}
