package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

// living is a session whose time is not over.
const living = "s.expires_at > $2 AND s.seen_at + s.idle > $2"

// resume reads the person of a session with the roles of this moment, and notes that they were here: one round trip.
func (s *Service) resume(ctx context.Context, hash []byte) (*authz.Actor, error) {
	now := s.now()
	var actor *authz.Actor
	var memberships []authz.Membership
	var exceptions []authz.Exception
	err := s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT s.id, s.strong AND a.totp_since IS NOT NULL, a.id, a.name, a.email, a.language, a.totp_since IS NOT NULL, s.scopes
			FROM sessions s JOIN accounts a ON a.id = s.account_id
			WHERE s.token = $1 AND `+living+` AND a.closed_at IS NULL`, hash, now).QueryRow(func(row pgx.Row) error {
			var a authz.Actor
			err := row.Scan(&a.Session, &a.Strong, &a.Account, &a.Name, &a.Email, &a.Language, &a.Enrolled, &a.Scopes)
			if errors.Is(err, pgx.ErrNoRows) {
				return problem.ErrUnauthenticated
			}
			actor = &a
			return err
		})
		b.Queue(`SELECT m.role, m.provider_id, m.office_id FROM memberships m JOIN sessions s ON s.account_id = m.account_id
			WHERE s.token = $1 AND m.accepted_at IS NOT NULL ORDER BY m.created_at, m.id`, hash).Query(func(rows pgx.Rows) (err error) {
			memberships, err = pgx.CollectRows(rows, scanScope)
			return err
		})
		b.Queue("SELECT role, verb, kind, effect FROM policy_exceptions ORDER BY role, verb, kind").Query(func(rows pgx.Rows) (err error) {
			exceptions, err = pgx.CollectRows(rows, pgx.RowToStructByPos[authz.Exception])
			return err
		})
		b.Queue("UPDATE sessions s SET seen_at = $2 WHERE s.token = $1 AND s.seen_at <= $3 AND "+living, hash, now, now.Add(-seenEvery))
	})
	if err != nil {
		return nil, err
	}
	actor.Memberships, actor.Exceptions = memberships, exceptions
	return actor, nil
}

func scanScope(row pgx.CollectableRow) (authz.Membership, error) {
	var m authz.Membership
	var provider, office uuid.NullUUID
	err := row.Scan(&m.Role, &provider, &office)
	m.Provider, m.Office = provider.UUID, office.UUID
	return m, err
}

func insertSession(ctx context.Context, token string, x Session) error {
	_, err := exec(ctx, "begin a session", `INSERT INTO sessions (id, token, account_id, strong, agent, created_at, seen_at, idle, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, make_interval(secs => $8), $9)`, x.ID, hashOf(token), x.Account, x.Strong, x.Agent, x.Created, x.Seen, x.Idle.Seconds(), x.Expires)
	return err
}

func deleteSession(ctx context.Context, account, id uuid.UUID) (bool, error) {
	n, err := exec(ctx, "end a session", "DELETE FROM sessions WHERE account_id = $1 AND id = $2 AND scopes IS NULL", account, id)
	return n == 1, err
}

func deleteSessionToken(ctx context.Context, token string) (account uuid.UUID, err error) {
	err = tenants.PgxTx(ctx).QueryRow(ctx, "DELETE FROM sessions WHERE token = $1 RETURNING account_id", hashOf(token)).Scan(&account)
	if errors.Is(err, pgx.ErrNoRows) {
		return uuid.Nil, nil
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("end a session: %w", err)
	}
	return account, nil
}

// deleteOthers ends every session of an account at a browser but one.
func deleteOthers(ctx context.Context, account, but uuid.UUID) error {
	_, err := exec(ctx, "end sessions", "DELETE FROM sessions WHERE account_id = $1 AND id <> $2 AND scopes IS NULL", account, but)
	return err
}

// deleteSessions ends every session of an account but one, and its programs' keys; uuid.Nil ends them all.
func deleteSessions(ctx context.Context, account, but uuid.UUID) error {
	_, err := exec(ctx, "end sessions", "DELETE FROM sessions WHERE account_id = $1 AND id <> $2", account, but)
	return err
}

// weaken takes the second factor back from a session.
func weaken(ctx context.Context, id uuid.UUID, expires time.Time) error {
	_, err := exec(ctx, "weaken a session", "UPDATE sessions SET strong = false, expires_at = LEAST(expires_at, $2) WHERE id = $1", id, expires)
	return err
}

// listSessions gives the living sessions of an account, the last seen first.
func (s *Service) listSessions(ctx context.Context, account uuid.UUID) (list []Session, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) { queueSessions(b, account, s.now(), &list) })
	return list, err
}

func queueSessions(b *pgx.Batch, account uuid.UUID, now time.Time, into *[]Session) {
	b.Queue(`SELECT s.id, s.account_id, s.strong, s.agent, s.created_at, s.seen_at, s.idle, s.expires_at FROM sessions s
		WHERE s.account_id = $1 AND s.scopes IS NULL AND `+living+" ORDER BY s.seen_at DESC, s.id DESC", account, now).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Session])
		return err
	})
}

// hit counts an attempt and gives how many there are in the running while, and when that while began.
func hit(ctx context.Context, l limit, who string, now time.Time) (hits int, since time.Time, err error) {
	err = tenants.PgxTx(ctx).QueryRow(ctx, `INSERT INTO throttles AS t (key, since, hits) VALUES ($1, $2, 1)
		ON CONFLICT (tenant_id, key) DO UPDATE SET hits = CASE WHEN t.since <= $3 THEN 1 ELSE t.hits + 1 END, since = CASE WHEN t.since <= $3 THEN $2 ELSE t.since END
		RETURNING hits, since`, l.key(who), now, now.Add(-l.every)).Scan(&hits, &since)
	if err != nil {
		return 0, since, fmt.Errorf("count attempts: %w", err)
	}
	return hits, since, nil
}

// forgive takes attempts back once they turned out to be honest.
func forgive(ctx context.Context, l limit, who string) error {
	_, err := exec(ctx, "forgive attempts", "UPDATE throttles SET hits = GREATEST(hits - 1, 0) WHERE key = $1", l.key(who))
	return err
}

// acquit forgets all attempts of one key.
func acquit(ctx context.Context, l limit, who string) error {
	_, err := exec(ctx, "forget attempts", "DELETE FROM throttles WHERE key = $1", l.key(who))
	return err
}

// sweep removes what has no more meaning in the city of ctx.
func sweep(ctx context.Context, now time.Time) error {
	for _, sql := range []string{
		"DELETE FROM sessions WHERE expires_at < $1",
		"DELETE FROM tokens WHERE expires_at < $1",
		"DELETE FROM throttles WHERE since < $1",
	} {
		if _, err := exec(ctx, "sweep", sql, now.Add(-24*time.Hour)); err != nil {
			return err
		}
	}
	return nil
}
