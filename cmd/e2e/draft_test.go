package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// article is a service that the demo's provider brings to the portal; a citizen finds it by a question, and two of it cost so much.
type article struct {
	title, summary, category, need string
	english                        string
	price, two, question           string
	slug                           string // known once it is found
}

// offers are the articles of the cities in which they are brought.
var offers = map[string]article{
	"cremona": {
		title: "Ago e filo a casa tua", summary: "Una sarta viene da te per un orlo, una cerniera, un bottone.", category: "pasti-e-faccende", need: "casa",
		english: "A seamstress at your door", price: "12,50", two: "25,00 €", question: "cerniera rotta",
	},
	"sondrio": {
		title: "Il vetro che si apre bene", summary: "Un artigiano sale da te e rimette a posto finestre e maniglie.", category: "casa-in-montagna", need: "inverno",
		english: "A handyman for your windows", price: "18,00", two: "36,00 €", question: "finestra bloccata",
	},
}

// write is a draft from its name to its last page: each page is seen empty, and once refused.
func (a *article) write(w *tab) {
	w.t.Helper()
	w.go200("/ente/servizi")
	w.look("writes-01-desk")
	w.press("Nuovo servizio")
	if status := w.send("title"); status != http.StatusUnprocessableEntity {
		w.t.Errorf("a service without a name is answered with %d", status)
	}
	w.look("writes-02-name-missing")
	w.fill("title", a.title)
	w.send("title")
	a.basics(w)
	a.texts(w)
	a.cost(w)
	a.contacts(w)
	a.papers(w)
}

// refused sends the page of the form, which comes back with what was typed.
func (w *tab) refused(field string) {
	w.t.Helper()
	w.relax()
	if status := w.send(field); status != http.StatusUnprocessableEntity {
		w.t.Errorf("%s answers a slip of the pen with %d", w.path(), status)
	}
}

func (a *article) basics(w *tab) {
	w.t.Helper()
	w.look("writes-03-basics-empty")
	w.fill("summary", a.summary)
	w.choose("category", a.category)
	w.tick("needs", a.need)
	w.tick("for", "anziani")
	w.tick("for", "adulti")
	w.tick("where", "casa")
	w.fill("topics", "Casa, Anziani, Lavoro, Mano, Festa")
	w.fill("keywords", a.question+", riparare, aggiustare")
	w.refused("topics")
	w.look("writes-04-basics-wrong")
	w.fill("topics", "Casa, Anziani")
	w.fill("title_en", a.english)
	w.fill("summary_en", "Someone comes to your home and repairs what broke.")
	w.picture("writes-05-basics-filled")
	w.send("topics")
}

func (a *article) texts(w *tab) {
	w.t.Helper()
	w.look("writes-06-texts-empty")
	for _, field := range [][2]string{
		{"addressed", "A chi **non riesce** più a farlo da solo, e a chi lo aiuta."},
		{"how", "Chiama o compra da qui. Poi:\n\n- ti telefoniamo entro due giorni\n- scegliamo insieme il giorno"},
		{"needed", "Quello che c'è da riparare\nUn tavolo e una buona luce"},
		{"obtained", "Il lavoro fatto, provato davanti a te."},
		{"times", "Dal lunedì al venerdì. Veniamo entro una settimana."},
		{"access", "Dal carrello, per telefono o per e-mail."},
		{"conditions", "Avvisa il giorno prima se non puoi. Se qualcosa si rovina, lo rimborsiamo."},
	} {
		w.fill(field[0], field[1])
	}
	w.fill("deadlines", "entro aprile: domande per l'estate")
	w.refused("deadlines")
	w.look("writes-07-texts-wrong")
	w.fill("deadlines", "30/04/2099 Domande per l'estate")
	w.picture("writes-07-texts-filled")
	w.send("addressed")
}

