package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// fate is what a buyer means to do.
type fate string

const (
	keeps   fate = "pays and comes back"
	leaves  fate = "pays and never comes back"
	regrets fate = "pays, then cancels"
	doubts  fate = "cancels before paying"
	forgets fate = "never pays"
)

// fates are as frequent as they stand here.
var fates = []fate{keeps, keeps, keeps, leaves, leaves, leaves, regrets, regrets, doubts, forgets}

const (
	goodCard    = "4242424242424242"
	refusedCard = "4000000000000002"
	ordersPath  = "/area-personale/ordini"
)

// buyer is one person who buys one thing, and what they were told of it.
type buyer struct {
	browser
	email   string
	fate    fate
	button  string     // of the hosted page: paga, due or tardi
	refused bool       // a card, before another is taken
	gates   [4]float64 // when the steps begin, as parts of all kills
	rand    *rand.Rand

	key       string // of the form
	page      string // where it is paid
	order     string
	ordered   bool // the portal has acknowledged the order
	cancelled bool // … that it is cancelled
}

// means draws what the buyer will do.
func (b *buyer) means(r *rand.Rand, from []fate) {
	b.rand = r
	b.fate = from[r.IntN(len(from))]
	b.button = []string{"paga", "paga", "due", "tardi"}[r.IntN(4)]
	b.refused = r.IntN(6) == 0
	for i := range b.gates {
		b.gates[i] = r.Float64()
	}
	slices.Sort(b.gates[:])
}

// buy goes through a purchase, a step at a time.
func (b *buyer) buy(ctx context.Context, c *course) error {
	for i, step := range []func(context.Context) error{b.fill, b.place, b.pay, b.end} {
		if err := c.reach(ctx, b.gates[i]); err != nil {
			return err
		}
		sleep(ctx, time.Duration(b.rand.IntN(600))*time.Millisecond)
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (b *buyer) fill(ctx context.Context) error {
	_, err := b.post(ctx, "/carrello", url.Values{"service": {b.city.service}, "quantity": {"1"}})
	return err
}

var (
	keyField   = regexp.MustCompile(`name="key" value="([0-9a-f-]{36})"`)
	totalField = regexp.MustCompile(`name="total" value="(\d+)"`)
	orderLink  = regexp.MustCompile(ordersPath + `/([0-9a-f-]{36})`)
)

// first is what a pattern finds in a text, "" if nothing.
func first(pattern *regexp.Regexp, text string) string {
	if m := pattern.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

func (b *buyer) place(ctx context.Context) error {
	form, err := b.get(ctx, "/ordine")
	if err != nil {
		return err
	}
	b.key = first(keyField, form.body)
	to, err := b.post(ctx, "/ordine", url.Values{
		"key": {b.key}, "total": {first(totalField, form.body)}, "address": {"Via Mantova 12"}, "phone": {"0372 555 010"}, "terms": {"1"},
	})
	if err != nil {
		return err
	}
	return b.led(to)
}

// led notes where an order leads: to its hosted page, or, where that cannot be opened now, to the order.
func (b *buyer) led(to string) error {
	switch {
	case strings.HasPrefix(to, b.house.cards.URL()):
		b.page = to
	case first(orderLink, to) != "":
		b.order = first(orderLink, to)
	default:
		return fmt.Errorf("an order leads to %s", to)
	}
	b.ordered = true
	return nil
}

func (b *buyer) pay(ctx context.Context) error {
	if b.fate == doubts || b.fate == forgets {
		return nil
	}
	if err := b.findPage(ctx); err != nil {
		return err
	}
	if b.refused {
		if _, err := b.press(ctx, "paga", refusedCard, http.StatusPaymentRequired); err != nil {
			return err
		}
	}
	back, err := b.press(ctx, b.button, goodCard, http.StatusSeeOther)
	b.order = first(orderLink, back)
	return err
}

// findPage asks for the hosted page until it can be opened.
func (b *buyer) findPage(ctx context.Context) error {
	for b.page == "" {
		to, err := b.post(ctx, ordersPath+"/"+b.order+"/pagamento", nil)
		if err == nil {
			err = b.led(to)
		}
		if err != nil {
			return err
		}
		if b.page == "" && !sleep(ctx, 300*time.Millisecond) {
			return errors.New("the hosted page was never opened")
		}
	}
	return nil
}

// press sends the form of the hosted page.
func (b *buyer) press(ctx context.Context, button, card string, want int) (string, error) {
	form := url.Values{"esito": {button}, "numero": {card}}
	got, err := ask(ctx, request{method: http.MethodPost, url: b.page, body: form.Encode(), header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
	if err == nil && got.status != want {
		err = fmt.Errorf("the hosted page answered %d", got.status)
	}
	return got.location, err
}

// end is what the buyer does after paying, or instead.
func (b *buyer) end(ctx context.Context) error {
	switch b.fate {
	case keeps:
		_, err := b.get(ctx, ordersPath+"/"+b.order+"?esito=fatto")
		return err
	case regrets:
		if _, err := b.get(ctx, ordersPath+"/"+b.order+"?esito=fatto"); err != nil {
			return err
		}
		return b.cancel(ctx)
	case doubts:
		list, err := b.get(ctx, ordersPath)
		if err != nil {
			return err
		}
		b.order = first(orderLink, list.body)
		return b.cancel(ctx)
	}
	return nil
}

// cancel may be refused: the provider was faster, or an answer was lost and this is the second try.
func (b *buyer) cancel(ctx context.Context) error {
	_, err := b.post(ctx, ordersPath+"/"+b.order+"/annullamento", nil)
	if refused := new(refusedError); errors.As(err, refused) && refused.status == http.StatusConflict {
		return nil
	}
	b.cancelled = err == nil
	return err
}
