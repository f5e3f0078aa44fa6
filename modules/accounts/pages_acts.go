package accounts

import (
	"errors"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

func actPath(id uuid.UUID) string { return householdPath + "/" + id.String() + "/documento" }

func (s *Service) showAct(r *web.Request) error { return s.actAgain(r, nil) }

// actAgain shows the page of a member's act, with a refusal of what was uploaded.
func (s *Service) actAgain(r *web.Request, refusal error) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	m, err := s.Represented(r.Ctx, r.Actor, id)
	if err != nil {
		return err
	}
	p := householdBelow(r, r.T("accounts.act.title"))
	if refusal == nil {
		return r.Show(actPage(p, m, nil))
	}
	problems := ui.Errors(r.Messages(refusal))
	for i := range problems {
		problems[i].Name = "act"
	}
	return r.Again(refusal, actPage(p, m, problems))
}

func (s *Service) addAct(r *web.Request) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	_, raw, err := r.Upload("file")
	if err != nil {
		return err
	}
	switch err := s.AddAct(r.Ctx, r.Actor, id, raw); {
	case err == nil:
		return r.Done(actPath(id), "accounts.act_added")
	case errors.Is(err, problem.ErrNotFound), problem.Of(err).Kind == problem.Internal:
		return err
	default:
		return s.actAgain(r, err)
	}
}

func (s *Service) removeAct(r *web.Request) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	if err := s.RemoveAct(r.Ctx, r.Actor, id); err != nil {
		return err
	}
	return r.Done(actPath(id), "accounts.act_removed")
}
