package catalogue

import (
	"strings"

	"github.com/welfarex/welfarex/modules/kit/prose"
	"github.com/welfarex/welfarex/tenants"
)

type serviceFile struct {
	Title          string         `yaml:"title" validate:"required,max=100"`
	Summary        string         `yaml:"summary" validate:"required,max=160"`
	Category       string         `yaml:"category" validate:"required"`
	Needs          []string       `yaml:"needs" validate:"required,min=1,unique"`
	For            []string       `yaml:"for" validate:"required,min=1,unique,dive,oneof=bambini giovani adulti anziani disabilita famiglie stranieri"`
	Where          []string       `yaml:"where" validate:"required,min=1,unique,dive,oneof=casa sede online"`
	Neighbourhoods []string       `yaml:"neighbourhoods" validate:"unique"`
	Provider       string         `yaml:"provider" validate:"required"`
	Office         string         `yaml:"office"`
	Status         string         `yaml:"status" validate:"omitempty,oneof=active inactive"`
	StatusReason   string         `yaml:"status_reason"`
	Online         bool           `yaml:"online"`
	Price          priceFile      `yaml:"price" validate:"required"`
	Sale           *Sale          `yaml:"sale"`
	Picture        string         `yaml:"picture" validate:"omitempty,slug"`
	Addressed      string         `yaml:"addressed" validate:"required"`
	How            string         `yaml:"how" validate:"required"`
	Needed         []string       `yaml:"needed" validate:"required,min=1,dive,required"`
	Obtained       string         `yaml:"obtained" validate:"required"`
	Times          string         `yaml:"times" validate:"required"`
	Deadlines      []deadlineFile `yaml:"deadlines" validate:"dive"`
	Access         accessFile     `yaml:"access" validate:"required"`
	Costs          string         `yaml:"costs"`
	Conditions     string         `yaml:"conditions" validate:"required"`
	Contacts       contactsFile   `yaml:"contacts"`
	Topics         []string       `yaml:"topics" validate:"required,min=1,max=4,dive,required"`
	Keywords       []string       `yaml:"keywords" validate:"dive,required"`
	En             *serviceTwin   `yaml:"en"`
}

type priceFile struct {
	Kind     string `yaml:"kind" validate:"required,oneof=free fixed from isee"`
	Cents    *int64 `yaml:"cents" validate:"omitempty,min=0"`
	MaxCents *int64 `yaml:"max_cents" validate:"omitempty,min=0"`
	Unit     string `yaml:"unit" validate:"omitempty,oneof=ora giorno pasto mese settimana seduta corsa intervento anno corso notte ingresso"`
	Note     string `yaml:"note"`
	Act      string `yaml:"act"`
}

type deadlineFile struct {
	Date  string `yaml:"date" validate:"required,date"`
	Label string `yaml:"label" validate:"required"`
}

type accessFile struct {
	Text    string `yaml:"text" validate:"required"`
	Online  bool   `yaml:"online"`
	Booking bool   `yaml:"booking"`
}

type contactsFile struct {
	Phone string `yaml:"phone"`
	Email string `yaml:"email" validate:"omitempty,email,example"`
}

func readServices(f *tenants.Folder) []tenants.Row {
	items := tenants.Each[serviceFile](f, "services")
	sellers := sellersOf(f)
	rows := make([]tenants.Row, 0, len(items))
	for _, item := range items {
		s := item.Value
		checkReferences(item)
		checkPrice(item)
		checkSale(item, sellers)
		checkStatus(item)
		rows = append(rows, tenants.Row{Slug: item.Slug, Columns: s.columns()})
	}
	return rows
}

func checkReferences(item tenants.Item[serviceFile]) {
	s := item.Value
	item.Known("category", "categories", s.Category)
	item.Known("needs", "needs", s.Needs...)
	item.Known("neighbourhoods", "neighbourhoods", s.Neighbourhoods...)
	item.Known("provider", "providers", s.Provider)
	item.Known("office", "offices", s.Office)
}

// checkPrice: what is free has no amount, all else has one; only a price that depends on the ISEE has a highest.
func checkPrice(item tenants.Item[serviceFile]) {
	p := item.Value.Price
	switch {
	case p.Kind == "":
	case p.Kind == string(Free) && (p.Cents != nil || p.MaxCents != nil):
		item.Wrong("price.cents", "catalogue.folder.price_free", "")
	case p.Kind != string(Free) && p.Cents == nil:
		item.Wrong("price.cents", "folder.required", "")
	case p.MaxCents != nil && p.Kind != string(ByISEE):
		item.Wrong("price.max_cents", "catalogue.folder.price_max_kind", p.Kind)
	case p.MaxCents != nil && *p.MaxCents <= *p.Cents:
		item.Wrong("price.max_cents", "catalogue.folder.price_max", "")
	}
}

