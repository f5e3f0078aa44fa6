package ledger

import (
	"context"
	"strings"
	"testing"
	"time"
)

// said is what the rails said.
type said []Comparison

func (c said) Comparisons(context.Context) ([]Comparison, error) { return c, nil }

func TestRailStatement_AddsUpFromOutside(t *testing.T) {
	d := openDesks(t)
	anna := newID()
	pay := func(key string, cents int64, at time.Time) Transfer {
		d.clock.now = at
		p := payment(key, anna, cents)
		d.mustPost(p)
		return p
	}
	pay("payment:1", 10_050, rome(10, 31, 22))
	second := pay("payment:2", 2_000, rome(11, 1, 0))
	pay("payment:3", 3_000, rome(11, 20, 12))
	d.clock.now = rome(11, 21, 12)
	d.mustPost(Transfer{Key: "refund:2", Kind: Refund, Reference: newID(), Moves: []Move{{From: CitizenAccount(anna), To: RailAccount("card"), Cents: 2_000}}})
	d.Attach(names{second.Reference: {Text: "Ordine 2026/2", Href: "/ente/ordini/2"}})
	page := d.get("admin", "/amministrazione/conti/movimenti?conto=card")
	page.says(t, "Movimenti: Carta", "100,50 € Saldo iniziale", "50,00 € Entrate", "−20,00 € Uscite", "130,50 € Saldo finale", "Movimenti di novembre 2026",
		"Saldo iniziale", "100,50 €", "Pagamento", "Ordine 2026/2", "20,00 €", "120,50 €", "Pagamento", "150,50 €", "Rimborso", "−20,00 €", "130,50 €", "Saldo finale", "130,50 €")
	if strings.Contains(page.body, `href="/ente/ordini/2"`) {
		t.Error("it leads to a page of the provider's")
	}
	d.get("municipality", "/amministrazione/conti/movimenti?conto=card&mese=2026-10").says(t, "0,00 € Saldo iniziale", "100,50 € Saldo finale")
	table := d.get("admin", "/amministrazione/conti/movimenti.csv?conto=card&mese=2026-11")
	if want := "Saldo iniziale;;;;100,50"; table.status != 200 || !strings.Contains(table.body, want) || !strings.Contains(table.body, ";-20,00;130,50") || table.attach != `attachment; filename="canale-card-2026-11.csv"` {
		t.Errorf("%d %s %s", table.status, table.attach, table.body)
	}
	d.get("admin", "/amministrazione/conti").says(t, "Carta", "−130,50 €")
	d.get("admin", "/amministrazione/conti/movimenti").says(t, "Movimenti: Carta")
	for person, want := range map[string]int{"sun": 403, "manager": 403, "": 303} {
		if r := d.get(person, "/amministrazione/conti/movimenti?conto=card"); r.status != want {
			t.Errorf("%s: %d", person, r.status)
		}
	}
	for _, path := range []string{"?conto=desk", "?conto=x&mese=2026-11"} {
		if r := d.get("admin", "/amministrazione/conti/movimenti"+path); r.status != 404 {
			t.Errorf("%s: %d", path, r.status)
		}
	}
}

func TestAccounts_SayWhereARailDiffers(t *testing.T) {
	d := openDesks(t)
	d.get("admin", "/amministrazione/conti").says(t, "I conti tornano")
	c := Comparison{Rail: "card", Since: rome(10, 1, 0), Until: rome(11, 1, 0), At: rome(11, 1, 3), Taken: 12, TakenCents: 123_450, Returned: 1, ReturnedCents: 950}
	d.Compare(said{c})
	d.get("municipality", "/amministrazione/conti").says(t, "Il portale e il circuito di pagamento (Carta) dicono la stessa cosa", "ha incassato 1.234,50 € (pagamenti: 12) e restituito 9,50 € (rimborsi: 1)")
	c.Findings = []RailFinding{{Code: ChargeUnknown, Subject: "pi_1", Theirs: 700, At: rome(10, 9, 12)}, {Code: RefundFailed, Subject: "re_1", Ours: 950, At: rome(10, 10, 12)}}
	d.Compare(said{c})
	d.get("admin", "/amministrazione/conti").says(t, "In 2 cose il portale e il circuito di pagamento non dicono lo stesso", "Il circuito ha incassato denaro che il portale non conosce",
		"per il portale 0,00 €, per il circuito 7,00 € · pi_1", "Un rimborso che il circuito non è riuscito a fare", "re_1")
	d.get("admin", "/en/amministrazione/conti").says(t, "In 2 things the portal and the payment circuit do not say the same")
	if r := d.get("sun", "/amministrazione/conti"); r.status != 403 {
		t.Errorf("%d", r.status)
	}
}
