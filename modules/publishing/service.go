package publishing

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

// Desk lists the services of the actor's providers.
func (s *Service) Desk(ctx context.Context, actor *authz.Actor) (Desk, error) {
	if err := s.policy.Allow(actor, "read", "service"); err != nil {
		return Desk{}, err
	}
	return s.readDesk(ctx, s.providersOf(actor, "read", "service"))
}

// Work gives one service of the actor's provider. Errors: problem.ErrNotFound, for another's too.
func (s *Service) Work(ctx context.Context, actor *authz.Actor, lang string, id uuid.UUID) (*Work, error) {
	if err := s.policy.Allow(actor, "read", "service"); err != nil {
		return nil, err
	}
	w, err := s.readWork(ctx, lang, id)
	if err != nil {
		return nil, err
	}
	return w, s.mine(actor, "read", "service", w.Maker.ID)
}

// Choices gives what a new service can be, and for which providers.
func (s *Service) Choices(ctx context.Context, actor *authz.Actor, lang string) (catalogue.Choices, []catalogue.Maker, error) {
	if err := s.policy.Allow(actor, "edit", "service"); err != nil {
		return catalogue.Choices{}, nil, err
	}
	return s.readChoices(ctx, lang, s.providersOf(actor, "edit", "service"))
}

// Create begins a service that is not in the catalogue yet; provider may be uuid.Nil for who works for one alone.
func (s *Service) Create(ctx context.Context, actor *authz.Actor, provider uuid.UUID, title string) (id uuid.UUID, err error) {
	if err := s.policy.Allow(actor, "edit", "service"); err != nil {
		return id, err
	}
	if own := s.providersOf(actor, "edit", "service"); provider == uuid.Nil && len(own) == 1 {
		provider = own[0]
	}
	if err := s.mine(actor, "edit", "service", provider); err != nil {
		return id, err
	}
	var r reading
	r.line("title", title, longestTitle, true)
	if err := r.wrong.Err(); err != nil {
		return id, err
	}
	if id, err = s.newID(); err != nil {
		return id, err
	}
	return id, s.db.Tx(ctx, func(ctx context.Context) error {
		return s.begin(ctx, actor, id, provider, Content{Title: title, Status: string(catalogue.Active)})
	})
}

// Revise opens a new version of a service of the catalogue; one that is open already stands.
func (s *Service) Revise(ctx context.Context, actor *authz.Actor, id uuid.UUID) error {
	if err := s.policy.Allow(actor, "edit", "service"); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		record, err := catalogue.LockRecord(ctx, id)
		if err != nil {
			return err
		}
		if err := s.mine(actor, "edit", "service", record.Provider); err != nil {
			return err
		}
		if _, err := lockOpen(ctx, id); !errors.Is(err, problem.ErrNotFound) {
			return err
		}
		return s.begin(ctx, actor, id, record.Provider, contentOf(&record.Entry))
	})
}

func (s *Service) begin(ctx context.Context, actor *authz.Actor, service, provider uuid.UUID, c Content) error {
	id, err := s.newID()
	if err != nil {
		return err
	}
	v := &Version{
		ID: id, Service: service, Provider: provider, State: Draft, Content: c, Authors: []uuid.UUID{actor.Account}, Updated: s.now(),
	}
	if err := insertVersion(ctx, v); err != nil {
		return err
	}
	_, err = s.note(ctx, v, begun, actor.Account, "")
	return err
}

// note writes an event into a service's history.
func (s *Service) note(ctx context.Context, v *Version, verb string, account uuid.UUID, reason string) (uuid.UUID, error) {
	id, err := s.newID()
	if err != nil {
		return id, err
	}
	return id, insertEvent(ctx, &Event{
		ID: id, Service: v.Service, Provider: v.Provider, Number: v.Number, Verb: verb, Account: account, Reason: reason, At: s.now(),
	})
}

// audit notes a decision about a service in the city's trail.
func audit(ctx context.Context, actor *authz.Actor, service uuid.UUID, verb string, before, after any) error {
	return tenants.Audit(ctx, tenants.Entry{
		Actor: actor.ID(), SubjectKind: "service", Subject: service.String(), Verb: verb, Purpose: "publishing", Before: before, After: after,
	})
}

// Save writes what was typed into the open version, whether it is whole or not; revision is that of the form. wrong is what cannot stay
// as it was typed. Errors: ErrStale, ErrWaiting; Invalid for what is too long to keep.
func (s *Service) Save(ctx context.Context, actor *authz.Actor, id uuid.UUID, revision int, write func(*Content)) (v *Version, err error) {
	if err := s.policy.Allow(actor, "edit", "service"); err != nil {
		return nil, err
	}
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if v, err = s.lockMine(ctx, actor, "edit", id); err != nil {
			return err
		}
		if err := v.change(actor.Account, revision, s.now()); err != nil {
			return err
		}
		write(&v.Content)
		if err := v.Content.fits(); err != nil {
			return err
		}
		return saveVersion(ctx, v)
	})
	return v, err
}

// lockMine reads the open version of a service of the actor's own provider.
func (s *Service) lockMine(ctx context.Context, actor *authz.Actor, verb string, id uuid.UUID) (*Version, error) {
	v, err := lockOpen(ctx, id)
	if err != nil {
		return nil, err
	}
	return v, s.mine(actor, verb, "service", v.Provider)
}

// Submit hands the open version to the municipality, if it is whole and the provider may publish it.
func (s *Service) Submit(ctx context.Context, actor *authz.Actor, id uuid.UUID, revision int) error {
	if err := s.policy.Allow(actor, "submit", "service"); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		v, err := s.lockMine(ctx, actor, "submit", id)
		if err != nil {
			return err
		}
		if err := v.submit(actor.Account, revision, s.now()); err != nil {
			return err
		}
		if _, err := s.ready(ctx, v); err != nil {
			return err
		}
		return s.move(ctx, actor, v, submitted, "")
	})
}

