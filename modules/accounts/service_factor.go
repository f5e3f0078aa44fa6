package accounts

import (
	"context"
	"encoding/base64"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/tenants"
)

// Offer is a second factor that a person may take: nothing of it is kept until a first code proves that their app has it.
type Offer struct {
	Secret  string // base32, in fours, for those who cannot scan
	Picture string // the QR code, as a data: address
	Sealed  string // the secret as the form carries it, readable by nobody else
}

func offerPurpose(account uuid.UUID) string { return "totp-offer:" + account.String() }
func totpPurpose(account uuid.UUID) string  { return "totp:" + account.String() }

// Offer makes a second factor to enrol, or shows the one that a form brought back.
func (s *Service) Offer(ctx context.Context, half *authz.Actor, sealed string) (Offer, error) {
	city, err := tenants.From(ctx)
	if err != nil {
		return Offer{}, err
	}
	secret, err := s.openOffer(city, half.Account, sealed)
	if err != nil {
		if secret, err = newSecret(s.rand); err != nil {
			return Offer{}, err
		}
		raw, err := s.key.Seal(city, offerPurpose(half.Account), []byte(secret))
		if err != nil {
			return Offer{}, err
		}
		sealed = base64.RawURLEncoding.EncodeToString(raw)
	}
	drawn, err := picture(city.Portal, half.Email, secret)
	return Offer{Secret: inFours(secret, " "), Picture: drawn, Sealed: sealed}, err
}

func (s *Service) openOffer(city *tenants.City, account uuid.UUID, sealed string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return "", err
	}
	secret, err := s.key.Open(city, offerPurpose(account), raw)
	return string(secret), err
}

func (s *Service) secretOf(ctx context.Context, account *Account) (string, error) {
	city, err := tenants.From(ctx)
	if err != nil {
		return "", err
	}
	secret, err := s.key.Open(city, totpPurpose(account.ID), account.TOTP)
	return string(secret), err
}

// Enrol takes an offered second factor with a first code. All sessions end and a strong one begins; the recovery codes are told once.
// Citizens give their password again: nobody gives them their account back if someone else locks it on a browser left open.
func (s *Service) Enrol(ctx context.Context, half *authz.Actor, sealed, code, password string, v Visitor) (Entry, []string, error) {
	city, err := tenants.From(ctx)
	if err != nil {
		return Entry{}, nil, err
	}
	if half.Enrolled {
		return Entry{}, nil, ErrEnrolled
	}
	var checked *Account
	if !half.Staff() {
		if checked, err = s.confirm(ctx, half.Account, password); err != nil {
			return Entry{}, nil, err
		}
	}
	if err := s.count(ctx, codeByAccount, half.Account.String()); err != nil {
		return Entry{}, nil, err
	}
	secret, err := s.openOffer(city, half.Account, sealed)
	step := int64(0)
	if err == nil {
		step = stepOf(code, secret, 0, s.now())
	}
	if step == 0 {
		return Entry{}, nil, at("code", ErrCode)
	}
	kept, err := s.key.Seal(city, totpPurpose(half.Account), []byte(secret))
	if err != nil {
		return Entry{}, nil, err
	}
	codes, err := newRecoveryCodes(s.rand)
	if err != nil {
		return Entry{}, nil, err
	}
	var entry Entry
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		account, err := lockAccount(ctx, half.Account)
		if err != nil {
			return err
		}
		if account.Enrolled() {
			return ErrEnrolled
		}
		if checked != nil && checked.Password != account.Password {
			return at("password", ErrPassword)
		}
		account.TOTP, account.TOTPSince, account.TOTPStep = kept, s.now(), step
		if err := s.keepFactor(ctx, account, codes, "factor_enrolled", noticeFactorOn); err != nil {
			return err
		}
		if err := deleteSessions(ctx, account.ID, uuid.Nil); err != nil {
			return err
		}
		entry, err = s.open(ctx, account, true, v)
		return err
	})
	return entry, codes, err
}

// keepFactor writes an account whose second factor changed, its recovery codes, the trail, and a notice to the person.
func (s *Service) keepFactor(ctx context.Context, account *Account, codes []string, verb, notice string) error {
	if err := saveAccount(ctx, account); err != nil {
		return err
	}
	if err := replaceRecovery(ctx, account.ID, codes); err != nil {
		return err
	}
	if err := acquit(ctx, codeByAccount, account.ID.String()); err != nil {
		return err
	}
	if err := auditSelf(ctx, account.ID, verb, "second factor"); err != nil {
		return err
	}
	return s.queue.Enqueue(ctx, NoticeMail{account.ID, notice})
}

// RenewCodes makes new recovery codes and forgets the old ones; it wants a code of the app.
func (s *Service) RenewCodes(ctx context.Context, actor *authz.Actor, code string) ([]string, error) {
	if err := s.count(ctx, codeByAccount, actor.Account.String()); err != nil {
		return nil, err
	}
	codes, err := newRecoveryCodes(s.rand)
	if err != nil {
		return nil, err
	}
	return codes, s.db.Tx(ctx, func(ctx context.Context) error {
		account, err := lockAccount(ctx, actor.Account)
		if err != nil {
			return err
		}
		if err := s.useCode(ctx, account, code); err != nil {
			return err
		}
		return s.keepFactor(ctx, account, codes, "recovery_codes_renewed", noticeCodes)
	})
}

// DropFactor takes the second factor away: staff go on to enrol another at once, as on a new phone; citizens may do without. It wants
// a code of the app or a recovery code. All other sessions end.
func (s *Service) DropFactor(ctx context.Context, actor *authz.Actor, code string) error {
	if err := s.count(ctx, codeByAccount, actor.Account.String()); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		account, err := lockAccount(ctx, actor.Account)
		if err != nil {
			return err
		}
		if err := s.useCode(ctx, account, code); err != nil {
			return err
		}
		account.TOTP, account.TOTPSince = nil, time.Time{}
		if err := deleteSessions(ctx, account.ID, actor.Session); err != nil {
			return err
		}
		if actor.Staff() {
			if err := weaken(ctx, actor.Session, s.now().Add(halfwayLasts)); err != nil {
				return err
			}
		}
		return s.keepFactor(ctx, account, nil, "factor_dropped", noticeFactorOff)
	})
}
