package local

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const cardKey = "sk_test_a"

func startCards(t *testing.T, file string) *Cards {
	t.Helper()
	c, err := StartCards(t.Context(), "", file)
	if err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	c.pause = 5 * time.Millisecond
	c.mu.Unlock()
	t.Cleanup(func() { _ = c.Stop() })
	return c
}

// shop is where notices go; it answers the first so many with 500.
type shop struct {
	*httptest.Server
	got     chan string
	failing atomic.Int32
}

func startShop(t *testing.T) *shop {
	s := &shop{got: make(chan string, 100)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		at, ok := strings.CutPrefix(strings.Split(r.Header.Get("Stripe-Signature"), ",")[0], "t=")
		var seconds int64
		if _, err := fmt.Sscan(at, &seconds); err != nil || !ok || SignCards("whsec_a", time.Unix(seconds, 0), string(body)) != r.Header.Get("Stripe-Signature") {
			t.Errorf("not signed: %s", r.Header.Get("Stripe-Signature"))
		}
		if s.failing.Add(-1) >= 0 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		s.got <- r.Host + " " + string(body)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *shop) next(t *testing.T) string {
	t.Helper()
	select {
	case body := <-s.got:
		return body
	case <-time.After(10 * time.Second):
		t.Fatal("no notice came")
		return ""
	}
}

func (s *shop) quiet(t *testing.T) {
	t.Helper()
	select {
	case body := <-s.got:
		t.Errorf("a notice nobody waited for: %s", body)
	case <-time.After(100 * time.Millisecond):
	}
}

func sessionForm(change ...string) url.Values {
	form := url.Values{
		"mode": {"payment"}, "line_items[0][quantity]": {"1"}, "line_items[0][price_data][currency]": {"eur"},
		"line_items[0][price_data][unit_amount]": {"123450"}, "line_items[0][price_data][product_data][name]": {"Ordine <b>2026/000123</b>"},
		"client_reference_id": {"ours"}, "metadata[payment]": {"ours"}, "locale": {"it"}, "customer_email": {"maria@example.org"},
		"success_url": {"http://cremona.localhost/ok?s={CHECKOUT_SESSION_ID}"}, "cancel_url": {"http://cremona.localhost/no"},
	}
	for i := 0; i < len(change); i += 2 {
		form.Set(change[i], change[i+1])
	}
	return form
}

// ask calls the API; headers are pairs.
func ask(t *testing.T, c *Cards, method, path, key string, form url.Values, headers ...string) (int, map[string]any, http.Header) {
	t.Helper()
	r, err := http.NewRequest(method, c.URL()+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if key != "" {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var said map[string]any
	if err := json.NewDecoder(res.Body).Decode(&said); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, said, res.Header
}

func newSession(t *testing.T, c *Cards, change ...string) (id, page string) {
	t.Helper()
	status, said, _ := ask(t, c, http.MethodPost, "/v1/checkout/sessions", cardKey, sessionForm(change...))
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, said)
	}
	return said["id"].(string), said["url"].(string)
}

func TestCards_TellUntilTheyAreHeard(t *testing.T) {
	t.Parallel()
	c, s := startCards(t, ""), startShop(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	c.Account(cardKey, "http://cremona.localhost:"+port+"/notifiche", "whsec_a")
	s.failing.Store(3)
	id, _ := newSession(t, c)
	event, err := c.Pay(id)
	if err != nil {
		t.Fatal(err)
	}
	got := s.next(t)
	if !strings.HasPrefix(got, "cremona.localhost:"+port+" {") || !strings.Contains(got, event) || !strings.Contains(got, `"payment_status":"paid"`) {
		t.Error(got)
	}
	if err := c.Deliver(t.Context(), event); err != nil || s.next(t) != got {
		t.Errorf("delivered again: %v", err)
	}
	s.failing.Store(1)
	if err := c.Deliver(t.Context(), event); err == nil {
		t.Error("a refused notice is no error")
	}
	if _, err := c.Pay(id); err == nil {
		t.Error("paid twice")
	}
	s.quiet(t)
}

func TestCards_TellTwiceOrLate(t *testing.T) {
	t.Parallel()
	c, s := startCards(t, ""), startShop(t)
	c.Account(cardKey, s.URL, "whsec_a")
	c.Late(300 * time.Millisecond)
	twice, _ := newSession(t, c)
	if _, err := c.PayTwice(twice); err != nil {
		t.Errorf("twice: %v", err)
	} else if first, second := s.next(t), s.next(t); first != second {
		t.Errorf("twice: %s, then %s", first, second)
	}
	late, _ := newSession(t, c)
	if _, err := c.PayLate(late); err != nil {
		t.Fatal(err)
	}
	if charges := c.Charges(cardKey); len(charges) != 2 || charges[1].ID != late {
		t.Errorf("%+v", charges)
	}
	s.quiet(t)
	s.next(t)
}

func TestCards_TellThisMachineAlone(t *testing.T) {
	t.Parallel()
	c, s := startCards(t, ""), startShop(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	c.Account(cardKey, "http://cremona.example:"+port, "whsec_a")
	id, _ := newSession(t, c)
	event, _ := c.Pay(id)
	if err := c.Deliver(t.Context(), event); err == nil {
		t.Error("another machine was told")
	}
	s.quiet(t)
}

func TestCards_RememberAcrossARestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "cards.json")
	c, s := startCards(t, file), startShop(t)
	c.Account(cardKey, s.URL, "whsec_a")
	open, page := newSession(t, c)
	paid, _ := newSession(t, c)
	s.failing.Store(1 << 20)
	event, err := c.Pay(paid)
	if err != nil {
		t.Fatal(err)
	}
	_, first, _ := ask(t, c, http.MethodPost, "/v1/checkout/sessions", cardKey, sessionForm(), "Idempotency-Key", "k")
	if err := c.Stop(); err != nil {
		t.Fatal(err)
	}
	s.failing.Store(0)
	again := startCards(t, file)
	if got := s.next(t); !strings.Contains(got, event) {
		t.Errorf("after the restart: %s", got)
	}
	if again.URL() != c.URL() {
		t.Errorf("it answered at %s, now at %s", c.URL(), again.URL())
	}
	if _, now, _ := ask(t, again, http.MethodPost, "/v1/checkout/sessions", cardKey, sessionForm(), "Idempotency-Key", "k"); now["id"] != first["id"] {
		t.Error("an idempotency key was forgotten")
	}
	if body := fetch(t, page); !strings.Contains(body, "1.234,50\u00a0€") {
		t.Error(body)
	}
	if charges := again.Charges(cardKey); len(charges) != 1 || charges[0].ID != paid || charges[0].Cents != 123450 {
		t.Errorf("%+v", charges)
	}
	if _, err := again.Pay(open); err != nil {
		t.Error(err)
	}
}

func TestCards_RepeatAnAnswerByItsKey(t *testing.T) {
	t.Parallel()
	c := startCards(t, "")
	c.Account(cardKey, "http://127.0.0.1:9", "whsec_a")
	c.Account("sk_test_b", "http://127.0.0.1:9", "whsec_b")
	send := func(key string, form url.Values) (int, map[string]any, http.Header) {
		return ask(t, c, http.MethodPost, "/v1/checkout/sessions", key, form, "Idempotency-Key", "k")
	}
	if status, said, _ := send(cardKey, sessionForm("mode", "free")); status != http.StatusBadRequest {
		t.Errorf("%d %v", status, said)
	}
	_, first, header := send(cardKey, sessionForm()) // what was refused was not kept
	if header.Get("Idempotent-Replayed") != "" {
		t.Error("the first is no repeat")
	}
	status, again, header := send(cardKey, sessionForm())
	if status != http.StatusOK || again["id"] != first["id"] || header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%d %v %v", status, again["id"], header)
	}
	status, said, _ := send(cardKey, sessionForm("locale", "en"))
	if status != http.StatusBadRequest || said["error"].(map[string]any)["type"] != "idempotency_error" {
		t.Errorf("%d %v", status, said)
	}
	if _, other, _ := send("sk_test_b", sessionForm()); other["id"] == first["id"] || other["id"] == nil {
		t.Error("another account got the answer")
	}
	if got := len(c.Sessions(cardKey)); got != 1 {
		t.Errorf("%d pages", got)
	}
}

