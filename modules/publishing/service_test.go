package publishing

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

func TestPublishing_FromDraftToTheCatalogue(t *testing.T) {
	w := setup(t)
	id := w.draft("paolo", whole())
	w.get("", "/servizi/pasti-caldi").wants(t, 404)
	w.submits("piera", id)
	version := ask[int64](w, "SELECT version FROM cities WHERE id = current_city()")
	w.approves("marco", id)
	if now := ask[int64](w, "SELECT version FROM cities WHERE id = current_city()"); now == version {
		t.Error("cached pages do not hear of it")
	}
	page := w.get("", "/servizi/pasti-caldi")
	page.wants(t, 200, "Pasti caldi", "Un campanello", "7,50")
	if !strings.Contains(page.body, "<strong>non riesce</strong>") {
		t.Error("Markdown is not rendered")
	}
	w.get("", "/servizi?q=mensa").wants(t, 200, "Pasti caldi")
	if got := ask[string](w, "SELECT string_agg(verb, ' ' ORDER BY at, id) FROM service_events"); got != "begun submitted approved" {
		t.Errorf("history: %s", got)
	}
	if got := ask[string](w, "SELECT string_agg(verb, ' ' ORDER BY seq) FROM audit_entries WHERE subject = $1", id.String()); got != "service_submitted service_approved" {
		t.Errorf("trail: %s", got)
	}
	w.work()
	if to := w.mail.to(); !slices.Equal(to, []string{"doppio@posta.example", "paolo@posta.example", "piera@posta.example"}) {
		t.Errorf("letters to %v", to)
	}
	letter := w.mail.sent[0]
	if !strings.Contains(letter.Subject, "Pasti caldi") || letter.Link != "http://"+w.city.Host+":8080/ente/servizi/"+id.String() {
		t.Errorf("%+v", letter)
	}
}

func TestPublishing_ARefusalComesBackWithItsReason(t *testing.T) {
	w := setup(t)
	id := w.draft("paolo", whole())
	w.submits("paolo", id)
	rev := w.version(id).Revision
	if err := w.Return(w.ctx, w.people["marco"], id, rev, "  "); problem.Of(err).Kind != problem.Invalid {
		t.Errorf("without a reason: %v", err)
	}
	if err := w.Return(w.ctx, w.people["marco"], id, rev, "Scrivi gli orari."); err != nil {
		t.Fatal(err)
	}
	w.work()
	if len(w.mail.sent) != 3 || !slices.Contains(w.mail.sent[0].Paragraphs, "«Scrivi gli orari.»") {
		t.Errorf("%+v", w.mail.sent)
	}
	w.get("paolo", servicePath(id)).wants(t, 200, "Scrivi gli orari.", "Da rivedere")
	v := w.version(id)
	if _, err := w.Save(w.ctx, w.people["paolo"], id, v.Revision, func(c *Content) { c.Times = "Dalle 11 alle 13." }); err != nil {
		t.Fatal(err)
	}
	w.get("paolo", servicePath(id)).wants(t, 200, "Il Comune chiede una modifica", "Che cosa hai corretto") // until it is sent again
	w.get("paolo", servicePath(id, "testi")).wants(t, 200, "Scrivi gli orari.")
	w.submits("paolo", id)
	review := w.get("marco", reviewOf(id))
	review.wants(t, 200, "Che cosa è cambiato", "Il Comune aveva chiesto: Scrivi gli orari.", "aggiunto: Dalle 11 alle 13.")
	if strings.Count(review.body, "<del>") != 1 {
		t.Error("the difference is not that with what was sent back")
	}
	w.approves("elena", id) // an administrator may, too
	w.get("", "/servizi/pasti-caldi").wants(t, 200, "Dalle 11 alle 13.")
}

