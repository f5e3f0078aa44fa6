package orders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/modules/payments"
)

// jobsOf are the waiting jobs in one line.
func (w *world) jobsOf() string { return strings.Join(w.queue.list(w.city), ", ") }

// money is what was charged, and what was given back, at the gateway of the city.
func (w *world) money() (charged, returned int64) {
	for _, s := range w.cards.Charges(keyOf(w.city)) {
		charged += s.Cents
	}
	for _, r := range w.cards.Refunds(keyOf(w.city)) {
		if r.Status == "succeeded" {
			returned += r.Cents
		}
	}
	return charged, returned
}

// lastEvent is what the gateway told last.
func (w *world) lastEvent() local.CardEvent {
	events := w.cards.Events(keyOf(w.city))
	return events[len(events)-1]
}

func TestPay_TheNoticeLetsTheMoneyCount(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	session := w.page(p)
	same(t, "the same page again", w.page(p), session)
	id, err := w.cards.Pay(session)
	must(t, err)
	same(t, "before the notice", w.now(p).State, Placed)
	must(t, w.take(w.event(id).Body, secretOf(w.city)))
	p = w.is(p, Paid)
	w.balances(-1300, 0, 1300)
	same(t, "answer by", p.AnswerBy.Format("2006-01-02 15:04"), p.PaidAt.AddDate(0, 0, 7).Format("2006-01-02 15:04"))
	same(t, "jobs", w.jobsOf(), "orders.expire, orders.give_up, orders.mail ordered, orders.mail paid, orders.remind, payments.look")
	m := p.paidBy()
	same(t, "the payment", fmt.Sprint(m.State, " ", m.Session, " ", m.URL, " ", m.Cents), fmt.Sprint("paid ", session, "  ", 1300))
	same(t, "the charge", m.Charge, w.cards.Charges(keyOf(w.city))[0].Charge)
	same(t, "audited", w.number("SELECT count(*) FROM audit_entries WHERE verb = 'paid' AND actor = 'job:payments' AND subject = $1", m.ID.String()), 1)
	same(t, "Anna reads", strings.Join(w.got(w.anna.Email), ", "), "Ordine 2026/1: pagamento ricevuto")
	same(t, "Aurora reads", strings.Join(w.got("aurora@coop.example"), ", "), "Nuovo ordine 2026/1")
	_, err = w.Pay(w.ctx, w.anna, p.Order.ID, "it", "http://x.example")
	fails(t, "paid again", err, ErrState)
}

func TestPay_LettersSayNothingOfWhatWasBought(t *testing.T) {
	w := setup(t)
	p := w.paid("pasti", 2)
	must(t, w.Accept(w.ctx, w.luca, p.ID))
	must(t, w.Deliver(w.ctx, w.luca, p.ID, Delivery{Quantity: 2, Day: monday, Worker: "Luca"}))
	w.got("")
	for _, l := range w.mail.sent {
		if text := l.Subject + fmt.Sprint(l.Paragraphs); strings.Contains(text, "Pasti") || strings.Contains(text, "{") || !strings.Contains(l.Link, "http://"+w.city.Host+":8080/") {
			t.Errorf("%s: %s", l.Subject, text)
		}
	}
	same(t, "letters", len(w.mail.sent), 4)
}

func TestTake_FiftyTimesCountsOnce(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	id, err := w.cards.Pay(w.page(p))
	must(t, err)
	var running sync.WaitGroup
	for range 50 {
		running.Go(func() { fails(t, "take", w.take(w.event(id).Body, secretOf(w.city)), nil) })
	}
	running.Wait()
	w.is(p, Paid)
	w.balances(-1300, 0, 1300)
	same(t, "jobs", w.jobsOf(), "orders.expire, orders.give_up, orders.mail ordered, orders.mail paid, orders.remind, payments.look")
	must(t, w.stays(func() error { return w.payments.Look(w.ctx, w.now(p).paidBy().ID) }))
}

func TestTake_ANoticeAndALookAtOnceCountOnce(t *testing.T) {
	w := setup(t)
	for range 5 {
		p := w.order(w.anna, "pasti", 2)
		id, err := w.cards.Pay(w.page(p))
		must(t, err)
		var running sync.WaitGroup
		running.Go(func() { fails(t, "take", w.take(w.event(id).Body, secretOf(w.city)), nil) })
		running.Go(func() { _, err := w.Ask(w.ctx, w.anna, p.Order.ID); fails(t, "ask", err, nil) })
		running.Go(func() { fails(t, "look", w.payments.Look(w.ctx, p.Payments[0].ID), nil) })
		running.Wait()
		w.is(p, Paid)
	}
	w.balances(-6500, 0, 6500)
}

