package orders

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/payments"
	"github.com/welfarex/welfarex/tenants"
)

// bounced is an order of Anna's whose refund the bank has refused.
func (w *world) bounced() *Part {
	w.t.Helper()
	w.cards.Hold(true)
	p := w.paid("pasti", 2)
	must(w.t, w.Cancel(w.ctx, w.anna, p.Order.ID))
	w.work()
	w.bounce()
	return w.now(p)
}

// bounce lets the bank refuse the last refund, and brings the notice.
func (w *world) bounce() {
	w.t.Helper()
	all := w.cards.Refunds(keyOf(w.city))
	must(w.t, w.cards.Bounce(all[len(all)-1].ID))
	must(w.t, w.take(w.lastEvent().Body, secretOf(w.city)))
}

func TestRetryRefund_GoesThroughTheSecondTime(t *testing.T) {
	w := setup(t)
	p := w.bounced()
	same(t, "nothing waits in the ledger", w.number("SELECT count(*) FROM ledger_transfers t WHERE pending AND NOT EXISTS (SELECT FROM ledger_outcomes o WHERE o.transfer_id = t.id)"), 0)
	w.cards.Hold(false)
	must(t, w.RetryRefund(w.ctx, w.luca, p.ID))
	same(t, "asked", w.now(p).Return(), payments.ReturnAsked)
	same(t, "audited", w.number("SELECT count(*) FROM audit_entries WHERE verb = 'refund_retried' AND actor = $1 AND subject = $2", w.luca.ID(), p.ID.String()), 1)
	w.work()
	same(t, "done", w.now(p).Return(), payments.ReturnDone)
	w.balances(0, 0, 0)
	_, returned := w.money()
	same(t, "given back", returned, 1300)
	letters := w.got(w.anna.Email)
	same(t, "Anna reads", letters[len(letters)-1], "Ordine 2026/1: rimborso fatto")
	fails(t, "again", w.stays(func() error { return w.RetryRefund(w.ctx, w.luca, p.ID) }), payments.ErrNoReturn)
}

func TestRetryRefund_HoweverOftenItBounces(t *testing.T) {
	w := setup(t)
	p := w.bounced()
	for range 3 {
		must(t, w.RetryRefund(w.ctx, w.luca, p.ID))
		w.work()
		w.bounce()
		same(t, "lost", w.now(p).Return(), payments.ReturnLost)
		w.balances(-1300, 1300, 0)
	}
	must(t, w.RetryRefund(w.ctx, w.luca, p.ID))
	w.cards.Hold(false)
	w.work()
	same(t, "done", w.now(p).Return(), payments.ReturnDone)
	w.balances(0, 0, 0)
	same(t, "refunds here", w.number("SELECT count(*) FROM refunds"), 5)
	same(t, "each with a key of its own", len(w.cards.Refunds(keyOf(w.city))), 5)
}

// The money had arrived, came back, and is sent again.
func TestRetryRefund_OfOneThatHadArrived(t *testing.T) {
	w := setup(t)
	p := w.paid("pasti", 2)
	must(t, w.Cancel(w.ctx, w.anna, p.Order.ID))
	w.work()
	w.bounce()
	w.balances(-1300, 1300, 0)
	must(t, w.RetryRefund(w.ctx, w.luca, p.ID))
	w.work()
	same(t, "done", w.now(p).Return(), payments.ReturnDone)
	w.balances(0, 0, 0)
}

func TestRetryRefund_AtOnceAsksOnce(t *testing.T) {
	w := setup(t)
	p := w.bounced()
	var all sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		all.Go(func() { errs[i] = w.RetryRefund(w.ctx, w.luca, p.ID) })
	}
	all.Wait()
	asked := 0
	for _, err := range errs {
		if err == nil {
			asked++
			continue
		}
		fails(t, "whoever came later", err, payments.ErrNoReturn)
	}
	same(t, "asked", asked, 1)
	w.cards.Hold(false)
	w.work()
	_, returned := w.money()
	same(t, "given back", returned, 1300)
	w.balances(0, 0, 0)
}

