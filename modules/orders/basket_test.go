package orders

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
)

// inside is what a basket holds: "aurora: pasti 2, lavanderia 1".
func (w *world) inside(h Holder) string {
	w.t.Helper()
	b, err := w.Basket(w.ctx, h)
	w.must(err)
	var lines []string
	for _, i := range b.Items {
		line := fmt.Sprintf("%s %d", i.Slug, i.Quantity)
		if !i.Sold {
			line += " unsold"
		}
		lines = append(lines, line)
	}
	if b.Empty() {
		return ""
	}
	return b.Provider.Slug + ": " + strings.Join(lines, ", ")
}

func of(a *authz.Actor) Holder { return Holder{Account: a.Account} }

func TestBasket_AVisitorsIsKnownByItsCookieAlone(t *testing.T) {
	w := setup(t)
	visitor := Holder{Token: w.NewToken()}
	must(t, w.Add(w.ctx, visitor, "pasti", 2, false))
	must(t, w.Add(w.ctx, visitor, "lavanderia", 1, false))
	must(t, w.Add(w.ctx, visitor, "pasti", 1, false))
	same(t, "the visitor's", w.inside(visitor), "aurora: pasti 3, lavanderia 1")
	same(t, "another visitor's", w.inside(Holder{Token: w.NewToken()}), "")
	same(t, "no cookie", w.inside(Holder{}), "")
	same(t, "an account's", w.inside(of(w.anna)), "")
	same(t, "the cookie stands nowhere", w.number("SELECT count(*) FROM baskets WHERE encode(token, 'escape') = $1", visitor.Token), 0)
	other := w.open(t)
	same(t, "in another city", other.inside(visitor), "")
	same(t, "another city takes nothing", fmt.Sprint(other.SetQuantity(other.ctx, visitor, "pasti", 0), " ", w.inside(visitor)), "<nil> aurora: pasti 3, lavanderia 1")
	must(t, other.Adopt(other.ctx, other.anna, visitor.Token))
	same(t, "adopted elsewhere", other.inside(of(other.anna))+w.inside(visitor), "aurora: pasti 3, lavanderia 1")
}

func TestBasket_IsAdoptedWithTheLogin(t *testing.T) {
	w := setup(t)
	visitor := Holder{Token: w.NewToken()}
	must(t, w.Add(w.ctx, visitor, "pasti", 2, false))
	must(t, w.Adopt(w.ctx, w.anna, visitor.Token))
	same(t, "Anna's", w.inside(of(w.anna)), "aurora: pasti 2")
	same(t, "the cookie's", w.inside(visitor), "")
	must(t, w.Adopt(w.ctx, w.bruno, visitor.Token))
	same(t, "the same cookie in other hands", w.inside(of(w.bruno)), "")
}

func TestBasket_AdoptedIntoOneOfTheSameProviderIsJoined(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "pasti", 3)
	visitor := Holder{Token: w.NewToken()}
	must(t, w.Add(w.ctx, visitor, "pasti", 2, false))
	must(t, w.Add(w.ctx, visitor, "lavanderia", 1, false))
	must(t, w.Adopt(w.ctx, w.anna, visitor.Token))
	same(t, "Anna's", w.inside(of(w.anna)), "aurora: pasti 3, lavanderia 1")
	same(t, "baskets", w.number("SELECT count(*) FROM baskets"), 1)
}

func TestBasket_AdoptedOverAnotherProvidersReplacesIt(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "spesa", 1)
	visitor := Holder{Token: w.NewToken()}
	must(t, w.Add(w.ctx, visitor, "pasti", 2, false))
	must(t, w.Adopt(w.ctx, w.anna, visitor.Token))
	same(t, "Anna's", w.inside(of(w.anna)), "aurora: pasti 2")
	same(t, "baskets", w.number("SELECT count(*) FROM baskets"), 1)
}

func TestBasket_AdoptedByTwoRequestsAtOnceIsAdoptedOnce(t *testing.T) {
	w := setup(t)
	visitor := Holder{Token: w.NewToken()}
	must(t, w.Add(w.ctx, visitor, "pasti", 2, false))
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() { fails(t, "adopt", w.Adopt(w.ctx, w.anna, visitor.Token), nil) })
	}
	running.Wait()
	same(t, "Anna's", w.inside(of(w.anna)), "aurora: pasti 2")
}

func TestBasket_HoldsNoMoreThanAnOrderMay(t *testing.T) {
	w := setup(t)
	for range 3 {
		must(t, w.Add(w.ctx, of(w.anna), "lavanderia", 2, false))
	}
	same(t, "added", w.inside(of(w.anna)), "aurora: lavanderia 5")
	must(t, w.SetQuantity(w.ctx, of(w.anna), "lavanderia", 99))
	same(t, "set", w.inside(of(w.anna)), "aurora: lavanderia 5")
	must(t, w.Add(w.ctx, of(w.bruno), "pasti", -3, false))
	same(t, "less than one", w.inside(of(w.bruno)), "aurora: pasti 1")
	w.sql(`UPDATE services SET sale = jsonb_set(sale, '{most}', '2') WHERE slug = 'lavanderia'`)
	same(t, "fewer are sold now", w.inside(of(w.anna)), "aurora: lavanderia 2")
}

