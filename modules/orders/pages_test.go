package orders

import (
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// browser is somebody at a screen: it keeps cookies as a browser would, and follows nothing by itself.
type browser struct {
	*world
	app    *fiber.App
	cookie map[string]string
}

// browser opens one, in which somebody is signed in, or nobody.
func (w *world) browser(who *authz.Actor) *browser {
	b := &browser{world: w, app: w.server.App(), cookie: map[string]string{}}
	return b.as(who)
}

// as signs somebody in.
func (b *browser) as(who *authz.Actor) *browser {
	if who != nil {
		b.cookie[web.SessionCookie] = who.Account.String()
	}
	return b
}

type answer struct {
	status int
	body   string
	where  string // Location
	header http.Header
}

func (b *browser) get(path string) answer { b.t.Helper(); return b.do(http.MethodGet, path, nil) }

func (b *browser) post(path string, pairs ...string) answer {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, path, form)
}

func (b *browser) do(method, path string, form url.Values) answer {
	b.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	r.Host = b.city.Host + ":8080"
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return b.send(r)
}

func (b *browser) send(r *http.Request) answer {
	b.t.Helper()
	for name, value := range b.cookie {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	res, err := b.app.Test(r, -1)
	b.must(err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	b.must(err)
	for _, c := range res.Cookies() {
		b.cookie[c.Name] = c.Value
		if c.Value == "" {
			delete(b.cookie, c.Name)
		}
	}
	return answer{res.StatusCode, string(body), res.Header.Get("Location"), res.Header}
}

var (
	tags   = regexp.MustCompile(`<[^>]*>`)
	spaces = regexp.MustCompile(`[\s\x{a0}]+`)
	ids    = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
)

// text is what stands on the page.
func (a answer) text() string {
	body := a.body
	if i := strings.Index(body, "<main"); i >= 0 {
		body = body[i:]
	}
	return spaces.ReplaceAllString(html.UnescapeString(tags.ReplaceAllString(body, " ")), " ")
}

func (a answer) wants(t testing.TB, status int, words ...string) answer {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.text())
	}
	for _, word := range words {
		if !strings.Contains(a.text(), word) {
			t.Errorf("the page does not say %q: %s", word, a.text())
		}
	}
	return a
}

// lacks says what does not stand on a page.
func (a answer) lacks(t testing.TB, words ...string) answer {
	t.Helper()
	for _, word := range words {
		if strings.Contains(a.text(), word) {
			t.Errorf("the page says %q: %s", word, a.text())
		}
	}
	return a
}

// has looks for what a form holds.
func (a answer) has(t testing.TB, html ...string) answer {
	t.Helper()
	for _, one := range html {
		if !strings.Contains(a.body, one) {
			t.Errorf("the page has no %s: %s", one, a.body[strings.Index(a.body, "<main"):])
		}
	}
	return a
}

func (a answer) leads(t testing.TB, where string) answer {
	t.Helper()
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.where, where) {
		t.Fatalf("%d to %q, want 303 to %q: %s", a.status, a.where, where, a.text())
	}
	return a
}

var keyField = regexp.MustCompile(`name="key" value="([0-9a-f-]{36})"`)

// key is the form's own.
func (a answer) key(t testing.TB) string {
	t.Helper()
	found := keyField.FindStringSubmatch(a.body)
	if found == nil {
		t.Fatalf("the form has no key: %s", a.text())
	}
	return found[1]
}

