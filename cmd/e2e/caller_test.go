package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// caller is a person who talks to a city without a browser.
type caller struct {
	d       *demo
	city    city
	session string
}

// post sends a form as the city's own page would, and keeps the session that comes back.
func (v *caller) post(t testing.TB, path string, form url.Values) (status int, location string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, "http://"+v.d.addr+path, strings.NewReader(form.Encode())) //nolint:noctx // bounded by the test
	if err != nil {
		t.Fatal(err)
	}
	req.Host = v.city.host()
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Cookie", "__Host-session="+v.session)
	res, err := plain.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	for _, cookie := range res.Cookies() {
		if cookie.Name == "__Host-session" {
			v.session = cookie.Value
		}
	}
	return res.StatusCode, res.Header.Get("Location")
}

// send is post for what must be taken.
func (v *caller) send(t testing.TB, path string, form url.Values) {
	t.Helper()
	if status, _ := v.post(t, path, form); status != http.StatusSeeOther {
		t.Fatalf("%s: %s answers %d", v.city.Slug, path, status)
	}
}

// signInOverHTTP gives password and second factor as a browser would, and returns the session.
func signInOverHTTP(t testing.TB, d *demo, c city, p person) string {
	t.Helper()
	v := &caller{d: d, city: c}
	v.send(t, "/accedi", url.Values{"email": {p.Email}, "password": {p.Password}})
	if p.TOTP != "" {
		v.send(t, "/accedi/codice", url.Values{"code": {codes.next(t, p.TOTP)}})
	}
	return v.session
}