func TestCards_RefuseAsStripeDoes(t *testing.T) {
	t.Parallel()
	c := startCards(t, "")
	c.Account(cardKey, "http://127.0.0.1:9", "whsec_a")
	c.Account("sk_test_b", "http://127.0.0.1:9", "whsec_b")
	id, _ := newSession(t, c)
	const sessions, price = "/v1/checkout/sessions", "line_items[0][price_data]"
	soon, far := fmt.Sprint(time.Now().Add(29*time.Minute).Unix()), fmt.Sprint(time.Now().Add(25*time.Hour).Unix())
	for _, row := range []struct {
		path, key string
		form      url.Values // nil asks, others post
		status    int
		say       string // code, or else param
	}{
		{sessions, "", sessionForm(), 401, ""},
		{sessions, "sk_test_x", sessionForm(), 401, ""},
		{sessions, cardKey, sessionForm("expires_at", soon), 400, "expires_at"},
		{sessions, cardKey, sessionForm("expires_at", far), 400, "expires_at"},
		{sessions, cardKey, sessionForm("expires_at", "x"), 400, "expires_at"},
		{sessions, cardKey, sessionForm("success_url", "/ok"), 400, "success_url"},
		{sessions, cardKey, sessionForm("cancel_url", "javascript:alert(1)"), 400, "cancel_url"},
		{sessions, cardKey, sessionForm("customer_email", ""), 400, "email_invalid"},
		{sessions, cardKey, sessionForm("locale", "xx"), 400, "locale"},
		{sessions, cardKey, sessionForm(price+"[unit_amount]", "49"), 400, "amount_too_small"},
		{sessions, cardKey, sessionForm(price+"[unit_amount]", "-5"), 400, price + "[unit_amount]"},
		{sessions, cardKey, sessionForm(price+"[currency]", ""), 400, price + "[currency]"},
		{sessions, cardKey, sessionForm(price+"[product_data][name]", " "), 400, price + "[product_data][name]"},
		{sessions, cardKey, sessionForm("line_items[0][quantity]", "0"), 400, "line_items[0][quantity]"},
		{sessions, cardKey, sessionForm("client_reference_id", strings.Repeat("x", 201)), 400, "client_reference_id"},
		{sessions, cardKey, sessionForm("colour", "red"), 400, "parameter_unknown"},
		{sessions + "?limit=0", cardKey, nil, 400, "limit"},
		{sessions + "/cs_none", cardKey, nil, 404, "resource_missing"},
		{sessions + "/" + id, "sk_test_b", nil, 404, "resource_missing"},
		{sessions + "/" + id + "/expire", "sk_test_b", url.Values{}, 404, "resource_missing"},
		{"/v1/refunds", cardKey, url.Values{"payment_intent": {"pi_none"}}, 404, "resource_missing"},
		{"/v1/refunds", cardKey, url.Values{}, 404, "resource_missing"},
		{"/v1/refunds/re_none", cardKey, nil, 404, "resource_missing"},
		{"/v1/customers", cardKey, nil, 404, ""},
	} {
		method := http.MethodPost
		if row.form == nil {
			method = http.MethodGet
		}
		status, said, _ := ask(t, c, method, row.path, row.key, row.form)
		told, _ := said["error"].(map[string]any)
		got, _ := told["code"].(string)
		if got == "" {
			got, _ = told["param"].(string)
		}
		if status != row.status || got != row.say || told["type"] != "invalid_request_error" || told["message"] == "" {
			t.Errorf("%s %s %v: %d %v", method, row.path, row.form, status, said)
		}
	}
	if got := len(c.Sessions(cardKey)); got != 1 {
		t.Errorf("%d pages", got)
	}
}

