package orders

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/payments"
)

func TestPlace_WritesAllThatAnOrderIs(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "pasti", 2)
	w.fill(w.anna, "lavanderia", 1)
	form := w.form(w.anna)
	form.Note = "Citofono rotto"
	id, err := w.Place(w.ctx, w.anna, form)
	must(t, err)
	p := w.seen(w.anna, id)
	o := p.Order
	same(t, "title", o.Title(), "2026/1")
	same(t, "four people", fmt.Sprint(o.Actor, o.Subject, o.Payer, o.Member), fmt.Sprint(w.anna.Account, w.anna.Account, w.anna.Account, uuid.Nil))
	same(t, "order", fmt.Sprint(o.PayerName, o.Beneficiary, o.Reason, o.Address, o.Phone, o.Note, o.Cents), fmt.Sprint("Anna Prova", "Anna Prova", "", "Via dei Mille 7", "0372 555 199", "Citofono rotto", 2250))
	same(t, "part", fmt.Sprint(p.Provider, p.Seller, p.SellerAddress, p.SellerVAT, p.Cents, p.VATCents, p.CancelDays, p.State), fmt.Sprint(w.aurora, "Cooperativa Aurora", "Via Milano 3", "00297960197", 2250, 233, 3, Placed))
	same(t, "waits", p.ExpiresAt.Sub(o.PlacedAt), 30*time.Minute)
	same(t, "lines", fmt.Sprintf("%+v", p.Lines), fmt.Sprintf("%+v", []Line{
		{w.serviceID("pasti"), "pasti", "Pasti a casa", "pasto", 2, 650, "5", 1300, 62}, {w.serviceID("lavanderia"), "lavanderia", "Lavanderia", "intervento", 1, 950, "22", 950, 171},
	}))
	if len(p.Payments) != 1 || p.Payments[0].State != payments.Open || p.Payments[0].Cents != 2250 || p.Payments[0].Rail != payments.ByCard || p.Payments[0].Account != w.anna.Account {
		t.Errorf("payments %+v", p.Payments)
	}
	same(t, "the sale is pending", w.number("SELECT count(*) FROM ledger_transfers WHERE pending AND kind = 'sale' AND cents = 2250 AND key = $1 AND reference = $2", saleKey(p.ID), p.ID), 1)
	w.balances(0, 0, 0)
	same(t, "audited", w.number("SELECT count(*) FROM audit_entries WHERE verb = 'ordered' AND actor = $1 AND subject = $2", w.anna.ID(), p.ID.String()), 1)
	same(t, "jobs", strings.Join(w.queue.list(w.city), ", "), "orders.expire")
	same(t, "at", w.queue.waits[0].at.Equal(o.PlacedAt.Add(30*time.Minute)), true)
	same(t, "the basket", w.inside(of(w.anna)), "")
}

func (w *world) serviceID(slug string) (id uuid.UUID) {
	item, _, err := w.findItem(w.ctx, slug)
	w.must(err)
	return item.Service
}

func TestPlace_WhatFailsInTheEndHasWrittenNothing(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "pasti", 2)
	form := w.form(w.anna)
	w.queue.fail(1)
	fails(t, "the queue is down", w.stays(func() error { _, err := w.Place(w.ctx, w.anna, form); return err }), errQueue)
	id, err := w.Place(w.ctx, w.anna, form)
	must(t, err)
	same(t, "the number is not lost", w.seen(w.anna, id).Order.Number, 1)
}

func TestPlace_TheSameKeyTwiceIsOneOrder(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "pasti", 2)
	form := w.form(w.anna)
	first, err := w.Place(w.ctx, w.anna, form)
	must(t, err)
	w.fill(w.anna, "lavanderia", 1) // and something else in the basket meanwhile
	var second uuid.UUID
	must(t, w.stays(func() (err error) { second, err = w.Place(w.ctx, w.anna, form); return err }))
	same(t, "the order", second, first)
	w.pays(w.seen(w.anna, first))
	third, err := w.Place(w.ctx, w.anna, form)
	must(t, err)
	same(t, "after it was paid", third, first)
}

