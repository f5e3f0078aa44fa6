package main

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/welfarex/welfarex/modules/kit/local"
)

// point is a moment of a purchase at which a kill may be aimed.
type point string

const (
	anywhere    point = "some request under way"
	orderHalf   point = "an order half written"
	pageAsked   point = "a page asked for, not opened"
	pageOpened  point = "a page opened, not told"
	noticeHalf  point = "a notice half taken"
	noticeTaken point = "a notice taken, not told"
	refundAsked point = "a refund asked for, not made"
	refundMade  point = "a refund made, not told"
)

// front stands between the program and the gateway, both ways, and can hold what passes until a kill has struck. What it held is then lost,
// as on a line that broke.
type front struct {
	cards   *local.Cards
	app     string
	http    *http.Server
	addr    string
	traffic *traffic

	mu      sync.Mutex
	at      point
	reached chan *held
}

// held is what stands still at a point.
type held struct {
	payment string // of a notice
	once    sync.Once
	open    chan struct{}
}

func (h *held) release() { h.once.Do(func() { close(h.open) }) }

func startFront(ctx context.Context, cards *local.Cards, app string, t *traffic) (*front, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &front{cards: cards, app: app, addr: l.Addr().String(), traffic: t}
	f.http = &http.Server{Handler: f, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = f.http.Serve(l) }()
	return f, nil
}

func (f *front) stop() error { return f.http.Close() }

func (f *front) url() string { return "http://" + f.addr }

// noticesOf is where the gateway tells a city of its payments.
func (f *front) noticesOf(slug string) string {
	_, port, _ := net.SplitHostPort(f.addr)
	return "http://" + slug + ".localhost:" + port + noticesPath
}

// aim lets the next thing that comes to the point stop there.
func (f *front) aim(at point) <-chan *held {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at, f.reached = at, make(chan *held, 1)
	return f.reached
}

// miss takes the aim back; what has stopped meanwhile goes on.
func (f *front) miss() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at = ""
	select {
	case h := <-f.reached:
		h.release()
	default:
	}
}

// pass says whether somebody aimed at the point, once the kill has struck.
func (f *front) pass(at point, payment string) bool {
	f.mu.Lock()
	if f.at != at {
		f.mu.Unlock()
		return false
	}
	f.at = ""
	h := &held{payment: payment, open: make(chan struct{})}
	f.reached <- h
	f.mu.Unlock()
	<-h.open
	return true
}

// ServeHTTP passes requests of the program on to the gateway, and notices of the gateway to the program.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == noticesPath:
		f.toProgram(w, r)
	case r.Method == http.MethodPost && r.URL.Path == "/v1/checkout/sessions":
		f.toGateway(w, r, pageAsked, pageOpened)
	case r.Method == http.MethodPost && r.URL.Path == "/v1/refunds":
		f.toGateway(w, r, refundAsked, refundMade)
	default:
		f.cards.ServeHTTP(w, r)
	}
}

func (f *front) toGateway(w http.ResponseWriter, r *http.Request, before, after point) {
	if f.pass(before, "") {
		panic(http.ErrAbortHandler)
	}
	said := httptest.NewRecorder()
	f.cards.ServeHTTP(said, r)
	if f.pass(after, "") {
		panic(http.ErrAbortHandler)
	}
	maps.Copy(w.Header(), said.Header())
	w.WriteHeader(said.Code)
	_, _ = w.Write(said.Body.Bytes())
}

func (f *front) toProgram(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	if payment := paidIn(body); payment != "" {
		f.pass(noticeHalf, payment)
	}
	s := f.traffic.send(r.Method)
	told, err := ask(r.Context(), request{
		method: r.Method, url: "http://" + f.app + noticesPath, host: r.Host, body: string(body),
		header: map[string]string{"Content-Type": r.Header.Get("Content-Type"), "Stripe-Signature": r.Header.Get("Stripe-Signature")},
	})
	if err != nil || told.status/100 == 2 && f.pass(noticeTaken, "") {
		told.status = http.StatusBadGateway
	}
	f.traffic.came(s, told, err)
	w.WriteHeader(told.status)
}

// paidIn is the payment that a notice says was paid, "" if it says something else.
func paidIn(notice []byte) string {
	var told struct {
		Type string
		Data struct {
			Object struct {
				Reference string `json:"client_reference_id"`
			}
		}
	}
	if err := json.Unmarshal(notice, &told); err != nil || !strings.HasSuffix(told.Type, "session.completed") {
		return ""
	}
	return told.Data.Object.Reference
}
