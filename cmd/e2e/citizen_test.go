package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestCitizenFinds(t *testing.T) {
	t.Parallel()
	bothWays(t, "cremona", "cremona", func(t *testing.T, c city, scripts bool) {
		w := chrome.open(t, c, scripts)
		w.go200("/")
		w.fill("q", "assistenza anziani")
		w.send("q")
		w.at("/servizi?q=assistenza+anziani")
		found := w.count("[data-element=service-link]")
		if best := js[string](w, "document.querySelector('[data-element=service-link]')?.closest('article').innerText || ''"); found < 3 || !strings.Contains(fold(best), "anzian") {
			t.Fatalf("%d services are found, the first is %q", found, best)
		}

		narrowDown(w, "per", "anziani")
		w.at("/servizi?")
		if q := js[string](w, "location.search"); !strings.Contains(q, "per=anziani") || !strings.Contains(q, "q=assistenza+anziani") {
			t.Errorf("the address does not hold what was chosen: %s", q)
		}
		w.picture("finds-1-filtered")

		titles := js[[]string](w, "[...document.querySelectorAll('[data-element=service-link]')].slice(0, 3).map((e) => e.innerText.trim())")
		values := js[[]string](w, "[...document.querySelectorAll('input[name=s]')].slice(0, 3).map((e) => e.value)")
		for _, v := range values[:2] {
			w.tick("s", v)
		}
		w.press("Confronta")
		w.at("/confronta")
		shared, err := url.Parse(w.path())
		if err != nil || shared.Query().Get("servizi") != strings.Join(values[:2], ",") {
			t.Errorf("the comparison cannot be shared: %s", w.path())
		}
		w.expect(titles[:2]...)
		w.picture("finds-2-compared")

		w.press(titles[1])
		w.at("/servizi/" + values[1])
		if w.heading() != titles[1] {
			t.Errorf("the sheet is headed %q instead of %q", w.heading(), titles[1])
		}
		for _, hook := range []string{
			"service-title", "service-status", "service-description", "service-addressed", "service-how-to", "service-needed", "service-achieved",
			"service-calendar-text", "service-generic-access", "service-topic", "service-area",
		} {
			if w.count("[data-element="+hook+"]") == 0 {
				t.Errorf("the sheet lacks %s", hook)
			}
		}
		w.resize(phone)
		if !inView(w, ".sheet-aside .btn-primary") {
			t.Error("on a phone the next step is not in view when the sheet opens")
		}
		w.picture("finds-3-sheet")

		w.pressElement("main a[href^='/enti/']")
		w.at("/enti/")
		if w.count("[data-element=service-link]") == 0 {
			t.Error("the provider shows none of its services")
		}
		w.picture("finds-4-provider")

		w.resize(phone)
		w.toggle("Menu")
		w.press("Punti sociali")
		w.at("/punti")
		if w.count("main a[href^='/punti/']") == 0 {
			t.Error("no access point can be opened")
		}
		w.picture("finds-5-points")
		w.pressElement("main a[href^='/punti/']")
		w.at("/punti/")
		inEnglish(w)
	})
}

// narrowDown ticks a filter: it sends itself where there are scripts, and has a button where there are none.
func narrowDown(w *tab, name, value string) {
	w.t.Helper()
	if w.width < 700 {
		w.toggle("Filtra")
	}
	if !w.scripts {
		w.tick(name, value)
		w.press("Mostra i risultati")
		return
	}
	w.clickThrough(w.aimBox(name, value), name+"="+value)
}

func inView(w *tab, selector string) bool {
	return js[bool](w, `(() => { scrollTo(0, 0); const e = document.querySelector($1); if (!e) return false; const r = e.getBoundingClientRect(); return r.height > 0 && r.top >= 0 && r.bottom <= innerHeight })()`, selector)
}

// inEnglish switches the language and finds the same way again.
func inEnglish(w *tab) {
	w.t.Helper()
	italian := w.path()
	w.pressElement("a[hreflang=en][lang=en]")
	w.at("/en" + italian)
	if js[string](w, "document.documentElement.lang") != "en" {
		w.t.Error("the page does not say that it is in English")
	}
	w.go200("/en")
	w.fill("q", "elderly care")
	w.send("q")
	w.at("/en/servizi?q=elderly")
	w.expect("Filter")
	if text := w.text(); strings.Contains(text, "Filtra") || strings.Contains(text, "Vai al contenuto") {
		w.t.Error("the English list speaks Italian")
	}
	w.go200("/en/servizi")
	w.pressElement("[data-element=service-link]")
	w.at("/en/servizi/")
	if w.count("main [lang=it]") == 0 {
		w.t.Error("Italian texts on the English sheet are not marked")
	}
	w.picture("finds-6-english-sheet")
}

