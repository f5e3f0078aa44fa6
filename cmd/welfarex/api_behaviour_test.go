package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// fillBasket puts two units of something into the citizen's basket, and gives the order that a program would send.
func (h *apiHouse) fillBasket() string {
	h.Helper()
	citizen := h.keys[authz.Citizen]
	basket := h.ask("PUT", "/basket/items/"+h.sold(), citizen, `{"quantity":2,"replace":true}`)
	if basket.StatusCode != http.StatusOK {
		h.Fatalf("the basket: %d %s", basket.StatusCode, basket.body)
	}
	return fmt.Sprintf(`{"cents":%.0f,"terms":true,"address":"Via Roma 1","phone":"0372 555 100"}`, basket.get("cents"))
}

func TestAPI_DoesOnceWhatIsAskedTwice(t *testing.T) {
	t.Parallel()
	h := raiseAPI(t, "api-once")
	citizen, body, key := h.keys[authz.Citizen], h.fillBasket(), uuid.NewString()
	before := h.rowOf("SELECT count(*)::text FROM orders")

	answers, asking := make([]answer, 8), sync.WaitGroup{}
	for i := range answers {
		asking.Go(func() { answers[i] = h.ask("POST", "/orders", citizen, body, "Idempotency-Key", key) })
	}
	asking.Wait()
	again := 0
	for _, a := range append(answers, h.ask("POST", "/orders", citizen, body, "Idempotency-Key", key)) {
		if a.StatusCode != http.StatusCreated || string(a.body) != string(answers[0].body) {
			t.Errorf("the same request hears %d %s, not %s", a.StatusCode, a.body, answers[0].body)
		}
		if a.Header.Get("Idempotent-Replayed") == "true" {
			again++
		}
	}
	if after := h.rowOf("SELECT (count(*) - 1)::text FROM orders"); after != before || again != 8 {
		t.Errorf("%s orders and one more, from %s; %d of nine answers are said to be replayed", after, before, again)
	}
	if a := h.ask("POST", "/orders", citizen, strings.Replace(body, "Via Roma 1", "Via Roma 2", 1), "Idempotency-Key", key); a.StatusCode != 409 || a.text("code") != "api.key_reused" {
		t.Errorf("another body under the key: %d %s", a.StatusCode, a.body)
	}
	h.key(authz.Citizen, "orders:write") // a key of another program of the same person: the same request is the same
	body = h.fillBasket()
	if a := h.ask("POST", "/orders", citizen, body, "Idempotency-Key", uuid.NewString()); a.StatusCode != http.StatusCreated || a.text("id") == answers[0].text("id") {
		t.Errorf("a new key makes no new order: %d %s", a.StatusCode, a.body)
	}
	part := h.ask("GET", "/provider/orders?state=paid", h.keys[authz.Provider], "").text("items.0.id")
	for _, want := range []string{"", "true"} {
		a := h.ask("POST", "/provider/orders/"+part+"/acceptance", h.keys[authz.Provider], "", "Idempotency-Key", key) // another person's, another route's
		if a.StatusCode != http.StatusOK || a.text("state") != "accepted" || a.Header.Get("Idempotent-Replayed") != want {
			t.Errorf("accept: %d %s", a.StatusCode, a.body)
		}
	}
}

func TestAPI_WhatWasRefusedCanBeMendedUnderItsKey(t *testing.T) {
	t.Parallel()
	h := raiseAPI(t, "api-mended")
	citizen, body, key := h.keys[authz.Citizen], h.fillBasket(), uuid.NewString()
	if a := h.ask("POST", "/orders", citizen, strings.Replace(body, `"terms":true`, `"terms":false`, 1), "Idempotency-Key", key); a.StatusCode != 422 || a.text("errors.0.location") != "body.terms" {
		t.Errorf("without terms: %d %s", a.StatusCode, a.body)
	}
	if a := h.ask("POST", "/orders", citizen, body, "Idempotency-Key", key); a.StatusCode != http.StatusCreated {
		t.Errorf("mended: %d %s", a.StatusCode, a.body)
	}
}