func TestPages_ABasketFromTheFirstClickToTheLogin(t *testing.T) {
	w := setup(t)
	b := w.browser(nil)
	b.get("/carrello").wants(t, 200, "Il carrello è vuoto")
	b.post("/carrello", "service", "pasti", "quantity", "2").leads(t, "/carrello?fatto=orders.added")
	a := b.get("/carrello?fatto=orders.added").wants(t, 200, "Aggiunto al carrello.", "Cooperativa Aurora", "Pasti a casa", "13,00 €", "di cui IVA 0,62 €", "Ti chiediamo di accedere")
	same(t, "for nobody else", a.header.Get("Cache-Control"), "no-store")
	w.browser(nil).get("/carrello").wants(t, 200, "Il carrello è vuoto")
	b.post("/carrello/quantita", "service", "pasti", "quantity", "4").leads(t, "/carrello?fatto=orders.changed")
	b.get("/carrello").wants(t, 200, "26,00 €")
	b.get("/ordine").leads(t, "/accedi?poi=%2Fordine")
	b.as(w.anna).get("/ordine").wants(t, 200, "Il tuo ordine", "Pasti a casa", "Anna Prova", "26,00 €", "Partita IVA 00297960197", "Ordina con obbligo di pagamento")
	if b.cookie["__Host-basket"] != "" {
		t.Error("the visitor's cookie is still there")
	}
	same(t, "Anna's", w.inside(of(w.anna)), "aurora: pasti 4")
	b.post("/carrello/quantita", "service", "pasti", "quantity", "0").leads(t, "/carrello?fatto=orders.taken")
	b.get("/carrello").wants(t, 200, "Il carrello è vuoto")
	b.get("/ordine").leads(t, "/carrello")
}

func TestPages_TheCookieIsThisHostsAlone(t *testing.T) {
	w := setup(t)
	b := w.browser(nil)
	set := b.post("/carrello", "service", "pasti").header.Get("Set-Cookie")
	for _, want := range []string{"__Host-basket=", "path=/", "HttpOnly", "secure", "SameSite=Lax"} {
		if !strings.Contains(strings.ToLower(set), strings.ToLower(want)) {
			t.Errorf("the cookie lacks %s: %s", want, set)
		}
	}
	if strings.Contains(strings.ToLower(set), "domain") {
		t.Errorf("the cookie has a domain: %s", set)
	}
	other := w.open(t).browser(nil)
	other.cookie = b.cookie
	other.get("/carrello").wants(t, 200, "Il carrello è vuoto")
}

func TestPages_AnotherProvidersServiceIsAskedAbout(t *testing.T) {
	w := setup(t)
	b := w.browser(w.anna)
	b.post("/carrello", "service", "pasti", "quantity", "2")
	b.post("/carrello", "service", "spesa", "quantity", "3").wants(t, 409, "Cambiare carrello?", "Nel carrello hai servizi di Cooperativa Aurora", "«Spesa a casa» è di Il Girasole").
		has(t, `name="quantity" value="3"`, `name="replace" value="1"`)
	same(t, "nothing has changed", w.inside(of(w.anna)), "aurora: pasti 2")
	b.post("/carrello", "service", "spesa", "quantity", "3", "replace", "1").leads(t, "/carrello")
	same(t, "now it has", w.inside(of(w.anna)), "girasole: spesa 3")
}

func TestPages_ABasketWithSomethingThatIsSoldNoMore(t *testing.T) {
	w := setup(t)
	b := w.browser(w.anna)
	b.post("/carrello", "service", "niente").wants(t, 409, "Questo servizio non si può comprare on line")
	b.post("/carrello", "service", "pasti", "quantity", "2")
	b.post("/carrello", "service", "lavanderia")
	w.sql("UPDATE services SET status = 'inactive' WHERE slug = 'pasti'")
	b.get("/carrello").wants(t, 200, "Ora non si può comprare on line", "Togli i servizi che ora non si possono comprare", "9,50 €").lacks(t, "Vai all'ordine")
	b.post("/carrello/quantita", "service", "pasti", "quantity", "x").leads(t, "/carrello")
	same(t, "what is no number changes nothing", w.inside(of(w.anna)), "aurora: pasti 2 unsold, lavanderia 1")
}

