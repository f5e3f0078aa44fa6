package main

import (
	"embed"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/tenants"
)

//go:embed locales/*.json
var locales embed.FS

//words: cli.* change.* folder.*

// voice speaks to the operator, in Italian unless the terminal's language is English.
type voice struct{ ui.Voice }

func cliVoice() voice {
	words, err := ui.Load(locales, ledger.Words)
	if err != nil {
		panic(err)
	}
	lang := "it"
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := os.Getenv(name); v != "" {
			if strings.HasPrefix(v, "en") {
				lang = "en"
			}
			break
		}
	}
	return voice{words.For(nil, lang)}
}

// cliVars are the help texts, by the names the command tags use.
func cliVars(say voice) kong.Vars {
	vars := kong.Vars{}
	for _, key := range []string{
		"env_file", "serve", "only", "work", "migrate", "city", "demo", "routes", "config", "healthcheck", "apply", "force", "dir", "list", "show", "suspend",
		"resume", "hosts", "secret", "secret_set", "secret_name", "slug", "import", "limit", "audit", "routes_json", "no_work",
		"ledger", "ledger_check", "ledger_slugs", "ledger_reconcile", "ledger_days",
	} {
		vars[key] = say.T("cli." + key)
	}
	return vars
}

// told is a failure that is said in the operator's language.
type told struct {
	key  string
	args []any
}

func (t told) Error() string { return fmt.Sprint(t.key, t.args) }

// tell makes a failure of a key of locales/ and pairs of a {name} in it and its value.
func tell(key string, args ...any) error { return told{key, args} }

// Error is what went wrong, in words: every problem of a folder on a line of its own.
func (v voice) Error(err error) string {
	var problems tenants.Problems
	var known told
	switch {
	case errors.As(err, &known):
		return v.T(known.key, known.args...)
	case errors.Is(err, tenants.ErrHostTaken):
		return v.T("cli.host_taken", "host", strings.TrimPrefix(err.Error(), tenants.ErrHostTaken.Error()+": "))
	case !errors.As(err, &problems):
		return err.Error()
	}
	lines := []string{v.N("folder.problems", len(problems))}
	for _, p := range problems {
		at := fmt.Sprintf("%s:%d", p.File, p.Line)
		if p.Field != "" {
			at += ": " + p.Field
		}
		lines = append(lines, at+": "+v.T(p.Code, "arg", p.Arg))
	}
	return strings.Join(lines, "\n")
}