func TestAPI_AKeyIsItsPersonAndNoMore(t *testing.T) {
	t.Parallel()
	h := raiseAPI(t, "api-keys")
	status := func(key string) int { return h.ask("GET", "/provider/orders", key, "").StatusCode }
	worker := h.keys[authz.Provider]
	if got := status(worker); got != http.StatusOK {
		t.Fatalf("a worker's key: %d", got)
	}
	entry, err := h.accounts.SignIn(h.ctx, h.people[authz.Citizen].Email, h.password, accounts.Visitor{Address: "192.0.2.7"})
	h.must(err)
	if got := h.ask("GET", "/account", entry.Token, "").StatusCode; got != http.StatusUnauthorized {
		t.Errorf("a browser's session opens the API: %d", got)
	}
	page := func(cookie string) int {
		req := httptest.NewRequest(http.MethodGet, "/area-personale", http.NoBody)
		req.Host = h.city.Host
		req.Header.Set("Cookie", web.SessionCookie+"="+cookie)
		res, err := h.fiber.Test(req, -1)
		h.must(err)
		_ = res.Body.Close()
		return res.StatusCode
	}
	if got := page(entry.Token); got != http.StatusOK {
		t.Errorf("a session opens no page: %d", got)
	}
	if got := page(h.keys[authz.Citizen]); got != http.StatusSeeOther {
		t.Errorf("a key opens a page: %d", got)
	}
	h.must(h.accounts.EndOtherSessions(h.ctx, h.people[authz.Provider]))
	if got := status(worker); got != http.StatusOK {
		t.Errorf("leaving other devices ends a program's key: %d", got)
	}
	keys, err := h.accounts.Keys(h.ctx, h.people[authz.Provider])
	h.must(err)
	if len(keys) != 1 || keys[0].Seen.Before(keys[0].Created) {
		t.Errorf("keys %+v", keys)
	}
	if err := h.accounts.EndKey(h.ctx, h.people[authz.Citizen], keys[0].ID); err == nil {
		t.Error("somebody else ends the key")
	}
	other := h.key(authz.Provider, "inbox:read")
	h.must(h.accounts.EndKey(h.ctx, h.people[authz.Provider], keys[0].ID))
	if got := status(worker); got != http.StatusUnauthorized {
		t.Errorf("an ended key: %d", got)
	}
	colleague, _, _, err := h.accounts.Colleague(h.ctx, h.people[authz.CityAdmin], h.people[authz.Provider].Account)
	h.must(err)
	h.must(h.accounts.TakeRole(h.ctx, h.people[authz.CityAdmin], h.people[authz.Provider].Account, colleague.Memberships[0].ID))
	if got := status(other); got != http.StatusForbidden {
		t.Errorf("the key of who has lost the role: %d", got)
	}
	h.must(h.accounts.ChangePassword(h.ctx, h.people[authz.Citizen], h.password, "un'altra frase ancora più lunga"))
	if got := h.ask("GET", "/account", h.keys[authz.Citizen], "").StatusCode; got != http.StatusUnauthorized {
		t.Errorf("a key outlives its person's password: %d", got)
	}
}

func TestAPI_CountsByKeyAndCity(t *testing.T) {
	t.Parallel()
	h := raiseAPI(t, "api-limits")
	h.server.Rate = 5
	h.fiber = h.server.App()
	citizen := h.keys[authz.Citizen]
	for i := range 5 {
		a := h.ask("GET", "/account", citizen, "")
		if a.StatusCode != 200 || a.Header.Get("X-RateLimit-Remaining") != fmt.Sprint(4-i) || a.Header.Get("X-RateLimit-Limit") != "5" || a.Header.Get("X-RateLimit-Reset") == "" {
			t.Errorf("request %d: %d %v", i, a.StatusCode, a.Header)
		}
	}
	if a := h.ask("GET", "/account", citizen, ""); a.StatusCode != 429 || a.Header.Get("Retry-After") == "" || a.text("code") != "api.too_many" {
		t.Errorf("the sixth: %d %s", a.StatusCode, a.body)
	}
	if a := h.ask("GET", "/account", h.keys[authz.Provider], ""); a.StatusCode != 200 {
		t.Errorf("another key: %d", a.StatusCode)
	}
	for range 5 {
		h.ask("GET", "/account", "wx_made-up", "")
	}
	if a := h.ask("GET", "/needs", "", ""); a.StatusCode != 429 {
		t.Errorf("an address that guesses keys is not slowed: %d", a.StatusCode)
	}
}

