package accounts

import (
	_ "embed"
	"strings"
	"unicode/utf8"

	"github.com/welfarex/welfarex/modules/kit/problem"
)

// Passwords: long rather than odd. There are no rules of composition, which only make people write them down.
const (
	shortestPassword = 10
	longestPassword  = 200
)

//go:embed common_passwords.txt
var commonText string

var common = func() map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(commonText) {
		set[word] = true
	}
	return set
}()

// checkPassword notes why a new password will not do: too short, among the most common, or the person's own address or name.
func checkPassword(f *problem.Fields, field, password, email, name string) {
	switch {
	case password == "":
		f.Add(field, "accounts.password.missing")
	case utf8.RuneCountInString(password) < shortestPassword:
		f.Add(field, "accounts.password.short")
	case len(password) > longestPassword:
		f.Add(field, "accounts.password.long")
	case common[squeeze(password)] || monotonous(password):
		f.Add(field, "accounts.password.common")
	case ownName(squeeze(password), email, name):
		f.Add(field, "accounts.password.own")
	}
}

//words: accounts.password.missing accounts.password.short accounts.password.long accounts.password.common accounts.password.own

func squeeze(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), "")) }

// monotonous says whether a password is one or two characters over and over.
func monotonous(password string) bool {
	seen := map[rune]bool{}
	for _, r := range strings.ToLower(password) {
		seen[r] = true
	}
	return len(seen) <= 2
}

func ownName(password, email, name string) bool {
	local, _, _ := strings.Cut(strings.ToLower(email), "@")
	for _, own := range []string{strings.ToLower(email), local, squeeze(name)} {
		if own != "" && strings.Trim(password, "0123456789!.?-_*") == strings.Trim(own, "0123456789!.?-_*") {
			return true
		}
	}
	return false
}
