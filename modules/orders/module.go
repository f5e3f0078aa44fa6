// Package orders is how something is bought: a basket becomes an order with a part for each creditor, which is paid, accepted, delivered, or
// given back.
package orders

import (
	"context"
	"embed"
	"io"
	"time"

	"github.com/a-h/templ"
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/mail"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/modules/payments"
	"github.com/welfarex/welfarex/tenants"
)

// Policy is who may do what here.
//
//go:embed policy.csv
var Policy string

// Words are this module's texts.
//
//go:embed locales/*.json
var Words embed.FS

// Queue takes jobs inside the running transaction.
type Queue interface {
	Enqueue(ctx context.Context, args jobs.Args) error
	EnqueueAt(ctx context.Context, args jobs.Args, at time.Time) error
}

// Postman delivers letters in the name of the city of the context.
type Postman interface {
	Send(ctx context.Context, letter mail.Letter) error
}

// Printer makes tagged PDF files of whole documents, where there is something to print with.
type Printer interface {
	Ready() bool
	Print(ctx context.Context, document templ.Component) ([]byte, error)
}

// Options are what the service works with. Without PDF, receipts are pages alone.
type Options struct {
	DB        *tenants.DB
	Ledger    *ledger.Service
	Payments  *payments.Service
	Household Household
	Mail      Postman
	Policy    *authz.Policy
	Words     *ui.Words
	Base      web.Base
	PDF       Printer
	Now       func() time.Time
	Rand      io.Reader
}

// Service is everything that citizens and providers do with orders.
type Service struct {
	db        *tenants.DB
	ledger    *ledger.Service
	payments  *payments.Service
	household Household
	mail      Postman
	policy    *authz.Policy
	words     *ui.Words
	base      web.Base
	pdf       Printer
	now       func() time.Time
	rand      io.Reader
	queue     Queue
}

// New makes the service.
func New(o Options) *Service {
	return &Service{
		db: o.DB, ledger: o.Ledger, payments: o.Payments, household: o.Household, mail: o.Mail, policy: o.Policy, words: o.Words, base: o.Base, pdf: o.PDF, now: o.Now,
		rand: o.Rand,
	}
}

// Attach gives the service its queue, which can be opened only once the kinds of jobs are known.
func (s *Service) Attach(q Queue) { s.queue = q }

// Module is how the program sees the service.
func (s *Service) Module() modules.Module {
	return modules.Module{Name: "orders", Policy: Policy, Words: Words, Routes: append(s.Routes(), s.operations()...), Jobs: s.Jobs}
}

func (s *Service) newID() (uuid.UUID, error) { return uuid.NewV7FromReader(s.rand) }