func TestAPI_SaysWhenNothingChanged(t *testing.T) {
	t.Parallel()
	h := raiseAPI(t, "api-etags")
	for path, key := range map[string]string{"/services": "", "/orders": h.keys[authz.Citizen], "/openapi.json": ""} {
		tag := h.ask("GET", path, key, "").Header.Get("ETag")
		if a := h.ask("GET", path, key, "", "If-None-Match", tag); tag == "" || a.StatusCode != 304 || len(a.body) != 0 {
			t.Errorf("%s with %q: %d, %d bytes", path, tag, a.StatusCode, len(a.body))
		}
	}
	citizen := h.keys[authz.Citizen]
	tag := h.ask("GET", "/orders", citizen, "").Header.Get("ETag")
	body := h.fillBasket()
	h.ask("POST", "/orders", citizen, body)
	if a := h.ask("GET", "/orders", citizen, "", "If-None-Match", tag); a.StatusCode != 200 {
		t.Errorf("a new order changes nothing: %d", a.StatusCode)
	}
	if a := h.ask("GET", "/orders", citizen, ""); a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("what is a person's may be stored: %s", a.Header.Get("Cache-Control"))
	}
	if a := h.ask("HEAD", "/services", "", ""); a.StatusCode != 200 || a.Header.Get("ETag") == "" {
		t.Errorf("HEAD: %d %v", a.StatusCode, a.Header)
	}
	it, en := h.ask("GET", "/needs", "", "", "Accept-Language", "de, it;q=0.5"), h.ask("GET", "/needs", "", "", "Accept-Language", "en-GB, it;q=0.5")
	if it.Header.Get("Content-Language") != "it" || en.Header.Get("Content-Language") != "en" || string(it.body) == string(en.body) {
		t.Errorf("languages: %s, %s", it.body[:60], en.body[:60])
	}
}

func TestAPI_WalksAListWithoutLosingAnything(t *testing.T) {
	t.Parallel()
	h := raiseAPI(t, "api-pages")
	for range 4 {
		h.ask("POST", "/orders", h.keys[authz.Citizen], h.fillBasket())
	}
	for path, key := range map[string]string{
		"/services": "", "/providers": "", "/access-points": "", "/orders": h.keys[authz.Citizen], "/provider/orders": h.keys[authz.Provider], "/provider/services": h.keys[authz.Provider],
	} {
		name := func(x any) string {
			m := x.(map[string]any)
			return fmt.Sprint(m["id"], m["slug"])
		}
		var whole, walked []string
		for _, x := range h.ask("GET", path+"?limit=100", key, "").get("items").([]any) {
			whole = append(whole, name(x))
		}
		for cursor := ""; ; {
			a := h.ask("GET", path+"?limit=2&cursor="+cursor, key, "")
			for _, x := range a.get("items").([]any) {
				walked = append(walked, name(x))
			}
			if cursor = a.text("next"); cursor == "" {
				break
			}
		}
		if !slices.Equal(whole, walked) || len(whole) < 3 {
			t.Errorf("%s: %v walked as %v", path, whole, walked)
		}
	}
}

