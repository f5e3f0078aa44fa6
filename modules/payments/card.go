package payments

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/stripe/stripe-go/v82"

	"github.com/welfarex/welfarex/tenants"
)

// Secrets opens what the city of ctx keeps sealed; tenants.ErrNoSecret where it was given none.
type Secrets interface {
	Secret(ctx context.Context, name string) ([]byte, error)
}

// The secrets of a city's account at Stripe: its key for our calls, and the one its notices are signed with.
const (
	SecretCardKey     = "card.key"
	SecretCardWebhook = "card.webhook"
)

// What stands in the address a person comes back with.
const (
	outcomeDone      = "fatto"
	outcomeCancelled = "annullato"
)

const (
	cardTimeout = 5 * time.Second // for one attempt
	cardRetries = 2
	stripePages = "https://checkout.stripe.com"

	// Stripe takes an end between half an hour and a day from its own now. A repeat must ask for the very same end, so it is counted from the
	// birth of our payment, with ten minutes for the way there.
	shortestOpen = 40 * time.Minute
	longestOpen  = 24 * time.Hour
	lookedAtMost = 1000 // sessions, in search of one

	// The keys of our ids at Stripe. Whoever pays can set a session's reference on some of Stripe's pages, its metadata never.
	metaPayment = "payment"
	metaRefund  = "refund"
	metaCity    = "city" // several may use one account
)

// Card is the rail of payment cards: Stripe's hosted page, Checkout, on the account of each city.
type Card struct {
	secrets  Secrets
	backends *stripe.Backends
	pages    string
}

// NewCard makes the rail; api is where Stripe answers, "" for its own address. A client without a time limit gets one.
func NewCard(secrets Secrets, api string, client *http.Client) *Card {
	limited := http.Client{}
	if client != nil {
		limited = *client
	}
	if limited.Timeout == 0 {
		limited.Timeout = cardTimeout
	}
	config := &stripe.BackendConfig{
		HTTPClient: &limited, MaxNetworkRetries: stripe.Int64(cardRetries), EnableTelemetry: stripe.Bool(false),
		LeveledLogger: &stripe.LeveledLogger{Level: stripe.LevelNull}, // its errors quote what people typed
	}
	pages := stripePages
	if api != "" {
		config.URL, pages = stripe.String(api), origin(api)
	}
	return &Card{secrets: secrets, backends: stripe.NewBackendsWithConfig(config), pages: pages}
}

func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// FormsTo implements Rail.
func (k *Card) FormsTo() string { return k.pages }

// Start implements Rail. What was opened before for the same charge is given whatever else has changed since: the language, the address.
func (k *Card) Start(ctx context.Context, c Charge) (Session, error) {
	account, err := k.account(ctx)
	if err != nil {
		return Session{}, err
	}
	ours, err := marks(ctx, metaPayment, c.ID)
	if err != nil {
		return Session{}, err
	}
	asked, err := checkout(c, ours)
	if err != nil {
		return Session{}, err
	}
	s, err := account.V1CheckoutSessions.Create(ctx, asked)
	if now, late := tooLate(err); late {
		asked.ExpiresAt = stripe.Int64(now.Add(shortestOpen).Unix())
		s, err = account.V1CheckoutSessions.Create(ctx, asked)
	}
	if isStripe(err, stripe.ErrorTypeIdempotency) {
		s, err = opened(ctx, account, c)
	}
	if err != nil {
		return Session{}, fault("open a page for "+c.ID.String(), err)
	}
	if s.URL == "" { // it is over: there is nothing to see but what became of it
		s.URL = *asked.SuccessURL
	}
	return Session{ID: s.ID, URL: s.URL}, nil
}

// marks are what we write on everything of ours at Stripe: which it is, and of which city.
func marks(ctx context.Context, key string, id uuid.UUID) (map[string]string, error) {
	city, err := tenants.From(ctx)
	if err != nil {
		return nil, err
	}
	return map[string]string{key: id.String(), metaCity: city.ID.String()}, nil
}

