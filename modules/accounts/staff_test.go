package accounts

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

func TestInvite_FromTheDeskToTheFirstLogin(t *testing.T) {
	w := setup(t)
	aurora := w.provider("aurora", "Cooperativa Aurora")
	w.person("elena@comune.example", authz.CityAdmin)
	admin := w.browser().login("elena@comune.example")
	admin.get("/amministrazione/persone/invito").wants(t, 200, "Invita una persona", "Cooperativa Aurora")
	admin.post("/amministrazione/persone/invito", "email", "paolo@aurora.example", "role", "provider").wants(t, 422, "Scegli l'ente")
	admin.post("/amministrazione/persone/invito", "email", "paolo@aurora.example", "role", "boss").wants(t, 422, "Scegli un ruolo")
	admin.post("/amministrazione/persone/invito", "email", "paolo@aurora.example", "role", "provider", "provider", aurora.String()).leads(t, "/amministrazione/persone?fatto=accounts.invited")
	admin.get("/amministrazione").wants(t, 200, "invito senza risposta", "paolo@aurora.example")
	admin.post("/amministrazione/persone/invito", "email", "paolo@aurora.example", "role", "provider", "provider", aurora.String()).wants(t, 409, "ha già questo ruolo")
}

func TestInvitation_IsTakenWithNamePasswordAndFactor(t *testing.T) {
	w := setup(t)
	aurora := w.provider("aurora", "Cooperativa Aurora")
	w.person("elena@comune.example", authz.CityAdmin)
	if err := w.Invite(w.ctx, w.actor("elena@comune.example"), Invitation{Email: "paolo@aurora.example", Role: authz.Provider, Provider: aurora}); err != nil {
		t.Fatal(err)
	}
	path, _ := w.link("paolo@aurora.example")
	if !strings.HasPrefix(path, "/invito/") {
		t.Fatalf("led to %s", path)
	}
	b := w.browser()
	b.post("/accedi", "email", "paolo@aurora.example", "password", "").wants(t, 422)
	b.get(path).wants(t, 200, "Ti aspettavamo", "paolo@aurora.example")
	b.post(path, "name", "", "password", "corta").wants(t, 422, "Ci sono 3 cose")
	b.post(path, "name", "Paolo Ferri", "password", goodPassword, "terms", "1").leads(t, "/area-personale/secondo-fattore")
	b.get("/ente").leads(t, "/accedi/codice")
	sealed, secret := offered(t, b.get("/area-personale/secondo-fattore"))
	code, _ := totp.GenerateCode(secret, w.clock.Now())
	b.post("/area-personale/secondo-fattore", "offer", sealed, "code", code).wants(t, 200)
	b.get("/ente").wants(t, 200, "Cooperativa Aurora", "Paolo Ferri")
	w.browser().get(path).wants(t, 404, "non vale più")
}

func TestInvitation_IsSentAgainAndWithdrawn(t *testing.T) {
	w := setup(t)
	w.person("elena@comune.example", authz.CityAdmin)
	admin := w.browser().login("elena@comune.example")
	admin.post("/amministrazione/persone/invito", "email", "marco@comune.example", "role", "municipality").leads(t, "/amministrazione/persone")
	marco, err := w.findEmail(w.ctx, "marco@comune.example")
	if err != nil {
		t.Fatal(err)
	}
	w.work()
	page := "/amministrazione/persone/" + marco.ID.String()
	admin.get(page).wants(t, 200, "Manda di nuovo l'invito", "Annulla l'invito")
	admin.post(page+"/invito").leads(t, page+"?fatto=accounts.reminded")
	path, _ := w.link("marco@comune.example")
	admin.post(page+"/invito/annullamento").leads(t, "/amministrazione/persone?fatto=accounts.withdrawn")
	admin.get(page).wants(t, 404)
	w.browser().post(path, "name", "Marco", "password", goodPassword, "terms", "1").wants(t, 404, "non vale più")
	w.person("paola@comune.example", authz.Municipality)
	paola, _ := w.findEmail(w.ctx, "paola@comune.example")
	admin.post("/amministrazione/persone/"+paola.ID.String()+"/invito").wants(t, 409, "ha già accettato")
	admin.post("/amministrazione/persone/"+paola.ID.String()+"/invito/annullamento").wants(t, 409, "ha già accettato")
}

