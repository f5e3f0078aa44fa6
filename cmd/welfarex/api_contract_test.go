package main

import (
	"fmt"
	"testing"

	"github.com/welfarex/welfarex/modules/kit/authz"
)

// TestAPI_KeepsItsWord lets a citizen's and a cooperative's program do everything that the document offers, and holds each request and each
// answer against it. An operation that nobody tried fails the test.
func TestAPI_KeepsItsWord(t *testing.T) {
	t.Parallel()
	h := raiseAPI(t, "api-contract")
	h.read()
	citizen, worker := h.keys[authz.Citizen], h.keys[authz.Provider]

	services := h.want(200, "GET", "/services?from_home=true&limit=1", "", "")
	slug := services.text("items.0.slug")
	if next := services.text("next"); next == "" {
		t.Error("a list of one has no next")
	} else if h.want(200, "GET", "/services?from_home=true&limit=1&cursor="+next, "", "").text("items.0.slug") == slug {
		t.Error("the second page is the first")
	}
	h.want(200, "GET", "/services/"+slug, "", "")
	h.want(200, "GET", "/needs", "", "")
	h.want(200, "GET", "/categories", "", "")
	provider := h.want(200, "GET", "/providers?limit=2", "", "").text("items.0.slug")
	h.want(200, "GET", "/providers/"+provider, "", "")
	point := h.want(200, "GET", "/access-points", "", "").text("items.0.slug")
	h.want(200, "GET", "/access-points/"+point, "", "")
	h.want(200, "GET", "/account", citizen, "")
	mother := h.want(200, "GET", "/account/household", citizen, "").text("items.0.id")

	basket := h.want(200, "GET", "/basket", citizen, "")
	h.want(204, "DELETE", "/basket/items/"+basket.text("items.0.service"), citizen, "")
	slug = basket.text("items.0.service")
	order := h.place(slug, 2, mother)
	h.want(200, "GET", "/orders?limit=1", citizen, "")
	h.want(200, "GET", "/orders/"+order, citizen, "")
	if url := h.want(200, "POST", "/orders/"+order+"/payment", citizen, "").text("url"); url == "" {
		t.Error("nowhere to pay")
	}
	h.want(200, "POST", "/orders/"+order+"/messages", citizen, `{"message":"Suonate al secondo piano."}`)
	h.want(200, "POST", "/orders/"+order+"/cancellation", citizen, "")

	h.place(slug, 2, "")
	part := h.want(200, "GET", "/provider/orders?state=placed", worker, "").text("items.0.id")
	h.want(200, "POST", "/provider/orders/"+part+"/desk-payment", worker, "")
	h.want(200, "POST", "/provider/orders/"+part+"/acceptance", worker, "")
	h.want(200, "POST", "/provider/orders/"+part+"/messages", worker, `{"message":"Arriviamo alle nove."}`)
	h.want(200, "POST", "/provider/orders/"+part+"/deliveries", worker, `{"line":0,"quantity":1,"day":"2026-11-01","worker":"Paolo"}`)
	if left, _ := h.want(200, "GET", "/provider/orders/"+part, worker, "").get("lines.0.left").(float64); left != 1 {
		t.Errorf("%v left of two, one delivered", left)
	}
	h.place(slug, 1, "")
	part = h.want(200, "GET", "/provider/orders?state=placed", worker, "").text("items.0.id")
	h.want(200, "POST", "/provider/orders/"+part+"/desk-payment", worker, "")
	h.want(200, "POST", "/provider/orders/"+part+"/refusal", worker, `{"why":"Siamo al completo."}`)
	h.want(200, "POST", "/provider/orders/"+part+"/desk-return", worker, "")

	h.drafts(worker)
	for _, r := range h.manifest() {
		if r.JSON && !h.seen[r.Method+" "+r.Path] {
			t.Errorf("nobody tried %s %s", r.Method, r.Path)
		}
	}
}

// place orders so many units of a service, for a member or ("") for oneself.
func (h *apiHouse) place(slug string, quantity int, member string) (id string) {
	h.Helper()
	citizen := h.keys[authz.Citizen]
	basket := h.want(200, "PUT", "/basket/items/"+slug, citizen, fmt.Sprintf(`{"quantity":%d,"replace":true}`, quantity))
	whom := ""
	if member != "" {
		whom = fmt.Sprintf(`"member":%q,`, member)
	}
	body := fmt.Sprintf(`{%s"cents":%.0f,"terms":true,"address":"Via Roma 1","phone":"0372 555 100"}`, whom, basket.get("cents"))
	return h.want(201, "POST", "/orders", citizen, body).text("id")
}