func TestAsk_WhoComesBackFasterThanTheNoticeHasPaid(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	seen, err := w.Ask(w.ctx, w.anna, p.Order.ID)
	must(t, err)
	same(t, "no page yet", seen.State, Placed)
	_, err = w.cards.Pay(w.page(p))
	must(t, err)
	w.line.breaks(1, 0)
	seen, err = w.Ask(w.ctx, w.anna, p.Order.ID)
	fails(t, "the gateway does not answer", err, nil)
	same(t, "the gateway does not answer", seen.State, Placed)
	seen, err = w.Ask(w.ctx, w.anna, p.Order.ID)
	must(t, err)
	same(t, "it answers", seen.State, Paid)
	must(t, w.take(w.lastEvent().Body, secretOf(w.city)))
	w.balances(-1300, 0, 1300)
}

func TestTake_WithoutThisCitysSignatureNothingHappens(t *testing.T) {
	w := setup(t)
	other := w.open(t)
	p := w.order(w.anna, "pasti", 2)
	id, err := w.cards.Pay(w.page(p))
	must(t, err)
	body := w.event(id).Body
	for what, secret := range map[string]string{"a made-up one": "whsec_x", "another city's": secretOf(other.city), "none": ""} {
		fails(t, what, w.stays(func() error { return w.take(body, secret) }), payments.ErrSignature)
	}
	old := local.SignCards(secretOf(w.city), time.Now().Add(-time.Hour), body)
	fails(t, "signed an hour ago", w.stays(func() error { return w.payments.Take(w.ctx, old, []byte(body)) }), payments.ErrSignature)
	changed := strings.Replace(body, "1300", "1", 1)
	signature := local.SignCards(secretOf(w.city), time.Now(), body)
	fails(t, "changed", w.stays(func() error { return w.payments.Take(w.ctx, signature, []byte(changed)) }), payments.ErrSignature)
	w.is(p, Placed)
}

func TestTake_OfAPaymentOfAnotherCityNothingHappensAnywhere(t *testing.T) {
	w := setup(t)
	other := w.open(t)
	p := w.order(w.anna, "pasti", 2)
	id, err := w.cards.Pay(w.page(p))
	must(t, err)
	body := w.event(id).Body
	before := w.rows()
	fails(t, "told to the other city, with its own signature", other.stays(func() error { return other.take(body, secretOf(other.city)) }), nil)
	same(t, "here", w.rows(), before)
	must(t, w.take(body, secretOf(w.city)))
	w.is(p, Paid)
}

// rewrite changes what a notice says of its payment page.
func rewrite(t *testing.T, body string, change func(object map[string]any)) string {
	t.Helper()
	var event map[string]any
	must(t, json.Unmarshal([]byte(body), &event))
	event["id"] = "evt_" + uuid.NewString()
	change(event["data"].(map[string]any)["object"].(map[string]any))
	raw, err := json.Marshal(event)
	must(t, err)
	return string(raw)
}

func TestTake_AnotherAmountIsNotTaken(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	id, err := w.cards.Pay(w.page(p))
	must(t, err)
	for _, cents := range []int{1299, 1301, 0, 130000} {
		body := rewrite(t, w.event(id).Body, func(o map[string]any) { o["amount_total"] = cents })
		if err := w.stays(func() error { return w.take(body, secretOf(w.city)) }); err == nil || errors.Is(err, payments.ErrSignature) {
			t.Errorf("%d cents: %v", cents, err)
		}
	}
	body := rewrite(t, w.event(id).Body, func(o map[string]any) { o["currency"] = "usd" })
	if err := w.stays(func() error { return w.take(body, secretOf(w.city)) }); err == nil {
		t.Error("dollars were taken")
	}
	must(t, w.take(w.event(id).Body, secretOf(w.city)))
	w.balances(-1300, 0, 1300)
}

