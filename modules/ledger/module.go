// Package ledger keeps a city's money as double entries that are never changed: who received what, from whom, and why. Every figure is
// in cents.
package ledger

import (
	"context"
	"crypto/rand"
	"embed"
	"io"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules"
	"github.com/welfarex/welfarex/modules/kit/authz"
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

// Reference is what a transfer is about, as people call it.
type Reference struct {
	Text string // "Ordine 2026/000123"
	Href string // where it can be read by whoever reads the statement, without the language; "" if nowhere
}

// References knows what transfers are about: whoever posts them. An id that it does not know is left out.
type References interface {
	References(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]Reference, error)
}

// Options are what the service works with. Now and Rand default to the real ones; References may come later, by Attach.
type Options struct {
	DB         *tenants.DB
	Policy     *authz.Policy
	References References
	Now        func() time.Time
	Rand       io.Reader
}

// Service is the ledger of every city.
type Service struct {
	db     *tenants.DB
	policy *authz.Policy
	about  References
	rails  Comparisons
	now    func() time.Time
	rand   io.Reader
}

// New makes the service.
func New(o Options) *Service {
	s := &Service{db: o.DB, policy: o.Policy, about: o.References, now: o.Now, rand: o.Rand}
	if s.now == nil {
		s.now = time.Now
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	return s
}

// Attach tells the service who knows what transfers are about: the modules that post them need the ledger first.
func (s *Service) Attach(r References) { s.about = r }

// Compare tells the service who asks the rails.
func (s *Service) Compare(c Comparisons) { s.rails = c }

// Module is how the program sees the service.
func (s *Service) Module() modules.Module {
	return modules.Module{Name: "ledger", Policy: Policy, Words: Words, Routes: s.Routes()}
}

// newID makes a UUIDv7.
func (s *Service) newID() (uuid.UUID, error) { return uuid.NewV7FromReader(s.rand) }
