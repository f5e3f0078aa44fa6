package accounts

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// Key is a session that a program has: it acts for its person, as far as its scopes go.
type Key struct {
	ID      uuid.UUID
	Name    string
	Scopes  []string
	Created time.Time
	Seen    time.Time // to a few minutes
	Expires time.Time
}

// KeyRequest is a key as its person wants it.
type KeyRequest struct {
	Name     string
	Scopes   []string
	Days     string // one of KeyDays
	Password string
}

// KeyDays are how long a key may last.
var KeyDays = []int{7, 30, 90, 365}

const (
	longestKeyName = 60
	mostKeys       = 20
)

// ErrKeys says that somebody has as many keys as one may have.
var ErrKeys = problem.New(problem.Conflict, "accounts.keys.full")

//words: accounts.keys.full accounts.keys.name_missing accounts.keys.name_long accounts.keys.scopes_missing accounts.keys.days_wrong

// scopeNeeds are the scopes that mean nothing to who may not do what they open.
var scopeNeeds = map[string]struct{ verb, kind string }{
	"services:read": {"read", "service"}, "services:write": {"edit", "service"}, "inbox:read": {"serve", "order"}, "inbox:write": {"serve", "order"},
}

// offeredScopes are those that a person's key can have.
func offeredScopes(policy *authz.Policy, a *authz.Actor) []string {
	return slices.DeleteFunc(slices.Clone(web.Scopes), func(scope string) bool {
		need, some := scopeNeeds[scope]
		return some && !policy.May(a, need.verb, need.kind)
	})
}

// check reads how long the key lasts, or says what is wrong.
func (k *KeyRequest) check(offered []string) (lasts time.Duration, err error) {
	var f problem.Fields
	k.Name = strings.TrimSpace(k.Name)
	f.Check(k.Name != "", "name", "accounts.keys.name_missing")
	f.Check(utf8.RuneCountInString(k.Name) <= longestKeyName, "name", "accounts.keys.name_long")
	k.Scopes = slices.DeleteFunc(slices.Clone(offered), func(scope string) bool { return !slices.Contains(k.Scopes, scope) })
	f.Check(len(k.Scopes) > 0, "scopes", "accounts.keys.scopes_missing")
	days, wrong := strconv.Atoi(k.Days)
	f.Check(wrong == nil && slices.Contains(KeyDays, days), "days", "accounts.keys.days_wrong")
	f.Check(k.Password != "", "password", "accounts.password.missing")
	return time.Duration(days) * 24 * time.Hour, f.Err()
}