// ready gives the entry that a version becomes, or says why it cannot become one now.
func (s *Service) ready(ctx context.Context, v *Version) (*catalogue.Entry, error) {
	choices, makers, err := s.readChoices(ctx, "it", []uuid.UUID{v.Provider})
	if err != nil {
		return nil, err
	}
	entry, wrong := v.Content.read(&choices, &makers[0])
	switch {
	case len(wrong) > 0:
		return nil, ErrIncomplete
	case choices.Shelf(entry.Category).Demands(&makers[0], s.today()):
		return nil, ErrUnaccredited
	}
	return entry, nil
}

// move saves a version in its new state, with history and trail.
func (s *Service) move(ctx context.Context, actor *authz.Actor, v *Version, verb, reason string) error {
	_, err := s.moved(ctx, actor, v, verb, reason)
	return err
}

func (s *Service) moved(ctx context.Context, actor *authz.Actor, v *Version, verb, reason string) (uuid.UUID, error) {
	if err := saveVersion(ctx, v); err != nil {
		return uuid.Nil, err
	}
	event, err := s.note(ctx, v, verb, actor.Account, reason)
	if err != nil {
		return uuid.Nil, err
	}
	return event, audit(ctx, actor, v.Service, "service_"+verb, nil, v.Content)
}

//words: accounts.verb.service_*

// Withdraw takes back what was handed over and not decided on yet.
func (s *Service) Withdraw(ctx context.Context, actor *authz.Actor, id uuid.UUID) error {
	if err := s.policy.Allow(actor, "submit", "service"); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		v, err := s.lockMine(ctx, actor, "submit", id)
		if err != nil {
			return err
		}
		if err := v.withdraw(s.now()); err != nil {
			return err
		}
		return s.move(ctx, actor, v, withdrawn, "")
	})
}

// Discard ends a draft; what is published stays as it is.
func (s *Service) Discard(ctx context.Context, actor *authz.Actor, id uuid.UUID, revision int) error {
	if err := s.policy.Allow(actor, "edit", "service"); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		v, err := s.lockMine(ctx, actor, "edit", id)
		if err != nil {
			return err
		}
		if err := v.discard(revision, s.now()); err != nil {
			return err
		}
		return s.move(ctx, actor, v, discarded, "")
	})
}

// Unpublish takes a service out of the catalogue; its open version, if there is one, stays.
func (s *Service) Unpublish(ctx context.Context, actor *authz.Actor, id uuid.UUID) error {
	if err := s.policy.Allow(actor, "unpublish", "service"); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		record, err := catalogue.LockRecord(ctx, id)
		if err != nil {
			return err
		}
		if err := s.mine(actor, "unpublish", "service", record.Provider); err != nil {
			return err
		}
		if !record.Published {
			return ErrHidden
		}
		if err := s.hide(ctx, record, unpublished, actor.Account, ""); err != nil {
			return err
		}
		return audit(ctx, actor, id, "service_unpublished", record.Entry, nil)
	})
}

// hide takes a service out of view, with its history.
func (s *Service) hide(ctx context.Context, record *catalogue.Record, verb string, account uuid.UUID, reason string) error {
	if _, err := s.note(ctx, &Version{Service: record.ID, Provider: record.Provider}, verb, account, reason); err != nil {
		return err
	}
	if err := catalogue.Unpublish(ctx, record.ID); err != nil {
		return err
	}
	return s.reveal(ctx, record.ID, nil)
}

// Preview gives the page that the open version of the actor's own service would become.
func (s *Service) Preview(ctx context.Context, w *Work, lang string) (*catalogue.SheetPage, error) {
	c := w.Shown()
	entry, _ := c.read(&w.Choices, w.Maker)
	return s.catalogue.Preview(ctx, lang, w.ID, w.Maker.ID, entry)
}

// Profile gives one of the actor's own providers. Errors: problem.ErrNotFound.
func (s *Service) Profile(ctx context.Context, actor *authz.Actor, lang, slug string) (*catalogue.Maker, *catalogue.Choices, error) {
	if err := s.policy.Allow(actor, "describe", "provider"); err != nil {
		return nil, nil, err
	}
	choices, makers, err := s.readChoices(ctx, lang, s.providersOf(actor, "describe", "provider"))
	if err != nil {
		return nil, nil, err
	}
	at := slices.IndexFunc(makers, func(m catalogue.Maker) bool { return m.Slug == slug })
	if at < 0 {
		return nil, nil, problem.ErrNotFound
	}
	return &makers[at], &choices, nil
}

// Describe changes what a provider says of itself; seen is the mark of the profile that the form showed.
func (s *Service) Describe(ctx context.Context, actor *authz.Actor, slug, seen string, p catalogue.Profile) error {
	if err := s.policy.Allow(actor, "describe", "provider"); err != nil {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		maker, err := catalogue.LockMaker(ctx, slug)
		if err != nil {
			return err
		}
		if err := s.mine(actor, "describe", "provider", maker.ID); err != nil {
			return err
		}
		choices, _, err := s.readChoices(ctx, "it", nil)
		if err != nil {
			return err
		}
		if err := checkProfile(&p, &choices); err != nil {
			return err
		}
		if markOf(maker.Profile) != seen {
			return ErrStale
		}
		if err := catalogue.Describe(ctx, maker.ID, p); err != nil {
			return err
		}
		return tenants.Audit(ctx, tenants.Entry{
			Actor: actor.ID(), SubjectKind: "provider", Subject: maker.ID.String(), Verb: "provider_described", Purpose: "profile", Before: maker.Profile, After: p,
		})
	})
}
