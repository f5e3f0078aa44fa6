package accounts

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
)

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// child is somebody's daughter, ten years old at the time of these tests.
var child = MemberProfile{Name: "Giulia Rossi", Born: date(2016, 3, 5), FiscalCode: withCheck("RSSGLI16C45D150"), Relation: Parent}

// father is eighty-six, and his codice fiscale is not at hand.
var father = MemberProfile{Name: "Mario Rossi", Born: date(1940, 1, 1), Relation: Delegate}

func TestMember_AChildComesOfAgeOnTheDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		born, today time.Time
		lapsed      bool
	}{
		{date(2008, 11, 23), date(2026, 11, 22), false},
		{date(2008, 11, 22), date(2026, 11, 22), true},
		{date(2008, 2, 29), date(2026, 2, 28), false},
		{date(2008, 2, 29), date(2026, 3, 1), true},
		{date(2026, 11, 22), date(2026, 11, 22), false},
	} {
		if got := (Member{Born: c.born, Relation: Parent}).Lapsed(c.today); got != c.lapsed {
			t.Errorf("born %s, on %s: %v", c.born.Format(time.DateOnly), c.today.Format(time.DateOnly), got)
		}
	}
	for _, r := range []Relation{Guardian, Delegate} {
		if (Member{Born: date(1940, 1, 1), Relation: r}).Lapsed(today) {
			t.Errorf("%s lapses", r)
		}
	}
}

func TestMemberProfile_Refusals(t *testing.T) {
	t.Parallel()
	with := func(change func(*MemberProfile)) MemberProfile {
		p := child
		change(&p)
		return p
	}
	for what, c := range map[string]struct {
		p    MemberProfile
		want string // field: code
	}{
		"a child":              {child, ""},
		"a father":             {father, ""},
		"a child in care":      {with(func(p *MemberProfile) { p.Relation = Guardian }), ""},
		"an omocodic code":     {with(func(p *MemberProfile) { p.FiscalCode = withCheck("RSSGLI16C45D15L") }), ""},
		"in small letters":     {with(func(p *MemberProfile) { p.FiscalCode = "rss gli " + strings.ToLower(p.FiscalCode[6:]) }), ""},
		"no name":              {with(func(p *MemberProfile) { p.Name = "" }), "name: accounts.name.missing"},
		"a site for a name":    {with(func(p *MemberProfile) { p.Name = "www.esempio.it" }), "name: accounts.name.wrong"},
		"no day of birth":      {with(func(p *MemberProfile) { p.Born = time.Time{} }), "born: accounts.born.missing"},
		"no day at all":        {with(func(p *MemberProfile) { p.Born, p.BornWrong = time.Time{}, true }), "born: accounts.born.wrong"},
		"born tomorrow":        {with(func(p *MemberProfile) { p.Born, p.FiscalCode = date(2026, 11, 23), "" }), "born: accounts.born.wrong"},
		"born too long ago":    {with(func(p *MemberProfile) { p.Born, p.FiscalCode, p.Relation = date(1899, 1, 1), "", Delegate }), "born: accounts.born.wrong"},
		"a slip of the finger": {with(func(p *MemberProfile) { p.FiscalCode = p.FiscalCode[:15] + "!" }), "fiscal_code: accounts.fiscal_code.form"},
		"a wrong check letter": {with(func(p *MemberProfile) { p.FiscalCode = "RSSMRA80A01D150K" }), "fiscal_code: accounts.fiscal_code.check"},
		"another day's code":   {with(func(p *MemberProfile) { p.Born = date(2016, 3, 6) }), "fiscal_code: accounts.fiscal_code.birth"},
		"a place of no time":   {MemberProfile{Name: "X", Born: date(1930, 1, 1), FiscalCode: withCheck("RSSMRA30A01A003"), Relation: Delegate}, "fiscal_code: accounts.fiscal_code.place"},
		"no reason":            {with(func(p *MemberProfile) { p.Relation = "" }), "relation: accounts.household.relation_missing"},
		"a made-up reason":     {with(func(p *MemberProfile) { p.Relation = "neighbour" }), "relation: accounts.household.relation_missing"},
		"a grown-up's parent":  {with(func(p *MemberProfile) { p.Born, p.FiscalCode = date(2008, 11, 22), "" }), "relation: accounts.household.not_minor"},
	} {
		got := ""
		if err := c.p.check(date(2026, 11, 22)); err != nil {
			for i, f := range problem.Of(err).Fields {
				got += strings.Repeat(", ", min(i, 1)) + f.Name + ": " + f.Code
			}
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", what, got, c.want)
		}
	}
}