// Whatever the program thinks, the database keeps one refund of a payment that may still arrive.
func TestRetryRefund_TheDatabaseKeepsOne(t *testing.T) {
	w := setup(t)
	p := w.bounced()
	must(t, w.RetryRefund(w.ctx, w.luca, p.ID))
	err := w.db.Tx(w.ctx, func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, "INSERT INTO refunds (id, payment_id, cents, state, asked_at) SELECT $1, payment_id, cents, 'asked', now() FROM refunds LIMIT 1", newID())
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "refunds_once") {
		t.Errorf("a second refund: %v", err)
	}
}

// A notice of the first refund, told late, says nothing of the second.
func TestRetryRefund_ANoticeOfTheFirstIsNotOfTheSecond(t *testing.T) {
	w := setup(t)
	p := w.bounced()
	first := w.lastEvent().Body
	must(t, w.RetryRefund(w.ctx, w.luca, p.ID))
	must(t, w.take(strings.Replace(first, `"id":"evt_`, `"id":"evt_again`, 1), secretOf(w.city)))
	same(t, "still asked", w.now(p).Return(), payments.ReturnAsked)
	w.cards.Hold(false)
	w.work()
	same(t, "done", w.now(p).Return(), payments.ReturnDone)
	w.balances(0, 0, 0)
}

func TestRetryRefund_WhoMayNot(t *testing.T) {
	w := setup(t)
	p := w.bounced()
	fails(t, "another provider", w.stays(func() error { return w.RetryRefund(w.ctx, w.sara, p.ID) }), problem.ErrNotFound)
	fails(t, "the citizen", w.stays(func() error { return w.RetryRefund(w.ctx, w.anna, p.ID) }), problem.ErrForbidden)
	fails(t, "nobody", w.stays(func() error { return w.RetryRefund(w.ctx, nil, p.ID) }), problem.ErrUnauthenticated)
	there := w.open(t)
	fails(t, "another city", there.RetryRefund(there.ctx, w.luca, p.ID), problem.ErrNotFound)
	q := w.order(w.bruno, "pasti", 1)
	fails(t, "what was never paid", w.stays(func() error { return w.RetryRefund(w.ctx, w.luca, q.ID) }), payments.ErrNoReturn)
}

func TestRetryRefund_FromThePage(t *testing.T) {
	w := setup(t)
	p := w.bounced()
	b := w.browser(w.luca)
	b.get("/ente/ordini?stato=conclusi").wants(t, 200, "Rimborso non riuscito")
	b.get(partPath(p.ID)).wants(t, 200, "La banca non ha accettato 13,00 €", "Riprova il rimborso")
	b.get(partPath(p.ID)+"/rimborso").wants(t, 200, "Sì, riprova il rimborso")
	w.cards.Hold(false)
	done := b.post(partPath(p.ID) + "/rimborso")
	b.get(done.where).wants(t, 200, "Rimborso chiesto di nuovo", "Rimborso in arrivo")
	b.post(partPath(p.ID)+"/rimborso").wants(t, 409, "Adesso non c'è niente da riprovare")
	w.work()
	w.browser(w.anna).get(orderPath(p.Order.ID)).wants(t, 200, "Rimborso fatto")
}

func TestBouncedRefund_IsToldToBothSides(t *testing.T) {
	w := setup(t)
	p := w.bounced()
	w.work()
	for who, to := range map[string]string{"Anna": w.anna.Email, "the provider": w.provider(p)} {
		letters := w.got(to)
		same(t, who+" reads", letters[len(letters)-1], "Ordine 2026/1: il rimborso non è riuscito")
	}
	b := w.browser(w.luca)
	b.get("/ente/ordini").wants(t, 200, "2026/1", "Rimborso non riuscito")
	b.get("/ente/ordini?stato=in-corso").wants(t, 200).lacks(t, "2026/1")
	anna := w.browser(w.anna)
	anna.get(orderPath(p.Order.ID)+"/ricevuta").wants(t, 200, "Annullato lunedì 23 novembre 2026", "Il rimborso di 13,00 € non è riuscito")
	anna.get(ordersPath).wants(t, 200, "Il rimborso non è riuscito")
	anna.get(orderPath(p.Order.ID)).wants(t, 200, "Cooperativa Aurora riprova", "0372 555 020").has(t, "mailto:"+w.provider(p))
}

