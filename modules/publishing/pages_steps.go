package publishing

import (
	"errors"
	"slices"

	"github.com/a-h/templ"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// step is one page of the form: a part of the content.
type step struct {
	key, path string
	fields    []string // in the order of the form
}

// steps are the pages of the form.
var steps = []step{
	{"basics", "essenziale", []string{"title", "summary", "category", "needs", "for", "where", "neighbourhoods", "topics", "keywords", "title_en", "summary_en"}},
	{"texts", "testi", []string{"addressed", "how", "needed", "obtained", "times", "deadlines", "access", "conditions", "costs"}},
	{"price", "prezzo", []string{"price_kind", "price", "price_most", "unit", "price_note", "capacity", "sold", "vat", "most", "cancel_days", "ask_address", "ask_phone"}},
	{"contacts", "contatti", []string{"phone", "email", "status", "status_reason"}},
	{"files", "allegati", []string{"picture", "attachments"}}, // uploaded one by one
}

//words: publishing.step.*

// stepOf is the page on which a field stands.
func stepOf(field string) step {
	for _, s := range steps {
		if slices.Contains(s.fields, field) {
			return s
		}
	}
	return steps[0]
}

// placeOf counts the fields of the form that come before one.
func placeOf(field string) int {
	before := 0
	for _, s := range steps {
		if at := slices.Index(s.fields, field); at >= 0 {
			return before + at
		}
		before += len(s.fields)
	}
	return before
}

func (s *Service) stepRoutes() []web.Route {
	var all []web.Route
	handlers := []struct{ show, save func(*web.Request) error }{
		{s.showBasics, s.saveBasics}, {s.showTexts, s.saveTexts}, {s.showPrice, s.savePrice}, {s.showContacts, s.saveContacts},
	}
	for i, step := range steps[:len(handlers)] {
		path, params := deskPath+"/:id/"+step.path, map[string]string{"id": "draft"}
		all = append(all,
			web.Route{Method: "GET", Path: path, About: "A part of a draft to write in: " + step.key + ".", Who: web.May("edit", "service"), Class: web.Provider, Params: params, Handle: handlers[i].show},
			web.Route{Method: "POST", Path: path, About: "Saves a part of a draft: " + step.key + ".", Who: web.May("edit", "service"), Class: web.Provider, Params: params,
				Form: append([]string{"revision", "then"}, step.fields...), Handle: handlers[i].save})
	}
	return all
}

func (s *Service) showBasics(r *web.Request) error   { return s.showStep(r, 0) }
func (s *Service) showTexts(r *web.Request) error    { return s.showStep(r, 1) }
func (s *Service) showPrice(r *web.Request) error    { return s.showStep(r, 2) }
func (s *Service) showContacts(r *web.Request) error { return s.showStep(r, 3) }

func (s *Service) saveBasics(r *web.Request) error   { return s.saveStep(r, 0, typedBasics(r)) }
func (s *Service) saveTexts(r *web.Request) error    { return s.saveStep(r, 1, typedTexts(r)) }
func (s *Service) savePrice(r *web.Request) error    { return s.saveStep(r, 2, typedPrice(r)) }
func (s *Service) saveContacts(r *web.Request) error { return s.saveStep(r, 3, typedContacts(r)) }

func typedBasics(r *web.Request) func(*Content) {
	return func(c *Content) {
		c.Title, c.Summary, c.Category = r.Form("title"), r.Form("summary"), r.Form("category")
		c.Needs, c.For, c.Where, c.Neighbourhoods = r.FormAll("needs"), r.FormAll("for"), r.FormAll("where"), r.FormAll("neighbourhoods")
		c.Topics, c.Keywords, c.TitleEn, c.SummaryEn = r.Form("topics"), r.Form("keywords"), r.Form("title_en"), r.Form("summary_en")
	}
}

func typedTexts(r *web.Request) func(*Content) {
	return func(c *Content) {
		c.Addressed, c.How, c.Needed, c.Obtained = r.Form("addressed"), r.Form("how"), r.Form("needed"), r.Form("obtained")
		c.Times, c.Deadlines, c.Access, c.Conditions, c.Costs = r.Form("times"), r.Form("deadlines"), r.Form("access"), r.Form("conditions"), r.Form("costs")
	}
}

func typedPrice(r *web.Request) func(*Content) {
	return func(c *Content) {
		c.PriceKind, c.Price, c.PriceMost, c.Unit, c.PriceNote = r.Form("price_kind"), r.Form("price"), r.Form("price_most"), r.Form("unit"), r.Form("price_note")
		c.Sold, c.VAT, c.Most, c.CancelDays = r.Form("sold") != "", r.Form("vat"), r.Form("most"), r.Form("cancel_days")
		c.AskAddress, c.AskPhone, c.Capacity = r.Form("ask_address") != "", r.Form("ask_phone") != "", r.Form("capacity")
	}
}

func typedContacts(r *web.Request) func(*Content) {
	return func(c *Content) {
		c.Phone, c.Email, c.Status, c.StatusReason = r.Form("phone"), r.Form("email"), r.Form("status"), r.Form("status_reason")
	}
}

// stepForm is a page of the form as it is shown.
type stepForm struct {
	*Work
	Content
	Revision int
	At       int // index of the step
	Errors   ui.Errors
}

func (f *stepForm) step() step { return steps[f.At] }

func (s *Service) showStep(r *web.Request, at int) error {
	w, err := s.work(r)
	if err != nil {
		return err
	}
	if w.Open == nil || !w.Open.Editable() {
		return r.See(servicePath(w.ID))
	}
	f := &stepForm{Work: w, Content: w.Open.Content, Revision: w.Open.Revision, At: at}
	return r.Show(stepView(stepPage(r, f), f))
}

func stepPage(r *web.Request, f *stepForm) *ui.Page {
	return deskPage(r, r.T("publishing.step."+f.step().key), ui.Crumb{Title: f.Work.Title(), Href: servicePath(f.ID)})
}

// saveStep saves one page of the form and leads to the next. What cannot stay as it was typed is saved too, and told.
func (s *Service) saveStep(r *web.Request, at int, write func(*Content)) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	_, refusal := s.Save(r.Ctx, r.Actor, id, revision(r), write)
	if refusal != nil && !errors.Is(refusal, ErrStale) && !errors.Is(refusal, ErrWaiting) && problem.Of(refusal).Kind != problem.Invalid {
		return refusal
	}
	w, err := s.work(r)
	if err != nil {
		return err
	}
	if w.Open == nil { // it was decided meanwhile
		return s.overview(r, ErrStale)
	}
	f := &stepForm{Work: w, Content: w.Open.Content, Revision: w.Open.Revision, At: at}
	write(&f.Content) // what was typed stays on the page, saved or not
	if refusal == nil {
		refusal = s.wrongIn(w, at)
	}
	if refusal != nil {
		f.Errors = r.Messages(refusal)
		return r.Again(refusal, s.stepComponent(r, f))
	}
	return r.Done(next(r, w, at), "publishing.saved")
}

func (s *Service) stepComponent(r *web.Request, f *stepForm) templ.Component {
	return stepView(stepPage(r, f), f)
}

// wrongIn is what was typed wrong on one page of the form.
func (s *Service) wrongIn(w *Work, at int) error {
	wrong := slices.DeleteFunc(typedWrong(wrongOf(w)), func(f problem.Field) bool { return !slices.Contains(steps[at].fields, f.Name) })
	return wrong.Err()
}

// next is where a saved page leads: on, or back to the service.
func next(r *web.Request, w *Work, at int) string {
	if r.Form("then") != "" || at+1 == len(steps) {
		return servicePath(w.ID)
	}
	return servicePath(w.ID, steps[at+1].path)
}
