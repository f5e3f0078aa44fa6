package accounts

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

func TestSession_OfOneCityIsNothingInAnother(t *testing.T) {
	w := setup(t)
	other := open(t)
	w.person("anna@posta.example", authz.Citizen)
	other.person("anna@posta.example", authz.Citizen)
	b := w.browser().login("anna@posta.example")
	stolen := other.browser()
	stolen.cookie = b.cookie
	stolen.get("/area-personale").leads(t, "/accedi")
	if _, err := other.Resume(other.ctx, b.cookie); !errors.Is(err, problem.ErrUnauthenticated) {
		t.Errorf("err = %v", err)
	}
	b.get("/area-personale").wants(t, 200)
}

func TestLinks_OfOneCityAreNothingInAnother(t *testing.T) {
	w := setup(t)
	other := open(t)
	w.person("anna@posta.example", authz.Citizen)
	other.person("anna@posta.example", authz.Citizen)
	w.person("elena@comune.example", authz.CityAdmin)
	w.browser().register("nuova@posta.example")
	w.browser().post("/password-dimenticata", "email", "anna@posta.example")
	if err := w.Invite(w.ctx, w.actor("elena@comune.example"), Invitation{Email: "marco@comune.example", Role: authz.Municipality}); err != nil {
		t.Fatal(err)
	}
	if err := w.ChangeEmail(w.ctx, w.actor("elena@comune.example"), "elena@nuova.example", goodPassword, Visitor{}); err != nil {
		t.Fatal(err)
	}
	for _, email := range []string{"nuova@posta.example", "anna@posta.example", "marco@comune.example", "elena@nuova.example"} {
		path, token := w.link(email)
		made := strings.Replace(path, token, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 1)
		for _, ask := range []func(*browser, string) answer{
			func(b *browser, path string) answer { return b.get(path) },
			func(b *browser, path string) answer {
				return b.post(path, "password", goodPassword, "name", "Ladro", "terms", "1")
			},
		} {
			foreign, unknown := ask(other.browser(), path), ask(other.browser(), made)
			if foreign.status != 404 || strings.ReplaceAll(foreign.body, path, made) != unknown.body {
				t.Errorf("%s: %d, made up: %d", path, foreign.status, unknown.status)
			}
		}
		w.browser().get(path).wants(t, 200) // and it still works where it belongs
	}
}

func TestStaff_OfAnotherCityIsNotFound(t *testing.T) {
	w := setup(t)
	other := open(t)
	foreign := other.person("marco@comune.example", authz.Municipality)
	aurora := other.provider("aurora", "Cooperativa Aurora")
	own := w.person("paola@comune.example", authz.Municipality)
	citizen := w.person("anna@posta.example", authz.Citizen)
	w.person("elena@comune.example", authz.CityAdmin)
	admin := w.browser().login("elena@comune.example")
	membership, _, _, err := other.readColleague(other.ctx, foreign.ID)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(id, role uuid.UUID) []answer {
		page := "/amministrazione/persone/" + id.String()
		return []answer{
			admin.get(page),
			admin.post(page+"/ruoli", "role", "city_admin"),
			admin.post(page + "/ruoli/" + role.String() + "/rimozione"),
			admin.post(page + "/invito"),
			admin.post(page + "/invito/annullamento"),
			admin.post(page + "/secondo-fattore/azzeramento"),
		}
	}
	made := uuid.New()
	unknown := ask(made, made)
	for what, answers := range map[string][]answer{
		"another city's": ask(foreign.ID, membership.Memberships[0].ID), "a citizen": ask(citizen.ID, made), "another's role": ask(own.ID, membership.Memberships[0].ID)[2:3],
	} {
		for i, a := range answers {
			id := citizen.ID
			if what == "another city's" {
				id = foreign.ID
			}
			if len(answers) == 1 {
				if a.status != 404 {
					t.Errorf("%s: %d", what, a.status)
				}
				continue
			}
			body := strings.ReplaceAll(strings.ReplaceAll(a.body, id.String(), made.String()), membership.Memberships[0].ID.String(), made.String())
			if a.status != 404 || body != unknown[i].body {
				t.Errorf("%s, deed %d: %d, made up: %d", what, i, a.status, unknown[i].status)
			}
		}
	}
	admin.post("/amministrazione/persone/invito", "email", "x@y.example", "role", "provider", "provider", aurora.String()).wants(t, 404)
	admin.post("/amministrazione/persone/invito", "email", "x@y.example", "role", "provider", "provider", "niente").wants(t, 404)
	if _, err := other.findAccount(other.ctx, foreign.ID); err != nil {
		t.Error(err)
	}
	if n := other.number("SELECT count(*) FROM memberships"); n != 1 {
		t.Errorf("%d roles in the other city", n)
	}
}

func TestTraces_OfAnotherCityAreNotRead(t *testing.T) {
	w := setup(t)
	other := open(t)
	other.person("marco@comune.example", authz.Municipality)
	w.person("elena@comune.example", authz.CityAdmin)
	list, _, err := w.Trail(w.ctx, w.actor("elena@comune.example"), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, trace := range list {
		if trace.SubjectName == "Prova M" {
			t.Errorf("%+v", trace)
		}
	}
}

// Whatever city the context knew before, a job works for its own alone; the names of its arguments hold no person.
func TestJobs_FindNobodyInAnotherCity(t *testing.T) {
	w := setup(t)
	other := open(t)
	account := w.person("anna@posta.example", authz.Citizen)
	ctx := tenants.With(t.Context(), other.city)
	for what, err := range map[string]error{
		"notice": w.mailNotice(ctx, account.ID, noticePassword), "reset": w.mailLink(ctx, account.ID, purposeReset, "/password/"), "address": w.mailNewAddress(ctx, account.ID),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if len(w.mail.sent) != 0 {
		t.Errorf("sent %+v", w.mail.sent)
	}
}

func TestMail_LinksComeFromTheCitysRecord(t *testing.T) {
	w := setup(t)
	w.person("anna@posta.example", authz.Citizen)
	w.sql("UPDATE accounts SET language = 'en' WHERE email = 'anna@posta.example'")
	w.browser().post("/password-dimenticata", "email", "anna@posta.example")
	letter := w.letter("anna@posta.example")
	if !strings.HasPrefix(letter.Link, "http://"+w.city.Slug+"."+testkit.Parent+":8080/en/password/") {
		t.Errorf("the link leads to %s", letter.Link)
	}
	if letter.Greeting != "Hello Prova A," || letter.Lang != "en" || letter.Button == "" || strings.Contains(strings.Join(letter.Paragraphs, ""), "{") {
		t.Errorf("%+v", letter)
	}
}
