package orders

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/modules/payments"
	"github.com/welfarex/welfarex/tenants"
)

// compare holds the gateway against us, so long from now, and gives what differs.
func (w *world) compare(after time.Duration) (found []string) {
	w.t.Helper()
	w.clock.Set(time.Now().Add(after))
	c, err := w.payments.Compare(w.ctx, 7)
	must(w.t, err)
	for _, f := range c.Findings {
		found = append(found, fmt.Sprint(f.Code, " ", f.Ours, " ", f.Theirs))
	}
	kept, err := w.payments.Comparisons(w.ctx)
	must(w.t, err)
	if len(kept) != 1 || len(kept[0].Findings) != len(c.Findings) || kept[0].TakenCents != c.TakenCents || kept[0].Taken != c.Taken || kept[0].ReturnedCents != c.ReturnedCents {
		w.t.Errorf("kept %+v of %+v", kept, c)
	}
	slices.Sort(found)
	return found
}

func (w *world) differ(what string, want ...string) {
	w.t.Helper()
	w.differAfter(3*time.Hour, what, want...)
}

func (w *world) differAfter(after time.Duration, what string, want ...string) {
	w.t.Helper()
	same(w.t, what, strings.Join(w.compare(after), ", "), strings.Join(want, ", "))
}

// traded has an order that was paid, one that was paid and given back, and one that nobody paid.
func traded(t *testing.T) (w *world, kept, returned *Part) {
	w = setup(t)
	w.clock.Set(time.Now())
	kept, returned = w.paid("pasti", 2), w.paid("lavanderia", 1)
	must(t, w.Cancel(w.ctx, w.anna, returned.Order.ID))
	w.work()
	w.page(w.order(w.anna, "pasti", 1))
	return w, w.now(kept), w.now(returned)
}

func TestCompare_WhatIsSaidOnBothSidesIsNoFinding(t *testing.T) {
	w, _, _ := traded(t)
	w.differ("nothing")
	c, err := w.payments.Comparisons(w.ctx)
	must(t, err)
	same(t, "sums", fmt.Sprint(c[0].Taken, c[0].TakenCents, c[0].Returned, c[0].ReturnedCents), fmt.Sprint(2, int64(2250), 1, int64(950)))
	same(t, "audited", w.number("SELECT count(*) FROM audit_entries WHERE verb = 'compared'"), 1)
	there := w.open(t)
	there.differ("another city has its own gateway")
}