func TestHousehold_NobodyIsInItTwiceAndNotOneself(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	w.person("luca@posta.example", authz.Citizen)
	anna, luca := w.actor("anna@posta.example"), w.actor("luca@posta.example")
	if err := w.SaveProfile(w.ctx, anna, Profile{Name: "Anna", FiscalCode: "RSSMRA80A41D150N", Language: "it"}); err != nil {
		t.Fatal(err)
	}
	id := w.add(anna, child)
	w.add(luca, child) // the other parent's list is another
	twin := child
	twin.FiscalCode = strings.ToLower(child.FiscalCode)
	self := MemberProfile{Name: "Anna", Born: date(1980, 1, 1), FiscalCode: "RSSMRA80A41D150N", Relation: Delegate}
	for what, c := range map[string]struct {
		p    MemberProfile
		want error
	}{"the same child": {twin, ErrMemberKnown}, "oneself": {self, ErrMemberSelf}} {
		if _, err := w.AddMember(w.ctx, anna, c.p); !errors.Is(err, c.want) || problem.Of(err).Fields[0].Name != "fiscal_code" {
			t.Errorf("%s: %v", what, err)
		}
	}
	other := w.add(anna, father)
	if err := w.SaveMember(w.ctx, anna, other, child); !errors.Is(err, ErrMemberKnown) {
		t.Errorf("changed into another: %v", err)
	}
	if err := w.SaveMember(w.ctx, anna, id, twin); err != nil {
		t.Errorf("saved as they are: %v", err)
	}
	if err := w.RemoveMember(w.ctx, anna, id); err != nil {
		t.Fatal(err)
	}
	w.add(anna, child) // and may come back
}

func TestHousehold_HoldsTwentyPeople(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	anna := w.actor("anna@posta.example")
	first := w.add(anna, father)
	for range largestHousehold - 1 {
		w.add(anna, father) // without a code nobody can tell them apart
	}
	if _, err := w.AddMember(w.ctx, anna, father); !errors.Is(err, ErrHouseholdFull) {
		t.Errorf("err = %v", err)
	}
	b := w.browser().login("anna@posta.example")
	b.get("/area-personale/nucleo").wants(t, 200, "è il massimo")
	b.post("/area-personale/nucleo/nuovo", "name", "Uno di troppo", "born", "1940-01-01", "relation", "delegate").wants(t, 409, "è il massimo")
	if err := w.RemoveMember(w.ctx, anna, first); err != nil {
		t.Fatal(err)
	}
	w.add(anna, father)
}

