package accounts

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/testkit"
)

// A thief who was in for a moment asks for another address; the new password of the person it belongs to ends that too.
func TestSetPassword_EndsAChangeOfAddressThatWaits(t *testing.T) {
	for name, renew := range map[string]func(w *world){
		"reset": func(w *world) {
			w.browser().post("/password-dimenticata", "email", "anna@posta.example").leads(w.t, "/password-dimenticata/inviata")
			path, _ := w.link("anna@posta.example")
			w.browser().post(path, "password", "tre gatti sul tetto").leads(w.t, "/accedi")
		},
		"change": func(w *world) {
			if err := w.ChangePassword(w.ctx, w.actor("anna@posta.example"), goodPassword, "tre gatti sul tetto"); err != nil {
				w.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := setup(t)
			w.person("anna@posta.example", authz.Citizen)
			if err := w.ChangeEmail(w.ctx, w.actor("anna@posta.example"), "ladro@posta.example", goodPassword, Visitor{}); err != nil {
				t.Fatal(err)
			}
			path, _ := w.link("ladro@posta.example")
			renew(w)
			w.browser().post(path).wants(t, 404, "non vale più")
			account, err := w.findEmail(w.ctx, "anna@posta.example")
			if err != nil || account.ID == uuid.Nil || account.NewEmail != "" {
				t.Errorf("%+v %v", account, err)
			}
		})
	}
}

// invited is somebody with an invitation, its path and its token.
func (w *world) invited(email string) (account *Account, path, token string) {
	w.t.Helper()
	w.person("elena@comune.example", authz.CityAdmin)
	w.browser().login("elena@comune.example").post("/amministrazione/persone/invito", "email", email, "role", authz.Municipality).leads(w.t, "/amministrazione/persone")
	path, token = w.link(email)
	account, err := w.findEmail(w.ctx, email)
	if err != nil {
		w.t.Fatal(err)
	}
	return account, path, token
}

func TestInvitation_IsForOneselfAloneOnceTheAddressIsProved(t *testing.T) {
	w := setup(t)
	_, invitation, _ := w.invited("marco@comune.example")
	w.browser().register("marco@comune.example").leads(t, "/registrati/grazie")
	path, _ := w.link("marco@comune.example")
	w.browser().post(path, "password", goodPassword).leads(t, "/area-personale")
	w.browser().post(invitation, "name", "Ladro", "password", "tre gatti sul tetto", "terms", "1").leads(t, invitation)
	w.browser().get(invitation).wants(t, 200, "Accedi per accettare")
	if n := w.number("SELECT count(*) FROM accounts WHERE name = 'Ladro'") + w.number("SELECT count(*) FROM memberships WHERE role = 'municipality' AND accepted_at IS NOT NULL"); n != 0 {
		t.Error("a stranger used the invitation")
	}
}

func TestInvitation_IsForWhoHasNotComeYet(t *testing.T) {
	w := setup(t)
	account, _, token := w.invited("marco@comune.example")
	w.sql("UPDATE accounts SET verified_at = now() WHERE id = $1", account.ID)
	_, err := w.TakeInvitation(w.ctx, token, Registration{Name: "Ladro", Password: "tre gatti sul tetto", Terms: true, Language: "it"}, Visitor{})
	if !errors.Is(err, ErrToken) {
		t.Errorf("err = %v", err)
	}
}

