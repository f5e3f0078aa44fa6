package catalogue

import (
	"context"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/places"
	"github.com/welfarex/welfarex/tenants"
)

// Publish puts an entry into the catalogue, in the running transaction: its sheet is rendered, its search terms are weighed, and it
// comes into view. A service that was not there before gets a slug from its title.
func Publish(ctx context.Context, id, provider uuid.UUID, e *Entry) error {
	kept, there, err := lockSheet(ctx, id)
	if err != nil {
		return err
	}
	if !there {
		if err := insertService(ctx, id, provider, slugsFor(e.Title), e); err != nil {
			return err
		}
	}
	if err := saveEntry(ctx, id, e, e.sheet(kept)); err != nil {
		return err
	}
	return tenants.Touch(ctx)
}

// Unpublish takes a service out of view, in the running transaction.
func Unpublish(ctx context.Context, id uuid.UUID) error {
	if err := hideService(ctx, id); err != nil {
		return err
	}
	return tenants.Touch(ctx)
}

// Describe writes what a provider says of itself, in the running transaction.
func Describe(ctx context.Context, provider uuid.UUID, p Profile) error {
	if err := saveProfile(ctx, provider, p); err != nil {
		return err
	}
	return tenants.Touch(ctx)
}

// Accredit writes the register's entries about a provider, in the running transaction.
func Accredit(ctx context.Context, provider uuid.UUID, list []Accreditation) error {
	if err := saveAccreditations(ctx, provider, list); err != nil {
		return err
	}
	return tenants.Touch(ctx)
}

// longestSlug leaves room for a number behind.
const longestSlug = 50

// slugsFor are the addresses a service may get by its title, the plain one first.
func slugsFor(title string) []string {
	slug := strings.Join(words(title), "-")
	slug = strings.Trim(slug[:min(len(slug), longestSlug)], "-")
	if slug == "" {
		slug = "servizio"
	}
	list := []string{slug}
	for i := 2; i <= 30; i++ {
		list = append(list, slug+"-"+strconv.Itoa(i))
	}
	return list
}

// Preview is the sheet that an entry would become. What it does not say yet stays empty.
func (s *Service) Preview(ctx context.Context, lang string, id, provider uuid.UUID, e *Entry) (*SheetPage, error) {
	page, makers, categories, err := s.readPreview(ctx, lang, id, provider, e)
	if err != nil {
		return nil, err
	}
	page.Now, page.Preview = s.now().In(ui.Rome), true
	e.card(&page.Card, lang)
	page.sheet, page.Sale, page.StatusReason, page.PriceNote = e.sheet(sheet{}), e.Sale, e.StatusReason, e.PriceNote
	page.Capacity = e.Capacity
	page.Topics, page.Attachments, page.Category = e.Topics, e.Attachments, &Category{}
	for i := range categories {
		if categories[i].Slug == e.Category {
			page.Category = &categories[i]
		}
	}
	page.Provider = &Provider{}
	for i := range makers {
		page.Provider = makers[i].shown(s.today())
	}
	places.ByOpening(page.Points, page.Now)
	return page, nil
}

func (e *Entry) card(c *Card, lang string) {
	c.Title, c.Summary = text(english(lang), e.Title, e.TitleEn), text(english(lang), e.Summary, e.SummaryEn)
	c.Needs, c.Audiences, c.Places = joined(e.Needs), joined(e.For), joined(e.Where)
	c.Neighbourhoods, c.Status, c.Price, c.Online = joined(e.Neighbourhoods), e.Status, e.Price, e.Sale != nil
	if e.Picture != uuid.Nil {
		c.Picture = e.Picture.String()
	}
}

func joined(words []string) List { return List(strings.Join(words, " ")) }

// shown is the provider as sheets show it.
func (m *Maker) shown(today string) *Provider {
	return &Provider{
		Slug: m.Slug, Name: m.Name, Kind: m.Kind, Address: m.Address, Phone: m.Phone, Email: m.Email, Web: m.Web, VATNumber: m.VATNumber,
		Accreditations: m.Accreditations, Accredited: accredited(m.Accreditations, today),
	}
}