func TestPages_TheOrderFormKeepsWhatWasTyped(t *testing.T) {
	w := setup(t)
	child := w.member(w.anna, "Giulia Prova", accounts.Parent)
	w.fill(w.anna, "pasti", 2)
	b := w.browser(w.anna)
	form := b.get("/ordine").wants(t, 200, "Per chi è?", "Giulia Prova", "Puoi annullare gratis entro 14 giorni").has(t, `value="0372 555 111"`)
	key := form.key(t)
	same(t, "forms may end at the gateway", strings.Contains(form.header.Get("Content-Security-Policy"), "form-action 'self' "+w.cards.URL()), true)
	wrong := b.post("/ordine", "key", key, "total", "1300", "member", child.String(), "address", "", "phone", "chiamami <b>", "note", "Citofono \"rotto\"")
	wrong.wants(t, 422, "Scrivi l'indirizzo", "Questo non sembra un numero di telefono", "Per ordinare devi accettare le condizioni", "Citofono \"rotto\"").
		has(t, `value="chiamami &lt;b&gt;"`, `name="key" value="`+key+`"`, `name="total" value="1300"`)
	if !regexp.MustCompile(`value="` + child.String() + `"[^>]*checked`).MatchString(wrong.body) {
		t.Error("the choice of the child is lost")
	}
	same(t, "orders", w.number("SELECT count(*) FROM orders"), 0)
	w.sql("UPDATE services SET price_cents = 700 WHERE slug = 'pasti'")
	good := []string{"key", key, "total", "1300", "member", child.String(), "address", "Via Mantova 12", "phone", "0372 555 010", "terms", "si"}
	b.post("/ordine", good...).wants(t, 409, "Un prezzo è cambiato", "14,00 €").has(t, `name="total" value="1400"`, `value="Via Mantova 12"`)
	good[3] = "1400"
	first := b.post("/ordine", good...).leads(t, w.cards.URL()+"/c/pay/cs_test_")
	second := b.post("/ordine", good...).leads(t, w.cards.URL()+"/c/pay/cs_test_")
	same(t, "sent twice it leads to one page", second.where, first.where)
	same(t, "orders", w.number("SELECT count(*) FROM orders WHERE beneficiary = 'Giulia Prova' AND address = 'Via Mantova 12'"), 1)
	w.fill(w.anna, "pasti", 1)
	b.post("/ordine", append(good, "note", "x")...).wants(t, 409, "Questo modulo è già stato inviato con altri dati")
}

func TestPages_TheOrderFormTakesNoIdsOfOthers(t *testing.T) {
	w := setup(t)
	theirs := w.member(w.bruno, "Zoe Prova", accounts.Parent)
	w.fill(w.anna, "pasti", 2)
	b := w.browser(w.anna)
	key := b.get("/ordine").key(t)
	var bodies []string
	for _, member := range []string{theirs.String(), newID().String(), "x"} {
		a := b.post("/ordine", "key", key, "total", "1300", "member", member, "address", "Via Mantova 12", "phone", "0372 555 010", "terms", "si").wants(t, 404)
		bodies = append(bodies, a.body)
	}
	same(t, "all alike", bodies[0] == bodies[1] && bodies[1] == bodies[2], true)
	b.post("/ordine", "key", "x", "total", "1300").wants(t, 404)
	b.post("/ordine", "key", key, "total", "-1300", "address", "Via Mantova 12", "phone", "0372 555 010", "terms", "si").wants(t, 409, "Un prezzo è cambiato")
	same(t, "orders", w.number("SELECT count(*) FROM orders"), 0)
}

func TestPages_WhereTheGatewayIsDownTheOrderWaits(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "pasti", 2)
	b := w.browser(w.anna)
	key := b.get("/ordine").key(t)
	w.line.breaks(1, 0)
	a := b.post("/ordine", "key", key, "total", "1300", "address", "Via Mantova 12", "phone", "0372 555 010", "terms", "si").leads(t, "/area-personale/ordini/")
	b.get(a.where).wants(t, 200, "La pagina di pagamento non risponde", "0372 555 010", "Paga 13,00 €")
	path, _, _ := strings.Cut(a.where, "?")
	b.post(path+"/pagamento").leads(t, w.cards.URL()+"/c/pay/cs_test_")
}

