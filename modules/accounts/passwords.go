package accounts

import (
	"context"
	"fmt"

	"github.com/alexedwards/argon2id"
)

// decoy is the hash of 32 random bytes that were thrown away, with the parameters of New.
const decoy = "$argon2id$v=19$m=47104,t=1,p=1$gT01wQCZNiBCu3+9NQOIpg$vMfAdNqqDRTGi8Kl1f2JkrhmllPWxOF44zu1xjKXjKU"

// Hash makes what is kept of a password. It is slow on purpose.
func (s *Service) Hash(password string) (string, error) {
	return s.hash(context.Background(), password)
}

// hash is Hash that waits its turn only until ctx ends.
func (s *Service) hash(ctx context.Context, password string) (string, error) {
	if err := s.turn(ctx); err != nil {
		return "", err
	}
	defer func() { <-s.hashing }()
	hash, err := argon2id.CreateHash(password, s.argon)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// matches says whether the password is right; without a hash it works just as long and says no.
func (s *Service) matches(ctx context.Context, password, hash string) (bool, error) {
	if err := s.turn(ctx); err != nil {
		return false, err
	}
	defer func() { <-s.hashing }()
	if len(password) > longestPassword {
		password = password[:longestPassword] + "…"
	}
	if hash == "" {
		_, err := argon2id.ComparePasswordAndHash(password, s.decoy)
		return false, err
	}
	return argon2id.ComparePasswordAndHash(password, hash)
}

func (s *Service) turn(ctx context.Context) error {
	select {
	case s.hashing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