func TestPlace_TheSameKeyWithAnotherBodyIsRefused(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "pasti", 2)
	form := w.form(w.anna)
	_, err := w.Place(w.ctx, w.anna, form)
	must(t, err)
	w.fill(w.anna, "pasti", 2)
	for what, change := range map[string]func(*Placement){
		"address": func(p *Placement) { p.Address += "a" }, "phone": func(p *Placement) { p.Phone += "0" }, "note": func(p *Placement) { p.Note = "x" },
		"member": func(p *Placement) { p.Member = newID() }, "cents": func(p *Placement) { p.Cents++ }, "terms": func(p *Placement) { p.Terms = false },
	} {
		other := form
		change(&other)
		fails(t, what, w.stays(func() error { _, err := w.Place(w.ctx, w.anna, other); return err }), ErrKeyReused)
	}
}

func TestPlace_AKeyIsItsPersonsOwn(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "pasti", 2)
	form := w.form(w.anna)
	first, err := w.Place(w.ctx, w.anna, form)
	must(t, err)
	w.fill(w.bruno, "pasti", 2)
	second, err := w.Place(w.ctx, w.bruno, form)
	must(t, err)
	if first == second {
		t.Error("Bruno was given Anna's order")
	}
}

func TestPlace_AnotherPriceThanWasShownIsShownFirst(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "pasti", 2)
	form := w.form(w.anna)
	for _, sql := range []string{"UPDATE services SET price_cents = 700 WHERE slug = 'pasti'", `UPDATE services SET price_cents = 650, sale = jsonb_set(sale, '{most}', '1') WHERE slug = 'pasti'`} {
		w.sql(sql)
		fails(t, sql, w.stays(func() error { _, err := w.Place(w.ctx, w.anna, form); return err }), ErrPriceChanged)
	}
	w.sql(`UPDATE services SET price_cents = 700, sale = jsonb_set(sale, '{most}', '9') WHERE slug = 'pasti'`)
	form.Cents = w.form(w.anna).Cents
	id, err := w.Place(w.ctx, w.anna, form)
	must(t, err)
	w.sql("UPDATE services SET price_cents = 900, title = 'Pasti' WHERE slug = 'pasti'")
	w.sql("UPDATE providers SET name = 'Aurora due', vat_number = '01466360193' WHERE slug = 'aurora'")
	p := w.seen(w.anna, id)
	same(t, "what was ordered stays as it was", fmt.Sprintf("%d %d %s %s %s", p.Cents, p.Lines[0].UnitCents, p.Lines[0].Title, p.Seller, p.SellerVAT), "1400 700 Pasti a casa Cooperativa Aurora 00297960197")
}

func TestPlace_WhatIsSoldNoMoreIsNotOrdered(t *testing.T) {
	w := setup(t)
	fails(t, "nothing", w.stays(func() error { _, err := w.Place(w.ctx, w.anna, Placement{Key: newID(), Terms: true}); return err }), ErrEmpty)
	w.fill(w.anna, "pasti", 2)
	form := w.form(w.anna)
	w.sql("UPDATE services SET sale = NULL WHERE slug = 'pasti'")
	fails(t, "unsold", w.stays(func() error { _, err := w.Place(w.ctx, w.anna, form); return err }), ErrNotSold)
}

func TestPlace_SaysWhatIsMissing(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "pasti", 2)
	good := w.form(w.anna)
	for want, change := range map[string]func(*Placement){
		"address orders.address_missing, phone orders.phone_missing, terms orders.terms_missing": func(p *Placement) { p.Address, p.Phone, p.Terms = "", "", false },
		"address orders.too_long":  func(p *Placement) { p.Address = strings.Repeat("a", 301) },
		"phone orders.phone_wrong": func(p *Placement) { p.Phone = "chiamami" },
		"note orders.too_long":     func(p *Placement) { p.Note = strings.Repeat("a", 1001) },
	} {
		form := good
		change(&form)
		same(t, "wrong", names(w.stays(func() error { _, err := w.Place(w.ctx, w.anna, form); return err })), want)
	}
	form := good
	form.Address, form.Note = strings.Repeat("è", 300), strings.Repeat("è", 1000)
	_, err := w.Place(w.ctx, w.anna, form)
	fails(t, "as long as the form lets it be, with accents", err, nil)

	w.fill(w.bruno, "lavanderia", 1) // nobody comes, nobody rings
	form = w.form(w.bruno)
	form.Address, form.Phone = "", ""
	_, err = w.Place(w.ctx, w.bruno, form)
	fails(t, "neither address nor telephone", err, nil)
}

