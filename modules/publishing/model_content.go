package publishing

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/problem"
)

// Content is a service as it was typed, whole or not yet: a draft loses nothing.
type Content struct {
	Title          string   `json:"title"`
	Summary        string   `json:"summary"`
	Category       string   `json:"category" doc:"A slug."`
	Needs          []string `json:"needs" doc:"Slugs."`
	For            []string `json:"for" doc:"bambini, giovani, adulti, anziani, disabilita, famiglie, stranieri"`
	Where          []string `json:"where" doc:"casa, sede, online"`
	Neighbourhoods []string `json:"neighbourhoods" doc:"Slugs; none: the whole city."`
	Topics         string   `json:"topics" doc:"With commas between."`
	Keywords       string   `json:"keywords" doc:"With commas between."`
	TitleEn        string   `json:"title_en" doc:"English; empty: the Italian is shown."`
	SummaryEn      string   `json:"summary_en"`

	Addressed  string `json:"addressed" doc:"Markdown, like all long texts."`
	How        string `json:"how"`
	Needed     string `json:"needed" doc:"One a line."`
	Obtained   string `json:"obtained"`
	Times      string `json:"times"`
	Deadlines  string `json:"deadlines" doc:"One a line, its day first."`
	Access     string `json:"access"`
	Conditions string `json:"conditions"`
	Costs      string `json:"costs"`

	PriceKind  string `json:"price_kind" doc:"free, fixed, from, isee"`
	Price      string `json:"price" doc:"In euro, as people type it: 12,50"`
	PriceMost  string `json:"price_most"`
	Unit       string `json:"unit" doc:"ora, pasto, mese…"`
	PriceNote  string `json:"price_note"`
	Sold       bool   `json:"sold" doc:"It can be bought on line."`
	VAT        string `json:"vat" doc:"exempt, 5, 22"`
	Most       string `json:"most" doc:"Units in one order."`
	CancelDays string `json:"cancel_days"`
	AskAddress bool   `json:"ask_address"`
	AskPhone   bool   `json:"ask_phone"`
	Capacity   string `json:"capacity" doc:"Units a month."`

	Phone        string `json:"phone"`
	Email        string `json:"email"`
	Status       string `json:"status" doc:"active, inactive"`
	StatusReason string `json:"status_reason"`

	Picture     uuid.UUID              `json:"picture" readOnly:"true" required:"false" doc:"Added on the pages."`
	Attachments []catalogue.Attachment `json:"attachments" readOnly:"true" required:"false" doc:"Added on the pages."`
}

// contentOf is a service of the catalogue, ready to be written in.
func contentOf(e *catalogue.Entry) Content {
	c := Content{
		Title: e.Title, Summary: e.Summary, Category: e.Category, Needs: e.Needs, For: e.For, Where: e.Where, Neighbourhoods: e.Neighbourhoods,
		Topics: strings.Join(e.Topics, ", "), Keywords: strings.Join(e.Keywords, ", "), TitleEn: e.TitleEn, SummaryEn: e.SummaryEn,
		Addressed: e.Addressed, How: e.How, Needed: strings.Join(e.Needed, "\n"), Obtained: e.Obtained, Times: e.Times, Deadlines: writeDeadlines(e.Deadlines),
		Access: e.Access, Conditions: e.Conditions, Costs: e.Costs,
		PriceKind: string(e.Price.Kind), Unit: e.Price.Unit, PriceNote: e.PriceNote, Phone: e.Phone, Email: e.Email,
		Status: string(e.Status), StatusReason: e.StatusReason, Picture: e.Picture, Attachments: e.Attachments,
	}
	if e.Price.Kind != catalogue.Free {
		c.Price = writeEuro(e.Price.Cents)
	}
	if e.Price.Most > 0 {
		c.PriceMost = writeEuro(e.Price.Most)
	}
	if e.Capacity > 0 {
		c.Capacity = strconv.Itoa(e.Capacity)
	}
	if s := e.Sale; s != nil {
		c.Sold, c.VAT, c.Most, c.CancelDays, c.AskAddress, c.AskPhone = true, string(s.VAT), strconv.Itoa(s.Most), strconv.Itoa(s.CancelDays), s.Address, s.Phone
	}
	return c
}

// How long texts may be, in characters.
const (
	longestTitle = 100
	longestLine  = 160
	longestText  = 4000
	mostTopics   = 4
	mostWords    = 40
	longestWord  = 60
	mostNeeded   = 20
)

// reading turns a content into an entry and notes what is wrong with it on the way. A code with ".missing." in it names what is not
// there yet; every other names what cannot stay.
type reading struct {
	*Content
	choices *catalogue.Choices
	maker   *catalogue.Maker
	entry   catalogue.Entry
	wrong   problem.Fields
}

// read gives the entry that the content would become, and what is still wrong with it, field by field.
func (c *Content) read(choices *catalogue.Choices, maker *catalogue.Maker) (*catalogue.Entry, problem.Fields) {
	r := reading{Content: c, choices: choices, maker: maker}
	r.basics()
	r.texts()
	r.price()
	r.sale()
	r.contacts()
	r.entry.Picture, r.entry.Attachments = c.Picture, c.Attachments
	slices.SortStableFunc(r.wrong, func(a, b problem.Field) int { return placeOf(a.Name) - placeOf(b.Name) })
	return &r.entry, r.wrong
}

