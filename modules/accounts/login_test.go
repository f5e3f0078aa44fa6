package accounts

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

func TestSignIn_CitizenComesInAndOut(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	b := w.browser()
	b.get("/area-personale").leads(t, "/accedi?poi=%2Farea-personale")
	b.post("/accedi", "email", "ANNA@posta.example ", "password", goodPassword, "poi", "/servizi?q=nido").leads(t, "/servizi?q=nido")
	b.get("/accedi").leads(t, "/area-personale")
	old := b.cookie
	b.post("/esci").leads(t, "/?fatto=accounts.logout")
	b.cookie = old
	b.get("/area-personale").leads(t, "/accedi")
}

func TestSignIn_WrongPasswordAndUnknownAddressGetTheSamePage(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	wrong := w.browser().post("/accedi", "email", "anna@posta.example", "password", "sbagliata del tutto")
	unknown := w.browser().post("/accedi", "email", "mara@posta.example", "password", "sbagliata del tutto")
	if wrong.status != 422 || strings.ReplaceAll(wrong.body, "anna@", "mara@") != unknown.body || wrong.status != unknown.status {
		t.Errorf("%d and %d: %s", wrong.status, unknown.status, wrong.problems())
	}
	if !strings.Contains(wrong.body, `value="anna@posta.example"`) {
		t.Error("the address is lost")
	}
}

func TestSignIn_LeadsNowhereElse(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	for _, where := range []string{"https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"} {
		w.browser().post("/accedi", "email", "anna@posta.example", "password", goodPassword, "poi", where).leads(t, "/area-personale")
	}
	for _, where := range []string{"/en//evil.example/", "/en/\\evil.example", "/en/\t/evil.example", "//evil.example"} {
		w.browser().post("/en/accedi", "email", "anna@posta.example", "password", goodPassword, "poi", where).leads(t, "/en/area-personale")
		w.browser().login("anna@posta.example").get("/en/accedi?poi="+url.QueryEscape(where)).leads(t, "/en/area-personale")
	}
	w.browser().post("/en/accedi", "email", "anna@posta.example", "password", goodPassword, "poi", "/en/area-personale/profilo").leads(t, "/en/area-personale/profilo")
}

func TestSignIn_AlwaysANewSession(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	w.person("elena@comune.example", authz.CityAdmin)
	b := w.browser()
	b.cookie = "scelta-da-un-altro"
	b.login("anna@posta.example")
	if b.cookie == "scelta-da-un-altro" {
		t.Error("the visitor's own token became a session")
	}
	first := b.cookie
	b.login("anna@posta.example")
	if old := (&browser{world: w, cookie: first}).get("/area-personale"); old.status == 200 {
		t.Error("the session before the login still works")
	}
	b = w.browser()
	b.post("/accedi", "email", "elena@comune.example", "password", goodPassword).leads(t, "/accedi/codice")
	half := b.cookie
	b.post("/accedi/codice", "code", w.code("elena@comune.example")).leads(t, "/amministrazione")
	if b.cookie == half {
		t.Error("the session did not change with the second factor")
	}
	if _, err := w.Resume(w.ctx, half); !errors.Is(err, problem.ErrUnauthenticated) {
		t.Errorf("the halfway session still lives: %v", err)
	}
}

func TestSessions_EndByIdlenessAndByAge(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	w.person("elena@comune.example", authz.CityAdmin)
	for _, c := range []struct {
		email      string
		idle, last time.Duration
	}{{"anna@posta.example", citizenIdle, citizenLasts}, {"elena@comune.example", staffIdle, staffLasts}} {
		b := w.browser().login(c.email)
		for began := w.clock.Now(); w.clock.Now().Add(c.idle/2).Sub(began) < c.last-time.Minute; {
			w.clock.Pass(c.idle / 2)
			if a := b.get("/area-personale"); a.status != 200 {
				t.Fatalf("%s: over after %s of use", c.email, w.clock.Now().Sub(began))
			}
		}
		w.clock.Pass(c.idle / 2)
		b.get("/area-personale").leads(t, "/accedi")

		b = w.browser().login(c.email)
		w.clock.Pass(c.idle + seenEvery)
		b.get("/area-personale").leads(t, "/accedi")
		b.get("/area-personale").leads(t, "/accedi") // looking did not wake it
	}
}