func TestTake_WhatFailsHalfwayHasNotCounted(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	id, err := w.cards.Pay(w.page(p))
	must(t, err)
	for range 4 { // two letters, a reminder, the end of patience
		w.queue.fail(1)
		fails(t, "the queue is down", w.stays(func() error { return w.take(w.event(id).Body, secretOf(w.city)) }), errQueue)
	}
	must(t, w.take(w.event(id).Body, secretOf(w.city)))
	w.is(p, Paid)
	w.balances(-1300, 0, 1300)
}

func TestExpire_WhatWasNotPaidInTimeEnds(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	session := w.page(p)
	w.until(p.ExpiresAt.Add(-time.Second))
	w.is(p, Placed)
	w.until(p.ExpiresAt.Add(time.Second))
	p = w.is(p, Expired)
	same(t, "the page", w.cards.Sessions(keyOf(w.city))[0].Status, "expired")
	same(t, "the payment", p.Payments[0].State, payments.Over)
	w.balances(0, 0, 0)
	same(t, "the sale was voided", w.number("SELECT count(*) FROM ledger_outcomes WHERE outcome = 'voided'"), 1)
	same(t, "Anna reads", strings.Join(w.got(w.anna.Email), ", "), "Ordine 2026/1: scaduto")
	same(t, "Aurora reads", len(w.got("aurora@coop.example")), 0)
	_, err := w.cards.Pay(session)
	same(t, "it can be paid no more", err != nil, true)
	_, err = w.Pay(w.ctx, w.anna, p.Order.ID, "it", "http://x.example")
	fails(t, "nor opened", err, ErrState)
	must(t, w.stays(func() error { return w.do(task{w.city, ExpireJob{p.ID}, time.Time{}}) }))
}

func TestExpire_ByAClockThatIsBehindComesAgain(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	w.clock.Set(p.ExpiresAt.Add(-2 * time.Second))
	w.queue.take(p.ExpiresAt)
	must(t, w.do(task{w.city, ExpireJob{p.ID}, time.Time{}})) // the queue's clock was ahead
	w.is(p, Placed)
	w.until(p.ExpiresAt.Add(2 * time.Minute))
	w.is(p, Expired)

	p = w.paid("pasti", 2)
	w.clock.Set(p.AnswerBy.Add(-2 * time.Second))
	w.queue.take(p.AnswerBy)
	must(t, w.do(task{w.city, GiveUpJob{p.ID}, time.Time{}}))
	w.is(p, Paid)
	w.until(p.AnswerBy.Add(2 * time.Minute))
	w.is(p, Cancelled)
}

func TestExpire_WhoPaidInTheLastSecondHasPaid(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	_, err := w.cards.Pay(w.page(p)) // and the notice does not come
	must(t, err)
	w.until(p.ExpiresAt.Add(time.Second))
	w.is(p, Paid)
	must(t, w.take(w.lastEvent().Body, secretOf(w.city)))
	w.balances(-1300, 0, 1300)
}

func TestExpire_WithTheLineDownExpiresAllTheSame(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	_, err := w.cards.Pay(w.page(p))
	must(t, err)
	w.line.breaks(1, 0)
	w.until(p.ExpiresAt.Add(time.Second)) // the page that is closed next tells that it was paid
	w.is(p, Expired)
	w.balances(0, 0, 0)
	charged, returned := w.money()
	same(t, "all of it went back", fmt.Sprint(charged, returned), "1300 1300")
}

func TestPaid_AfterItExpiredEverythingGoesBack(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	id, err := w.cards.Pay(w.page(p))
	must(t, err)
	w.clock.Set(p.ExpiresAt.Add(time.Second))
	w.line.breaks(1, 0)
	must(t, w.do(task{w.city, ExpireJob{p.ID}, time.Time{}}))
	w.is(p, Expired)
	must(t, w.take(w.event(id).Body, secretOf(w.city)))
	w.balances(-1300, 1300, 0)
	same(t, "it is on its way", w.is(p, Expired).Return(), payments.ReturnAsked)
	w.work()
	p = w.is(p, Expired)
	same(t, "it is back", p.Return(), payments.ReturnDone)
	w.balances(0, 0, 0)
	same(t, "Anna reads", strings.Join(w.got(w.anna.Email), ", "), "Ordine 2026/1: scaduto, Ordine 2026/1: il pagamento è arrivato tardi, Ordine 2026/1: rimborso fatto")
	charged, returned := w.money()
	same(t, "at the gateway", fmt.Sprint(charged, returned), "1300 1300")
}

