package accounts

import (
	"context"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/tenants"
)

// SeedPerson is somebody of a demonstration.
type SeedPerson struct {
	Email, Name string
	Hash        string // of the password, from Hash: one for all, as each takes a while
	Role        string // authz.Citizen, or a role of staff
	Provider    string // slug, for the role provider
	Office      string // slug, optional for those of the municipality
	TOTPSecret  string // base32, "" for none
}

// Seed makes a person with a proved address, their role and second factor; what is there already is kept, so that it can run at every
// start.
func (s *Service) Seed(ctx context.Context, p SeedPerson) error {
	city, err := tenants.From(ctx)
	if err != nil {
		return err
	}
	id, err := s.newID()
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		added, err := insertAccount(ctx, &Account{ID: id, Email: foldEmail(p.Email), Name: p.Name, Password: p.Hash, Language: "it", Created: s.now(), Verified: s.now()})
		if err != nil {
			return err
		}
		account, err := lockEmail(ctx, foldEmail(p.Email))
		if err != nil {
			return err
		}
		shown, err := currentDocuments(ctx)
		if err != nil {
			return err
		}
		if _, err := insertAcceptances(ctx, account.ID, shown, s.now()); err != nil {
			return err
		}
		if added {
			if err := audit(ctx, "operator", account.ID, "registered", "demonstration"); err != nil {
				return err
			}
		}
		if p.TOTPSecret != "" && !account.Enrolled() {
			if account.TOTP, err = s.key.Seal(city, totpPurpose(account.ID), []byte(p.TOTPSecret)); err != nil {
				return err
			}
			account.TOTPSince = s.now()
			if err := saveAccount(ctx, account); err != nil {
				return err
			}
		}
		return s.seedRole(ctx, account.ID, p)
	})
}

func (s *Service) seedRole(ctx context.Context, account uuid.UUID, p SeedPerson) error {
	if p.Role == "" || p.Role == authz.Citizen {
		return nil
	}
	provider, err := scopeBySlug(ctx, "providers", p.Provider)
	if err != nil {
		return err
	}
	office, err := scopeBySlug(ctx, "offices", p.Office)
	if err != nil {
		return err
	}
	id, err := s.newID()
	if err != nil {
		return err
	}
	added, err := insertMembership(ctx, id, account, Invitation{Role: p.Role, Provider: provider, Office: office}, s.now(), true)
	if err != nil || !added {
		return err
	}
	return audit(ctx, "operator", account, "role_given", "role "+p.Role)
}

// SeedActor is a person of a demonstration, come in with everything: what follows is done in their name.
func (s *Service) SeedActor(ctx context.Context, email string) (*authz.Actor, error) {
	account, err := s.findEmail(ctx, foldEmail(email))
	if err != nil {
		return nil, err
	}
	var o Overview
	if err := s.readOverview(ctx, &authz.Actor{Account: account.ID}, &o); err != nil {
		return nil, err
	}
	actor := &authz.Actor{Account: account.ID, Name: account.Name, Email: account.Email, Language: account.Language, Enrolled: account.Enrolled(), Strong: true}
	for _, m := range o.Memberships {
		actor.Memberships = append(actor.Memberships, authz.Membership{Role: m.Role, Provider: m.Provider, Office: m.Office})
	}
	return actor, nil
}
