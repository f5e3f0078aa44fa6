package accounts

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

func TestProfile_IsKeptAndComesBackWhenWrong(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	b := w.browser().login("anna@posta.example")
	a := b.post("/area-personale/profilo", "name", "", "phone", "123", "fiscal_code", "RSSMRA80A01D150K", "born", "ieri", "language", "it")
	a.wants(t, 422, "Ci sono 4 cose da sistemare", "errore di battitura nel codice fiscale", "Controlla la data di nascita")
	if !strings.Contains(a.body, `value="RSSMRA80A01D150K"`) || !strings.Contains(a.body, `value="ieri"`) {
		t.Error("what was typed is lost")
	}
	b.post("/area-personale/profilo", "name", "Anna Maria Rossi", "phone", "+39 333 1234567", "fiscal_code", "rssmra 80a41 d150n", "born", "1/1/1980", "language", "en").
		leads(t, "/area-personale/profilo?fatto=accounts.profile")
	a = b.get("/area-personale/profilo?fatto=accounts.profile")
	a.wants(t, 200, "Il profilo è salvato")
	for _, kept := range []string{"Anna Maria Rossi", "RSSMRA80A41D150N", "1980-01-01", "+39 333 1234567"} {
		if !strings.Contains(a.body, `value="`+kept+`"`) {
			t.Errorf("%q was not kept", kept)
		}
	}
	// No more than the form's own fields is taken.
	b.post("/area-personale/profilo", "name", "Anna", "language", "it", "email", "altra@posta.example", "role", "city_admin", "tenant_id", uuid.NewString(), "id", uuid.NewString(), "verified_at", "")
	if account, err := w.findEmail(w.ctx, "anna@posta.example"); err != nil || account.Name != "Anna" {
		t.Errorf("%+v %v", account, err)
	}
}

func TestChangeEmail_TheNewAddressProvesItselfAndTheOldIsTold(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	b := w.browser().login("anna@posta.example")
	b.post("/area-personale/email", "email", "anna@posta.example", "password", goodPassword).wants(t, 422, "già il tuo indirizzo")
	b.post("/area-personale/email", "email", "anna@nuova.example", "password", "non è questa").wants(t, 422, "non è quella giusta")
	b.post("/area-personale/email", "email", "anna@nuova.example", "password", goodPassword).leads(t, "/area-personale/email")
	b.get("/area-personale").wants(t, 200, "Conferma il nuovo indirizzo", "anna@nuova.example")
	path, _ := w.link("anna@nuova.example")
	if subject := w.letter("anna@posta.example").Subject; subject != "Hai chiesto di cambiare indirizzo" {
		t.Errorf("the old address is told %q", subject)
	}
	w.browser().post("/accedi", "email", "anna@nuova.example", "password", goodPassword).wants(t, 422) // not yet
	other := w.browser()
	other.get(path).wants(t, 200, "Conferma il nuovo indirizzo")
	other.post(path).leads(t, "/accedi?fatto=accounts.email_changed")
	other.post(path).wants(t, 404, "non vale più")
	w.browser().login("anna@nuova.example")
	w.browser().post("/accedi", "email", "anna@posta.example", "password", goodPassword).wants(t, 422)
}

func TestChangeEmail_ATakenAddressGetsTheSameAnswerAndNoLink(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	w.person("mara@posta.example", authz.Citizen)
	actor := w.actor("anna@posta.example")
	if err := w.ChangeEmail(w.ctx, actor, "mara@posta.example", goodPassword, Visitor{}); err != nil {
		t.Fatal(err)
	}
	if letter := w.letter("mara@posta.example"); strings.Contains(letter.Link, "/verifica/") {
		t.Errorf("a link to take the address over: %s", letter.Link)
	}
	// An address that is taken between the mail and the click stays where it is.
	if err := w.ChangeEmail(w.ctx, actor, "libera@posta.example", goodPassword, Visitor{}); err != nil {
		t.Fatal(err)
	}
	_, token := w.link("libera@posta.example")
	w.person("libera@posta.example", authz.Citizen)
	if err := w.ConfirmEmail(w.ctx, token, Visitor{}); !errors.Is(err, ErrToken) {
		t.Errorf("err = %v", err)
	}
}

func TestChangePassword_EndsTheOtherSessions(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	here, there := w.browser().login("anna@posta.example"), w.browser().login("anna@posta.example")
	here.post("/area-personale/password", "password", "sbagliata del tutto", "new_password", "tre gatti sul tetto").wants(t, 422, "non è quella giusta")
	here.post("/area-personale/password", "password", goodPassword, "new_password", "1234567890").wants(t, 422, "tra le più usate")
	here.post("/area-personale/password", "password", goodPassword, "new_password", "tre gatti sul tetto").leads(t, "/area-personale/password")
	here.get("/area-personale").wants(t, 200)
	there.get("/area-personale").leads(t, "/accedi")
}

