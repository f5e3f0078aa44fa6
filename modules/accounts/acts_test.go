package accounts

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/files"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

const paper = "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<<>>>>\nendobj\nxref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000054 00000 n \n0000000105 00000 n \ntrailer\n<</Size 4/Root 1 0 R>>\nstartxref\n180\n%%EOF\n"

func photograph(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 20, 10))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// act is the document that a member has now.
func (w *world) act(who string, member uuid.UUID) uuid.UUID {
	w.t.Helper()
	m, err := w.HouseholdMember(w.ctx, w.actor(who), member)
	if err != nil {
		w.t.Fatal(err)
	}
	return m.Act
}

// stored counts the documents that the store still has.
func (w *world) stored() int { return w.number("SELECT count(*) FROM files WHERE state = 'stored'") }

func TestAct_IsReadByThePersonAndByWhoDecidesWhichThePersonSees(t *testing.T) {
	w := setup(t)
	other := open(t)
	for _, x := range []*world{w, other} {
		x.person("anna@posta.example", authz.Citizen)
		x.person("marco@comune.example", authz.Municipality)
	}
	w.person("luca@posta.example", authz.Citizen)
	w.person("gina@comune.example", authz.WelfareManager)
	w.person("elena@comune.example", authz.CityAdmin)
	id := w.add(w.actor("anna@posta.example"), father)
	anna := w.browser().login("anna@posta.example")
	anna.get(householdPath).wants(t, 200, "Non hai ancora caricato il documento")
	anna.get(actPath(id)).wants(t, 200, "Mario Rossi", "delega firmata")
	anna.upload(actPath(id), []byte(paper)).leads(t, actPath(id)+"?fatto=accounts.act_added")
	page := anna.get(actPath(id))
	page.wants(t, 200, "Apri il documento", "caricato domenica 22 novembre 2026")
	path := "/media/" + w.act("anna@posta.example", id).String()
	if !strings.Contains(page.body, `href="`+path+`"`) {
		t.Error("the page does not lead to it")
	}
	got := anna.get(path)
	if got.status != 200 || got.raw != paper && got.body != paper || !strings.Contains(got.header.Get("Content-Disposition"), "documento.pdf") || got.header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("%d %v", got.status, got.header)
	}
	read := "SELECT count(*) FROM audit_entries WHERE verb = 'member_act_read'"
	if n := w.number(read); n != 0 {
		t.Errorf("reading one's own is noted %d times", n)
	}
	for who, want := range map[string]int{"luca@posta.example": 404, "gina@comune.example": 404, "elena@comune.example": 404, "marco@comune.example": 200} {
		if got := w.browser().login(who).get(path); got.status != want {
			t.Errorf("%s: %d", who, got.status)
		}
	}
	if got := w.browser().get(path); got.status != 404 {
		t.Errorf("a visitor: %d", got.status)
	}
	for _, who := range []string{"anna@posta.example", "marco@comune.example"} {
		if got := other.browser().login(who).get(path); got.status != 404 {
			t.Errorf("%s of another city: %d", who, got.status)
		}
	}
	if n := w.number(read); n != 1 {
		t.Errorf("that of the municipality is noted %d times", n)
	}
	w.browser().login("anna@posta.example").get("/area-personale/accessi").wants(t, 200, "Documento di una persona del nucleo caricato", "Documento di una persona del nucleo letto")
}

