package local

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// CardEvent is a notice to an account: Body is posted as it is here, however often.
type CardEvent struct {
	ID        string    `json:"id"`
	Type      string    `json:"type"`
	Body      string    `json:"body"`
	Left      int       `json:"left"` // how often it is still to be delivered
	Delivered int       `json:"delivered"`
	NotBefore time.Time `json:"not_before"`
}

const (
	noticeTries    = 12
	noticeLongest  = 30 * time.Second // between two tries
	noticeTimeout  = 10 * time.Second
	stripeVersion  = "2025-08-27.basil"
	noticeAgent    = "Stripe/1.0 (+https://stripe.com/docs/webhooks)"
	noticeMaxReply = 64 << 10
)

// poster reaches this machine alone, by whatever name: Go knows no names below localhost.
func poster() *http.Client {
	dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}
	return &http.Client{
		Timeout: noticeTimeout, Transport: &http.Transport{DialContext: dial, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// tell keeps an event of the account and sends it so many times, after a while, until it is taken.
func (c *Cards) tell(a *cardAccount, kind string, object map[string]any, wait time.Duration, times int) string {
	now := time.Now()
	e := &CardEvent{ID: newID("evt_"), Type: kind, Left: times, NotBefore: now.Add(wait)}
	body, _ := json.Marshal(map[string]any{
		"id": e.ID, "object": "event", "api_version": stripeVersion, "created": now.Unix(), "data": map[string]any{"object": object},
		"livemode": false, "pending_webhooks": 1, "request": map[string]any{"id": nil, "idempotency_key": nil}, "type": kind,
	})
	e.Body = string(body)
	a.Events = append(a.Events, e)
	c.send(a, e)
	return e.ID
}

// resume sends what was not delivered before the last stop.
func (c *Cards) resume() {
	for _, a := range c.accounts {
		for _, e := range a.Events {
			if e.Left > 0 {
				c.send(a, e)
			}
		}
	}
}

func (c *Cards) send(a *cardAccount, e *CardEvent) {
	if c.life.Err() == nil {
		wait := time.Until(e.NotBefore)
		c.done.Go(func() { c.deliver(a, e, wait) })
	}
}

// deliver tries until the event was taken as often as it should be, or a dozen times in vain: then again after the next start.
func (c *Cards) deliver(a *cardAccount, e *CardEvent, wait time.Duration) {
	pause := c.firstPause()
	for try := 0; try < noticeTries; try++ {
		select {
		case <-c.life.Done():
			return
		case <-time.After(wait):
		}
		if c.deliverOnce(c.life, a, e) == nil {
			if c.took(e) == 0 {
				return
			}
			try, wait, pause = 0, 0, c.firstPause()
			continue
		}
		wait, pause = pause, min(2*pause, noticeLongest)
	}
}

func (c *Cards) firstPause() time.Duration { c.mu.Lock(); defer c.mu.Unlock(); return c.pause }

func (c *Cards) took(e *CardEvent) (left int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.Left--
	e.Delivered++
	c.save()
	return e.Left
}

func (c *Cards) deliverOnce(ctx context.Context, a *cardAccount, e *CardEvent) error {
	c.mu.Lock()
	address, secret := a.URL, a.Secret
	c.mu.Unlock()
	u, err := url.Parse(address)
	if err != nil || !ownName(u.Host) {
		return errors.New("notices are for this machine alone")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(e.Body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	r.Header.Set("User-Agent", noticeAgent)
	r.Header.Set("Stripe-Signature", SignCards(secret, time.Now(), e.Body))
	answer, err := c.post.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, noticeMaxReply))
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("the notice was answered with %d", answer.StatusCode)
	}
	return nil
}

// SignCards is the Stripe-Signature of a notice.
func SignCards(secret string, at time.Time, body string) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, t+"."+body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Deliver sends an event again, once and now; an answer other than 2xx is an error.
func (c *Cards) Deliver(ctx context.Context, event string) error {
	a, e := c.event(event)
	if e == nil {
		return errors.New("no such event")
	}
	return c.deliverOnce(ctx, a, e)
}

func (c *Cards) event(id string) (*cardAccount, *CardEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.accounts {
		for _, e := range a.Events {
			if e.ID == id {
				return a, e
			}
		}
	}
	return nil, nil
}

// Events lists what an account was or is to be told, oldest first.
func (c *Cards) Events(key string) (all []CardEvent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.accounts[key]; a != nil {
		for _, e := range a.Events {
			all = append(all, *e)
		}
	}
	return all
}
