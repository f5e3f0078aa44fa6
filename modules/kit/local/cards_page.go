package local

import (
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

//go:embed cards.html
var cardsHTML string

//go:embed cards_words.json
var cardsJSON []byte

var cardsPage = template.Must(template.New("cards").Parse(cardsHTML))

var cardsWords = func() (words map[string]map[string]string) {
	if err := json.Unmarshal(cardsJSON, &words); err != nil {
		panic(err)
	}
	return words
}()

// The numbers Stripe gives for tests. No other is taken: a real card has no place here.
const (
	goodCard    = "4242424242424242"
	refusedCard = "4000000000000002"
)

// cardPage is what the payment page shows. Problem is the key of what went wrong, Over of why there is nothing to pay.
type cardPage struct {
	CardSession
	Merchant, Lang, Problem, Over string
}

// T is a word in the page's language.
func (p cardPage) T(key string) string { return cardsWords[p.Lang][key] }

// Amount is the price as the page's language writes it.
func (p cardPage) Amount() string {
	point, comma := ".", ","
	if p.Lang == "en" {
		point, comma = ",", "."
	}
	whole := strconv.FormatInt(p.Cents/100, 10)
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + point + whole[at:]
	}
	number := whole + comma + strconv.FormatInt(100+p.Cents%100, 10)[1:]
	switch {
	case p.Currency != "eur":
		return number + "\u00a0" + strings.ToUpper(p.Currency)
	case p.Lang == "en":
		return "€" + number
	}
	return number + "\u00a0€"
}

// Until is when the page ends, of today or tomorrow.
func (p cardPage) Until() string { return p.Expires.In(rome).Format("15:04") }

// Back is where the page leads without a payment, or once there is one.
func (p cardPage) Back() string {
	if p.Over == "paid" {
		return p.success()
	}
	return p.CancelURL
}

func (p cardPage) success() string {
	return strings.ReplaceAll(p.SuccessURL, "{CHECKOUT_SESSION_ID}", p.ID)
}

// page is a payment page in the language of its session, or else of the reader.
func (c *Cards) page(r *http.Request) (p cardPage, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	a, s := c.session(r.PathValue("id"))
	if s == nil {
		return p, false
	}
	if c.overdue(a, s) {
		c.save()
	}
	p = cardPage{CardSession: *s, Merchant: a.Name, Lang: s.Locale}
	if p.Lang != "it" && p.Lang != "en" {
		p.Lang = "it"
		if strings.HasPrefix(r.Header.Get("Accept-Language"), "en") {
			p.Lang = "en"
		}
	}
	switch s.Status {
	case "complete":
		p.Over = "paid"
	case "expired":
		p.Over = "expired"
	}
	return p, true
}

func (c *Cards) showPage(w http.ResponseWriter, r *http.Request) {
	p, found := c.page(r)
	if !found {
		http.NotFound(w, r)
		return
	}
	p.show(w, http.StatusOK)
}

func (p cardPage) show(w http.ResponseWriter, status int) {
	// A form's way on counts as its action, too, so the shop it leads back to is named.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'none'; "+
		"form-action 'self' "+originOf(p.SuccessURL))
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = cardsPage.Execute(w, p)
}

func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || strings.ContainsAny(u.Host, "; ,") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

func (c *Cards) takePage(w http.ResponseWriter, r *http.Request) {
	p, found := c.page(r)
	if !found {
		http.NotFound(w, r)
		return
	}
	if p.Over != "" {
		p.show(w, http.StatusConflict)
		return
	}
	act := r.PostFormValue("esito")
	if act == "paga" {
		act = tried(r.PostFormValue("numero"))
	}
	switch p.Problem = c.act(p.ID, act); p.Problem {
	case "":
		http.Redirect(w, r, p.success(), http.StatusSeeOther)
	default:
		p.show(w, http.StatusPaymentRequired)
	}
}

// tried is what a card does whose number was typed.
func tried(number string) string {
	switch strings.Join(strings.Fields(number), "") {
	case goodCard:
		return "paga"
	case refusedCard:
		return "rifiuta"
	}
	return "altra"
}

// act does what was chosen; problem is the key of why it was not paid.
func (c *Cards) act(session, act string) (problem string) {
	var err error
	switch act {
	case "paga":
		_, err = c.Pay(session)
	case "tardi":
		_, err = c.PayLate(session)
	case "due":
		_, err = c.PayTwice(session)
	case "rifiuta":
		if err = c.Refuse(session); err == nil {
			return "refused"
		}
	default:
		return "not_a_test_card"
	}
	if err != nil {
		return "not_open"
	}
	return ""
}
