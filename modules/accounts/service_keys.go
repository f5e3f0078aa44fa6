package accounts

import (
	"context"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/tenants"
)

// Keys lists the person's keys, the newest first.
func (s *Service) Keys(ctx context.Context, actor *authz.Actor) ([]Key, error) {
	return s.readKeys(ctx, actor.Account)
}

// MakeKey gives a program a key, whose text is told this once: only its hash is kept. Errors: ErrKeys, ErrPassword, and what is wrong by field.
func (s *Service) MakeKey(ctx context.Context, actor *authz.Actor, in KeyRequest) (string, error) {
	lasts, err := in.check(offeredScopes(s.policy, actor))
	if err != nil {
		return "", err
	}
	account, err := s.confirm(ctx, actor.Account, in.Password)
	if err != nil {
		return "", err
	}
	token, err := s.newToken()
	if err != nil {
		return "", err
	}
	token = web.KeyPrefix + token
	id, err := s.newID()
	if err != nil {
		return "", err
	}
	now := s.now()
	err = s.db.Tx(ctx, func(ctx context.Context) error {
		if _, err := unchanged(ctx, account); err != nil {
			return err
		}
		if err := acquit(ctx, checkByAccount, account.ID.String()); err != nil {
			return err
		}
		// Seen before it was made: its first use is noted, whenever it is.
		key := Session{ID: id, Account: actor.Account, Strong: actor.Strong, Agent: in.Name, Created: now, Seen: now.Add(-seenEvery), Idle: lasts + seenEvery, Expires: now.Add(lasts)}
		if err := insertKey(ctx, token, key, in.Scopes, mostKeys); err != nil {
			return err
		}
		if err := s.queue.Enqueue(ctx, NoticeMail{actor.Account, noticeKey}); err != nil {
			return err
		}
		return tenants.Audit(ctx, tenants.Entry{
			Actor: actor.ID(), SubjectKind: "account", Subject: actor.Account.String(), Verb: "key_made", Purpose: "own key", After: map[string]any{"key": id, "scopes": in.Scopes},
		})
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// EndKey takes a key back, from now on.
func (s *Service) EndKey(ctx context.Context, actor *authz.Actor, id uuid.UUID) error {
	return s.db.Tx(ctx, func(ctx context.Context) error {
		ended, err := deleteKey(ctx, actor.Account, id)
		if err != nil {
			return err
		}
		if !ended {
			return problem.ErrNotFound
		}
		return tenants.Audit(ctx, tenants.Entry{
			Actor: actor.ID(), SubjectKind: "account", Subject: actor.Account.String(), Verb: "key_ended", Purpose: "ended by the person", Before: map[string]any{"key": id},
		})
	})
}