func TestTakeAtDesk_ClosesTheCardsPage(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	session := w.page(p)
	must(t, w.TakeAtDesk(w.ctx, w.luca, p.ID))
	p = w.is(p, Paid)
	same(t, "paid by", p.paidBy().Rail, payments.AtDesk)
	w.holds(ledger.RailAccount(payments.AtDesk), -1300)
	w.balances(0, 0, 1300)
	fails(t, "twice", w.stays(func() error { return w.TakeAtDesk(w.ctx, w.luca, p.ID) }), ErrState)
	w.work()
	same(t, "the page", w.cards.Sessions(keyOf(w.city))[0].Status, "expired")
	_, err := w.cards.Pay(session)
	same(t, "it can be paid no more", err != nil, true)
	same(t, "audited as whom", w.number("SELECT count(*) FROM audit_entries WHERE verb IN ('desk_paid', 'paid') AND actor = $1", w.luca.ID()), 2)
	must(t, w.take(w.lastEvent().Body, secretOf(w.city))) // that it has expired
	w.is(p, Paid)
}

func TestTakeAtDesk_ACardThatWasFasterGoesBack(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	id, err := w.cards.Pay(w.page(p))
	must(t, err)
	must(t, w.TakeAtDesk(w.ctx, w.luca, p.ID))
	must(t, w.take(w.event(id).Body, secretOf(w.city)))
	w.work()
	p = w.is(p, Paid)
	same(t, "paid by", p.paidBy().Rail, payments.AtDesk)
	w.holds(ledger.RailAccount(payments.AtDesk), -1300)
	w.balances(0, 0, 1300)
	charged, returned := w.money()
	same(t, "the card's money", fmt.Sprint(charged, returned), "1300 1300")
	same(t, "Anna reads", w.got(w.anna.Email)[1], "Ordine 2026/1: il pagamento è arrivato tardi")

	must(t, w.Refuse(w.ctx, w.luca, p.ID, "Non possiamo.")) // and then the money of the desk goes back, too
	w.work()
	same(t, "on its way", w.is(p, Refused).Return(), payments.ReturnAsked)
	same(t, "at the desk", w.now(p).toHandBack() != nil, true)
	w.balances(0, 1300, 0)
	must(t, w.HandedBack(w.ctx, w.luca, p.ID))
	w.holds(ledger.RailAccount(payments.AtDesk), 0)
	w.balances(0, 0, 0)
	same(t, "back", w.now(p).Return(), payments.ReturnDone)
	fails(t, "twice", w.stays(func() error { return w.HandedBack(w.ctx, w.luca, p.ID) }), payments.ErrNoReturn)
}

func TestHandedBack_OnlyWhatIsToBe(t *testing.T) {
	w := setup(t)
	card, desk := w.paid("pasti", 2), w.order(w.anna, "pasti", 1)
	must(t, w.TakeAtDesk(w.ctx, w.luca, desk.ID))
	fails(t, "what is kept", w.stays(func() error { return w.HandedBack(w.ctx, w.luca, desk.ID) }), payments.ErrNoReturn)
	must(t, w.Refuse(w.ctx, w.luca, card.ID, "no"))
	fails(t, "what the card gives back", w.stays(func() error { return w.HandedBack(w.ctx, w.luca, card.ID) }), payments.ErrNoReturn)
}

// endings are the ways in which a paid part ends without delivery.
var endings = map[string]struct {
	end    func(*world, *Part)
	state  State
	letter string // to Anna
	lost   string // to Aurora
}{
	"refused": {func(w *world, p *Part) { w.must(w.Refuse(w.ctx, w.luca, p.ID, "Non abbiamo operatori.")) }, Refused, "non è stato accettato", ""},
	"accepted, then refused": {func(w *world, p *Part) {
		w.must(w.Accept(w.ctx, w.luca, p.ID))
		w.must(w.Refuse(w.ctx, w.luca, p.ID, "Non abbiamo operatori."))
	}, Refused, "non è stato accettato", ""},
	"cancelled": {func(w *world, p *Part) { w.must(w.Cancel(w.ctx, w.anna, p.Order.ID)) }, Cancelled, "", "annullato dalla persona"},
	"accepted, then cancelled": {func(w *world, p *Part) {
		w.must(w.Accept(w.ctx, w.luca, p.ID))
		w.must(w.Cancel(w.ctx, w.anna, p.Order.ID))
	}, Cancelled, "", "annullato dalla persona"},
	"not answered": {func(w *world, p *Part) {
		w.until(p.AnswerBy.Add(-time.Minute))
		w.is(p, Paid)
		w.until(p.AnswerBy.Add(time.Second))
	}, Cancelled, "annullato, ti restituiamo tutto", "annullato senza risposta"},
}