func TestPublishing_WhatIsPublishedStaysUntilTheNextIsApproved(t *testing.T) {
	w := setup(t)
	id := w.published()
	if err := w.Revise(w.ctx, w.people["piera"], id); err != nil {
		t.Fatal(err)
	}
	if err := w.Revise(w.ctx, w.people["paolo"], id); err != nil { // the same draft
		t.Fatal(err)
	}
	v := w.version(id)
	if _, err := w.Save(w.ctx, w.people["piera"], id, v.Revision, func(c *Content) { c.Title, c.Price = "Pasti d'oro", "9" }); err != nil {
		t.Fatal(err)
	}
	w.get("", "/servizi/pasti-caldi").wants(t, 200, "Pasti caldi", "7,50")
	w.get("", "/servizi/pasti-caldi").wants(t, 200)
	page := w.get("piera", servicePath(id))
	page.wants(t, 200, "Che cosa cambia", "Nome del servizio", "Pasti d'oro")
	if !strings.Contains(page.body, "<del>") || !strings.Contains(page.body, "aggiunto:") {
		t.Error("the difference is not marked for those who listen")
	}
	w.get("piera", servicePath(id, "anteprima")).wants(t, 200, "Anteprima", "Pasti d'oro", "9,00")
	w.submits("piera", id)
	w.approves("marco", id)
	w.get("", "/servizi/pasti-caldi").wants(t, 200, "Pasti d'oro", "9,00") // under its old address
	if v := ask[int](w, "SELECT max(number) FROM service_versions WHERE service_id = $1", id); v != 2 {
		t.Errorf("version %d", v)
	}
	if err := w.Unpublish(w.ctx, w.people["paolo"], id); err != nil {
		t.Fatal(err)
	}
	w.get("", "/servizi/pasti-caldi").wants(t, 404)
	if err := w.Unpublish(w.ctx, w.people["paolo"], id); !errors.Is(err, ErrHidden) {
		t.Errorf("twice: %v", err)
	}
	w.get("paolo", deskPath).wants(t, 200, "Non sul portale", "Pasti d'oro")
}

func TestPublishing_EnglishDeadlinesAndCapacityAreOnTheSheet(t *testing.T) {
	w := setup(t)
	c := whole()
	c.TitleEn, c.SummaryEn, c.Deadlines, c.Capacity = "Hot meals", "A hot lunch at home.", "24/11/2026 Ieri\n30/04/2027 Domande per settembre", "40"
	id := w.draft("paolo", c)
	w.get("paolo", "/en"+servicePath(id, "anteprima")).wants(t, 200, "Hot meals", "Domande per settembre", "up to 40 meals a month")
	w.submits("paolo", id)
	w.approves("marco", id)
	w.get("", "/servizi/pasti-caldi").wants(t, 200, "Pasti caldi", "30 aprile 2027 Domande per settembre", "fino a 40 pasti al mese")
	page := w.get("", "/en/servizi/pasti-caldi")
	page.wants(t, 200, "Hot meals", "A hot lunch at home.", "up to 40 meals a month")
	if strings.Contains(page.text(), "Ieri") {
		t.Error("a day that is over shows")
	}
	w.get("", "/en/servizi?q=hot+meals").wants(t, 200, "Hot meals")
	if err := w.Revise(w.ctx, w.people["paolo"], id); err != nil {
		t.Fatal(err)
	}
	v := w.version(id)
	if v.Content.TitleEn != c.TitleEn || v.Content.Deadlines != c.Deadlines || v.Content.Capacity != "40" {
		t.Errorf("a revision begins with %+v", v.Content)
	}
	form := w.get("paolo", servicePath(id, "essenziale"))
	form.wants(t, 200, "In inglese")
	if !strings.Contains(form.body, `value="Hot meals"`) {
		t.Error("the English is not in the form")
	}
	if _, err := w.Save(w.ctx, w.people["paolo"], id, v.Revision, func(c *Content) { c.Title, c.Deadlines = "Pasti d'oro", "" }); err != nil {
		t.Fatal(err)
	}
	w.get("paolo", servicePath(id)).wants(t, 200, "Controlla l'inglese", "tolto: 24/11/2026")
	w.post("paolo", servicePath(id, "testi"), "revision", strconv.Itoa(v.Revision+1), "deadlines", "a fine aprile").wants(t, 422, "In «Date da ricordare» ogni riga comincia con una data")
}