func TestPages_AnOrderFromThePaymentToTheReceipt(t *testing.T) {
	w := setup(t)
	b := w.browser(w.anna)
	b.get("/area-personale/ordini").wants(t, 200, "Non hai ancora ordinato niente")
	p := w.order(w.anna, "pasti", 2)
	path := orderPath(p.Order.ID)
	b.get("/area-personale/ordini").wants(t, 200, "2026/1", "Pasti a casa", "Da pagare", "13,00 €")
	b.get(path).wants(t, 200, "Ordine 2026/1", "Da pagare", "Manca il pagamento: entro le 11:00", "Paga 13,00 €", "Annulla l'ordine").lacks(t, "Ricevuta")
	b.get(path+"/ricevuta").wants(t, 404)
	b.get(path+"?esito=annullato").wants(t, 200, "Non hai ancora pagato")
	session := w.page(p)
	b.get(path+"?esito=fatto").wants(t, 200, "Stiamo aspettando la conferma del pagamento")
	_, err := w.cards.Pay(session)
	must(t, err)
	b.get(path+"?esito=fatto").wants(t, 200, "Pagamento ricevuto, grazie", "Cooperativa Aurora risponde entro lunedì 30 novembre 2026", "Ricevuta").lacks(t, "Paga 13,00")
	b.get(path+"/ricevuta").wants(t, 200, "Ricevuta dell'ordine 2026/1", "Cooperativa Aurora", "00297960197", "Anna Prova", "carta", "non è una fattura")
	b.post(path+"/pagamento").leads(t, path+"?esito=non-disponibile")
	b.get(path+"?esito=non-disponibile").wants(t, 200).lacks(t, "non risponde")
}

func TestPages_AnOrderIsCancelledAfterASecondQuestion(t *testing.T) {
	w := setup(t)
	p, b := w.paid("pasti", 2), w.browser(w.anna)
	path := orderPath(p.Order.ID)
	b.get(path+"/annullamento").wants(t, 200, "Annullare l'ordine 2026/1?", "Ti restituiamo 13,00 €", "fino a lunedì 7 dicembre 2026", "No, tieni l'ordine")
	w.is(p, Paid)
	b.post(path+"/annullamento").leads(t, path+"?fatto=orders.cancelled")
	b.get(path+"?fatto=orders.cancelled").wants(t, 200, "L'ordine è annullato.", "Annullato", "Rimborso in arrivo", "13,00 € sulla carta")
	w.work()
	b.get(path).wants(t, 200, "Rimborso fatto", "Restituiti 13,00 €")
	b.get(path+"/ricevuta").wants(t, 200, "L'importo di 13,00 € è stato restituito per intero")
	b.get(path+"/annullamento").wants(t, 200, "Questo ordine non si può annullare da qui").lacks(t, "Sì, annulla")
	b.post(path+"/annullamento").wants(t, 409, "Nel frattempo qualcosa è cambiato")
	late := w.paid("lavanderia", 1)
	w.clock.Set(late.CancelUntil().Add(time.Second))
	b.get(orderPath(late.Order.ID)).wants(t, 200).lacks(t, "Annulla l'ordine")
	b.post(orderPath(late.Order.ID)+"/annullamento").wants(t, 409, "Il termine per annullare è passato")
	unpaid := w.order(w.anna, "pasti", 1)
	b.get(orderPath(unpaid.Order.ID)+"/annullamento").wants(t, 200, "annullare non costa niente")
}

func TestPages_MessagesComeBackWithWhatWasTyped(t *testing.T) {
	w := setup(t)
	p := w.paid("pasti", 2)
	anna, luca := w.browser(w.anna), w.browser(w.luca)
	anna.post(orderPath(p.Order.ID)+"/messaggi", "message", " ").wants(t, 422, "Scrivi un messaggio.")
	long := strings.Repeat("lungo ", 400)
	anna.post(orderPath(p.Order.ID)+"/messaggi", "message", long).wants(t, 422, "È troppo lungo", strings.TrimSpace(long))
	anna.post(orderPath(p.Order.ID)+"/messaggi", "message", "A che ora <passate>?").leads(t, orderPath(p.Order.ID)+"?fatto=orders.message")
	luca.get(partPath(p.ID)).wants(t, 200, "A che ora <passate>?", "Anna Prova")
	luca.post(partPath(p.ID)+"/messaggi", "message", "").wants(t, 422, "Scrivi un messaggio.")
	luca.post(partPath(p.ID)+"/messaggi", "message", "A mezzogiorno.").leads(t, partPath(p.ID)+"?fatto=orders.message")
	anna.get(orderPath(p.Order.ID)).wants(t, 200, "A mezzogiorno.", "Cooperativa Aurora ·")
}

