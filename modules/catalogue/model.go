package catalogue

import (
	"iter"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Status says whether a service can be obtained today.
type Status string

// An inactive service says why.
const (
	Active   Status = "active"
	Inactive Status = "inactive"
)

// PriceKind says what a price depends on.
type PriceKind string

// The kinds of prices, as a city's folder names them.
const (
	Free   PriceKind = "free"
	Fixed  PriceKind = "fixed"
	From   PriceKind = "from"
	ByISEE PriceKind = "isee"
)

// Price is what a service costs before anything is known of the person.
type Price struct {
	Kind  PriceKind
	Cents int64 // the price, or the lowest
	Most  int64 // the highest, of a price by ISEE; 0 if not told
	Unit  string
}

// Sale is how a service is sold on line.
type Sale struct {
	VAT        VAT  `yaml:"vat" json:"vat" validate:"required,oneof=exempt 5 22"`
	Most       int  `yaml:"most" json:"most" validate:"required,min=1,max=99"`                // units in one order
	CancelDays int  `yaml:"cancel_days" json:"cancel_days" validate:"required,min=1,max=365"` // after the order, as long as nothing was delivered
	Address    bool `yaml:"address" json:"address"`                                           // somebody comes to the person's home
	Phone      bool `yaml:"phone" json:"phone"`                                               // and rings before
}

// VAT is the kind of value-added tax that a price holds (domain: 5 % for services of social cooperatives to frail people, DPR 633/1972 table A
// part II-bis; exempt by its art. 10; else 22 %).
type VAT string

// The kinds of VAT.
const (
	Exempt VAT = "exempt"
	VAT5   VAT = "5"
	VAT22  VAT = "22"
)

// Percent is the rate.
func (v VAT) Percent() int64 {
	switch v {
	case VAT5:
		return 5
	case VAT22:
		return 22
	}
	return 0
}

// Of is the tax inside a price, in cents, rounded half up.
func (v VAT) Of(cents int64) int64 {
	rate := v.Percent()
	return (2*cents*rate + 100 + rate) / (2 * (100 + rate))
}

// Text is a city's own text. Foreign says that it is Italian on a page of another language, because nobody translated it.
type Text struct {
	Text    string
	Foreign bool
}

// List is words of an array, with a space between: slugs hold none.
type List string

// Words gives the words one by one.
func (l List) Words() iter.Seq[string] { return strings.FieldsSeq(string(l)) }

// Has says whether the list holds a word.
func (l List) Has(word string) bool {
	for w := range l.Words() {
		if w == word {
			return true
		}
	}
	return false
}

// index is the place of a word, or the length of the list if it is not there.
func (l List) index(word string) int {
	i := 0
	for w := range l.Words() {
		if w == word {
			break
		}
		i++
	}
	return i
}

// Need is how a person names what is wrong.
type Need struct {
	Slug  string
	Name  Text
	Icon  string
	Count int // how many services answer it, where that was asked for
}

// Category is a shelf of the catalogue: each service stands on one.
type Category struct {
	id      key
	Slug    string
	Name    Text
	Summary Text
	Icon    string
	Count   int
}

// Provider delivers services.
type Provider struct {
	id             key
	Slug           string
	Name           string
	Kind           string
	Accredited     bool // stands in the city's register today
	About          Text
	Address        string
	Phone          string
	Email          string
	Web            string
	VATNumber      string // partita IVA; who has none sells nothing
	Neighbourhood  string // its name
	Accreditations []Accreditation
	Count          int
}

// key is a row's id, by which rows of one batch find each other.
type key [16]byte

// Card is a service as lists show it: what decides, and no more.
type Card struct {
	Slug           string
	Title          Text
	Summary        Text
	Category       *Category
	Provider       *Provider
	Needs          List
	Audiences      List
	Places         List // casa · sede · online
	Neighbourhoods List // none = the whole city
	Status         Status
	Online         bool // one asks for it by telephone or e-mail
	Sold           bool // can be bought here today
	Price          Price
	Picture        string // id of the file, or ""

	category, provider key
	terms              string // JSON, only where a search asked for it
}

// Sheet is a service as its own page shows it.
type Sheet struct {
	Card
	sheet
	Sale         *Sale // nil where it is not sold on line
	StatusReason string
	PriceNote    string
	PriceAct     string
	Capacity     int // units a month; 0 if not told
	Topics       []string
	Areas        []string // names of the neighbourhoods it is limited to
	Attachments  []Attachment
	Office       *Office // the responsible unit; nil if it is the provider
	Updated      time.Time
}

// Attachment is a document that goes with a service.
type Attachment struct {
	ID    uuid.UUID `json:"id"`
	Name  string    `json:"name"`
	Bytes int64     `json:"bytes"`
}

// Office is the municipal body that answers for a service.
type Office struct{ Name, Address, Phone, Email, Hours string }

// sheet is the part of a service that only its own page shows. Its texts are HTML, sanitised when the folder was applied.
type sheet struct {
	Addressed     string     `json:"addressed"`
	How           string     `json:"how"`
	Needed        []string   `json:"needed"`
	Obtained      string     `json:"obtained"`
	Times         string     `json:"times"`
	Deadlines     []Deadline `json:"deadlines,omitempty"`
	Access        string     `json:"access"`
	AccessOnline  bool       `json:"access_online,omitempty"`
	AccessBooking bool       `json:"access_booking,omitempty"`
	Costs         string     `json:"costs,omitempty"`
	Conditions    string     `json:"conditions"`
	Phone         string     `json:"phone,omitempty"` // the service's own, else the provider's
	Email         string     `json:"email,omitempty"`
}

// Deadline is a day by which something has to be done.
type Deadline struct {
	Date  string `json:"date"` // 2006-01-02
	Label string `json:"label"`
}

// Accreditation is an entry in the city's register of those who may deliver.
type Accreditation struct {
	Area      string `yaml:"area" json:"area" validate:"required"`
	Act       string `yaml:"act" json:"act" validate:"required"`
	From      string `yaml:"from" json:"from" validate:"required,date"`
	To        string `yaml:"to" json:"to" validate:"required,date"`
	Suspended string `yaml:"-" json:"suspended,omitempty"` // why it does not hold for now
}

// serviceTwin is the English of a service; what is empty is shown in Italian.
type serviceTwin struct {
	Title   string `yaml:"title" json:"title,omitempty"`
	Summary string `yaml:"summary" json:"summary,omitempty"`
}

// Valid says whether the entry holds on a day; its last day counts.
func (a Accreditation) Valid(day string) bool {
	return a.From <= day && day <= a.To && a.Suspended == ""
}

// accredited says whether one of the entries holds on a day.
func accredited(entries []Accreditation, day string) bool {
	for _, a := range entries {
		if a.Valid(day) {
			return true
		}
	}
	return false
}

// valid are the entries that hold on a day.
func (p *Provider) valid(day string) []Accreditation {
	var list []Accreditation
	for _, a := range p.Accreditations {
		if a.Valid(day) {
			list = append(list, a)
		}
	}
	return list
}

// Buyable says whether the service can be put into a basket now.
func (s *Sheet) Buyable() bool {
	return s.Sale != nil && s.Status == Active && s.Price.Kind == Fixed && s.Price.Cents > 0 && s.Provider.VATNumber != ""
}

// phone is where to ring about a service.
func (s *Sheet) phone() string {
	if s.Phone != "" {
		return s.Phone
	}
	return s.Provider.Phone
}

func (s *Sheet) email() string {
	if s.Email != "" {
		return s.Email
	}
	return s.Provider.Email
}

// ahead are the deadlines that are not over on a day.
func (s *sheet) ahead(day string) []Deadline {
	var list []Deadline
	for _, d := range s.Deadlines {
		if d.Date >= day {
			list = append(list, d)
		}
	}
	return list
}

func day(t time.Time) string { return t.Format(time.DateOnly) }
