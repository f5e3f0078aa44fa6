package publishing

import (
	"errors"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

const reviewPath = "/comune/servizi"

func (s *Service) reviewRoutes() []web.Route {
	approve, service := web.May("approve", "service"), map[string]string{"id": "submission"}
	return []web.Route{
		{Method: "GET", Path: reviewPath, About: "The versions of services that wait for a decision.", Who: approve, Class: web.Office, Query: []string{"fatto"}, Handle: s.showInbox},
		{Method: "GET", Path: reviewPath + "/:id", About: "A version that waits: what changes, and the decision.", Who: approve, Class: web.Office, Params: service, Handle: s.showReview},
		{Method: "GET", Path: reviewPath + "/:id/anteprima", About: "The page that a version would become.", Who: approve, Class: web.Office, Params: service, Handle: s.previewReview},
		{Method: "POST", Path: reviewPath + "/:id/approvazione", About: "Approves a version, which is published with it.", Who: approve, Class: web.Office, Params: service, Form: []string{"revision", "reason"}, Handle: s.approve},
		{Method: "POST", Path: reviewPath + "/:id/rinvio", About: "Sends a version back with the reason.", Who: approve, Class: web.Office, Params: service, Form: []string{"revision", "reason"}, Handle: s.sendBack},
	}
}

// office is the workbench of whoever decides: a city's administrator comes from another than the municipality.
func (s *Service) office(r *web.Request) string {
	if s.policy.May(r.Actor, "enter", "municipality") {
		return "municipality"
	}
	return "administration"
}

func (s *Service) showInbox(r *web.Request) error {
	list, err := s.Inbox(r.Ctx, r.Actor)
	if err != nil {
		return err
	}
	return r.Show(inboxView(private(r, r.T("publishing.inbox.title")), s.office(r), list, s.now()))
}

func (s *Service) review(r *web.Request) (*Work, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	return s.Review(r.Ctx, r.Actor, r.Lang, id)
}

func reviewPage(r *web.Request, title string, more ...ui.Crumb) *ui.Page {
	return private(r, title, append([]ui.Crumb{{Title: r.T("publishing.inbox.title"), Href: reviewPath}}, more...)...)
}

func (s *Service) showReview(r *web.Request) error { return s.reviewAgain(r, "", nil) }

// reviewAgain shows a version that waits, with a refusal of the decision and what was typed.
func (s *Service) reviewAgain(r *web.Request, reason string, refusal error) error {
	w, err := s.review(r)
	if err != nil {
		return err
	}
	f := reviewForm{Work: w, Area: s.office(r), Reason: reason, Own: mayDecide(r.Actor, w.Open) != nil, Unaccredited: s.demands(w)}
	p := reviewPage(r, w.Title())
	if refusal == nil {
		return r.Show(reviewView(p, f, s.now()))
	}
	f.Errors = r.Messages(refusal)
	return r.Again(refusal, reviewView(p, f, s.now()))
}

// reviewForm is a version that waits, and the decision as it was typed.
type reviewForm struct {
	*Work
	Area         string
	Reason       string
	Own          bool // the reader had a hand in it
	Unaccredited bool
	Errors       ui.Errors
}

func (s *Service) previewReview(r *web.Request) error {
	w, err := s.review(r)
	if err != nil {
		return err
	}
	return s.showPreview(r, w, reviewPage(r, w.Title(), ui.Crumb{Title: w.Title(), Href: reviewOf(w.ID)}))
}

// decided does what was decided and comes back to the queue.
func (s *Service) decided(r *web.Request, done string, do func(uuid.UUID) error) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	switch err := do(id); {
	case err == nil:
		return r.Done(reviewPath, done)
	case errors.Is(err, problem.ErrNotFound):
		return err
	default:
		return s.reviewAgain(r, r.Form("reason"), err)
	}
}

func (s *Service) approve(r *web.Request) error {
	return s.decided(r, "publishing.approved", func(id uuid.UUID) error { return s.Approve(r.Ctx, r.Actor, id, revision(r)) })
}

func (s *Service) sendBack(r *web.Request) error {
	return s.decided(r, "publishing.returned", func(id uuid.UUID) error {
		return s.Return(r.Ctx, r.Actor, id, revision(r), r.Form("reason"))
	})
}
