package payments

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v82"
	"github.com/stripe/stripe-go/v82/webhook"
)

// Read implements Rail.
func (k *Card) Read(ctx context.Context, signature string, body []byte) (Notice, error) {
	secret, err := k.secret(ctx, SecretCardWebhook)
	if err != nil {
		return Notice{}, err
	}
	if err := webhook.ValidatePayload(body, signature, secret); err != nil {
		return Notice{}, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	var told stripe.Event
	if err := json.Unmarshal(body, &told); err != nil {
		return Notice{}, fmt.Errorf("read a notice: %w", err)
	}
	n, err := ofEvent(told)
	if err != nil {
		return Notice{}, fmt.Errorf("read notice %s: %w", told.ID, err)
	}
	n.ID = told.ID
	return n, nil
}

// ofEvent is what an event says of our payments and refunds; most say nothing.
func ofEvent(told stripe.Event) (Notice, error) {
	switch told.Type {
	case stripe.EventTypeCheckoutSessionCompleted, stripe.EventTypeCheckoutSessionAsyncPaymentSucceeded, stripe.EventTypeCheckoutSessionExpired:
		return from(told, ofSession)
	case stripe.EventTypeRefundUpdated, stripe.EventTypeRefundFailed, stripe.EventTypeChargeRefundUpdated:
		return from(told, ofRefund)
	}
	return Notice{}, nil
}

func from[T any](told stripe.Event, read func(*T) (Notice, error)) (Notice, error) {
	if told.Data == nil {
		return Notice{}, errors.New("it has no content")
	}
	var about T
	if err := json.Unmarshal(told.Data.Raw, &about); err != nil {
		return Notice{}, err
	}
	return read(&about)
}

// payment is which of our payments a session is for: its reference and its metadata must say the same.
func payment(s *stripe.CheckoutSession) (id uuid.UUID, ours bool) {
	id, err := uuid.Parse(s.ClientReferenceID)
	return id, err == nil && id != uuid.Nil && s.Metadata[metaPayment] == s.ClientReferenceID
}

func ofSession(s *stripe.CheckoutSession) (Notice, error) {
	id, ours := payment(s)
	if !ours {
		return Notice{}, nil
	}
	n := Notice{Payment: id, Session: s.ID, Cents: s.AmountTotal}
	if s.PaymentIntent != nil {
		n.Charge = s.PaymentIntent.ID
	}
	switch {
	case s.Currency != stripe.CurrencyEUR:
		return Notice{}, fmt.Errorf("session %s is in %q", s.ID, s.Currency)
	case s.PaymentStatus == stripe.CheckoutSessionPaymentStatusPaid && n.Charge == "":
		return Notice{}, fmt.Errorf("session %s is paid by nothing", s.ID)
	case s.PaymentStatus == stripe.CheckoutSessionPaymentStatusPaid:
		n.Kind = Paid
	case s.Status == stripe.CheckoutSessionStatusExpired:
		n.Kind = Expired
	}
	return n, nil
}

func ofRefund(r *stripe.Refund) (Notice, error) {
	id, err := uuid.Parse(r.Metadata[metaRefund])
	if err != nil || id == uuid.Nil {
		return Notice{}, nil //nolint:nilerr // given back by hand, on Stripe's own pages
	}
	if r.Currency != stripe.CurrencyEUR {
		return Notice{}, fmt.Errorf("refund %s is in %q", r.ID, r.Currency)
	}
	n := Notice{Refund: id, Cents: r.Amount}
	if r.PaymentIntent != nil {
		n.Charge = r.PaymentIntent.ID
	}
	switch r.Status {
	case stripe.RefundStatusSucceeded:
		n.Kind = Returned
	case stripe.RefundStatusFailed, stripe.RefundStatusCanceled:
		n.Kind = ReturnFailed
	}
	return n, nil
}
