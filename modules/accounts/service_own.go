package accounts

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/tenants"
)

// Overview is what a person sees of themselves first.
type Overview struct {
	Account     *Account
	Memberships []Membership
	Sessions    []Session
	Missing     []string // documents whose new version waits to be accepted, as Documents gives them
	Lapsed      []Member // of the household: one acts no longer for them

	say []func(*ui.Page) []NextStep
}

// Next gives what other modules would have the person do first.
func (o Overview) Next(p *ui.Page) (list []NextStep) {
	for _, say := range o.say {
		list = append(list, say(p)...)
	}
	return list
}

// Own reads the person's own account.
func (s *Service) Own(ctx context.Context, actor *authz.Actor) (*Account, error) {
	return s.findAccount(ctx, actor.Account)
}

// Overview reads what the personal area begins with, in one round trip.
func (s *Service) Overview(ctx context.Context, actor *authz.Actor) (Overview, error) {
	var o Overview
	if err := s.readOverview(ctx, actor, &o); err != nil {
		return Overview{}, err
	}
	today := s.today()
	o.Lapsed = slices.DeleteFunc(o.Lapsed, func(m Member) bool { return !m.Lapsed(today) })
	return o, nil
}

// Sessions lists where the person is signed in.
func (s *Service) Sessions(ctx context.Context, actor *authz.Actor) ([]Session, error) {
	return s.listSessions(ctx, actor.Account)
}

// Traces lists who did something to the person's account, newest first, before an entry of the trail (0 = from now).
func (s *Service) Traces(ctx context.Context, actor *authz.Actor, before int64) ([]Trace, error) {
	return s.readTraces(ctx, actor.Account, before)
}

// SaveProfile keeps what a person says of themselves.
func (s *Service) SaveProfile(ctx context.Context, actor *authz.Actor, p Profile) error {
	if err := p.check(s.now()); err != nil {
		return err
	}
	p.FiscalCode = foldFiscalCode(p.FiscalCode)
	return s.db.Tx(ctx, func(ctx context.Context) error {
		account, err := lockAccount(ctx, actor.Account)
		if err != nil {
			return err
		}
		before := account.Profile()
		account.Name, account.Phone, account.FiscalCode, account.Born, account.Language = p.Name, p.Phone, p.FiscalCode, p.Born, p.Language
		if err := saveAccount(ctx, account); err != nil {
			return err
		}
		return tenants.Audit(ctx, tenants.Entry{Actor: actor.ID(), SubjectKind: "account", Subject: account.ID.String(), Verb: "profile_changed",
			Purpose: "own profile", Before: before, After: account.Profile()})
	})
}

// Profile is the part of an account that its person writes.
func (a *Account) Profile() Profile {
	return Profile{Name: a.Name, Phone: a.Phone, FiscalCode: a.FiscalCode, Language: a.Language, Born: a.Born}
}

// AcceptTerms notes that the person accepts the documents that were shown. One that changed meanwhile is not among them.
func (s *Service) AcceptTerms(ctx context.Context, actor *authz.Actor, shown []string) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		n, err := insertAcceptances(ctx, actor.Account, shown, s.now())
		if err != nil || n == 0 {
			return err
		}
		return audit(ctx, actor.ID(), actor.Account, "terms_accepted", "new version of the documents")
	})
}

// ChangeEmail asks for another address, which counts once the mail sent there was opened; the old one is told.
func (s *Service) ChangeEmail(ctx context.Context, actor *authz.Actor, email, password string, v Visitor) error {
	email = foldEmail(email)
	var f problem.Fields
	checkEmail(&f, email)
	f.Check(email != actor.Email, "email", "accounts.email.same")
	f.Check(password != "", "password", "accounts.password.missing")
	if err := f.Err(); err != nil {
		return err
	}
	account, err := s.confirm(ctx, actor.Account, password)
	if err != nil {
		return err
	}
	if err := s.countMail(ctx, email, v); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		account, err := unchanged(ctx, account)
		if err != nil {
			return err
		}
		account.NewEmail = email
		if err := saveAccount(ctx, account); err != nil {
			return err
		}
		if err := dropTokens(ctx, account.ID, s.now(), purposeEmail); err != nil {
			return err
		}
		if err := audit(ctx, actor.ID(), account.ID, "email_change_asked", "another address"); err != nil {
			return err
		}
		return s.queue.Enqueue(ctx, ChangeEmailMail{account.ID})
	})
}

//words: accounts.email.same

// ChangePassword sets another password and ends all other sessions.
func (s *Service) ChangePassword(ctx context.Context, actor *authz.Actor, current, password string) error {
	var f problem.Fields
	f.Check(current != "", "password", "accounts.password.missing")
	checkPassword(&f, "new_password", password, actor.Email, actor.Name)
	if err := f.Err(); err != nil {
		return err
	}
	account, err := s.confirm(ctx, actor.Account, current)
	if err != nil {
		return err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		account, err := unchanged(ctx, account)
		if err != nil {
			return err
		}
		if err := acquit(ctx, checkByAccount, account.ID.String()); err != nil {
			return err
		}
		return s.setPassword(ctx, account, hash, actor.Session)
	})
}

// Close ends the account for good: what is personal is emptied, the row stays for the trail.
func (s *Service) Close(ctx context.Context, actor *authz.Actor, password string, sure bool) error {
	var f problem.Fields
	f.Check(password != "", "password", "accounts.password.missing")
	f.Check(sure, "sure", "accounts.close.confirm")
	if err := f.Err(); err != nil {
		return err
	}
	account, err := s.confirm(ctx, actor.Account, password)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := unchanged(ctx, account); err != nil {
			return err
		}
		memberships, admins, err := lockMemberships(ctx, account.ID)
		if err != nil {
			return err
		}
		if err := mayClose(memberships, admins); err != nil {
			return err
		}
		if err := audit(ctx, actor.ID(), account.ID, "closed", "closed by the person"); err != nil {
			return err
		}
		_, members, err := lockHousehold(ctx, account.ID)
		if err != nil {
			return err
		}
		if err := closeAccount(ctx, account.ID, s.now()); err != nil {
			return err
		}
		return s.dropActs(ctx, members...)
	})
}

// EndSession ends one of the person's own sessions.
func (s *Service) EndSession(ctx context.Context, actor *authz.Actor, id uuid.UUID) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		ended, err := deleteSession(ctx, actor.Account, id)
		if err != nil {
			return err
		}
		if !ended {
			return problem.ErrNotFound
		}
		return audit(ctx, actor.ID(), actor.Account, "session_ended", "ended by the person")
	})
}

// EndOtherSessions ends every session of the person but this one; programs keep their keys.
func (s *Service) EndOtherSessions(ctx context.Context, actor *authz.Actor) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		if err := deleteOthers(ctx, actor.Account, actor.Session); err != nil {
			return err
		}
		return audit(ctx, actor.ID(), actor.Account, "other_sessions_ended", "ended by the person")
	})
}