func TestRefund_GoesBackOnceHoweverThePartEnds(t *testing.T) {
	w := setup(t)
	n := 0
	for what, c := range endings {
		n++
		p := w.paid("pasti", 2)
		c.end(w, p)
		m := w.is(p, c.state).paidBy()
		var running sync.WaitGroup
		for range 3 {
			running.Go(func() { fails(t, what, w.do(task{w.city, payments.ReturnJob{Payment: m.ID}, time.Time{}}), nil) })
		}
		running.Wait()
		w.work()
		same(t, what, w.is(p, c.state).Return(), payments.ReturnDone)
		charged, returned := w.money()
		same(t, what+", at the gateway", fmt.Sprint(charged, returned, len(w.cards.Refunds(keyOf(w.city)))), fmt.Sprint(1300*n, 1300*n, n))
		w.balances(0, 0, 0)
		for to, letter := range map[string]string{w.anna.Email: c.letter, "aurora@coop.example": c.lost} {
			subject := p.Order.Title() + ": " + letter
			if letter != "" && !slices.Contains(w.got(to), "Ordine "+subject) {
				t.Errorf("%s: %s was not told that %s: %q", what, to, letter, w.got(to))
			}
		}
		if !slices.Contains(w.got(w.anna.Email), "Ordine "+p.Order.Title()+": rimborso fatto") {
			t.Errorf("%s: Anna was not told that the money is back", what)
		}
		must(t, w.stays(func() error { return w.do(task{w.city, payments.ReturnJob{Payment: m.ID}, time.Time{}}) }))
	}
}

func TestRefund_WhoseAnswerIsLostIsNotAskedTwice(t *testing.T) {
	w := setup(t)
	p := w.paid("pasti", 2)
	must(t, w.Cancel(w.ctx, w.anna, p.Order.ID))
	back := task{w.city, payments.ReturnJob{Payment: p.paidBy().ID}, time.Time{}}
	w.line.breaks(1, 0)
	fails(t, "not asked", w.stays(func() error { return w.do(back) }), errLine)
	w.line.breaks(0, 1)
	fails(t, "asked, and nothing heard", w.stays(func() error { return w.do(back) }), errLine)
	must(t, w.do(back))
	same(t, "refunds", len(w.cards.Refunds(keyOf(w.city))), 1)
	same(t, "back", w.now(p).Return(), payments.ReturnDone)
	w.balances(0, 0, 0)
}

func TestRefund_ThatTheGatewayStillWorksOn(t *testing.T) {
	w := setup(t)
	w.cards.Hold(true)
	p := w.paid("pasti", 2)
	must(t, w.Cancel(w.ctx, w.anna, p.Order.ID))
	w.work()
	same(t, "asked", w.now(p).Return(), payments.ReturnAsked)
	w.balances(-1300, 1300, 0)
	must(t, w.do(task{w.city, payments.ReturnJob{Payment: p.paidBy().ID}, time.Time{}})) // tried again
	same(t, "asked", w.now(p).Return(), payments.ReturnAsked)
	w.cards.Hold(false)
	for range 3 {
		must(t, w.take(w.lastEvent().Body, secretOf(w.city)))
	}
	same(t, "done", w.now(p).Return(), payments.ReturnDone)
	w.balances(0, 0, 0)
	same(t, "refunds", len(w.cards.Refunds(keyOf(w.city))), 1)
	same(t, "Anna reads", w.got(w.anna.Email)[1], "Ordine 2026/1: rimborso fatto")
}

