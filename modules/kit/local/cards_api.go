package local

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// cardAnswer is what was answered to a request with an idempotency key.
type cardAnswer struct {
	Asked  string    `json:"asked"` // method, path and parameters
	Status int       `json:"status"`
	Body   string    `json:"body"`
	At     time.Time `json:"at"`
}

// cardError is an error in Stripe's shape.
type cardError struct {
	status  int
	Type    string `json:"type"`
	Code    string `json:"code,omitempty"`
	Param   string `json:"param,omitempty"`
	Message string `json:"message"`
}

func (e *cardError) Error() string { return e.Message }

func invalidCard(param, format string, args ...any) *cardError {
	return &cardError{status: http.StatusBadRequest, Type: "invalid_request_error", Param: param, Message: fmt.Sprintf(format, args...)}
}

func missingCard(param, kind, id string) *cardError {
	return &cardError{
		status: http.StatusNotFound, Type: "invalid_request_error", Code: "resource_missing", Param: param, Message: fmt.Sprintf("No such %s: '%s'", kind, id),
	}
}

// cardCall is one request of an account, parsed.
type cardCall struct {
	account *cardAccount
	form    url.Values
	id      string
}

// ServeHTTP answers the API and the payment pages, and only to this machine's own names.
func (c *Cards) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Referrer-Policy", "no-referrer")
	if !ownName(r.Host) {
		http.Error(w, "unknown host", http.StatusMisdirectedRequest)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, 256<<10)
	c.mux.ServeHTTP(w, r)
}

func (c *Cards) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /c/pay/{id}", c.showPage)
	mux.HandleFunc("POST /c/pay/{id}", c.takePage)
	mux.HandleFunc("POST /v1/checkout/sessions", c.api(c.createSession))
	mux.HandleFunc("GET /v1/checkout/sessions", c.api(c.listSessions))
	mux.HandleFunc("GET /v1/checkout/sessions/{id}", c.api(c.readSession))
	mux.HandleFunc("POST /v1/checkout/sessions/{id}/expire", c.api(c.expireSession))
	mux.HandleFunc("GET /v1/charges", c.api(c.listCharges))
	mux.HandleFunc("POST /v1/refunds", c.api(c.createRefund))
	mux.HandleFunc("GET /v1/refunds", c.api(c.listRefunds))
	mux.HandleFunc("GET /v1/refunds/{id}", c.api(c.readRefund))
	mux.HandleFunc("/v1/", c.api(func(cardCall) (any, *cardError) {
		return nil, &cardError{status: http.StatusNotFound, Type: "invalid_request_error", Message: "Unrecognized request URL."}
	}))
	return mux
}

// api knows the account by its key, and answers a repeated request as the first.
func (c *Cards) api(do func(cardCall) (any, *cardError)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Request-Id", newID("req_"))
		form, err := cardForm(r)
		if err != nil {
			answerCard(w, err.status, cardBody(nil, err))
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		account, err := c.authenticate(r)
		if err != nil {
			answerCard(w, err.status, cardBody(nil, err))
			return
		}
		status, body, replayed := c.idempotent(r, account, form, do)
		if replayed {
			w.Header().Set("Idempotent-Replayed", "true")
		}
		answerCard(w, status, body)
	}
}

func cardForm(r *http.Request) (url.Values, *cardError) {
	if kind := r.Header.Get("Content-Type"); r.Method == http.MethodPost && kind != "" && !strings.HasPrefix(kind, "application/x-www-form-urlencoded") {
		return nil, invalidCard("", "Invalid request: only form-encoded bodies are taken.")
	}
	if err := r.ParseForm(); err != nil {
		return nil, invalidCard("", "Invalid request: the parameters cannot be read.")
	}
	return r.Form, nil
}

func (c *Cards) authenticate(r *http.Request) (*cardAccount, *cardError) {
	key, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !isBearer {
		key, _, _ = r.BasicAuth()
	}
	if a := c.accounts[key]; key != "" && a != nil {
		return a, nil
	}
	why := "Invalid API Key provided."
	if key == "" {
		why = "You did not provide an API key."
	}
	return nil, &cardError{status: http.StatusUnauthorized, Type: "invalid_request_error", Message: why}
}

