package accounts

import (
	"errors"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/welfarex/welfarex/modules/kit/authz"
)

var (
	offerField  = regexp.MustCompile(`name="offer" value="([^"]*)"`)
	secretShown = regexp.MustCompile(`accounts-secret">([^<]*)<`)
	codeShown   = regexp.MustCompile(`<li><code>([A-Z2-7-]{19})</code>`)
)

// offered reads the second factor that a page offers.
func offered(t *testing.T, a answer) (sealed, secret string) {
	t.Helper()
	if !offerField.MatchString(a.body) || !secretShown.MatchString(a.body) {
		t.Fatalf("no second factor is offered: %d %s", a.status, a.text())
	}
	return html.UnescapeString(offerField.FindStringSubmatch(a.body)[1]), strings.ReplaceAll(secretShown.FindStringSubmatch(a.body)[1], " ", "")
}

func shown(a answer) []string {
	var codes []string
	for _, m := range codeShown.FindAllStringSubmatch(a.body, -1) {
		codes = append(codes, m[1])
	}
	return codes
}

// weak makes staff without a second factor.
func (w *world) weak(email, role string) {
	w.person(email, role)
	w.sql("UPDATE accounts SET totp_since = NULL, totp_sealed = NULL WHERE email = $1", email)
}

func TestEnrol_StaffGoNowhereBeforeTheirSecondFactor(t *testing.T) {
	w := setup(t)
	w.weak("elena@comune.example", authz.CityAdmin)
	b := w.browser()
	b.post("/accedi", "email", "elena@comune.example", "password", goodPassword).leads(t, "/area-personale/secondo-fattore")
	b.get("/amministrazione").leads(t, "/accedi/codice")
	b.get("/area-personale/profilo").leads(t, "/accedi/codice")
	b.get("/accedi/codice").leads(t, "/area-personale/secondo-fattore")
	b.post("/area-personale/profilo", "name", "X").wants(t, 401)

	a := b.get("/area-personale/secondo-fattore")
	a.wants(t, 200, "serve un codice che cambia ogni 30 secondi")
	if !strings.Contains(a.body, `src="data:image/png;base64,`) {
		t.Error("no picture to scan")
	}
	sealed, secret := offered(t, a)
	wrong := b.post("/area-personale/secondo-fattore", "offer", sealed, "code", "000000")
	wrong.wants(t, 422, "Il codice non va bene")
	if _, again := offered(t, wrong); again != secret {
		t.Error("another secret after a wrong code")
	}
	code, _ := totp.GenerateCode(secret, w.clock.Now())
	half := b.cookie
	done := b.post("/area-personale/secondo-fattore", "offer", sealed, "code", code)
	done.wants(t, 200, "Salva i codici di recupero")
	if len(shown(done)) != 10 || b.cookie == half {
		t.Errorf("%d codes; session changed: %v", len(shown(done)), b.cookie != half)
	}
	b.get("/amministrazione").wants(t, 200)
	b.get("/area-personale/secondo-fattore").wants(t, 200, "Il secondo fattore è attivo")
	if subject := w.letter("elena@comune.example").Subject; subject != "Il secondo fattore è attivo" {
		t.Errorf("told %q", subject)
	}
	b.post("/area-personale/secondo-fattore", "offer", sealed, "code", code).wants(t, 409, "già attivo")
}

func TestEnrol_AnOfferBelongsToOnePersonOfOneCity(t *testing.T) {
	w := setup(t)
	other := open(t)
	w.weak("elena@comune.example", authz.CityAdmin)
	w.weak("marco@comune.example", authz.Municipality)
	other.weak("elena@comune.example", authz.CityAdmin)
	elena, marco := w.actor("elena@comune.example"), w.actor("marco@comune.example")
	offer, err := w.Offer(w.ctx, elena, "")
	if err != nil {
		t.Fatal(err)
	}
	code, _ := totp.GenerateCode(strings.ReplaceAll(offer.Secret, " ", ""), w.clock.Now())
	if _, _, err := w.Enrol(w.ctx, marco, offer.Sealed, code, "", Visitor{}); !errors.Is(err, ErrCode) {
		t.Errorf("a colleague's offer: %v", err)
	}
	if _, _, err := other.Enrol(other.ctx, elena, offer.Sealed, code, "", Visitor{}); !errors.Is(err, ErrCode) {
		t.Errorf("another city's offer: %v", err)
	}
}

func TestGiveCode_CountsOnce(t *testing.T) {
	w := setup(t)
	w.person("elena@comune.example", authz.CityAdmin)
	code, _ := totp.GenerateCode(secretFor("elena@comune.example"), w.clock.Now())
	b := w.browser()
	b.post("/accedi", "email", "elena@comune.example", "password", goodPassword).leads(t, "/accedi/codice")
	b.get("/accedi/codice").wants(t, 200, "Scrivi il codice")
	b.post("/accedi/codice", "code", "123").wants(t, 422, "Il codice non va bene")
	b.post("/accedi/codice", "code", code[:3]+" "+code[3:]).leads(t, "/amministrazione")
	replay := w.browser()
	replay.post("/accedi", "email", "elena@comune.example", "password", goodPassword)
	replay.post("/accedi/codice", "code", code).wants(t, 422, "vale una volta sola")
	w.clock.Pass(time.Minute)
	replay.post("/accedi/codice", "code", w.code("elena@comune.example")).leads(t, "/amministrazione")
}

