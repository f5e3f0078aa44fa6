package payments

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v82"
)

// List implements Rail.
func (k *Card) List(ctx context.Context, since, until time.Time) (l Listing, err error) {
	account, err := k.account(ctx)
	if err != nil {
		return l, err
	}
	within := &stripe.RangeQueryParams{GreaterThanOrEqual: since.Unix(), LesserThan: until.Unix()}
	charges := &stripe.ChargeListParams{CreatedRange: within}
	charges.Limit = stripe.Int64(100)
	for c, err := range account.V1Charges.List(ctx, charges) {
		if err != nil {
			return l, fault("list charges", err)
		}
		if c.Currency != stripe.CurrencyEUR {
			return l, fmt.Errorf("charge %s is in %q", c.ID, c.Currency)
		}
		if c.Captured && c.Status == stripe.ChargeStatusSucceeded {
			l.Taken = append(l.Taken, taken(c))
		}
	}
	refunds := &stripe.RefundListParams{CreatedRange: within}
	refunds.Limit = stripe.Int64(100)
	for r, err := range account.V1Refunds.List(ctx, refunds) {
		if err != nil {
			return l, fault("list refunds", err)
		}
		if r.Currency != stripe.CurrencyEUR {
			return l, fmt.Errorf("refund %s is in %q", r.ID, r.Currency)
		}
		l.GivenBack = append(l.GivenBack, givenBack(r))
	}
	return l, nil
}

// taken is a charge as we know them: by the intent that was paid, which a refund names.
func taken(c *stripe.Charge) Taken {
	t := Taken{ID: c.ID, Cents: c.AmountCaptured, At: time.Unix(c.Created, 0)}
	if c.PaymentIntent != nil {
		t.ID = c.PaymentIntent.ID
	}
	if id, err := uuid.Parse(c.Metadata[metaPayment]); err == nil {
		t.Payment = id
	}
	return t
}

func givenBack(r *stripe.Refund) GivenBack {
	b := GivenBack{ID: r.ID, Cents: r.Amount, At: time.Unix(r.Created, 0), State: ReturnAsked}
	if id, err := uuid.Parse(r.Metadata[metaRefund]); err == nil {
		b.Refund = id
	}
	switch r.Status {
	case stripe.RefundStatusSucceeded:
		b.State = ReturnDone
	case stripe.RefundStatusFailed, stripe.RefundStatusCanceled:
		b.State = ReturnLost
	}
	return b
}