func TestPages_TheInboxShowsFirstWhatWaits(t *testing.T) {
	w := setup(t)
	b := w.browser(w.luca)
	b.get("/ente/ordini").wants(t, 200, "Nessun ordine qui")
	waits, runs, over, unpaid := w.paid("pasti", 1), w.paid("pasti", 2), w.paid("lavanderia", 1), w.order(w.anna, "lavanderia", 2)
	must(t, w.Accept(w.ctx, w.luca, runs.ID))
	must(t, w.Refuse(w.ctx, w.luca, over.ID, "no"))
	for word, want := range map[string][]*Part{
		"": {waits, runs}, "da-accettare": {waits}, "in-corso": {runs}, "da-pagare": {unpaid}, "conclusi": {over}, "tutti": {waits, runs, over, unpaid}, "niente": {waits, runs},
	} {
		a := b.get("/ente/ordini?stato="+word).wants(t, 200)
		same(t, "filter "+word, strings.Count(a.body, `href="/ente/ordini/`), len(want))
		for _, p := range want {
			a.has(t, partPath(p.ID))
		}
	}
	b.get("/ente/ordini").wants(t, 200, "entro lun 30 nov").has(t, `aria-current="true"`)
}

func TestPages_APartFromThePaymentToTheEnd(t *testing.T) {
	w := setup(t)
	p, b := w.order(w.anna, "pasti", 2), w.browser(w.luca)
	path := partPath(p.ID)
	b.get(path).wants(t, 200, "Non ancora pagato", "Ho ricevuto 13,00 €", "Hai in mano 13,00 € di Anna Prova?", "Sì, registra l'incasso", "Anna Prova", "Via dei Mille 7", "0372 555 199")
	b.post(path+"/incasso").leads(t, path+"?fatto=orders.desk_paid")
	b.post(path+"/incasso").wants(t, 409, "Nel frattempo qualcosa è cambiato", "Accetta l'ordine")
	b.post(path+"/rifiuto", "why", "").wants(t, 422, "Scrivi il motivo")
	b.post(path+"/accettazione").leads(t, path+"?fatto=orders.accepted")
	b.get(path+"?fatto=orders.accepted").wants(t, 200, "Ordine accettato: la persona è stata avvisata.", "Registra quello che è stato fatto").has(t, `value="2026-11-23"`)
	b.post(path+"/consegne", "line", "0", "quantity", "due", "day", "2026-11-30", "worker", "", "delivery_note", "Tutto <bene>").
		wants(t, 422, "Scrivi quante unità", "Scrivi chi ha svolto il servizio", "Scegli il giorno, non nel futuro", "Tutto <bene>").has(t, `value="due"`, `value="2026-11-30"`)
	b.post(path+"/consegne", "line", "0", "quantity", "3", "day", "2026-11-23", "worker", "Luca Bassi").wants(t, 409, "È più di quanto resta da fare.").has(t, `value="Luca Bassi"`)
	b.post(path+"/consegne", "line", "0", "quantity", "1", "day", "2026-11-23", "worker", "Luca Bassi", "delivery_note", "Lasciato al vicino").leads(t, path+"?fatto=orders.delivered")
	b.get(path).wants(t, 200, "In corso", "Fatto: 1 × Pasti a casa, da Luca Bassi", "Lasciato al vicino", "ne restano 1", "l'ordine non si può più rifiutare").lacks(t, "Rifiuta e restituisci").lacks(t, "Che cosa hai ordinato")
	w.browser(w.anna).get(orderPath(p.Order.ID)).wants(t, 200, "Lasciato al vicino", "non si può più annullare da qui").lacks(t, "Annulla l'ordine")
	b.post(path+"/rifiuto", "why", "Non possiamo più").wants(t, 409, "Una parte del servizio è già stata fatta")
	b.post(path+"/consegne", "line", "0", "quantity", "1", "day", "2026-11-23", "worker", "Luca Bassi").leads(t, path)
	b.get(path).wants(t, 200, "Concluso")
	w.browser(w.anna).get(orderPath(p.Order.ID)+"/ricevuta").wants(t, 200, "allo sportello dell'ente")
}