func (a *article) cost(w *tab) {
	w.t.Helper()
	w.look("writes-08-price-empty")
	w.tick("price_kind", "fixed")
	w.fill("price", "dodici e mezzo")
	w.choose("unit", "intervento")
	w.fill("capacity", "tanti")
	w.tick("sold", "")
	w.tick("vat", "5")
	w.fill("most", "0")
	w.fill("cancel_days", "14")
	w.tick("ask_address", "")
	w.tick("ask_phone", "")
	w.refused("price")
	w.look("writes-09-price-wrong")
	w.fill("price", a.price)
	w.fill("capacity", "40")
	w.fill("most", "6")
	w.picture("writes-10-price-filled")
	w.send("price")
}

func (a *article) contacts(w *tab) {
	w.t.Helper()
	w.look("writes-11-contacts-empty")
	w.fill("phone", "chiamami")
	w.fill("email", "ago chiocciola filo")
	w.refused("phone")
	w.look("writes-12-contacts-wrong")
	w.fill("phone", "0372 555 321")
	w.fill("email", "")
	w.send("phone")
}

// papers gives the draft a picture and a document, each after a file that is none.
func (a *article) papers(w *tab) {
	w.t.Helper()
	dir := w.t.TempDir()
	w.look("writes-13-files-empty")
	for _, one := range []struct {
		field, name string
		body        []byte
	}{{"picture", "foto.png", drawing()}, {"attachments", "Listino dei lavori.pdf", []byte(sheetOfPaper)}} {
		w.choosesFile(one.field, dir, one.name, []byte("questo non è un file vero"))
		if status := w.pressElement("form:has(#" + one.field + ") button"); status != http.StatusUnprocessableEntity {
			w.t.Errorf("a false %s is answered with %d", one.field, status)
		}
		w.look("writes-14-" + one.field + "-wrong")
		w.choosesFile(one.field, dir, one.name, one.body)
		w.pressElement("form:has(#" + one.field + ") button")
	}
	w.expect("Listino dei lavori.pdf")
	w.look("writes-15-files-filled")
	w.press("Rivedi tutto")
	w.at("/ente/servizi/")
}

// submit sees the preview, then hands the draft over.
func (a *article) submit(w *tab) {
	w.t.Helper()
	w.look("writes-16-whole")
	own := w.path()
	w.press("Guarda l'anteprima")
	w.expect("Anteprima", a.title, a.price)
	w.look("writes-17-preview")
	w.go200(own)
	w.press("Manda al Comune")
	w.expect("In attesa del Comune")
	w.look("writes-18-waiting")
}

// sendBack asks for a change, first without saying which; the provider hears of it by mail.
func (a *article) sendBack(office *tab) {
	office.t.Helper()
	a.open(office)
	office.look("reviews-01-first")
	office.press("Rimanda indietro")
	office.expect("Scrivi perché")
	office.look("reviews-02-no-reason")
	office.fill("reason", a.wish())
	began := time.Now()
	office.press("Rimanda indietro")
	office.at("/comune/servizi?fatto=")
	office.look("reviews-03-sent-back")
	letter := shared.letterTo(office.t, office.city.person("provider").Email, began)
	if !strings.Contains(letter.Text, a.wish()) {
		office.t.Errorf("the mail %q does not say why:\n%s", letter.Subject, letter.Text)
	}
	office.reads("letter-returned", letter)
}

// wish is what the municipality asks for.
func (a *article) wish() string {
	return "Scrivi a che ora venite: chi lavora deve sapere se può aspettarvi."
}

// open goes from the queue to the article.
func (a *article) open(office *tab) {
	office.t.Helper()
	office.go200("/comune/servizi")
	office.picture("reviews-00-queue")
	office.press(a.title)
	office.at("/comune/servizi/")
}

