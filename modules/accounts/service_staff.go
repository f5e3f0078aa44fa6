package accounts

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

// Staff lists everyone who holds a role in the city; those who have not come yet stand first.
func (s *Service) Staff(ctx context.Context, actor *authz.Actor) ([]*Colleague, error) {
	if err := s.policy.Allow(actor, "read", "membership"); err != nil {
		return nil, err
	}
	return s.readStaff(ctx)
}

// Desk gives what an administrator sees first: the staff, and the latest entries of the trail.
func (s *Service) Desk(ctx context.Context, actor *authz.Actor) ([]*Colleague, []Trace, error) {
	if err := s.policy.Allow(actor, "read", "membership"); err != nil {
		return nil, nil, err
	}
	most := 0
	if s.policy.Allow(actor, "read", "audit") == nil {
		most = 6
	}
	return s.readDesk(ctx, most)
}

// Colleague gives one of the staff, and the providers and offices to which another role could be limited. A citizen is not found: what
// citizens do here is not an administrator's business.
func (s *Service) Colleague(ctx context.Context, actor *authz.Actor, id uuid.UUID) (c *Colleague, providers, offices []Scope, err error) {
	if err := s.policy.Allow(actor, "read", "membership"); err != nil {
		return nil, nil, nil, err
	}
	return s.readColleague(ctx, id)
}

// ProviderStaff lists the colleagues of the actor's own providers, and the providers. Where the city does not show colleagues, people
// see themselves.
func (s *Service) ProviderStaff(ctx context.Context, actor *authz.Actor) ([]*Colleague, []Scope, error) {
	if err := s.policy.Allow(actor, "enter", "provider"); err != nil {
		return nil, nil, err
	}
	return s.readProviderStaff(ctx, s.providersOf(actor, "enter", "provider"), s.providersOf(actor, "read", "colleague"), actor.Account)
}

// MunicipalStaff lists those who work for the municipality; where the city does not show colleagues, people see themselves.
func (s *Service) MunicipalStaff(ctx context.Context, actor *authz.Actor) ([]*Colleague, error) {
	if err := s.policy.Allow(actor, "enter", "municipality"); err != nil {
		return nil, err
	}
	return s.readMunicipality(ctx, s.mayReadMunicipality(actor), actor.Account)
}

// Scopes lists the providers and offices to which a role can be limited.
func (s *Service) Scopes(ctx context.Context, actor *authz.Actor) (providers, offices []Scope, err error) {
	if err := s.policy.Allow(actor, "invite", "membership"); err != nil {
		return nil, nil, err
	}
	return s.readScopes(ctx)
}

// Trail gives a page of the city's audit trail, newest first, and the verbs by which it can be filtered.
func (s *Service) Trail(ctx context.Context, actor *authz.Actor, verb string, before int64) ([]Trace, []string, error) {
	if err := s.policy.Allow(actor, "read", "audit"); err != nil {
		return nil, nil, err
	}
	return s.readTrail(ctx, verb, before)
}

// Invite offers a role to whoever has an address: they get a link, and the role counts once they have accepted it. Whether they had an
// account already, nobody can tell from the answer.
func (s *Service) Invite(ctx context.Context, actor *authz.Actor, i Invitation) error {
	i.Email = foldEmail(i.Email)
	if err := s.policy.Allow(actor, "invite", "membership"); err != nil {
		return err
	}
	if err := i.check(); err != nil {
		return err
	}
	if err := s.count(ctx, inviteByAccount, actor.Account.String()); err != nil {
		return err
	}
	id, err := s.newID()
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		_, err := insertAccount(ctx, &Account{ID: id, Email: i.Email, Language: "it", Created: s.now()})
		if err != nil {
			return err
		}
		account, err := lockEmail(ctx, i.Email)
		if err != nil {
			return err
		}
		return s.give(ctx, actor.ID(), account, i, false)
	})
}

// GiveRole gives a colleague one more role: at once, or with those that they have still to accept.
func (s *Service) GiveRole(ctx context.Context, actor *authz.Actor, colleague uuid.UUID, i Invitation) error {
	if err := s.policy.Allow(actor, "invite", "membership"); err != nil {
		return err
	}
	var f problem.Fields
	i.checkRole(&f)
	if err := f.Err(); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		account, err := s.lockInvited(ctx, colleague)
		if err != nil {
			return err
		}
		staff, err := hasRoles(ctx, account.ID)
		if err != nil {
			return err
		}
		return s.give(ctx, actor.ID(), account, i, staff && !account.Pending())
	})
}

// give adds a role, or the offer of one, and tells the person.
func (s *Service) give(ctx context.Context, actor string, account *Account, i Invitation, accepted bool) error {
	ok, err := scopeExists(ctx, i)
	if err != nil {
		return err
	}
	if !ok {
		return problem.ErrNotFound
	}
	id, err := s.newID()
	if err != nil {
		return err
	}
	added, err := insertMembership(ctx, id, account.ID, i, s.now(), accepted)
	if err != nil {
		return err
	}
	if !added {
		return at("role", ErrHasRole)
	}
	i.Email = ""
	entry := tenants.Entry{Actor: actor, SubjectKind: "account", Subject: account.ID.String(), Verb: "role_given", Purpose: "role " + i.Role, After: i}
	if !accepted {
		entry.Verb = "invitation_sent"
	}
	if err := tenants.Audit(ctx, entry); err != nil {
		return err
	}
	if !accepted {
		return s.queue.Enqueue(ctx, InviteMail{account.ID})
	}
	return s.queue.Enqueue(ctx, NoticeMail{account.ID, noticeRole})
}