// drafts writes a service from its first word to its submission, and takes it all back.
func (h *apiHouse) drafts(worker string) {
	h.Helper()
	h.want(200, "GET", "/provider/services?limit=2", worker, "")
	made := h.want(201, "POST", "/provider/services", worker, `{"title":"Passeggiate in compagnia"}`)
	path := "/provider/services/" + made.text("id")
	offer := h.want(200, "GET", path, worker, "")
	if len(offer.get("wrong").([]any)) == 0 {
		h.Error("an empty draft is whole")
	}
	live := h.rowOf("SELECT id::text FROM services WHERE published AND provider_id = $1 ORDER BY slug LIMIT 1", h.people[authz.Provider].Memberships[0].Provider)
	h.want(200, "POST", "/provider/services/"+live+"/revision", worker, "")
	whole := h.want(200, "GET", "/provider/services/"+live, worker, "")
	content := h.json(whole.get("content"))
	saved := h.want(200, "PUT", path+"/draft", worker, content, "If-Match", offer.Header.Get("ETag"))
	h.want(412, "PUT", path+"/draft", worker, content, "If-Match", offer.Header.Get("ETag"))
	h.want(200, "POST", path+"/submission", worker, "", "If-Match", saved.Header.Get("ETag"))
	back := h.want(200, "POST", path+"/withdrawal", worker, "")
	h.want(204, "DELETE", path+"/draft", worker, "", "If-Match", back.Header.Get("ETag"))
	h.want(204, "DELETE", "/provider/services/"+live+"/draft", worker, "", "If-Match", whole.Header.Get("ETag"))
	h.want(200, "POST", "/provider/services/"+live+"/unpublication", worker, "")
}

func TestAPI_RefusesInItsOwnWords(t *testing.T) {
	t.Parallel()
	h := raiseAPI(t, "api-refusals")
	h.read()
	citizen := h.keys[authz.Citizen]
	for name, c := range map[string]struct {
		status             int
		method, path, body string
		key                string
		headers            []string
		code, location     string
	}{
		"no key":              {401, "GET", "/orders", "", "", nil, "problem.unauthenticated", ""},
		"a key that is none":  {401, "GET", "/orders", "", "wx_AAAA", nil, "api.key_unknown", ""},
		"a wrong key, public": {401, "GET", "/services", "", "wx_AAAA", nil, "api.key_unknown", ""},
		"another scope":       {403, "GET", "/account", "", h.key(authz.Citizen, "orders:read"), nil, "api.scope", ""},
		"a scope not offered": {403, "GET", "/provider/orders", "", citizen, nil, "api.scope", ""},
		"nothing there":       {404, "GET", "/orders/0197a000-0000-7000-8000-000000000000", "", citizen, nil, "problem.not_found", ""},
		"no id at all":        {404, "GET", "/orders/1", "", citizen, nil, "problem.not_found", ""},
		"no such operation":   {404, "GET", "/nothing", "", citizen, nil, "problem.not_found", ""},
		"no idempotency key":  {422, "POST", "/orders", `{"cents":1,"terms":true}`, citizen, []string{"Idempotency-Key", ""}, "problem.invalid", "header.Idempotency-Key"},
		"a part is missing":   {422, "POST", "/orders", `{"terms":true}`, citizen, nil, "problem.invalid", "body.cents"},
		"a field of another":  {422, "POST", "/orders", `{"cents":1,"terms":true,"payer_id":"x"}`, citizen, nil, "problem.invalid", "body.payer_id"},
		"no JSON":             {400, "POST", "/orders", `{`, citizen, nil, "problem.invalid", "body"},
		"a price of yore":     {409, "POST", "/orders", `{"cents":1,"terms":true}`, citizen, nil, "orders.price_changed", ""},
		"an unknown filter":   {422, "GET", "/services?need=draghi", "", "", nil, "problem.invalid", "query.need"},
		"an unknown question": {422, "GET", "/services?color=red", "", "", nil, "problem.invalid", "query.color"},
		"a cursor of nothing": {422, "GET", "/services?cursor=bm90aGluZw", "", "", nil, "problem.invalid", "query.cursor"},
		"no cursor":           {422, "GET", "/orders?cursor=!", "", citizen, nil, "problem.invalid", "query.cursor"},
	} {
		a := h.ask(c.method, c.path, c.key, c.body, c.headers...)
		if a.StatusCode != c.status || a.Header.Get("Content-Type") != "application/problem+json" || a.text("code") != c.code ||
			a.text("type") != "urn:welfarex:problem:"+c.code || a.text("detail") == "" || c.location != "" && a.text("errors.0.location") != c.location {
			t.Errorf("%s: %d %s %s", name, a.StatusCode, a.Header.Get("Content-Type"), a.body)
		}
		if c.path != "/nothing" {
			h.holdAnswer(c.method, c.path, a)
		}
	}
	if a := h.ask("GET", "/orders", "", "", "Accept-Language", "en"); a.text("detail") != "You need to sign in first" || a.Header.Get("Content-Language") != "en" {
		t.Errorf("in English: %s", a.body)
	}
	if a := h.ask("GET", "/account", h.key(authz.Citizen, "orders:read"), ""); a.Header.Get("WWW-Authenticate") != `Bearer realm="api", error="insufficient_scope", scope="account:read"` {
		t.Errorf("the scope is not named: %s", a.Header.Get("WWW-Authenticate"))
	}
}
