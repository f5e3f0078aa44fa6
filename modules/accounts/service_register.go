package accounts

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// Register makes an account that lives once its address is proved. An address that has one already gets a mail that says so; the
// answer is the same. An account that nobody ever proved belongs to whoever registered last: the link works only with their password.
func (s *Service) Register(ctx context.Context, r Registration, v Visitor) error {
	r.Email = foldEmail(r.Email)
	if err := r.check(); err != nil {
		return err
	}
	if err := s.countMail(ctx, r.Email, v); err != nil {
		return err
	}
	hash, err := s.hash(ctx, r.Password)
	if err != nil {
		return err
	}
	id, err := s.newID()
	if err != nil {
		return err
	}
	account := &Account{ID: id, Email: r.Email, Name: r.Name, Password: hash, Language: r.Language, Created: s.now()}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		added, err := insertAccount(ctx, account)
		if err != nil {
			return err
		}
		if !added {
			old, err := lockEmail(ctx, account.Email)
			if err != nil {
				return err
			}
			if !old.Pending() {
				return s.queue.Enqueue(ctx, NoticeMail{old.ID, noticeKnown})
			}
			if err := s.replace(ctx, old, account); err != nil {
				return err
			}
			account = old
		}
		if err := auditSelf(ctx, account.ID, "registered", "registration"); err != nil {
			return err
		}
		return s.mailVerify(ctx, account)
	})
}

// replace gives an account that was never proved to whoever registers now.
func (s *Service) replace(ctx context.Context, old, now *Account) error {
	old.Name, old.Password, old.Language = now.Name, now.Password, now.Language
	return saveAccount(ctx, old)
}

// mailVerify sends the link of verification, in the running transaction, unless one went off just now. Links sent before go on working:
// each proves the same address, and only with the password of the last registration.
func (s *Service) mailVerify(ctx context.Context, account *Account) error {
	hits, _, err := hit(ctx, verifyByAccount, account.ID.String(), s.now())
	if err != nil || hits > verifyByAccount.hits {
		return err
	}
	return s.queue.Enqueue(ctx, VerifyMail{account.ID})
}

// countMail bounds how many mails one address is sent, and one client asks for.
func (s *Service) countMail(ctx context.Context, email string, v Visitor) error {
	if err := s.count(ctx, mailByClient, client(v.Address)); err != nil {
		return err
	}
	return s.count(ctx, mailByAddress, email)
}

// Look says whom a link is for and what it does, without using it. It refuses with ErrToken what no longer works.
func (s *Service) Look(ctx context.Context, token string, purposes ...string) (purpose string, account *Account, err error) {
	return s.findToken(ctx, token, purposes...)
}

// Documents are those that have to be accepted, as they are now: "privacy@2026-11". A form carries them, so that what is noted is what
// was shown.
func (s *Service) Documents(ctx context.Context) ([]string, error) { return s.readDocuments(ctx) }

// Verify proves the address of a registration with the link of its mail and the password chosen then, and lets the person in. Only now
// it is known whose acceptance of the documents it is.
func (s *Service) Verify(ctx context.Context, token, password string, shown []string, v Visitor) (Entry, error) {
	account, err := s.findLink(ctx, token, purposeVerify, v)
	if err != nil {
		return Entry{}, err
	}
	if err := s.count(ctx, checkByAccount, account.ID.String()); err != nil {
		return Entry{}, err
	}
	ok, err := s.matches(ctx, password, account.Password)
	if err != nil {
		return Entry{}, err
	}
	if !ok {
		return Entry{}, at("password", ErrPassword)
	}
	var entry Entry
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		fresh, _, err := s.lockLink(ctx, account.ID, token, purposeVerify)
		if err != nil {
			return err
		}
		if fresh.Password != account.Password {
			return at("password", ErrPassword)
		}
		fresh.Verified = s.now()
		if err := saveAccount(ctx, fresh); err != nil {
			return err
		}
		if _, err := insertAcceptances(ctx, fresh.ID, shown, s.now()); err != nil {
			return err
		}
		if err := auditSelf(ctx, fresh.ID, "verified", "registration"); err != nil {
			return err
		}
		entry, err = s.open(ctx, fresh, false, v)
		return err
	})
	return entry, err
}

// findLink looks at a link, counting how often a client tries.
func (s *Service) findLink(ctx context.Context, token, purpose string, v Visitor) (*Account, error) {
	if err := s.count(ctx, tokenByClient, client(v.Address)); err != nil {
		return nil, err
	}
	_, account, err := s.findToken(ctx, token, purpose)
	return account, err
}

// lockLink uses a link up, in the running transaction. Everything that changes an account locks its row first, so that no two wait for
// each other.
func (s *Service) lockLink(ctx context.Context, id uuid.UUID, token, purpose string) (*Account, oneTime, error) {
	account, err := lockAccount(ctx, id)
	if errors.Is(err, problem.ErrNotFound) {
		err = ErrToken
	}
	if err != nil {
		return nil, oneTime{}, err
	}
	link, err := spendToken(ctx, token, purpose, s.now())
	return account, link, err
}

// Forget sends a link for a new password, if the address has an account. Nobody can tell from the answer, nor from how long it takes:
// there is always a password's worth of work, and always a job.
func (s *Service) Forget(ctx context.Context, email string, v Visitor) error {
	email = foldEmail(email)
	var f problem.Fields
	checkEmail(&f, email)
	if err := f.Err(); err != nil {
		return err
	}
	if err := s.countMail(ctx, email, v); err != nil {
		return err
	}
	if _, err := s.matches(ctx, email, ""); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		account, err := lockEmail(ctx, email)
		if errors.Is(err, problem.ErrNotFound) {
			return s.queue.Enqueue(ctx, ResetMail{uuid.Nil})
		}
		if err != nil {
			return err
		}
		return s.queue.Enqueue(ctx, ResetMail{account.ID})
	})
}