// TestAPI_SaysWhatThePagesSay asks pages and operations the same questions.
func TestAPI_SaysWhatThePagesSay(t *testing.T) {
	t.Parallel()
	h := raiseAPI(t, "api-pages-same")
	page := func(role, path string) (int, string) {
		h.Helper()
		req := httptest.NewRequest(http.MethodGet, path, http.NoBody)
		req.Host = h.city.Host
		if role != "" {
			req.Header.Set("Cookie", web.SessionCookie+"="+h.signedIn(role))
		}
		res, err := h.fiber.Test(req, -1)
		h.must(err)
		defer func() { _ = res.Body.Close() }()
		return res.StatusCode, readAll(t, res)
	}
	links := func(html, prefix string) (slugs []string) {
		for _, m := range regexp.MustCompile(`href="`+prefix+`([a-z0-9-]+)"`).FindAllStringSubmatch(html, -1) {
			if !slices.Contains(slugs, m[1]) {
				slugs = append(slugs, m[1])
			}
		}
		return slugs
	}
	names := func(path, key, property string) (all []string) {
		for _, x := range h.ask("GET", path, key, "").get("items").([]any) {
			all = append(all, fmt.Sprint(x.(map[string]any)[property]))
		}
		return all
	}
	for _, q := range []struct{ page, api string }{
		{"q=badante", "q=badante"}, {"per=anziani&dove=casa", "audience=anziani&place=casa"}, {"online=1&ordina=prezzo", "from_home=true&sort=prezzo"},
		{"prezzo=gratis&ordina=nome", "price=gratis&sort=nome"}, {"quartiere=centro&q=disabili", "neighbourhood=centro&q=disabili"}, {"ente=cooperativa", "kind=cooperativa"}, {"compra=1", "sold=true"},
	} {
		var shown []string
		for n := 1; ; n++ {
			path := "/servizi?" + q.page
			if n > 1 {
				path += fmt.Sprintf("&pagina=%d", n)
			}
			status, html := page("", path)
			if status != http.StatusOK {
				break
			}
			_, list, _ := strings.Cut(html, `<main`)
			found := links(list, "/servizi/")
			if n > 1 && len(found) > 0 && slices.Contains(shown, found[0]) {
				break
			}
			shown = append(shown, found...)
			if len(found) < 24 {
				break
			}
		}
		if told := names("/services?limit=100&"+q.api, "", "slug"); !slices.Equal(shown, told) || len(told) == 0 {
			t.Errorf("%s: the page lists %v, the API %v", q.page, shown, told)
		}
	}
	_, html := page("", "/enti")
	if shown, told := links(html, "/enti/"), names("/providers?limit=100", "", "slug"); !slices.Equal(shown, told) {
		t.Errorf("providers: %v, %v", shown, told)
	}
	_, html = page(authz.Citizen, "/area-personale/ordini")
	if shown, told := links(html, "/area-personale/ordini/"), names("/orders", h.keys[authz.Citizen], "id"); !slices.Equal(shown, told) || len(told) < 2 {
		t.Errorf("orders: %v, %v", shown, told)
	}
	_, html = page(authz.Provider, "/ente/ordini?stato=tutti")
	if shown, told := links(html, "/ente/ordini/"), names("/provider/orders", h.keys[authz.Provider], "id"); !slices.Equal(shown, told) || len(told) < 2 {
		t.Errorf("inbox: %v, %v", shown, told)
	}
	_, html = page(authz.Provider, "/ente/servizi")
	if shown, told := links(html, "/ente/servizi/"), names("/provider/services?limit=100", h.keys[authz.Provider], "id"); !sameMembers(shown, told, "nuovo") || len(told) < 2 {
		t.Errorf("services: %v, %v", shown, told)
	}
	order := names("/orders", h.keys[authz.Citizen], "id")[0]
	for role, want := range map[string]int{authz.Citizen: 200, authz.Provider: 404, authz.CityAdmin: 404} {
		status, _ := page(role, "/area-personale/ordini/"+order)
		if got := h.ask("GET", "/orders/"+order, h.keys[role], "").StatusCode; got != want || status != want {
			t.Errorf("an order, to %s: page %d, API %d, want %d", role, status, got, want)
		}
	}
	told := h.ask("GET", "/services?q=badante", "", "")
	_, sheet := page("", "/servizi/"+told.text("items.0.slug"))
	for _, text := range []string{told.text("items.0.title"), told.text("items.0.summary"), told.text("items.0.provider.name")} {
		if !strings.Contains(sheet, htmlText(text)) {
			t.Errorf("the sheet does not say %q", text)
		}
	}
}

func TestAPI_TakesNothingThatItWouldHaveToUnpack(t *testing.T) {
	t.Parallel()
	h := raiseAPI(t, "api-packed")
	a := h.ask("POST", "/orders", h.keys[authz.Citizen], "\x1f\x8b\x08\x00", "Content-Encoding", "gzip, gzip")
	if a.StatusCode != http.StatusUnsupportedMediaType || a.text("code") != "api.media" {
		t.Errorf("a packed body: %d %s", a.StatusCode, a.body)
	}
	req := httptest.NewRequest(http.MethodPost, "/accedi", strings.NewReader("\x1f\x8b\x08\x00"))
	req.Host = h.city.Host
	req.Header.Set("Content-Encoding", "br")
	res, err := h.fiber.Test(req, -1)
	h.must(err)
	if _ = res.Body.Close(); res.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a packed form: %d", res.StatusCode)
	}
}

