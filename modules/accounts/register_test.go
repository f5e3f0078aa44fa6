package accounts

import (
	"strings"
	"testing"
	"time"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

func (b *browser) register(email string) answer {
	return b.post("/registrati", "name", "Anna Rossi", "email", email, "password", goodPassword, "terms", "1")
}

func TestRegister_FromTheFormToThePersonalArea(t *testing.T) {
	w := setup(t)
	w.document("privacy", "2026-11")
	w.document("termini", "2026-10")
	b := w.browser()
	b.register(" Anna@Posta.example ").leads(t, "/registrati/grazie")
	b.get("/registrati/grazie").wants(t, 200, "Controlla la tua posta")

	letter := w.letter("anna@posta.example")
	if !strings.HasPrefix(letter.Link, "http://"+w.city.Host+":8080/verifica/") {
		t.Errorf("the link leads to %s", letter.Link)
	}
	path, _ := w.link("anna@posta.example")
	b.get(path).wants(t, 200, "Conferma il tuo indirizzo", "anna@posta.example")
	b.get(path).wants(t, 200, "Conferma il tuo indirizzo") // looking at a link does not spend it
	b.post(path, "password", "un'altra password").wants(t, 422, "non è quella giusta")
	if n := w.number("SELECT count(*) FROM acceptances"); n != 0 {
		t.Errorf("%d acceptances before anybody proved the address", n)
	}
	if a := b.get(path); !strings.Contains(a.body, `name="documents" value="privacy@2026-11"`) || !strings.Contains(a.body, `value="termini@2026-10"`) {
		t.Error("the page does not say which versions it shows")
	}
	b.post(path, "password", goodPassword, "documents", "privacy@2026-11", "documents", "termini@2026-10").leads(t, "/area-personale")
	b.get("/area-personale").wants(t, 200, "Ciao Anna Rossi", "Completa il tuo profilo")
	if n := w.number("SELECT count(*) FROM acceptances WHERE (document, version) IN (('privacy', '2026-11'), ('termini', '2026-10'))"); n != 2 {
		t.Errorf("%d acceptances", n)
	}
	w.browser().get(path).wants(t, 404, "Questo link non vale più")
}

func TestRegister_FormComesBackWithWhatWasTyped(t *testing.T) {
	w := setup(t)
	a := w.browser().post("/registrati", "name", "Anna Rossi", "email", "anna@", "password", "corta")
	a.wants(t, 422, "Ci sono 3 cose da sistemare", "Controlla l'indirizzo e-mail", "almeno 10 caratteri", "serve il tuo sì")
	if !strings.Contains(a.body, `value="Anna Rossi"`) || !strings.Contains(a.body, `value="anna@"`) {
		t.Error("what was typed is lost")
	}
	if strings.Contains(a.body, "corta\"") {
		t.Error("the password came back")
	}
}

func TestRegister_SameAnswerForAKnownAddress(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	known, fresh := w.browser().register("anna@posta.example"), w.browser().register("nuova@posta.example")
	if known.status != fresh.status || known.where != fresh.where || known.body != fresh.body {
		t.Errorf("known: %d %s; new: %d %s", known.status, known.where, fresh.status, fresh.where)
	}
	if subject := w.letter("anna@posta.example").Subject; !strings.HasPrefix(subject, "Hai già un accesso") {
		t.Errorf("the known address got %q", subject)
	}
	// Whoever registered with the known address has no login, and cannot tell from the answer either.
	if _, err := w.SignIn(w.ctx, "anna@posta.example", "password mai scelta", Visitor{}); problem.Of(err).Code != ErrCredentials.Code {
		t.Error(err)
	}
}

// Somebody registers a victim's address first and hopes that she confirms it.
func TestRegister_WhoNeverProvedTheAddressLosesIt(t *testing.T) {
	w := setup(t)
	register := func(password string) {
		t.Helper()
		if err := w.Register(w.ctx, Registration{Name: "X", Email: "anna@posta.example", Password: password, Terms: true, Language: "it"}, Visitor{}); err != nil {
			t.Fatal(err)
		}
	}
	register("password del ladro")
	old, _ := w.link("anna@posta.example")
	w.clock.Pass(6 * time.Minute)
	register(goodPassword)
	path, _ := w.link("anna@posta.example")

	w.browser().post(old, "password", "password del ladro").wants(t, 422)
	w.browser().post(path, "password", "password del ladro").wants(t, 422)
	w.browser().post(path, "password", goodPassword).leads(t, "/area-personale")
	if _, err := w.SignIn(w.ctx, "anna@posta.example", "password del ladro", Visitor{}); problem.Of(err).Code != ErrCredentials.Code {
		t.Errorf("the thief is in: %v", err)
	}
}

// Whoever registers twice, or signs in too early, gets one mail in five minutes, and every link of them works.
func TestRegister_AnOlderLinkGoesOnWorking(t *testing.T) {
	w := setup(t)
	b := w.browser()
	b.register("anna@posta.example")
	first, _ := w.link("anna@posta.example")
	b.register("anna@posta.example")
	b.post("/accedi", "email", "anna@posta.example", "password", goodPassword).wants(t, 422, "non è ancora confermato")
	w.work()
	if n := len(w.mail.sent); n != 1 {
		t.Errorf("%d mails", n)
	}
	w.clock.Pass(6 * time.Minute)
	b.post("/accedi", "email", "anna@posta.example", "password", goodPassword).wants(t, 422, "non è ancora confermato")
	second, _ := w.link("anna@posta.example")
	if first == second || len(w.mail.sent) != 2 {
		t.Errorf("%d mails", len(w.mail.sent))
	}
	b.post(first, "password", goodPassword).leads(t, "/area-personale")
	w.browser().get(second).wants(t, 404, "non vale più")
}

func TestRegister_LinkDiesAfterThreeDays(t *testing.T) {
	w := setup(t)
	b := w.browser()
	b.register("anna@posta.example")
	path, _ := w.link("anna@posta.example")
	w.clock.Pass(72*time.Hour + time.Second)
	b.post(path, "password", goodPassword).wants(t, 404, "non vale più")
	// Signing in with the right password sends another, and says nothing of it.
	b.post("/accedi", "email", "anna@posta.example", "password", goodPassword).wants(t, 422, "apri prima il link")
	path, _ = w.link("anna@posta.example")
	b.post(path, "password", goodPassword).leads(t, "/area-personale")
}

func TestForgotten_SameAnswerAndAJobEitherWay(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	known, unknown := w.browser().post("/password-dimenticata", "email", "anna@posta.example"), w.browser().post("/password-dimenticata", "email", "nessuno@posta.example")
	if known.status != unknown.status || known.where != unknown.where || known.body != unknown.body {
		t.Errorf("known: %d %s; unknown: %d %s", known.status, known.where, unknown.status, unknown.where)
	}
	if n := len(w.queue.jobs); n != 2 {
		t.Errorf("%d jobs", n)
	}
	w.work()
	if n := len(w.mail.sent); n != 1 {
		t.Errorf("%d letters", n)
	}
}

func TestReset_NewPasswordOnceAndAllSessionsEnd(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	signedIn := w.browser().login("anna@posta.example")
	w.browser().post("/password-dimenticata", "email", "anna@posta.example").leads(t, "/password-dimenticata/inviata")
	path, _ := w.link("anna@posta.example")

	b := w.browser()
	b.get(path).wants(t, 200, "Scegli una nuova password")
	b.post(path, "password", "anna2026!!").wants(t, 422)
	b.post(path, "password", "tre gatti sul tetto").leads(t, "/accedi?fatto=accounts.password_reset")
	b.post(path, "password", "quattro gatti sul tetto").wants(t, 404, "non vale più")
	signedIn.get("/area-personale").leads(t, "/accedi")
	if subject := w.letter("anna@posta.example").Subject; subject != "La tua password è cambiata" {
		t.Errorf("told %q", subject)
	}
	if _, err := w.SignIn(w.ctx, "anna@posta.example", "tre gatti sul tetto", Visitor{}); err != nil {
		t.Error(err)
	}
}

func TestReset_LinkDiesAfterAnHourAndProvesTheAddress(t *testing.T) {
	w := setup(t)
	b := w.browser()
	b.register("anna@posta.example")
	w.work()
	b.post("/password-dimenticata", "email", "anna@posta.example")
	path, _ := w.link("anna@posta.example")
	w.clock.Pass(time.Hour + time.Second)
	b.post(path, "password", "tre gatti sul tetto").wants(t, 404)
	b.post("/password-dimenticata", "email", "anna@posta.example")
	path, _ = w.link("anna@posta.example")
	b.post(path, "password", "tre gatti sul tetto").leads(t, "/accedi")
	b.post("/accedi", "email", "anna@posta.example", "password", "tre gatti sul tetto").leads(t, "/area-personale")
}