func TestCards_GiveBackNoMoreThanWasPaid(t *testing.T) {
	t.Parallel()
	c := startCards(t, "")
	c.Account(cardKey, "http://127.0.0.1:9", "whsec_a")
	id, _ := newSession(t, c)
	if _, err := c.Pay(id); err != nil {
		t.Fatal(err)
	}
	charge := c.Charges(cardKey)[0].Charge
	give := func(cents string) (int, map[string]any) {
		status, said, _ := ask(t, c, http.MethodPost, "/v1/refunds", cardKey, url.Values{"payment_intent": {charge}, "amount": {cents}})
		return status, said
	}
	if status, said := give("123451"); status != http.StatusBadRequest {
		t.Errorf("too much: %v", said)
	}
	status, part := give("123000")
	if status != http.StatusOK || part["status"] != "succeeded" {
		t.Errorf("a part: %v", part)
	}
	if status, said := give("451"); status != http.StatusBadRequest {
		t.Errorf("more than the rest: %v", said)
	}
	if status, said := give("450"); status != http.StatusOK {
		t.Errorf("the rest: %v", said)
	}
	if status, said := give("1"); status != http.StatusBadRequest || said["error"].(map[string]any)["code"] != "charge_already_refunded" {
		t.Errorf("%v", said)
	}
	if err := c.Bounce(part["id"].(string)); err != nil {
		t.Fatal(err)
	}
	if status, said := give("123000"); status != http.StatusOK {
		t.Errorf("what had failed: %v", said)
	}
}