// mend does what was asked for, and hands the draft over again.
func (a *article) mend(w *tab) {
	w.t.Helper()
	w.go200("/ente/servizi")
	w.look("mends-01-desk")
	w.press(a.title)
	own := w.path()
	w.expect("Il Comune chiede una modifica", a.wish())
	w.look("mends-02-reason")
	w.go200(own + "/testi")
	w.look("mends-03-texts")
	w.fill("times", "Dal lunedì al venerdì, dalle 14 alle 19. Veniamo entro una settimana.")
	w.press("Salva e torna alla scheda")
	w.expect("Che cosa hai corretto", a.wish())
	w.look("mends-04-changed")
	w.press("Manda al Comune")
	w.expect("In attesa del Comune")
	w.picture("mends-05-waiting")
}

// approve reads what has changed since, and says yes.
func (a *article) approve(office *tab) {
	office.t.Helper()
	a.open(office)
	office.expect("Che cosa è cambiato", "Il Comune aveva chiesto:", a.wish(), "dalle 14 alle 19")
	office.look("reviews-04-difference")
	began := time.Now()
	office.press("Approva e pubblica")
	office.at("/comune/servizi?fatto=")
	office.look("reviews-05-approved")
	office.reads("letter-approved", shared.letterTo(office.t, office.city.person("provider").Email, began))
}

// find looks for the article as somebody who does not know its name.
func (a *article) find(w *tab) {
	w.t.Helper()
	w.go200("/")
	w.fill("q", a.question)
	w.send("q")
	w.at("/servizi")
	w.expect(a.title)
	w.picture("finds-1-list")
	w.press(a.title)
	w.expect(a.title, a.price)
	a.slug = strings.TrimPrefix(w.path(), "/servizi/")
	w.expect("fino a 40 interventi al mese", "30 aprile 2099", "Domande per l'estate")
	w.look("finds-2-sheet")
	w.go200("/en/servizi/" + a.slug)
	w.expect(a.english, "up to 40 visits a month")
	w.look("finds-3-english")
}

// look keeps the page's picture, and examines it where scripts run.
func (w *tab) look(name string) {
	w.t.Helper()
	w.picture(name)
	if w.scripts {
		w.examine(name)
	}
}

// reads shows a letter as mail programs do.
func (w *tab) reads(name string, l letter) {
	w.t.Helper()
	paper := chrome.open(w.t, w.city, w.scripts)
	js[bool](paper, `(document.documentElement.innerHTML = $1, true)`, l.HTML)
	paper.picture(name)
}

// choose picks one of a list.
func (w *tab) choose(name, value string) {
	w.t.Helper()
	if got := js[string](w, `(() => { const e = document.querySelector('select[name="' + $1 + '"]'); if (!e) return 'no list'; e.value = $2; return e.value })()`, name, value); got != value {
		w.t.Fatalf("%s: %s cannot be %q: %q", w.path(), name, value, got)
	}
}

// choosesFile puts a file into the field with that id.
func (w *tab) choosesFile(field, dir, name string, body []byte) {
	w.t.Helper()
	path := filepath.Join(dir, name)
	w.must("write a file", os.WriteFile(path, body, 0o600))
	do(w, "choose a file", chromedp.SetUploadFiles("#"+field, []string{path}))
}

// drawing is a picture wider than tall.
func drawing() []byte {
	canvas := image.NewRGBA(image.Rect(0, 0, 960, 540))
	for y := range 540 {
		for x := range 960 {
			canvas.Set(x, y, color.RGBA{uint8(60 + x/8), uint8(90 + y/6), 150, 255}) //nolint:gosec // bounded
		}
	}
	var out bytes.Buffer
	_ = png.Encode(&out, canvas)
	return out.Bytes()
}

const sheetOfPaper = "%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Kids[3 0 R]/Count 1>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Resources<<>>>>\nendobj\nxref\n0 4\n0000000000 65535 f \n0000000009 00000 n \n0000000054 00000 n \n0000000105 00000 n \ntrailer\n<</Size 4/Root 1 0 R>>\nstartxref\n180\n%%EOF\n"