func TestAPI_ReadsTextsAsFormsDoAndNamesToTheLetter(t *testing.T) {
	t.Parallel()
	h := raiseAPI(t, "api-texts")
	worker := h.keys[authz.Provider]
	part := h.ask("GET", "/provider/orders?state=paid", worker, "").text("items.0.id")
	for body, where := range map[string]string{`{"why":" \r\n "}`: "body.why", `{"Why":"No"}`: "body.Why", `{"why":"No","WHY":"Sì"}`: "body.WHY", `{"why":7}`: "body.why", `{`: "body"} {
		if a := h.ask("POST", "/provider/orders/"+part+"/refusal", worker, body); a.StatusCode/100 != 4 || !strings.Contains(string(a.body), `"location":"`+where+`"`) || strings.Contains(string(a.body), "json:") {
			t.Errorf("%s: %d %s", body, a.StatusCode, a.body)
		}
	}
	if a := h.ask("PUT", "/basket/items/"+h.sold(), h.keys[authz.Citizen], `{"quantity":1,"Quantity":3000000000}`); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a name in two ways: %d %s", a.StatusCode, a.body)
	}
	if a := h.ask("POST", "/provider/orders/"+part+"/refusal", worker, `{"why":"Siamo\u0000 al completo.\r\nCi scusiamo. "}`); a.StatusCode != http.StatusOK {
		t.Errorf("an honest reason: %d %s", a.StatusCode, a.body)
	}
	if why := h.ask("GET", "/provider/orders/"+part, worker, "").text("why"); why != "Siamo\uFFFD al completo.\nCi scusiamo." {
		t.Errorf("the reason is %q", why)
	}
}

func TestAPI_ARevisionNeverMeansTwoTexts(t *testing.T) {
	t.Parallel()
	h := raiseAPI(t, "api-revisions")
	worker := h.keys[authz.Provider]
	id := h.rowOf("SELECT id::text FROM services WHERE published AND provider_id = $1 AND id NOT IN (SELECT service_id FROM service_versions) ORDER BY slug LIMIT 1", h.people[authz.Provider].Memberships[0].Provider)
	path := "/provider/services/" + id
	key := uuid.NewString()
	first := h.ask("POST", path+"/revision", worker, "", "Idempotency-Key", key)
	again := h.ask("POST", path+"/revision", worker, "", "Idempotency-Key", key)
	tag := first.Header.Get("ETag")
	if tag == "" || again.Header.Get("ETag") != tag || again.Header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("tags %s and, sent again, %s", tag, again.Header.Get("ETag"))
	}
	if a := h.ask("GET", path, worker, "", "If-None-Match", tag); a.StatusCode != http.StatusNotModified {
		t.Errorf("unchanged: %d", a.StatusCode)
	}
	key = uuid.NewString()
	if a := h.ask("DELETE", path+"/draft", worker, "", "If-Match", tag); a.StatusCode != http.StatusNoContent {
		t.Fatalf("discard: %d %s", a.StatusCode, a.body)
	}
	second := h.ask("POST", path+"/revision", worker, "")
	content := h.json(h.ask("GET", path, worker, "").get("content"))
	if a := h.ask("PUT", path+"/draft", worker, content, "If-Match", tag); a.StatusCode != http.StatusPreconditionFailed {
		t.Errorf("the tag of a version that is gone: %d %s", a.StatusCode, a.body)
	}
	if a := h.ask("POST", path+"/submission", worker, "", "Idempotency-Key", key, "If-Match", second.Header.Get("ETag")); a.StatusCode != http.StatusOK {
		t.Errorf("submit: %d %s", a.StatusCode, a.body)
	}
	if a := h.ask("POST", path+"/submission", worker, "", "Idempotency-Key", key, "If-Match", `"777"`); a.text("code") != "api.key_reused" {
		t.Errorf("another revision under the key: %d %s", a.StatusCode, a.body)
	}
	back := h.ask("POST", path+"/withdrawal", worker, "", "If-None-Match", "*")
	if back.StatusCode != http.StatusOK || len(back.body) == 0 {
		t.Errorf("a change is answered %d, %d bytes", back.StatusCode, len(back.body))
	}
}