func TestCards_ListNewestFirst(t *testing.T) {
	t.Parallel()
	c := startCards(t, "")
	c.Account(cardKey, "http://127.0.0.1:9", "whsec_a")
	var made []string
	for range 3 {
		id, _ := newSession(t, c)
		made = append([]string{id}, made...)
	}
	_, first, _ := ask(t, c, http.MethodGet, "/v1/checkout/sessions?limit=2", cardKey, nil)
	_, rest, _ := ask(t, c, http.MethodGet, "/v1/checkout/sessions?limit=2&starting_after="+made[1], cardKey, nil)
	ids := func(page map[string]any) (all []string) {
		for _, s := range page["data"].([]any) {
			all = append(all, s.(map[string]any)["id"].(string))
		}
		return all
	}
	if got := append(ids(first), ids(rest)...); strings.Join(got, " ") != strings.Join(made, " ") || first["has_more"] != true || rest["has_more"] != false {
		t.Errorf("%v, want %v", got, made)
	}
	_, none, _ := ask(t, c, http.MethodGet, fmt.Sprintf("/v1/checkout/sessions?created%%5Bgte%%5D=%d", time.Now().Add(time.Minute).Unix()), cardKey, nil)
	if len(ids(none)) != 0 {
		t.Errorf("%v", none)
	}
}

func TestCards_EndPagesInTheirTime(t *testing.T) {
	t.Parallel()
	c, s := startCards(t, ""), startShop(t)
	c.Account(cardKey, s.URL, "whsec_a")
	id, page := newSession(t, c)
	c.mu.Lock()
	c.accounts[cardKey].Sessions[id].Expires = time.Now()
	c.mu.Unlock()
	if got := s.next(t); !strings.Contains(got, `"checkout.session.expired"`) {
		t.Error(got)
	}
	if body := fetch(t, page); !strings.Contains(body, "Il tempo per pagare è finito") || strings.Contains(body, "<form") {
		t.Error(body)
	}
}

