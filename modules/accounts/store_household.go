package accounts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/tenants"
)

const memberQuery = `SELECT h.id, h.name, h.birth_date, h.codice_fiscale, h.relation, h.created_at,
	COALESCE(h.act, '00000000-0000-0000-0000-000000000000'), COALESCE(h.act_at, '0001-01-01Z') FROM household_members h
	WHERE h.account_id = $1 AND h.removed_at IS NULL ORDER BY h.created_at, h.id`

// queueHousehold reads the people of an account, the first added first.
func queueHousehold(b *pgx.Batch, account uuid.UUID, into *[]Member) {
	b.Queue(memberQuery, account).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Member])
		return err
	})
}

// QueueMembers is Members in somebody else's batch.
func (s *Service) QueueMembers(b *pgx.Batch, actor *authz.Actor, into *[]Member) {
	today := s.today()
	b.Queue(memberQuery, actor.Account).Query(func(rows pgx.Rows) error {
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Member])
		*into = slices.DeleteFunc(list, func(m Member) bool { return m.Lapsed(today) })
		return err
	})
}

func (s *Service) readMembers(ctx context.Context, actor *authz.Actor) (list []Member, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) { s.QueueMembers(b, actor, &list) })
	return list, err
}

func (s *Service) readHousehold(ctx context.Context, account uuid.UUID) (list []Member, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) { queueHousehold(b, account, &list) })
	return list, err
}

// lockHousehold reads an account and its people, whom nobody else changes until the transaction ends.
func lockHousehold(ctx context.Context, id uuid.UUID) (*Account, []Member, error) {
	account, err := lockAccount(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	rows, err := tenants.PgxTx(ctx).Query(ctx, memberQuery, id)
	if err != nil {
		return nil, nil, fmt.Errorf("read a household: %w", err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Member])
	return account, list, err
}

func insertMember(ctx context.Context, id, account uuid.UUID, p MemberProfile, now time.Time) error {
	_, err := exec(ctx, "add to a household", `INSERT INTO household_members (id, account_id, name, birth_date, codice_fiscale, relation, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`, id, account, p.Name, p.Born, p.FiscalCode, p.Relation, now)
	return err
}

// updateMember changes a person, whose document stays or goes.
func updateMember(ctx context.Context, id uuid.UUID, p MemberProfile, keepAct bool) error {
	_, err := exec(ctx, "change a household", `UPDATE household_members SET name = $2, birth_date = $3, codice_fiscale = $4, relation = $5,
		act = CASE WHEN $6 THEN act END, act_at = CASE WHEN $6 THEN act_at END WHERE id = $1`, id, p.Name, p.Born, p.FiscalCode, p.Relation, keepAct)
	return err
}

// dropMember keeps the row and the name, which orders may refer to, and nothing else of the person.
func dropMember(ctx context.Context, id uuid.UUID, now time.Time) error {
	_, err := exec(ctx, "take out of a household", `UPDATE household_members SET removed_at = $2, codice_fiscale = '', birth_date = NULL, act = NULL, act_at = NULL
		WHERE id = $1 AND removed_at IS NULL`, id, now)
	return err
}
