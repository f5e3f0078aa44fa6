package catalogue

import (
	"slices"
	"strings"
	"time"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// operations are what programs may ask of the catalogue: what every visitor sees.
func (s *Service) operations() []web.Route {
	row := func(path, about string, params ...string) web.Route {
		r := web.Route{Method: "GET", Path: web.APIPath + path, About: about, Who: web.Anyone, Class: web.Portal}
		if len(params) > 0 {
			r.Params = map[string]string{"slug": params[0]}
		}
		return r
	}
	return []web.Route{
		web.Operation(row("/services", "Lists services, searched and filtered as on the portal."), s.apiServices),
		web.Operation(row("/services/:slug", "Gives one service: what it is, how it is obtained, what it costs.", "service"), s.apiService),
		web.Operation(row("/needs", "Lists the needs by which services are found."), s.apiNeeds),
		web.Operation(row("/categories", "Lists the shelves of the catalogue."), s.apiCategories),
		web.Operation(row("/providers", "Lists everyone who delivers services."), s.apiProviders),
		web.Operation(row("/providers/:slug", "Gives one provider with its accreditations of today and its services.", "provider"), s.apiProvider),
	}
}

type servicesQuery struct {
	web.Paging
	Question      string   `query:"q" maxLength:"200" doc:"In the words of people; typing errors and synonyms are understood."`
	Audiences     []string `query:"audience,explode" enum:"bambini,giovani,adulti,anziani,disabilita,famiglie,stranieri"`
	Need          string   `query:"need" doc:"The slug of a need."`
	Category      string   `query:"category" doc:"The slug of a category."`
	Neighbourhood string   `query:"neighbourhood" doc:"The slug of a neighbourhood; services of the whole city are in each."`
	Places        []string `query:"place,explode" enum:"casa,sede,online"`
	Kinds         []string `query:"kind,explode" enum:"comune,cooperativa,consorzio,asp,fondazione,associazione,impresa-sociale" doc:"Who delivers."`
	Prices        []string `query:"price,explode" enum:"gratis,isee,fisso"`
	FromHome      bool     `query:"from_home" doc:"Only what one asks for by telephone or e-mail."`
	Sold          bool     `query:"sold" doc:"Only what can be bought here today."`
	Sort          string   `query:"sort" enum:"nome,prezzo" doc:"Without it the best answer comes first."`
}

// ServiceSummary is a service as lists give it.
type ServiceSummary struct {
	Slug           string       `json:"slug"`
	Title          string       `json:"title"`
	Summary        string       `json:"summary"`
	Category       string       `json:"category" doc:"The slug of its category."`
	Provider       ProviderName `json:"provider"`
	Needs          []string     `json:"needs"`
	Audiences      []string     `json:"audiences"`
	Places         []string     `json:"places"`
	Neighbourhoods []string     `json:"neighbourhoods" doc:"None: the whole city."`
	Status         string       `json:"status" enum:"active,inactive"`
	FromHome       bool         `json:"from_home" doc:"One asks for it by telephone or e-mail."`
	Sold           bool         `json:"sold" doc:"Can be bought here today."`
	Price          PriceTag     `json:"price"`
	URL            string       `json:"url" doc:"Its page on the portal."`
}

// ProviderName is who delivers a service.
type ProviderName struct {
	Slug string `json:"slug"`
	Name string `json:"name"`
}

// PriceTag is what a service costs before anything is known of the person.
type PriceTag struct {
	Kind      string `json:"kind" enum:"free,fixed,from,isee"`
	Cents     int64  `json:"cents" doc:"The price, or the lowest; VAT included."`
	MostCents int64  `json:"most_cents,omitempty" doc:"The highest, of a price by ISEE."`
	Unit      string `json:"unit,omitempty" doc:"ora, pasto, mese…"`
}

func list(words List) []string { return slices.AppendSeq([]string{}, words.Words()) }

func cardOf(r *web.Request, c *Card) ServiceSummary {
	return ServiceSummary{
		Slug: c.Slug, Title: c.Title.Text, Summary: c.Summary.Text, Category: c.Category.Slug, Provider: ProviderName{c.Provider.Slug, c.Provider.Name},
		Needs: list(c.Needs), Audiences: list(c.Audiences), Places: list(c.Places), Neighbourhoods: list(c.Neighbourhoods), Status: string(c.Status), FromHome: c.Online, Sold: c.Sold,
		Price: PriceTag{string(c.Price.Kind), c.Price.Cents, c.Price.Most, c.Price.Unit}, URL: r.Link(c.path()),
	}
}

func (s *Service) apiServices(r *web.Request, in *servicesQuery) (*web.Items[ServiceSummary], error) {
	l, err := s.List(r.Ctx, r.Lang, Filter{
		Question: clip(strings.Join(strings.Fields(in.Question), " "), maxQuestion), Audiences: in.Audiences, Need: in.Need, Category: in.Category,
		Neighbourhood: in.Neighbourhood, Places: in.Places, Kinds: in.Kinds, Prices: in.Prices, Online: in.FromHome, Sold: in.Sold, Sort: in.Sort, Page: 1,
	})
	if err != nil {
		return nil, err
	}
	if f := l.Filter; f.Need != in.Need || f.Category != in.Category || f.Neighbourhood != in.Neighbourhood {
		return nil, unknownIn(in, f)
	}
	return web.Slice(in.Paging, l.All, func(c *Card) string { return c.Slug }, func(c *Card) ServiceSummary { return cardOf(r, c) })
}

//words: catalogue.unknown

// unknownIn names what the city does not have: a page forgets it, a program is told.
func unknownIn(in *servicesQuery, known Filter) error {
	var f problem.Fields
	f.Check(known.Need == in.Need, "need", "catalogue.unknown")
	f.Check(known.Category == in.Category, "category", "catalogue.unknown")
	f.Check(known.Neighbourhood == in.Neighbourhood, "neighbourhood", "catalogue.unknown")
	return f.Err()
}

// ServiceDetail is a service as its own page shows it. Texts that end in _html are HTML.
type ServiceDetail struct {
	ServiceSummary
	StatusReason   string         `json:"status_reason,omitempty"`
	AddressedHTML  string         `json:"addressed_html" doc:"Who it is for."`
	HowHTML        string         `json:"how_html"`
	NeededHTML     []string       `json:"needed" doc:"What one brings."`
	ObtainedHTML   string         `json:"obtained_html"`
	TimesHTML      string         `json:"times_html"`
	AccessHTML     string         `json:"access_html"`
	CostsHTML      string         `json:"costs_html,omitempty"`
	ConditionsHTML string         `json:"conditions_html"`
	PriceNote      string         `json:"price_note,omitempty"`
	PriceAct       string         `json:"price_act,omitempty" doc:"The municipality's act that sets the price."`
	Capacity       int            `json:"capacity,omitempty" doc:"Units a month."`
	Deadlines      []DeadlineView `json:"deadlines"`
	Sale           *SaleTerms     `json:"sale,omitempty" doc:"How it is sold on line; absent where it is not."`
	Phone          string         `json:"phone,omitempty"`
	Email          string         `json:"email,omitempty"`
	Attachments    []DocumentLink `json:"attachments"`
	Updated        time.Time      `json:"updated"`
}

// DeadlineView is a day that counts.
type DeadlineView struct {
	Day   string `json:"day" format:"date"`
	Label string `json:"label"`
}

// SaleTerms are how a service is sold on line.
type SaleTerms struct {
	VAT          string `json:"vat" enum:"exempt,5,22"`
	Most         int    `json:"most" doc:"Units in one order."`
	CancelDays   int    `json:"cancel_days" doc:"After the order, as long as nothing was delivered."`
	NeedsAddress bool   `json:"needs_address"`
	NeedsPhone   bool   `json:"needs_phone"`
}

// DocumentLink is a document that goes with a service.
type DocumentLink struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	URL   string `json:"url"`
}

