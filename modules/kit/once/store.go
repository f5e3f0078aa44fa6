package once

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/welfarex/welfarex/tenants"
)

// claim takes the key for this transaction; whoever took it before is waited for.
func claim(ctx context.Context, a Attempt, now time.Time) (bool, error) {
	tag, err := tenants.PgxTx(ctx).Exec(ctx, "INSERT INTO answers (account_id, route, key, digest, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
		a.Account, a.Route, a.Key, a.Digest, now)
	if err != nil {
		return false, fmt.Errorf("claim a key: %w", err)
	}
	return tag.RowsAffected() == 1, nil
}

// find gives what was answered. Errors: ErrKeyReused.
func find(ctx context.Context, a Attempt) (answer []byte, err error) {
	var digest []byte
	err = tenants.PgxTx(ctx).QueryRow(ctx, "SELECT digest, answer FROM answers WHERE account_id = $1 AND route = $2 AND key = $3", a.Account, a.Route, a.Key).
		Scan(&digest, &answer)
	switch {
	case err != nil:
		return nil, fmt.Errorf("find an answer: %w", err)
	case !bytes.Equal(digest, a.Digest):
		return nil, ErrKeyReused
	}
	return answer, nil
}

func keep(ctx context.Context, a Attempt, answer []byte) error {
	_, err := tenants.PgxTx(ctx).Exec(ctx, "UPDATE answers SET answer = $4 WHERE account_id = $1 AND route = $2 AND key = $3", a.Account, a.Route, a.Key, string(answer))
	if err != nil {
		return fmt.Errorf("keep an answer: %w", err)
	}
	return nil
}

func sweep(ctx context.Context, before time.Time) error {
	if _, err := tenants.PgxTx(ctx).Exec(ctx, "DELETE FROM answers WHERE at < $1", before); err != nil {
		return fmt.Errorf("forget answers: %w", err)
	}
	return nil
}
