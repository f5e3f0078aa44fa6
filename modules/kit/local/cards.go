package local

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

// Cards is a payment gateway for demo and tests. It speaks the part of Stripe's public API that the portal uses, shows a payment page and
// sends signed notices; no money moves. An account, one for each city, sees only what is its own.
type Cards struct {
	http *http.Server
	mux  *http.ServeMux
	addr string
	file string
	post *http.Client
	ends context.CancelFunc
	done sync.WaitGroup
	life context.Context

	mu       sync.Mutex
	accounts map[string]*cardAccount // by key
	hold     bool
	late     time.Duration
	pause    time.Duration // before the second try of a notice
	fault    error         // of the last time the file was written
}

// cardState is what the file holds.
type cardState struct {
	Addr     string                  `json:"addr"`
	Accounts map[string]*cardAccount `json:"accounts"`
}

type cardAccount struct {
	Key      string                  `json:"key"`
	Name     string                  `json:"name"`
	URL      string                  `json:"webhook_url"`
	Secret   string                  `json:"webhook_secret"`
	Sessions map[string]*CardSession `json:"sessions"`
	Refunds  map[string]*CardRefund  `json:"refunds"`
	Events   []*CardEvent            `json:"events"`
	Answers  map[string]cardAnswer   `json:"answers"` // by idempotency key
}

// CardSession is a payment page. Paid is the zero time until it is paid.
type CardSession struct {
	ID          string            `json:"id"`
	Status      string            `json:"status"` // open | complete | expired
	Reference   string            `json:"reference"`
	Metadata    map[string]string `json:"metadata"`
	Cents       int64             `json:"cents"`
	Currency    string            `json:"currency"`
	Description string            `json:"description"`
	Email       string            `json:"email"`
	Locale      string            `json:"locale"`
	SuccessURL  string            `json:"success_url"`
	CancelURL   string            `json:"cancel_url"`
	Created     time.Time         `json:"created"`
	Expires     time.Time         `json:"expires"`
	Paid        time.Time         `json:"paid"`
	Refused     int               `json:"refused"` // how often a card was
	Charge      string            `json:"charge"`  // pi_…, once paid
	ChargeMeta  map[string]string `json:"charge_metadata"`
}

// CardRefund is a charge given back, wholly or in part.
type CardRefund struct {
	ID       string            `json:"id"`
	Charge   string            `json:"charge"`
	Cents    int64             `json:"cents"`
	Currency string            `json:"currency"`
	Status   string            `json:"status"` // pending | succeeded | failed
	Metadata map[string]string `json:"metadata"`
	Created  time.Time         `json:"created"`
}

const (
	cardsKept   = 30 * 24 * time.Hour // sessions and refunds
	answersKept = 24 * time.Hour      // as Stripe keeps them
	eventsKept  = 300                 // of an account
)

// StartCards listens on the address (a free port of 127.0.0.1 when ""). What happened is kept in the file, "" is in memory alone; where the
// address leaves the port open, the one of the last time is taken if it is free, so that open pages stay good.
func StartCards(ctx context.Context, addr, file string) (*Cards, error) {
	kept, err := readCards(file)
	if err != nil {
		return nil, err
	}
	l, err := listenCards(ctx, cmp.Or(addr, "127.0.0.1:0"), kept.Addr)
	if err != nil {
		return nil, err
	}
	c := &Cards{addr: l.Addr().String(), file: file, accounts: kept.Accounts, late: 5 * time.Second, pause: 500 * time.Millisecond, post: poster()}
	c.life, c.ends = context.WithCancel(context.WithoutCancel(ctx))
	c.mux = c.routes()
	c.http = &http.Server{Handler: c, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second}
	c.mu.Lock()
	c.save()
	c.resume()
	c.mu.Unlock()
	c.done.Go(c.expireAll)
	go func() { _ = c.http.Serve(l) }()
	return c, nil
}

func listenCards(ctx context.Context, addr, last string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if lastHost, _, err := net.SplitHostPort(last); err == nil && port == "0" && lastHost == host {
		if l, err := new(net.ListenConfig).Listen(ctx, "tcp", last); err == nil {
			return l, nil
		}
	}
	return new(net.ListenConfig).Listen(ctx, "tcp", addr)
}