// checkout is what Stripe is asked to collect.
func checkout(c Charge, ours map[string]string) (*stripe.CheckoutSessionCreateParams, error) {
	success, err := back(c.Back, outcomeDone)
	if err != nil {
		return nil, err
	}
	cancel, err := back(c.Back, outcomeCancelled)
	if err != nil {
		return nil, err
	}
	asked := &stripe.CheckoutSessionCreateParams{
		Mode:               stripe.String(string(stripe.CheckoutSessionModePayment)),
		PaymentMethodTypes: []*string{stripe.String("card")},
		LineItems: []*stripe.CheckoutSessionCreateLineItemParams{{
			Quantity: stripe.Int64(1),
			PriceData: &stripe.CheckoutSessionCreateLineItemPriceDataParams{
				Currency: stripe.String(string(stripe.CurrencyEUR)), UnitAmount: stripe.Int64(c.Cents),
				ProductData: &stripe.CheckoutSessionCreateLineItemPriceDataProductDataParams{Name: stripe.String(c.Description)},
			},
		}},
		ClientReferenceID: stripe.String(c.ID.String()),
		Metadata:          ours,
		PaymentIntentData: &stripe.CheckoutSessionCreatePaymentIntentDataParams{Description: stripe.String(c.Description), Metadata: ours},
		Locale:            stripe.String(locale(c.Lang)),
		SuccessURL:        stripe.String(success),
		CancelURL:         stripe.String(cancel),
		ExpiresAt:         c.end(),
	}
	if c.Email != "" {
		asked.CustomerEmail = stripe.String(c.Email)
	}
	asked.SetIdempotencyKey(c.ID.String() + ":session")
	return asked, nil
}

// back is the charge's way back, with what the person did.
func back(to, outcome string) (string, error) {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" {
		return "", errors.New("the way back from the payment page is no absolute address")
	}
	q := u.Query()
	q.Set("esito", outcome)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func locale(lang string) string {
	if lang == "it" || lang == "en" {
		return lang
	}
	return "auto"
}

// end is the charge's end as near as Stripe takes it; nil is a day, the most there is.
func (c Charge) end() *int64 {
	end := c.Expires
	if born := c.born(); !born.IsZero() {
		if end.After(born.Add(longestOpen)) {
			return nil
		}
		if earliest := born.Add(shortestOpen); end.Before(earliest) {
			end = earliest
		}
	}
	return stripe.Int64(end.Unix())
}

// born is when our payment was made, which its id tells; zero where it does not.
func (c Charge) born() time.Time {
	if c.ID.Version() != 7 {
		return time.Time{}
	}
	return time.Unix(c.ID.Time().UnixTime())
}

// tooLate says whether Stripe found the end too near, and what its own clock says: we began long after the payment was made.
func tooLate(err error) (now time.Time, late bool) {
	var told *stripe.Error
	if !errors.As(err, &told) || told.Param != "expires_at" || told.LastResponse == nil {
		return now, false
	}
	now, err = http.ParseTime(told.LastResponse.Header.Get("Date"))
	return now, err == nil
}

// opened finds the session that was opened before for the charge.
func opened(ctx context.Context, account *stripe.Client, c Charge) (*stripe.CheckoutSession, error) {
	asked := &stripe.CheckoutSessionListParams{}
	asked.Limit = stripe.Int64(100)
	if born := c.born(); !born.IsZero() {
		asked.CreatedRange = &stripe.RangeQueryParams{GreaterThanOrEqual: born.Add(-time.Hour).Unix()} // clocks differ
	}
	seen := 0
	for s, err := range account.V1CheckoutSessions.List(ctx, asked) {
		if err != nil {
			return nil, err
		}
		if id, ours := payment(s); ours && id == c.ID {
			return s, nil
		}
		if seen++; seen == lookedAtMost {
			break
		}
	}
	return nil, errors.New("it was opened before and is not to be found")
}