func TestRefund_ThatFailsStaysWithTheCitizen(t *testing.T) {
	w := setup(t)
	w.cards.Hold(true)
	p := w.paid("pasti", 2)
	must(t, w.Cancel(w.ctx, w.anna, p.Order.ID))
	w.work()
	must(t, w.cards.Bounce(w.cards.Refunds(keyOf(w.city))[0].ID))
	for range 2 {
		must(t, w.take(w.lastEvent().Body, secretOf(w.city)))
		same(t, "lost", w.now(p).Return(), payments.ReturnLost)
		w.balances(-1300, 1300, 0)
	}
	must(t, w.stays(func() error { return w.do(task{w.city, payments.ReturnJob{Payment: p.paidBy().ID}, time.Time{}}) }))
	same(t, "Anna is told once, and not that it is back", strings.Join(w.got(w.anna.Email), "; "), "Ordine 2026/1: pagamento ricevuto; Ordine 2026/1: il rimborso non è riuscito")
}

// A card that was closed meanwhile: the money had arrived, and came back to the city.
func TestRefund_ThatComesBackAfterItHadArrived(t *testing.T) {
	w := setup(t)
	p := w.paid("pasti", 2)
	must(t, w.Cancel(w.ctx, w.anna, p.Order.ID))
	w.work()
	same(t, "done", w.now(p).Return(), payments.ReturnDone)
	w.balances(0, 0, 0)
	must(t, w.cards.Bounce(w.cards.Refunds(keyOf(w.city))[0].ID))
	for range 2 {
		must(t, w.take(w.lastEvent().Body, secretOf(w.city)))
		same(t, "lost", w.now(p).Return(), payments.ReturnLost)
		w.balances(-1300, 1300, 0)
	}
	findings, err := w.ledger.Check(w.ctx)
	must(t, err)
	for _, f := range findings {
		if !f.Info {
			t.Errorf("the ledger finds %+v", f)
		}
	}
}

func TestRefund_AFailureIsTheLastWordInWhateverOrderItIsTold(t *testing.T) {
	w := setup(t)
	w.cards.Hold(true)
	p := w.paid("pasti", 2)
	must(t, w.Cancel(w.ctx, w.anna, p.Order.ID))
	w.work()
	w.cards.Hold(false)
	arrived := w.lastEvent().Body
	must(t, w.cards.Bounce(w.cards.Refunds(keyOf(w.city))[0].ID))
	must(t, w.take(w.lastEvent().Body, secretOf(w.city)))
	must(t, w.take(arrived, secretOf(w.city)))
	same(t, "lost", w.now(p).Return(), payments.ReturnLost)
	w.balances(-1300, 1300, 0)
}

func TestGiveUp_AfterFiveWorkingDaysAndAReminder(t *testing.T) {
	w := setup(t)
	w.clock.Set(rome("2026-12-23 10:30:00"))
	p := w.paid("pasti", 2)
	same(t, "by", p.AnswerBy.In(rome("2026-12-23 00:00:00").Location()).Format(time.DateOnly), "2026-12-31")
	w.until(rome("2026-12-29 10:29:00"))
	same(t, "Aurora has read", len(w.got("aurora@coop.example")), 1)
	w.until(rome("2026-12-29 10:31:00"))
	same(t, "and reads", w.got("aurora@coop.example")[1], "Ordine 2026/1: aspetta una risposta")
	w.until(rome("2026-12-31 10:29:00"))
	w.is(p, Paid)
	w.until(rome("2026-12-31 10:31:00"))
	w.is(p, Cancelled)
	w.balances(0, 0, 0)
}

func TestGiveUp_WhatWasAnsweredIsLeftAlone(t *testing.T) {
	w := setup(t)
	p := w.paid("pasti", 2)
	must(t, w.Accept(w.ctx, w.luca, p.ID))
	w.work()
	letters := len(w.got("aurora@coop.example"))
	w.until(p.AnswerBy.AddDate(0, 1, 0))
	w.is(p, Accepted)
	same(t, "no reminder", len(w.got("aurora@coop.example")), letters)
	w.balances(-1300, 0, 1300)
}

func TestGiveUp_InACityWithItsPatronsDay(t *testing.T) {
	w := setup(t)
	w.city.PatronDay = "11-26" // Thursday
	p := w.paid("pasti", 2)
	same(t, "by", p.AnswerBy.Format(time.DateOnly), "2026-12-01")
}