func readCards(file string) (cardState, error) {
	kept := cardState{Accounts: map[string]*cardAccount{}}
	if file == "" {
		return kept, nil
	}
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return kept, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &kept)
	}
	if err != nil {
		return kept, fmt.Errorf("%s: %w", file, err)
	}
	for _, a := range kept.Accounts {
		a.fill()
	}
	return kept, nil
}

func (a *cardAccount) fill() {
	if a.Sessions == nil {
		a.Sessions, a.Refunds, a.Answers = map[string]*CardSession{}, map[string]*CardRefund{}, map[string]cardAnswer{}
	}
}

// save replaces the file as a whole: a crash leaves the old one or the new one.
func (c *Cards) save() {
	c.forget()
	if c.file == "" {
		return
	}
	raw, err := json.Marshal(cardState{Addr: c.addr, Accounts: c.accounts})
	if err == nil {
		err = os.WriteFile(c.file+".next", raw, 0o600)
	}
	if err == nil {
		err = os.Rename(c.file+".next", c.file)
	}
	c.fault = err
}

// forget drops what is old, so that neither file nor memory grow for ever.
func (c *Cards) forget() {
	now := time.Now()
	for _, a := range c.accounts {
		for key, answer := range a.Answers {
			if now.Sub(answer.At) > answersKept {
				delete(a.Answers, key)
			}
		}
		for id, s := range a.Sessions {
			if now.Sub(s.Created) > cardsKept {
				delete(a.Sessions, id)
			}
		}
		for id, r := range a.Refunds {
			if now.Sub(r.Created) > cardsKept {
				delete(a.Refunds, id)
			}
		}
		a.Events = a.Events[max(0, len(a.Events)-eventsKept):]
	}
}

// URL is where the API answers; the payment pages are below it.
func (c *Cards) URL() string { return "http://" + c.addr }

// Stop closes the door and waits for what is under way. Notices that were not delivered are, after the next start.
func (c *Cards) Stop() error {
	c.mu.Lock()
	stopped := c.life.Err() != nil
	c.ends()
	c.mu.Unlock()
	if stopped {
		return nil
	}
	err := c.http.Close()
	c.done.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.save()
	return errors.Join(err, c.fault)
}

// Account opens an account, or says where an account there was is told of what happens.
func (c *Cards) Account(key, webhookURL, webhookSecret string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a := c.accounts[key]
	if a == nil {
		a = &cardAccount{Key: key, Name: hostOf(webhookURL)}
		c.accounts[key] = a
	}
	a.fill()
	a.URL, a.Secret = webhookURL, webhookSecret
	c.save()
}

// Name says whom people pay, as the payment page shows it.
func (c *Cards) Name(key, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.accounts[key]; a != nil {
		a.Name = name
		c.save()
	}
}

// Late sets how long a notice sent late waits; five seconds if never set.
func (c *Cards) Late(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.late = d }

// Sessions lists an account's payment pages, oldest first.
func (c *Cards) Sessions(key string) []CardSession {
	return list(c, key, func(a *cardAccount) map[string]*CardSession { return a.Sessions }, func(s CardSession) time.Time { return s.Created })
}

// Charges lists the payment pages that were paid, the first paid first.
func (c *Cards) Charges(key string) []CardSession {
	paid := slices.DeleteFunc(c.Sessions(key), func(s CardSession) bool { return s.Charge == "" })
	slices.SortStableFunc(paid, func(a, b CardSession) int { return a.Paid.Compare(b.Paid) })
	return paid
}

// Refunds lists what an account gave back, oldest first.
func (c *Cards) Refunds(key string) []CardRefund {
	return list(c, key, func(a *cardAccount) map[string]*CardRefund { return a.Refunds }, func(r CardRefund) time.Time { return r.Created })
}

func list[T any](c *Cards, key string, of func(*cardAccount) map[string]*T, at func(T) time.Time) (all []T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.accounts[key]; a != nil {
		for _, one := range of(a) {
			all = append(all, *one)
		}
	}
	slices.SortFunc(all, func(a, b T) int { return at(a).Compare(at(b)) })
	return all
}

