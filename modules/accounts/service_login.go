package accounts

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// SignIn checks address and password. A wrong password, an unknown address and an address not yet proved get the same answer,
// after the same work.
func (s *Service) SignIn(ctx context.Context, email, password string, v Visitor) (Entry, error) {
	email = foldEmail(email)
	if err := s.count(ctx, loginByClient, client(v.Address)); err != nil {
		return Entry{}, err
	}
	if err := s.count(ctx, loginByAccount, email); err != nil {
		return Entry{}, err
	}
	account, err := s.findEmail(ctx, email)
	if err != nil {
		return Entry{}, err
	}
	ok, err := s.matches(ctx, password, account.Password)
	switch {
	case err != nil:
		return Entry{}, err
	case !ok:
		return Entry{}, ErrCredentials
	case account.Pending():
		return Entry{}, s.remind(ctx, account)
	}
	var entry Entry
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		fresh, err := unchanged(ctx, account)
		if errors.Is(err, ErrPassword) || errors.Is(err, problem.ErrNotFound) {
			return ErrCredentials
		}
		if err != nil {
			return err
		}
		if err := acquit(ctx, loginByAccount, email); err != nil {
			return err
		}
		if err := forgive(ctx, loginByClient, client(v.Address)); err != nil {
			return err
		}
		entry, err = s.open(ctx, fresh, false, v)
		return err
	})
	return entry, err
}

// remind sends the link of verification once more to whoever knows the password. The answer is that of a wrong one: who registers with
// somebody's address and then signs in with the password they made up would else learn whether that person has an account.
func (s *Service) remind(ctx context.Context, account *Account) error {
	if s.count(ctx, mailByAddress, account.Email) != nil {
		return ErrCredentials
	}
	if err := s.db.Tx(ctx, func(ctx context.Context) error { return s.mailVerify(ctx, account) }); err != nil {
		return err
	}
	return ErrCredentials
}

// open begins a session, in the running transaction. It is always a new one: whatever the browser brought along is over.
func (s *Service) open(ctx context.Context, account *Account, strong bool, v Visitor) (Entry, error) {
	staff, err := hasRoles(ctx, account.ID)
	if err != nil {
		return Entry{}, err
	}
	if v.Session != "" {
		if _, err := deleteSessionToken(ctx, v.Session); err != nil {
			return Entry{}, err
		}
	}
	token, err := s.newToken()
	if err != nil {
		return Entry{}, err
	}
	id, err := s.newID()
	if err != nil {
		return Entry{}, err
	}
	step := StepDone
	switch {
	case strong:
	case account.Enrolled():
		step = StepCode
	case staff:
		step = StepEnrol
	}
	session := begin(id, account.ID, staff, step != StepDone, strong, v.Agent, s.now())
	if err := insertSession(ctx, token, session); err != nil {
		return Entry{}, err
	}
	if step == StepDone {
		err = auditSelf(ctx, account.ID, "signed_in", "login")
	}
	return Entry{token, session.Expires, step}, err
}

// GiveCode completes a login with a code of the app, or with a recovery code. The session of the first step is replaced.
func (s *Service) GiveCode(ctx context.Context, half *authz.Actor, code string, v Visitor) (Entry, error) {
	if err := s.count(ctx, codeByAccount, half.Account.String()); err != nil {
		return Entry{}, err
	}
	var entry Entry
	err := s.db.Tx(ctx, func(ctx context.Context) error {
		account, err := lockAccount(ctx, half.Account)
		if err != nil {
			return err
		}
		if err := s.useCode(ctx, account, code); err != nil {
			return err
		}
		entry, err = s.open(ctx, account, true, v)
		return err
	})
	return entry, err
}

// useCode accepts a code of the app or a recovery code, each of which counts once, in the running transaction.
func (s *Service) useCode(ctx context.Context, account *Account, code string) error {
	if !account.Enrolled() {
		return ErrNoFactor
	}
	if err := acquit(ctx, codeByAccount, account.ID.String()); err != nil { // undone with the transaction if the code is wrong
		return err
	}
	if hash := recoveryHash(code); hash != nil {
		return s.useRecovery(ctx, account, hash)
	}
	secret, err := s.secretOf(ctx, account)
	if err != nil {
		return err
	}
	step := stepOf(code, secret, account.TOTPStep, s.now())
	if step == 0 {
		return at("code", ErrCode)
	}
	account.TOTPStep = step
	return saveAccount(ctx, account)
}

func (s *Service) useRecovery(ctx context.Context, account *Account, hash []byte) error {
	ok, err := spendRecovery(ctx, account.ID, hash, s.now())
	if err != nil {
		return err
	}
	if !ok {
		return at("code", ErrCode)
	}
	if err := auditSelf(ctx, account.ID, "recovery_code_used", "second factor"); err != nil {
		return err
	}
	return s.queue.Enqueue(ctx, NoticeMail{account.ID, noticeRecovery})
}

// SignOut ends the session of a cookie; what is no session is as good as ended.
func (s *Service) SignOut(ctx context.Context, token string) error {
	if token == "" {
		return nil
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		account, err := deleteSessionToken(ctx, token)
		if err != nil || account == uuid.Nil {
			return err
		}
		return auditSelf(ctx, account, "signed_out", "logout")
	})
}
