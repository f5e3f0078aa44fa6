package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"github.com/pquerna/otp/totp"
)

// desk is a provider's worker, who accepts some orders, refuses some, and lets some wait.
type desk struct {
	browser
	rand   *rand.Rand
	seen   map[string]bool
	agreed map[string]bool // parts that the portal has acknowledged as accepted, or as refused
}

func newDesk(h *house, c *city, number int, r *rand.Rand) *desk {
	return &desk{browser: newBrowser(h, c, number), rand: r, seen: map[string]bool{}, agreed: map[string]bool{}}
}

func (d *desk) signIn(ctx context.Context) error {
	if err := d.browser.signIn(ctx, d.city.worker); err != nil {
		return err
	}
	code, err := totp.GenerateCode(d.city.totp, time.Now())
	if err != nil {
		return err
	}
	_, err = d.post(ctx, "/accedi/codice", url.Values{"code": {code}})
	return err
}

// serve works through the inbox until closed is, and then once more.
func (d *desk) serve(ctx context.Context, closed <-chan struct{}) error {
	for last := false; ; {
		select {
		case <-closed:
			last = true
		case <-time.After(300 * time.Millisecond):
		}
		if err := d.look(ctx); err != nil || last {
			return err
		}
	}
}

var partLink = regexp.MustCompile(`/ente/ordini/([0-9a-f-]{36})`)

func (d *desk) look(ctx context.Context) error {
	inbox, err := d.get(ctx, "/ente/ordini?stato=da-accettare")
	if err != nil {
		return err
	}
	for _, m := range partLink.FindAllStringSubmatch(inbox.body, -1) {
		part := m[1]
		if d.seen[part] {
			continue
		}
		d.seen[part] = true
		if err := d.decide(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

func (d *desk) decide(ctx context.Context, part string) (err error) {
	accepted := true
	switch n := d.rand.IntN(4); n {
	case 0:
		return nil
	case 1:
		accepted = false
		_, err = d.post(ctx, "/ente/ordini/"+part+"/rifiuto", url.Values{"why": {"La lavanderia è chiusa."}})
	default:
		_, err = d.post(ctx, "/ente/ordini/"+part+"/accettazione", nil)
	}
	if refused := new(refusedError); errors.As(err, refused) && refused.status == http.StatusConflict {
		return nil // cancelled meanwhile, or an answer was lost and this is the second try
	}
	if err == nil {
		d.agreed[part] = accepted
	}
	return err
}