func TestCancel_OfWhatIsNotPaidTellsNobody(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	session := w.page(p)
	must(t, w.Cancel(w.ctx, w.anna, p.Order.ID))
	w.work()
	w.is(p, Cancelled)
	_, err := w.cards.Pay(session)
	same(t, "it can be paid no more", err != nil, true)
	w.balances(0, 0, 0)
	same(t, "letters", len(w.mail.sent), 0)
	fails(t, "twice", w.stays(func() error { return w.Cancel(w.ctx, w.anna, p.Order.ID) }), ErrState)
}

func TestCancel_AndRefuseAtOnceGiveBackOnce(t *testing.T) {
	w := setup(t)
	for range 5 {
		p := w.paid("pasti", 2)
		errs := make([]error, 2)
		var running sync.WaitGroup
		running.Go(func() { errs[0] = w.Cancel(w.ctx, w.anna, p.Order.ID) })
		running.Go(func() { errs[1] = w.Refuse(w.ctx, w.luca, p.ID, "no") })
		running.Wait()
		if errs[0] == nil {
			errs[0], errs[1] = errs[1], errs[0]
		}
		fails(t, "one", errs[1], nil)
		fails(t, "the other", errs[0], ErrState)
	}
	w.work()
	charged, returned := w.money()
	same(t, "at the gateway", fmt.Sprint(charged, returned), "6500 6500")
	w.balances(0, 0, 0)
}

func TestCancel_AfterTheTerms(t *testing.T) {
	w := setup(t)
	p := w.paid("lavanderia", 1) // three days
	must(t, w.Accept(w.ctx, w.luca, p.ID))
	w.clock.Set(rome("2026-11-27 00:00:00"))
	fails(t, "on the fourth day", w.stays(func() error { return w.Cancel(w.ctx, w.anna, p.Order.ID) }), ErrTooLate)
	must(t, w.Deliver(w.ctx, w.luca, p.ID, Delivery{Quantity: 1, Day: monday, Worker: "Luca"}))
	fails(t, "when it is done", w.stays(func() error { return w.Cancel(w.ctx, w.anna, p.Order.ID) }), ErrState)
	w.balances(-950, 0, 950)
}

func TestDeliver_TwelveMealsInTwelveDays(t *testing.T) {
	w := setup(t)
	p := w.paid("pasti", 3)
	must(t, w.Accept(w.ctx, w.luca, p.ID))
	for n := range 3 {
		w.is(p, Accepted)
		must(t, w.Deliver(w.ctx, w.luca, p.ID, Delivery{Quantity: 1, Day: rome("2026-11-21 00:00:00").AddDate(0, 0, n), Worker: "Luca Bassi", Note: fmt.Sprint(n)}))
	}
	p = w.is(p, Delivered)
	for n, d := range p.Deliveries {
		same(t, "day", d.Day.Format(time.DateOnly), fmt.Sprintf("2026-11-2%d", n+1))
	}
	same(t, "Anna reads", w.got(w.anna.Email)[2], "Ordine 2026/1: concluso")
	w.balances(-1950, 0, 1950)
	fails(t, "more", w.stays(func() error {
		return w.Deliver(w.ctx, w.luca, p.ID, Delivery{Quantity: 1, Day: monday, Worker: "Luca"})
	}), ErrState)
}

func TestDeliver_TheLastUnitAtOnceIsDeliveredOnce(t *testing.T) {
	w := setup(t)
	p := w.paid("pasti", 1)
	must(t, w.Accept(w.ctx, w.luca, p.ID))
	var running sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		running.Go(func() { errs[i] = w.Deliver(w.ctx, w.luca, p.ID, Delivery{Quantity: 1, Day: monday, Worker: "Luca"}) })
	}
	running.Wait()
	same(t, "delivered", len(slices.DeleteFunc(errs, func(err error) bool { return err != nil })), 1)
	same(t, "rows", w.number("SELECT count(*) FROM order_deliveries"), 1)
}

func TestOpenPage_WhenTheLineIsDown(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	w.line.breaks(1, 0)
	_, err := w.Pay(w.ctx, w.anna, p.Order.ID, "it", "http://x.example")
	fails(t, "nothing was opened", err, payments.ErrRail)
	w.line.breaks(0, 1)
	_, err = w.Pay(w.ctx, w.anna, p.Order.ID, "it", "http://x.example")
	fails(t, "it was opened, and nothing heard", err, payments.ErrRail)
	_, err = w.cards.Pay(w.page(p))
	must(t, err)
	same(t, "pages", len(w.cards.Sessions(keyOf(w.city))), 1)
}

