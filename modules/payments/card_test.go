package payments_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/payments"
	"github.com/welfarex/welfarex/tenants"
)

// sealed are secrets by city and name.
type sealed map[string]string

func (s sealed) Secret(ctx context.Context, name string) ([]byte, error) {
	city, err := tenants.From(ctx)
	if err != nil {
		return nil, err
	}
	value, ok := s[city.Slug+" "+name]
	if !ok {
		return nil, fmt.Errorf("%w: %s", tenants.ErrNoSecret, name)
	}
	return []byte(value), nil
}

// rails is a gateway with the accounts of two cities, and what the first is told by it.
type rails struct {
	cards  *local.Cards
	card   *payments.Card
	here   context.Context
	there  context.Context
	posted chan posted
}

type posted struct {
	signature string
	body      []byte
}

const keyHere, keyThere, whsecHere, whsecThere = "sk_test_here", "sk_test_there", "whsec_here", "whsec_there"

func startRails(t *testing.T) *rails {
	t.Helper()
	cards, err := local.StartCards(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cards.Stop() })
	w := &rails{cards: cards, here: cityOf(t, "here"), there: cityOf(t, "there"), posted: make(chan posted, 100)}
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.posted <- posted{r.Header.Get("Stripe-Signature"), body}
	}))
	t.Cleanup(hook.Close)
	cards.Account(keyHere, hook.URL, whsecHere)
	cards.Account(keyThere, hook.URL, whsecThere)
	w.card = payments.NewCard(sealed{
		"here card.key": keyHere + "\n", "here card.webhook": whsecHere, "there card.key": keyThere, "there card.webhook": whsecThere,
	}, cards.URL(), nil)
	return w
}

func cityOf(t *testing.T, slug string) context.Context {
	return tenants.With(t.Context(), &tenants.City{ID: uuid.Must(uuid.NewV7()), Slug: slug})
}

func cityIn(ctx context.Context) string {
	city, err := tenants.From(ctx)
	if err != nil {
		return err.Error()
	}
	return city.ID.String()
}

func charge() payments.Charge {
	return payments.Charge{
		ID: uuid.Must(uuid.NewV7()), Cents: 123450, Description: "Ordine 2026/000123", Email: "maria@example.org", Lang: "it",
		Back: "http://cremona.localhost:8080/ordini/7?a=b", Expires: time.Now().Add(time.Hour),
	}
}