// lockColleague reads one of the staff for a change; a citizen is not found.
func (s *Service) lockColleague(ctx context.Context, id uuid.UUID) (*Account, error) {
	account, err := lockAccount(ctx, id)
	if err != nil {
		return nil, err
	}
	staff, err := hasRoles(ctx, id)
	if err == nil && !staff {
		err = problem.ErrNotFound
	}
	return account, err
}

// lockInvited is lockColleague that also finds who was invited and accepted nothing yet.
func (s *Service) lockInvited(ctx context.Context, id uuid.UUID) (*Account, error) {
	account, err := lockAccount(ctx, id)
	if err != nil {
		return nil, err
	}
	staff, invited, err := standing(ctx, id)
	if err == nil && !staff && !invited {
		err = problem.ErrNotFound
	}
	return account, err
}

// TakeRole takes a role away; from the next request on it is gone. An invitation that has no role left is withdrawn.
func (s *Service) TakeRole(ctx context.Context, actor *authz.Actor, colleague, membership uuid.UUID) error {
	if err := s.policy.Allow(actor, "remove", "membership"); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		account, err := lockAccount(ctx, colleague)
		if err != nil {
			return err
		}
		list, admins, err := lockMemberships(ctx, colleague)
		if err != nil {
			return err
		}
		var found *Membership
		for i := range list {
			if list[i].ID == membership {
				found = &list[i]
			}
		}
		if found == nil {
			return problem.ErrNotFound
		}
		if found.Open && len(list) == 1 {
			return s.withdraw(ctx, actor, account)
		}
		if !found.Open {
			if err := mayRemove(*found, admins); err != nil {
				return err
			}
		}
		if err := deleteMembership(ctx, membership); err != nil {
			return err
		}
		entry := tenants.Entry{Actor: actor.ID(), SubjectKind: "account", Subject: colleague.String(), Verb: "role_taken", Purpose: "role " + found.Role, Before: found}
		if found.Open {
			entry.Verb = "invitation_withdrawn"
		}
		return tenants.Audit(ctx, entry)
	})
}

// RemindInvitation sends an invitation once more.
func (s *Service) RemindInvitation(ctx context.Context, actor *authz.Actor, colleague uuid.UUID) error {
	if err := s.policy.Allow(actor, "invite", "membership"); err != nil {
		return err
	}
	if err := s.count(ctx, inviteByAccount, actor.Account.String()); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		account, err := s.lockOpen(ctx, colleague)
		if err != nil {
			return err
		}
		if err := audit(ctx, actor.ID(), account.ID, "invitation_sent_again", "invitation"); err != nil {
			return err
		}
		return s.queue.Enqueue(ctx, InviteMail{account.ID})
	})
}

// CancelInvitation withdraws an invitation that was not taken; its link no longer works.
func (s *Service) CancelInvitation(ctx context.Context, actor *authz.Actor, colleague uuid.UUID) error {
	if err := s.policy.Allow(actor, "remove", "membership"); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		account, err := s.lockOpen(ctx, colleague)
		if err != nil {
			return err
		}
		return s.withdraw(ctx, actor, account)
	})
}

// lockOpen is lockInvited of somebody who has an invitation to accept.
func (s *Service) lockOpen(ctx context.Context, id uuid.UUID) (*Account, error) {
	account, err := s.lockInvited(ctx, id)
	if err != nil {
		return nil, err
	}
	_, invited, err := standing(ctx, id)
	if err == nil && !invited {
		err = ErrNotInvited
	}
	return account, err
}

// withdraw takes an invitation back. An account that was made for it goes with it; a person's own stays as it was.
func (s *Service) withdraw(ctx context.Context, actor *authz.Actor, account *Account) error {
	if err := audit(ctx, actor.ID(), account.ID, "invitation_withdrawn", "invitation"); err != nil {
		return err
	}
	if account.Pending() {
		return closeAccount(ctx, account.ID, s.now())
	}
	_, err := deleteInvitations(ctx, account.ID, s.now())
	return err
}

// ResetFactor takes a colleague's second factor away, for instance with a lost phone: their sessions end and they enrol anew.
func (s *Service) ResetFactor(ctx context.Context, actor *authz.Actor, colleague uuid.UUID) error {
	if err := s.policy.Allow(actor, "reset", "factor"); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		account, err := s.lockColleague(ctx, colleague)
		if err != nil {
			return err
		}
		if err := mayResetFactor(actor, account); err != nil {
			return err
		}
		account.TOTP, account.TOTPSince = nil, time.Time{}
		if err := saveAccount(ctx, account); err != nil {
			return err
		}
		if err := replaceRecovery(ctx, account.ID, nil); err != nil {
			return err
		}
		if err := deleteSessions(ctx, account.ID, uuid.Nil); err != nil {
			return err
		}
		if err := audit(ctx, actor.ID(), account.ID, "factor_reset", "second factor of a colleague"); err != nil {
			return err
		}
		return s.queue.Enqueue(ctx, NoticeMail{account.ID, noticeFactorReset})
	})
}