func TestBasket_IsOneProvidersForNow(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "pasti", 2)
	fails(t, "another's", w.Add(w.ctx, of(w.anna), "spesa", 1, false), ErrOtherSeller)
	same(t, "refused", w.inside(of(w.anna)), "aurora: pasti 2")
	must(t, w.Add(w.ctx, of(w.anna), "spesa", 1, true))
	same(t, "replaced", w.inside(of(w.anna)), "girasole: spesa 1")
}

func TestBasket_OneThatIsOrderedAtThatMomentIsBegunAgain(t *testing.T) {
	w := setup(t)
	for range 5 {
		w.fill(w.anna, "pasti", 2)
		form := w.form(w.anna)
		var running sync.WaitGroup
		running.Go(func() {
			if _, err := w.Place(w.ctx, w.anna, form); err != nil && !errors.Is(err, ErrPriceChanged) { // the other was faster
				t.Error(err)
			}
		})
		running.Go(func() { fails(t, "add", w.Add(w.ctx, of(w.anna), "lavanderia", 1, false), nil) })
		running.Wait()
		if got := w.inside(of(w.anna)); got != "aurora: lavanderia 1" && got != "aurora: pasti 2, lavanderia 1" {
			t.Error(got)
		}
		must(t, w.SetQuantity(w.ctx, of(w.anna), "pasti", 0))
		must(t, w.SetQuantity(w.ctx, of(w.anna), "lavanderia", 0))
	}
}

func TestBasket_WhatIsNotSoldIsNotFoundInIt(t *testing.T) {
	w := setup(t)
	for what, sql := range map[string]string{
		"of no fixed price":  "UPDATE services SET price_kind = 'isee' WHERE slug = 'pasti'",
		"that costs nothing": "UPDATE services SET price_kind = 'fixed', price_cents = 0 WHERE slug = 'pasti'",
		"inactive":           "UPDATE services SET price_cents = 650, status = 'inactive' WHERE slug = 'pasti'",
		"not on line":        "UPDATE services SET status = 'active', sale = NULL WHERE slug = 'pasti'",
		"not published":      "UPDATE services SET published = false WHERE slug = 'pasti'",
	} {
		w.sql(sql)
		fails(t, what, w.Add(w.ctx, of(w.anna), "pasti", 1, false), ErrNotSold)
	}
	fails(t, "made up", w.Add(w.ctx, of(w.anna), "niente", 1, false), ErrNotSold)
	w.sql("UPDATE providers SET vat_number = '' WHERE slug = 'aurora'")
	fails(t, "by whom the law does not know", w.Add(w.ctx, of(w.anna), "lavanderia", 1, false), ErrNotSold)
	same(t, "baskets", w.number("SELECT count(*) FROM baskets"), 0)
}

func TestBasket_WhatIsNotSoldAnyMoreIsShownAsSuch(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "pasti", 2)
	w.fill(w.anna, "lavanderia", 1)
	w.sql("UPDATE services SET sale = NULL WHERE slug = 'pasti'")
	same(t, "Anna's", w.inside(of(w.anna)), "aurora: pasti 2 unsold, lavanderia 1")
	b, err := w.Basket(w.ctx, of(w.anna))
	must(t, err)
	same(t, "costs", b.Cents(), 950)
	same(t, "sellable", b.Sellable(), false)
	must(t, w.SetQuantity(w.ctx, of(w.anna), "pasti", 0))
	b, err = w.Basket(w.ctx, of(w.anna))
	must(t, err)
	same(t, "without it", b.Sellable(), true)
}

func TestSetQuantity_NoneTakesItOut(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "pasti", 2)
	w.fill(w.anna, "lavanderia", 1)
	must(t, w.SetQuantity(w.ctx, of(w.anna), "pasti", 4))
	must(t, w.SetQuantity(w.ctx, of(w.anna), "spesa", 4)) // is not in it
	same(t, "changed", w.inside(of(w.anna)), "aurora: pasti 4, lavanderia 1")
	must(t, w.SetQuantity(w.ctx, of(w.anna), "pasti", 0))
	same(t, "one is out", w.inside(of(w.anna)), "aurora: lavanderia 1")
	must(t, w.SetQuantity(w.ctx, of(w.anna), "lavanderia", 0))
	same(t, "baskets", w.number("SELECT count(*) FROM baskets"), 0)
	must(t, w.Add(w.ctx, of(w.anna), "spesa", 1, false)) // an empty basket is nobody's
	same(t, "another provider's", w.inside(of(w.anna)), "girasole: spesa 1")
}

func TestSweep_TakesWhatVisitorsLeftAMonthAgo(t *testing.T) {
	w := setup(t)
	left, fresh := Holder{Token: w.NewToken()}, Holder{Token: w.NewToken()}
	must(t, w.Add(w.ctx, left, "pasti", 1, false))
	w.fill(w.anna, "pasti", 1)
	w.clock.Set(monday.AddDate(0, 1, 1))
	must(t, w.Add(w.ctx, fresh, "pasti", 1, false))
	must(t, w.Sweep(w.ctx))
	same(t, "left, fresh, Anna's", w.inside(left)+w.inside(fresh)+w.inside(of(w.anna)), "aurora: pasti 1aurora: pasti 1")
}

func TestBasket_OfSomebodyWhoIsNotThere(t *testing.T) {
	w := setup(t)
	w.fill(w.anna, "pasti", 1)
	same(t, "a made-up account", w.inside(Holder{Account: uuid.Must(uuid.NewV7())}), "")
	other := w.open(t)
	same(t, "from another city", other.inside(of(w.anna)), "")
}