func TestMember_AnothersAnotherCitysAndWhoMayNotBeActedForAreNotFound(t *testing.T) {
	w := setup(t)
	other := open(t)
	w.person("anna@posta.example", authz.Citizen)
	w.person("luca@posta.example", authz.Citizen)
	other.person("anna@posta.example", authz.Citizen)
	anna, luca, elsewhere := w.actor("anna@posta.example"), w.actor("luca@posta.example"), other.actor("anna@posta.example")
	old := father
	removed, mine := w.add(anna, old), w.add(anna, child)
	almost := MemberProfile{Name: "Sara Rossi", Born: date(2008, 12, 1), Relation: Parent}
	grown := w.add(anna, almost)
	if err := w.RemoveMember(w.ctx, anna, removed); err != nil {
		t.Fatal(err)
	}
	w.clock.Pass(9 * 24 * time.Hour)
	asked := map[string]error{}
	for what, id := range map[string]uuid.UUID{"mine": mine, "another's": w.add(luca, child), "another city's": other.add(elsewhere, child), "removed": removed, "grown up": grown, "made up": uuid.New()} {
		_, asked[what] = w.Member(w.ctx, anna, id)
	}
	for what, err := range asked {
		if what == "mine" && err != nil || what != "mine" && !errors.Is(err, problem.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if list, err := w.Members(w.ctx, anna); err != nil || len(list) != 1 || list[0].ID != mine || list[0].Relation != Parent || !list[0].Born.Equal(child.Born) {
		t.Errorf("%+v %v", list, err)
	}
	if list, err := w.Household(w.ctx, anna); err != nil || len(list) != 2 {
		t.Errorf("%+v %v", list, err)
	}
}

func TestMember_SeesWhatTheRunningTransactionWrote(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	anna := w.actor("anna@posta.example")
	undo := errors.New("undone")
	var id uuid.UUID
	err := w.db.Tx(w.ctx, func(ctx context.Context) (err error) {
		if id, err = w.AddMember(ctx, anna, child); err != nil {
			return err
		}
		if m, err := w.Member(ctx, anna, id); err != nil || m.Name != child.Name {
			t.Errorf("%+v %v", m, err)
		}
		return undo
	})
	if !errors.Is(err, undo) {
		t.Fatal(err)
	}
	if _, err := w.Member(w.ctx, anna, id); !errors.Is(err, problem.ErrNotFound) {
		t.Errorf("err = %v", err)
	}
}

func TestHouseholdPages_AddChangeAndRemove(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	b := w.browser().login("anna@posta.example")
	b.get("/area-personale/nucleo").wants(t, 200, "Qui non c'è ancora nessuno", "Aggiungi una persona")
	b.get("/area-personale/nucleo/nuovo").wants(t, 200, "ha meno di 18 anni", "può chiederti un documento")
	a := b.post("/area-personale/nucleo/nuovo", "name", "Mario", "born", "1/1/1940", "fiscal_code", "RSSMRA80A01D150K", "relation", "parent")
	a.wants(t, 422, "Ci sono 2 cose da sistemare", "Come genitore puoi agire solo per chi ha meno di 18 anni", "errore di battitura")
	for _, kept := range []string{`value="Mario"`, `value="1/1/1940"`, `value="RSSMRA80A01D150K"`, `value="parent" checked`} {
		if !strings.Contains(a.body, kept) {
			t.Errorf("%s is lost", kept)
		}
	}
	b.post("/area-personale/nucleo/nuovo", "name", "Giulia Rossi", "born", "5/3/2016", "relation", "parent").leads(t, "/area-personale/nucleo?fatto=accounts.member_added")
	list, err := w.Household(w.ctx, w.actor("anna@posta.example"))
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	page := "/area-personale/nucleo/" + list[0].ID.String()
	b.get("/area-personale/nucleo").wants(t, 200, "Giulia Rossi", "Sei il genitore", "05/03/2016")
	if a := b.get(page); !strings.Contains(a.body, `value="2016-03-05"`) {
		t.Error("the day of birth is not there to be changed")
	}
	b.post(page, "name", "", "born", "2016-03-05", "relation", "parent").wants(t, 422, "Scrivi nome e cognome")
	b.post(page, "name", "Giulia Bianchi", "born", "2016-03-05", "relation", "guardian", "account_id", uuid.NewString(), "removed_at", "2026-01-01").leads(t, "/area-personale/nucleo?fatto=accounts.member_saved")
	b.get("/area-personale/nucleo").wants(t, 200, "Giulia Bianchi", "Sei tutore")
	b.get(page+"/rimozione").wants(t, 200, "Se togli Giulia Bianchi")
	b.post(page+"/rimozione").leads(t, "/area-personale/nucleo?fatto=accounts.member_removed")
	b.get("/area-personale/nucleo").wants(t, 200, "Qui non c'è ancora nessuno")
	b.get(page).wants(t, 404)
	b.post(page+"/rimozione").wants(t, 404)
	if w.number("SELECT count(*) FROM household_members WHERE id = $1 AND birth_date IS NULL AND codice_fiscale = '' AND name <> ''", list[0].ID) != 1 {
		t.Error("the row is gone, or holds more than the name")
	}
	b.get("/area-personale/accessi").wants(t, 200, "Persona aggiunta al nucleo", "Dati di una persona del nucleo modificati", "Persona tolta dal nucleo")
	if n := w.number("SELECT count(*) FROM audit_entries WHERE subject_kind = 'household_member' AND before IS NULL AND after IS NULL AND concat(actor, subject, purpose) !~* 'giulia|rossi'"); n != 3 {
		t.Errorf("%d entries that hold ids alone", n)
	}
}

func TestHouseholdPages_ComingOfAgeIsSaid(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	anna := w.actor("anna@posta.example")
	id := w.add(anna, MemberProfile{Name: "Sara Rossi", Born: date(2008, 12, 1), Relation: Parent})
	b := w.browser().login("anna@posta.example")
	if a := b.get("/area-personale/nucleo"); strings.Contains(a.text(), "aggiorenne") {
		t.Error("too early")
	}
	w.clock.Pass(9 * 24 * time.Hour)
	b.login("anna@posta.example")
	b.get("/area-personale/nucleo").wants(t, 200, "Ora maggiorenne: serve una delega")
	b.get("/area-personale").wants(t, 200, "Sara Rossi: ora è maggiorenne")
	page := "/area-personale/nucleo/" + id.String()
	b.post(page, "name", "Sara Rossi", "born", "2008-12-01", "relation", "parent").wants(t, 422, "scegli la delega")
	b.post(page, "name", "Sara Rossi", "born", "2008-12-01", "relation", "delegate").leads(t, "/area-personale/nucleo")
	if _, err := w.Member(w.ctx, anna, id); err != nil {
		t.Errorf("with a delegation: %v", err)
	}
}

func TestHouseholdPages_AnothersAndAnotherCitysAreNotFound(t *testing.T) {
	w := setup(t)
	other := open(t)
	for _, x := range []*world{w, other} {
		x.person("anna@posta.example", authz.Citizen)
	}
	w.person("luca@posta.example", authz.Citizen)
	w.person("elena@comune.example", authz.CityAdmin)
	ids := []uuid.UUID{w.add(w.actor("luca@posta.example"), child), other.add(other.actor("anna@posta.example"), child), uuid.New()}
	for _, who := range []string{"anna@posta.example", "elena@comune.example"} {
		b := w.browser().login(who)
		for _, id := range ids {
			page := "/area-personale/nucleo/" + id.String()
			for _, a := range []answer{
				b.get(page), b.get(page + "/rimozione"), b.post(page + "/rimozione"), b.post(page, "name", "Ladro", "born", "2016-03-05", "relation", "parent"), b.post(page),
			} {
				if a.status != 404 {
					t.Errorf("%s at %s: %d", who, page, a.status)
				}
			}
		}
	}
	if w.number("SELECT count(*) FROM household_members WHERE name = 'Giulia Rossi' AND removed_at IS NULL") != 1 {
		t.Error("it was changed all the same")
	}
}

func TestClose_TheHouseholdGoesToo(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	anna := w.actor("anna@posta.example")
	removed := w.add(anna, father)
	if err := w.RemoveMember(w.ctx, anna, removed); err != nil {
		t.Fatal(err)
	}
	id := w.add(anna, child)
	if err := w.Close(w.ctx, anna, goodPassword, true); err != nil {
		t.Fatal(err)
	}
	if n := w.number("SELECT count(*) FROM household_members WHERE name || codice_fiscale = '' AND birth_date IS NULL AND removed_at IS NOT NULL"); n != 2 {
		t.Errorf("%d of 2 rows are empty", n)
	}
	if _, err := w.Member(w.ctx, anna, id); !errors.Is(err, problem.ErrNotFound) {
		t.Errorf("err = %v", err)
	}
}

func TestOverview_OtherModulesStepsStandFirst(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	w.Suggest(func(b *pgx.Batch, actor *authz.Actor) func(*ui.Page) []NextStep {
		var name string
		b.Queue("SELECT name FROM accounts WHERE id = $1", actor.Account).QueryRow(func(row pgx.Row) error { return row.Scan(&name) })
		return func(p *ui.Page) []NextStep {
			return []NextStep{{Icon: "euro", Title: "Paga per " + name, Text: "Manca poco.", Href: p.Href("/x"), Button: "Paga", Tone: ui.Warning}}
		}
	})
	a := w.browser().login("anna@posta.example").get("/en/area-personale")
	a.wants(t, 200, "Paga per Prova A", "Complete your profile")
	if strings.Index(a.body, "Paga per Prova A") > strings.Index(a.body, "Complete your profile") || !strings.Contains(a.body, `href="/en/x"`) || !strings.Contains(a.body, "accounts-step-warning") {
		t.Error("the steps of other modules do not stand first, as they are")
	}
}

// add puts somebody into a person's household.
func (w *world) add(actor *authz.Actor, p MemberProfile) uuid.UUID {
	w.t.Helper()
	id, err := w.AddMember(w.ctx, actor, p)
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}
