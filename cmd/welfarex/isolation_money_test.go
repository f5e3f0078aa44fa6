package main

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/payments"
)

// paidNotice is what a gateway tells of a payment, as Stripe's public contract has it.
func paidNotice(payment uuid.UUID) string {
	return fmt.Sprintf(`{"id": "evt_%[2]s", "object": "event", "type": "checkout.session.completed", "data": {"object": {"id": "cs_test_1", "object": "checkout.session",
		"client_reference_id": "%[1]s", "metadata": {"payment": "%[1]s"}, "amount_total": 1500, "currency": "eur", "payment_status": "paid", "status": "complete", "payment_intent": "pi_1"}}}`,
		payment, strings.ReplaceAll(newUUID().String(), "-", ""))
}

// tell posts a notice to a city, signed with a secret.
func (h hand) tell(c *twin, body, secret string) attacks.Reply {
	h.Helper()
	return h.ask(attacks.Request{
		Method: http.MethodPost, Host: hostOf(c), Target: cardNotices, Body: body,
		Header: map[string]string{"Content-Type": "application/json", "Stripe-Signature": local.SignCards(secret, time.Now(), body)},
	})
}

// notices: a payment counts in its own city alone, and only by word of that city's gateway.
func notices(h hand) {
	waits := func(c *twin) (id uuid.UUID) {
		h.must(h.super.QueryRow(h.ctx, "SELECT id FROM payments WHERE tenant_id = $1 AND state = 'open'", c.record.ID).Scan(&id))
		return id
	}
	open := func(c *twin) int {
		return h.rows("SELECT count(*) FROM payments WHERE tenant_id = $1 AND state = 'open'", c.record.ID)
	}
	for _, c := range []*twin{h.alfa, h.beta} {
		h.must(h.app.db.SetSecret(c.in(h.ctx), h.app.parsed.key, payments.SecretCardWebhook, []byte("whsec_"+c.Slug)))
	}
	alfas, betas := waits(h.alfa), waits(h.beta)
	h.exec(h.ctx, h.T, h.alfa, "UPDATE payments SET rail = 'card' WHERE state = 'open'")
	r := h.tell(h.alfa, paidNotice(alfas), "whsec_beta")
	h.check("a notice signed by beta's gateway", r.Status == http.StatusBadRequest && open(h.alfa) == 1, itoa(r.Status))
	r = h.tell(h.alfa, paidNotice(alfas), "")
	h.check("a notice signed with nothing", r.Status == http.StatusBadRequest && open(h.alfa) == 1, itoa(r.Status))
	r = h.tell(h.alfa, paidNotice(betas), "whsec_alfa")
	h.check("a notice of a payment of beta", r.Status/100 == 2 && open(h.beta) == 1, fmt.Sprintf("%d, and beta has %d open", r.Status, open(h.beta)))
	made := h.tell(h.alfa, paidNotice(newUUID()), "whsec_alfa")
	h.check("a payment of beta is as good as a made-up one", r.Status == made.Status && r.Body == made.Body, itoa(made.Status))
	r = h.tell(h.alfa, paidNotice(alfas), "whsec_alfa")
	h.check("alfa's own notice", r.Status/100 == 2 && open(h.alfa) == 0, fmt.Sprintf("%d: it does not count, so the cases before prove nothing", r.Status))
	h.back()
	h.keys()
}

// keys: an order's key is its actor's own; under another's, and in another city, it stands for nothing.
func (h hand) keys() {
	h.Helper()
	var key uuid.UUID
	h.must(h.super.QueryRow(h.ctx, "SELECT key FROM orders WHERE tenant_id = $1 AND payer_id = $2", h.beta.record.ID, h.beta.things.accounts["citizen"]).Scan(&key))
	form := func(key uuid.UUID) url.Values {
		return url.Values{"key": {key.String()}, "total": {"1500"}, "phone": {"0372 555"}}
	}
	as := func(key uuid.UUID) attacks.Reply {
		return h.post(h.alfa, h.alfa.Person("citizen").Session, "/ordine", form(key))
	}
	theirs, made := as(key), as(newUUID())
	h.check("the key of an order of beta", theirs.Status == made.Status && theirs.Header.Get("Location") == made.Header.Get("Location"), itoa(theirs.Status)+" "+theirs.Header.Get("Location"))
	h.back()
}

// numbers: what a city's people read of numbers grows with their own city alone.
func numbers(h hand) {
	last := func(c *twin) int {
		return h.rows("SELECT COALESCE(max(last), 0) FROM order_numbers WHERE tenant_id = $1", c.record.ID)
	}
	before := last(h.alfa)
	h.exec(h.ctx, h.T, h.beta, "UPDATE order_numbers SET last = 900 WHERE tenant_id = current_city()")
	var service, seller string
	h.must(h.super.QueryRow(h.ctx, `SELECT s.slug, s.provider_id FROM services s JOIN providers p ON p.tenant_id = s.tenant_id AND p.id = s.provider_id
		WHERE s.tenant_id = $1 AND s.published AND s.status = 'active' AND s.sale ? 'vat' AND s.price_kind = 'fixed' AND p.vat_number <> '' ORDER BY s.slug LIMIT 1`, h.alfa.record.ID).Scan(&service, &seller))
	session := h.alfa.Person("citizen").Session
	r := h.post(h.alfa, session, "/carrello", url.Values{"service": {service}, "quantity": {"1"}, "replace": {"1"}})
	h.check("something to buy", r.Status == http.StatusSeeOther, itoa(r.Status))
	var cents int64
	h.must(h.super.QueryRow(h.ctx, "SELECT price_cents FROM services WHERE tenant_id = $1 AND slug = $2", h.alfa.record.ID, service).Scan(&cents))
	r = h.post(h.alfa, session, "/ordine", url.Values{"key": {newUUID().String()}, "total": {fmt.Sprint(cents)}, "phone": {"0372 555 010"}, "address": {"Via 1"}, "terms": {"1"}})
	h.check("an order", r.Status == http.StatusSeeOther && strings.Contains(r.Header.Get("Location"), "/area-personale/ordini/"), itoa(r.Status)+" "+r.Header.Get("Location"))
	h.check("the next number after many orders of beta", last(h.alfa) == before+1, fmt.Sprintf("from %d to %d", before, last(h.alfa)))
	h.back()
}
