// Package accounts knows the people of a city: how they come in, what they are called, which roles they hold and who looked at them.
package accounts

import (
	"context"
	"crypto/rand"
	"embed"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/files"
	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/mail"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/tenants"
)

// Policy is who may do what here, for authz.Load.
//
//go:embed policy.csv
var Policy string

// Words are this module's texts, for ui.Load.
//
//go:embed locales/*.json
var Words embed.FS

// Queue takes jobs inside the running transaction.
type Queue interface {
	Enqueue(ctx context.Context, args jobs.Args) error
}

// Postman delivers letters in the name of the city of the context.
type Postman interface {
	Send(ctx context.Context, letter mail.Letter) error
}

// Options are what the service works with. Now and Rand default to the real ones; Queue may come later, by Attach.
type Options struct {
	DB     *tenants.DB
	Files  *files.Store // nil where nobody uploads
	Queue  Queue
	Mail   Postman
	Key    tenants.Key
	Policy *authz.Policy
	Words  *ui.Words
	Base   web.Base
	Now    func() time.Time
	Rand   io.Reader
}

// Service is everything people do with their accounts, and staff with each other's.
type Service struct {
	db      *tenants.DB
	files   *files.Store
	queue   Queue
	mail    Postman
	key     tenants.Key
	policy  *authz.Policy
	words   *ui.Words
	base    web.Base
	now     func() time.Time
	rand    io.Reader
	argon   *argon2id.Params
	decoy   string        // a hash of nothing anyone knows, checked when there is no account
	hashing chan struct{} // how many passwords are hashed at once: each takes tens of megabytes
	cities  sync.Map      // of these, how many in each city
	steps   []StepSource
	work    []StepSource
}

// New makes the service.
func New(o Options) *Service {
	s := &Service{
		db: o.DB, files: o.Files, queue: o.Queue, mail: o.Mail, key: o.Key, policy: o.Policy, words: o.Words, base: o.Base, now: o.Now, rand: o.Rand,
		argon:   &argon2id.Params{Memory: 46 << 10, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
		hashing: make(chan struct{}, max(2, min(4, runtime.GOMAXPROCS(0)))),
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	s.decoy = decoy
	return s
}

// Attach gives the service its queue, which can be opened only once the kinds of jobs are known.
func (s *Service) Attach(q Queue) { s.queue = q }

// Module is how the program sees the service.
func (s *Service) Module() modules.Module {
	return modules.Module{Name: "accounts", Policy: Policy, Words: Words, Routes: s.Routes(), Jobs: s.Jobs}
}

// newID makes a UUIDv7.
func (s *Service) newID() (uuid.UUID, error) { return uuid.NewV7FromReader(s.rand) }