// provider is where a part's provider reads its mail.
func (w *world) provider(p *Part) string { return w.now(p).SellerEmail }

func TestWorkSteps_SayWhatWaits(t *testing.T) {
	w := setup(t)
	w.bounced()
	w.paid("pasti", 1)
	say := func(who *authz.Actor) (titles string) {
		var steps func(*ui.Page) []accounts.NextStep
		must(t, w.db.Read(w.ctx, func(b *pgx.Batch) { steps = w.WorkSteps(b, who) }))
		for _, n := range steps(&ui.Page{Lang: "it", City: w.city, Words: w.words}) {
			titles += n.Title + "; "
		}
		return titles
	}
	same(t, "its staff", say(w.luca), "Un ordine aspetta una risposta; Un rimborso aspetta voi; ")
	same(t, "another's", say(w.sara), "")
	same(t, "a citizen", say(w.anna), "")
}

// silently changes the last refund at the gateway, which tells nobody.
func (w *world) silently(status string) {
	all := w.cards.Refunds(keyOf(w.city))
	w.cards.Slip(keyOf(w.city), func(_ map[string]*local.CardSession, refunds map[string]*local.CardRefund) {
		refunds[all[len(all)-1].ID].Status = status
	})
}

// Of a refund that the gateway still works on we ask ourselves, day by day, until it is decided.
func TestRefund_WhoseLastNoticeNeverCame(t *testing.T) {
	for status, want := range map[string]payments.ReturnState{"succeeded": payments.ReturnDone, "failed": payments.ReturnLost} {
		t.Run(status, func(t *testing.T) {
			w := setup(t)
			w.cards.Hold(true)
			p := w.paid("pasti", 2)
			must(t, w.Cancel(w.ctx, w.anna, p.Order.ID))
			w.work()
			for day := range 2 {
				w.until(w.clock.Now().Add(25 * time.Hour))
				same(t, fmt.Sprint("on day ", day+1), w.now(p).Return(), payments.ReturnAsked)
			}
			w.silently(status)
			w.until(w.clock.Now().Add(25 * time.Hour))
			same(t, "decided", w.now(p).Return(), want)
			same(t, "refunds", len(w.cards.Refunds(keyOf(w.city))), 1)
			if want == payments.ReturnDone {
				w.balances(0, 0, 0)
				return
			}
			w.balances(-1300, 1300, 0)
			w.cards.Hold(false)
			must(t, w.RetryRefund(w.ctx, w.luca, p.ID))
			w.work()
			same(t, "the second time", w.now(p).Return(), payments.ReturnDone)
		})
	}
}

// A second refund asks after itself, and nobody asks any more after the first.
func TestRefund_OnlyTheLastIsAskedAfter(t *testing.T) {
	w := setup(t)
	p := w.bounced()
	must(t, w.RetryRefund(w.ctx, w.luca, p.ID))
	w.work()
	w.until(w.clock.Now().Add(25 * time.Hour))
	asks := 0
	for _, kind := range w.queue.list(w.city) {
		if kind == "payments.return" {
			asks++
		}
	}
	same(t, "asks", asks, 1)
}

// A clock that was set back between two refunds does not bring the first one back.
func TestRetryRefund_UnderAClockThatWentBack(t *testing.T) {
	w := setup(t)
	p := w.bounced()
	w.cards.Hold(false)
	w.clock.Set(w.clock.Now().Add(-time.Hour))
	must(t, w.RetryRefund(w.ctx, w.luca, p.ID))
	same(t, "asked", w.now(p).Return(), payments.ReturnAsked)
	w.work()
	same(t, "done", w.now(p).Return(), payments.ReturnDone)
	w.balances(0, 0, 0)
}
