package main

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/payments"
	"github.com/welfarex/welfarex/tenants"
)

// cardNotices is where the gateway tells a city's portal of payments.
const cardNotices = "/pagamenti/carta/notifiche"

// seedCards opens an account at the test gateway for each city, and seals its keys there.
func (a *App) seedCards(ctx context.Context, cards *local.Cards) error {
	if cards == nil {
		return nil
	}
	cities, err := a.db.BySlug(ctx, demoCities)
	if err != nil {
		return err
	}
	for _, slug := range demoCities {
		city := cities[slug]
		if city == nil {
			return fmt.Errorf("the city %s was applied and is not there", slug)
		}
		key, secret := "sk_test_"+a.derived("card.key "+slug), "whsec_"+a.derived("card.webhook "+slug)
		cards.Account(key, a.demoURL(slug)+cardNotices, secret)
		cards.Name(key, city.Portal)
		ctx := tenants.With(ctx, city)
		if err := errors.Join(a.keepSecret(ctx, payments.SecretCardKey, key), a.keepSecret(ctx, payments.SecretCardWebhook, secret)); err != nil {
			return fmt.Errorf("the payment account of %s: %w", slug, err)
		}
	}
	return nil
}

// derived is a value that no one guesses and every start of this demo finds again.
func (a *App) derived(name string) string {
	mac := hmac.New(sha256.New, []byte(a.config.Key))
	mac.Write([]byte("demo: " + name))
	return hex.EncodeToString(mac.Sum(nil))[:32]
}

// keepSecret sets a secret of the city of ctx, if it is not what it should be.
func (a *App) keepSecret(ctx context.Context, name, value string) error {
	kept, err := a.db.Secret(ctx, a.parsed.key, name)
	if err == nil && bytes.Equal(kept, []byte(value)) {
		return nil
	}
	if err != nil && !errors.Is(err, tenants.ErrNoSecret) {
		return err
	}
	return a.db.SetSecret(ctx, a.parsed.key, name, []byte(value))
}
