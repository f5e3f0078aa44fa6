package catalogue

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/places"
	"github.com/welfarex/welfarex/modules/programmes"
)

func english(lang string) bool { return lang != ui.Italian }

// today is the day by which accreditations and deadlines run.
func (s *Service) today() string { return day(s.now().In(ui.Rome)) }

// List answers a filter: a page of services and what can be asked next.
func (s *Service) List(ctx context.Context, lang string, f Filter) (Listing, error) {
	var x shelves
	err := s.db.Read(ctx, func(b *pgx.Batch) { s.queueList(b, &x, english(lang), f.Question != "") })
	if err != nil {
		return Listing{}, err
	}
	l := x.list(f)
	l.Now = s.now().In(ui.Rome)
	return l, nil
}

func (s *Service) queueList(b *pgx.Batch, x *shelves, english, asks bool) {
	queueAllCards(b, &x.cards, english, asks)
	queueCategories(b, &x.categories, english, false)
	queueNeeds(b, &x.needs, english, false)
	queueProviders(b, &x.providers, s.today())
	queueHoods(b, &x.hoods)
	if asks {
		queueSynonyms(b, &x.synonyms)
		programmes.QueueSearchable(b, &x.programmes)
	}
}

// SheetPage is a service with what stands around it.
type SheetPage struct {
	Sheet
	Similar []Card
	Points  []places.Point // where somebody helps to ask for it, those open first
	Now     time.Time
	Preview bool // nobody can buy what is not there yet
}

// Sheet gives one service. Errors: problem.ErrNotFound.
func (s *Service) Sheet(ctx context.Context, lang, slug string) (SheetPage, error) {
	page := SheetPage{Now: s.now().In(ui.Rome)}
	var sheets []Sheet
	var categories []Category
	var providers []Provider
	en := english(lang)
	err := s.db.Read(ctx, func(b *pgx.Batch) {
		queueSheets(b, &sheets, en, slug)
		queueSimilar(b, &page.Similar, en, slug)
		queueCategories(b, &categories, en, false)
		queueProviders(b, &providers, s.today())
		places.QueuePoints(b, &page.Points)
	})
	if err != nil {
		return page, err
	}
	sheets = s.complete(sheets, categories)
	if len(sheets) == 0 {
		return page, problem.ErrNotFound
	}
	page.Sheet, page.Similar = sheets[0], join(page.Similar, categories, providers)
	places.ByOpening(page.Points, page.Now)
	return page, nil
}

// Compare gives up to three services, in the order asked for; those that are not there are left out.
func (s *Service) Compare(ctx context.Context, lang string, slugs []string) ([]Sheet, error) {
	var sheets []Sheet
	var categories []Category
	err := s.db.Read(ctx, func(b *pgx.Batch) {
		queueSheets(b, &sheets, english(lang), slugs...)
		queueCategories(b, &categories, english(lang), false)
	})
	return s.complete(sheets, categories), err
}

// complete gives sheets their shelf, and says whether who delivers them stands in the register today.
func (s *Service) complete(sheets []Sheet, categories []Category) []Sheet {
	kept := sheets[:0]
	for _, sheet := range sheets {
		for i := range categories {
			if categories[i].id == sheet.category {
				sheet.Category = &categories[i]
			}
		}
		sheet.Provider.Accredited = accredited(sheet.Provider.Accreditations, s.today())
		if sheet.Category != nil {
			kept = append(kept, sheet)
		}
	}
	return kept
}

// Providers gives everyone who delivers here.
func (s *Service) Providers(ctx context.Context, lang string) (list []Provider, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) { queueProviderPages(b, &list, english(lang), s.today(), "") })
	return list, err
}

// Provider gives one provider and its services. Errors: problem.ErrNotFound.
func (s *Service) Provider(ctx context.Context, lang, slug string) (Provider, []Card, error) {
	var list []Provider
	var cards []Card
	var categories []Category
	err := s.db.Read(ctx, func(b *pgx.Batch) {
		queueProviderPages(b, &list, english(lang), s.today(), slug)
		queueCardsOf(b, &cards, english(lang), slug)
		queueCategories(b, &categories, english(lang), false)
	})
	switch {
	case err != nil:
		return Provider{}, nil, err
	case len(list) == 0 || slug == "":
		return Provider{}, nil, problem.ErrNotFound
	}
	return list[0], join(cards, categories, list), nil
}