//words: publishing.missing.* publishing.wrong.*

// line takes a text that is asked for, up to a length.
func (r *reading) line(name, typed string, longest int, needed bool) string {
	switch {
	case typed == "" && needed:
		r.wrong.Add(name, "publishing.missing."+name)
	case utf8.RuneCountInString(typed) > longest:
		r.wrong.Add(name, "publishing.wrong.long")
	}
	return typed
}

func (r *reading) basics() {
	e := &r.entry
	e.Title, e.Summary = r.line("title", r.Title, longestTitle, true), r.line("summary", r.Summary, longestLine, true)
	switch e.Category = r.Category; {
	case e.Category == "":
		r.wrong.Add("category", "publishing.missing.category")
	case r.choices.Shelf(e.Category) == nil:
		r.wrong.Add("category", "publishing.wrong.choice")
	}
	e.Needs = r.some("needs", r.Needs, slugs(r.choices.Needs), true)
	e.For = r.some("for", r.For, catalogue.Audiences, true)
	e.Where = r.some("where", r.Where, catalogue.Wheres, true)
	e.Neighbourhoods = r.some("neighbourhoods", r.Neighbourhoods, slugs(r.choices.Neighbourhoods), false)
	e.Topics = r.list("topics", split(r.Topics, ","), mostTopics, longestWord, true)
	e.Keywords = r.list("keywords", split(r.Keywords, ","), mostWords, longestWord, false)
	e.TitleEn, e.SummaryEn = r.line("title_en", r.TitleEn, longestTitle, false), r.line("summary_en", r.SummaryEn, longestLine, false)
}

func slugs(list []catalogue.Named) []string {
	all := make([]string, len(list))
	for i, n := range list {
		all[i] = n.Slug
	}
	return all
}

// some takes a choice among known answers.
func (r *reading) some(name string, picked, known []string, needed bool) []string {
	if len(picked) == 0 && needed {
		r.wrong.Add(name, "publishing.missing."+name)
	}
	for _, p := range picked {
		if !slices.Contains(known, p) {
			r.wrong.Add(name, "publishing.wrong.choice")
			break
		}
	}
	return picked
}

// split takes a list apart; what is empty or said twice falls away.
func split(typed, between string) []string {
	var list []string
	for part := range strings.SplitSeq(typed, between) {
		if part = strings.TrimSpace(part); part != "" && !slices.Contains(list, part) {
			list = append(list, part)
		}
	}
	return list
}

// list takes words or lines that were typed.
func (r *reading) list(name string, list []string, most, longest int, needed bool) []string {
	switch {
	case len(list) == 0 && needed:
		r.wrong.Add(name, "publishing.missing."+name)
	case len(list) > most:
		r.wrong.Add(name, "publishing.wrong.many")
	case slices.ContainsFunc(list, func(s string) bool { return utf8.RuneCountInString(s) > longest }):
		r.wrong.Add(name, "publishing.wrong.long")
	}
	return list
}

func (r *reading) texts() {
	e := &r.entry
	e.Addressed, e.How = r.line("addressed", r.Addressed, longestText, true), r.line("how", r.How, longestText, true)
	e.Needed = r.list("needed", split(r.Needed, "\n"), mostNeeded, 2*longestLine, true)
	e.Obtained, e.Times = r.line("obtained", r.Obtained, longestText, true), r.line("times", r.Times, longestText, true)
	e.Deadlines = r.deadlines()
	e.Access = r.line("access", r.Access, longestText, true)
	e.Conditions, e.Costs = r.line("conditions", r.Conditions, longestText, true), r.line("costs", r.Costs, longestText, false)
}

// price: what is free has no amount, all else has one; only a price that depends on the ISEE has a highest.
func (r *reading) price() {
	p := &r.entry.Price
	p.Kind = catalogue.PriceKind(r.PriceKind)
	r.entry.PriceNote = r.line("price_note", r.PriceNote, longestLine, false)
	r.entry.Capacity = r.number("capacity", r.Capacity, 0, 100_000)
	switch p.Kind {
	case "":
		r.wrong.Add("price_kind", "publishing.missing.price_kind")
		return
	case catalogue.Free:
		return
	case catalogue.Fixed, catalogue.From, catalogue.ByISEE:
	default:
		r.wrong.Add("price_kind", "publishing.wrong.choice")
		return
	}
	p.Cents = r.amount("price", r.Price, true)
	if p.Unit = r.Unit; p.Unit != "" && !slices.Contains(catalogue.Units, p.Unit) {
		r.wrong.Add("unit", "publishing.wrong.choice")
	}
	if p.Kind == catalogue.ByISEE {
		p.Most = r.amount("price_most", r.PriceMost, false)
		r.wrong.Check(r.PriceMost == "" || p.Most > p.Cents, "price_most", "publishing.wrong.price_most")
	}
}

