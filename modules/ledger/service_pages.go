package ledger

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
)

// Asked is which statement somebody wants to see.
type Asked struct {
	Provider string // slug; "" = the first of the actor's own
	Rail     string // name, of a rail's statement; "" = the first
	Month    string // 2026-11; anything else = the running month
	Cursor   string
	Whole    bool // all lines at once
}

// MonthView is a month of an account.
type MonthView struct {
	Month     time.Time // its first moment
	Months    []time.Time
	Statement *Statement
	First     bool // the page begins with the month
	About     map[uuid.UUID]Reference
}

// ProviderView is a month of a provider as its staff see it.
type ProviderView struct {
	Sellers []seller // all for whom the actor works
	Seller  seller
	MonthView
}

// RailView is a month of a rail as who keeps the city's accounts sees it: what came in over it, and what went back.
type RailView struct {
	Rails []rail
	Rail  rail
	MonthView
}

// ProviderStatement gives the statement of one of the actor's own providers. Another one is not found.
func (s *Service) ProviderStatement(ctx context.Context, actor *authz.Actor, asked Asked) (*ProviderView, error) {
	if err := s.policy.Allow(actor, "read", "statement"); err != nil {
		return nil, err
	}
	sellers, err := s.readSellers(ctx, s.providersOf(actor))
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(sellers, func(v seller) bool { return asked.Provider == "" || v.Slug == asked.Provider })
	if i < 0 {
		return nil, problem.ErrNotFound
	}
	v := &ProviderView{Sellers: sellers, Seller: sellers[i]}
	v.MonthView, err = s.monthView(ctx, ProviderAccount(v.Seller.ID), v.Seller.Since, asked)
	return v, err
}

// RailStatement gives the statement of one of the city's rails, seen from outside: what came in is positive there. One over which nothing has moved is not found.
func (s *Service) RailStatement(ctx context.Context, actor *authz.Actor, asked Asked) (*RailView, error) {
	if err := s.policy.Allow(actor, "read", "ledger"); err != nil {
		return nil, err
	}
	rails, err := s.readRails(ctx)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(rails, func(r rail) bool { return asked.Rail == "" || r.Name == asked.Rail })
	if i < 0 {
		return nil, problem.ErrNotFound
	}
	v := &RailView{Rails: rails, Rail: rails[i]}
	v.MonthView, err = s.monthView(ctx, RailAccount(v.Rail.Name), v.Rail.Since, asked)
	if err != nil {
		return nil, err
	}
	v.Statement.mirror()
	for id, about := range v.About {
		v.About[id] = Reference{Text: about.Text} // where it leads is the provider's
	}
	return v, nil
}

// monthView reads a month of an account that has moved since a moment.
func (s *Service) monthView(ctx context.Context, a Account, since time.Time, asked Asked) (v MonthView, err error) {
	now := s.now()
	v.First, v.Month = asked.Cursor == "", monthOf(asked.Month, now)
	v.Months = monthsUntil(since, now)
	most := linesShown
	if asked.Whole {
		most = 0
	}
	if v.Statement, err = s.statement(ctx, a, v.Month, v.Month.AddDate(0, 1, 0), asked.Cursor, most); err != nil {
		return v, err
	}
	v.About, err = s.refer(ctx, v.Statement.Lines)
	return v, err
}

const monthFormat = "2006-01"

func (v *MonthView) month() string { return v.Month.Format(monthFormat) }

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
	if err := s.policy.Allow(actor, "read", "ledger"); err != nil {
		return nil, nil, err
	}
	standings, err := s.readStandings(ctx)
	if err != nil {
		return nil, nil, err
	}
	findings, err := s.Check(ctx)
	return standings, findings, err
}

// Compared gives what the rails and we said of the same money, where anybody asks them.
func (s *Service) Compared(ctx context.Context, actor *authz.Actor) ([]Comparison, error) {
	if err := s.policy.Allow(actor, "read", "ledger"); err != nil || s.rails == nil {
		return nil, err
	}
	return s.rails.Comparisons(ctx)
}