func (s *Service) apiService(r *web.Request, in *web.BySlug) (*ServiceDetail, error) {
	page, err := s.Sheet(r.Ctx, r.Lang, in.Slug)
	if err != nil {
		return nil, err
	}
	x := &page.Sheet
	out := &ServiceDetail{
		ServiceSummary: cardOf(r, &x.Card), StatusReason: x.StatusReason, AddressedHTML: x.Addressed, HowHTML: x.How, NeededHTML: append([]string{}, x.Needed...),
		ObtainedHTML: x.Obtained, TimesHTML: x.Times, AccessHTML: x.Access, CostsHTML: x.Costs, ConditionsHTML: x.Conditions, PriceNote: x.PriceNote, PriceAct: x.PriceAct, Capacity: x.Capacity,
		Deadlines: []DeadlineView{}, Attachments: []DocumentLink{}, Phone: x.Phone, Email: x.Email, Updated: x.Updated.UTC(),
	}
	for _, d := range x.Deadlines {
		out.Deadlines = append(out.Deadlines, DeadlineView{d.Date, d.Label})
	}
	for _, a := range x.Attachments {
		out.Attachments = append(out.Attachments, DocumentLink{a.Name, a.Bytes, r.BaseURL() + "/media/" + a.ID.String()})
	}
	if x.Sale != nil {
		out.Sale = &SaleTerms{string(x.Sale.VAT), x.Sale.Most, x.Sale.CancelDays, x.Sale.Address, x.Sale.Phone}
	}
	return out, nil
}