// idempotent: the same key and parameters get the same answer, the same key and others an error. What was refused for its parameters was never
// begun, and is not kept.
func (c *Cards) idempotent(r *http.Request, a *cardAccount, form url.Values, do func(cardCall) (any, *cardError)) (status int, body string, replayed bool) {
	key, asked := r.Header.Get("Idempotency-Key"), r.Method+" "+r.URL.Path+" "+form.Encode()
	keyed := key != "" && r.Method == http.MethodPost
	if before, known := a.Answers[key]; keyed && known {
		if before.Asked != asked {
			err := &cardError{status: http.StatusBadRequest, Type: "idempotency_error", Message: "Keys for idempotent requests can only be used with the " +
				"same parameters they were first used with. Try using a key other than '" + key + "' if you meant to execute a different request."}
			return err.status, cardBody(nil, err), false
		}
		return before.Status, before.Body, true
	}
	value, err := do(cardCall{account: a, form: form, id: r.PathValue("id")})
	if err != nil {
		return err.status, cardBody(nil, err), false
	}
	body = cardBody(value, nil)
	if keyed {
		a.Answers[key] = cardAnswer{Asked: asked, Status: http.StatusOK, Body: body, At: time.Now()}
	}
	if r.Method == http.MethodPost {
		c.save()
	}
	return http.StatusOK, body, false
}

func cardBody(value any, err *cardError) string {
	if err != nil {
		value = map[string]any{"error": err}
	}
	body, _ := json.MarshalIndent(value, "", "  ")
	return string(body) + "\n"
}