func TestSessions_AreListedAndEnded(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	w.person("mara@posta.example", authz.Citizen)
	here, there, stranger := w.browser().login("anna@posta.example"), w.browser().login("anna@posta.example"), w.browser().login("mara@posta.example")
	here.get("/area-personale/sessioni").wants(t, 200, "Firefox · Windows", "Questo dispositivo", "Scollega tutti gli altri dispositivi")
	id := func(b *browser) string {
		actor, err := w.Resume(w.ctx, b.cookie)
		if err != nil {
			t.Fatal(err)
		}
		return actor.Session.String()
	}
	foreign, made := here.post("/area-personale/sessioni/"+id(stranger)+"/chiusura"), here.post("/area-personale/sessioni/"+uuid.NewString()+"/chiusura")
	if foreign.status != 404 || made.status != 404 {
		t.Errorf("another's session: %d, made up: %d", foreign.status, made.status)
	}
	stranger.get("/area-personale").wants(t, 200)
	here.post("/area-personale/sessioni/"+id(there)+"/chiusura").leads(t, "/area-personale/sessioni")
	there.get("/area-personale").leads(t, "/accedi")
	there.login("anna@posta.example")
	here.post("/area-personale/sessioni/chiusura").leads(t, "/area-personale/sessioni")
	there.get("/area-personale").leads(t, "/accedi")
	here.post("/area-personale/sessioni/"+id(here)+"/chiusura").leads(t, "/?fatto=accounts.logout")
	here.get("/area-personale").leads(t, "/accedi")
}

func TestClose_EmptiesThePersonAndKeepsTheRow(t *testing.T) {
	w := setup(t)
	account := w.person("anna@posta.example", authz.Citizen)
	b, other := w.browser().login("anna@posta.example"), w.browser().login("anna@posta.example")
	b.post("/area-personale/profilo", "name", "Anna Rossi", "phone", "333 1234567", "fiscal_code", "RSSMRA80A41D150N", "language", "it")
	b.post("/area-personale/chiusura", "password", goodPassword).wants(t, 422, "Metti la spunta")
	b.post("/area-personale/chiusura", "password", "non è questa", "sure", "1").wants(t, 422, "non è quella giusta")
	b.post("/area-personale/chiusura", "password", goodPassword, "sure", "1").leads(t, "/?fatto=accounts.closed")
	other.get("/area-personale").leads(t, "/accedi")
	kept := w.number(`SELECT count(*) FROM accounts WHERE id = $1 AND closed_at IS NOT NULL AND email || new_email || name || password || phone || codice_fiscale = ''
		AND birth_date IS NULL AND totp_sealed IS NULL`, account.ID)
	if kept != 1 {
		t.Error("something personal is left")
	}
	w.browser().post("/accedi", "email", "anna@posta.example", "password", goodPassword).wants(t, 422)
	w.browser().register("anna@posta.example").leads(t, "/registrati/grazie") // and may come back
	if path, _ := w.link("anna@posta.example"); !strings.HasPrefix(path, "/verifica/") {
		t.Errorf("the address is still known: %s", path)
	}
}

func TestTerms_ANewVersionIsAskedForOnce(t *testing.T) {
	w := setup(t)
	w.document("privacy", "2026-11")
	w.person("anna@posta.example", authz.Citizen)
	b := w.browser().login("anna@posta.example")
	if a := b.get("/area-personale"); strings.Contains(a.text(), "Leggi e accetta") {
		t.Error("asked again for what was accepted")
	}
	w.document("privacy", "2027-01")
	b.get("/area-personale").wants(t, 200, "Leggi e accetta le novità", "Informativa privacy")
	b.post("/area-personale/condizioni", "documents", "privacy@2026-11").leads(t, "/area-personale")
	b.get("/area-personale").wants(t, 200, "Leggi e accetta le novità") // what was shown is not what is there now
	b.post("/area-personale/condizioni", "documents", "privacy@2027-01").leads(t, "/area-personale?fatto=accounts.terms")
	if a := b.get("/area-personale"); strings.Contains(a.text(), "Leggi e accetta") {
		t.Error("asked once more")
	}
}

