package publishing

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/testkit"
)

const homeCare = "Assistenza domiciliare"

// cared is a content on the shelf that asks for an accreditation.
func cared() Content {
	c := whole()
	c.Title, c.Category = "Cura a casa", "cura"
	return c
}

func (w *world) accredited(from, to string) {
	w.t.Helper()
	if err := w.Accredit(w.ctx, w.people["marco"], "acero", catalogue.Accreditation{Area: homeCare, Act: "Det. 1/2026", From: from, To: to}); err != nil {
		w.t.Fatal(err)
	}
}

func TestAccreditation_DecidesWhatMayBePublished(t *testing.T) {
	w := setup(t)
	id := w.draft("paolo", cared())
	if err := w.Submit(w.ctx, w.people["paolo"], id, w.version(id).Revision); !errors.Is(err, ErrUnaccredited) {
		t.Errorf("without one: %v", err)
	}
	w.get("paolo", servicePath(id)).wants(t, 200, "Manca l'accreditamento")
	w.accredited("2026-01-01", "2026-12-31")
	w.submits("paolo", id)
	if err := w.Suspend(w.ctx, w.people["marco"], "acero", homeCare, "Det. 1/2026", "Manca la polizza."); err != nil {
		t.Fatal(err)
	}
	if err := w.Approve(w.ctx, w.people["marco"], id, w.version(id).Revision); !errors.Is(err, ErrUnaccredited) {
		t.Errorf("suspended: %v", err)
	}
	if err := w.Resume(w.ctx, w.people["marco"], "acero", homeCare, "Det. 1/2026"); err != nil {
		t.Fatal(err)
	}
	w.approves("marco", id)
	w.get("", "/servizi/cura-a-casa").wants(t, 200)
}

func TestAccreditation_ItsSuspensionUnpublishesAtOnce(t *testing.T) {
	w := setup(t)
	w.accredited("2026-01-01", "2027-12-31")
	w.published()
	id := w.draft("paolo", cared())
	w.submits("paolo", id)
	w.approves("marco", id)
	w.queue.jobs = nil
	if err := w.Suspend(w.ctx, w.people["marco"], "acero", homeCare, "Det. 1/2026", "Manca la polizza."); err != nil {
		t.Fatal(err)
	}
	w.get("", "/servizi/cura-a-casa").wants(t, 404)
	w.get("", "/servizi/pasti-caldi").wants(t, 200)
	w.get("paolo", servicePath(id)).wants(t, 200, "l'accreditamento non è più valido · il portale")
	w.work()
	if len(w.mail.sent) != 3 || !slices.Contains(w.mail.sent[0].Paragraphs, "Manca la polizza.") {
		t.Errorf("%+v", w.mail.sent)
	}
	if page := w.get("", "/enti/acero"); strings.Contains(page.body, homeCare) {
		t.Error("the public page shows it as valid")
	}
}

func TestSweep_TellsBeforeAndUnpublishesAfterTheEnd(t *testing.T) {
	w := setup(t)
	w.accredited("2026-01-01", "2026-12-31")
	id := w.draft("paolo", cared())
	w.submits("paolo", id)
	w.approves("marco", id)
	w.queue.jobs = nil
	sweep := func(day string) (letters int) {
		t.Helper()
		at, err := time.Parse(time.DateTime, day+" 03:00:00")
		if err != nil {
			t.Fatal(err)
		}
		w.clock, w.mail.sent = at, nil
		for range 2 { // as often as one likes
			if err := w.Sweep(w.ctx); err != nil {
				t.Fatal(err)
			}
		}
		w.work()
		return len(w.mail.sent)
	}
	for _, c := range []struct {
		day     string
		letters int
		status  int
	}{{"2026-11-30", 0, 200}, {"2026-12-01", 3, 200}, {"2026-12-02", 0, 200}, {"2026-12-31", 0, 200}, {"2027-01-01", 3, 404}, {"2027-01-02", 0, 404}} {
		if got := sweep(c.day); got != c.letters {
			t.Errorf("%s: %d letters, want %d", c.day, got, c.letters)
		}
		w.get("", "/servizi/cura-a-casa").wants(t, c.status)
	}
	if got := ask[string](w, "SELECT actor FROM audit_entries WHERE verb = 'service_lapsed' AND subject = $1", id.String()); got != sweeper {
		t.Errorf("by %s", got)
	}
	if n := ask[int](w, "SELECT count(*) FROM service_events WHERE verb = 'lapsed'"); n != 1 {
		t.Errorf("%d times", n)
	}
}

