// Package payments gets money in and gives it back: what was asked of a rail, what it told, and what the ledger says of it.
package payments

import (
	"context"
	"embed"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules"
	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/tenants"
)

// Words are this module's texts.
//
//go:embed locales/*.json
var Words embed.FS

// Follower is whoever asked for the money. Its methods join the transaction in which a notice counts.
type Follower interface {
	// LockPart keeps a part for this transaction; whoever changes a part or its payments does so first.
	LockPart(ctx context.Context, part uuid.UUID) error
	// Paid says that a part's money has arrived by a rail, and asks whether it is still wanted: if not, it is given back.
	Paid(ctx context.Context, part uuid.UUID, rail string) (wanted bool, err error)
	// Returned says that a part's money was given back.
	Returned(ctx context.Context, part uuid.UUID) error
	// NotReturned says that a part's money could not be given back.
	NotReturned(ctx context.Context, part uuid.UUID) error
}

// Queue takes jobs inside the running transaction.
type Queue interface {
	Enqueue(ctx context.Context, args jobs.Args) error
	EnqueueAt(ctx context.Context, args jobs.Args, at time.Time) error
}

// Books are the ledger.
type Books interface {
	Post(ctx context.Context, t ledger.Transfer) (uuid.UUID, error)
	Settle(ctx context.Context, key string) error
	Void(ctx context.Context, key string) error
	Reverse(ctx context.Context, key, newKey string) (uuid.UUID, error)
	Posted(ctx context.Context, keys []string) (map[string]int64, error)
}

// Options are what the service works with.
type Options struct {
	DB     *tenants.DB
	Ledger Books
	Card   Rail
	Now    func() time.Time
	Rand   io.Reader
}

// Service knows every payment of a city.
type Service struct {
	db     *tenants.DB
	ledger Books
	card   Rail
	now    func() time.Time
	rand   io.Reader
	queue  Queue
	follow Follower
}

// New makes the service.
func New(o Options) *Service {
	return &Service{db: o.DB, ledger: o.Ledger, card: o.Card, now: o.Now, rand: o.Rand}
}

// Attach gives the service its queue and whom to tell, which are made after it.
func (s *Service) Attach(q Queue, f Follower) { s.queue, s.follow = q, f }

// Module is how the program sees the service.
func (s *Service) Module() modules.Module {
	return modules.Module{Name: "payments", Words: Words, Jobs: s.Jobs, Routes: []web.Route{{
		Method: "POST", Path: "/pagamenti/carta/notifiche", About: "Takes what the card gateway tells, if it is signed.", Who: web.Public, Class: web.Machine,
		Bare: true, Signed: true, Handle: s.takeNotice,
	}}}
}

func (s *Service) newID() (uuid.UUID, error) { return uuid.NewV7FromReader(s.rand) }