func TestPages_MoneyOfTheDeskGoesBackThereThoughACardCameLate(t *testing.T) {
	w := setup(t)
	p, luca, anna := w.order(w.anna, "pasti", 2), w.browser(w.luca), w.browser(w.anna)
	id, err := w.cards.Pay(w.page(p))
	must(t, err)
	must(t, w.TakeAtDesk(w.ctx, w.luca, p.ID))
	must(t, w.take(w.event(id).Body, secretOf(w.city)))
	anna.get(orderPath(p.Order.ID)).wants(t, 200, "Rimborso in arrivo", "13,00 € sulla carta")
	anna.get(orderPath(p.Order.ID)+"/ricevuta").wants(t, 200, "allo sportello dell'ente").lacks(t, "restituito")
	w.work()
	luca.post(partPath(p.ID)+"/rifiuto", "why", "Non possiamo.").leads(t, partPath(p.ID))
	anna.get(orderPath(p.Order.ID)).wants(t, 200, "Non accettato", "Non possiamo.", "L'ente ti restituisce 13,00 € allo sportello", "Restituiti 13,00 €")
	luca.get(inboxPath).wants(t, 200, "2026/1", "Da restituire allo sportello")
	luca.get(partPath(p.ID)).wants(t, 200, "Anna Prova aveva pagato 13,00 € da voi", "Ho restituito 13,00 €")
	luca.post(partPath(p.ID)+"/restituzione").leads(t, partPath(p.ID)+"?fatto=orders.desk_returned")
	luca.get(inboxPath).wants(t, 200).lacks(t, "2026/1")
	anna.get(orderPath(p.Order.ID)+"/ricevuta").wants(t, 200, "Rifiutato lunedì 23 novembre 2026")
	luca.get(partPath(p.ID)).wants(t, 200).lacks(t, "Ho restituito")
	luca.post(partPath(p.ID)+"/restituzione").wants(t, 409)
	anna.get(orderPath(p.Order.ID)+"/ricevuta").wants(t, 200, "L'importo di 13,00 € è stato restituito per intero")
}

func TestPages_SpeakEnglish(t *testing.T) {
	w := setup(t)
	b := w.browser(w.anna)
	b.post("/en/carrello", "service", "pasti", "quantity", "2").leads(t, "/en/carrello?fatto=orders.added")
	b.get("/en/carrello").wants(t, 200, "€13.00", "Basket").has(t, `action="/en/carrello/quantita"`, `lang="it">Pasti a casa`)
	form := b.get("/en/ordine").wants(t, 200, "Your order", "€13.00")
	a := b.post("/en/ordine", "key", form.key(t), "total", "1300", "address", "Via Mantova 12", "phone", "0372 555 010", "terms", "si").leads(t, w.cards.URL())
	same(t, "the page speaks English, too, and leads back", w.cards.Sessions(keyOf(w.city))[0].Locale, "en")
	if back := w.cards.Sessions(keyOf(w.city))[0].SuccessURL; !strings.HasPrefix(back, "http://"+w.city.Host+":8080/en/area-personale/ordini/") {
		t.Errorf("%s leads back to %s", a.where, back)
	}
	parts, err := w.Orders(w.ctx, w.anna, Window{})
	must(t, err)
	p := parts[0]
	w.pays(p)
	b.get("/en/area-personale/ordini").wants(t, 200, "2026/1")
	b.get("/en"+orderPath(p.Order.ID)).wants(t, 200, "Order 2026/1")
	b.get("/en"+orderPath(p.Order.ID)+"/ricevuta").wants(t, 200, "Receipt")
	b.get("/en"+orderPath(p.Order.ID)+"/annullamento").wants(t, 200, "Cancel")
	luca := w.browser(w.luca)
	luca.get("/en/ente/ordini").wants(t, 200, "Orders")
	luca.get("/en"+partPath(p.ID)).wants(t, 200, "Accept")
	luca.post("/en"+partPath(p.ID)+"/accettazione").leads(t, "/en"+partPath(p.ID))
}

// every page of an order or a part, and what is posted to it.
var ordersOwn = []struct{ method, path string }{
	{"GET", ""}, {"GET", "/ricevuta"}, {"GET", "/ricevuta.pdf"}, {"POST", "/pagamento"}, {"GET", "/annullamento"}, {"POST", "/annullamento"}, {"POST", "/messaggi"},
}

var partsOwn = []struct{ method, path string }{
	{"GET", ""}, {"POST", "/accettazione"}, {"POST", "/rifiuto"}, {"POST", "/consegne"}, {"POST", "/incasso"}, {"POST", "/restituzione"}, {"POST", "/messaggi"},
}

