package main

import (
	"context"
	"net"
	"regexp"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/orders"
	"github.com/welfarex/welfarex/tenants"
)

// What a purchase costs, in waits for PostgreSQL. One is for who is signed in, everywhere. A page is read in one more. An order is placed in three: what it is made of,
// the books, the commit with all the rest; two look at what is to be paid, and three keep the gateway's page.
const (
	tripsForm  = 2
	tripsPlace = 9
	tripsInbox = 2
)

// shopTest is the program with its gateway and its queue, and a wire that counts.
type shopTest struct {
	t       *testing.T
	app     *app
	wire    *wire
	addr    string
	citizen string // cookies
	worker  string
}

func openShopTest(t *testing.T) *shopTest {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	testkit.DB(t)
	h, err := openHouse(ctx, t.TempDir(), testkit.Postgres(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.close)
	w, through, err := openWire(h.Database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	cards, err := local.StartCards(ctx, "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cards.Stop() })
	cards.Account(cards.URL(), cards.URL(), "whsec") // the key is the gateway's address: see oneSecret
	s := h.settings
	s.Database, s.Cards = through, cards.URL()
	x := &shopTest{t: t, wire: w}
	if x.app, err = openApp(ctx, s, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(x.app.close)
	if err := x.app.work(); err != nil {
		t.Fatal(err)
	}
	x.listen()
	x.signIn(ctx)
	return x
}

func (x *shopTest) listen() {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed with the test
	if err != nil {
		x.t.Fatal(err)
	}
	x.t.Cleanup(func() { _ = l.Close() })
	x.addr = l.Addr().String()
	go func() { _ = x.app.serve(l) }()
}

// signIn lets a citizen and the provider's worker come in; the citizen has bought before.
func (x *shopTest) signIn(ctx context.Context) {
	var err error
	if x.citizen, err = x.app.signIn(ctx, cities[0]); err != nil {
		x.t.Fatal(err)
	}
	x.worker, err = x.app.enter(ctx, cities[0], accounts.SeedPerson{
		Email: "piero@" + cities[0] + ".example", Name: "Piero Prova", Role: authz.Provider, Provider: "mani-di-pioppo", TOTPSecret: "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
	})
	if err != nil {
		x.t.Fatal(err)
	}
	if _, err := x.app.buy(ctx, cities[0]); err != nil {
		x.t.Fatal(err)
	}
}

// fill gives the citizen something to order.
func (x *shopTest) fill(ctx context.Context) {
	city, err := x.app.city(cities[0])
	if err != nil {
		x.t.Fatal(err)
	}
	ctx = tenants.With(ctx, city)
	who, err := x.app.accounts.SeedActor(ctx, "anna@"+cities[0]+".example")
	if err == nil {
		err = x.app.orders.Add(ctx, orders.Holder{Account: who.Account}, "piccoli-lavori", 1, true)
	}
	if err != nil {
		x.t.Fatal(err)
	}
}

var hidden = regexp.MustCompile(`name="(key|total)" value="([^"]+)"`)

// order sends the form of an order as a browser would, and says whether it led to the gateway.
func (x *shopTest) order() (trips int64) {
	page, err := fetch(x.addr, call{Host: host(cities[0]), Path: "/ordine", Cookie: x.citizen})
	if err != nil {
		x.t.Fatal(err)
	}
	form := "terms=1&address=Via+Roma+1&phone=0372555199"
	for _, m := range hidden.FindAllStringSubmatch(string(page), -1) {
		form += "&" + m[1] + "=" + m[2]
	}
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	call{Host: host(cities[0]), Path: "/ordine", Cookie: x.citizen}.on(req)
	req.Header.SetMethod("POST")
	req.Header.SetContentType("application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.SetBodyString(form)
	client := fasthttp.HostClient{Addr: x.addr, ReadTimeout: 30 * time.Second}
	trips, err = x.wire.count(func() error { return client.Do(req, res) })
	if err != nil || res.StatusCode() != fasthttp.StatusSeeOther || !regexp.MustCompile(`/c/pay/`).Match(res.Header.Peek("Location")) {
		x.t.Fatalf("%v, %d, %s", err, res.StatusCode(), res.Header.Peek("Location"))
	}
	return trips
}

func TestPurchase_WaitsForPostgreSQLAsOftenAsItSays(t *testing.T) {
	x := openShopTest(t)
	x.fill(t.Context())
	for path, want := range map[string]int64{"/ordine": tripsForm, "/carrello": tripsForm} {
		if n, err := x.wire.tripsOf(x.addr, call{Host: host(cities[0]), Path: path, Cookie: x.citizen}); err != nil || n != want {
			t.Errorf("%s: %d round trips, err %v", path, n, err)
		}
	}
	for _, path := range []string{"/ente/ordini", "/ente/ordini?stato=tutti"} {
		if n, err := x.wire.tripsOf(x.addr, call{Host: host(cities[0]), Path: path, Cookie: x.worker}); err != nil || n != tripsInbox {
			t.Errorf("%s: %d round trips, err %v", path, n, err)
		}
	}
	var last int64
	for range 4 { // the first prepare the statements of their connections
		last = x.order()
		x.fill(t.Context())
	}
	if last != tripsPlace {
		t.Errorf("an order: %d round trips", last)
	}
}