func TestApprove_NobodyApprovesTheirOwn(t *testing.T) {
	w := setup(t)
	id := w.draft("doppio", whole())
	w.submits("paolo", id)
	rev := w.version(id).Revision
	for name, err := range map[string]error{
		"approve": w.Approve(w.ctx, w.people["doppio"], id, rev), "send back": w.Return(w.ctx, w.people["doppio"], id, rev, "no"),
	} {
		if !errors.Is(err, ErrOwn) {
			t.Errorf("%s: %v", name, err)
		}
	}
	page := w.get("doppio", reviewOf(id))
	page.wants(t, 200, "Hai lavorato tu")
	if strings.Contains(page.body, "approvazione") {
		t.Error("the button is drawn")
	}
	w.post("doppio", reviewOf(id, "approvazione"), "revision", fmt.Sprint(rev)).wants(t, 409, "Hai lavorato tu")
	w.get("", "/servizi/pasti-caldi").wants(t, 404)
}

// The refusal table: who may do what to a draft, a version that waits, and a published service of acero.
func TestPublishing_WhoMayWhat(t *testing.T) {
	w := setup(t)
	written, waiting, live := w.draft("paolo", whole()), w.draft("paolo", whole()), w.published()
	w.submits("paolo", waiting)
	may := map[string]func(*authz.Actor) error{
		"desk":      func(a *authz.Actor) error { _, err := w.Desk(w.ctx, a); return err },
		"work":      func(a *authz.Actor) error { _, err := w.Work(w.ctx, a, "it", written); return err },
		"create":    func(a *authz.Actor) error { _, err := w.Create(w.ctx, a, w.makers["acero"], "x"); return err },
		"save":      func(a *authz.Actor) error { _, err := w.Save(w.ctx, a, written, -1, func(*Content) {}); return err },
		"revise":    func(a *authz.Actor) error { return w.Revise(w.ctx, a, live) },
		"submit":    func(a *authz.Actor) error { return w.Submit(w.ctx, a, written, -1) },
		"withdraw":  func(a *authz.Actor) error { return w.Withdraw(w.ctx, a, written) },
		"discard":   func(a *authz.Actor) error { return w.Discard(w.ctx, a, written, -1) },
		"unpublish": func(a *authz.Actor) error { return w.Unpublish(w.ctx, a, written) },
		"profile":   func(a *authz.Actor) error { _, _, err := w.Profile(w.ctx, a, "it", "acero"); return err },
		"describe":  func(a *authz.Actor) error { return w.Describe(w.ctx, a, "acero", "", whose()) },
		"inbox":     func(a *authz.Actor) error { _, err := w.Inbox(w.ctx, a); return err },
		"review":    func(a *authz.Actor) error { _, err := w.Review(w.ctx, a, "it", waiting); return err },
		"early":     func(a *authz.Actor) error { _, err := w.Review(w.ctx, a, "it", written); return err },
		"approve":   func(a *authz.Actor) error { return w.Approve(w.ctx, a, waiting, -1) },
		"return":    func(a *authz.Actor) error { return w.Return(w.ctx, a, waiting, -1, "perché") },
	}
	const nobody, forbidden, hidden = "problem.unauthenticated", "problem.forbidden", "problem.not_found"
	provider := map[string]string{"save": "publishing.stale", "submit": "publishing.stale", "withdraw": "publishing.not_waiting", "discard": "publishing.stale", "unpublish": hidden,
		"describe": "publishing.stale", "inbox": forbidden, "review": forbidden, "early": forbidden, "approve": forbidden, "return": forbidden}
	office := map[string]string{"early": hidden, "approve": "publishing.stale", "return": "publishing.stale"}
	for verb, do := range may {
		for _, c := range []struct{ who, want string }{
			{"", nobody}, {"anna", forbidden}, {"gina", forbidden}, {"paolo", provider[verb]}, {"marco", office[verb]}, {"elena", office[verb]}, {"altra", another(verb)},
		} {
			want := c.want
			if (c.who == "marco" || c.who == "elena") && !slices.Contains([]string{"inbox", "review", "early", "approve", "return"}, verb) {
				want = forbidden
			}
			err := do(w.people[c.who])
			if got := problem.Of(err).Code; err == nil && want != "" || err != nil && got != want {
				t.Errorf("%s by %q: %v, want %q", verb, c.who, err, want)
			}
		}
	}
}

