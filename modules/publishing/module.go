// Package publishing is how a provider's services come into the catalogue: written as drafts, approved by the municipality, published.
package publishing

import (
	"context"
	"crypto/rand"
	"embed"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules"
	"github.com/welfarex/welfarex/modules/catalogue"
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
	DB        *tenants.DB
	Catalogue *catalogue.Service
	Files     *files.Store
	Queue     Queue
	Mail      Postman
	Policy    *authz.Policy
	Words     *ui.Words
	Base      web.Base
	Now       func() time.Time
	Rand      io.Reader
}

// Service is what providers do with their services, and the municipality with what they send.
type Service struct {
	db        *tenants.DB
	catalogue *catalogue.Service
	files     *files.Store
	queue     Queue
	mail      Postman
	policy    *authz.Policy
	words     *ui.Words
	base      web.Base
	now       func() time.Time
	rand      io.Reader
}

// New makes the service.
func New(o Options) *Service {
	s := &Service{
		db: o.DB, catalogue: o.Catalogue, files: o.Files, queue: o.Queue, mail: o.Mail, policy: o.Policy, words: o.Words, base: o.Base, now: o.Now, rand: o.Rand,
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	return s
}

// Attach gives the service its queue, which can be opened only once the kinds of jobs are known.
func (s *Service) Attach(q Queue) { s.queue = q }

// Module is how the program sees the service.
func (s *Service) Module() modules.Module {
	return modules.Module{Name: "publishing", Policy: Policy, Words: Words, Routes: append(s.Routes(), s.operations()...), Jobs: s.Jobs}
}

// newID makes a UUIDv7.
func (s *Service) newID() (uuid.UUID, error) { return uuid.NewV7FromReader(s.rand) }

// today is the day by which accreditations run.
func (s *Service) today() string { return s.now().In(ui.Rome).Format(time.DateOnly) }
