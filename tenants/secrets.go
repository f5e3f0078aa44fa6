package tenants

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"

	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/chacha20poly1305"
)

// Key seals what must not be read from a stolen database: secrets of cities, second factors. It is WELFAREX_KEY.
type Key struct{ bytes []byte }

// ParseKey takes 32 bytes in base64.
func ParseKey(s string) (Key, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || len(b) != chacha20poly1305.KeySize {
		return Key{}, errors.New("WELFAREX_KEY must be 32 random bytes in base64, as `openssl rand -base64 32` prints them")
	}
	return Key{b}, nil
}

// Seal encrypts value (XChaCha20-Poly1305) for one city and purpose: what was sealed for one opens for no other.
func (k Key) Seal(city *City, purpose string, value []byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(k.bytes)
	if err != nil {
		return nil, fmt.Errorf("seal %s: %w", purpose, err)
	}
	nonce := make([]byte, aead.NonceSize(), aead.NonceSize()+len(value)+aead.Overhead())
	_, _ = rand.Read(nonce)
	return aead.Seal(nonce, nonce, value, binding(city, purpose)), nil
}

// Open decrypts what Seal made for the same city and purpose.
func (k Key) Open(city *City, purpose string, sealed []byte) ([]byte, error) {
	aead, err := chacha20poly1305.NewX(k.bytes)
	if err != nil || len(sealed) < aead.NonceSize() {
		return nil, fmt.Errorf("open %s: not a sealed value", purpose)
	}
	n := aead.NonceSize()
	value, err := aead.Open(nil, sealed[:n], sealed[n:], binding(city, purpose))
	if err != nil {
		return nil, fmt.Errorf("open %s: sealed with another key, or for another city or purpose", purpose)
	}
	return value, nil
}

func binding(city *City, purpose string) []byte {
	return append(city.ID[:], purpose...)
}

var secretPattern = regexp.MustCompile(`^[a-z][a-z0-9_.-]{1,62}$`)

// SecretName says whether a secret may be called so.
func SecretName(name string) bool { return secretPattern.MatchString(name) }

// SetSecret seals and keeps a city's secret under name, for the city of ctx.
func (db *DB) SetSecret(ctx context.Context, key Key, name string, value []byte) error {
	city, err := From(ctx)
	if err != nil {
		return err
	}
	sealed, err := key.Seal(city, "secret:"+name, value)
	if err != nil {
		return err
	}
	return db.Tx(ctx, func(ctx context.Context) error {
		if _, err := PgxTx(ctx).Exec(ctx, `INSERT INTO secrets (name, sealed) VALUES ($1, $2)
			ON CONFLICT (tenant_id, name) DO UPDATE SET sealed = EXCLUDED.sealed, updated_at = now()`, name, sealed); err != nil {
			return fmt.Errorf("keep secret %s: %w", name, err)
		}
		return Audit(ctx, Entry{Actor: "operator", SubjectKind: "secret", Subject: name, Verb: "set", Purpose: "city secret set"})
	})
}

// ErrNoSecret means that the city was not given this secret.
var ErrNoSecret = errors.New("no such secret")

// Secret opens a city's secret, for the city of ctx.
func (db *DB) Secret(ctx context.Context, key Key, name string) ([]byte, error) {
	city, err := From(ctx)
	if err != nil {
		return nil, err
	}
	var sealed []byte
	err = db.Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT sealed FROM secrets WHERE name = $1", name).QueryRow(func(row pgx.Row) error { return row.Scan(&sealed) })
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil, fmt.Errorf("%w: %s", ErrNoSecret, name)
	case err != nil:
		return nil, fmt.Errorf("read secret %s: %w", name, err)
	}
	return key.Open(city, "secret:"+name, sealed)
}
