// Package once lets a request be sent again without being done again: its answer is kept under the key that its sender gave, in the transaction of
// what it did.
package once

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

// keptFor is how long an answer is remembered; whoever asks again later does it again.
const keptFor = 48 * time.Hour

// ErrKeyReused means that something else was sent before under the same key.
var ErrKeyReused = problem.New(problem.Conflict, "api.key_reused")

// Attempt is a request as its sender means it. The same key says nothing about another person's request, or one on another route.
type Attempt struct {
	Account uuid.UUID
	Route   string // method and pattern
	Key     string
	Digest  []byte // SHA-256 of address and body
}

// Store keeps answers, by city.
type Store struct {
	db  *tenants.DB
	now func() time.Time
}

// New makes the store.
func New(db *tenants.DB, now func() time.Time) *Store { return &Store{db, now} }

// Do runs do and keeps the JSON it gives, or gives what was kept. The use cases that do calls join its transaction: what fails is not kept. Two that
// come at once wait for each other. Errors: ErrKeyReused, and those of do.
func (s *Store) Do(ctx context.Context, a Attempt, do func(context.Context) ([]byte, error)) (answer []byte, again bool, err error) {
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		claimed, err := claim(ctx, a, s.now())
		if err != nil {
			return err
		}
		if !claimed {
			again = true
			answer, err = find(ctx, a)
			return err
		}
		if answer, err = do(ctx); err != nil {
			return err
		}
		return keep(ctx, a, answer)
	})
	return answer, again, err
}

// Sweep forgets old answers of the city of ctx.
func (s *Store) Sweep(ctx context.Context) error {
	return s.db.Tx(ctx, func(ctx context.Context) error { return sweep(ctx, s.now().Add(-keptFor)) })
}