func (w *rails) open(t *testing.T, c payments.Charge) payments.Session {
	t.Helper()
	s, err := w.card.Start(w.here, c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// paid opens and pays a charge, and reads the notice.
func (w *rails) paid(t *testing.T, c payments.Charge) payments.Notice {
	t.Helper()
	if _, err := w.cards.Pay(w.open(t, c).ID); err != nil {
		t.Fatal(err)
	}
	return w.told(t)
}

func (w *rails) told(t *testing.T) payments.Notice {
	t.Helper()
	select {
	case p := <-w.posted:
		n, err := w.card.Read(w.here, p.signature, p.body)
		if err != nil {
			t.Fatal(err)
		}
		return n
	case <-time.After(10 * time.Second):
		t.Fatal("no notice came")
	}
	return payments.Notice{}
}

func TestCard_IsPaidOnTheHostedPage(t *testing.T) {
	t.Parallel()
	w, c := startRails(t), charge()
	s := w.open(t, c)
	if n, err := w.card.Look(w.here, s.ID); err != nil || n.Kind != payments.Nothing || n.Payment != c.ID {
		t.Errorf("open: %+v, %v", n, err)
	}
	status, back := submit(t, s.URL, "paga")
	if status != http.StatusSeeOther || back != "http://cremona.localhost:8080/ordini/7?a=b&esito=fatto" {
		t.Errorf("%d %s", status, back)
	}
	n := w.told(t)
	if !strings.HasPrefix(n.ID, "evt_") || !strings.HasPrefix(n.Charge, "pi_") {
		t.Errorf("%+v", n)
	}
	want := payments.Notice{ID: n.ID, Kind: payments.Paid, Payment: c.ID, Session: s.ID, Charge: n.Charge, Cents: 123450}
	if n != want {
		t.Errorf("%+v, want %+v", n, want)
	}
	want.ID = ""
	if looked, err := w.card.Look(w.here, s.ID); err != nil || looked != want {
		t.Errorf("looked: %+v, %v", looked, err)
	}
	charges := w.cards.Charges(keyHere)
	if len(charges) != 1 || charges[0].ChargeMeta["payment"] != c.ID.String() || charges[0].ChargeMeta["city"] != cityIn(w.here) || charges[0].Metadata["city"] != cityIn(w.here) || charges[0].Email != "maria@example.org" || charges[0].Description != c.Description {
		t.Errorf("%+v", charges)
	}
}

func submit(t *testing.T, page, act string) (status int, location string) {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.PostForm(page, url.Values{"esito": {act}, "numero": {"4242 4242 4242 4242"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	return res.StatusCode, res.Header.Get("Location")
}

func TestCard_ARefusedCardLeavesThePageOpen(t *testing.T) {
	t.Parallel()
	w := startRails(t)
	s := w.open(t, charge())
	if status, _ := submit(t, s.URL, "rifiuta"); status != http.StatusPaymentRequired {
		t.Errorf("%d", status)
	}
	if n, err := w.card.Look(w.here, s.ID); err != nil || n.Kind != payments.Nothing {
		t.Errorf("%+v, %v", n, err)
	}
	if _, err := w.cards.Pay(s.ID); err != nil {
		t.Error(err)
	}
}

func TestCard_StartedAgainIsTheSamePage(t *testing.T) {
	t.Parallel()
	w, c := startRails(t), charge()
	first := w.open(t, c)
	w.open(t, charge())
	for name, change := range map[string]func(*payments.Charge){
		"the same":         func(*payments.Charge) {},
		"another language": func(c *payments.Charge) { c.Lang, c.Back = "en", "http://cremona.localhost:8080/en/ordini/7" },
		"another email":    func(c *payments.Charge) { c.Email = "" },
		"another end":      func(c *payments.Charge) { c.Expires = c.Expires.Add(time.Minute) },
	} {
		again := c
		change(&again)
		if s := w.open(t, again); s != first {
			t.Errorf("%s: %+v, want %+v", name, s, first)
		}
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if s, err := w.card.Start(w.here, c); err != nil || s != first {
				t.Errorf("at once: %+v, %v", s, err)
			}
		})
	}
	all.Wait()
	if got := w.cards.Sessions(keyHere); len(got) != 2 {
		t.Errorf("%d pages", len(got))
	}
}

func TestCard_StartedAgainAfterTheEndLeadsBack(t *testing.T) {
	t.Parallel()
	w, c := startRails(t), charge()
	first := w.open(t, c)
	if err := w.card.Close(w.here, first.ID); err != nil {
		t.Fatal(err)
	}
	c.Lang = "en"
	if s := w.open(t, c); s.ID != first.ID || s.URL != c.Back+"&esito=fatto" {
		t.Errorf("%+v", s)
	}
}

func TestCard_EndsWithinWhatStripeTakes(t *testing.T) {
	t.Parallel()
	w := startRails(t)
	for name, row := range map[string]struct{ asked, got time.Duration }{
		"soon": {time.Minute, 40 * time.Minute}, "an hour": {time.Hour, time.Hour}, "a week": {7 * 24 * time.Hour, 24 * time.Hour},
	} {
		c := charge()
		c.Expires = time.Now().Add(row.asked)
		s := w.open(t, c)
		if again := w.open(t, c); again != s {
			t.Errorf("%s: %+v, then %+v", name, s, again)
		}
		for _, made := range w.cards.Sessions(keyHere) {
			if off := made.Expires.Sub(made.Created) - row.got; made.ID == s.ID && off.Abs() > 5*time.Second {
				t.Errorf("%s: off by %v", name, off)
			}
		}
	}
}

func TestCard_APaymentMadeLongAgoCanStillBeBegun(t *testing.T) {
	t.Parallel()
	w, c := startRails(t), charge()
	ms := time.Now().Add(-2 * time.Hour).UnixMilli()
	for i := range 6 {
		c.ID[i] = byte(ms >> (8 * (5 - i)))
	}
	c.Expires = time.Now().Add(time.Minute)
	first := w.open(t, c)
	if again := w.open(t, c); again != first {
		t.Errorf("%+v, then %+v", first, again)
	}
}

func TestCard_ClosedIsExpired(t *testing.T) {
	t.Parallel()
	w, c := startRails(t), charge()
	s := w.open(t, c)
	for range 2 {
		if err := w.card.Close(w.here, s.ID); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.told(t); n.Kind != payments.Expired || n.Payment != c.ID || n.Session != s.ID || n.Charge != "" {
		t.Errorf("%+v", n)
	}
	if n, err := w.card.Look(w.here, s.ID); err != nil || n.Kind != payments.Expired {
		t.Errorf("%+v, %v", n, err)
	}
	if _, err := w.cards.Pay(s.ID); err == nil {
		t.Error("a closed page was paid")
	}
	paid := w.paid(t, charge())
	if err := w.card.Close(w.here, paid.Session); err != nil {
		t.Errorf("a paid page: %v", err)
	}
	if n, err := w.card.Look(w.here, paid.Session); err != nil || n.Kind != payments.Paid {
		t.Errorf("%+v, %v", n, err)
	}
	if err := w.card.Close(w.here, "cs_test_none"); err == nil {
		t.Error("a page that is not there was closed")
	}
}

func TestCard_GivesBackOnce(t *testing.T) {
	t.Parallel()
	w := startRails(t)
	n := w.paid(t, charge())
	r := payments.Return{ID: uuid.Must(uuid.NewV7()), Charge: n.Charge, Cents: n.Cents}
	for range 3 {
		if id, done, err := w.card.Refund(w.here, r); err != nil || !done || !strings.HasPrefix(id, "re_") {
			t.Fatalf("%s %v %v", id, done, err)
		}
	}
	if got := w.cards.Refunds(keyHere); len(got) != 1 || got[0].Cents != n.Cents || got[0].Charge != n.Charge || got[0].Metadata["city"] != cityIn(w.here) {
		t.Errorf("%+v", got)
	}
	r.ID = uuid.Must(uuid.NewV7())
	if _, _, err := w.card.Refund(w.here, r); err == nil || !strings.Contains(err.Error(), "charge_already_refunded") {
		t.Errorf("given back twice: %v", err)
	}
}

func TestCard_ARefundIsToldOf(t *testing.T) {
	t.Parallel()
	w := startRails(t)
	n := w.paid(t, charge())
	w.cards.Hold(true)
	r := payments.Return{ID: uuid.Must(uuid.NewV7()), Charge: n.Charge, Cents: n.Cents}
	id, done, err := w.card.Refund(w.here, r)
	if err != nil || done {
		t.Fatalf("%v %v", done, err)
	}
	if told := w.told(t); told.Kind != payments.Nothing {
		t.Errorf("%+v", told)
	}
	w.cards.Hold(false)
	if told := w.told(t); told.Kind != payments.Returned || told.Refund != r.ID || told.Cents != n.Cents || told.Charge != n.Charge || told.Payment != uuid.Nil {
		t.Errorf("%+v", told)
	}
	if again, done, err := w.card.Refund(w.here, r); err != nil || !done || again != id {
		t.Errorf("asked again: %s %v %v", again, done, err)
	}
	if err := w.cards.Bounce(id); err != nil {
		t.Fatal(err)
	}
	if told := w.told(t); told.Kind != payments.ReturnFailed || told.Refund != r.ID {
		t.Errorf("%+v", told)
	}
	if _, _, err := w.card.Refund(w.here, r); err == nil {
		t.Error("a failed refund is no error")
	}
}

// More than two of Stripe's pages of a hundred.
func TestCard_ListsAllThatWasTakenAndGivenBack(t *testing.T) {
	t.Parallel()
	w, began := startRails(t), time.Now().Add(-time.Second)
	c := charge()
	n := w.paid(t, c)
	w.open(t, charge()) // not paid
	r := payments.Return{ID: uuid.Must(uuid.NewV7()), Charge: n.Charge, Cents: n.Cents}
	re, _, err := w.card.Refund(w.here, r)
	if err != nil {
		t.Fatal(err)
	}
	w.cards.Slip(keyHere, func(sessions map[string]*local.CardSession, _ map[string]*local.CardRefund) {
		for i := range 230 {
			id := fmt.Sprintf("pi_%03d", i)
			sessions[id] = &local.CardSession{ID: id, Status: "complete", Charge: id, Cents: 100, Currency: "eur", Created: time.Now(), Paid: time.Now()}
		}
		sessions["old"] = &local.CardSession{ID: "old", Status: "complete", Charge: "pi_old", Cents: 1, Currency: "eur", Created: began, Paid: began.Add(-time.Hour)}
	})
	all, err := w.card.List(w.here, began, time.Now().Add(time.Minute))
	if err != nil || len(all.Taken) != 231 || len(all.GivenBack) != 1 {
		t.Fatalf("%d and %d, %v", len(all.Taken), len(all.GivenBack), err)
	}
	found := slices.IndexFunc(all.Taken, func(t payments.Taken) bool { return t.ID == n.Charge })
	if found < 0 || all.Taken[found].Payment != c.ID || all.Taken[found].Cents != n.Cents || time.Since(all.Taken[found].At) > time.Minute {
		t.Errorf("%+v", all.Taken)
	}
	if back := all.GivenBack[0]; back.ID != re || back.Refund != r.ID || back.Cents != n.Cents || back.State != payments.ReturnDone {
		t.Errorf("%+v", back)
	}
	if none, err := w.card.List(w.there, began, time.Now().Add(time.Minute)); err != nil || len(none.Taken)+len(none.GivenBack) != 0 {
		t.Errorf("another city: %+v, %v", none, err)
	}
	if early, err := w.card.List(w.here, began.Add(-2*time.Hour), began); err != nil || len(early.Taken) != 1 {
		t.Errorf("earlier: %+v, %v", early, err)
	}
}

func TestCard_ReadsOnlyWhatItsCitySigned(t *testing.T) {
	t.Parallel()
	w, c := startRails(t), charge()
	if _, err := w.cards.Pay(w.open(t, c).ID); err != nil {
		t.Fatal(err)
	}
	p := <-w.posted
	sign := func(secret string, ago time.Duration, body []byte) string {
		return local.SignCards(secret, time.Now().Add(-ago), string(body))
	}
	for name, row := range map[string]struct {
		ctx       context.Context
		signature string
		body      []byte
	}{
		"no header":              {w.here, "", p.body},
		"no signature":           {w.here, "t=1", p.body},
		"nonsense":               {w.here, "v1", p.body},
		"another secret":         {w.here, sign("whsec_other", 0, p.body), p.body},
		"an empty secret":        {w.here, sign("", 0, p.body), p.body},
		"another city's secret":  {w.here, sign(whsecThere, 0, p.body), p.body},
		"our secret in another":  {w.there, p.signature, p.body},
		"an old one":             {w.here, sign(whsecHere, 6*time.Minute, p.body), p.body},
		"a changed body":         {w.here, p.signature, []byte(strings.Replace(string(p.body), "123450", "123451", 1))},
		"a longer body":          {w.here, p.signature, append([]byte(" "), p.body...)},
		"unsigned and malformed": {w.here, sign("whsec_other", 0, []byte("{")), []byte("{")},
		"an old scheme":          {w.here, strings.Replace(p.signature, "v1=", "v0=", 1), p.body},
	} {
		if n, err := w.card.Read(row.ctx, row.signature, row.body); !errors.Is(err, payments.ErrSignature) || n != (payments.Notice{}) {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
	for name, signature := range map[string]string{
		"as it came": p.signature, "four minutes ago": sign(whsecHere, 4*time.Minute, p.body),
		"while the secret changes": sign("whsec_old", 0, p.body) + "," + strings.Split(sign(whsecHere, 0, p.body), ",")[1],
	} {
		if n, err := w.card.Read(w.here, signature, p.body); err != nil || n.Payment != c.ID {
			t.Errorf("%s: %+v, %v", name, n, err)
		}
	}
}

// TestCard_ReadsWhatConcernsIt says what each signed event means; told is the object of it.
func TestCard_ReadsWhatConcernsIt(t *testing.T) {
	t.Parallel()
	w, id := startRails(t), uuid.Must(uuid.NewV7())
	session := func(rest string) string {
		return fmt.Sprintf(`{"id":"cs_1","object":"checkout.session","client_reference_id":%q,"metadata":{"payment":%q},"amount_total":500,"currency":"eur",`+
			`"payment_intent":"pi_1",%s}`, id, id, rest)
	}
	refund := func(rest string) string {
		return fmt.Sprintf(`{"id":"re_1","object":"refund","amount":500,"currency":"eur","payment_intent":"pi_1","metadata":{"refund":%q},%s}`, id, rest)
	}
	paid, wrong := `"payment_status":"paid","status":"complete"`, errors.New("an error")
	for _, row := range []struct {
		kind, object string
		want         payments.NoticeKind
		err          error
	}{
		{"checkout.session.completed", session(paid), payments.Paid, nil},
		{"checkout.session.completed", session(`"payment_status":"unpaid","status":"complete"`), payments.Nothing, nil},
		{"checkout.session.completed", session(`"payment_status":"no_payment_required","status":"complete"`), payments.Nothing, nil},
		{"checkout.session.async_payment_succeeded", session(paid), payments.Paid, nil},
		{"checkout.session.expired", session(`"payment_status":"unpaid","status":"expired"`), payments.Expired, nil},
		{"checkout.session.completed", strings.Replace(session(paid), `"eur"`, `"usd"`, 1), "", wrong},
		{"checkout.session.completed", strings.Replace(session(paid), `"pi_1"`, `null`, 1), "", wrong},
		{"checkout.session.completed", strings.Replace(session(paid), `"client_reference_id":"`, `"client_reference_id":"x`, 1), payments.Nothing, nil},
		{"checkout.session.completed", strings.Replace(session(paid), `"payment":"`, `"pay":"`, 1), payments.Nothing, nil}, // a reference is easily forged
		{"checkout.session.completed", `{"id":"cs_2","payment_status":"paid","status":"complete"}`, payments.Nothing, nil},
		{"checkout.session.completed", `[]`, "", wrong},
		{"refund.updated", refund(`"status":"succeeded"`), payments.Returned, nil},
		{"charge.refund.updated", refund(`"status":"succeeded"`), payments.Returned, nil},
		{"refund.updated", refund(`"status":"failed"`), payments.ReturnFailed, nil},
		{"refund.failed", refund(`"status":"failed"`), payments.ReturnFailed, nil},
		{"refund.updated", refund(`"status":"canceled"`), payments.ReturnFailed, nil},
		{"refund.updated", refund(`"status":"pending"`), payments.Nothing, nil},
		{"refund.updated", `{"id":"re_2","status":"succeeded","currency":"eur"}`, payments.Nothing, nil},
		{"refund.updated", strings.Replace(refund(`"status":"succeeded"`), `"eur"`, `"usd"`, 1), "", wrong},
		{"payment_intent.succeeded", `{"id":"pi_1"}`, payments.Nothing, nil},
	} {
		body := fmt.Sprintf(`{"id":"evt_1","object":"event","api_version":"2011-01-01","type":%q,"data":{"object":%s}}`, row.kind, row.object)
		n, err := w.card.Read(w.here, local.SignCards(whsecHere, time.Now(), body), []byte(body))
		if (err != nil) != (row.err != nil) || n.Kind != row.want || err == nil && n.ID != "evt_1" || errors.Is(err, payments.ErrSignature) {
			t.Errorf("%s %s: %+v, %v", row.kind, row.object, n, err)
		}
	}
	for _, body := range []string{"{", "null", `{"type":"refund.updated"}`, `{"type":"refund.updated","data":null}`} {
		if n, err := w.card.Read(w.here, local.SignCards(whsecHere, time.Now(), body), []byte(body)); n.Kind != payments.Nothing || errors.Is(err, payments.ErrSignature) {
			t.Errorf("%s: %+v, %v", body, n, err)
		}
	}
}

func TestCard_AnotherCitySeesNothing(t *testing.T) {
	t.Parallel()
	w, c := startRails(t), charge()
	n := w.paid(t, c)
	open := w.open(t, charge())
	if n, err := w.card.Look(w.there, n.Session); err == nil {
		t.Errorf("%+v", n)
	}
	if err := w.card.Close(w.there, open.ID); err == nil {
		t.Error("another city closed it")
	}
	if _, _, err := w.card.Refund(w.there, payments.Return{ID: uuid.Must(uuid.NewV7()), Charge: n.Charge, Cents: 100}); err == nil {
		t.Error("another city gave it back")
	}
	if n, err := w.card.Look(w.here, open.ID); err != nil || n.Kind != payments.Nothing {
		t.Errorf("%+v, %v", n, err)
	}
	if s, err := w.card.Start(w.there, c); err != nil || s.ID == n.Session { // keys of idempotency are the account's own
		t.Errorf("%+v, %v", s, err)
	}
}

func TestCard_IsNotSet(t *testing.T) {
	t.Parallel()
	w := startRails(t)
	nowhere := cityOf(t, "nowhere")
	empty := payments.NewCard(sealed{"here card.key": " ", "here card.webhook": ""}, w.cards.URL(), nil)
	for name, err := range map[string]error{
		"start":  second(w.card.Start(nowhere, charge())),
		"look":   second(w.card.Look(nowhere, "cs_1")),
		"close":  w.card.Close(nowhere, "cs_1"),
		"read":   second(w.card.Read(nowhere, local.SignCards("", time.Now(), "{}"), []byte("{}"))),
		"empty":  second(empty.Start(w.here, charge())),
		"unread": second(empty.Read(w.here, local.SignCards("", time.Now(), "{}"), []byte("{}"))),
	} {
		if !errors.Is(err, payments.ErrNotSet) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.card.Start(t.Context(), charge()); !errors.Is(err, tenants.ErrNoCity) {
		t.Errorf("without a city: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestCard_ErrorsTellNothingOfThePerson(t *testing.T) {
	t.Parallel()
	w, c := startRails(t), charge()
	c.Email = "maria.rossi"
	_, err := w.card.Start(w.here, c)
	if err == nil || strings.Contains(err.Error(), "maria") || !strings.Contains(err.Error(), "email_invalid") {
		t.Errorf("%v", err)
	}
	wrong := payments.NewCard(sealed{"here card.key": "sk_test_wrong"}, w.cards.URL(), nil)
	if _, err := wrong.Start(w.here, charge()); err == nil || strings.Contains(err.Error(), "sk_test_wrong") || !strings.Contains(err.Error(), "401") {
		t.Errorf("%v", err)
	}
	c = charge()
	c.Back = "/ordini/7"
	if _, err := w.card.Start(w.here, c); err == nil {
		t.Error("a way back without a host")
	}
}

func TestCard_DoesNotWaitForEver(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	done := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1); <-done }))
	t.Cleanup(slow.Close)
	t.Cleanup(func() { close(done) })
	card := payments.NewCard(sealed{"here card.key": "sk_test_x"}, slow.URL, &http.Client{Timeout: 50 * time.Millisecond})
	began := time.Now()
	_, err := card.Look(cityOf(t, "here"), "cs_1")
	if took := time.Since(began); err == nil || took > 10*time.Second || asked.Load() != 3 {
		t.Errorf("%v after %v and %d tries", err, took, asked.Load())
	}
	ctx, cancel := context.WithTimeout(cityOf(t, "here"), 20*time.Millisecond)
	defer cancel()
	if _, err := card.Look(ctx, "cs_1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestCard_NamesWhereItsFormsLead(t *testing.T) {
	t.Parallel()
	if got := payments.NewCard(nil, "", nil).FormsTo(); got != "https://checkout.stripe.com" {
		t.Error(got)
	}
	if got := payments.NewCard(nil, "http://127.0.0.1:7777/", nil).FormsTo(); got != "http://127.0.0.1:7777" {
		t.Error(got)
	}
}
