package main

import (
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// call posts to an operation as a program does.
func (h hand) call(c *twin, key, path, once, body string) attacks.Reply {
	h.Helper()
	return h.ask(attacks.Request{Method: http.MethodPost, Host: hostOf(c), Target: web.APIPath + path, Body: body, Header: map[string]string{
		"Authorization": "Bearer " + key, "Idempotency-Key": once, "Content-Type": "application/json",
	}})
}

// programs: a key opens its own city, for its own person, as far as its scopes; and the text under which a request is sent again stands for nothing
// in another's.
func programs(h hand) {
	const once, hello = "the same everywhere", `{"message":"Buongiorno"}`
	write := func(c *twin, who string) (attacks.Reply, uuid.UUID) {
		part := c.things.parts[who]
		return h.call(c, c.Person(who).Key, "/provider/orders/"+part.String()+"/messages", once, hello), part
	}
	messages := func(part uuid.UUID) int {
		return h.rows("SELECT count(*) FROM order_messages WHERE part_id = $1", part)
	}
	for _, x := range []struct {
		name string
		c    *twin
		who  string
	}{{"beta's worker", h.beta, "provider"}, {"alfa's worker", h.alfa, "provider"}, {"alfa's other worker", h.alfa, "another provider"}} {
		before := messages(x.c.things.parts[x.who])
		r, part := write(x.c, x.who)
		h.check(x.name+" writes under a key that others used", r.Status == http.StatusOK && r.Header.Get("Idempotent-Replayed") == "" && messages(part) == before+1,
			fmt.Sprintf("%d %s, and %d messages from %d", r.Status, r.Body, messages(part), before))
	}
	own := h.alfa.things.parts["provider"]
	r, _ := write(h.alfa, "provider")
	h.check("the same again", r.Status == http.StatusOK && r.Header.Get("Idempotent-Replayed") == "true" && messages(own) == 2,
		fmt.Sprintf("%d, %d messages: nothing is remembered, so the cases before prove nothing", r.Status, messages(own)))
	r = h.call(h.alfa, h.beta.Person("provider").Key, "/provider/orders/"+h.beta.things.parts["provider"].String()+"/messages", "new", hello)
	h.check("a key of beta, with an order of beta, at alfa", r.Status == http.StatusUnauthorized, itoa(r.Status)+r.Body)
	h.exec(h.ctx, h.T, h.alfa, "UPDATE sessions SET scopes = '{inbox:read}' WHERE id = $1", h.alfa.things.keys["provider"])
	r, _ = write(h.alfa, "provider")
	h.check("a key that may only read", r.Status == http.StatusForbidden, itoa(r.Status))
	h.exec(h.ctx, h.T, h.alfa, "UPDATE sessions SET scopes = $2, expires_at = now() - interval '1 minute' WHERE id = $1", h.alfa.things.keys["provider"], web.Scopes)
	r, _ = write(h.alfa, "provider")
	h.check("a key that is over", r.Status == http.StatusUnauthorized, itoa(r.Status))
}
