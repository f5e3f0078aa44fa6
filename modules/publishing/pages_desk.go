package publishing

import (
	"errors"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

const deskPath = "/ente/servizi"

func (s *Service) deskRoutes() []web.Route {
	service, live := map[string]string{"id": "draft"}, map[string]string{"id": "live_service"}
	read, edit, submit, unpublish := web.May("read", "service"), web.May("edit", "service"), web.May("submit", "service"), web.May("unpublish", "service")
	return []web.Route{
		{Method: "GET", Path: deskPath, About: "A provider's services, what wants work first.", Who: read, Class: web.Provider, Query: []string{"fatto"}, Handle: s.showDesk},
		{Method: "GET", Path: deskPath + "/nuovo", About: "Asks for the title of a new service.", Who: edit, Class: web.Provider, Handle: s.showNew},
		{Method: "POST", Path: deskPath + "/nuovo", About: "Begins a new service.", Who: edit, Class: web.Provider, Form: []string{"title", "provider"}, Handle: s.create},
		{Method: "GET", Path: deskPath + "/:id", About: "One service of a provider: what is missing, what changes, its history.", Who: read, Class: web.Provider, Params: service, Query: []string{"fatto"}, Handle: s.showWork},
		{Method: "GET", Path: deskPath + "/:id/anteprima", About: "The page that a draft would become.", Who: read, Class: web.Provider, Params: service, Handle: s.preview},
		{Method: "POST", Path: deskPath + "/:id/modifica", About: "Begins a new version of a service.", Who: edit, Class: web.Provider, Params: service, Handle: s.begins},
		{Method: "POST", Path: deskPath + "/:id/invio", About: "Hands a draft to the municipality.", Who: submit, Class: web.Provider, Params: service, Form: []string{"revision"}, Handle: s.submit},
		{Method: "POST", Path: deskPath + "/:id/ritiro", About: "Takes back what waits for a decision.", Who: submit, Class: web.Provider, Params: service, Handle: s.withdraw},
		{Method: "GET", Path: deskPath + "/:id/scarto", About: "Asks whether a draft should go.", Who: edit, Class: web.Provider, Params: service, Handle: s.showDiscard},
		{Method: "POST", Path: deskPath + "/:id/scarto", About: "Discards a draft.", Who: edit, Class: web.Provider, Params: service, Form: []string{"revision"}, Handle: s.discard},
		{Method: "GET", Path: deskPath + "/:id/rimozione", About: "Asks whether a service should leave the portal.", Who: unpublish, Class: web.Provider, Params: live, Handle: s.showUnpublish},
		{Method: "POST", Path: deskPath + "/:id/rimozione", About: "Takes a service out of the portal.", Who: unpublish, Class: web.Provider, Params: live, Handle: s.unpublish},
	}
}

//words: done.publishing.*

// deskPage begins a page of the provider's workbench.
func deskPage(r *web.Request, title string, more ...ui.Crumb) *ui.Page {
	return private(r, title, append([]ui.Crumb{{Title: r.T("publishing.desk.title"), Href: deskPath}}, more...)...)
}

func (s *Service) showDesk(r *web.Request) error {
	desk, err := s.Desk(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	return r.Show(deskView(private(r, r.T("publishing.desk.title")), &desk, s.now()))
}

// newForm is a new service as it was typed.
type newForm struct {
	Title, Provider string
	Makers          []catalogue.Maker
	Errors          ui.Errors
}

func (s *Service) showNew(r *web.Request) error {
	_, makers, err := s.Choices(r.Ctx, r.Actor, r.Lang)
	if err != nil {
		return err
	}
	return r.Show(newView(deskPage(r, r.T("publishing.new.title")), newForm{Makers: makers}))
}

func (s *Service) create(r *web.Request) error {
	f := newForm{Title: r.Form("title"), Provider: r.Form("provider")}
	provider := uuid.Nil
	if f.Provider != "" {
		var err error
		if provider, err = uuid.Parse(f.Provider); err != nil {
			return problem.ErrNotFound
		}
	}
	id, err := s.Create(r.Ctx, r.Actor, provider, f.Title)
	if err == nil {
		return r.See(servicePath(id, steps[0].path))
	}
	var failed error
	if _, f.Makers, failed = s.Choices(r.Ctx, r.Actor, r.Lang); failed != nil {
		return failed
	}
	f.Errors = r.Messages(err)
	return r.Again(err, newView(deskPage(r, r.T("publishing.new.title")), f))
}

// work reads the service of the address.
func (s *Service) work(r *web.Request) (*Work, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	return s.Work(r.Ctx, r.Actor, r.Lang, id)
}

func (s *Service) showWork(r *web.Request) error { return s.overview(r, nil) }

// overview shows a service, with a refusal of what was just tried.
func (s *Service) overview(r *web.Request, refusal error) error {
	w, err := s.work(r)
	if err != nil {
		return err
	}
	p := deskPage(r, w.Title())
	view := workView(p, w, wrongOf(w), w.Open != nil && s.demands(w), r.Messages(refusal), s.now())
	if refusal == nil {
		return r.Show(workView(p, w, wrongOf(w), w.Open != nil && s.demands(w), nil, s.now()))
	}
	return r.Again(refusal, view)
}

// demands says whether the version would stand on a shelf that asks for an accreditation the provider does not have.
func (s *Service) demands(w *Work) bool {
	shelf := w.shelf()
	return shelf != nil && shelf.Demands(w.Maker, s.today())
}

// wrongOf is what is still wrong with the open version.
func wrongOf(w *Work) problem.Fields {
	if w.Open == nil {
		return nil
	}
	_, wrong := w.Open.Content.read(&w.Choices, w.Maker)
	return wrong
}

func (s *Service) preview(r *web.Request) error {
	w, err := s.work(r)
	if err != nil {
		return err
	}
	return s.showPreview(r, w, deskPage(r, w.Title(), ui.Crumb{Title: w.Title(), Href: servicePath(w.ID)}))
}

// showPreview writes the real sheet, which says on top that nobody else sees it.
func (s *Service) showPreview(r *web.Request, w *Work, p *ui.Page) error {
	sheet, err := s.Preview(r.Ctx, w, r.Lang)
	if err != nil {
		return err
	}
	p.Title = p.T("publishing.preview") + ": " + p.Title
	p.Crumbs[len(p.Crumbs)-1].Title = p.T("publishing.preview")
	p.Notice = &ui.Notice{Tone: ui.Info, Title: p.T("publishing.preview"), Text: p.T("publishing.preview.text")}
	return r.Show(catalogue.SheetView(p, sheet))
}

// act does something to a service and comes back to its page.
func (s *Service) act(r *web.Request, done string, do func(uuid.UUID) error) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	switch err := do(id); {
	case err == nil:
		return r.Done(servicePath(id), done)
	case errors.Is(err, problem.ErrNotFound):
		return err
	default:
		return s.overview(r, err)
	}
}

func (s *Service) begins(r *web.Request) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	if err := s.Revise(r.Ctx, r.Actor, id); err != nil {
		return err
	}
	return r.See(servicePath(id))
}