// checkSale: sold is what has one price, by a provider whose VAT number the law wants shown (d.lgs. 206/2005 art. 49).
func checkSale(item tenants.Item[serviceFile], sellers map[string]bool) {
	s := item.Value
	switch {
	case s.Sale == nil:
	case s.Price.Kind != string(Fixed):
		item.Wrong("sale", "catalogue.folder.sale_price", s.Price.Kind)
	case !sellers[s.Provider]:
		item.Wrong("sale", "catalogue.folder.sale_seller", s.Provider)
	}
}

// sellersOf are the slugs of the providers with a VAT number.
func sellersOf(f *tenants.Folder) map[string]bool {
	sellers := map[string]bool{}
	for _, item := range tenants.List(f, "providers.yaml", func(p providerFile) string { return p.Slug }) {
		sellers[item.Slug] = item.Value.VATNumber != ""
	}
	return sellers
}

func checkStatus(item tenants.Item[serviceFile]) {
	inactive := item.Value.Status == string(Inactive)
	if inactive && item.Value.StatusReason == "" {
		item.Wrong("status", "catalogue.folder.status_reason", "")
	}
	if !inactive && item.Value.StatusReason != "" {
		item.Wrong("status_reason", "catalogue.folder.status_active", "")
	}
}

func (s serviceFile) columns() map[string]any {
	status := s.Status
	if status == "" {
		status = string(Active)
	}
	return map[string]any{
		"title": s.Title, "summary": s.Summary,
		"category_id": tenants.Ref{Table: "categories", Slug: s.Category},
		"provider_id": tenants.Ref{Table: "providers", Slug: s.Provider},
		"office_id":   tenants.Ref{Table: "offices", Slug: s.Office},
		"needs":       orEmpty(s.Needs), "audiences": orEmpty(s.For), "places": orEmpty(s.Where), "neighbourhoods": orEmpty(s.Neighbourhoods),
		"status": status, "status_reason": s.StatusReason, "online": s.Online,
		"price_kind": s.Price.Kind, "price_cents": orZero(s.Price.Cents), "price_max_cents": orZero(s.Price.MaxCents),
		"price_unit": s.Price.Unit, "price_note": s.Price.Note, "price_act": s.Price.Act,
		"sale": orNull(s.Sale), "picture": tenants.Picture(s.Picture), "sheet": plain(s.sheet()), "topics": orEmpty(s.Topics), "keywords": orEmpty(s.Keywords),
		"terms": plain(s.terms()), "en": orNull(s.En),
	}
}

// sheet is what only the service's own page shows; its long texts are ready to be written into it.
func (s serviceFile) sheet() sheet {
	list := make([]Deadline, len(s.Deadlines))
	for i, d := range s.Deadlines {
		list[i] = Deadline(d)
	}
	return sheet{
		Addressed: prose.Passage(s.Addressed), How: prose.Passage(s.How), Needed: s.Needed, Obtained: prose.Passage(s.Obtained), Times: prose.Passage(s.Times), Deadlines: list,
		Access: prose.Passage(s.Access.Text), AccessOnline: s.Access.Online, AccessBooking: s.Access.Booking,
		Costs: prose.Passage(s.Costs), Conditions: prose.Passage(s.Conditions), Phone: s.Contacts.Phone, Email: s.Contacts.Email,
	}
}

func (s serviceFile) terms() map[string]int {
	body := strings.Join([]string{s.Addressed, s.How, s.Obtained, s.Times, s.Access.Text, strings.Join(s.Needed, " ")}, " ")
	var title, summary string
	if s.En != nil {
		title, summary = s.En.Title, s.En.Summary
	}
	return weigh(
		field{weightTitle, []string{s.Title}},
		field{weightKeyword, append([]string{title}, s.Keywords...)},
		field{weightTopic, s.Topics},
		field{weightSummary, []string{s.Summary, summary}},
		field{weightBody, []string{body}},
	)
}

func orZero(cents *int64) int64 {
	if cents == nil {
		return 0
	}
	return *cents
}