func post(t *testing.T, page string, form url.Values) (int, string, string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.PostForm(page, form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	return res.StatusCode, res.Header.Get("Location"), string(body)
}

func TestCards_PageTakesTestCardsOnly(t *testing.T) {
	t.Parallel()
	c := startCards(t, "")
	c.Account(cardKey, "http://cremona.localhost:9/x", "whsec_a")
	id, page := newSession(t, c)
	for number, want := range map[string]string{
		"4000 0000 0000 0002": "La banca non ha accettato la carta", "5555 5555 5555 4444": "solo le carte di prova", "": "solo le carte di prova",
	} {
		status, _, body := post(t, page, url.Values{"esito": {"paga"}, "numero": {number}})
		if status != http.StatusPaymentRequired || !strings.Contains(body, want) || !strings.Contains(body, `role="alert"`) || number != "" && strings.Contains(body, `value="`+number) {
			t.Errorf("%q: %d %s", number, status, body)
		}
	}
	status, to, _ := post(t, page, url.Values{"esito": {"paga"}, "numero": {"4242424242424242"}})
	if status != http.StatusSeeOther || to != "http://cremona.localhost/ok?s="+id {
		t.Errorf("%d %s", status, to)
	}
	if status, _, body := post(t, page, url.Values{"esito": {"due"}}); status != http.StatusConflict || !strings.Contains(body, "Hai già pagato") {
		t.Errorf("%d %s", status, body)
	}
	if got := c.Sessions(cardKey); got[0].Refused != 1 || len(c.Events(cardKey)) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestCards_PageSpeaksBothLanguages(t *testing.T) {
	t.Parallel()
	c := startCards(t, "")
	c.Account(cardKey, "http://cremona.localhost:9/x", "whsec_a")
	c.Name(cardKey, "Cremona & dintorni")
	for locale, want := range map[string][]string{
		"it": {`lang="it"`, "nessun denaro vero", "Paga 1.234,50\u00a0€", "Cremona &amp; dintorni", "Ordine &lt;b&gt;2026/000123", "maria@example.org"},
		"en": {`lang="en"`, "no real money", "Pay €1,234.50", "http://cremona.localhost/no"},
	} {
		_, page := newSession(t, c, "locale", locale)
		body := fetch(t, page)
		for _, w := range want {
			if !strings.Contains(body, w) {
				t.Errorf("%s: no %q in %s", locale, w, body)
			}
		}
	}
	for key := range cardsWords["it"] {
		if cardsWords["en"][key] == "" || len(cardsWords["en"]) != len(cardsWords["it"]) {
			t.Errorf("no English for %s", key)
		}
	}
	for cents, want := range map[int64]string{50: "0,50\u00a0€", 100_000_005: "1.000.000,05\u00a0€"} {
		if got := (cardPage{CardSession: CardSession{Cents: cents, Currency: "eur"}, Lang: "it"}).Amount(); got != want {
			t.Errorf("%d: %s", cents, got)
		}
	}
}

func TestCards_AnswerThisMachinesNamesOnly(t *testing.T) {
	t.Parallel()
	c := startCards(t, "")
	r := httptest.NewRequest(http.MethodGet, "/c/pay/x", nil)
	r.Host = "evil.example"
	w := httptest.NewRecorder()
	if c.ServeHTTP(w, r); w.Code != http.StatusMisdirectedRequest {
		t.Errorf("%d", w.Code)
	}
	r.Host, w = "localhost:1", httptest.NewRecorder()
	if c.ServeHTTP(w, r); w.Code != http.StatusNotFound {
		t.Errorf("%d", w.Code)
	}
}

func TestCards_BearManyAtOnce(t *testing.T) {
	t.Parallel()
	c, s := startCards(t, filepath.Join(t.TempDir(), "cards.json")), startShop(t)
	c.Account(cardKey, s.URL, "whsec_a")
	id, page := newSession(t, c)
	var all sync.WaitGroup
	var paid atomic.Int32
	for range 10 {
		all.Go(func() {
			if status, _, _ := post(t, page, url.Values{"esito": {"paga"}, "numero": {goodCard}}); status == http.StatusSeeOther {
				paid.Add(1)
			}
		})
		all.Go(func() { c.Hold(true); c.Charges(cardKey); c.Events(cardKey); c.Hold(false) })
		all.Go(func() { newSession(t, c) })
	}
	all.Wait()
	if paid.Load() != 1 || len(c.Charges(cardKey)) != 1 || len(c.Sessions(cardKey)) != 11 {
		t.Errorf("%s was paid %d times; %d pages", id, paid.Load(), len(c.Sessions(cardKey)))
	}
	s.next(t)
	s.quiet(t)
}
