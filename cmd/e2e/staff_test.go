package e2e

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// desks are where each role's work begins.
var desks = map[string]string{"provider": "/ente", "welfare_manager": "/comune", "municipality": "/comune", "city_admin": "/amministrazione"}

func TestStaffWithSecondFactor(t *testing.T) {
	t.Parallel()
	bothWays(t, "milano", "napoli", func(t *testing.T, c city, scripts bool) {
		for role := range desks {
			t.Run(role, func(t *testing.T) {
				w := chrome.open(t, c, scripts)
				comeIn(w, c.person(role))
				switch role {
				case "municipality":
					recoveryCodes(w, c.person(role))
				case "city_admin":
					colleague(w)
				}
			})
		}
	})
}

// comeIn gives password and code, a wrong one first; nothing opens before both.
func comeIn(w *tab, p person) {
	w.t.Helper()
	desk := desks[p.Role]
	w.visit(desk)
	w.at("/accedi?poi=")
	givePassword(w, p.Email, p.Password)
	w.at("/accedi/codice")
	w.visit(desk)
	w.at("/accedi/codice")
	w.fill("code", "000000")
	if status := w.send("code"); status != http.StatusUnprocessableEntity {
		w.t.Errorf("a wrong code is answered with %d", status)
	}
	w.picture("staff-wrong-code")
	w.fill("code", codes.next(w.t, p.TOTP))
	w.send("code")
	w.at(desk)
	if status := w.visit(desk); status != http.StatusOK {
		w.t.Errorf("%s answers %d", desk, status)
	}
	w.picture("staff-" + p.Role)
	for role, other := range desks {
		if other == desk {
			continue
		}
		if status := w.visit(other); status != http.StatusForbidden {
			w.t.Errorf("the desk of %s answers %s with %d", role, p.Role, status)
		}
	}
	w.go200(desk)
}

func givePassword(w *tab, email, password string) {
	w.t.Helper()
	w.fill("email", email)
	w.fill("password", password)
	w.send("email")
}

var recoveryCode = regexp.MustCompile(`\b[A-Z2-7]{4}(-[A-Z2-7]{4}){3}\b`)

// recoveryCodes makes new ones and comes in with one of them, once.
func recoveryCodes(w *tab, p person) {
	w.t.Helper()
	w.go200("/area-personale/secondo-fattore")
	w.reveal("[name=renew_code]")
	w.fill("renew_code", codes.next(w.t, p.TOTP))
	w.send("renew_code")
	list := recoveryCode.FindAllString(w.text(), -1)
	if len(list) != 10 {
		w.t.Fatalf("%d recovery codes are shown:\n%s", len(list), w.text())
	}
	w.picture("staff-recovery-codes")
	if w.scripts {
		w.examine("staff-recovery-codes")
	}
	w.go200("/comune")
	leave(w)
	for _, want := range []int{http.StatusOK, http.StatusUnprocessableEntity} {
		w.go200("/accedi")
		givePassword(w, p.Email, p.Password)
		w.at("/accedi/codice")
		w.reveal("[name=recovery]")
		w.fill("recovery", list[3])
		if status := w.send("recovery"); status != want {
			w.t.Errorf("a recovery code is answered with %d instead of %d", status, want)
		}
		if want == http.StatusOK {
			w.at("/comune")
			leave(w)
		}
	}
}

// colleague is a whole life: invited, come, second factor lost and set up again, role taken away.
func colleague(admin *tab) {
	admin.t.Helper()
	t, c := admin.t, admin.city
	const password = "lampada accesa di notte"
	email := newcomer("rita", c)
	admin.go200("/amministrazione/persone")
	admin.pressElement("main a[href$='/amministrazione/persone/invito']")
	admin.picture("staff-invite")
	admin.fill("email", email)
	admin.tick("role", "welfare_manager")
	began := time.Now()
	admin.send("email")
	admin.at("/amministrazione/persone?fatto=")
	admin.expect(email)
	admin.picture("staff-people")

	w := chrome.open(t, c, admin.scripts)
	link := shared.letterTo(t, email, began).link(t, c)
	w.go200(link)
	w.picture("staff-invitation")
	w.fill("name", "Rita Salis")
	w.fill("password", password)
	w.tick("terms", "")
	w.send("name")
	w.at("/area-personale/secondo-fattore")
	enrol(w)
	if status := w.visit("/comune"); status != http.StatusOK {
		t.Fatalf("the new colleague's desk answers %d", status)
	}
	if status := w.visit(link); status != http.StatusNotFound {
		t.Errorf("the invitation works twice: %d", status)
	}

	admin.go200("/amministrazione/persone")
	admin.press("Rita Salis")
	admin.at("/amministrazione/persone/")
	admin.picture("staff-colleague")
	person := admin.path()
	began = time.Now()
	admin.reveal("form[action$='/secondo-fattore/azzeramento'] button")
	admin.pressElement("form[action$='/secondo-fattore/azzeramento'] button")
	admin.at(person + "?fatto=")
	shared.letterTo(t, email, began) // Rita is told
	w.visit("/comune")
	w.at("/accedi") // the session is half a session now, or none
	w.go200("/accedi")
	if strings.HasPrefix(w.path(), "/accedi?") || w.path() == "/accedi" {
		givePassword(w, email, password)
	}
	w.at("/area-personale/secondo-fattore")
	enrol(w)

	admin.go200(person)
	admin.reveal("form[action$='/rimozione'] button")
	admin.pressElement("form[action$='/rimozione'] button")
	admin.at("/amministrazione/persone")
	if status := w.visit("/comune"); status != http.StatusForbidden {
		t.Errorf("without the role, the next request is answered with %d", status)
	}
	w.go200("/area-personale")
	admin.go200("/amministrazione/registro")
	admin.picture("staff-trail")
}

var secretOnPage = regexp.MustCompile(`\b[A-Z2-7]{4}(?: [A-Z2-7]{4}){7}\b|\b[A-Z2-7]{32}\b`)

// enrol sets up the second factor that the page offers, with a wrong code first.
func enrol(w *tab) {
	w.t.Helper()
	w.fill("code", "123456")
	if status := w.send("code"); status != http.StatusUnprocessableEntity {
		w.t.Errorf("a wrong first code is answered with %d", status)
	}
	w.picture("staff-enrol")
	secret := secretOnPage.FindString(w.text())
	if secret == "" {
		w.t.Fatalf("the page shows no secret to type:\n%s", w.text())
	}
	w.fill("code", codes.next(w.t, secret))
	w.send("code")
	if n := len(recoveryCode.FindAllString(w.text(), -1)); n != 10 {
		w.t.Fatalf("%d recovery codes are shown after the first code:\n%s", n, w.text())
	}
}