func (s *Service) submit(r *web.Request) error {
	return s.act(r, "publishing.submitted", func(id uuid.UUID) error { return s.Submit(r.Ctx, r.Actor, id, revision(r)) })
}

func (s *Service) withdraw(r *web.Request) error {
	return s.act(r, "publishing.withdrawn", func(id uuid.UUID) error { return s.Withdraw(r.Ctx, r.Actor, id) })
}

func (s *Service) showDiscard(r *web.Request) error {
	w, err := s.work(r)
	if err != nil {
		return err
	}
	if w.Open == nil || !w.Open.Editable() {
		return r.See(servicePath(w.ID))
	}
	return r.Show(discardView(deskPage(r, r.T("publishing.discard.title"), ui.Crumb{Title: w.Title(), Href: servicePath(w.ID)}), w))
}

func (s *Service) discard(r *web.Request) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	switch err := s.Discard(r.Ctx, r.Actor, id, revision(r)); {
	case err == nil:
		return r.Done(deskPath, "publishing.discarded")
	case errors.Is(err, problem.ErrNotFound):
		return err
	default:
		return s.overview(r, err)
	}
}

func (s *Service) showUnpublish(r *web.Request) error {
	w, err := s.work(r)
	if err != nil {
		return err
	}
	if w.Before() == nil {
		return r.See(servicePath(w.ID))
	}
	return r.Show(unpublishView(deskPage(r, r.T("publishing.unpublish.title"), ui.Crumb{Title: w.Title(), Href: servicePath(w.ID)}), w))
}

func (s *Service) unpublish(r *web.Request) error {
	return s.act(r, "publishing.unpublished", func(id uuid.UUID) error { return s.Unpublish(r.Ctx, r.Actor, id) })
}