// another is what the staff of another provider is told.
func another(verb string) string {
	switch verb {
	case "desk":
		return ""
	case "inbox", "review", "early", "approve", "return":
		return "problem.forbidden"
	}
	return "problem.not_found"
}

func TestPolicy_ACityCanKeepItsAdministratorsOut(t *testing.T) {
	w := setup(t)
	id := w.draft("paolo", whole())
	w.submits("paolo", id)
	w.people["elena"].Exceptions = []authz.Exception{{Role: authz.CityAdmin, Verb: "approve", Kind: "service", Effect: "deny"}}
	if err := w.Approve(w.ctx, w.people["elena"], id, w.version(id).Revision); !errors.Is(err, problem.ErrForbidden) {
		t.Errorf("%v", err)
	}
	w.get("elena", reviewPath).wants(t, 403)
}

func TestPublishing_AnotherCityAndAnotherProviderSeeNothing(t *testing.T) {
	w := setup(t)
	other := raise(t)
	id := w.draft("paolo", whole())
	w.submits("paolo", id)
	made := uuid.Must(uuid.NewV7())
	for _, c := range []struct {
		world *world
		who   string
	}{{w, "altra"}, {other, "paolo"}} {
		for _, page := range []string{"", "/anteprima", "/essenziale", "/testi", "/prezzo", "/contatti", "/scarto", "/rimozione"} {
			mine, unknown := c.world.get(c.who, deskPath+"/"+id.String()+page), c.world.get(c.who, deskPath+"/"+made.String()+page)
			if mine.status != 404 || strings.ReplaceAll(mine.body, id.String(), made.String()) != unknown.body {
				t.Errorf("%s%s: %d, a made-up one %d", c.who, page, mine.status, unknown.status)
			}
		}
		for _, verb := range []string{"/invio", "/ritiro", "/scarto", "/modifica", "/rimozione", "/essenziale"} {
			c.world.post(c.who, deskPath+"/"+id.String()+verb, "revision", "3").wants(t, 404)
		}
	}
	for _, page := range []string{"", "/anteprima"} {
		other.get("marco", reviewPath+"/"+id.String()+page).wants(t, 404)
	}
	other.post("marco", reviewPath+"/"+id.String()+"/approvazione", "revision", "3").wants(t, 404)
	if page := other.get("marco", reviewPath); strings.Contains(page.body, "Pasti caldi") {
		t.Error("another city's inbox shows it")
	}
	if page := w.get("altra", deskPath); strings.Contains(page.body, "Pasti caldi") {
		t.Error("another provider's desk shows it")
	}
}

func TestDescribe_ChangesThePublicPageAtOnce(t *testing.T) {
	w := setup(t)
	page := w.get("paolo", profilePath+"/acero")
	page.wants(t, 200, "Cooperativa acero")
	seen := between(page.body, `name="seen" value="`, `"`)
	w.get("paolo", profilePath).leads(t, profilePath+"/acero")
	w.post("paolo", profilePath+"/acero", "seen", seen, "about", "Cuciniamo.", "address", "Via Adda 2", "phone", "0372 1", "email", "x", "web", "javascript:alert(1)").
		wants(t, 422, "Cuciniamo.", "Scrivi un indirizzo e-mail", "https://")
	ok := []string{"seen", seen, "about", "Cuciniamo.", "address", "Via Adda 2", "phone", "0372 100", "email", "x@y.example", "neighbourhood", "centro", "name", "Altro nome"}
	w.post("paolo", profilePath+"/acero", ok...).leads(t, profilePath+"/acero")
	w.get("", "/enti/acero").wants(t, 200, "Cuciniamo.", "Via Adda 2", "Cooperativa acero")
	w.post("piera", profilePath+"/acero", ok...).wants(t, 409, "Nel frattempo", "Cuciniamo.")
	w.get("altra", profilePath+"/acero").wants(t, 404)
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}
