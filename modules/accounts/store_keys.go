package accounts

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// insertKey keeps a key, unless the account has as many as it may. The account is locked.
func insertKey(ctx context.Context, token string, k Session, scopes []string, most int) error {
	n, err := exec(ctx, "make a key", `INSERT INTO sessions (id, token, account_id, strong, agent, created_at, seen_at, idle, expires_at, scopes)
		SELECT $1, $2, $3, $4, $5, $6, $7, make_interval(secs => $8), $9, $10
		WHERE (SELECT count(*) FROM sessions WHERE account_id = $3 AND scopes IS NOT NULL AND expires_at > $6) < $11`,
		k.ID, hashOf(token), k.Account, k.Strong, k.Agent, k.Created, k.Seen, k.Idle.Seconds(), k.Expires, scopes, most)
	if err == nil && n == 0 {
		err = ErrKeys
	}
	return err
}

func deleteKey(ctx context.Context, account, id uuid.UUID) (bool, error) {
	n, err := exec(ctx, "end a key", "DELETE FROM sessions WHERE account_id = $1 AND id = $2 AND scopes IS NOT NULL", account, id)
	return n == 1, err
}

// readKeys gives the living keys of an account.
func (s *Service) readKeys(ctx context.Context, account uuid.UUID) (list []Key, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT s.id, s.agent, s.scopes, s.created_at, s.seen_at, s.expires_at FROM sessions s
			WHERE s.account_id = $1 AND `+living+" AND s.scopes IS NOT NULL ORDER BY s.created_at DESC, s.id DESC", account, s.now()).Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Key])
			return err
		})
	})
	return list, err
}
