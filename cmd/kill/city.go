package main

import (
	"context"
	"encoding/base32"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/payments"
	"github.com/welfarex/welfarex/tenants"
)

const (
	password    = "quattro gatti sul tetto" //nolint:gosec // of people who are made up
	noticesPath = "/pagamenti/carta/notifiche"
)

// openCity applies a city's folder and gives it an account at the gateway, as an operator would; notices come through the front.
func (h *house) openCity(ctx context.Context, slug string) error {
	if err := h.call(ctx, "", "city", "apply", "tenants/cities/"+slug); err != nil {
		return err
	}
	c := &city{slug: slug, card: "sk_test_" + slug, webhook: "whsec_" + slug, worker: "ente@" + slug + ".example",
		totp: base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte("kill-" + slug + "-0123456789")[:20])}
	h.cards.Account(c.card, h.front.noticesOf(slug), c.webhook)
	for name, value := range map[string]string{payments.SecretCardKey: c.card, payments.SecretCardWebhook: c.webhook} {
		if err := h.call(ctx, value, "city", "secret", "set", slug, name); err != nil {
			return err
		}
	}
	h.cities = append(h.cities, c)
	return h.super(ctx, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `SELECT c.id::text, s.slug, p.slug FROM services s JOIN providers p ON p.tenant_id = s.tenant_id AND p.id = s.provider_id
			JOIN cities c ON c.id = s.tenant_id WHERE c.slug = $1 AND s.published AND s.status = 'active' AND s.sale IS NOT NULL AND s.price_kind = 'fixed'
			AND s.price_cents >= 50 ORDER BY s.price_cents, s.slug LIMIT 1`, slug).Scan(&c.id, &c.service, &c.provider)
	})
}

// seed makes the people: so many buyers in turns of the cities, and a worker of each provider.
func (h *house) seed(ctx context.Context, buyers int) ([]*buyer, error) {
	db, err := tenants.Open(ctx, h.postgres.AppURL(), 4)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	key, err := tenants.ParseKey(h.key)
	if err != nil {
		return nil, err
	}
	people := accounts.New(accounts.Options{DB: db, Key: key})
	hash, err := people.Hash(password) // one for all: each takes a while
	if err != nil {
		return nil, err
	}
	directory, err := tenants.OpenDirectory(ctx, db, "localhost")
	if err != nil {
		return nil, err
	}
	in := map[string]context.Context{}
	for _, c := range directory.All() {
		in[c.Slug] = tenants.With(ctx, c)
	}
	for _, c := range h.cities {
		worker := accounts.SeedPerson{Email: c.worker, Name: "Luca Bassi", Hash: hash, Role: authz.Provider, Provider: c.provider, TOTPSecret: c.totp}
		if err := people.Seed(in[c.slug], worker); err != nil {
			return nil, err
		}
	}
	var all []*buyer
	for i := range buyers {
		b := &buyer{browser: newBrowser(h, h.cities[i%len(h.cities)], i+1), email: fmt.Sprintf("persona%d@example.org", i+1)}
		if err := people.Seed(in[b.city.slug], accounts.SeedPerson{Email: b.email, Name: fmt.Sprintf("Persona %d", i+1), Hash: hash, Role: authz.Citizen}); err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}