func (r *reading) amount(name, typed string, needed bool) int64 {
	if typed == "" {
		r.wrong.Check(!needed, name, "publishing.missing.price")
		return 0
	}
	cents, ok := parseEuro(typed)
	r.wrong.Check(ok, name, "publishing.wrong.price")
	return cents
}

// number takes a whole number between least and most; nothing is 0.
func (r *reading) number(name, typed string, least, most int) int {
	if typed == "" && least == 0 {
		return 0
	}
	n, err := strconv.Atoi(typed)
	r.wrong.Check(err == nil && n >= least && n <= most, name, "publishing.wrong."+cmp.Or(map[string]string{"most": "most", "cancel_days": "cancel_days"}[name], "number"))
	return n
}

// sale: sold is what has one price, by a provider whose VAT number the law wants shown.
func (r *reading) sale() {
	if !r.Sold {
		return
	}
	switch {
	case slices.ContainsFunc(r.wrong, func(f problem.Field) bool { return f.Name == "price" }): // one thing at a time
	case r.entry.Price.Kind != catalogue.Fixed || r.entry.Price.Cents == 0:
		r.wrong.Add("sold", "publishing.wrong.sold_price")
	case r.maker.VATNumber == "":
		r.wrong.Add("sold", "publishing.wrong.sold_vat_number")
	}
	sale := &catalogue.Sale{VAT: catalogue.VAT(r.VAT), Address: r.AskAddress, Phone: r.AskPhone}
	r.wrong.Check(slices.Contains(vats, r.VAT), "vat", "publishing.missing.vat")
	sale.Most, sale.CancelDays = r.number("most", r.Most, 1, 99), r.number("cancel_days", r.CancelDays, 1, 365)
	r.entry.Sale = sale
}

var vats = []string{string(catalogue.Exempt), string(catalogue.VAT5), string(catalogue.VAT22)}

func (r *reading) contacts() {
	e := &r.entry
	e.Phone, e.Email = r.Phone, r.Email
	r.wrong.Check(r.Phone == "" || plausiblePhone(r.Phone), "phone", "publishing.wrong.phone")
	r.wrong.Check(r.Email == "" || plausibleEmail(r.Email), "email", "publishing.wrong.email")
	switch e.Status = catalogue.Status(cmp.Or(r.Status, string(catalogue.Active))); e.Status {
	case catalogue.Active:
	case catalogue.Inactive:
		e.StatusReason = r.line("status_reason", r.StatusReason, 2*longestLine, true)
	default:
		r.wrong.Add("status", "publishing.wrong.choice")
	}
}

// plausiblePhone takes what people write: digits, spaces, dots, slashes, dashes, a leading plus.
func plausiblePhone(s string) bool {
	found := 0
	for i, r := range s {
		switch {
		case r >= '0' && r <= '9':
			found++
		case r == '+' && i == 0, r == ' ', r == '.', r == '/', r == '-':
		default:
			return false
		}
	}
	return found >= 3 && found <= 15
}

func plausibleEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 254
}

// typedWrong keeps of what is wrong only what was typed wrong: what is missing may come later.
func typedWrong(wrong problem.Fields) problem.Fields {
	return slices.DeleteFunc(slices.Clone(wrong), func(f problem.Field) bool { return strings.Contains(f.Code, ".missing.") })
}

// checkProfile notes what is wrong with what a provider says of itself.
func checkProfile(p *catalogue.Profile, choices *catalogue.Choices) error {
	r := reading{choices: choices}
	r.line("about", p.About, longestText, true)
	r.line("address", p.Address, longestLine, true)
	r.line("phone", p.Phone, longestLine, true)
	r.line("email", p.Email, longestLine, true)
	r.wrong.Check(p.Phone == "" || plausiblePhone(p.Phone), "phone", "publishing.wrong.phone")
	r.wrong.Check(p.Email == "" || plausibleEmail(p.Email), "email", "publishing.wrong.email")
	r.wrong.Check(p.Web == "" || plausibleWeb(p.Web), "web", "publishing.wrong.web")
	if p.Neighbourhood != "" {
		r.some("neighbourhood", []string{p.Neighbourhood}, slugs(choices.Neighbourhoods), false)
	}
	return r.wrong.Err()
}

func plausibleWeb(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && strings.Contains(u.Hostname(), ".") && u.User == nil && len(s) <= longestLine
}

// heaviest bounds a draft in bytes: no sheet that anybody reads is as long.
const heaviest = 128 << 10

// fits refuses what is too much even for a draft, and one without a name: nobody would find it again.
func (c *Content) fits() error {
	if c.Title == "" {
		return &problem.Error{Kind: problem.Invalid, Code: "problem.invalid", Fields: []problem.Field{{Name: "title", Code: "publishing.missing.title"}}}
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	if len(raw) > heaviest {
		return &problem.Error{Kind: problem.Invalid, Code: "publishing.wrong.heavy"}
	}
	return nil
}

// markOf tells a profile from another, for forms that are out of date.
func markOf(p catalogue.Profile) string {
	raw, _ := json.Marshal(p) // texts
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}
