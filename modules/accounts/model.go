package accounts

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// Account is a person of one city. The same address in two cities is two accounts that know nothing of each other.
type Account struct {
	ID         uuid.UUID
	Email      string
	NewEmail   string // asked for, and not yet proved by its own mail
	Name       string
	Password   string // argon2id, or "" until an invitation is taken
	Verified   time.Time
	FiscalCode string
	Born       time.Time
	Phone      string
	Language   string
	TOTP       []byte // sealed secret
	TOTPSince  time.Time
	TOTPStep   int64 // of the last code that counted
	Created    time.Time
}

// Enrolled says whether the account has a second factor.
func (a *Account) Enrolled() bool { return !a.TOTPSince.IsZero() }

// Pending says whether the account was invited, or registered, and nobody has proved its address yet.
func (a *Account) Pending() bool { return a.Verified.IsZero() }

// Refusals a person can be told about.
var (
	ErrCredentials   = problem.New(problem.Invalid, "accounts.wrong_credentials")
	ErrPassword      = problem.New(problem.Invalid, "accounts.wrong_password")
	ErrCode          = problem.New(problem.Invalid, "accounts.wrong_code")
	ErrToken         = problem.New(problem.NotFound, "accounts.token_spent")
	ErrEnrolled      = problem.New(problem.Conflict, "accounts.already_enrolled")
	ErrTooMany       = problem.New(problem.TooMany, "accounts.too_many")
	ErrLastAdmin     = problem.New(problem.Conflict, "accounts.last_admin")
	ErrOwnFactor     = problem.New(problem.Conflict, "accounts.own_factor")
	ErrNoFactor      = problem.New(problem.Conflict, "accounts.no_factor")
	ErrHasRole       = problem.New(problem.Conflict, "accounts.has_role")
	ErrNotInvited    = problem.New(problem.Conflict, "accounts.not_invited")
	ErrLastAdminLeft = problem.New(problem.Conflict, "accounts.last_admin_close")
)

//words: accounts.wrong_credentials accounts.wrong_password accounts.wrong_code accounts.token_spent accounts.already_enrolled accounts.too_many
//words: accounts.last_admin accounts.own_factor accounts.no_factor accounts.has_role accounts.not_invited accounts.last_admin_close

// Purposes of the one-time links that mails carry.
const (
	purposeVerify = "verify"
	purposeReset  = "reset"
	purposeEmail  = "change_email"
	purposeInvite = "invite"
)

// lifetimes of those links.
var lifetimes = map[string]time.Duration{
	purposeVerify: 72 * time.Hour,
	purposeReset:  time.Hour,
	purposeEmail:  24 * time.Hour,
	purposeInvite: 7 * 24 * time.Hour,
}

// foldEmail is how an address is kept and compared.
func foldEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// plausibleEmail is deliberately generous: only a mail that arrives proves an address.
func plausibleEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && len(s) <= 254 && utf8.ValidString(s) && strings.Contains(strings.Trim(domain, "."), ".") &&
		!strings.ContainsAny(s, " \t\r\n<>(),;:\\\"[]") && !strings.Contains(domain, "@") && strings.Trim(domain, ".") == domain
}

// checkEmail notes what is wrong with the field email.
func checkEmail(f *problem.Fields, email string) {
	if email == "" {
		f.Add("email", "accounts.email.missing")
		return
	}
	f.Check(plausibleEmail(email), "email", "accounts.email.wrong")
}

// longestName bounds what fits on a line of any page.
const longestName = 120

func checkName(f *problem.Fields, name string) {
	if name == "" {
		f.Add("name", "accounts.name.missing")
		return
	}
	f.Check(utf8.RuneCountInString(name) <= longestName && !strings.ContainsAny(name, "<>/\\\r\n\t") && !strings.Contains(strings.ToLower(name), "www.") &&
		utf8.ValidString(name), "name", "accounts.name.wrong") // no addresses: a name stands in mails
}

//words: accounts.email.missing accounts.email.wrong accounts.name.missing accounts.name.wrong accounts.phone.wrong accounts.terms.missing
//words: accounts.born.wrong accounts.role_missing accounts.role_needs_provider accounts.role_scope accounts.close.confirm

// plausiblePhone takes what people write: digits, spaces, dots, slashes, dashes, a leading plus.
func plausiblePhone(s string) bool {
	digits := 0
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '+' && i == 0, r == ' ', r == '.', r == '/', r == '-':
		default:
			return false
		}
	}
	return digits >= 6 && digits <= 15
}

// Registration is what a person writes to get an account.
type Registration struct {
	Name, Email, Password string
	Terms                 bool // privacy notice and terms were accepted
	Language              string
	Documents             []string // that were shown, as Documents gives them
}

func (r Registration) check() error {
	var f problem.Fields
	checkName(&f, r.Name)
	checkEmail(&f, r.Email)
	checkPassword(&f, "password", r.Password, r.Email, r.Name)
	f.Check(r.Terms, "terms", "accounts.terms.missing")
	return f.Err()
}

// Profile is what a person says of themselves; only the name is required.
type Profile struct {
	Name, Phone, FiscalCode, Language string
	Born                              time.Time
	BornWrong                         bool // something was typed that is no date
}

func (p Profile) check(now time.Time) error {
	var f problem.Fields
	checkName(&f, p.Name)
	f.Check(p.Phone == "" || plausiblePhone(p.Phone), "phone", "accounts.phone.wrong")
	right := checkBorn(&f, p.Born, p.BornWrong, now)
	checkFiscalCode(&f, p.FiscalCode, p.Born, right && !p.Born.IsZero(), now)
	return f.Err()
}

// checkBorn wants a day of the last 125 years, or none; it says whether that is so.
func checkBorn(f *problem.Fields, born time.Time, wrong bool, now time.Time) bool {
	right := !wrong && (born.IsZero() || !born.After(now) && !born.Before(now.AddDate(-125, 0, 0)))
	f.Check(right, "born", "accounts.born.wrong")
	return right
}

// checkFiscalCode wants a sound codice fiscale, or none; with a day of birth it must be that day's.
func checkFiscalCode(f *problem.Fields, s string, born time.Time, known bool, now time.Time) {
	if s == "" {
		return
	}
	code, err := ParseFiscalCode(s, now)
	switch {
	case err != nil:
		f.Add("fiscal_code", problem.Of(err).Code)
	case known && !code.BornOn(born):
		f.Add("fiscal_code", ErrFiscalCodeBirth.Code)
	}
}

// Invitation asks a person to become staff, with one role in one scope.
type Invitation struct {
	Email, Role      string
	Provider, Office uuid.UUID
}

func (i Invitation) check() error {
	var f problem.Fields
	checkEmail(&f, i.Email)
	i.checkRole(&f)
	return f.Err()
}

// checkRole wants a provider with the role provider and with no other, and an office only where offices have a meaning.
func (i Invitation) checkRole(f *problem.Fields) {
	switch i.Role {
	case authz.Provider:
		f.Check(i.Provider != uuid.Nil, "provider", "accounts.role_needs_provider")
		f.Check(i.Office == uuid.Nil, "office", "accounts.role_scope")
	case authz.Municipality, authz.WelfareManager:
		f.Check(i.Provider == uuid.Nil, "provider", "accounts.role_scope")
	case authz.CityAdmin:
		f.Check(i.Provider == uuid.Nil && i.Office == uuid.Nil, "role", "accounts.role_scope")
	default:
		f.Add("role", "accounts.role_missing")
	}
}