func TestPages_AnothersAreByteForByteLikeMadeUpOnes(t *testing.T) {
	w := setup(t)
	other := w.open(t)
	theirs, far := w.paid("pasti", 2), other.paid("pasti", 2)
	before := w.rows()
	ask := func(b *browser, method, path string) string {
		a := b.do(method, path, url.Values{"message": {"x"}, "why": {"x"}}).wants(t, 404)
		return ids.ReplaceAllString(a.body, "id") // the address itself stands in the page
	}
	for _, r := range ordersOwn {
		b := w.browser(w.bruno)
		made := ask(b, r.method, orderPath(newID())+r.path)
		same(t, r.method+" "+r.path+" of Anna", ask(b, r.method, orderPath(theirs.Order.ID)+r.path) == made, true)
		same(t, r.method+" "+r.path+" of another city", ask(b, r.method, orderPath(far.Order.ID)+r.path) == made, true)
	}
	for _, r := range partsOwn {
		b := w.browser(w.sara)
		made := ask(b, r.method, partPath(newID())+r.path)
		same(t, r.method+" "+r.path+" of Aurora", ask(b, r.method, partPath(theirs.ID)+r.path) == made, true)
		same(t, r.method+" "+r.path+" of another city", ask(b, r.method, partPath(far.ID)+r.path) == made, true)
		w.browser(w.bruno).do(r.method, partPath(theirs.ID)+r.path, nil).wants(t, 403)
	}
	same(t, "written", w.rows(), before)
	same(t, "state", w.now(theirs).State, Paid)
}

// notify posts what the gateway tells, as it does.
func (w *world) notify(body, signature string) int {
	r := httptest.NewRequest(http.MethodPost, "/pagamenti/carta/notifiche", strings.NewReader(body))
	r.Host = w.city.Host + ":8080"
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Stripe-Signature", signature)
	return w.browser(nil).send(r).status
}

func TestPages_TheGatewayIsHeardIfItSigns(t *testing.T) {
	w := setup(t)
	other := w.open(t)
	p := w.order(w.anna, "pasti", 2)
	id, err := w.cards.Pay(w.page(p))
	must(t, err)
	body := w.event(id).Body
	sign := func(secret string) string { return local.SignCards(secret, time.Now(), body) }
	before := w.rows()
	same(t, "no signature", w.notify(body, ""), 400)
	same(t, "a wrong one", w.notify(body, sign("whsec_x")), 400)
	same(t, "another city's", w.notify(body, sign(secretOf(other.city))), 400)
	same(t, "at another city's door", other.notify(body, sign(secretOf(w.city))), 400)
	same(t, "at another city's door, signed for it", other.notify(body, sign(secretOf(other.city))), 204)
	wrong := rewrite(t, body, func(o map[string]any) { o["amount_total"] = 1 })
	same(t, "another amount", w.notify(wrong, local.SignCards(secretOf(w.city), time.Now(), wrong)), 500)
	same(t, "written", w.rows(), before)
	for range 3 {
		same(t, "signed", w.notify(body, sign(secretOf(w.city))), 204)
	}
	w.is(p, Paid)
	w.balances(-1300, 0, 1300)
}

func TestPages_AmountsOfAFormAreDigits(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]int64{"1300": 1300, "0": 0, "": -1, "-1": -1, "13,00": -1, "1e3": -1, " 1": -1, strings.Repeat("9", 13): -1} {
		same(t, strconv.Quote(s), parseCents(s), want)
	}
}

func TestCheckout_KnowsTheAddressOfOneselfOnly(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "pasti", 1)
	in := w.form(w.anna)
	in.Member, in.Address = w.member(w.anna, "Rosa Prova", accounts.Delegate), "Via di Rosa 1"
	id, err := w.Place(w.ctx, w.anna, in)
	must(t, err)
	w.browser(w.luca).get(partPath(w.seen(w.anna, id).ID)).wants(t, 200, "Rosa Prova (ordina una persona con delega: Anna Prova)")
	w.browser(w.anna).get(orderPath(id)).wants(t, 200, "Rosa Prova (ti ha delegato)")
	w.fill(w.anna, "pasti", 1)
	c, err := w.Checkout(w.ctx, w.anna)
	must(t, err)
	same(t, "address", c.Address, "")
}