func TestGiveCode_IsThrottledAndCommitted(t *testing.T) {
	w := setup(t)
	w.person("elena@comune.example", authz.CityAdmin)
	b := w.browser()
	b.post("/accedi", "email", "elena@comune.example", "password", goodPassword)
	for range codeByAccount.hits {
		b.post("/accedi/codice", "code", "000000").wants(t, 422)
	}
	code, _ := totp.GenerateCode(secretFor("elena@comune.example"), w.clock.Now())
	b.post("/accedi/codice", "code", code).wants(t, 429, "troppi tentativi")
}

func TestRecovery_ACodeOpensOnceAndThePersonIsTold(t *testing.T) {
	w := setup(t)
	w.weak("elena@comune.example", authz.CityAdmin)
	b := w.browser()
	b.post("/accedi", "email", "elena@comune.example", "password", goodPassword)
	sealed, secret := offered(t, b.get("/area-personale/secondo-fattore"))
	code, _ := totp.GenerateCode(secret, w.clock.Now())
	codes := shown(b.post("/area-personale/secondo-fattore", "offer", sealed, "code", code))

	lost := w.browser()
	lost.post("/accedi", "email", "elena@comune.example", "password", goodPassword).leads(t, "/accedi/codice")
	lost.post("/accedi/codice", "recovery", "AAAA-BBBB-CCCC-DDDD").wants(t, 422, "Il codice non va bene")
	lost.post("/accedi/codice", "recovery", strings.ToLower(codes[3])).leads(t, "/amministrazione")
	if subject := w.letter("elena@comune.example").Subject; subject != "Hai usato un codice di recupero" {
		t.Errorf("told %q", subject)
	}
	again := w.browser()
	again.post("/accedi", "email", "elena@comune.example", "password", goodPassword)
	again.post("/accedi/codice", "recovery", codes[3]).wants(t, 422)

	// New codes replace the old; the lost phone is replaced with one of them.
	w.clock.Pass(time.Minute)
	code, _ = totp.GenerateCode(secret, w.clock.Now())
	fresh := shown(lost.post("/area-personale/secondo-fattore/codici", "renew_code", code))
	if len(fresh) != 10 {
		t.Fatalf("%d new codes", len(fresh))
	}
	again.post("/accedi/codice", "recovery", codes[4]).wants(t, 422)
	lost.post("/area-personale/secondo-fattore/rimozione", "drop_code", codes[5]).wants(t, 422)
	lost.post("/area-personale/secondo-fattore/rimozione", "drop_code", fresh[0]).leads(t, "/area-personale/secondo-fattore")
	lost.get("/amministrazione").leads(t, "/accedi/codice") // staff without a factor are halfway again
	offered(t, lost.get("/area-personale/secondo-fattore"))
	b.get("/area-personale").leads(t, "/accedi") // and all other sessions are over
}

func TestFactor_ACitizenMayHaveOneAndIsThenAsked(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	b := w.browser().login("anna@posta.example")
	a := b.get("/area-personale/secondo-fattore")
	a.wants(t, 200, "È facoltativo")
	sealed, secret := offered(t, a)
	code, _ := totp.GenerateCode(secret, w.clock.Now())
	b.post("/area-personale/secondo-fattore", "offer", sealed, "code", code).wants(t, 422, "non è quella giusta")
	b.post("/area-personale/secondo-fattore", "offer", sealed, "code", code, "password", "non è questa").wants(t, 422, "non è quella giusta")
	b.post("/area-personale/secondo-fattore", "offer", sealed, "code", code, "password", goodPassword).wants(t, 200, "Salva i codici")
	b.get("/area-personale").wants(t, 200)

	half := w.browser()
	half.post("/accedi", "email", "anna@posta.example", "password", goodPassword).leads(t, "/accedi/codice")
	half.get("/area-personale").leads(t, "/accedi/codice")
	half.post("/area-personale/profilo", "name", "Altra").wants(t, 401)
	half.post("/area-personale/secondo-fattore", "offer", sealed, "code", code).wants(t, 409) // no second enrolment from halfway
	w.clock.Pass(time.Minute)
	code, _ = totp.GenerateCode(secret, w.clock.Now())
	half.post("/accedi/codice", "code", code).leads(t, "/area-personale")
	w.clock.Pass(time.Minute)
	code, _ = totp.GenerateCode(secret, w.clock.Now())
	half.post("/area-personale/secondo-fattore/rimozione", "drop_code", code).leads(t, "/area-personale/secondo-fattore")
	half.get("/area-personale").wants(t, 200)
	w.browser().post("/accedi", "email", "anna@posta.example", "password", goodPassword).leads(t, "/area-personale")
}

func TestFactor_IsSealedInTheDatabase(t *testing.T) {
	w := setup(t)
	account := w.person("elena@comune.example", authz.CityAdmin)
	if strings.Contains(string(account.TOTP), secretFor("elena@comune.example")) {
		t.Error("the secret stands in the row")
	}
	other := *account
	other.ID[0] ^= 1
	if _, err := w.secretOf(w.ctx, &other); err == nil {
		t.Error("the secret opens for another account")
	}
}
