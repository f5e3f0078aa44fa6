package publishing

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/tenants"
)

// Providers lists everyone the city can accredit.
func (s *Service) Providers(ctx context.Context, actor *authz.Actor, lang string) ([]catalogue.Maker, catalogue.Choices, error) {
	if err := s.policy.Allow(actor, "accredit", "provider"); err != nil {
		return nil, catalogue.Choices{}, err
	}
	return s.readRegister(ctx, lang)
}

// Accredit enters an accreditation of a provider.
func (s *Service) Accredit(ctx context.Context, actor *authz.Actor, slug string, a catalogue.Accreditation) error {
	return s.enter(ctx, actor, slug, "accredited", func(r register) (register, *Notice, error) {
		next, err := r.add(a)
		return next, nil, err
	})
}

// Suspend lets an accreditation not hold for now, and says why; what needs it leaves the portal at once.
func (s *Service) Suspend(ctx context.Context, actor *authz.Actor, slug, area, act, reason string) error {
	return s.enter(ctx, actor, slug, "accreditation_suspended", func(r register) (register, *Notice, error) {
		if err := checkReason(reason); err != nil {
			return r, nil, err
		}
		next, err := r.change(area, act, func(a *catalogue.Accreditation) error {
			a.Suspended = reason
			return nil
		})
		return next, &Notice{Area: area, Act: act, Until: s.today(), Notice: suspended, Reason: reason}, err
	})
}

// Resume lets a suspended accreditation hold again; services come back when their provider sends them again.
func (s *Service) Resume(ctx context.Context, actor *authz.Actor, slug, area, act string) error {
	return s.enter(ctx, actor, slug, "accreditation_resumed", func(r register) (register, *Notice, error) {
		next, err := r.change(area, act, func(a *catalogue.Accreditation) error {
			a.Suspended = ""
			return nil
		})
		return next, nil, err
	})
}

// End lets an accreditation hold no longer, from today on.
func (s *Service) End(ctx context.Context, actor *authz.Actor, slug, area, act string) error {
	return s.enter(ctx, actor, slug, "accreditation_ended", func(r register) (register, *Notice, error) {
		today := s.now().In(ui.Rome)
		next, err := r.end(area, act, today)
		return next, &Notice{Area: area, Act: act, Until: today.AddDate(0, 0, -1).Format(time.DateOnly), Notice: ended}, err
	})
}

// enter changes a provider's register, and draws the consequences.
func (s *Service) enter(ctx context.Context, actor *authz.Actor, slug, verb string, change func(register) (register, *Notice, error)) error {
	if err := s.policy.Allow(actor, "accredit", "provider"); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		maker, err := catalogue.LockMaker(ctx, slug)
		if err != nil {
			return err
		}
		next, notice, err := change(maker.Accreditations)
		if err != nil {
			return err
		}
		if err := catalogue.Accredit(ctx, maker.ID, next); err != nil {
			return err
		}
		err = tenants.Audit(ctx, tenants.Entry{
			Actor: actor.ID(), SubjectKind: "provider", Subject: maker.ID.String(), Verb: "provider_" + verb, Purpose: "accreditation", Before: maker.Accreditations, After: next,
		})
		if err != nil {
			return err
		}
		if notice != nil {
			notice.Provider = maker.ID
			if err := s.notify(ctx, *notice); err != nil {
				return err
			}
		}
		return s.lapse(ctx, actor.ID())
	})
}

//words: accounts.verb.provider_*

// notify writes a notice down and asks for its letters, unless that was done before.
func (s *Service) notify(ctx context.Context, n Notice) (err error) {
	if n.ID, err = s.newID(); err != nil {
		return err
	}
	fresh, err := insertNotice(ctx, &n, s.now())
	if err != nil || !fresh {
		return err
	}
	return s.toStaff(ctx, n.Provider, func(account uuid.UUID) error { return s.queue.Enqueue(ctx, NoticeMail{n.ID, account}) })
}

// lapse takes out of view what stands on a shelf whose accreditation its provider no longer has.
func (s *Service) lapse(ctx context.Context, actor string) error {
	x, err := s.readDemands(ctx)
	if err != nil {
		return err
	}
	for _, id := range x.lapsed(s.today()) {
		record, err := catalogue.LockRecord(ctx, id)
		if err != nil {
			return err
		}
		if !record.Published {
			continue
		}
		if err := s.hide(ctx, record, lapsed, uuid.Nil, ""); err != nil {
			return err
		}
		err = tenants.Audit(ctx, tenants.Entry{
			Actor: actor, SubjectKind: "service", Subject: id.String(), Verb: "service_lapsed", Purpose: "accreditation", Before: record.Entry,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// demands are the services in view that need an accreditation, with their shelves and providers.
type demands struct {
	records []catalogue.Record
	makers  []catalogue.Maker
	choices catalogue.Choices
}

// lapsed are the services that may not be in view on a day.
func (d *demands) lapsed(day string) []uuid.UUID {
	var ids []uuid.UUID
	for i := range d.records {
		shelf := d.choices.Shelf(d.records[i].Category)
		for j := range d.makers {
			if m := &d.makers[j]; m.ID == d.records[i].Provider && shelf != nil && shelf.Demands(m, day) {
				ids = append(ids, d.records[i].ID)
			}
		}
	}
	return ids
}

// sweeper is who acts when nobody does.
const sweeper = "job:publishing.sweep"

// Sweep does what time brings in the city of ctx: services whose accreditation has ended, files of old drafts. It may run as often as it
// likes: each thing is done once.
func (s *Service) Sweep(ctx context.Context) error {
	return errors.Join(s.sweepAccreditations(ctx), s.sweepFiles(ctx))
}

// sweepAccreditations unpublishes what needs an accreditation that has ended, and tells providers of ends that are near.
func (s *Service) sweepAccreditations(ctx context.Context) error {
	x, err := s.readDemands(ctx)
	if err != nil {
		return err
	}
	var notices []Notice
	for i := range x.makers {
		notices = append(notices, noticesOf(&x.makers[i], s.now().In(ui.Rome))...)
	}
	if len(notices) == 0 && len(x.lapsed(s.today())) == 0 {
		return nil
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		for _, n := range notices {
			if err := s.notify(ctx, n); err != nil {
				return err
			}
		}
		return s.lapse(ctx, sweeper)
	})
}

// makerBySlug finds a provider of the register. Errors: problem.ErrNotFound.
func makerBySlug(list []catalogue.Maker, slug string) (*catalogue.Maker, error) {
	for i := range list {
		if list[i].Slug == slug {
			return &list[i], nil
		}
	}
	return nil, problem.ErrNotFound
}
