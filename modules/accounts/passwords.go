package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/tenants"
)

// decoy is the hash of 32 random bytes that were thrown away, with the parameters of New.
const decoy = "$argon2id$v=19$m=47104,t=1,p=1$gT01wQCZNiBCu3+9NQOIpg$vMfAdNqqDRTGi8Kl1f2JkrhmllPWxOF44zu1xjKXjKU"

// Hash makes what is kept of a password. It is slow on purpose.
func (s *Service) Hash(password string) (string, error) {
	return s.hash(context.Background(), password)
}

// hash is Hash that waits its turn only until ctx ends.
func (s *Service) hash(ctx context.Context, password string) (string, error) {
	done, err := s.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	hash, err := argon2id.CreateHash(password, s.argon)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// matches says whether the password is right; without a hash it works just as long and says no.
func (s *Service) matches(ctx context.Context, password, hash string) (bool, error) {
	done, err := s.turn(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	if len(password) > longestPassword {
		password = password[:longestPassword] + "…"
	}
	if hash == "" {
		_, err := argon2id.ComparePasswordAndHash(password, s.decoy)
		return false, err
	}
	return argon2id.ComparePasswordAndHash(password, hash)
}

// patience is how long anyone waits for their turn before they are told to come back.
const patience = 3 * time.Second

// turn waits until a password may be hashed: first within the city, which has at most half of the turns, so that a storm on one leaves
// room for the others.
func (s *Service) turn(ctx context.Context) (done func(), err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, &Throttled{Wait: time.Minute})
	defer cancel()
	own := s.hashingIn(ctx)
	for i, turns := range []chan struct{}{own, s.hashing} {
		select {
		case turns <- struct{}{}:
		case <-ctx.Done():
			if i > 0 {
				<-own
			}
			return nil, context.Cause(ctx)
		}
	}
	return func() { <-s.hashing; <-own }, nil
}

// hashingIn are the turns of the city of ctx.
func (s *Service) hashingIn(ctx context.Context) chan struct{} {
	id := uuid.Nil
	if city, err := tenants.From(ctx); err == nil {
		id = city.ID
	}
	turns, _ := s.cities.LoadOrStore(id, make(chan struct{}, max(1, cap(s.hashing)/2)))
	return turns.(chan struct{})
}