func TestOpenPage_OfAPartThatEndsAtThatMomentIsClosed(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	w.line.during = func() { w.must(w.Cancel(w.ctx, w.anna, p.Order.ID)) }
	_, err := w.Pay(w.ctx, w.anna, p.Order.ID, "it", "http://x.example")
	fails(t, "its address is of no use", err, payments.ErrPaid)
	w.work()
	same(t, "the page", w.cards.Sessions(keyOf(w.city))[0].Status, "expired")
}

func TestOpenPage_InACityWithoutAnAccount(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	w.line.Rail = payments.NewCard(nothing{}, w.cards.URL(), nil)
	_, err := w.Pay(w.ctx, w.anna, p.Order.ID, "it", "http://x.example")
	fails(t, "pay", err, payments.ErrNoRail)
	fails(t, "a notice", w.take("{}", "x"), payments.ErrNotSet)
}

type nothing struct{}

func (nothing) Secret(context.Context, string) ([]byte, error) { return nil, nil }

func TestLook_FindsWhatNobodyTold(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 2)
	_, err := w.cards.Pay(w.page(p))
	must(t, err)
	w.clock.Set(p.ExpiresAt.Add(10 * time.Minute))
	must(t, w.do(task{w.city, payments.LookJob{Payment: p.Payments[0].ID}, time.Time{}}))
	w.is(p, Paid)
	fails(t, "of a payment that is not there", w.do(task{w.city, payments.LookJob{Payment: newID()}, time.Time{}}), nil)
	other := w.open(t)
	fails(t, "of another city's", other.do(task{other.city, payments.LookJob{Payment: p.Payments[0].ID}, time.Time{}}), nil)
	same(t, "kinds", problem.Of(payments.ErrRail).Kind, problem.Conflict)
}

func TestJobs_OfAPartThatIsNotThereEnd(t *testing.T) {
	w := setup(t)
	p, other := w.order(w.anna, "pasti", 1), w.open(t)
	for _, id := range []uuid.UUID{newID(), p.ID} {
		must(t, other.do(task{other.city, ExpireJob{id}, time.Time{}}))
		must(t, other.do(task{other.city, GiveUpJob{id}, time.Time{}}))
		must(t, other.do(task{other.city, RemindJob{id}, time.Time{}}))
		must(t, other.do(task{other.city, MailJob{id, mailPaid}, time.Time{}}))
		must(t, other.do(task{other.city, payments.CloseJob{Payment: id}, time.Time{}}))
		must(t, other.do(task{other.city, payments.ReturnJob{Payment: id}, time.Time{}}))
	}
	same(t, "letters", len(w.mail.sent), 0)
	w.is(p, Placed)
}

func TestMail_WhoHasClosedTheirAccountGetsNone(t *testing.T) {
	w := setup(t)
	p := w.order(w.anna, "pasti", 1)
	w.sql("UPDATE accounts SET closed_at = now() WHERE id = $1", w.anna.Account)
	must(t, w.sendMail(w.ctx, p.ID, mailExpired))
	same(t, "letters", len(w.mail.sent), 0)
}

func TestMessages_ReachTheOtherSide(t *testing.T) {
	w := setup(t)
	p := w.paid("pasti", 1)
	w.work()
	must(t, w.Reply(w.ctx, w.anna, p.Order.ID, "A che ora?"))
	must(t, w.Write(w.ctx, w.luca, p.ID, "A mezzogiorno."))
	p = w.now(p)
	same(t, "said", p.Messages[0].Side+" "+p.Messages[0].Body+" "+p.Messages[1].Side+" "+p.Messages[1].Body, "citizen A che ora? provider A mezzogiorno.")
	same(t, "Aurora reads", w.got("aurora@coop.example")[1], "Ordine 2026/1: un messaggio")
	same(t, "Anna reads", w.got(w.anna.Email)[1], "Ordine 2026/1: un messaggio per te")
	for body, want := range map[string]string{" ": "message orders.message_missing", strings.Repeat("è", 2001): "message orders.too_long", strings.Repeat("è", 2000): ""} {
		same(t, "wrong", names(w.Reply(w.ctx, w.anna, p.Order.ID, body)), want)
		same(t, "wrong", names(w.Write(w.ctx, w.luca, p.ID, body)), want)
	}
}
