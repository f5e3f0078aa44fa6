package ledger

import (
	"context"
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// desks is a city with two providers and somebody of every role; the cookie is the person's name.
type desks struct {
	*world
	app      *fiber.App
	sun, ark uuid.UUID
	people   map[string]*authz.Actor
}

func (d *desks) Resume(_ context.Context, token string) (*authz.Actor, error) {
	if a, ok := d.people[token]; ok {
		return a, nil
	}
	return nil, problem.ErrUnauthenticated
}

// entering is what the accounts' policy says of the workbenches.
const entering = "p, provider, enter, provider\np, municipality, enter, municipality\np, welfare_manager, enter, municipality\np, city_admin, enter, administration\np, citizen, enter, personal\n"

func openDesks(t *testing.T) *desks {
	t.Helper()
	w := setup(t)
	policy, err := authz.Load(Policy, entering)
	w.must(err)
	all, err := ui.Load(ui.Locales, Words)
	w.must(err)
	w.policy = policy
	d := &desks{world: w, sun: newID(), ark: newID()}
	w.must(w.sql("INSERT INTO providers (id, slug, name, kind) VALUES ($1, 'il-sole', 'Il Sole', 'cooperativa'), ($2, 'arca', 'L''Arca', 'cooperativa')", d.sun, d.ark))
	staff := func(role string, providers ...uuid.UUID) *authz.Actor {
		a := &authz.Actor{Account: newID(), Name: "Prova", Strong: true, Enrolled: true}
		for _, provider := range providers {
			a.Memberships = append(a.Memberships, authz.Membership{Role: role, Provider: provider})
		}
		return a
	}
	d.people = map[string]*authz.Actor{
		"citizen": staff(authz.Citizen), "sun": staff(authz.Provider, d.sun), "both": staff(authz.Provider, d.sun, d.ark), "nobody": staff(authz.Provider, newID()),
		"manager": staff(authz.WelfareManager, uuid.Nil), "municipality": staff(authz.Municipality, uuid.Nil), "admin": staff(authz.CityAdmin, uuid.Nil),
	}
	server := &web.Server{
		Directory: testkit.Cities(t), Base: web.Base{Scheme: "http", Parent: testkit.Parent}, Words: all, Policy: policy, Sessions: d, Routes: w.Routes(),
	}
	d.app = server.App()
	return d
}

type reply struct {
	status                    int
	body, where, kind, attach string
}

func (d *desks) get(person, path string) reply {
	d.t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	r.Host = d.city.Host
	if person != "" {
		r.Header.Set("Cookie", web.SessionCookie+"="+person)
	}
	response, err := d.app.Test(r, 20_000)
	d.must(err)
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	d.must(err)
	return reply{response.StatusCode, string(raw), response.Header.Get("Location"), response.Header.Get("Content-Type"), response.Header.Get("Content-Disposition")}
}

var (
	tags   = regexp.MustCompile(`<[^>]*>`)
	spaces = regexp.MustCompile(`[\s\x{a0}]+`)
)

// text is what stands on the page.
func (r reply) text() string {
	_, body, _ := strings.Cut(r.body, "<main")
	return spaces.ReplaceAllString(html.UnescapeString(tags.ReplaceAllString(body, " ")), " ")
}

func (r reply) says(t *testing.T, wanted ...string) {
	t.Helper()
	if r.status != 200 {
		t.Fatalf("status %d", r.status)
	}
	rest := r.text()
	for _, w := range wanted {
		_, after, found := strings.Cut(rest, w)
		if !found {
			t.Errorf("%q is missing, or not in its place: %s", w, r.text())
			return
		}
		rest = after
	}
}

// earn sells something for a provider at a moment.
func (d *desks) earn(key string, provider uuid.UUID, cents int64, at time.Time) Transfer {
	d.t.Helper()
	d.clock.now = at
	anna := newID()
	d.mustPost(payment("payment:"+key, anna, cents))
	s := sale(key, anna, provider, cents)
	d.mustPost(s)
	return s
}

func rome(month time.Month, day, hour int) time.Time {
	return time.Date(2026, month, day, hour, 0, 0, 0, ui.Rome)
}

func TestStatement_TellsAMonthInWords(t *testing.T) {
	d := openDesks(t)
	d.earn("sale:1", d.sun, 10_050, rome(10, 31, 22))
	d.earn("sale:2", d.sun, 2_000, rome(11, 1, 0)) // midnight in Rome
	third := d.earn("sale:3", d.sun, 3_000, rome(11, 20, 12))
	_, err := d.reverse("sale:2", "reversal:2")
	d.must(err)
	d.earn("sale:4", d.ark, 9_999, rome(11, 21, 12))
	d.Attach(names{third.Reference: {Text: "Ordine 2026/000123", Href: "/ente/ordini/1"}})
	page := d.get("sun", "/ente/estratto")
	page.says(t, "Il Sole", "Estratto conto", "100,50 € Saldo iniziale", "50,00 € Entrate", "−20,00 € Uscite", "130,50 € Saldo finale", "Movimenti di novembre 2026",
		"Saldo iniziale", "100,50 €", "Vendita", "n. ", "01/11/2026", "20,00 €", "120,50 €", "Vendita", "Ordine 2026/000123", "150,50 €",
		"Vendita annullata", "−20,00 €", "130,50 €", "Saldo finale", "130,50 €")
	if strings.Contains(page.text(), "99,99") || strings.Contains(page.body, "arca") {
		t.Error("another provider shows")
	}
	if !strings.Contains(page.body, `href="/ente/ordini/1"`) || !strings.Contains(page.body, `<option value="2026-10">ottobre 2026`) {
		t.Error("the order, or the month before, has no link")
	}
	d.get("sun", "/ente/estratto?mese=2026-10").says(t, "0,00 € Saldo iniziale", "Movimenti di ottobre 2026", "31/10/2026", "100,50 €", "Saldo finale", "100,50 €")
	d.get("sun", "/ente/estratto?mese=2027-01").says(t, "130,50 € Saldo iniziale", "130,50 € Saldo finale", "Nessun movimento a gennaio 2027")
	d.get("sun", "/ente/estratto?mese=x").says(t, "Movimenti di novembre 2026")
	d.get("sun", "/en/ente/estratto").says(t, "Statement of account", "Sale taken back", "−€20.00")
}

// names knows what some transfers are about.
type names map[uuid.UUID]Reference

func (n names) References(context.Context, []uuid.UUID) (map[uuid.UUID]Reference, error) {
	return n, nil
}

func TestStatement_GoesOnOverPages(t *testing.T) {
	d := openDesks(t)
	anna := newID()
	for i := range linesShown + 5 {
		d.mustPost(sale(fmt.Sprint("sale:", i), anna, d.sun, 100))
	}
	first := d.get("sun", "/ente/estratto")
	first.says(t, "Saldo iniziale", "Saldo iniziale", "50,00 €", "Movimenti successivi")
	if strings.Count(first.text(), "Saldo finale") != 1 {
		t.Error("the first page ends with the closing balance")
	}
	next := html.UnescapeString(regexp.MustCompile(`href="(/ente/estratto\?dopo=[^"]+)"`).FindStringSubmatch(first.body)[1])
	second := d.get("sun", next)
	second.says(t, "Riporto", "50,00 €", "51,00 €", "55,00 €", "Saldo finale", "55,00 €")
	if strings.Contains(second.body, "Movimenti successivi") {
		t.Error("there are more pages than lines")
	}
	for _, cursor := range []string{"x", "1.2.3", next[strings.Index(next, "dopo=")+5:strings.Index(next, "&")] + "0"} {
		if got := d.get("sun", "/ente/estratto?dopo="+cursor).status; got != 404 && got != 200 {
			t.Errorf("the cursor %s: %d", cursor, got)
		}
	}
}

func TestStatement_IsOfOnesOwnProvidersAlone(t *testing.T) {
	d := openDesks(t)
	d.earn("sale:1", d.ark, 9_999, rome(11, 21, 12))
	d.get("both", "/ente/estratto").says(t, "Il Sole", "0,00 €")
	d.get("both", "/ente/estratto?ente=arca").says(t, "L'Arca", "99,99 €")
	madeUp := d.get("sun", "/ente/estratto?ente=inventato")
	for _, path := range []string{"/ente/estratto", "/ente/estratto.csv"} {
		if got := d.get("sun", path+"?ente=arca"); got.status != 404 || strings.Contains(got.body, "Arca") {
			t.Errorf("%s of another provider: %d", path, got.status)
		} else if path == "/ente/estratto" && mask(got.body) != mask(madeUp.body) {
			t.Error("another provider can be told from one that is not there")
		}
		if got := d.get("nobody", path).status; got != 404 {
			t.Errorf("%s for a provider of another city: %d", path, got)
		}
	}
}

func mask(body string) string {
	return regexp.MustCompile(`(inventato|arca|[0-9a-f-]{36})`).ReplaceAllString(body, "·")
}

func TestPages_AreForWhoMay(t *testing.T) {
	d := openDesks(t)
	for _, c := range []struct {
		person, path string
		status       int
	}{
		{"", "/ente/estratto", 303}, {"", "/amministrazione/conti.csv", 303}, {"citizen", "/ente/estratto", 403}, {"citizen", "/amministrazione/conti", 403},
		{"sun", "/ente/estratto", 200}, {"sun", "/ente/estratto.csv", 200}, {"sun", "/amministrazione/conti", 403}, {"sun", "/amministrazione/conti.csv", 403},
		{"manager", "/amministrazione/conti", 403}, {"municipality", "/amministrazione/conti", 200}, {"municipality", "/amministrazione/conti.csv", 200},
		{"admin", "/amministrazione/conti", 200}, {"admin", "/amministrazione/conti.csv", 200}, {"admin", "/ente/estratto", 403}, {"municipality", "/ente/estratto.csv", 403},
	} {
		if got := d.get(c.person, c.path).status; got != c.status {
			t.Errorf("%s at %s: %d, want %d", c.person, c.path, got, c.status)
		}
	}
	for name, ask := range map[string]func(*authz.Actor) error{
		"statement": func(a *authz.Actor) error { _, err := d.ProviderStatement(d.ctx, a, Asked{}); return err },
		"accounts":  func(a *authz.Actor) error { _, _, err := d.Accounts(d.ctx, a); return err },
	} {
		for _, a := range []*authz.Actor{nil, d.people["citizen"], d.people["manager"]} {
			if err := ask(a); err == nil {
				t.Errorf("the %s were given to %+v", name, a)
			}
		}
	}
	d.get("municipality", "/amministrazione/conti").says(t, "Conti")
	for person, there := range map[string]bool{"municipality": true, "admin": true} {
		if got := strings.Contains(d.get(person, "/amministrazione/conti").body, `href="/amministrazione/conti" aria-current="page"`); got != there {
			t.Errorf("the menu of %s: %t", person, got)
		}
	}
}

func TestAccounts_SumToZeroAndSaySo(t *testing.T) {
	d := openDesks(t)
	d.get("admin", "/amministrazione/conti").says(t, "I conti tornano", "Nessun movimento")
	d.earn("sale:1", d.sun, 10_050, rome(11, 20, 12))
	d.earn("sale:2", d.ark, 2_000, rome(11, 21, 12))
	d.mustPost(payment("payment:3", newID(), 777))
	page := d.get("admin", "/amministrazione/conti")
	page.says(t, "I conti tornano", "Saldi di oggi", "Carta", "Canale di pagamento", "−128,27 €", "Il Sole", "Ente", "100,50 €", "L'Arca", "20,00 €",
		"3 cittadini, insieme", "7,77 €", "Somma", "0,00 €")
	d.get("admin", "/en/amministrazione/conti").says(t, "The accounts add up", "Card", "3 citizens, together", "€0.00")
}

func TestAccounts_NameWhatIsWrong(t *testing.T) {
	d := openDesks(t)
	d.earn("sale:1", d.sun, 10_050, rome(11, 20, 12))
	d.plant("UPDATE ledger_entries SET cents = cents + 25 WHERE cents > 0 AND account_id IN (SELECT id FROM ledger_accounts WHERE kind = 'provider') AND tenant_id = $1", d.city.ID)
	late := payment("payment:2", newID(), 300)
	late.Pending = true
	d.clock.now = rome(11, 18, 12)
	d.mustPost(late)
	d.clock.now = rome(11, 20, 13)
	page := d.get("admin", "/amministrazione/conti")
	page.says(t, "Ci sono 4 cose da guardare", "dare e avere non sono uguali", "0,25 €", "La somma di tutti i conti non è zero", "in attesa da più di un giorno", "3,00 €", "Somma", "0,25 €")
	if strings.Contains(page.body, "I conti tornano") {
		t.Error("all is well")
	}
}

func read(t *testing.T, r reply) [][]string {
	t.Helper()
	if r.status != 200 || r.kind != "text/csv; charset=utf-8" {
		t.Fatalf("%d, %s", r.status, r.kind)
	}
	body, ok := strings.CutPrefix(r.body, "\ufeff")
	if !ok || !strings.Contains(body, "\r\n") {
		t.Error("no mark of UTF-8, or no ends of lines")
	}
	c := csv.NewReader(strings.NewReader(body))
	c.Comma = ';'
	rows, err := c.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestCSV_IsTheWholeMonthInItalianNumbers(t *testing.T) {
	d := openDesks(t)
	first := d.earn("sale:1", d.sun, 123_405, rome(11, 1, 9))
	d.Attach(names{first.Reference: {Text: `=HYPERLINK("http://evil.example";"Ordine")`}})
	anna := newID()
	for i := range linesShown + 5 {
		d.mustPost(sale(fmt.Sprint("more:", i), anna, d.sun, 100))
	}
	_, err := d.reverse("sale:1", "reversal:1")
	d.must(err)
	answer := d.get("sun", "/ente/estratto.csv?mese=2026-11")
	rows := read(t, answer)
	if answer.attach != `attachment; filename="estratto-il-sole-2026-11.csv"` {
		t.Error(answer.attach)
	}
	if len(rows) != 1+1+1+linesShown+5+1+1 {
		t.Fatalf("%d rows", len(rows))
	}
	for i, want := range map[int][]string{
		0:             {"Data", "Ora", "Movimento", "Riferimento", "Operazione", "Importo", "Saldo"},
		1:             {"2026-11-01", "", "Saldo iniziale", "", "", "", "0,00"},
		2:             {"2026-11-01", "09:00", "Vendita", `'=HYPERLINK("http://evil.example";"Ordine")`, "", "1234,05", "1234,05"},
		len(rows) - 2: {"2026-11-01", "09:00", "Vendita annullata", `'=HYPERLINK("http://evil.example";"Ordine")`, "", "-1234,05", "55,00"},
		len(rows) - 1: {"2026-11-30", "", "Saldo finale", "", "", "", "55,00"},
	} {
		if i > 0 {
			rows[i][4] = "" // the transfer's id
		}
		if !slices.Equal(rows[i], want) {
			t.Errorf("row %d is %q, want %q", i, rows[i], want)
		}
	}
	d.must(d.sql("UPDATE providers SET name = '@SUM(1+1)' WHERE id = $1", d.sun))
	rows = read(t, d.get("admin", "/amministrazione/conti.csv"))
	if got := fmt.Sprintf("%q", rows); got != `[["Tipo" "Conto" "Saldo"] ["Canale di pagamento" "Carta" "-1234,05"] ["Ente" "'@SUM(1+1)" "55,00"] ["Cittadini" "2 cittadini, insieme" "1179,05"] ["Somma" "" "0,00"]]` {
		t.Error(got)
	}
}

func TestCSV_NoTextIsAFormula(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]cell{
		"Ordine 1": "Ordine 1", "": "", "=1+1": "'=1+1", "+39": "'+39", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", " =x": "' =x", "\rx": "'\rx", "\u00a0=x": "'\u00a0=x", "＝x": "'＝x", "a=b": "a=b",
	} {
		if got := words(text); got != want {
			t.Errorf("%q is written %q", text, got)
		}
	}
	for cents, want := range map[int64]cell{0: "0,00", 5: "0,05", -5: "-0,05", 123456: "1234,56", -100: "-1,00", -9223372036854775808: "-92233720368547758,08"} {
		if got := amount(cents); got != want {
			t.Errorf("%d is written %q", cents, got)
		}
	}
}

func TestMonths_FollowTheCitysTime(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 10, 31, 23, 30, 0, 0, time.UTC) // November in Rome
	if got := monthOf("", now); !got.Equal(rome(11, 1, 0)) {
		t.Errorf("the running month begins %s", got)
	}
	for _, text := range []string{"2026-13", "26-01", "2026-1", "0000-01", "9999-12", "x", "2026-11-01"} {
		if got := monthOf(text, now); !got.Equal(rome(11, 1, 0)) {
			t.Errorf("%s is %s", text, got)
		}
	}
	if list := monthsUntil(rome(9, 30, 23), now); len(list) != 3 || !list[2].Equal(rome(9, 1, 0)) {
		t.Errorf("since September: %v", list)
	}
	if list := monthsUntil(time.Time{}, now); len(list) != 1 {
		t.Errorf("since never: %v", list)
	}
	if list := monthsUntil(now.AddDate(-20, 0, 0), now); len(list) != mostMonths {
		t.Errorf("since long: %d", len(list))
	}
}