// Each planted difference is found, and gone when it is mended.
func TestCompare_FindsWhatWasPlanted(t *testing.T) {
	w, kept, returned := traded(t)
	charge, back := kept.paidBy().Charge, returned.returning().Refund
	session := func(all map[string]*local.CardSession, charge string) *local.CardSession {
		for _, s := range all {
			if s.Charge == charge {
				return s
			}
		}
		t.Fatal("no such charge")
		return nil
	}
	type (
		sessions = map[string]*local.CardSession
		refunds  = map[string]*local.CardRefund
	)
	one := func(all refunds) *local.CardRefund {
		for _, r := range all {
			return r
		}
		return nil
	}
	for name, row := range map[string]struct {
		plant, mend func(sessions, refunds)
		want        string
	}{
		"another city's money, on the same account": {
			func(s sessions, r refunds) {
				s["x"] = foreign("eur", map[string]string{"payment": newID().String(), "city": newID().String()})
				r["re_x"] = &local.CardRefund{
					ID: "re_x", Charge: "pi_x", Cents: 100, Currency: "eur", Status: "succeeded", Created: time.Now(),
					Metadata: map[string]string{"refund": newID().String(), "city": newID().String()},
				}
			}, func(s sessions, r refunds) { delete(s, "x"); delete(r, "re_x") }, "",
		},
		"a shop's money, on the same account": {
			func(s sessions, r refunds) {
				s["x"] = foreign("usd", map[string]string{"city": "Milano"})
				r["re_x"] = &local.CardRefund{ID: "re_x", Charge: "pi_x", Cents: 100, Currency: "usd", Status: "succeeded", Created: time.Now()}
			}, func(s sessions, r refunds) { delete(s, "x"); delete(r, "re_x") }, "",
		},
		"money that names no city": {
			func(s sessions, _ refunds) { s["x"] = foreign("eur", map[string]string{"payment": newID().String()}) },
			func(s sessions, _ refunds) { delete(s, "x") }, "charge_unknown 0 700",
		},
		"another currency": {
			func(s sessions, _ refunds) { session(s, charge).Currency = "usd" }, func(s sessions, _ refunds) { session(s, charge).Currency = "eur" }, "charge_amount 1300 0",
		},
		"another currency given back": {
			func(_ sessions, r refunds) { one(r).Currency = "usd" }, func(_ sessions, r refunds) { one(r).Currency = "eur" }, "refund_amount 950 0",
		},
		"another amount": {
			func(s sessions, _ refunds) { session(s, charge).Cents = 1299 }, func(s sessions, _ refunds) { session(s, charge).Cents = 1300 }, "charge_amount 1300 1299",
		},
		"money that we do not know": {
			func(s sessions, _ refunds) {
				s["x"] = foreign("eur", map[string]string{"payment": newID().String(), "city": w.city.ID.String()})
			}, func(s sessions, _ refunds) { delete(s, "x") }, "charge_unknown 0 700",
		},
		"paid twice": {
			func(s sessions, _ refunds) {
				again := *session(s, charge)
				again.ID, again.Charge = "y", "pi_y"
				s["y"] = &again
			}, func(s sessions, _ refunds) { delete(s, "y") }, "charge_unknown 0 1300",
		},
		"a payment that they do not know": {
			func(s sessions, _ refunds) { session(s, charge).Charge = "pi_z" }, func(s sessions, _ refunds) { session(s, "pi_z").Charge = charge }, "charge_missing 1300 0, charge_unknown 0 1300",
		},
		"given back by hand": {
			func(_ sessions, r refunds) {
				r["re_x"] = &local.CardRefund{ID: "re_x", Charge: charge, Cents: 100, Currency: "eur", Status: "succeeded", Created: time.Now()}
			}, func(_ sessions, r refunds) { delete(r, "re_x") }, "refund_unknown 0 100",
		},
		"another amount given back": {
			func(_ sessions, r refunds) { one(r).Cents = 900 }, func(_ sessions, r refunds) { one(r).Cents = 950 }, "refund_amount 950 900",
		},
		"a refund that failed, and nobody told": {
			func(_ sessions, r refunds) { one(r).Status = "failed" }, func(_ sessions, r refunds) { one(r).Status = "succeeded" }, "refund_failed 950 0",
		},
		"a refund that they do not know": {
			func(_ sessions, r refunds) {
				made := one(r)
				delete(r, made.ID)
				made.ID, made.Metadata = "re_y", nil
				r["re_y"] = made
			},
			func(_ sessions, r refunds) {
				made := one(r)
				delete(r, made.ID)
				made.ID, made.Metadata = "re_z", map[string]string{"refund": back.String()}
				r["re_z"] = made
			}, "refund_missing 950 0, refund_unknown 0 950",
		},
	} {
		w.cards.Slip(keyOf(w.city), row.plant)
		w.differ(name, row.want)
		w.cards.Slip(keyOf(w.city), row.mend)
		w.differ(name + ", mended")
	}
}

// What is on its way is no difference; what nobody told of for hours is one.
func TestCompare_ANoticeThatNeverCame(t *testing.T) {
	w := setup(t)
	w.clock.Set(time.Now())
	p := w.order(w.anna, "pasti", 2)
	id, err := w.cards.Pay(w.page(p))
	must(t, err)
	if c, err := w.payments.Compare(w.ctx, 7); err != nil || len(c.Findings) != 0 {
		t.Errorf("at once: %+v, %v", c, err)
	}
	w.differ("after hours", "charge_unnoted 0 1300")
	must(t, w.take(w.event(id).Body, secretOf(w.city)))
	w.differ("once it has come")
	w.cards.Hold(true)
	must(t, w.Cancel(w.ctx, w.anna, p.Order.ID))
	w.work()
	w.differAfter(27*time.Hour, "the gateway still works on it")
	w.cards.Hold(false)
	w.differ("a refund that was decided perhaps a moment ago")
	w.differAfter(27*time.Hour, "a refund's notice", "refund_unnoted 0 1300")
	w.silently("failed")
	w.differ("a refund that failed perhaps a moment ago")
	w.differAfter(27*time.Hour, "a refund that failed, for which we wait", "refund_failed 1300 0")
}

