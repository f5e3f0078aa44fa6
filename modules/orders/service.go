package orders

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/tenants"
)

// Household knows for whom a person may order.
type Household interface {
	QueueMembers(b *pgx.Batch, actor *authz.Actor, into *[]accounts.Member)
	Member(ctx context.Context, actor *authz.Actor, id uuid.UUID) (accounts.Member, error)
}

// holidays are the days on which the city of ctx does not work.
func holidays(ctx context.Context) Holidays {
	city, err := tenants.From(ctx)
	if err != nil {
		return Holidays{} // nothing is done without a city
	}
	return Holidays{Patron: city.PatronDay}
}

// NewToken makes a visitor's basket cookie: 32 random bytes.
func (s *Service) NewToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Basket gives what a holder has in the basket, at today's prices.
func (s *Service) Basket(ctx context.Context, h Holder) (basket Basket, err error) {
	if h.nobody() {
		return basket, nil
	}
	err = s.db.Read(ctx, func(b *pgx.Batch) { queueBasket(b, h, &basket) })
	return basket, err
}

// Add puts units of a service into the holder's basket, beside what is there. A basket is one provider's for now: with replace another's is
// emptied first, without it is refused. Errors: ErrNotSold, ErrOtherSeller.
func (s *Service) Add(ctx context.Context, h Holder, slug string, quantity int, replace bool) error {
	return s.fill(ctx, h, slug, replace, func(ctx context.Context, basket uuid.UUID, i *Item) error {
		return addLine(ctx, basket, i.Service, max(1, quantity), i.Sale.Most, s.now())
	})
}

// Put is Add for who says how many there shall be.
func (s *Service) Put(ctx context.Context, h Holder, slug string, quantity int, replace bool) error {
	return s.fill(ctx, h, slug, replace, func(ctx context.Context, basket uuid.UUID, i *Item) error {
		return putLine(ctx, basket, i.Service, max(1, quantity), i.Sale.Most, s.now())
	})
}

func (s *Service) fill(ctx context.Context, h Holder, slug string, replace bool, line func(ctx context.Context, basket uuid.UUID, i *Item) error) error {
	item, seller, err := s.findItem(ctx, slug)
	if err != nil {
		return err
	}
	id, err := s.newID()
	if err != nil {
		return err
	}
	now := s.now()
	return s.db.Tx(ctx, func(ctx context.Context) error {
		basket, err := claimBasket(ctx, kept{id, seller.ID}, h, replace, now)
		if err != nil {
			return err
		}
		if err := line(ctx, basket, &item); err != nil {
			return err
		}
		return touchBasket(ctx, basket, now)
	})
}

// claimBasket locks the holder's basket of a provider, and opens it where there is none: it may have been ordered a moment ago.
func claimBasket(ctx context.Context, want kept, h Holder, replace bool, now time.Time) (uuid.UUID, error) {
	for {
		if err := insertBasket(ctx, want.id, h, want.provider, now); err != nil {
			return uuid.Nil, err
		}
		k, err := lockBasket(ctx, h)
		switch {
		case err != nil:
			return uuid.Nil, err
		case k.provider == want.provider:
			return k.id, nil
		case k != kept{} && !replace:
			return uuid.Nil, ErrOtherSeller
		}
		deleteBasket(ctx, k.id)
	}
}

// SetQuantity changes how many units of a service the basket holds; none takes it out.
func (s *Service) SetQuantity(ctx context.Context, h Holder, slug string, quantity int) error {
	basket, err := s.Basket(ctx, h)
	if err != nil {
		return err
	}
	for _, i := range basket.Items {
		if i.Slug != slug {
			continue
		}
		return s.db.Tx(ctx, func(ctx context.Context) error {
			k, err := lockBasket(ctx, h)
			if err != nil {
				return err
			}
			if err := setLine(ctx, k.id, i.Service, quantity, i.Sale.Most); err != nil {
				return err
			}
			return dropEmpty(ctx, k.id)
		})
	}
	return nil // it is not in the basket any more: what was wanted is so
}

// Adopt makes a visitor's basket the actor's, who has come in meanwhile. If the actor had one already, what was chosen now counts: lines of the same
// provider are joined, another provider's basket is replaced.
func (s *Service) Adopt(ctx context.Context, actor *authz.Actor, token string) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		theirs, err := lockBasket(ctx, Holder{Token: token})
		if err != nil || theirs == (kept{}) {
			return err
		}
		own, err := lockBasket(ctx, Holder{Account: actor.Account})
		switch {
		case err != nil:
			return err
		case own != kept{} && own.provider == theirs.provider:
			if err := mergeLines(ctx, theirs.id, own.id); err != nil {
				return err
			}
			deleteBasket(ctx, theirs.id)
			return nil
		case own != kept{}:
			deleteBasket(ctx, own.id)
		}
		return giveBasket(ctx, theirs.id, actor.Account)
	})
}

// Sweep removes the baskets that visitors left behind a month ago, from the city of ctx.
func (s *Service) Sweep(ctx context.Context) error {
	return s.db.Tx(ctx, func(ctx context.Context) error { return sweepBaskets(ctx, s.now().AddDate(0, -1, 0)) })
}

// audit notes a decision about a part.
func audit(ctx context.Context, actor string, p *Part, verb, purpose string) error {
	return tenants.Audit(ctx, tenants.Entry{Actor: actor, SubjectKind: "order", Subject: p.ID.String(), Verb: verb, Purpose: purpose, After: string(p.State)})
}