func TestThrottle_AnAccountAndThenItOpensAgain(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	for range loginByAccount.hits {
		w.browser().post("/accedi", "email", "anna@posta.example", "password", "sbagliata del tutto").wants(t, 422)
	}
	a := w.browser().post("/accedi", "email", "anna@posta.example", "password", goodPassword)
	a.wants(t, 429, "troppi tentativi", "riprova tra 15 minuti")
	if a.header.Get("Retry-After") != "900" {
		t.Errorf("Retry-After: %q", a.header.Get("Retry-After"))
	}
	w.browser().post("/accedi", "email", "nessuno@posta.example", "password", goodPassword).wants(t, 422) // others are free
	w.clock.Pass(loginByAccount.every)
	w.browser().login("anna@posta.example")
	w.browser().post("/accedi", "email", "anna@posta.example", "password", "sbagliata del tutto").wants(t, 422) // and the count begins anew
}

func TestThrottle_AClientIsCountedOverAllAccountsButNotForHonestLogins(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	v := Visitor{Address: "192.0.2.7"}
	for range 5 {
		if _, err := w.SignIn(w.ctx, "anna@posta.example", goodPassword, v); err != nil {
			t.Fatal(err)
		}
	}
	for i := range loginByClient.hits {
		_, err := w.SignIn(w.ctx, strings.Repeat("x", i+1)+"@posta.example", "sbagliata del tutto", v)
		if !errors.Is(err, ErrCredentials) {
			t.Fatalf("attempt %d: %v", i, err)
		}
	}
	if _, err := w.SignIn(w.ctx, "anna@posta.example", goodPassword, v); !errors.Is(err, ErrTooMany) {
		t.Errorf("err = %v", err)
	}
	if _, err := w.SignIn(w.ctx, "anna@posta.example", goodPassword, Visitor{Address: "192.0.2.8"}); err != nil {
		t.Errorf("another client: %v", err)
	}
}

func TestThrottle_OneCitySpendsNothingOfAnothers(t *testing.T) {
	w := setup(t)
	other := open(t)
	w.person("anna@posta.example", authz.Citizen)
	other.person("anna@posta.example", authz.Citizen)
	v := Visitor{Address: "192.0.2.9"}
	for range loginByClient.hits + 1 {
		_, _ = w.SignIn(w.ctx, "anna@posta.example", "sbagliata del tutto", v)
	}
	if _, err := w.SignIn(w.ctx, "anna@posta.example", goodPassword, v); !errors.Is(err, ErrTooMany) {
		t.Fatalf("err = %v", err)
	}
	if _, err := other.SignIn(other.ctx, "anna@posta.example", goodPassword, v); err != nil {
		t.Errorf("the other city: %v", err)
	}
}

func TestThrottle_MailsToOneAddress(t *testing.T) {
	w := setup(t)
	for range mailByAddress.hits {
		w.browser().post("/password-dimenticata", "email", "anna@posta.example").leads(t, "/password-dimenticata/inviata")
	}
	w.browser().post("/password-dimenticata", "email", "anna@posta.example").wants(t, 429, "riprova tra 1 ora")
	w.browser().register("anna@posta.example").wants(t, 429)
}

func TestHash_WaitsItsTurn(t *testing.T) {
	w := setup(t)
	for range cap(w.hashing) {
		w.hashing <- struct{}{}
	}
	ctx, cancel := contextWithin(w.ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := w.hash(ctx, goodPassword); err == nil {
		t.Error("more passwords are hashed at once than allowed")
	}
}

// The decoy has the work of a real hash: the parameters that New gives.
func TestDecoy_WorksAsHardAsARealHash(t *testing.T) {
	t.Parallel()
	s := New(Options{})
	hash, err := s.Hash(goodPassword)
	if err != nil {
		t.Fatal(err)
	}
	real, fake := strings.Split(hash, "$")[3], strings.Split(s.decoy, "$")[3]
	if real != fake || len(hash) != len(s.decoy) {
		t.Errorf("real %s, decoy %s", real, fake)
	}
	for _, password := range []string{"", goodPassword, strings.Repeat("x", 5000)} {
		if ok, err := s.matches(t.Context(), password, ""); ok || err != nil {
			t.Errorf("%q matches nothing at all: %v %v", password, ok, err)
		}
	}
}