func TestInvite_ACitizenAcceptsAndSignsInAnew(t *testing.T) {
	w := setup(t)
	w.person("elena@comune.example", authz.CityAdmin)
	anna := w.person("anna@posta.example", authz.Citizen)
	w.person("bruno@posta.example", authz.Citizen)
	b := w.browser().login("anna@posta.example")
	admin := w.browser().login("elena@comune.example")
	admin.post("/amministrazione/persone/invito", "email", "anna@posta.example", "role", "welfare_manager").leads(t, "/amministrazione/persone?fatto=accounts.invited")
	path, _ := w.link("anna@posta.example")
	if actor := w.actor("anna@posta.example"); len(actor.Memberships) != 0 {
		t.Error("a role counts before it was accepted")
	}
	w.browser().get(path).wants(t, 200, "Welfare manager", "Accedi per accettare")
	w.browser().post(path).leads(t, path)
	other := w.browser().login("bruno@posta.example")
	other.get(path).wants(t, 200, "Adesso sei dentro come bruno@posta.example")
	other.post(path).leads(t, path)
	if n := w.number("SELECT count(*) FROM memberships WHERE accepted_at IS NULL AND account_id = $1", anna.ID); n != 1 {
		t.Error("somebody else accepted")
	}
	b.get("/area-personale").wants(t, 200) // still as a citizen
	b.get(path).wants(t, 200, "Accetta")
	b.post(path).leads(t, "/area-personale")
	b.get("/area-personale").leads(t, "/accedi")
	b.post("/accedi", "email", "anna@posta.example", "password", goodPassword).leads(t, "/area-personale/secondo-fattore")
	b.get(path).wants(t, 404, "non vale più")
}

func TestInvite_TellsNobodyWhoHasAnAccount(t *testing.T) {
	w := setup(t)
	w.person("elena@comune.example", authz.CityAdmin)
	anna := w.person("anna@posta.example", authz.Citizen)
	admin := w.browser().login("elena@comune.example")
	seen := map[string]string{}
	for _, email := range []string{"anna@posta.example", "nina@posta.example"} {
		admin.post("/amministrazione/persone/invito", "email", email, "role", "welfare_manager").leads(t, "/amministrazione/persone?fatto=accounts.invited")
		account, err := w.findEmail(w.ctx, email)
		if err != nil {
			t.Fatal(err)
		}
		page := "/amministrazione/persone/" + account.ID.String()
		admin.get(page).wants(t, 200, "Annulla l'invito")
		for _, path := range []string{page, "/amministrazione/persone", "/amministrazione", "/amministrazione/registro"} {
			text := admin.get(path).text()
			if strings.Contains(text, "Prova A") {
				t.Errorf("%s names who was invited", path)
			}
			seen[email] += strings.ReplaceAll(text, email, "")
		}
		admin.post(page+"/secondo-fattore/azzeramento").wants(t, 404)
		admin.post(page+"/invito/annullamento").leads(t, "/amministrazione/persone?fatto=accounts.withdrawn")
		admin.get(page).wants(t, 404)
	}
	if first, second := seen["anna@posta.example"], seen["nina@posta.example"]; len(first) == 0 || strings.Count(first, "Invito aperto") != strings.Count(second, "Invito aperto") {
		t.Error("an invitation looks different where there is an account")
	}
	if n := w.number("SELECT count(*) FROM accounts WHERE id = $1 AND closed_at IS NULL", anna.ID); n != 1 {
		t.Error("with the invitation the account went, too")
	}
}

func TestTakeRole_TheNextRequestIsRefused(t *testing.T) {
	w := setup(t)
	w.person("elena@comune.example", authz.CityAdmin)
	marco := w.person("marco@comune.example", authz.Municipality)
	admin, b := w.browser().login("elena@comune.example"), w.browser().login("marco@comune.example")
	b.get("/comune").wants(t, 200, "Sei qui come: Comune")
	list, _, _, err := w.readColleague(w.ctx, marco.ID)
	if err != nil {
		t.Fatal(err)
	}
	path := "/amministrazione/persone/" + marco.ID.String() + "/ruoli/" + list.Memberships[0].ID.String() + "/rimozione"
	admin.post(path).leads(t, "/amministrazione/persone?fatto=accounts.role_taken")
	b.get("/comune").wants(t, 403)
	b.get("/area-personale").wants(t, 200) // still a citizen
	admin.post(path).wants(t, 404)
}

