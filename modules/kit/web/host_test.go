package web_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/tenants"
)

// listen serves the site on a port of its own, for what no HTTP client would send.
func (s *site) listen() (addr string) {
	s.t.Helper()
	l, err := new(net.ListenConfig).Listen(s.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	go func() { _ = s.app.Listener(l) }()
	s.t.Cleanup(func() { _ = s.app.Shutdown() })
	return l.Addr().String()
}

// send writes bytes to the site and reads the first answer.
func send(t *testing.T, addr, request string) reply {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%q: %v", request, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, _ := io.ReadAll(res.Body)
	return reply{res, string(body)}
}

func TestHost_OneSpellingOneCity(t *testing.T) {
	t.Parallel()
	_, other := testkit.City(t)
	s := open(t, home(greet))
	trusting := open(t, home(greet), func(s *web.Server) { s.Proxies = web.Proxies{netip.MustParsePrefix("127.0.0.0/8")} })
	untrusting := open(t, home(greet), func(s *web.Server) { s.Proxies = web.Proxies{netip.MustParsePrefix("10.0.0.0/8")} })
	mine, theirs := "qui "+s.city.Slug, "qui "+other.Slug
	nobody := "nessuna città"
	for _, c := range []struct {
		name, request string
		status        int
		want          string
	}{
		{"as it is", "GET / HTTP/1.1\r\nHost: {h}\r\n", 200, mine},
		{"with our port", "GET / HTTP/1.1\r\nHost: {h}:8080\r\n", 200, mine},
		{"with any port", "GET / HTTP/1.1\r\nHost: {h}:1\r\n", 200, mine},
		{"in capitals", "GET / HTTP/1.1\r\nHost: {H}\r\n", 200, mine},
		{"another city", "GET / HTTP/1.1\r\nHost: {o}\r\n", 200, theirs},
		{"in absolute form", "GET http://{h}/ HTTP/1.1\r\nHost: {h}\r\n", 200, mine},
		{"in absolute form, in capitals", "GET http://{H}/ HTTP/1.1\r\nHost: {h}\r\n", 200, mine},
		{"in absolute form for another", "GET http://{o}/ HTTP/1.1\r\nHost: {h}\r\n", 404, nobody},
		{"in absolute form from another", "GET http://{h}/ HTTP/1.1\r\nHost: {o}\r\n", 404, nobody},
		{"in absolute form with a name", "GET http://{o}@{h}/ HTTP/1.1\r\nHost: {h}\r\n", 404, nobody},
		{"in absolute form with another scheme", "GET https://{h}/ HTTP/1.1\r\nHost: {h}\r\n", 404, nobody},
		{"in absolute form with a strange scheme", "GET gopher://{h}/ HTTP/1.1\r\nHost: {h}\r\n", 404, nobody},
		{"an authority for a target", "GET {h}:80 HTTP/1.1\r\nHost: {h}\r\n", 0, ""},
		{"with a dot behind", "GET / HTTP/1.1\r\nHost: {h}.\r\n", 404, nobody},
		{"with a dot before", "GET / HTTP/1.1\r\nHost: .{h}\r\n", 404, nobody},
		{"with a name before", "GET / HTTP/1.1\r\nHost: {o}@{h}\r\n", 0, ""},
		{"with a name and a password", "GET / HTTP/1.1\r\nHost: a:b@{h}\r\n", 0, ""},
		{"below it", "GET / HTTP/1.1\r\nHost: www.{h}\r\n", 404, nobody},
		{"the parent", "GET / HTTP/1.1\r\nHost: " + testkit.Parent + "\r\n", 404, nobody},
		{"two hosts", "GET / HTTP/1.1\r\nHost: {h}\r\nHost: {o}\r\n", 400, ""},
		{"two spellings of the header", "GET / HTTP/1.1\r\nHost: {h}\r\nhOsT: {o}\r\n", 400, ""},
		{"two hosts in one", "GET / HTTP/1.1\r\nHost: {h}, {o}\r\n", 0, ""},
		{"a host on a second line", "GET / HTTP/1.1\r\nHost:\r\n {o}\r\n", 0, ""},
		{"a header that goes on", "GET / HTTP/1.1\r\nHost: {h}\r\nX: a\r\n\tb\r\n", 400, ""},
		{"a space before the colon", "GET / HTTP/1.1\r\nHost : {h}\r\n", 400, ""},
		{"a tab behind", "GET / HTTP/1.1\r\nHost: {h}\t\r\n", 200, mine},
		{"none", "GET / HTTP/1.1\r\nX: y\r\n", 0, ""},
		{"an empty one", "GET / HTTP/1.1\r\nHost:\r\n", 0, ""},
		{"none, long ago", "GET / HTTP/1.0\r\n", 0, ""},
		{"brackets", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n", 404, nobody},
		{"brackets around it", "GET / HTTP/1.1\r\nHost: [{h}]\r\n", 0, ""},
		{"an address", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n", 404, nobody},
		{"no port behind the colon", "GET / HTTP/1.1\r\nHost: {h}:\r\n", 404, nobody},
		{"a port of letters", "GET / HTTP/1.1\r\nHost: {h}:http\r\n", 0, ""},
		{"a port too long", "GET / HTTP/1.1\r\nHost: {h}:808080\r\n", 404, nobody},
		{"two ports", "GET / HTTP/1.1\r\nHost: {h}:80:80\r\n", 0, ""},
		{"a path in the host", "GET / HTTP/1.1\r\nHost: {h}/x\r\n", 0, ""},
		{"a question in the host", "GET / HTTP/1.1\r\nHost: {h}?{o}\r\n", 0, ""},
		{"a fragment in the host", "GET / HTTP/1.1\r\nHost: {h}#{o}\r\n", 0, ""},
		{"letters that look alike", "GET / HTTP/1.1\r\nHost: {h}\xef\xbc\x8eit\r\n", 0, ""},
		{"a Kelvin sign", "GET / HTTP/1.1\r\nHost: \u212A{h}\r\n", 0, ""},
		{"encoded", "GET / HTTP/1.1\r\nHost: %74{h}\r\n", 0, ""},
		{"an underscore", "GET / HTTP/1.1\r\nHost: _{h}\r\n", 404, nobody},
		{"a hyphen at the end", "GET / HTTP/1.1\r\nHost: {h}-\r\n", 404, nobody},
		{"a NUL", "GET / HTTP/1.1\r\nHost: {h}\x00.evil\r\n", 0, ""},
		{"forwarded by anyone", "GET / HTTP/1.1\r\nHost: {h}\r\nX-Forwarded-Host: {o}\r\n", 200, mine},
		{"forwarded from nowhere to us", "GET / HTTP/1.1\r\nHost: nessuno.example\r\nX-Forwarded-Host: {h}\r\n", 404, nobody},
		{"other such headers", "GET / HTTP/1.1\r\nHost: {h}\r\nForwarded: host={o}\r\nX-Host: {o}\r\nX-Original-Host: {o}\r\nX-HTTP-Host-Override: {o}\r\nX-Original-URL: /x\r\nX-Rewrite-URL: /x\r\n", 200, mine},
		{"by a proxy that is not on the list", "U GET / HTTP/1.1\r\nHost: {h}\r\nX-Forwarded-Host: {o}\r\n", 200, mine},
		{"by a proxy", "T GET / HTTP/1.1\r\nHost: inside:8080\r\nX-Forwarded-Host: {h}\r\n", 200, mine},
		{"by a proxy that says nothing of it", "T GET / HTTP/1.1\r\nHost: {h}\r\n", 200, mine},
		{"by a proxy, twice", "T GET / HTTP/1.1\r\nHost: inside\r\nX-Forwarded-Host: {h}\r\nX-Forwarded-Host: {o}\r\n", 404, nobody},
		{"by a proxy, two in one", "T GET / HTTP/1.1\r\nHost: inside\r\nX-Forwarded-Host: {h}, {o}\r\n", 404, nobody},
		{"by a proxy, badly spelled", "T GET / HTTP/1.1\r\nHost: {h}\r\nX-Forwarded-Host: {o}.\r\n", 404, nobody},
	} {
		t.Run(c.name, func(t *testing.T) {
			from := s
			if rest, ok := strings.CutPrefix(c.request, "T "); ok {
				from, c.request = trusting, rest
			} else if rest, ok := strings.CutPrefix(c.request, "U "); ok {
				from, c.request = untrusting, rest
			}
			request := strings.NewReplacer("{h}", s.city.Host, "{H}", strings.ToUpper(s.city.Host), "{o}", other.Host).Replace(c.request)
			got := send(t, from.address(), request+"Connection: close\r\n\r\n")
			if c.status == 0 { // refused, by fasthttp or by us
				if got.StatusCode != 400 && got.StatusCode != 404 {
					t.Errorf("status %d: %.200s", got.StatusCode, got.body)
				}
				got.lacks(t, mine, theirs, s.city.Name)
				return
			}
			got.status(t, c.status).holds(t, c.want)
		})
	}
}

// address starts listening at the first call.
func (s *site) address() string {
	if s.addr == "" {
		s.addr = s.listen()
	}
	return s.addr
}

func TestHost_WhereThereIsNoCityNoneIsNamed(t *testing.T) {
	t.Parallel()
	s := open(t, home(greet))
	var first reply
	for i, h := range []string{"nessuno.example", "x" + s.city.Host, testkit.Parent, "cremona.example"} {
		for _, target := range []string{"/", "/servizi", "/en", "/static/app.css", "/theme/x.css", "/status"} {
			got := s.get(target, host(h), as("citizen")).status(t, 404).has(t, "Set-Cookie", "").has(t, "Cache-Control", "no-store").lacks(t, s.city.Slug, s.city.Name, s.city.Portal, h)
			if i == 0 && target == "/" {
				first = got
			}
			if got.body != first.body {
				t.Errorf("%s%s says something else: %s", h, target, got.body)
			}
		}
	}
	if s.who.asked != 0 {
		t.Error("a session was looked for")
	}
}

func TestHost_SecondaryNamesLeadToTheFirst(t *testing.T) {
	t.Parallel()
	s := open(t, home(greet))
	second := "welfare-" + s.city.Slug + ".example"
	if err := testkit.DB(t).Tx(s.ctx, func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, "INSERT INTO hosts (host) VALUES ($1)", second)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "the host is known", func() bool { return testkit.Cities(t).ByHost(second) != nil })
	base := "http://" + s.city.Host + ":8080"
	for _, target := range []string{
		"/", "/servizi", "/en/servizi?q=asilo%20nido&pagina=2", "/servizi/a%2Fb", "/servizi/../x", "//evil.example/x", "/?next=https://evil.example", "/x?a=1&a=2&b",
	} {
		s.get(target, host(second)).status(t, 308).has(t, "Location", base+target).has(t, "Set-Cookie", "")
		s.get(target, host(strings.ToUpper(second)+":80")).status(t, 308).has(t, "Location", base+target)
	}
	s.ask(http.MethodPost, "/accedi", "a=b", host(second)).status(t, 308).has(t, "Location", base+"/accedi")
	if got := send(t, s.address(), "GET http://"+second+"/servizi?q=x HTTP/1.1\r\nHost: "+second+"\r\nConnection: close\r\n\r\n"); got.Header.Get("Location") != base+"/servizi?q=x" {
		t.Errorf("in absolute form: %d %s", got.StatusCode, got.Header.Get("Location"))
	}
	if got := send(t, s.address(), "GET /x HTTP/1.1\r\nHost: "+second+"\r\nX: a\rSet-Cookie: y\r\nConnection: close\r\n\r\n"); got.Header.Get("Set-Cookie") != "" {
		t.Error("a header was put in")
	}
}

func TestClient_IsWhomTheLastTrustedProxySaw(t *testing.T) {
	t.Parallel()
	proxies, err := web.ParseProxies("0.0.0.0, 10.0.0.0/8,2001:db8::/32")
	if err != nil {
		t.Fatal(err)
	}
	routes := home(func(r *web.Request) error { return r.Show(show(r.Client())) })
	s := open(t, routes, func(s *web.Server) { s.Proxies = proxies })
	alone := open(t, routes)
	two := func(r *http.Request) { r.Header["X-Forwarded-For"] = []string{"9.9.9.9", "192.0.2.7"} }
	for _, c := range []struct {
		name string
		site *site
		told option
		want string
	}{
		{"nobody told", s, func(*http.Request) {}, "0.0.0.0"},
		{"one", s, header("X-Forwarded-For", "192.0.2.7"), "192.0.2.7"},
		{"a made-up one before", s, header("X-Forwarded-For", "9.9.9.9, 192.0.2.7"), "192.0.2.7"},
		{"a made-up header before", s, two, "192.0.2.7"},
		{"a second proxy", s, header("X-Forwarded-For", "9.9.9.9, 192.0.2.7, 10.1.1.1"), "192.0.2.7"},
		{"proxies alone", s, header("X-Forwarded-For", "10.1.1.2, 10.1.1.1"), "10.1.1.2"},
		{"an address of six", s, header("X-Forwarded-For", "2a00::1, 2001:db8::1"), "2a00::1"},
		{"four in six", s, header("X-Forwarded-For", "::ffff:192.0.2.7"), "192.0.2.7"},
		{"junk", s, header("X-Forwarded-For", "192.0.2.7, unknown"), "0.0.0.0"},
		{"no proxy is trusted", alone, header("X-Forwarded-For", "192.0.2.7"), "0.0.0.0"},
	} {
		if got := c.site.get("/", c.told); got.body != "<p>"+c.want+"</p>" {
			t.Errorf("%s: %s, want %s", c.name, got.body, c.want)
		}
	}
	for _, s := range []string{"x", "10.0.0.0/33", "10.0.0.1,,x", "proxy.example"} {
		if p, err := web.ParseProxies(s); err == nil {
			t.Errorf("%q: %v", s, p)
		}
	}
}

func TestParseBase_ReadsOneAddress(t *testing.T) {
	t.Parallel()
	city := &tenants.City{Host: "cremona.welfare.example"}
	for s, want := range map[string]string{
		"http://localhost:8080":       "http://cremona.welfare.example:8080",
		"https://Welfare.example":     "https://cremona.welfare.example",
		"https://welfare.example/":    "https://cremona.welfare.example",
		"https://welfare.example:443": "https://cremona.welfare.example",
		"http://welfare.example:80":   "http://cremona.welfare.example",
		"http://welfare.example:443":  "http://cremona.welfare.example:443",
	} {
		base, err := web.ParseBase(s)
		if got := base.Of(city); err != nil || got != want {
			t.Errorf("%s: %s, want %s; %v", s, got, want, err)
		}
	}
	for _, s := range []string{"", "localhost:8080", "ftp://welfare.example", "https://", "https://welfare.example/sub", "://"} {
		if base, err := web.ParseBase(s); err == nil {
			t.Errorf("%q: %+v", s, base)
		}
	}
}
