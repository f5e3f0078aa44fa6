package accounts

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/web"
)

var citizenScopes = []string{"account:read", "orders:read", "orders:write"}

func TestKeyRequest_Refusals(t *testing.T) {
	t.Parallel()
	whole := KeyRequest{Name: "Il mio programma", Scopes: []string{"orders:read"}, Days: "30", Password: "x"}
	for what, c := range map[string]struct {
		change func(*KeyRequest)
		want   string
	}{
		"whole":              {func(*KeyRequest) {}, ""},
		"no name":            {func(k *KeyRequest) { k.Name = "  " }, "name"},
		"a long name":        {func(k *KeyRequest) { k.Name = strings.Repeat("è", 61) }, "name"},
		"nothing to do":      {func(k *KeyRequest) { k.Scopes = nil }, "scopes"},
		"what is not theirs": {func(k *KeyRequest) { k.Scopes = []string{"inbox:read", "everything"} }, "scopes"},
		"for ever":           {func(k *KeyRequest) { k.Days = "36500" }, "days"},
		"no days":            {func(k *KeyRequest) { k.Days = "" }, "days"},
		"no password":        {func(k *KeyRequest) { k.Password = "" }, "password"},
	} {
		k := whole
		c.change(&k)
		_, err := k.check(citizenScopes)
		got := ""
		if err != nil {
			got = problem.Of(err).Fields[0].Name
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

func TestKeys_OfferWhatTheirPersonMay(t *testing.T) {
	w := setup(t)
	w.provider("coop", "Cooperativa")
	w.person("anna@posta.example", authz.Citizen)
	w.person("luca@posta.example", authz.Provider, "coop")
	if got := offeredScopes(w.policy, w.actor("anna@posta.example")); !slices.Equal(got, citizenScopes) {
		t.Errorf("a citizen is offered %v", got)
	}
	if _, err := w.MakeKey(w.ctx, w.actor("anna@posta.example"), KeyRequest{Name: "x", Scopes: []string{"services:write"}, Days: "7", Password: goodPassword}); problem.Of(err).Kind != problem.Invalid {
		t.Errorf("a citizen makes a provider's key: %v", err)
	}
}

func TestKeys_AreSeenOnceCountedAndEnded(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	w.person("luca@posta.example", authz.Citizen)
	b := w.browser().login("anna@posta.example")
	b.get(keysPath).wants(t, 200, "Chiavi per i programmi", "Leggere il tuo carrello", "Crea la chiave")
	for problem, pairs := range map[string][]string{"Scegli almeno una cosa": {"password", goodPassword}, "La password non è": {"scopes", "orders:read", "password", "sbagliata"}} {
		a := b.post(keysPath, append(pairs, "name", "Il mio foglio", "days", "30")...)
		a.wants(t, 422, problem)
		if !strings.Contains(a.body, `value="Il mio foglio"`) {
			t.Error("what was typed is lost")
		}
	}
	made := b.post(keysPath, "name", "Il mio foglio", "days", "30", "scopes", "orders:read", "password", goodPassword)
	made.wants(t, 200, "La chiave «Il mio foglio» è pronta", "/api/v1/orders")
	key := regexp.MustCompile(`wx_[\w-]{43}`).FindString(made.body)
	actor, err := w.Resume(w.ctx, key)
	if err != nil || !slices.Equal(actor.Scopes, []string{"orders:read"}) || actor.Email != "anna@posta.example" {
		t.Fatalf("the key is %+v, %v", actor, err)
	}
	if page := b.get(keysPath); strings.Contains(page.body, key) || !strings.Contains(page.text(), "Il mio foglio") {
		t.Error("the key is shown again, or not listed")
	}
	if n := w.number("SELECT count(*) FROM audit_entries WHERE verb = 'key_made' AND after IS NOT NULL"); n != 1 {
		t.Errorf("%d entries of the trail", n)
	}
	w.work()
	if l := w.letter("anna@posta.example"); !strings.Contains(l.Subject, "chiave") {
		t.Errorf("the person hears %q", l.Subject)
	}
	if page := b.get(ownPath + "/sessioni"); strings.Contains(page.text(), "Il mio foglio") {
		t.Error("a key stands among the devices")
	}
	end := keysPath + "/" + actor.Session.String() + "/chiusura"
	other := w.browser().login("luca@posta.example")
	other.get(end).wants(t, 404)
	other.post(end).wants(t, 404)
	b.post(ownPath+"/sessioni/"+actor.Session.String()+"/chiusura").wants(t, 404)
	b.get(end).wants(t, 200, "smette di funzionare subito")
	b.post(end).leads(t, keysPath)
	if _, err := w.Resume(w.ctx, key); !errors.Is(err, problem.ErrUnauthenticated) {
		t.Errorf("an ended key: %v", err)
	}
}

func TestKeys_HaveANumberAndAnEnd(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	anna := w.actor("anna@posta.example")
	want := KeyRequest{Scopes: []string{"orders:read"}, Days: "7", Password: goodPassword}
	var keys []string
	for i := range mostKeys + 1 {
		want.Name = fmt.Sprint("programma ", i)
		key, err := w.MakeKey(w.ctx, anna, want)
		if i == mostKeys {
			if !errors.Is(err, ErrKeys) || key != "" {
				t.Errorf("one too many: %q, %v", key, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
		w.clock.Pass(time.Minute)
	}
	w.clock.Pass(7*24*time.Hour - time.Hour)
	if _, err := w.Resume(w.ctx, keys[1]); err != nil {
		t.Errorf("a key that rested for a week: %v", err)
	}
	w.clock.Pass(2 * time.Hour)
	if _, err := w.Resume(w.ctx, keys[1]); !errors.Is(err, problem.ErrUnauthenticated) {
		t.Errorf("a key after its time: %v", err)
	}
	if _, err := w.MakeKey(w.ctx, anna, want); err != nil {
		t.Errorf("keys that are over count still: %v", err)
	}
}

func TestKeys_EveryScopeHasItsWords(t *testing.T) {
	w := setup(t)
	for _, lang := range []string{"it", "en"} {
		for _, scope := range web.Scopes {
			if key := scopeKey(scope); w.words.For(w.city, lang).T(key) == key {
				t.Errorf("%s has no words in %s", scope, lang)
			}
		}
	}
}
