package catalogue

import (
	"slices"
	"strings"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// mostCompared is how many services stand side by side.
const mostCompared = 3

func (s *Service) listPage(r *web.Request) error {
	filter := ParseFilter(r.Query, r.QueryAll)
	l, err := s.List(r.Ctx, r.Lang, filter)
	if err != nil {
		return err
	}
	// A form without scripts sends its empty fields too: people share the address without them.
	if asked := r.RawQuery(); strings.Count(asked, "=") != strings.Count(l.Filter.Query(), "=") && r.Query("fatto") == "" {
		return r.See(l.Filter.Path())
	}
	return s.showList(r, &l)
}

func (s *Service) needPage(r *web.Request) error {
	l, err := s.List(r.Ctx, r.Lang, Filter{Need: r.Param("slug"), Page: 1})
	if err != nil {
		return err
	}
	if l.Need == nil {
		return problem.ErrNotFound
	}
	return s.showList(r, &l)
}

func (s *Service) categoryPage(r *web.Request) error {
	l, err := s.List(r.Ctx, r.Lang, Filter{Category: r.Param("slug"), Page: 1})
	if err != nil {
		return err
	}
	if l.Category == nil {
		return problem.ErrNotFound
	}
	return s.showList(r, &l)
}

// showList writes a list under its one address: the same list found by another way names that one to search engines.
func (s *Service) showList(r *web.Request, l *Listing) error {
	p := r.Page(l.title(r.Page("")).Text)
	path, query, _ := strings.Cut(l.Filter.Path(), "?")
	p.Path, p.Query = path, query
	p.Description = l.description(p)
	p.Crumbs = []ui.Crumb{{Title: p.T("catalogue.title"), Href: "/servizi"}}
	if title := l.title(p); path != "/servizi" {
		p.Crumbs = append(p.Crumbs, ui.Crumb{Title: title.Text})
	}
	// What people filter and type is theirs: search engines get the shelves and the needs.
	p.NoIndex = query != "" && !strings.HasPrefix(query, "pagina=")
	return r.Show(listView(p, l))
}

func (s *Service) sheetPage(r *web.Request) error {
	sheet, err := s.Sheet(r.Ctx, r.Lang, r.Param("slug"))
	if err != nil {
		return err
	}
	p := r.Page(sheet.Title.Text)
	p.Description = sheet.Summary.Text
	p.Crumbs = []ui.Crumb{
		{Title: p.T("catalogue.title"), Href: "/servizi"},
		{Title: sheet.Category.Name.Text, Href: CategoryPath(sheet.Category.Slug)},
		{Title: sheet.Title.Text},
	}
	if sheet.Picture != "" {
		p.Image = "/media/" + sheet.Picture
	}
	p.JSONLD = sheetLD(p, &sheet)
	return r.Show(SheetView(p, &sheet))
}

// comparePage takes the checkboxes of a list as "s" and sends them on to the address that people share.
func (s *Service) comparePage(r *web.Request) error {
	if picked := r.QueryAll("s"); len(picked) > 0 {
		return r.See("/confronta?servizi=" + strings.Join(safeSlugs(picked), ","))
	}
	slugs := safeSlugs(strings.Split(r.Query("servizi"), ","))
	cut := len(slugs) > mostCompared
	sheets, err := s.Compare(r.Ctx, r.Lang, firstCompared(slugs))
	if err != nil {
		return err
	}
	p := r.Page(r.T("catalogue.compare.title"))
	p.NoIndex = true
	p.Crumbs = []ui.Crumb{{Title: p.T("catalogue.title"), Href: "/servizi"}, {Title: p.Title}}
	return r.Show(compareView(p, sheets, cut))
}

// safeSlugs keeps what can be a slug, once each and no more than a page can answer for.
func safeSlugs(values []string) []string {
	kept := []string{}
	for _, v := range values {
		ok := v != "" && len(v) <= 60 && strings.Trim(v, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
		if ok && !slices.Contains(kept, v) && len(kept) <= mostCompared {
			kept = append(kept, v)
		}
	}
	return kept
}

// comparePath is the comparison without one of its services.
func comparePath(sheets []Sheet, without int) string {
	slugs := slugsOf(sheets)
	slugs = slices.Delete(slugs, without, without+1)
	if len(slugs) == 0 {
		return "/servizi"
	}
	return "/confronta?servizi=" + strings.Join(slugs, ",")
}

// morePath is the list in which to look for another service to compare.
func morePath(sheets []Sheet) string { return Filter{Compared: slugsOf(sheets)}.Path() }

func slugsOf(sheets []Sheet) []string {
	slugs := make([]string, len(sheets))
	for i := range sheets {
		slugs[i] = sheets[i].Slug
	}
	return slugs
}

func (s *Service) providersPage(r *web.Request) error {
	list, err := s.Providers(r.Ctx, r.Lang)
	if err != nil {
		return err
	}
	p := r.Page(r.T("catalogue.providers"))
	p.Description = p.T("catalogue.providers.lead", "city", p.City.Name)
	p.Crumbs = []ui.Crumb{{Title: p.Title}}
	return r.Show(providersView(p, list))
}

func (s *Service) providerPage(r *web.Request) error {
	provider, cards, err := s.Provider(r.Ctx, r.Lang, r.Param("slug"))
	if err != nil {
		return err
	}
	p := r.Page(provider.Name)
	p.Description = clip(provider.About.Text, 160)
	p.Crumbs = []ui.Crumb{{Title: p.T("catalogue.providers"), Href: "/enti"}, {Title: provider.Name}}
	p.JSONLD = providerLD(p, &provider)
	return r.Show(providerView(p, &provider, cards, s.today()))
}
