package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/welfarex/welfarex/modules/kit/web"
)

type request struct {
	method, url, host, body string
	header                  map[string]string
}

type reply struct {
	status   int
	location string
	body     string
	session  string // a cookie that was set
}

// line reaches this machine by whatever name, and follows nothing.
var line = &http.Client{
	Timeout: 20 * time.Second,
	Transport: &http.Transport{MaxIdleConnsPerHost: 64, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(addr)
		if err != nil {
			return nil, err
		}
		return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// ask sends a request once.
func ask(ctx context.Context, q request) (reply, error) {
	r, err := http.NewRequestWithContext(ctx, q.method, q.url, strings.NewReader(q.body))
	if err != nil {
		return reply{}, err
	}
	r.Host = q.host
	for name, value := range q.header {
		r.Header.Set(name, value)
	}
	res, err := line.Do(r)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	got := reply{status: res.StatusCode, location: res.Header.Get("Location"), body: string(body)}
	for _, c := range res.Cookies() {
		if c.Name == web.SessionCookie {
			got.session = c.Value
		}
	}
	return got, err
}

// traffic knows which posts to the program are on their way: people's forms, and notices of the gateway.
type traffic struct {
	mu  sync.Mutex
	now map[*sent]bool
}

// sent is one request. Once done is closed, broken says whether no proper answer came.
type sent struct {
	done   chan struct{}
	broken bool
}

func (t *traffic) send(method string) *sent {
	s := &sent{done: make(chan struct{})}
	t.mu.Lock()
	defer t.mu.Unlock()
	if method == http.MethodPost {
		t.now[s] = true
	}
	return s
}

// came says whether the answer is none, or says that something is broken.
func (t *traffic) came(s *sent, got reply, err error) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.now, s)
	s.broken = err != nil || got.status >= http.StatusInternalServerError
	close(s.done)
	return s.broken
}

// underWay are the posts of this moment.
func (t *traffic) underWay() []*sent {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Collect(maps.Keys(t.now))
}

// browser is somebody's at one city's portal.
type browser struct {
	house   *house
	city    *city
	base    string
	address string // of their own, as a proxy tells it
	session string
}

func newBrowser(h *house, c *city, number int) browser {
	_, port, _ := net.SplitHostPort(h.addr)
	return browser{house: h, city: c, base: "http://" + c.slug + ".localhost:" + port, address: fmt.Sprintf("10.0.%d.%d", number/250, number%250+1)}
}

func (b *browser) once(ctx context.Context, method, path string, form url.Values) (reply, error) {
	q := request{method: method, url: b.base + path, header: map[string]string{"X-Forwarded-For": b.address}}
	if b.session != "" {
		q.header["Cookie"] = web.SessionCookie + "=" + b.session
	}
	if method == http.MethodPost {
		q.body = form.Encode()
		q.header["Content-Type"], q.header["Origin"], q.header["Sec-Fetch-Site"] = "application/x-www-form-urlencoded", b.base, "same-origin"
	}
	got, err := ask(ctx, q)
	if err == nil && got.session != "" {
		b.session = got.session
	}
	return got, err
}

// again does what a person does whose page did not come: loads it again, sends the same form again.
func (b *browser) again(ctx context.Context, method, path string, form url.Values) (reply, error) {
	for {
		s := b.house.traffic.send(method)
		got, err := b.once(ctx, method, path, form)
		if !b.house.traffic.came(s, got, err) {
			return got, nil
		}
		if !sleep(ctx, 200*time.Millisecond) {
			return got, errors.Join(fmt.Errorf("%s %s was never answered: %d", method, path, got.status), err)
		}
	}
}

func (b *browser) get(ctx context.Context, path string) (reply, error) {
	got, err := b.again(ctx, http.MethodGet, path, nil)
	if err == nil && got.status != http.StatusOK {
		err = fmt.Errorf("GET %s answered %d, to %s", path, got.status, got.location)
	}
	return got, err
}

// post expects to be sent on.
func (b *browser) post(ctx context.Context, path string, form url.Values) (string, error) {
	got, err := b.again(ctx, http.MethodPost, path, form)
	if err == nil && got.status != http.StatusSeeOther {
		err = refusedError{path, got.status}
	}
	return got.location, err
}

// refusedError is a form that came back.
type refusedError struct {
	path   string
	status int
}

func (e refusedError) Error() string { return fmt.Sprintf("POST %s answered %d", e.path, e.status) }

// signIn comes in with address and password; staff give a code then.
func (b *browser) signIn(ctx context.Context, email string) error {
	_, err := b.post(ctx, "/accedi", url.Values{"email": {email}, "password": {password}})
	return err
}