// A refund that counted here a moment ago may have failed there since.
func TestCompare_WhatChangedHereAMomentAgo(t *testing.T) {
	w, _, returned := traded(t)
	w.silently("failed")
	w.sql("UPDATE refunds SET done_at = $2 WHERE id = $1", returned.returning().Refund, time.Now().Add(2*time.Hour))
	w.differ("an hour later")
	w.differAfter(5*time.Hour, "hours later", "refund_failed 950 0")
}

// Two cities may have one account at the gateway: neither sees the other's money.
func TestCompare_OnOneAccountEachSeesItsOwn(t *testing.T) {
	w, _, _ := traded(t)
	there := w.open(t)
	shared := payments.New(payments.Options{DB: w.db, Ledger: w.ledger, Card: payments.NewCard(only(keyOf(w.city)), w.cards.URL(), nil), Now: w.clock.Now})
	w.clock.Set(time.Now().Add(3 * time.Hour))
	for ctx, want := range map[context.Context]int{w.ctx: 2, there.ctx: 0} {
		c, err := shared.Compare(ctx, 7)
		must(t, err)
		same(t, "taken", c.Taken, want)
		same(t, "found", len(c.Findings), 0)
	}
}

// What was found of a time that is no longer compared stays for two months.
func TestCompare_ForgetsWhatIsOld(t *testing.T) {
	w, _, _ := traded(t)
	for name, days := range map[string]int{"pi_old": -70, "pi_before": -40, "pi_within": -3} {
		w.sql("INSERT INTO rail_findings (rail, code, subject, ours, theirs, at, found_at) VALUES ('card', 'charge_unknown', $1, 0, 1, $2, $2)", name, time.Now().AddDate(0, 0, days))
	}
	w.clock.Set(time.Now().Add(3 * time.Hour))
	_, err := w.payments.Compare(w.ctx, 7)
	must(t, err)
	kept, err := w.payments.Comparisons(w.ctx)
	must(t, err)
	if found := kept[0].Findings; len(found) != 1 || found[0].Subject != "pi_before" {
		t.Errorf("kept %+v", found)
	}
}

func TestCompare_WithoutAGatewayThereIsNothingToCompare(t *testing.T) {
	w := setup(t)
	bare := payments.New(payments.Options{DB: w.db, Ledger: w.ledger, Card: payments.NewCard(none{}, w.cards.URL(), nil), Now: w.clock.Now})
	_, err := bare.Compare(w.ctx, 7)
	fails(t, "compare", err, payments.ErrNotSet)
	c, err := bare.CompareDaily(w.ctx)
	if c != nil || err != nil {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestCompare_WhenTheLineIsDownNothingIsForgotten(t *testing.T) {
	w, kept, _ := traded(t)
	w.cards.Slip(keyOf(w.city), func(s map[string]*local.CardSession, _ map[string]*local.CardRefund) {
		for _, one := range s {
			if one.Charge == kept.paidBy().Charge {
				one.Cents++
			}
		}
	})
	w.differ("planted", "charge_amount 1300 1301")
	must(t, w.cards.Stop())
	if _, err := w.payments.Compare(w.ctx, 7); err == nil {
		t.Error("a gateway that is down was compared")
	}
	c, err := w.payments.Comparisons(w.ctx)
	if err != nil || len(c) != 1 || c[0].Findings[0].Code != ledger.ChargeAmount || c[0].Findings[0].Part != kept.ID {
		t.Errorf("%+v, %v", c, err)
	}
}

// none has no secrets.
type none struct{}

func (none) Secret(_ context.Context, name string) ([]byte, error) {
	return nil, fmt.Errorf("%w: %s", tenants.ErrNoSecret, name)
}

// only is one secret for all.
type only string

func (o only) Secret(context.Context, string) ([]byte, error) { return []byte(o), nil }

// foreign is a page that was paid and that no payment of ours knows.
func foreign(currency string, marks map[string]string) *local.CardSession {
	return &local.CardSession{ID: "x", Status: "complete", Charge: "pi_x", Cents: 700, Currency: currency, Created: time.Now(), Paid: time.Now(), ChargeMeta: marks}
}