func TestTraces_APersonReadsWhoTouchedTheirAccount(t *testing.T) {
	w := setup(t)
	w.person("elena@comune.example", authz.CityAdmin)
	marco := w.person("marco@comune.example", authz.Municipality)
	if err := w.ResetFactor(w.ctx, w.actor("elena@comune.example"), marco.ID); err != nil {
		t.Fatal(err)
	}
	traces, err := w.Traces(w.ctx, &authz.Actor{Account: marco.ID}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(traces) == 0 || traces[0].Verb != "factor_reset" || traces[0].ActorName != "Prova E" {
		t.Errorf("%+v", traces)
	}
	w.person("anna@posta.example", authz.Citizen)
	b := w.browser().login("anna@posta.example")
	a := b.get("/area-personale/accessi")
	a.wants(t, 200, "Accesso", "Registrazione", "Tu", "Chi gestisce la rete dei portali")
	if strings.Contains(a.text(), "azzerato") {
		t.Error("another's trail")
	}
	b.get("/area-personale/accessi?prima=1").wants(t, 200, "Non è ancora successo niente")
}

func TestOwnPages_AnswerInBothLanguages(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	b := w.browser().login("anna@posta.example")
	for _, path := range []string{"", "/profilo", "/nucleo", "/nucleo/nuovo", "/email", "/password", "/secondo-fattore", "/sessioni", "/accessi", "/chiusura"} {
		for _, lang := range []string{"", "/en"} {
			a := b.get(lang + "/area-personale" + path)
			a.wants(t, 200)
			if strings.Contains(a.text(), "accounts.") {
				t.Errorf("%s%s shows a bare key: %s", lang, path, a.text())
			}
			if cache := a.header.Get("Cache-Control"); cache != "no-store" {
				t.Errorf("%s is kept: %q", path, cache)
			}
		}
	}
	b.get("/en/area-personale").wants(t, 200, "Hello Prova A", "Complete your profile")
}

func TestSeed_KeepsWhatIsThere(t *testing.T) {
	w := setup(t)
	w.provider("aurora", "Cooperativa Aurora")
	first := w.person("paolo@aurora.example", authz.Provider, "aurora")
	w.sql("UPDATE accounts SET name = 'Paolo' WHERE id = $1", first.ID)
	second := w.person("paolo@aurora.example", authz.Provider, "aurora")
	if second.ID != first.ID || second.Name != "Paolo" || second.Password != first.Password || w.number("SELECT count(*) FROM memberships") != 1 {
		t.Errorf("%+v", second)
	}
	if err := w.Seed(w.ctx, SeedPerson{Email: "x@y.example", Name: "X", Hash: first.Password, Role: authz.Provider, Provider: "nessuno"}); err == nil {
		t.Error("a provider that is not there")
	}
	w.browser().login("paolo@aurora.example").get("/ente").wants(t, 200, "Cooperativa Aurora")
}

func TestSweep_TakesOnlyWhatIsOver(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	w.browser().login("anna@posta.example")
	w.browser().post("/password-dimenticata", "email", "anna@posta.example")
	w.work()
	if err := w.Sweep(w.ctx); err != nil {
		t.Fatal(err)
	}
	if n := w.number("SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM tokens)"); n != 2 {
		t.Errorf("%d left at once", n)
	}
	w.clock.Pass(citizenLasts + 48*60*60*1e9)
	if err := w.Sweep(w.ctx); err != nil {
		t.Fatal(err)
	}
	if n := w.number("SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM tokens) + (SELECT count(*) FROM throttles)"); n != 0 {
		t.Errorf("%d left in the end", n)
	}
}

func TestAudit_EveryDecisionStandsInTheChain(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	b := w.browser().login("anna@posta.example")
	b.post("/area-personale/profilo", "name", "Anna", "language", "it")
	b.post("/area-personale/password", "password", goodPassword, "new_password", "tre gatti sul tetto")
	b.post("/area-personale/chiusura", "password", "tre gatti sul tetto", "sure", "1")
	for _, verb := range []string{"registered", "signed_in", "profile_changed", "password_changed", "closed"} {
		if w.number("SELECT count(*) FROM audit_entries WHERE verb = $1", verb) != 1 {
			t.Errorf("no entry for %s", verb)
		}
	}
	if n := w.number("SELECT count(*) FROM audit_entries WHERE concat(actor, subject, purpose) ILIKE '%anna%'"); n != 0 {
		t.Error("a name in the trail")
	}
	if at, err := w.db.AuditBrokenAt(w.ctx); at != 0 || err != nil {
		t.Errorf("broken at %d: %v", at, err)
	}
}

func TestUseCases_NeedACity(t *testing.T) {
	w := setup(t)
	ctx := context.Background()
	if _, err := w.SignIn(ctx, "anna@posta.example", goodPassword, Visitor{}); !errors.Is(err, tenants.ErrNoCity) {
		t.Errorf("sign in: %v", err)
	}
	if _, err := w.Resume(ctx, "x"); !errors.Is(err, tenants.ErrNoCity) {
		t.Errorf("resume: %v", err)
	}
	if err := w.mailNotice(ctx, uuid.New(), noticeKnown); !errors.Is(err, tenants.ErrNoCity) {
		t.Errorf("job: %v", err)
	}
	if _, err := w.Resume(w.ctx, "x"); !errors.Is(err, problem.ErrUnauthenticated) {
		t.Errorf("a made-up cookie: %v", err)
	}
}
