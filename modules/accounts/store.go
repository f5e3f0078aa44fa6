package accounts

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

const accountColumns = `a.id, a.email, a.new_email, a.name, a.password, COALESCE(a.verified_at, '0001-01-01Z'), a.codice_fiscale,
	COALESCE(a.birth_date, '0001-01-01'), a.phone, a.language, a.totp_sealed, COALESCE(a.totp_since, '0001-01-01Z'), a.totp_last_step, a.created_at`

func scanAccount(row pgx.Row) (*Account, error) {
	var a Account
	err := row.Scan(&a.ID, &a.Email, &a.NewEmail, &a.Name, &a.Password, &a.Verified, &a.FiscalCode, &a.Born, &a.Phone, &a.Language, &a.TOTP,
		&a.TOTPSince, &a.TOTPStep, &a.Created)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, problem.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read an account: %w", err)
	}
	return &a, nil
}

// lockAccount reads an open account and keeps others from changing it until the transaction ends.
func lockAccount(ctx context.Context, id uuid.UUID) (*Account, error) {
	return scanAccount(tenants.PgxTx(ctx).QueryRow(ctx, "SELECT "+accountColumns+" FROM accounts a WHERE a.id = $1 AND a.closed_at IS NULL FOR UPDATE", id))
}

// lockEmail is lockAccount by address.
func lockEmail(ctx context.Context, email string) (*Account, error) {
	return scanAccount(tenants.PgxTx(ctx).QueryRow(ctx, "SELECT "+accountColumns+" FROM accounts a WHERE a.email = $1 AND a.closed_at IS NULL FOR UPDATE", email))
}

// findAccount reads an open account.
func (s *Service) findAccount(ctx context.Context, id uuid.UUID) (account *Account, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) { queueAccount(b, id, &account) })
	return account, err
}

func queueAccount(b *pgx.Batch, id uuid.UUID, into **Account) {
	b.Queue("SELECT "+accountColumns+" FROM accounts a WHERE a.id = $1 AND a.closed_at IS NULL", id).QueryRow(func(row pgx.Row) (err error) {
		*into, err = scanAccount(row)
		return err
	})
}

// findEmail reads an open account by its address, or gives one without id and password.
func (s *Service) findEmail(ctx context.Context, email string) (*Account, error) {
	account := &Account{}
	err := s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT "+accountColumns+" FROM accounts a WHERE a.email = $1 AND a.closed_at IS NULL", email).QueryRow(func(row pgx.Row) error {
			found, err := scanAccount(row)
			if errors.Is(err, problem.ErrNotFound) {
				return nil
			}
			account = found
			return err
		})
	})
	return account, err
}