func TestTakeRole_SomebodyStaysInCharge(t *testing.T) {
	w := setup(t)
	elena := w.person("elena@comune.example", authz.CityAdmin)
	actor := w.actor("elena@comune.example")
	own, _, _, err := w.readColleague(w.ctx, elena.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.TakeRole(w.ctx, actor, elena.ID, own.Memberships[0].ID); !errors.Is(err, ErrLastAdmin) {
		t.Errorf("err = %v", err)
	}
	if err := w.Close(w.ctx, actor, goodPassword, true); !errors.Is(err, ErrLastAdminLeft) {
		t.Errorf("close: %v", err)
	}
	// An invitation is nobody in charge yet.
	if err := w.Invite(w.ctx, actor, Invitation{Email: "altra@comune.example", Role: authz.CityAdmin}); err != nil {
		t.Fatal(err)
	}
	if err := w.TakeRole(w.ctx, actor, elena.ID, own.Memberships[0].ID); !errors.Is(err, ErrLastAdmin) {
		t.Errorf("with an invitation: %v", err)
	}
	w.person("marta@comune.example", authz.CityAdmin)
	if err := w.TakeRole(w.ctx, actor, elena.ID, own.Memberships[0].ID); err != nil {
		t.Errorf("with a second administrator: %v", err)
	}
}

func TestTakeRole_TwoAdministratorsCannotRemoveEachOther(t *testing.T) {
	w := setup(t)
	elena, marta := w.person("elena@comune.example", authz.CityAdmin), w.person("marta@comune.example", authz.CityAdmin)
	roles := map[uuid.UUID]uuid.UUID{}
	for _, id := range []uuid.UUID{elena.ID, marta.ID} {
		c, _, _, err := w.readColleague(w.ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		roles[id] = c.Memberships[0].ID
	}
	actors := []*authz.Actor{w.actor("elena@comune.example"), w.actor("marta@comune.example")}
	results := make(chan error, 2)
	for i, target := range []uuid.UUID{marta.ID, elena.ID} {
		go func() { results <- w.TakeRole(w.ctx, actors[i], target, roles[target]) }()
	}
	first, second := <-results, <-results
	if (first == nil) == (second == nil) {
		t.Errorf("%v and %v", first, second)
	}
	if n := w.number("SELECT count(*) FROM memberships WHERE role = 'city_admin'"); n != 1 {
		t.Errorf("%d administrators", n)
	}
}

func TestResetFactor_AColleaguesNotOnesOwn(t *testing.T) {
	w := setup(t)
	elena := w.person("elena@comune.example", authz.CityAdmin)
	marco := w.person("marco@comune.example", authz.Municipality)
	anna := w.person("anna@posta.example", authz.Citizen)
	admin, b := w.browser().login("elena@comune.example"), w.browser().login("marco@comune.example")
	reset := func(id uuid.UUID) answer {
		return admin.post("/amministrazione/persone/" + id.String() + "/secondo-fattore/azzeramento")
	}
	reset(elena.ID).wants(t, 409, "Non puoi azzerare il tuo secondo fattore")
	reset(anna.ID).wants(t, 404) // citizens are not staff
	reset(marco.ID).leads(t, "/amministrazione/persone/"+marco.ID.String())
	b.get("/comune").leads(t, "/accedi")
	b.post("/accedi", "email", "marco@comune.example", "password", goodPassword).leads(t, "/area-personale/secondo-fattore")
	if subject := w.letter("marco@comune.example").Subject; subject != "Il tuo secondo fattore è stato azzerato" {
		t.Errorf("told %q", subject)
	}
	if w.number("SELECT count(*) FROM audit_entries WHERE verb = 'factor_reset' AND subject = $1 AND actor = $2", marco.ID.String(), authz.TrailID(elena.ID, true)) != 1 {
		t.Error("not in the trail")
	}
	reset(marco.ID).wants(t, 409)
}

func TestProvider_StaffSeeOnlyTheirOwn(t *testing.T) {
	w := setup(t)
	w.provider("aurora", "Cooperativa Aurora")
	w.provider("filo", "Consorzio Il Filo")
	w.person("paolo@aurora.example", authz.Provider, "aurora")
	w.person("zita@aurora.example", authz.Provider, "aurora")
	w.person("bruno@filo.example", authz.Provider, "filo")
	a := w.browser().login("paolo@aurora.example").get("/ente")
	a.wants(t, 200, "Cooperativa Aurora", "zita@aurora.example")
	if strings.Contains(a.body, "filo") || strings.Contains(a.body, "Filo") {
		t.Error("another provider's people")
	}
	// A colleague's role elsewhere is not shown either.
	filo := w.number("SELECT count(*) FROM providers WHERE slug = 'filo'")
	if filo != 1 {
		t.Fatal("no such provider")
	}
	w.sql("INSERT INTO memberships (id, account_id, role, provider_id, accepted_at) SELECT $1, a.id, 'provider', p.id, now() FROM accounts a, providers p WHERE a.email = 'zita@aurora.example' AND p.slug = 'filo'", uuid.New())
	if a := w.browser().login("paolo@aurora.example").get("/ente"); strings.Contains(a.body, "Filo") {
		t.Error("a colleague's other provider")
	}
}

func TestPeople_SayWhenSomebodyWasHereAndNeverGuess(t *testing.T) {
	w := setup(t)
	elena := w.person("elena@comune.example", authz.CityAdmin)
	marco := w.person("marco@comune.example", authz.Municipality)
	if err := w.Invite(w.ctx, w.actor(elena.Email), Invitation{Email: "lucia@comune.example", Role: authz.Municipality}); err != nil {
		t.Fatal(err)
	}
	admin := w.browser().login(elena.Email)
	admin.get("/amministrazione/persone/"+marco.ID.String()).wants(t, 200, "Ultimo accesso: —")
	admin.get("/amministrazione/persone").wants(t, 200, "mai") // the invitation
	w.browser().login(marco.Email).post("/esci").leads(t, "/")
	page := admin.get("/amministrazione/persone/" + marco.ID.String())
	page.wants(t, 200, "Ultimo accesso:")
	if strings.Contains(page.text(), "Ultimo accesso: —") || strings.Contains(page.text(), "Ultimo accesso: mai") {
		t.Error("a login that is over is forgotten")
	}
}

func TestTrail_IsPagedAndFiltered(t *testing.T) {
	w := setup(t)
	w.person("elena@comune.example", authz.CityAdmin)
	w.person("anna@posta.example", authz.Citizen)
	for range tracesShown {
		w.actor("anna@posta.example")
	}
	admin := w.browser().login("elena@comune.example")
	a := admin.get("/amministrazione/registro")
	a.wants(t, 200, "Registro delle operazioni", "Prova E", "Una persona (…", "Mostra le precedenti")
	if strings.Contains(a.text(), "Prova A") {
		t.Error("the trail names a citizen")
	}
	admin.get("/amministrazione/registro?azione=role_given").wants(t, 200, "Ruolo dato", "Amministrazione del portale")
	if a := admin.get("/amministrazione/registro?azione=role_given"); strings.Contains(strings.SplitN(a.body, "<tbody>", 2)[1], "Accesso") {
		t.Error("not filtered")
	}
	admin.get("/amministrazione/registro?azione=niente").wants(t, 200, "Nessuna operazione di questo tipo")
	admin.get("/amministrazione/registro?prima=2").wants(t, 200, "Registrazione")
}

// Whether an entry names a person is decided by the role they held then.
func TestTrail_NamesWhoWasStaffThen(t *testing.T) {
	w := setup(t)
	w.person("elena@comune.example", authz.CityAdmin)
	anna := w.person("anna@posta.example", authz.Citizen)
	marco := w.person("marco@comune.example", authz.Municipality)
	w.actor("anna@posta.example")   // signs in as a citizen,
	w.actor("marco@comune.example") // and he with a role
	w.sql("DELETE FROM memberships WHERE account_id = $1", marco.ID)
	if err := w.Invite(w.ctx, w.actor("elena@comune.example"), Invitation{Email: anna.Email, Role: authz.WelfareManager}); err != nil {
		t.Fatal(err)
	}
	list, _, err := w.readTrail(w.ctx, "signed_in", 0)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]string{}
	for _, trace := range list {
		named[trace.Subject] = trace.ActorName + "/" + trace.SubjectName
	}
	if named[anna.ID.String()] != "/" || named[marco.ID.String()] != "Prova M/Prova M" {
		t.Errorf("%v", named)
	}
}

func TestStaffPages_AnswerInBothLanguages(t *testing.T) {
	w := setup(t)
	w.provider("aurora", "Cooperativa Aurora")
	elena := w.person("elena@comune.example", authz.CityAdmin)
	w.person("paolo@aurora.example", authz.Provider, "aurora")
	w.person("giulia@comune.example", authz.WelfareManager)
	for email, paths := range map[string][]string{
		"elena@comune.example":  {"/amministrazione", "/amministrazione/persone", "/amministrazione/persone/invito", "/amministrazione/persone/" + elena.ID.String(), "/amministrazione/registro"},
		"paolo@aurora.example":  {"/ente"},
		"giulia@comune.example": {"/comune"},
	} {
		b := w.browser().login(email)
		for _, path := range paths {
			for _, lang := range []string{"", "/en"} {
				a := b.get(lang + path)
				a.wants(t, 200)
				if strings.Contains(a.text(), "accounts.") {
					t.Errorf("%s%s shows a bare key: %s", lang, path, a.text())
				}
			}
		}
	}
}

// The refusal table: who may not do what, at the service, whatever the pages think.
func TestRefusals(t *testing.T) {
	w := setup(t)
	w.provider("aurora", "Cooperativa Aurora")
	target := w.person("marco@comune.example", authz.Municipality).ID
	w.person("paolo@aurora.example", authz.Provider, "aurora")
	w.person("giulia@comune.example", authz.WelfareManager)
	w.person("anna@posta.example", authz.Citizen)
	half := w.person("elena@comune.example", authz.CityAdmin).ID
	deeds := map[string]func(*authz.Actor) error{
		"see the desk":    func(a *authz.Actor) error { _, _, err := w.Desk(w.ctx, a); return err },
		"list staff":      func(a *authz.Actor) error { _, err := w.Staff(w.ctx, a); return err },
		"see a colleague": func(a *authz.Actor) error { _, _, _, err := w.Colleague(w.ctx, a, target); return err },
		"invite": func(a *authz.Actor) error {
			return w.Invite(w.ctx, a, Invitation{Email: "x@y.example", Role: authz.CityAdmin})
		},
		"give a role":       func(a *authz.Actor) error { return w.GiveRole(w.ctx, a, target, Invitation{Role: authz.CityAdmin}) },
		"take a role":       func(a *authz.Actor) error { return w.TakeRole(w.ctx, a, target, uuid.New()) },
		"remind":            func(a *authz.Actor) error { return w.RemindInvitation(w.ctx, a, target) },
		"withdraw":          func(a *authz.Actor) error { return w.CancelInvitation(w.ctx, a, target) },
		"reset a factor":    func(a *authz.Actor) error { return w.ResetFactor(w.ctx, a, target) },
		"read the trail":    func(a *authz.Actor) error { _, _, err := w.Trail(w.ctx, a, "", 0); return err },
		"see what there is": func(a *authz.Actor) error { _, _, err := w.Scopes(w.ctx, a); return err },
	}
	actors := map[string]*authz.Actor{
		"a citizen": w.actor("anna@posta.example"), "a provider": w.actor("paolo@aurora.example"),
		"a welfare manager": w.actor("giulia@comune.example"), "the municipality": w.actor("marco@comune.example"),
		"an administrator without the second factor": {Account: half, Memberships: []authz.Membership{{Role: authz.CityAdmin}}},
	}
	for who, actor := range actors {
		for what, do := range deeds {
			if err := do(actor); !errors.Is(err, problem.ErrForbidden) {
				t.Errorf("%s may %s: %v", who, what, err)
			}
		}
	}
	for what, do := range deeds {
		if err := do(nil); !errors.Is(err, problem.ErrUnauthenticated) {
			t.Errorf("nobody may %s: %v", what, err)
		}
	}
}

func TestGiveRole_WithinAnOffice(t *testing.T) {
	w := setup(t)
	office := w.office("servizi-sociali", "Settore Politiche Sociali")
	w.person("elena@comune.example", authz.CityAdmin)
	marco := w.person("marco@comune.example", authz.Municipality)
	admin := w.browser().login("elena@comune.example")
	page := "/amministrazione/persone/" + marco.ID.String()
	admin.post(page+"/ruoli", "role", "city_admin", "office", office.String()).wants(t, 422, "non va con il ruolo")
	admin.post(page+"/ruoli", "role", "welfare_manager", "office", office.String()).leads(t, page+"?fatto=accounts.role_given")
	admin.post(page+"/ruoli", "role", "welfare_manager", "office", office.String()).wants(t, 409, "ha già questo ruolo")
	w.browser().login("marco@comune.example").get("/comune").wants(t, 200, "Welfare manager (Settore Politiche Sociali)", "Comune (tutta la città)")
}