func TestPlace_TwoClicksAtOnceAreOneOrder(t *testing.T) {
	w := setup(t)
	for range 5 {
		w.fill(w.anna, "pasti", 2)
		form, ids := w.form(w.anna), make([]uuid.UUID, 4)
		before := w.number("SELECT count(*) FROM orders")
		var running sync.WaitGroup
		for i := range ids {
			running.Go(func() {
				var err error
				ids[i], err = w.Place(w.ctx, w.anna, form)
				fails(t, "place", err, nil)
			})
		}
		running.Wait()
		same(t, "orders", len(slices.Compact(ids)), 1)
		same(t, "orders", w.number("SELECT count(*) FROM orders"), before+1)
	}
}

func TestPlace_TwoFormsOfOneBasketAreOneOrder(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "pasti", 2)
	forms := []Placement{w.form(w.anna), w.form(w.anna)}
	errs := make([]error, len(forms))
	var running sync.WaitGroup
	for i := range forms {
		running.Go(func() { _, errs[i] = w.Place(w.ctx, w.anna, forms[i]) })
	}
	running.Wait()
	if errs[0] == nil {
		errs[0], errs[1] = errs[1], errs[0]
	}
	fails(t, "one", errs[1], nil)
	fails(t, "the other", errs[0], ErrEmpty)
	same(t, "orders", w.number("SELECT count(*) FROM orders"), 1)
}

func TestPlace_NumbersHaveNoHoles(t *testing.T) {
	w := setup(t)
	people := make([]*authz.Actor, 20)
	forms := make([]Placement, len(people))
	for i := range people {
		people[i] = w.person(fmt.Sprintf("persona%d", i))
		w.fill(people[i], "pasti", 1)
		forms[i] = w.form(people[i])
	}
	var running sync.WaitGroup
	for i := range people {
		running.Go(func() {
			if i%4 == 0 { // whoever is refused leaves none either
				wrong := forms[i]
				wrong.Member = newID()
				_, err := w.Place(w.ctx, people[i], wrong)
				fails(t, "a made-up member", err, problem.ErrNotFound)
			}
			_, err := w.Place(w.ctx, people[i], forms[i])
			fails(t, "place", err, nil)
		})
	}
	running.Wait()
	same(t, "numbers", w.number("SELECT count(DISTINCT number) FROM orders WHERE number BETWEEN 1 AND 20 AND year = 2026"), 20)
	other := w.open(t)
	same(t, "another city's", other.order(other.anna, "pasti", 1).Order.Number, 1)
	w.clock.Set(rome("2027-01-01 00:00:00"))
	same(t, "another year's", w.order(w.anna, "pasti", 1).Order.Title(), "2027/1")
	same(t, "and on", w.order(w.bruno, "pasti", 1).Order.Title(), "2027/2")
}

func TestPlace_ForSomebodyOfTheHousehold(t *testing.T) {
	w := setup(t)
	child := w.member(w.anna, "Giulia Prova", accounts.Parent)
	father := w.member(w.anna, "Mario Prova", accounts.Delegate)
	for id, want := range map[uuid.UUID]string{child: "Giulia Prova parent", father: "Mario Prova delegate"} {
		w.fill(w.anna, "pasti", 1)
		form := w.form(w.anna)
		form.Member = id
		order, err := w.Place(w.ctx, w.anna, form)
		must(t, err)
		o := w.seen(w.anna, order).Order
		same(t, "for", o.Beneficiary+" "+o.Reason, want)
		same(t, "member, payer", fmt.Sprint(o.Member, o.Payer, o.PayerName), fmt.Sprint(id, w.anna.Account, "Anna Prova"))
	}
}

func TestPlace_SomebodyElsesHouseholdIsNotThere(t *testing.T) {
	w := setup(t)
	other := w.open(t)
	gone := w.member(w.anna, "Nonna Prova", accounts.Delegate)
	w.sql("UPDATE household_members SET removed_at = now(), birth_date = NULL WHERE id = $1", gone)
	grown := w.member(w.anna, "Figlio Grande", accounts.Parent)
	w.sql("UPDATE household_members SET birth_date = '2000-01-01' WHERE id = $1", grown)
	w.fill(w.anna, "pasti", 1)
	form := w.form(w.anna)
	for what, id := range map[string]uuid.UUID{
		"Bruno's": w.member(w.bruno, "Zoe Prova", accounts.Parent), "another city's": other.member(other.anna, "Ugo Prova", accounts.Parent),
		"one who was removed": gone, "one who has come of age": grown, "a made-up one": newID(), "oneself": w.anna.Account,
	} {
		form.Member = id
		fails(t, what, w.stays(func() error { _, err := w.Place(w.ctx, w.anna, form); return err }), problem.ErrNotFound)
	}
}