func TestCitizenRegistersAndSignsIn(t *testing.T) {
	t.Parallel()
	bothWays(t, "biella", "sondrio", func(t *testing.T, c city, scripts bool) {
		const first, second, third = "mele verdi di stagione", "nuvole basse sul monte", "quattro gatti in fila"
		email := newcomer("carla", c)
		w := chrome.open(t, c, scripts)
		register(w, email, first)
		signInAndLook(w, email, first)
		profile(w)
		sessions(w, email, first)
		forgotten(w, email, first, second)
		moved := changeAddress(w, email, second, newcomer("carla.nuova", c))
		changePassword(w, second, third)
		closeAccount(w, moved, third)
	})
}

// register asks for an account, wrongly at first, and proves the address by the mail.
func register(w *tab, email, password string) {
	w.t.Helper()
	w.go200("/accedi")
	w.press("Registrati")
	w.at("/registrati")
	w.relax()
	w.fill("name", "Carla Neri")
	w.fill("email", "carla senza chiocciola")
	w.fill("password", "corta")
	if status := w.send("email"); status != http.StatusUnprocessableEntity {
		w.t.Errorf("a wrong registration is answered with %d", status)
	}
	if got := js[string](w, "document.querySelector('[name=name]').value"); got != "Carla Neri" {
		w.t.Errorf("the form lost the name: %q", got)
	}
	w.picture("registers-1-wrong")
	w.relax()
	w.fill("email", email)
	w.fill("password", password)
	w.tick("terms", "")
	began := time.Now()
	w.send("email")
	w.at("/registrati/grazie")
	w.picture("registers-2-sent")

	letter := shared.letterTo(w.t, email, began)
	if !strings.HasSuffix(strings.Trim(letter.From, ">"), "@"+w.city.Slug+".example") {
		w.t.Errorf("the mail is from %q", letter.From)
	}
	w.go200(letter.link(w.t, w.city))
	w.picture("registers-3-verify")
	w.fill("password", "di qualcun altro")
	if status := w.send("password"); status != http.StatusUnprocessableEntity {
		w.t.Errorf("another password verifies: %d", status)
	}
	w.fill("password", password)
	w.send("password")
	w.at("/area-personale")
	w.picture("registers-4-own-area")
	if status := w.visit(letter.link(w.t, w.city)); status != http.StatusNotFound {
		w.t.Errorf("the link works twice: %d", status)
	}
	w.go200("/area-personale")
	leave(w)
}

// leave opens the person's menu and signs out.
func leave(w *tab) {
	w.t.Helper()
	w.click(w.aim("the person's menu", "document.querySelector('details.account > summary')"))
	w.press("Esci")
	w.at("/?fatto=")
	if w.session() != "" {
		w.t.Error("after signing out there is a session")
	}
}

func signInAndLook(w *tab, email, password string) {
	w.t.Helper()
	if status := w.visit("/area-personale/profilo"); status != http.StatusOK {
		w.t.Errorf("a visitor's own profile: %d", status)
	}
	w.at("/accedi?poi=")
	w.fill("email", email)
	w.fill("password", "non è questa")
	if status := w.send("email"); status != http.StatusUnprocessableEntity {
		w.t.Errorf("a wrong password is answered with %d", status)
	}
	w.picture("registers-5-wrong-password")
	w.fill("email", email)
	w.fill("password", password)
	w.send("email")
	w.at("/area-personale/profilo")
}

