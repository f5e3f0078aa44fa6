package payments_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/payments"
)

// seen keeps what was asked of a server and how it answered.
type seen struct {
	mu    sync.Mutex
	calls []string
	keys  []string
}

func (s *seen) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	said := ""
	if res.StatusCode != http.StatusOK {
		raw, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		said, res.Body = string(raw), io.NopCloser(strings.NewReader(string(raw)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, fmt.Sprintf("%s %s %d%s", r.Method, r.URL.Path, res.StatusCode, said))
	s.keys = append(s.keys, r.Header.Get("Idempotency-Key"))
	return res, nil
}

// stripeMock starts Stripe's own mock, which holds requests against Stripe's published description of its API.
func stripeMock(t *testing.T) string {
	t.Helper()
	program := os.Getenv("STRIPE_MOCK")
	if program == "" && os.Getenv("CI") == "true" {
		t.Fatal("STRIPE_MOCK is not set: `make test` sets it")
	}
	if program == "" {
		t.Skip("STRIPE_MOCK is not set: requests are not held against Stripe's API; `make test` does so")
	}
	mock := exec.CommandContext(t.Context(), program, "-http-addr", "127.0.0.1:", "-https-addr", "127.0.0.1:") //nolint:gosec // whoever runs the tests names it
	out, err := mock.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := mock.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mock.Process.Kill(); _ = mock.Wait() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if _, at, ok := strings.Cut(lines.Text(), "Listening for HTTP at address: "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return "http://" + at
		}
	}
	t.Fatal("stripe-mock did not say where it listens")
	return ""
}

func TestCard_EveryRequestIsOneThatStripeTakes(t *testing.T) {
	t.Parallel()
	api, asked := stripeMock(t), &seen{}
	card := payments.NewCard(sealed{"here card.key": "sk_test_123"}, api, &http.Client{Transport: asked, Timeout: 10 * time.Second})
	here, c := cityOf(t, "here"), charge()
	if s, err := card.Start(here, c); err != nil || s.ID == "" || s.URL == "" {
		t.Errorf("%+v, %v", s, err)
	}
	c.Email, c.Lang, c.Expires = "", "fr", time.Now().Add(48*time.Hour)
	if _, err := card.Start(here, c); err != nil {
		t.Error(err)
	}
	_, _ = card.Look(here, "cs_test_1") // the mock gives fixtures: none of them is ours
	if err := card.Close(here, "cs_test_1"); err != nil {
		t.Error(err)
	}
	r := payments.Return{ID: uuid.Must(uuid.NewV7()), Charge: "pi_1", Cents: 100}
	if id, _, err := card.Refund(here, r); err != nil || id == "" {
		t.Errorf("%s, %v", id, err)
	}
	_, _ = card.LookRefund(here, "re_1")
	if _, err := card.List(here, time.Now().Add(-time.Hour), time.Now()); err != nil {
		t.Error(err)
	}
	want := []string{
		"POST /v1/checkout/sessions 200", "POST /v1/checkout/sessions 200", "GET /v1/checkout/sessions/cs_test_1 200",
		"POST /v1/checkout/sessions/cs_test_1/expire 200", "POST /v1/refunds 200",
		"GET /v1/refunds/re_1 200", "GET /v1/charges 200", "GET /v1/refunds 200",
	}
	if got := strings.Join(asked.calls, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("asked:\n%s", got)
	}
	if asked.keys[0] != c.ID.String()+":session" || asked.keys[4] != r.ID.String() {
		t.Errorf("idempotency keys: %q", asked.keys)
	}
}

// TestCard_TheMockRefusesWhatStripeWould shows that the test above can fail, and that the search of Start is of a valid shape.
func TestCard_TheMockRefusesWhatStripeWould(t *testing.T) {
	t.Parallel()
	api := stripeMock(t)
	for query, want := range map[string]int{"limit=100&created[gte]=1": http.StatusOK, "limit=x": http.StatusBadRequest} {
		if got := askMock(t, http.MethodGet, api+"/v1/checkout/sessions?"+strings.ReplaceAll(strings.ReplaceAll(query, "[", "%5B"), "]", "%5D"), nil); got != want {
			t.Errorf("%s: %d", query, got)
		}
	}
	if got := askMock(t, http.MethodPost, api+"/v1/checkout/sessions", url.Values{"mode": {"free"}}); got != http.StatusBadRequest {
		t.Errorf("a wrong mode: %d", got)
	}
	if got := askMock(t, http.MethodPost, api+"/v1/refunds", url.Values{"sum": {"1"}}); got != http.StatusBadRequest {
		t.Errorf("an unknown parameter: %d", got)
	}
	for _, list := range []string{"charges", "refunds"} {
		if got := askMock(t, http.MethodGet, api+"/v1/"+list+"?limit=100&created%5Bgte%5D=1&created%5Blt%5D=2&starting_after=x_1", nil); got != http.StatusOK {
			t.Errorf("a list of %s: %d", list, got)
		}
	}
	if got := askMock(t, http.MethodGet, api+"/v1/refunds/re_1", nil); got != http.StatusOK {
		t.Errorf("a refund: %d", got)
	}
}

func askMock(t *testing.T, method, address string, form url.Values) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer sk_test_123")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	return res.StatusCode
}
