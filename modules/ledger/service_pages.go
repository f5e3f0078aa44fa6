package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
)

// Asked is which statement somebody wants to see.
type Asked struct {
	Provider string // slug; "" = the first of the actor's own
	Month    string // 2026-11; anything else = the running month
	Cursor   string
	Whole    bool // all lines at once
}

// ProviderView is a month of a provider as its staff see it.
type ProviderView struct {
	Sellers   []seller // all for whom the actor works
	Seller    seller
	Month     time.Time // its first moment
	Months    []time.Time
	Statement *Statement
	First     bool // the page begins with the month
	About     map[uuid.UUID]Reference
}

// ProviderStatement gives the statement of one of the actor's own providers. Another one is not found.
func (s *Service) ProviderStatement(ctx context.Context, actor *authz.Actor, asked Asked) (*ProviderView, error) {
	if err := s.allow(actor, "read", "statement"); err != nil {
		return nil, err
	}
	sellers, err := s.readSellers(ctx, s.providersOf(actor))
	if err != nil {
		return nil, err
	}
	v := &ProviderView{Sellers: sellers, First: asked.Cursor == ""}
	if !v.choose(asked.Provider) {
		return nil, problem.ErrNotFound
	}
	now := s.now()
	v.Month = monthOf(asked.Month, now)
	v.Months = monthsUntil(v.Seller.Since, now)
	most := linesShown
	if asked.Whole {
		most = 0
	}
	if v.Statement, err = s.statement(ctx, ProviderAccount(v.Seller.ID), v.Month, v.Month.AddDate(0, 1, 0), asked.Cursor, most); err != nil {
		return nil, err
	}
	v.About, err = s.refer(ctx, v.Statement.Lines)
	return v, err
}

// choose takes the provider with a slug, or the first.
func (v *ProviderView) choose(slug string) bool {
	for _, seller := range v.Sellers {
		if slug == "" || seller.Slug == slug {
			v.Seller = seller
			return true
		}
	}
	return false
}

const monthFormat = "2006-01"

func (v *ProviderView) month() string { return v.Month.Format(monthFormat) }

// monthOf is the first moment of a month in the city's time; what is no month is the running one.
func monthOf(text string, now time.Time) time.Time {
	t, err := time.ParseInLocation(monthFormat, text, ui.Rome)
	if err != nil || t.Year() < 2000 || t.Year() > 2999 {
		now = now.In(ui.Rome)
		return time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, ui.Rome)
	}
	return t
}

// mostMonths bounds the list of months to choose from.
const mostMonths = 60

// monthsUntil lists the months from the first movement to the running one, newest first.
func monthsUntil(since, now time.Time) []time.Time {
	month := monthOf("", now)
	list := []time.Time{month}
	for !since.IsZero() && month.After(since) && len(list) < mostMonths {
		month = month.AddDate(0, -1, 0)
		list = append(list, month)
	}
	return list
}

// refer asks what lines are about, in words.
func (s *Service) refer(ctx context.Context, lines []Line) (map[uuid.UUID]Reference, error) {
	if s.about == nil || len(lines) == 0 {
		return nil, nil //nolint:nilnil // a map that is not there answers like an empty one
	}
	ids := make([]uuid.UUID, len(lines))
	for i, l := range lines {
		ids[i] = l.Reference
	}
	return s.about.References(ctx, ids)
}

// Accounts gives every balance of the city, those of citizens as one sum, and what Check finds.
func (s *Service) Accounts(ctx context.Context, actor *authz.Actor) ([]Standing, []Finding, error) {
	if err := s.allow(actor, "read", "ledger"); err != nil {
		return nil, nil, err
	}
	standings, err := s.readStandings(ctx)
	if err != nil {
		return nil, nil, err
	}
	findings, err := s.Check(ctx)
	return standings, findings, err
}