// Heading is a need or a category.
type Heading struct {
	Slug     string `json:"slug"`
	Name     string `json:"name"`
	Services int    `json:"services" doc:"How many it leads to."`
}

func (s *Service) apiNeeds(r *web.Request, _ *struct{}) (*web.Items[Heading], error) {
	return s.shelvesBy(r, byNeed)
}

func (s *Service) apiCategories(r *web.Request, _ *struct{}) (*web.Items[Heading], error) {
	return s.shelvesBy(r, byCategory)
}

func (s *Service) shelvesBy(r *web.Request, facet int) (*web.Items[Heading], error) {
	l, err := s.List(r.Ctx, r.Lang, Filter{Page: 1})
	out := &web.Items[Heading]{Items: []Heading{}}
	for _, c := range l.Facets[facet].Choices {
		out.Items = append(out.Items, Heading{c.Value, c.Name.Text, c.Count})
	}
	return out, err
}

// ProviderSummary is one who delivers services.
type ProviderSummary struct {
	ProviderName
	Kind          string `json:"kind"`
	Accredited    bool   `json:"accredited" doc:"Stands in the city's register today."`
	About         string `json:"about"`
	Address       string `json:"address"`
	Neighbourhood string `json:"neighbourhood,omitempty"`
	Phone         string `json:"phone,omitempty"`
	Email         string `json:"email,omitempty"`
	Web           string `json:"web,omitempty"`
	VATNumber     string `json:"vat_number,omitempty"`
	Services      int    `json:"services" doc:"How many it delivers."`
	URL           string `json:"url"`
}

// ProviderDetail is a provider with its services.
type ProviderDetail struct {
	ProviderSummary
	Accreditations []Accredited     `json:"accreditations" doc:"Those that hold today."`
	Offers         []ServiceSummary `json:"offers"`
}

// Accredited is an entry of the city's register.
type Accredited struct {
	Area string `json:"area"`
	Act  string `json:"act"`
	From string `json:"from" format:"date"`
	To   string `json:"to" format:"date"`
}

func providerOf(r *web.Request, p *Provider) ProviderSummary {
	return ProviderSummary{
		ProviderName: ProviderName{p.Slug, p.Name}, Kind: p.Kind, Accredited: p.Accredited, About: p.About.Text, Address: p.Address, Neighbourhood: p.Neighbourhood, Phone: p.Phone,
		Email: p.Email, Web: p.Web, VATNumber: p.VATNumber, Services: p.Count, URL: r.Link(p.path()),
	}
}

func (s *Service) apiProviders(r *web.Request, in *web.Paging) (*web.Items[ProviderSummary], error) {
	all, err := s.Providers(r.Ctx, r.Lang)
	if err != nil {
		return nil, err
	}
	return web.Slice(*in, all, func(p Provider) string { return p.Slug }, func(p Provider) ProviderSummary { return providerOf(r, &p) })
}

func (s *Service) apiProvider(r *web.Request, in *web.BySlug) (*ProviderDetail, error) {
	p, cards, err := s.Provider(r.Ctx, r.Lang, in.Slug)
	if err != nil {
		return nil, err
	}
	out := &ProviderDetail{ProviderSummary: providerOf(r, &p), Accreditations: []Accredited{}, Offers: []ServiceSummary{}}
	for _, a := range p.valid(s.today()) {
		out.Accreditations = append(out.Accreditations, Accredited{a.Area, a.Act, a.From, a.To})
	}
	for i := range cards {
		out.Offers = append(out.Offers, cardOf(r, &cards[i]))
	}
	return out, nil
}