func TestAct_GoesWithWhatItWasFor(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	anna := w.actor("anna@posta.example")
	given := func() uuid.UUID {
		id := w.add(anna, father)
		if err := w.AddAct(w.ctx, anna, id, []byte(paper)); err != nil {
			t.Fatal(err)
		}
		return id
	}
	first := given()
	if err := w.AddAct(w.ctx, anna, first, photograph(t)); err != nil { // in the other's place
		t.Fatal(err)
	}
	if w.stored() != 1 {
		t.Error("the document before stays")
	}
	if err := w.RemoveAct(w.ctx, anna, first); err != nil || w.act("anna@posta.example", first) != uuid.Nil || w.stored() != 0 {
		t.Errorf("removed: %v", err)
	}
	if err := w.RemoveAct(w.ctx, anna, first); !errors.Is(err, problem.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
	ward := father
	ward.Born, ward.Relation = date(2016, 3, 5), Guardian
	id := w.add(anna, ward)
	if err := w.AddAct(w.ctx, anna, id, []byte(paper)); err != nil {
		t.Fatal(err)
	}
	ward.Relation = Parent
	if err := w.SaveMember(w.ctx, anna, id, ward); err != nil || w.stored() != 0 {
		t.Errorf("a parent needs none: %v, %d", err, w.stored())
	}
	known := father
	known.FiscalCode = withCheck("RSSMRA40A01D150")
	id = given()
	if err := w.SaveMember(w.ctx, anna, id, known); err != nil || w.stored() != 0 {
		t.Errorf("said to be somebody else: %v, %d", err, w.stored())
	}
	if err := w.AddAct(w.ctx, anna, id, []byte(paper)); err != nil {
		t.Fatal(err)
	}
	known.Name = "Mario Giuseppe Rossi"
	if err := w.SaveMember(w.ctx, anna, id, known); err != nil || w.stored() != 1 {
		t.Errorf("the same person, better written: %v, %d", err, w.stored())
	}
	if err := w.RemoveMember(w.ctx, anna, id); err != nil || w.stored() != 0 {
		t.Errorf("removed with a document: %v, %d", err, w.stored())
	}
	if err := w.RemoveMember(w.ctx, anna, given()); err != nil || w.stored() != 0 {
		t.Errorf("the member removed: %v, %d", err, w.stored())
	}
	given()
	if err := w.Close(w.ctx, anna, goodPassword, true); err != nil || w.stored() != 0 {
		t.Errorf("the account closed: %v, %d", err, w.stored())
	}
	if gone, err := w.files.Sweep(w.ctx, w.clock.Now()); err != nil || gone != 7 {
		t.Errorf("%d objects went, %v", gone, err)
	}
}

func TestAct_Refusals(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	w.person("luca@posta.example", authz.Citizen)
	anna := w.actor("anna@posta.example")
	id, daughter, his := w.add(anna, father), w.add(anna, child), w.add(w.actor("luca@posta.example"), father)
	b := w.browser().login("anna@posta.example")
	b.upload(actPath(id), []byte("una lettera")).wants(t, 422, "Scegli un PDF, o una foto JPEG o PNG")
	b.upload(actPath(id), nil).wants(t, 422, "Scegli un file")
	b.upload(actPath(id), []byte(strings.Replace(paper, "/Catalog", "/Catalog/AA<<>>", 1))).wants(t, 422, "programmi")
	for _, who := range []uuid.UUID{daughter, his, uuid.New()} {
		for what, a := range map[string]answer{"see": b.get(actPath(who)), "add": b.upload(actPath(who), []byte(paper)), "remove": b.post(actPath(who) + "/rimozione")} {
			if a.status != 404 {
				t.Errorf("%s: %d", what, a.status)
			}
		}
	}
	if w.number("SELECT count(*) FROM files") != 0 {
		t.Error("a file stayed")
	}
	b.upload(actPath(id), photograph(t)).leads(t, actPath(id))
	if a := b.get("/media/" + w.act("anna@posta.example", id).String()); a.status != 200 || a.header.Get("Content-Type") != "image/png" {
		t.Errorf("%d %v", a.status, a.header)
	}
	b.post(actPath(id)+"/rimozione").leads(t, actPath(id)+"?fatto=accounts.act_removed")
}

func TestSweep_GivesUpADocumentThatBelongsToNobody(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	anna := w.actor("anna@posta.example")
	if err := w.AddAct(w.ctx, anna, w.add(anna, father), []byte(paper)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.files.Put(w.ctx, files.File{Module: shelfOfActs, ContentType: "application/pdf"}, []byte(paper)); err != nil {
		t.Fatal(err)
	}
	w.sql("UPDATE files SET created_at = $1", w.clock.Now())
	for _, c := range []struct {
		pass time.Duration
		want int
	}{{time.Hour, 2}, {24 * time.Hour, 1}} {
		w.clock.Pass(c.pass)
		if err := w.Sweep(w.ctx); err != nil || w.stored() != c.want {
			t.Errorf("after %v: %d stored, %v", c.pass, w.stored(), err)
		}
	}
}