// profile gives a wrong codice fiscale, then a right one.
func profile(w *tab) {
	w.t.Helper()
	w.fill("fiscal_code", "RSSMRA80A01D150K")
	if status := w.send("fiscal_code"); status != http.StatusUnprocessableEntity {
		w.t.Errorf("a wrong codice fiscale is answered with %d", status)
	}
	if got := js[string](w, "document.querySelector('[name=fiscal_code]').value"); got != "RSSMRA80A01D150K" {
		w.t.Errorf("the form lost what was typed: %q", got)
	}
	if js[string](w, "document.querySelector('[name=fiscal_code]').getAttribute('aria-invalid')") != "true" {
		w.t.Error("the field is not marked as wrong")
	}
	w.picture("registers-6-wrong-codice-fiscale")
	w.fill("fiscal_code", "rssmra80a01d150j")
	w.fill("born", "1980-01-01")
	w.send("fiscal_code")
	w.at("/area-personale/profilo?fatto=")
	if got := js[string](w, "document.querySelector('[name=fiscal_code]').value"); got != "RSSMRA80A01D150J" {
		w.t.Errorf("the codice fiscale is kept as %q", got)
	}
	w.picture("registers-7-profile")
}

// sessions come in a second time elsewhere, and end that.
func sessions(w *tab, email, password string) {
	w.t.Helper()
	elsewhere := &caller{d: shared, city: w.city}
	elsewhere.send(w.t, "/accedi", url.Values{"email": {email}, "password": {password}})
	answer := func() int {
		return shared.ask(w.t, w.city.host(), "/area-personale", "Cookie", "__Host-session="+elsewhere.session).status
	}
	if answer() != http.StatusOK {
		w.t.Error("the second session does not work")
	}
	w.go200("/area-personale/sessioni")
	if n := w.count("main form[action*=chiusura]"); n < 2 {
		w.t.Errorf("%d sessions can be ended", n)
	}
	w.picture("registers-8-sessions")
	w.pressElement("main form[action$='/sessioni/chiusura'] button")
	w.at("/area-personale/sessioni?fatto=")
	if status := answer(); status != http.StatusSeeOther {
		w.t.Errorf("an ended session is answered with %d", status)
	}
	leave(w)
}

// forgotten sets a new password by mail.
func forgotten(w *tab, email, old, password string) {
	w.t.Helper()
	w.go200("/accedi")
	w.pressElement("main a[href^='/password-dimenticata']")
	w.at("/password-dimenticata")
	began := time.Now()
	w.fill("email", email)
	w.send("email")
	w.at("/password-dimenticata/inviata")
	w.go200(shared.letterTo(w.t, email, began).link(w.t, w.city))
	w.picture("registers-9-new-password")
	w.fill("password", password)
	w.send("password")
	w.at("/accedi")
	w.fill("email", email)
	w.fill("password", old)
	if status := w.send("email"); status != http.StatusUnprocessableEntity {
		w.t.Errorf("the old password still works: %d", status)
	}
	w.fill("email", email)
	w.fill("password", password)
	w.send("email")
	w.at("/area-personale")
}

// changeAddress proves another address and gives it back.
func changeAddress(w *tab, email, password, other string) string {
	w.t.Helper()
	w.go200("/area-personale/email")
	began := time.Now()
	w.fill("email", other)
	w.fill("password", password)
	w.send("email")
	w.at("/area-personale/email?fatto=")
	w.expect(other)
	w.picture("registers-10-new-address")
	shared.letterTo(w.t, email, began) // the old address is told
	w.go200(shared.letterTo(w.t, other, began).link(w.t, w.city))
	w.pressElement("main form[method=post] button")
	if w.count("main [role=status], .notice") == 0 {
		w.t.Errorf("nothing says that the new address counts now, on %s", w.path())
	}
	if strings.HasPrefix(w.path(), "/accedi") {
		w.fill("email", other)
		w.fill("password", password)
		w.send("email")
	}
	w.at("/area-personale")
	return other
}

func changePassword(w *tab, password, other string) {
	w.t.Helper()
	w.go200("/area-personale/password")
	w.fill("password", password)
	w.fill("new_password", other)
	w.send("password")
	w.at("/area-personale/password?fatto=")
}

// closeAccount leaves for good.
func closeAccount(w *tab, email, password string) {
	w.t.Helper()
	w.go200("/area-personale/chiusura")
	w.picture("registers-11-closing")
	w.fill("password", password)
	w.tick("sure", "")
	w.send("password")
	w.at("/?fatto=")
	w.picture("registers-12-closed")
	w.go200("/accedi")
	w.fill("email", email)
	w.fill("password", password)
	if status := w.send("email"); status != http.StatusUnprocessableEntity {
		w.t.Errorf("a closed account comes in: %d", status)
	}
}
