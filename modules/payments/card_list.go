package payments

import (
	"context"
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
		l.GivenBack = append(l.GivenBack, givenBack(r))
	}
	return l, nil
}

// taken is a charge as we know them: by the intent that was paid, which a refund names.
func taken(c *stripe.Charge) Taken {
	t := Taken{ID: c.ID, Payment: mark(c.Metadata, metaPayment), City: mark(c.Metadata, metaCity), Cents: euro(c.AmountCaptured, c.Currency), At: time.Unix(c.Created, 0)}
	if c.PaymentIntent != nil {
		t.ID = c.PaymentIntent.ID
	}
	return t
}

// mark is an id of ours that something at Stripe bears; uuid.Nil if it bears none.
func mark(marks map[string]string, key string) uuid.UUID {
	id, err := uuid.Parse(marks[key])
	if err != nil {
		return uuid.Nil
	}
	return id
}

// euro are the cents of an amount, none in another currency: we never ask for one, so it differs from whatever we asked for.
func euro(amount int64, currency stripe.Currency) int64 {
	if currency != stripe.CurrencyEUR {
		return 0
	}
	return amount
}

func givenBack(r *stripe.Refund) GivenBack {
	b := GivenBack{
		ID: r.ID, Refund: mark(r.Metadata, metaRefund), City: mark(r.Metadata, metaCity), Cents: euro(r.Amount, r.Currency), At: time.Unix(r.Created, 0), State: ReturnAsked,
	}
	if r.PaymentIntent != nil {
		b.Charge = r.PaymentIntent.ID
	}
	switch r.Status {
	case stripe.RefundStatusSucceeded:
		b.State = ReturnDone
	case stripe.RefundStatusFailed, stripe.RefundStatusCanceled:
		b.State = ReturnLost
	}
	return b
}