// Reset sets a new password by the link of a mail, which also proves the address, and ends every session.
func (s *Service) Reset(ctx context.Context, token, password string, v Visitor) error {
	account, err := s.findLink(ctx, token, purposeReset, v)
	if err != nil {
		return err
	}
	var f problem.Fields
	checkPassword(&f, "password", password, account.Email, account.Name)
	if err := f.Err(); err != nil {
		return err
	}
	hash, err := s.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		account, _, err := s.lockLink(ctx, account.ID, token, purposeReset)
		if err != nil {
			return err
		}
		if account.Pending() {
			account.Verified = s.now()
		}
		return s.setPassword(ctx, account, hash, uuid.Nil)
	})
}

// setPassword keeps a new password, ends all sessions but one, makes open links worthless and tells the person. A change of address that
// waits ends too: it may be a thief's.
func (s *Service) setPassword(ctx context.Context, account *Account, hash string, but uuid.UUID) error {
	account.Password, account.NewEmail = hash, ""
	if err := saveAccount(ctx, account); err != nil {
		return err
	}
	if err := deleteSessions(ctx, account.ID, but); err != nil {
		return err
	}
	if err := dropTokens(ctx, account.ID, s.now(), purposeReset, purposeVerify, purposeInvite, purposeEmail); err != nil {
		return err
	}
	if err := acquit(ctx, loginByAccount, account.Email); err != nil {
		return err
	}
	if err := auditSelf(ctx, account.ID, "password_changed", "new password"); err != nil {
		return err
	}
	return s.queue.Enqueue(ctx, NoticeMail{account.ID, noticePassword})
}

// TakeInvitation turns an invitation into a living account and lets the person in, as far as the second factor.
func (s *Service) TakeInvitation(ctx context.Context, token string, r Registration, v Visitor) (Entry, error) {
	account, err := s.findLink(ctx, token, purposeInvite, v)
	if err != nil {
		return Entry{}, err
	}
	r.Email = account.Email
	if err := r.check(); err != nil {
		return Entry{}, err
	}
	hash, err := s.hash(ctx, r.Password)
	if err != nil {
		return Entry{}, err
	}
	var entry Entry
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		account, _, err := s.lockLink(ctx, account.ID, token, purposeInvite)
		if err != nil {
			return err
		}
		if !account.Pending() {
			return ErrToken
		}
		account.Name, account.Password, account.Language, account.Verified = r.Name, hash, r.Language, s.now()
		if err := saveAccount(ctx, account); err != nil {
			return err
		}
		if err := dropTokens(ctx, account.ID, s.now(), purposeVerify, purposeReset); err != nil {
			return err
		}
		if err := deleteSessions(ctx, account.ID, uuid.Nil); err != nil {
			return err
		}
		if _, err := insertAcceptances(ctx, account.ID, r.Documents, s.now()); err != nil {
			return err
		}
		if _, err := acceptMemberships(ctx, account.ID, s.now()); err != nil {
			return err
		}
		if err := auditSelf(ctx, account.ID, "invitation_taken", "invitation"); err != nil {
			return err
		}
		entry, err = s.open(ctx, account, false, v)
		return err
	})
	return entry, err
}

// Offered gives the roles that an invitation offers to somebody who has an account.
func (s *Service) Offered(ctx context.Context, account uuid.UUID) ([]Membership, error) {
	return s.readInvitations(ctx, account)
}

// AcceptInvitation takes the roles of an invitation for an account that lives already. Who becomes staff signs in anew: their sessions
// were a citizen's.
func (s *Service) AcceptInvitation(ctx context.Context, actor *authz.Actor, token string, v Visitor) error {
	account, err := s.findLink(ctx, token, purposeInvite, v)
	if err != nil {
		return err
	}
	if actor == nil || actor.Account != account.ID {
		return problem.ErrForbidden
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		account, _, err := s.lockLink(ctx, account.ID, token, purposeInvite)
		if err != nil {
			return err
		}
		staff, err := hasRoles(ctx, account.ID)
		if err != nil {
			return err
		}
		accepted, err := acceptMemberships(ctx, account.ID, s.now())
		if err != nil {
			return err
		}
		if !accepted || account.Pending() {
			return ErrToken
		}
		if !staff {
			if err := deleteSessions(ctx, account.ID, uuid.Nil); err != nil {
				return err
			}
		}
		return auditSelf(ctx, account.ID, "invitation_taken", "invitation")
	})
}

// ConfirmEmail makes the new address the account's, by the link that was sent there.
func (s *Service) ConfirmEmail(ctx context.Context, token string, v Visitor) error {
	account, err := s.findLink(ctx, token, purposeEmail, v)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		account, link, err := s.lockLink(ctx, account.ID, token, purposeEmail)
		if err != nil {
			return err
		}
		taken, err := emailTaken(ctx, link.Email)
		if err != nil {
			return err
		}
		if taken || account.NewEmail != link.Email {
			return ErrToken
		}
		account.Email, account.NewEmail = link.Email, ""
		if err := saveAccount(ctx, account); err != nil {
			return err
		}
		if err := dropTokens(ctx, account.ID, s.now(), purposeReset); err != nil {
			return err
		}
		return auditSelf(ctx, account.ID, "email_changed", "new address proved")
	})
}
