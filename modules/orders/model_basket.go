package orders

import (
	"crypto/sha256"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// Holder is whose basket it is: an account's, or a visitor's who is known by a cookie.
type Holder struct {
	Account uuid.UUID
	Token   string // of the cookie, "" if there is none yet
}

// nobody has no basket yet.
func (h Holder) nobody() bool { return h.Account == uuid.Nil && h.Token == "" }

// Basket is what somebody is about to order, of one provider for now.
type Basket struct {
	Provider Seller
	Items    []Item
}

// Seller is a provider as the law wants it shown before an order (d.lgs. 206/2005 art. 49).
type Seller struct {
	ID        uuid.UUID
	Slug      string
	Name      string
	Address   string
	Phone     string
	Email     string
	VATNumber string
}

// Item is a service in a basket, at today's price.
type Item struct {
	Service  uuid.UUID
	Slug     string
	Title    string
	Unit     string
	Picture  string
	Terms    string // of cancellation, HTML of the sheet
	Quantity int
	Cents    int64 // of one unit, VAT included
	Sale     *catalogue.Sale
	Sold     bool // can be bought today
}

// Line is the item as an order keeps it.
func (i *Item) line() Line {
	cents := int64(i.Quantity) * i.Cents
	return Line{Service: i.Service, Slug: i.Slug, Title: i.Title, Unit: i.Unit, Quantity: i.Quantity, UnitCents: i.Cents, VAT: i.Sale.VAT, Cents: cents, VATCents: i.Sale.VAT.Of(cents)}
}

// Empty says whether there is nothing in it.
func (b *Basket) Empty() bool { return len(b.Items) == 0 }

// Sellable says whether everything in it can be bought today.
func (b *Basket) Sellable() bool {
	for i := range b.Items {
		if !b.Items[i].Sold {
			return false
		}
	}
	return !b.Empty()
}

// Cents is what it all costs, VAT included.
func (b *Basket) Cents() (sum int64) {
	for i := range b.Items {
		if b.Items[i].Sold {
			sum += int64(b.Items[i].Quantity) * b.Items[i].Cents
		}
	}
	return sum
}

// VATCents is the tax inside.
func (b *Basket) VATCents() (sum int64) {
	for i := range b.Items {
		if b.Items[i].Sold {
			l := b.Items[i].line()
			sum += l.VATCents
		}
	}
	return sum
}

// wants says whether one of the services needs something: an address, a telephone.
func (b *Basket) wants(what func(*catalogue.Sale) bool) bool {
	for i := range b.Items {
		if b.Items[i].Sale != nil && what(b.Items[i].Sale) {
			return true
		}
	}
	return false
}

// WantsAddress says whether somebody comes to the person's home.
func (b *Basket) WantsAddress() bool {
	return b.wants(func(s *catalogue.Sale) bool { return s.Address })
}

// WantsPhone says whether somebody rings before.
func (b *Basket) WantsPhone() bool { return b.wants(func(s *catalogue.Sale) bool { return s.Phone }) }

// cancelDays are the shortest terms of what is in it: they hold for the whole part.
func (b *Basket) cancelDays() int {
	days := b.Items[0].Sale.CancelDays
	for _, i := range b.Items[1:] {
		days = min(days, i.Sale.CancelDays)
	}
	return days
}

// Placement is a basket that becomes an order.
type Placement struct {
	Key     uuid.UUID // of the form
	Member  uuid.UUID // for whom; uuid.Nil for oneself
	Address string
	Phone   string
	Note    string
	Terms   bool
	Cents   int64 // what the person was shown
}

// digest tells two forms apart that came under the same key.
func (p Placement) digest() []byte {
	raw, _ := json.Marshal(p) // ids, texts and numbers
	sum := sha256.Sum256(raw)
	return sum[:]
}

// check says what is missing, by field.
func (p Placement) check(b *Basket) error {
	var f problem.Fields
	f.Check(p.Address != "" || !b.WantsAddress(), "address", "orders.address_missing")
	f.Check(fits(p.Address, 300), "address", "orders.too_long")
	f.Check(p.Phone != "" || !b.WantsPhone(), "phone", "orders.phone_missing")
	f.Check(p.Phone == "" || phoneLike(p.Phone), "phone", "orders.phone_wrong")
	f.Check(fits(p.Note, 1000), "note", "orders.too_long")
	f.Check(p.Terms, "terms", "orders.terms_missing")
	return f.Err()
}

// fits counts as a form does: characters, and a line break as one.
func fits(text string, most int) bool {
	return utf8.RuneCountInString(strings.ReplaceAll(text, "\r\n", "\n")) <= most
}

// phoneLike is generous: digits with what people write between them.
func phoneLike(s string) bool {
	digits := 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r == '+' || r == ' ' || r == '-' || r == '.' || r == '/' || r == '(' || r == ')':
		default:
			return false
		}
	}
	return digits >= 6 && digits <= 15
}
