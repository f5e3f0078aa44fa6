package accounts

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/tenants"
)

// Visitor is where a request comes from.
type Visitor struct {
	Address string // of the network, for throttling only
	Agent   string // the browser's name for itself
	Session string // the cookie it brought, which a new login replaces
}

// Step is what stands between a person and their pages.
type Step string

// The steps of a login.
const (
	StepDone  Step = ""
	StepCode  Step = "code"  // the second factor is asked for
	StepEnrol Step = "enrol" // staff without one make one now
)

// Entry is a login: the cookie's value, how long it lasts, and what is still to come.
type Entry struct {
	Token   string
	Expires time.Time
	Step    Step
}

// NextStep is something a person should do now, said large before all else in their area.
type NextStep struct {
	Icon, Title, Text string
	Href, Button      string // the address already through p.Href
	Tone              ui.Tone
}

// StepSource is a module with steps for people's areas. It adds to the area's one batch what it needs to know, and says what to do once
// that has been read.
type StepSource func(b *pgx.Batch, actor *authz.Actor) func(*ui.Page) []NextStep

// Suggest lets other modules say what people should do next. It is called before the first request.
func (s *Service) Suggest(sources ...StepSource) { s.steps = append(s.steps, sources...) }

// SuggestWork is Suggest for the desk of a provider's staff.
func (s *Service) SuggestWork(sources ...StepSource) { s.work = append(s.work, sources...) }

// readWork asks the modules what waits for a provider's staff.
func (s *Service) readWork(ctx context.Context, actor *authz.Actor, p *ui.Page) (steps []NextStep, err error) {
	var say []func(*ui.Page) []NextStep
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		for _, source := range s.work {
			say = append(say, source(b, actor))
		}
	})
	for _, tell := range say {
		steps = append(steps, tell(p)...)
	}
	return steps, err
}

// today is the day in Italy, as midnight UTC.
func (s *Service) today() time.Time {
	year, month, day := s.now().In(ui.Rome).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// Resume turns a cookie into the person, with the roles of this moment, in one round trip. It refuses with ErrUnauthenticated what is
// no living session of the city of ctx.
func (s *Service) Resume(ctx context.Context, token string) (*authz.Actor, error) {
	return s.resume(ctx, hashOf(token))
}

// newToken makes 32 random bytes for a cookie or a link.
func (s *Service) newToken() (string, error) {
	b := make([]byte, 32)
	if _, err := io.ReadFull(s.rand, b); err != nil {
		return "", fmt.Errorf("a new token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// count notes an attempt and refuses it once there were too many. It commits by itself, so that a failed attempt counts; it must stand
// outside of any transaction.
func (s *Service) count(ctx context.Context, l limit, who string) error {
	now := s.now()
	var hits int
	var since time.Time
	err := s.db.Tx(ctx, func(ctx context.Context) (err error) {
		hits, since, err = hit(ctx, l, who, now)
		return err
	})
	if err == nil && hits > l.hits {
		err = &Throttled{Wait: waitOf(since.Add(l.every).Sub(now))}
	}
	return err
}

// audit notes that a person did something to an account.
func audit(ctx context.Context, actor string, account uuid.UUID, verb, purpose string) error {
	return tenants.Audit(ctx, tenants.Entry{Actor: actor, SubjectKind: "account", Subject: account.String(), Verb: verb, Purpose: purpose})
}

// auditSelf notes that a person did something to their own account, and whether they are staff now.
func auditSelf(ctx context.Context, id uuid.UUID, verb, purpose string) error {
	staff, err := hasRoles(ctx, id)
	if err != nil {
		return err
	}
	return audit(ctx, authz.TrailID(id, staff), id, verb, purpose)
}

// at puts a refusal beside a field of the form.
func at(field string, refusal *problem.Error) error {
	return &problem.Error{Kind: refusal.Kind, Code: refusal.Code, Fields: []problem.Field{{Name: field, Code: refusal.Code}}}
}

// confirm asks for the own password again before a grave change.
func (s *Service) confirm(ctx context.Context, id uuid.UUID, password string) (*Account, error) {
	if err := s.count(ctx, checkByAccount, id.String()); err != nil {
		return nil, err
	}
	account, err := s.findAccount(ctx, id)
	if err != nil {
		return nil, err
	}
	ok, err := s.matches(ctx, password, account.Password)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, at("password", ErrPassword)
	}
	return account, nil
}

// unchanged locks an account and makes sure that its password is still the one that was checked before the transaction.
func unchanged(ctx context.Context, checked *Account) (*Account, error) {
	account, err := lockAccount(ctx, checked.ID)
	if err != nil {
		return nil, err
	}
	if account.Password != checked.Password {
		return nil, at("password", ErrPassword)
	}
	return account, nil
}

// Sweep removes sessions, links and counts that have had no meaning for a day, from the city of ctx.
func (s *Service) Sweep(ctx context.Context) error {
	return s.db.Tx(ctx, func(ctx context.Context) error { return errors.Join(sweep(ctx, s.now()), s.sweepActs(ctx)) })
}