func TestCheckout_KnowsWhatWasTypedBefore(t *testing.T) {
	w := setup(t)
	_, err := w.Checkout(w.ctx, w.anna)
	fails(t, "with nothing in the basket", err, ErrEmpty)
	w.member(w.anna, "Giulia Prova", accounts.Parent)
	w.fill(w.anna, "pasti", 1)
	c, err := w.Checkout(w.ctx, w.anna)
	must(t, err)
	same(t, "at first", fmt.Sprint(c.Name, c.Phone, c.Address, len(c.Members), c.Members[0].Name), fmt.Sprint("Anna Prova", "0372 555 111", "", 1, "Giulia Prova"))
	w.order(w.anna, "pasti", 1)
	w.order(w.bruno, "pasti", 1)
	w.fill(w.anna, "pasti", 1)
	c, err = w.Checkout(w.ctx, w.anna)
	must(t, err)
	same(t, "the second time", c.Address, "Via dei Mille 7")
}

func TestOrders_AreThePayersOwnNewestFirst(t *testing.T) {
	w := setup(t)
	first, second := w.order(w.anna, "pasti", 1), w.order(w.anna, "lavanderia", 2)
	w.order(w.bruno, "pasti", 1)
	parts, err := w.Orders(w.ctx, w.anna, Window{})
	must(t, err)
	if len(parts) != 2 || parts[0].ID != second.ID || parts[1].ID != first.ID || len(parts[1].Lines) != 1 || parts[1].Lines[0].Slug != "pasti" {
		t.Errorf("%+v", parts)
	}
	w.sql("UPDATE services SET published = false WHERE slug = 'pasti'")
	same(t, "the sheet is gone, the title stays", w.seen(w.anna, first.Order.ID).Lines[0].Title+w.seen(w.anna, first.Order.ID).Lines[0].Slug, "Pasti a casa")
}

func TestSeed_MakesADemonstrationOnce(t *testing.T) {
	w := setup(t)
	for range 2 {
		must(t, w.Seed(w.ctx, w.anna, w.luca))
	}
	parts, err := w.Orders(w.ctx, w.anna, Window{})
	must(t, err)
	same(t, "orders", len(parts), 2)
	same(t, "states", fmt.Sprintf("%s %s %d", parts[0].State, parts[1].State, len(parts[1].Deliveries)), "paid accepted 1")
	same(t, "the basket", w.inside(of(w.anna)), "aurora: pasti 1")
}

func TestReferences_AreTheOrdersOfACity(t *testing.T) {
	w := setup(t)
	p, other := w.order(w.anna, "pasti", 1), w.open(t)
	known, err := w.References(w.ctx, []uuid.UUID{p.ID, newID()})
	must(t, err)
	same(t, "known", len(known), 1)
	same(t, "text", known[p.ID].Text+" "+known[p.ID].Href, "2026/1 /ente/ordini/"+p.ID.String())
	known, err = other.References(other.ctx, []uuid.UUID{p.ID})
	must(t, err)
	same(t, "in another city", len(known), 0)
}

func TestSteps_AreOrdersThatWaitForSomebody(t *testing.T) {
	w := setup(t)
	steps := func(who *authz.Actor) (titles []string) {
		var say func(*ui.Page) []accounts.NextStep
		must(t, w.db.Read(w.ctx, func(b *pgx.Batch) { say = w.Steps(b, who) }))
		for _, s := range say(&ui.Page{City: w.city, Words: w.words, Lang: "it"}) {
			titles = append(titles, s.Title)
		}
		return titles
	}
	same(t, "none", len(steps(w.anna)), 0)
	w.order(w.anna, "pasti", 1)
	w.paid("pasti", 1)
	done := w.paid("pasti", 1)
	must(t, w.Accept(w.ctx, w.luca, done.ID))
	same(t, "Anna's", strings.Join(steps(w.anna), ", "), "Ordine 2026/1: da pagare, Ordine 2026/2: in attesa di conferma")
	same(t, "Bruno's", len(steps(w.bruno)), 0)
}