func exec(ctx context.Context, what, sql string, args ...any) (int64, error) {
	tag, err := tenants.PgxTx(ctx).Exec(ctx, sql, args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	return tag.RowsAffected(), nil
}

// insertAccount adds an account unless its address has one; it says whether it did.
func insertAccount(ctx context.Context, a *Account) (bool, error) {
	n, err := exec(ctx, "add an account", `INSERT INTO accounts (id, email, name, password, language, created_at, verified_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant_id, email) WHERE closed_at IS NULL DO NOTHING`,
		a.ID, a.Email, a.Name, a.Password, a.Language, a.Created, orNull(a.Verified))
	return n == 1, err
}

// saveAccount writes everything that a person or a mail can change.
func saveAccount(ctx context.Context, a *Account) error {
	_, err := exec(ctx, "save an account", `UPDATE accounts SET email = $2, new_email = $3, name = $4, password = $5, verified_at = $6, codice_fiscale = $7,
		birth_date = $8, phone = $9, language = $10, totp_sealed = $11, totp_since = $12, totp_last_step = $13 WHERE id = $1`,
		a.ID, a.Email, a.NewEmail, a.Name, a.Password, orNull(a.Verified), a.FiscalCode, orNull(a.Born), a.Phone, a.Language, a.TOTP, orNull(a.TOTPSince), a.TOTPStep)
	return err
}

// closeAccount empties what is personal and keeps the row, which the audit trail names.
func closeAccount(ctx context.Context, id uuid.UUID, now time.Time) error {
	for _, sql := range []string{
		`UPDATE accounts SET email = '', new_email = '', name = '', password = '', codice_fiscale = '', birth_date = NULL, phone = '',
			totp_sealed = NULL, totp_since = NULL, closed_at = $2 WHERE id = $1`,
		"UPDATE household_members SET name = '', codice_fiscale = '', birth_date = NULL, act = NULL, act_at = NULL, removed_at = COALESCE(removed_at, $2) WHERE account_id = $1",
		"DELETE FROM sessions WHERE account_id = $1 AND $2::timestamptz IS NOT NULL",
		"DELETE FROM tokens WHERE account_id = $1 AND $2::timestamptz IS NOT NULL",
		"DELETE FROM recovery_codes WHERE account_id = $1 AND $2::timestamptz IS NOT NULL",
		"DELETE FROM memberships WHERE account_id = $1 AND $2::timestamptz IS NOT NULL",
	} {
		if _, err := exec(ctx, "close an account", sql, id, now); err != nil {
			return err
		}
	}
	return nil
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// emailTaken says whether an open account of the city has the address.
func emailTaken(ctx context.Context, email string) (taken bool, err error) {
	err = tenants.PgxTx(ctx).QueryRow(ctx, "SELECT EXISTS (SELECT FROM accounts WHERE email = $1 AND closed_at IS NULL)", email).Scan(&taken)
	return taken, err
}

// Tokens: what a mail carries is never kept, only its hash.

type oneTime struct {
	Account uuid.UUID
	Email   string // which it proves
}

func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

func insertToken(ctx context.Context, token, purpose string, t oneTime, expires time.Time) error {
	_, err := exec(ctx, "keep a link", "INSERT INTO tokens (token, account_id, purpose, email, expires_at) VALUES ($1, $2, $3, $4, $5)",
		hashOf(token), t.Account, purpose, t.Email, expires)
	return err
}

// spendToken uses a link up, and with it all others of its purpose that the account was sent.
func spendToken(ctx context.Context, token, purpose string, now time.Time) (oneTime, error) {
	var t oneTime
	err := tenants.PgxTx(ctx).QueryRow(ctx, `UPDATE tokens SET used_at = $3 WHERE token = $1 AND purpose = $2 AND used_at IS NULL AND expires_at > $3
		RETURNING account_id, email`, hashOf(token), purpose, now).Scan(&t.Account, &t.Email)
	if errors.Is(err, pgx.ErrNoRows) {
		return t, ErrToken
	}
	if err != nil {
		return t, fmt.Errorf("use a link: %w", err)
	}
	return t, dropTokens(ctx, t.Account, now, purpose)
}

// dropTokens makes links worthless that were sent and not used.
func dropTokens(ctx context.Context, account uuid.UUID, now time.Time, purposes ...string) error {
	_, err := exec(ctx, "drop links", "UPDATE tokens SET used_at = $2 WHERE account_id = $1 AND used_at IS NULL AND purpose = ANY ($3::text[])", account, now, purposes)
	return err
}

// findToken looks at a link without using it: mail scanners follow links, and must not spend them.
func (s *Service) findToken(ctx context.Context, token string, purposes ...string) (purpose string, a *Account, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT t.purpose, `+accountColumns+` FROM tokens t JOIN accounts a ON a.id = t.account_id
			WHERE t.token = $1 AND t.purpose = ANY ($2) AND t.used_at IS NULL AND t.expires_at > $3 AND a.closed_at IS NULL`,
			hashOf(token), purposes, s.now()).QueryRow(func(row pgx.Row) error {
			a, err = scanAccount(before{row, []any{&purpose}})
			if errors.Is(err, problem.ErrNotFound) {
				return ErrToken
			}
			return err
		})
	})
	return purpose, a, err
}

// before is a row with other columns in front of an account's.
type before struct {
	pgx.Row
	first []any
}

func (b before) Scan(rest ...any) error { return b.Row.Scan(append(b.first, rest...)...) }

// Acceptances.

// documents are those to accept as they are now, "privacy@2026-11".
const documents = `SELECT split_part(p.slug, '.', 1) || '@' || p.version FROM pages p
	WHERE p.slug IN ('privacy.it', 'termini.it') AND p.published AND p.version <> ''`

// insertAcceptances notes those of the documents shown that are still the current ones; the others are asked for again.
func insertAcceptances(ctx context.Context, account uuid.UUID, shown []string, now time.Time) (n int64, err error) {
	return exec(ctx, "keep what was accepted", `INSERT INTO acceptances (account_id, document, version, at)
		SELECT $1, split_part(d, '@', 1), substr(d, strpos(d, '@') + 1), $2 FROM (`+documents+`) AS current (d) WHERE d = ANY ($3::text[])
		ON CONFLICT DO NOTHING`, account, now, shown)
}

// currentDocuments are those to accept, in the running transaction.
func currentDocuments(ctx context.Context) ([]string, error) {
	rows, err := tenants.PgxTx(ctx).Query(ctx, documents)
	if err != nil {
		return nil, fmt.Errorf("read the documents: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// readDocuments gives the documents that a form shows.
func (s *Service) readDocuments(ctx context.Context) (list []string, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) { queueMissing(b, uuid.Nil, &list) })
	return list, err
}

// queueMissing reads which documents have a version that the account did not accept.
func queueMissing(b *pgx.Batch, account uuid.UUID, into *[]string) {
	b.Queue(documents+` AND NOT EXISTS (SELECT FROM acceptances x WHERE x.account_id = $1 AND x.document = split_part(p.slug, '.', 1) AND x.version = p.version)
		ORDER BY 1`, account).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
}

// Recovery codes.

func replaceRecovery(ctx context.Context, account uuid.UUID, codes []string) error {
	if _, err := exec(ctx, "drop recovery codes", "DELETE FROM recovery_codes WHERE account_id = $1", account); err != nil {
		return err
	}
	for _, code := range codes {
		if _, err := exec(ctx, "keep a recovery code", "INSERT INTO recovery_codes (account_id, code) VALUES ($1, $2)", account, recoveryHash(code)); err != nil {
			return err
		}
	}
	return nil
}

func spendRecovery(ctx context.Context, account uuid.UUID, hash []byte, now time.Time) (bool, error) {
	n, err := exec(ctx, "use a recovery code", "UPDATE recovery_codes SET used_at = $3 WHERE account_id = $1 AND code = $2 AND used_at IS NULL", account, hash, now)
	return n == 1, err
}
