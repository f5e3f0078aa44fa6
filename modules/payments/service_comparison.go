package payments

import (
	"context"
	"errors"

	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/tenants"
)

// Compare asks the card's gateway what it took and gave back in the last days, holds it against payments, refunds and ledger, and keeps what differs. It speaks to the
// rail, so it stands outside of any transaction. Errors: ErrNotSet where the city has no account there.
func (s *Service) Compare(ctx context.Context, days int) (*ledger.Comparison, error) {
	city, err := tenants.From(ctx)
	if err != nil {
		return nil, err
	}
	now := s.now()
	within := stretch{now.AddDate(0, 0, -days), now.Add(-compareLate)}
	theirs, err := s.card.List(ctx, within.since.Add(-compareWide), now)
	if err != nil {
		return nil, err
	}
	ours, err := s.readAccounted(ctx, within, theirs)
	if err != nil {
		return nil, err
	}
	if ours.Books, err = s.ledger.Posted(ctx, ours.keys()); err != nil {
		return nil, err
	}
	theirs = theirs.of(city.ID, ours)
	c := theirs.comparison(within)
	c.Rail, c.At, c.Findings = ByCard, now, compare(within, theirs, ours)
	return c, s.db.Tx(ctx, func(ctx context.Context) error {
		keepComparison(ctx, c)
		return tenants.Audit(ctx, tenants.Entry{Actor: theRail, SubjectKind: "rail", Subject: c.Rail, Verb: "compared", Purpose: "what the rail says against the books", After: c.Findings})
	})
}

// CompareDaily is Compare for every day; a city without an account at the gateway has nothing to compare.
func (s *Service) CompareDaily(ctx context.Context) (*ledger.Comparison, error) {
	c, err := s.Compare(ctx, compareDays)
	if errors.Is(err, ErrNotSet) {
		return nil, nil //nolint:nilnil // there is neither a gateway nor an error
	}
	return c, err
}

// Comparisons implements ledger.Comparisons. Who may see them, the ledger decides.
func (s *Service) Comparisons(ctx context.Context) ([]ledger.Comparison, error) {
	return s.readComparisons(ctx)
}

// comparison sums what the rail says of a stretch of time.
func (l *Listing) comparison(within stretch) *ledger.Comparison {
	c := &ledger.Comparison{Since: within.since, Until: within.until}
	for _, t := range l.Taken {
		if within.has(t.At) {
			c.Taken++
			c.TakenCents += t.Cents
		}
	}
	for _, b := range l.GivenBack {
		if within.has(b.At) && b.State != ReturnLost {
			c.Returned++
			c.ReturnedCents += b.Cents
		}
	}
	return c
}

// keys are those under which the ledger holds our side.
func (a *accounted) keys() []string {
	keys := []string{}
	for i := range a.Payments {
		keys = append(keys, paymentKey(a.Payments[i].ID))
	}
	for i := range a.Refunds {
		keys = append(keys, refundKey(a.Refunds[i].ID))
	}
	return keys
}

var _ ledger.Comparisons = (*Service)(nil)