// Look implements Rail.
func (k *Card) Look(ctx context.Context, session string) (Notice, error) {
	account, err := k.account(ctx)
	if err != nil {
		return Notice{}, err
	}
	s, err := account.V1CheckoutSessions.Retrieve(ctx, session, nil)
	if err != nil {
		return Notice{}, fault("look at "+session, err)
	}
	n, err := ofSession(s)
	if err == nil && n.Payment == uuid.Nil {
		err = fmt.Errorf("session %s is not of this portal", session)
	}
	return n, err
}

// Close implements Rail.
func (k *Card) Close(ctx context.Context, session string) error {
	account, err := k.account(ctx)
	if err != nil {
		return err
	}
	_, err = account.V1CheckoutSessions.Expire(ctx, session, nil)
	if isStripe(err, stripe.ErrorTypeInvalidRequest) { // perhaps for it is over already, which has no code of its own
		s, lost := account.V1CheckoutSessions.Retrieve(ctx, session, nil)
		if lost == nil && s.Status != stripe.CheckoutSessionStatusOpen {
			return nil
		}
	}
	if err != nil {
		return fault("close "+session, err)
	}
	return nil
}

// Refund implements Rail. Asked again, it says how things stand now, not how they stood.
func (k *Card) Refund(ctx context.Context, r Return) (external string, done bool, err error) {
	account, err := k.account(ctx)
	if err != nil {
		return "", false, err
	}
	ours, err := marks(ctx, metaRefund, r.ID)
	if err != nil {
		return "", false, err
	}
	asked := &stripe.RefundCreateParams{PaymentIntent: stripe.String(r.Charge), Amount: stripe.Int64(r.Cents), Metadata: ours}
	asked.SetIdempotencyKey(r.ID.String())
	given, err := account.V1Refunds.Create(ctx, asked)
	if err == nil && given.LastResponse.Header.Get("Idempotent-Replayed") == "true" {
		given, err = account.V1Refunds.Retrieve(ctx, given.ID, nil)
	}
	switch {
	case err != nil:
		return "", false, fault("give back "+r.ID.String(), err)
	case given.Status == stripe.RefundStatusFailed, given.Status == stripe.RefundStatusCanceled:
		return given.ID, false, fmt.Errorf("give back %s: %w: Stripe says %s", r.ID, ErrRefused, given.Status)
	}
	return given.ID, given.Status == stripe.RefundStatusSucceeded, nil
}

// LookRefund implements Rail.
func (k *Card) LookRefund(ctx context.Context, external string) (Notice, error) {
	account, err := k.account(ctx)
	if err != nil {
		return Notice{}, err
	}
	r, err := account.V1Refunds.Retrieve(ctx, external, nil)
	if err != nil {
		return Notice{}, fault("look at "+external, err)
	}
	n, err := ofRefund(r)
	if err == nil && n.Refund == uuid.Nil {
		err = fmt.Errorf("refund %s is not of this portal", external)
	}
	return n, err
}

// account is the city's own, for the city of ctx.
func (k *Card) account(ctx context.Context) (*stripe.Client, error) {
	key, err := k.secret(ctx, SecretCardKey)
	if err != nil {
		return nil, err
	}
	return stripe.NewClient(key, stripe.WithBackends(k.backends)), nil
}

func (k *Card) secret(ctx context.Context, name string) (string, error) {
	value, err := k.secrets.Secret(ctx, name)
	value = bytes.TrimSpace(value)
	if errors.Is(err, tenants.ErrNoSecret) || err == nil && len(value) == 0 {
		return "", fmt.Errorf("%w: %s", ErrNotSet, name)
	}
	return string(value), err
}

func isStripe(err error, kind stripe.ErrorType) bool {
	var told *stripe.Error
	return errors.As(err, &told) && told.Type == kind
}

// fault is an error of Stripe's without what it quotes of the person and the card.
func fault(doing string, err error) error {
	var told *stripe.Error
	if !errors.As(err, &told) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fmt.Errorf("%s: Stripe says %d %s %s %s (request %s)", doing, told.HTTPStatusCode, told.Type, told.Code, told.Param, told.RequestID)
}
