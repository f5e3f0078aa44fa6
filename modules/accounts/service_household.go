package accounts

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

// Household lists everyone the person has added, those too for whom they may act no longer.
func (s *Service) Household(ctx context.Context, actor *authz.Actor) ([]Member, error) {
	return s.readHousehold(ctx, actor.Account)
}

// Members lists the people for whom the person may act today.
func (s *Service) Members(ctx context.Context, actor *authz.Actor) ([]Member, error) {
	return s.readMembers(ctx, actor)
}

// Member gives one of the people for whom the person may act today. Anyone else's, another city's, one who was removed or has come of age
// is not found.
func (s *Service) Member(ctx context.Context, actor *authz.Actor, id uuid.UUID) (Member, error) {
	list, err := s.Members(ctx, actor)
	if err != nil {
		return Member{}, err
	}
	return memberOf(list, id)
}

// HouseholdMember is Member for one's own pages, where those who have come of age are found too.
func (s *Service) HouseholdMember(ctx context.Context, actor *authz.Actor, id uuid.UUID) (Member, error) {
	list, err := s.readHousehold(ctx, actor.Account)
	if err != nil {
		return Member{}, err
	}
	return memberOf(list, id)
}

func memberOf(list []Member, id uuid.UUID) (Member, error) {
	i := slices.IndexFunc(list, func(m Member) bool { return m.ID == id })
	if i < 0 {
		return Member{}, problem.ErrNotFound
	}
	return list[i], nil
}

// AddMember adds a person to one's household.
func (s *Service) AddMember(ctx context.Context, actor *authz.Actor, p MemberProfile) (uuid.UUID, error) {
	if err := p.check(s.today()); err != nil {
		return uuid.Nil, err
	}
	p.FiscalCode = foldFiscalCode(p.FiscalCode)
	id, err := s.newID()
	if err != nil {
		return uuid.Nil, err
	}
	return id, s.db.Tx(ctx, func(ctx context.Context) error {
		account, others, err := lockHousehold(ctx, actor.Account)
		if err != nil {
			return err
		}
		if len(others) >= largestHousehold {
			return ErrHouseholdFull
		}
		if err := p.fits(account, others); err != nil {
			return err
		}
		if err := insertMember(ctx, id, account.ID, p, s.now()); err != nil {
			return err
		}
		return auditMember(ctx, actor, id, "member_added")
	})
}

// SaveMember changes what one says of a person of one's household.
func (s *Service) SaveMember(ctx context.Context, actor *authz.Actor, id uuid.UUID, p MemberProfile) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		account, list, err := lockHousehold(ctx, actor.Account)
		if err != nil {
			return err
		}
		before, err := memberOf(list, id)
		if err != nil {
			return err
		}
		if err := p.check(s.today()); err != nil {
			return err
		}
		p.FiscalCode = foldFiscalCode(p.FiscalCode)
		if err := p.fits(account, slices.DeleteFunc(list, func(m Member) bool { return m.ID == id })); err != nil {
			return err
		}
		keepAct := before.proves(p)
		if err := updateMember(ctx, id, p, keepAct); err != nil {
			return err
		}
		if !keepAct {
			if err := s.dropActs(ctx, before); err != nil {
				return err
			}
		}
		return auditMember(ctx, actor, id, "member_changed")
	})
}

// RemoveMember takes a person out of one's household; of them only the name is kept.
func (s *Service) RemoveMember(ctx context.Context, actor *authz.Actor, id uuid.UUID) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		_, list, err := lockHousehold(ctx, actor.Account)
		if err != nil {
			return err
		}
		m, err := memberOf(list, id)
		if err != nil {
			return err
		}
		if err := dropMember(ctx, id, s.now()); err != nil {
			return err
		}
		if err := s.dropActs(ctx, m); err != nil {
			return err
		}
		return auditMember(ctx, actor, id, "member_removed")
	})
}

// memberKind is what the trail calls a person of a household.
const memberKind = "household_member"

// auditMember notes that somebody changed their household. The entry holds ids alone: digests of so little could be guessed.
func auditMember(ctx context.Context, actor *authz.Actor, id uuid.UUID, verb string) error {
	return tenants.Audit(ctx, tenants.Entry{Actor: actor.ID(), SubjectKind: memberKind, Subject: id.String(), Verb: verb, Purpose: "own household"})
}