func TestRegister_IsTheMunicipalitys(t *testing.T) {
	w := setup(t)
	other := raise(t)
	for _, who := range []string{"paolo", "elena", "gina", "anna"} {
		w.get(who, registerPath).wants(t, 403)
		if err := w.End(w.ctx, w.people[who], "acero", homeCare, "x"); !errors.Is(err, problem.ErrForbidden) {
			t.Errorf("%s: %v", who, err)
		}
	}
	w.get("marco", registerPath).wants(t, 200, "Cooperativa acero", "nessun accreditamento")
	path := registerPath + "/acero"
	w.post("marco", path+"/accreditamenti", "area", "Pasti", "from", "2026-02-01", "to", "2026-01-01").wants(t, 422, "numero dell'atto", "La fine viene dopo")
	w.post("marco", path+"/accreditamenti", "area", homeCare, "act", "Det. 1", "from", "2026-01-01", "to", "2027-01-01").leads(t, path)
	w.post("marco", path+"/accreditamenti", "area", homeCare, "act", "Det. 1", "from", "2026-01-01", "to", "2027-01-01").wants(t, 409, "C'è già")
	w.get("marco", path).wants(t, 200, "Valido", "dal 1 gennaio 2026 al 1 gennaio 2027")
	w.post("marco", path+"/accreditamenti/sospensione", "area", homeCare, "act", "Det. 1").wants(t, 422, "Scrivi perché")
	w.post("marco", path+"/accreditamenti/sospensione", "area", homeCare, "act", "Det. 1", "reason", "Controlli").leads(t, path)
	w.get("marco", path).wants(t, 200, "Sospeso", "Controlli")
	w.post("marco", path+"/accreditamenti/ripresa", "area", homeCare, "act", "Det. 1").leads(t, path)
	w.post("marco", path+"/accreditamenti/fine", "area", homeCare, "act", "Det. 2").wants(t, 404)
	w.post("marco", path+"/accreditamenti/fine", "area", homeCare, "act", "Det. 1").leads(t, path)
	w.get("marco", path).wants(t, 200, "Finito", "al 24 novembre 2026")
	w.post("marco", path+"/accreditamenti/fine", "area", homeCare, "act", "Det. 1").wants(t, 409, "già finito")
	if page := other.get("marco", path); strings.Contains(page.body, "Det. 1") {
		t.Error("another city sees it")
	}
}

// The real queue: the worker gets nothing but ids, and enters the city by itself.
func TestJobs_RunFromTheRealQueue(t *testing.T) {
	w := setup(t)
	workers := jobs.NewWorkers()
	w.Jobs(workers)
	queue, err := jobs.Open(testkit.DB(t), testkit.Cities(t), workers, 1)
	if err != nil {
		t.Fatal(err)
	}
	w.Attach(queue)
	c := whole()
	c.Sold = false // pioppo has no VAT number
	id := w.draft("altra", c)
	w.submits("altra", id)
	if err := w.Return(w.ctx, w.people["marco"], id, w.version(id).Revision, "Manca qualcosa."); err != nil {
		t.Fatal(err)
	}
	if n := ask[int](w, "SELECT count(*) FROM river_job WHERE metadata->>'city' = $1 AND args::text LIKE '%Manca%'", w.city.ID.String()); n != 0 {
		t.Error("a job carries words")
	}
	if err := queue.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = queue.Stop(w.ctx) }()
	testkit.Eventually(t, "the mail arrives", func() bool { return slices.Equal(w.mail.to(), []string{"altra@posta.example"}) })
}

func TestJobs_ForNobodyDoNothing(t *testing.T) {
	w := setup(t)
	id := w.draft("paolo", whole())
	w.submits("paolo", id)
	w.approves("marco", id)
	event := w.queue.jobs[0].(EventMail)
	other := raise(t)
	for name, err := range map[string]error{
		"no event":          w.mailEvent(w.ctx, EventMail{uuid.New(), event.Account}),
		"nobody of theirs":  w.mailEvent(w.ctx, EventMail{event.Event, w.people["altra"].Account}),
		"another city":      other.mailEvent(other.ctx, event),
		"no notice":         w.mailNotice(w.ctx, NoticeMail{uuid.New(), event.Account}),
		"no account at all": w.mailEvent(w.ctx, EventMail{event.Event, uuid.New()}),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(w.mail.sent)+len(other.mail.sent) != 0 {
		t.Errorf("sent %v", w.mail.sent)
	}
	w.sql("DELETE FROM memberships")
	if err := w.mailEvent(w.ctx, EventMail{event.Event, uuid.Nil}); err != nil || w.mail.sent[0].To != "info@acero.example" {
		t.Errorf("to the provider itself: %v %v", w.mail.to(), err)
	}
}