func TestInvitation_EndsOtherLinksAndSessions(t *testing.T) {
	w := setup(t)
	account, invitation, _ := w.invited("marco@comune.example")
	w.browser().register("marco@comune.example")
	verification, _ := w.link("marco@comune.example")
	stranger := w.browser()
	err := w.db.Tx(w.ctx, func(ctx context.Context) error {
		entry, err := w.open(ctx, account, false, Visitor{})
		stranger.cookie = entry.Token
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	w.browser().post(invitation, "name", "Marco Neri", "password", "tre gatti sul tetto", "terms", "1").leads(t, "/area-personale/secondo-fattore")
	w.browser().get(verification).wants(t, 404)
	stranger.get("/area-personale/secondo-fattore").leads(t, "/accedi")
}

func TestMail_NoWordsOfAStrangerToAnAddressNobodyProved(t *testing.T) {
	w := setup(t)
	w.browser().post("/registrati", "name", "Hai vinto, chiama 899", "email", "anna@posta.example", "password", goodPassword, "terms", "1").leads(t, "/registrati/grazie")
	if greeting := w.letter("anna@posta.example").Greeting; strings.Contains(greeting, "vinto") {
		t.Errorf("a registration greets with %q", greeting)
	}
	w.browser().post("/password-dimenticata", "email", "anna@posta.example")
	if greeting := w.letter("anna@posta.example").Greeting; strings.Contains(greeting, "vinto") {
		t.Errorf("a new password greets with %q", greeting)
	}
	w.person("mara@posta.example", authz.Citizen)
	if err := w.ChangeEmail(w.ctx, w.actor("mara@posta.example"), "altra@posta.example", goodPassword, Visitor{}); err != nil {
		t.Fatal(err)
	}
	if greeting := w.letter("altra@posta.example").Greeting; strings.Contains(greeting, "Prova") {
		t.Errorf("a new address is greeted with %q", greeting)
	}
	if greeting := w.letter("mara@posta.example").Greeting; !strings.Contains(greeting, "Prova M") {
		t.Errorf("the old address is greeted with %q", greeting)
	}
}

func TestName_IsNoAddress(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"Anna Rossi": true, "Anna D'Angelo-Bianchi": true, "Dr. Anna Rossi": true,
		"https://evil.example": false, "evil.example/premio": false, "WWW.evil.example": false, `a\b`: false,
	} {
		var f problem.Fields
		checkName(&f, name)
		if (f.Err() == nil) != ok {
			t.Errorf("%q: %v", name, f.Err())
		}
	}
}

func TestHash_AStormOnOneCityLeavesRoomForOthers(t *testing.T) {
	w := setup(t)
	own := w.hashingIn(w.ctx)
	for range cap(own) {
		own <- struct{}{}
	}
	if 2*cap(own) > cap(w.hashing) {
		t.Errorf("%d of %d turns are one city's", cap(own), cap(w.hashing))
	}
	begun := time.Now()
	_, err := w.hash(w.ctx, goodPassword)
	if !errors.Is(err, ErrTooMany) || time.Since(begun) < patience {
		t.Errorf("after %s: %v", time.Since(begun), err)
	}
	w.browser().post("/accedi", "email", "anna@posta.example", "password", goodPassword).wants(t, 429, "troppi tentativi")
	other, _ := testkit.City(t)
	if _, err := w.hash(other, goodPassword); err != nil {
		t.Errorf("another city: %v", err)
	}
}

// Whoever takes the last role waits for whoever gives another one, and then sees it.
func TestTakeRole_LooksAgainAfterWaiting(t *testing.T) {
	w := setup(t)
	account, _, _ := w.invited("marco@comune.example")
	admin := w.actor("elena@comune.example")
	c, _, _, err := w.readColleague(w.ctx, account.ID)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	err = w.db.Tx(w.ctx, func(ctx context.Context) error {
		locked, err := lockAccount(ctx, account.ID)
		if err != nil {
			return err
		}
		go func() { done <- w.TakeRole(w.ctx, admin, account.ID, c.Memberships[0].ID) }()
		time.Sleep(200 * time.Millisecond) // the other one gets as far as it can
		return w.give(ctx, admin.ID(), locked, Invitation{Role: authz.WelfareManager}, false)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := w.number("SELECT count(*) FROM accounts a JOIN memberships m ON m.account_id = a.id WHERE a.id = $1 AND a.closed_at IS NULL", account.ID); n != 1 {
		t.Errorf("%d roles are left of an open invitation", n)
	}
}

func TestColleagues_ACityMayNotShowThem(t *testing.T) {
	w := setup(t)
	w.provider("aurora", "Cooperativa Aurora")
	w.person("paolo@aurora.example", authz.Provider, "aurora")
	w.person("zita@aurora.example", authz.Provider, "aurora")
	w.person("giulia@comune.example", authz.WelfareManager)
	w.person("marco@comune.example", authz.Municipality)
	look := func(email, path, own, other string, wants bool) {
		t.Helper()
		a := w.browser().login(email).get(path)
		a.wants(t, 200, own)
		if strings.Contains(a.text(), other) != wants {
			t.Errorf("%s sees %s: %v", email, other, !wants)
		}
	}
	look("paolo@aurora.example", "/ente", "paolo@aurora.example", "zita@aurora.example", true)
	look("giulia@comune.example", "/comune", "giulia@comune.example", "marco@comune.example", true)
	for _, role := range []string{authz.Provider, authz.WelfareManager} {
		w.sql("INSERT INTO policy_exceptions (role, verb, kind, effect) VALUES ($1, 'read', 'colleague', 'deny')", role)
	}
	look("paolo@aurora.example", "/ente", "Cooperativa Aurora", "zita@aurora.example", false)
	look("giulia@comune.example", "/comune", "Sei qui come: Welfare manager", "marco@comune.example", false)
	look("marco@comune.example", "/comune", "marco@comune.example", "giulia@comune.example", true)
	if _, _, err := w.ProviderStaff(w.ctx, w.actor("marco@comune.example")); !errors.Is(err, problem.ErrForbidden) {
		t.Errorf("the municipality among a provider's people: %v", err)
	}
}

// A document that changes between the page and the button is not what was read: the personal area asks again.
func TestAcceptances_AreOfTheVersionShown(t *testing.T) {
	w := setup(t)
	w.document("privacy", "2026-11")
	w.document("termini", "2026-10")
	b := w.browser()
	b.register("anna@posta.example")
	path, _ := w.link("anna@posta.example")
	w.document("privacy", "2027-01")
	b.post(path, "password", goodPassword, "documents", "privacy@2026-11", "documents", "termini@2026-10").leads(t, "/area-personale")
	b.get("/area-personale").wants(t, 200, "Leggi e accetta le novità", "Informativa privacy")
	if n := w.number("SELECT count(*) FROM acceptances WHERE document = 'privacy'"); n != 0 {
		t.Errorf("%d acceptances of what nobody showed", n)
	}
	_, invitation, _ := w.invited("marco@comune.example")
	marco := w.browser()
	marco.post(invitation, "name", "Marco Neri", "password", goodPassword, "terms", "1", "documents", "privacy@2027-01", "documents", "privacy@2026-11").leads(t, "/area-personale")
	if n := w.number("SELECT count(*) FROM acceptances x JOIN accounts a ON a.id = x.account_id WHERE a.email = 'marco@comune.example'"); n != 1 {
		t.Errorf("%d acceptances of an invited person", n)
	}
}
