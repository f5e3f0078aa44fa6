package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestPurchase is one service from its first draft to the last cent, over three roles: written, sent back, approved, found, bought and delivered;
// and an order that ends with the money back.
func TestPurchase(t *testing.T) {
	t.Parallel()
	bothWays(t, "cremona", "sondrio", func(t *testing.T, c city, scripts bool) {
		w, desk, office := chrome.open(t, c, scripts), chrome.open(t, c, scripts), chrome.open(t, c, scripts)
		what := offers[c.Slug]
		comeIn(desk, c.person("provider"))
		comeIn(office, c.person("municipality"))
		what.write(desk)
		what.submit(desk)
		what.sendBack(office)
		what.mend(desk)
		what.approve(office)
		what.find(w)
		what.sell(w, desk)
	})
}

// sell is two purchases of a newcomer's: one is delivered, one refused.
func (a *article) sell(w, desk *tab) {
	w.t.Helper()
	const password = "una scatola di bottoni"
	email := newcomer("bruna", w.city)
	a.buy(w)
	register(w, email, password)
	began := time.Now()
	first := a.checkout(w, email, password)
	w.go200("/area-personale/ordini")
	w.picture("buys-7-orders")
	serve(desk)
	w.go200("/area-personale/ordini/" + first)
	w.expect("Concluso")
	w.picture("buys-8-delivered")
	w.go200("/area-personale/ordini/" + first + "/ricevuta")
	w.picture("buys-9-receipt")

	a.buy(w)
	paid := shared.letterTo(w.t, email, began)
	if !strings.Contains(paid.Subject, "pagamento ricevuto") {
		w.t.Errorf("the first mail is %q", paid.Subject)
	}
	w.reads("letter-paid", paid)
	second := a.checkout(w, email, password)
	refuse(desk)
	eventually(w.t, "the money is back", func() bool {
		w.go200("/area-personale/ordini/" + second)
		return strings.Contains(w.text(), "Rimborso fatto")
	})
	w.picture("buys-10-returned")
	a.statement(desk)
}

// buy puts two of a service into the basket.
func (a *article) buy(w *tab) {
	w.t.Helper()
	w.go200("/servizi/" + a.slug)
	w.picture("buys-1-sheet")
	js[bool](w, `(document.querySelector('[name=quantity]').value = '2', true)`)
	w.press("Aggiungi al carrello")
	w.at("/carrello?fatto=")
	w.expect("Aggiunto al carrello", a.two)
	w.picture("buys-2-basket")
}

// checkout orders what is in the basket, wrongly at first, pays it on the hosted page, and gives the order's id.
func (a *article) checkout(w *tab, email, password string) string {
	w.t.Helper()
	w.go200("/carrello")
	w.expect(a.two)
	w.press("Vai all'ordine")
	if strings.HasPrefix(w.path(), "/accedi") { // the basket waits
		givePassword(w, email, password)
	}
	w.at("/ordine")
	w.relax()
	w.fill("address", "Via Mantova 12, scala B")
	w.fill("phone", "chiamami")
	if status := w.press("Ordina con obbligo di pagamento"); status != http.StatusUnprocessableEntity {
		w.t.Errorf("a wrong order is answered with %d", status)
	}
	w.picture("buys-3-wrong")
	w.relax()
	w.fill("phone", "0372 555 010")
	w.tick("terms", "")
	w.picture("buys-4-checkout")
	w.press("Ordina con obbligo di pagamento")
	if !strings.Contains(js[string](w, "location.pathname"), "/c/pay/") {
		w.t.Fatalf("after the order at %s: %s", w.path(), w.text())
	}
	w.picture("buys-5-hosted")
	w.press("Paga")
	w.at("/area-personale/ordini/")
	w.expect("Pagamento ricevuto")
	w.picture("buys-6-paid")
	id, _, _ := strings.Cut(strings.TrimPrefix(w.path(), "/area-personale/ordini/"), "?")
	return id
}

// serve accepts the newest order and delivers it in two times.
func serve(w *tab) {
	w.t.Helper()
	w.go200("/ente/ordini")
	w.picture("serves-1-inbox")
	w.pressElement("main tbody a[href*='/ente/ordini/']")
	w.picture("serves-2-order")
	w.press("Accetta l'ordine")
	w.expect("Ordine accettato")
	for range 2 {
		w.fill("quantity", "1")
		w.fill("worker", "Luca Bassi")
		w.send("quantity")
	}
	w.expect("Concluso")
	w.picture("serves-3-delivered")
}

// refuse says no to the newest order, first without a reason.
func refuse(w *tab) {
	w.t.Helper()
	w.go200("/ente/ordini?stato=da-accettare")
	w.pressElement("main tbody a[href*='/ente/ordini/']")
	if status := w.press("Rifiuta e restituisci"); status != http.StatusUnprocessableEntity {
		w.t.Errorf("a refusal without a reason is answered with %d", status)
	}
	w.fill("why", "In quella settimana non abbiamo nessuno libero.")
	w.send("why")
	w.expect("Rifiutato")
	w.picture("serves-4-refused")
}

// statement adds up: what was sold, and what was given back.
func (a *article) statement(w *tab) {
	w.t.Helper()
	w.go200("/ente/estratto")
	w.picture("serves-5-statement")
	w.expect(a.two)
}