var (
	errNoSession = errors.New("no such payment page")
	errNotOpen   = errors.New("the payment page is not open")
)

// Pay pays a page as a person would, and gives the id of the event that tells of it.
func (c *Cards) Pay(session string) (event string, err error) { return c.pay(session, 0, 1) }

// PayLate pays a page; the notice waits as Late says.
func (c *Cards) PayLate(session string) (event string, err error) {
	c.mu.Lock()
	late := c.late
	c.mu.Unlock()
	return c.pay(session, late, 1)
}

// PayTwice pays a page once, and tells of it twice.
func (c *Cards) PayTwice(session string) (event string, err error) { return c.pay(session, 0, 2) }

func (c *Cards) pay(session string, wait time.Duration, times int) (event string, err error) {
	err = c.withOpen(session, func(a *cardAccount, s *CardSession) {
		s.Status, s.Paid, s.Charge = "complete", time.Now(), newID("pi_")
		event = c.tell(a, "checkout.session.completed", s.object(c.URL()), wait, times)
	})
	return event, err
}

// Refuse tries a card that the bank refuses; the page stays open.
func (c *Cards) Refuse(session string) error {
	return c.withOpen(session, func(_ *cardAccount, s *CardSession) { s.Refused++ })
}

// Expire ends an open page before its time.
func (c *Cards) Expire(session string) error {
	return c.withOpen(session, c.expire)
}

func (c *Cards) expire(a *cardAccount, s *CardSession) {
	s.Status = "expired"
	c.tell(a, "checkout.session.expired", s.object(c.URL()), 0, 1)
}

func (c *Cards) withOpen(session string, do func(*cardAccount, *CardSession)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, s := c.session(session)
	if s == nil {
		return errNoSession
	}
	if c.overdue(a, s); s.Status != "open" {
		return errNotOpen
	}
	do(a, s)
	c.save()
	return nil
}

func (c *Cards) session(id string) (*cardAccount, *CardSession) {
	for _, a := range c.accounts {
		if s := a.Sessions[id]; s != nil {
			return a, s
		}
	}
	return nil, nil
}

// overdue ends a page whose time has come.
func (c *Cards) overdue(a *cardAccount, s *CardSession) bool {
	if s.Status != "open" || time.Now().Before(s.Expires) {
		return false
	}
	c.expire(a, s)
	return true
}

// expireAll ends pages in their time, until the gateway stops.
func (c *Cards) expireAll() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-c.life.Done():
			return
		case <-tick.C:
		}
		c.mu.Lock()
		changed := false
		for _, a := range c.accounts {
			for _, s := range a.Sessions {
				changed = c.overdue(a, s) || changed
			}
		}
		if changed {
			c.save()
		}
		c.mu.Unlock()
	}
}

// Hold makes new refunds wait; false lets them, and those that wait, succeed.
func (c *Cards) Hold(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hold = on
	if on {
		return
	}
	for _, a := range c.accounts {
		for _, r := range a.Refunds {
			if r.Status == "pending" {
				c.settle(a, r, "succeeded")
			}
		}
	}
	c.save()
}

// Bounce makes a refund fail, as when the card was closed; the charge can be given back again.
func (c *Cards) Bounce(refund string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, a := range c.accounts {
		if r := a.Refunds[refund]; r != nil {
			c.settle(a, r, "failed")
			c.save()
			return nil
		}
	}
	return errors.New("no such refund")
}

func (c *Cards) settle(a *cardAccount, r *CardRefund, status string) {
	r.Status = status
	c.tell(a, "refund.updated", r.object(), 0, 1)
}

// Slip changes what an account holds behind everybody's back, of which nobody is told: for tests of who compares.
func (c *Cards) Slip(key string, do func(sessions map[string]*CardSession, refunds map[string]*CardRefund)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a := c.accounts[key]; a != nil {
		do(a.Sessions, a.Refunds)
		c.save()
	}
}

func newID(prefix string) string {
	b := make([]byte, 12)
	_, _ = rand.Read(b)
	return prefix + hex.EncodeToString(b)
}
