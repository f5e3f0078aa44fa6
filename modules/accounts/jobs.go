package accounts

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/mail"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/tenants"
)

// Jobs carry ids. Whoever runs one makes the link itself, so that no link is ever kept where jobs are; a job that runs twice sends two
// mails with a link each, and both work.
type (
	// VerifyMail sends the link that proves the address of a registration.
	VerifyMail struct{ Account uuid.UUID }
	// ResetMail sends the link for a new password; for no account it does nothing, and takes as long.
	ResetMail struct{ Account uuid.UUID }
	// ChangeEmailMail tells the old address and sends the link to the new one.
	ChangeEmailMail struct{ Account uuid.UUID }
	// InviteMail sends an invitation to become staff.
	InviteMail struct{ Account uuid.UUID }
	// NoticeMail tells a person what happened to their account.
	NoticeMail struct {
		Account uuid.UUID
		Notice  string
	}
)

func (VerifyMail) Kind() string      { return "accounts.verify_mail" }
func (ResetMail) Kind() string       { return "accounts.reset_mail" }
func (ChangeEmailMail) Kind() string { return "accounts.change_email_mail" }
func (InviteMail) Kind() string      { return "accounts.invite_mail" }
func (NoticeMail) Kind() string      { return "accounts.notice_mail" }

// Notices, which are also keys of their words.
const (
	noticeKnown       = "known" // somebody registers with an address that has an account
	noticePassword    = "password"
	noticeRecovery    = "recovery"
	noticeCodes       = "codes"
	noticeFactorOn    = "factor_on"
	noticeFactorOff   = "factor_off"
	noticeFactorReset = "factor_reset"
	noticeRole        = "role"
	noticeEmail       = "email"
	noticeKey         = "key"
)

//words: accounts.mail.*

// Jobs says what is done later.
func (s *Service) Jobs(w *jobs.Workers) {
	jobs.On(w, func(ctx context.Context, j VerifyMail) error {
		return s.mailLink(ctx, j.Account, purposeVerify, "/verifica/")
	})
	jobs.On(w, func(ctx context.Context, j ResetMail) error {
		return s.mailLink(ctx, j.Account, purposeReset, "/password/")
	})
	jobs.On(w, func(ctx context.Context, j InviteMail) error {
		return s.mailInvitation(ctx, j.Account)
	})
	jobs.On(w, func(ctx context.Context, j ChangeEmailMail) error { return s.mailNewAddress(ctx, j.Account) })
	jobs.On(w, func(ctx context.Context, j NoticeMail) error { return s.mailNotice(ctx, j.Account, j.Notice) })
}

// mailLink sends a one-time link to the account's address. An account that is gone, or needs the link no longer, gets none.
func (s *Service) mailLink(ctx context.Context, id uuid.UUID, purpose, path string) error {
	account, err := s.findAccount(ctx, id)
	if errors.Is(err, problem.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	switch invited := account.Pending() && account.Password == ""; {
	case purpose == purposeReset && invited:
		purpose, path = purposeInvite, "/invito/"
	case purpose != purposeReset && !account.Pending():
		return nil
	}
	return s.sendLink(ctx, account, account.Email, purpose, path)
}

// mailInvitation sends the link by which a role is accepted, with or without an account; who has none left to accept gets none.
func (s *Service) mailInvitation(ctx context.Context, id uuid.UUID) error {
	account, err := s.findAccount(ctx, id)
	if errors.Is(err, problem.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	offered, err := s.readInvitations(ctx, id)
	if err != nil || len(offered) == 0 {
		return err
	}
	return s.sendLink(ctx, account, account.Email, purposeInvite, "/invito/")
}

// mailNewAddress tells the old address first, then sends the link to the new one; if that one has an account already, it is told so.
func (s *Service) mailNewAddress(ctx context.Context, id uuid.UUID) error {
	account, err := s.findAccount(ctx, id)
	if errors.Is(err, problem.ErrNotFound) || err == nil && account.NewEmail == "" {
		return nil
	}
	if err != nil {
		return err
	}
	if err := s.mail.Send(ctx, s.letter(ctx, account, noticeEmail, "/password-dimenticata")); err != nil {
		return err
	}
	other, err := s.findEmail(ctx, account.NewEmail)
	if err != nil {
		return err
	}
	if other.ID != uuid.Nil {
		return s.mailNotice(ctx, other.ID, noticeKnown)
	}
	return s.sendLink(ctx, account, account.NewEmail, purposeEmail, "/verifica/")
}

// sendLink makes a link, keeps its hash, and sends it.
func (s *Service) sendLink(ctx context.Context, account *Account, to, purpose, path string) error {
	token, err := s.newToken()
	if err != nil {
		return err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		return insertToken(ctx, token, purpose, oneTime{account.ID, to}, s.now().Add(lifetimes[purpose]))
	})
	if err != nil {
		return err
	}
	letter := s.letter(ctx, account, purpose, path+token)
	letter.To = to
	return s.mail.Send(ctx, letter)
}

// notices lead to a page where the person can do something about it.
var noticePaths = map[string]string{
	noticeKnown: "/accedi", noticeRole: "/accedi", noticeFactorReset: "/accedi",
	noticeKey: keysPath, noticePassword: "/password-dimenticata", noticeFactorOn: "/area-personale/secondo-fattore", noticeFactorOff: "/area-personale/secondo-fattore",
	noticeRecovery: "/area-personale/secondo-fattore", noticeCodes: "/area-personale/secondo-fattore",
}

func (s *Service) mailNotice(ctx context.Context, id uuid.UUID, notice string) error {
	account, err := s.findAccount(ctx, id)
	if errors.Is(err, problem.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.mail.Send(ctx, s.letter(ctx, account, notice, noticePaths[notice]))
}

// letter writes a mail in the person's language and the city's words; its link is made from the city's record.
func (s *Service) letter(ctx context.Context, account *Account, kind, path string) mail.Letter {
	city, err := tenants.From(ctx)
	if err != nil {
		return mail.Letter{} // a job without a city never gets here
	}
	voice := s.words.For(city, account.Language)
	key := "accounts.mail." + kind
	l := mail.Letter{
		To: account.Email, Lang: account.Language, Subject: voice.T(key+".subject", "portal", city.PortalIn(account.Language)),
		Paragraphs: strings.Split(voice.T(key+".text", "portal", city.PortalIn(account.Language), "email", account.NewEmail), "\n\n"),
		Button:     voice.T(key + ".button"), Close: voice.T(key+".close", "phone", city.Contacts.Phone),
	}
	l.Greeting = voice.T("accounts.mail.hello", "name", account.Name)
	if account.Name == "" || account.Pending() || kind == purposeEmail { // whose address it is nobody knows: no words of whoever wrote it there
		l.Greeting = voice.T("accounts.mail.hello_you")
	}
	page := ui.Page{Lang: account.Language}
	l.Link = s.base.Of(city) + page.Href(path)
	return l
}