func answerCard(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

var (
	sessionParams = regexp.MustCompile(`^(mode|payment_method_types\[\d+\]|client_reference_id|customer_email|locale|success_url|cancel_url|expires_at|` +
		`metadata\[\w+\]|payment_intent_data\[(description|metadata\]\[\w+)\]|` +
		`line_items\[0\]\[(quantity|price_data\]\[(currency|unit_amount|product_data\]\[(name|description)))\])$`)
	refundParams = regexp.MustCompile(`^(payment_intent|amount|reason|metadata\[\w+\])$`)
	listParams   = regexp.MustCompile(`^(limit|starting_after|created\[(gte|lt)\])$`)
	noParams     = regexp.MustCompile(`^$`)
	locales      = []string{"", "auto", "it", "en"}
)

// unknown refuses parameters that nobody reads, as Stripe does.
func (r cardCall) unknown(known *regexp.Regexp) *cardError {
	for name := range r.form {
		if !known.MatchString(name) {
			err := invalidCard(name, "Received unknown parameter: %s", name)
			err.Code = "parameter_unknown"
			return err
		}
	}
	return nil
}

func (r cardCall) number(name string) int64 {
	n, err := strconv.ParseInt(r.form.Get(name), 10, 64)
	if err != nil {
		return -1
	}
	return n
}

// under gives the values of name[key].
func (r cardCall) under(name string) map[string]string {
	values := map[string]string{}
	for full, v := range r.form {
		key, ok := strings.CutPrefix(full, name+"[")
		if key, closed := strings.CutSuffix(key, "]"); ok && closed {
			values[key] = v[0]
		}
	}
	return values
}

const priceData = "line_items[0][price_data]"

func (c *Cards) createSession(r cardCall) (any, *cardError) {
	if err := r.unknown(sessionParams); err != nil {
		return nil, err
	}
	s := &CardSession{
		ID: newID("cs_test_"), Status: "open", Created: time.Now(), Reference: r.form.Get("client_reference_id"),
		Metadata: r.under("metadata"), ChargeMeta: r.under("payment_intent_data[metadata]"),
		Cents: r.number(priceData+"[unit_amount]") * r.number("line_items[0][quantity]"), Currency: r.form.Get(priceData + "[currency]"),
		Description: r.form.Get(priceData + "[product_data][name]"), Email: r.form.Get("customer_email"), Locale: r.form.Get("locale"),
		SuccessURL: r.form.Get("success_url"), CancelURL: r.form.Get("cancel_url"), Expires: time.Now().Add(24 * time.Hour),
	}
	if r.form.Has("expires_at") {
		s.Expires = time.Unix(r.number("expires_at"), 0)
	}
	if err := s.wrong(r); err != nil {
		return nil, err
	}
	r.account.Sessions[s.ID] = s
	return s.object(c.URL()), nil
}

// wrong is what Stripe would say of a new page.
func (s *CardSession) wrong(r cardCall) *cardError {
	lifetime := s.Expires.Sub(s.Created)
	switch {
	case r.form.Get("mode") != "payment":
		return invalidCard("mode", "Invalid mode: must be payment")
	case len(s.Currency) != 3:
		return invalidCard(priceData+"[currency]", "Invalid currency: %s", s.Currency)
	case r.number("line_items[0][quantity]") < 1:
		return invalidCard("line_items[0][quantity]", "Invalid integer")
	case r.number(priceData+"[unit_amount]") < 0:
		return invalidCard(priceData+"[unit_amount]", "Invalid integer")
	case s.Cents < 50:
		err := invalidCard("", "The Checkout Session's total amount must convert to at least 50 cents.")
		err.Code = "amount_too_small"
		return err
	case strings.TrimSpace(s.Description) == "":
		return invalidCard(priceData+"[product_data][name]", "You passed an empty string for a name.")
	case utf8.RuneCountInString(s.Reference) > 200:
		return invalidCard("client_reference_id", "Invalid string: must be at most 200 characters")
	case r.form.Has("customer_email") && !strings.Contains(s.Email, "@"):
		err := invalidCard("customer_email", "Invalid email address: %s", s.Email)
		err.Code = "email_invalid"
		return err
	case !slices.Contains(locales, s.Locale):
		return invalidCard("locale", "Invalid locale: %s", s.Locale)
	case !absolute(s.SuccessURL):
		return invalidCard("success_url", "Not a valid URL")
	case s.CancelURL != "" && !absolute(s.CancelURL):
		return invalidCard("cancel_url", "Not a valid URL")
	case lifetime < 30*time.Minute-time.Second:
		return invalidCard("expires_at", "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.")
	case lifetime > 24*time.Hour+time.Second:
		return invalidCard("expires_at", "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.")
	}
	return nil
}

func absolute(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// object is the session as Stripe shows it.
func (s *CardSession) object(base string) map[string]any {
	o := map[string]any{
		"id": s.ID, "object": "checkout.session", "amount_subtotal": s.Cents, "amount_total": s.Cents, "cancel_url": orNull(s.CancelURL),
		"client_reference_id": orNull(s.Reference), "created": s.Created.Unix(), "currency": s.Currency, "customer": nil, "customer_email": orNull(s.Email),
		"customer_details": map[string]any{"email": orNull(s.Email)}, "expires_at": s.Expires.Unix(), "livemode": false, "locale": orNull(s.Locale),
		"metadata": s.Metadata, "mode": "payment", "payment_intent": orNull(s.Charge), "payment_method_types": []string{"card"},
		"payment_status": "unpaid", "status": s.Status, "success_url": s.SuccessURL, "url": nil,
	}
	if s.Charge != "" {
		o["payment_status"] = "paid"
	}
	if s.Status == "open" {
		o["url"] = base + "/c/pay/" + s.ID
	}
	return o
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (r cardCall) session() (*CardSession, *cardError) {
	if s := r.account.Sessions[r.id]; s != nil {
		return s, nil
	}
	return nil, missingCard("session", "checkout.session", r.id)
}

func (c *Cards) readSession(r cardCall) (any, *cardError) {
	s, err := r.session()
	if err != nil {
		return nil, err
	}
	if err := r.unknown(noParams); err != nil {
		return nil, err
	}
	if c.overdue(r.account, s) {
		c.save()
	}
	return s.object(c.URL()), nil
}

func (c *Cards) expireSession(r cardCall) (any, *cardError) {
	s, err := r.session()
	if err != nil {
		return nil, err
	}
	if c.overdue(r.account, s); s.Status != "open" {
		return nil, invalidCard("", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of `%s`.", s.Status)
	}
	c.expire(r.account, s)
	return s.object(c.URL()), nil
}

// listed is something that can be listed.
type listed struct {
	id     string
	at     time.Time
	object func() map[string]any
}

// page gives a page of what was made within the range that was asked for, newest first.
func (r cardCall) page(address string, all []listed) (any, *cardError) {
	if err := r.unknown(listParams); err != nil {
		return nil, err
	}
	limit := int64(10)
	if r.form.Has("limit") {
		limit = r.number("limit")
	}
	if limit < 1 || limit > 100 {
		return nil, invalidCard("limit", "Invalid integer: limit must be between 1 and 100")
	}
	all = slices.DeleteFunc(all, func(l listed) bool {
		return l.at.Unix() < r.number("created[gte]") || r.form.Has("created[lt]") && l.at.Unix() >= r.number("created[lt]")
	})
	slices.SortFunc(all, func(a, b listed) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(b.id, a.id)) })
	if after := r.form.Get("starting_after"); after != "" {
		all = all[1+slices.IndexFunc(all, func(l listed) bool { return l.id == after }):]
	}
	shown := []any{}
	for _, l := range all[:min(int(limit), len(all))] {
		shown = append(shown, l.object())
	}
	return map[string]any{"object": "list", "url": address, "has_more": len(shown) < len(all), "data": shown}, nil
}

func (c *Cards) listSessions(r cardCall) (any, *cardError) {
	var all []listed
	for _, s := range r.account.Sessions {
		all = append(all, listed{s.ID, s.Created, func() map[string]any { return s.object(c.URL()) }})
	}
	return r.page("/v1/checkout/sessions", all)
}

func (c *Cards) listCharges(r cardCall) (any, *cardError) {
	var all []listed
	for _, s := range r.account.Sessions {
		if s.Charge != "" {
			all = append(all, listed{s.chargeID(), s.Paid, s.charge})
		}
	}
	return r.page("/v1/charges", all)
}

func (c *Cards) listRefunds(r cardCall) (any, *cardError) {
	var all []listed
	for _, made := range r.account.Refunds {
		all = append(all, listed{made.ID, made.Created, made.object})
	}
	return r.page("/v1/refunds", all)
}

// chargeID is the id of the charge by which an intent was paid.
func (s *CardSession) chargeID() string { return "ch_" + strings.TrimPrefix(s.Charge, "pi_") }

// charge is the charge of a paid page as Stripe shows it: with the metadata of its intent.
func (s *CardSession) charge() map[string]any {
	return map[string]any{
		"id": s.chargeID(), "object": "charge", "amount": s.Cents, "amount_captured": s.Cents, "captured": true, "created": s.Paid.Unix(), "currency": s.Currency,
		"description": orNull(s.Description), "livemode": false, "metadata": s.ChargeMeta, "paid": true, "payment_intent": s.Charge, "status": "succeeded",
	}
}

func (c *Cards) createRefund(r cardCall) (any, *cardError) {
	if err := r.unknown(refundParams); err != nil {
		return nil, err
	}
	charge := r.form.Get("payment_intent")
	s, left := r.account.unrefunded(charge)
	if s == nil {
		return nil, missingCard("payment_intent", "payment_intent", charge)
	}
	cents := left
	if r.form.Has("amount") {
		cents = r.number("amount")
	}
	switch {
	case left == 0:
		err := invalidCard("", "Charge has already been refunded.")
		err.Code = "charge_already_refunded"
		return nil, err
	case cents < 1:
		return nil, invalidCard("amount", "This value must be greater than or equal to 1.")
	case cents > left:
		return nil, invalidCard("amount", "Refund amount (%d) is greater than unrefunded amount on charge (%d)", cents, left)
	}
	made := &CardRefund{
		ID: newID("re_"), Charge: charge, Cents: cents, Currency: s.Currency, Status: "succeeded", Metadata: r.under("metadata"), Created: time.Now(),
	}
	if c.hold {
		made.Status = "pending"
	}
	r.account.Refunds[made.ID] = made
	c.tell(r.account, "refund.created", made.object(), 0, 1)
	return made.object(), nil
}

// unrefunded is the session that was paid with the charge, and how much of it was not given back.
func (a *cardAccount) unrefunded(charge string) (paid *CardSession, left int64) {
	for _, s := range a.Sessions {
		if charge != "" && s.Charge == charge {
			paid, left = s, s.Cents
		}
	}
	for _, r := range a.Refunds {
		if r.Charge == charge && r.Status != "failed" {
			left -= r.Cents
		}
	}
	return paid, left
}

func (r *CardRefund) object() map[string]any {
	return map[string]any{
		"id": r.ID, "object": "refund", "amount": r.Cents, "charge": nil, "created": r.Created.Unix(), "currency": r.Currency, "metadata": r.Metadata,
		"payment_intent": r.Charge, "reason": nil, "status": r.Status,
	}
}

func (c *Cards) readRefund(r cardCall) (any, *cardError) {
	if made := r.account.Refunds[r.id]; made != nil {
		return made.object(), nil
	}
	return nil, missingCard("refund", "refund", r.id)
}
