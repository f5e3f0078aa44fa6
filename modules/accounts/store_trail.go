package accounts

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Trace is one entry of the audit trail as people read it.
type Trace struct {
	Seq         int64
	At          time.Time
	Actor       string // account:<uuid> · staff:<uuid> · job:<kind> · operator
	ActorName   string // "" for a closed account, and in the whole trail for who was no staff then
	SubjectKind string
	Subject     string
	SubjectName string
	Verb        string
	Purpose     string
}

// traceQuery says who did what to whom. Without $1 only staff have a name in it: the trail is no list of citizens. Who was staff is
// what the entry says, not today's roles: an actor by its prefix, another person because these verbs are done to staff alone. Who was
// invited has an address as long as they stand among the staff, and no name: that would tell that they have an account.
const traceQuery = `SELECT e.seq, e.at, e.actor, COALESCE(CASE WHEN $1 OR e.actor LIKE 'staff:%' THEN COALESCE(NULLIF(who.name, ''), who.email) END, ''),
	e.subject_kind, e.subject, COALESCE(CASE WHEN $1 OR e.actor = 'staff:' || e.subject
		OR e.verb IN ('role_given', 'role_taken', 'factor_reset') THEN COALESCE(NULLIF(whom.name, ''), whom.email)
		WHEN e.verb LIKE 'invitation_%' AND EXISTS (SELECT FROM memberships m WHERE m.account_id = whom.id) THEN whom.email END, ''), e.verb, e.purpose
	FROM audit_entries e
	LEFT JOIN accounts who ON who.id = CASE WHEN e.actor ~ '^(account|staff):[0-9a-f-]{36}$' THEN split_part(e.actor, ':', 2)::uuid END
	LEFT JOIN accounts whom ON whom.id = CASE WHEN e.subject_kind = 'account' AND e.subject ~ '^[0-9a-f-]{36}$' THEN e.subject::uuid END`

// traces per page.
const tracesShown = 50

// readTrail gives a page of the city's trail, newest first, before an entry (0 = from the end), of one verb ("" = all); one entry more
// than is shown tells that there is another page.
func (s *Service) readTrail(ctx context.Context, verb string, before int64) (list []Trace, verbs []string, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		queueTrail(b, verb, before, tracesShown+1, &list)
		b.Queue("SELECT DISTINCT verb FROM (SELECT verb FROM audit_entries ORDER BY seq DESC LIMIT 5000) e ORDER BY verb").Query(func(rows pgx.Rows) (err error) {
			verbs, err = pgx.CollectRows(rows, pgx.RowTo[string])
			return err
		})
	})
	return list, verbs, err
}

func queueTrail(b *pgx.Batch, verb string, before int64, most int, into *[]Trace) {
	b.Queue(traceQuery+` WHERE ($2 = '' OR e.verb = $2) AND ($3 = 0 OR e.seq < $3) ORDER BY e.seq DESC LIMIT $4`, false, verb, before, most).
		Query(collectTraces(into))
}

// readTraces gives what was done to an account and to its household, newest first.
func (s *Service) readTraces(ctx context.Context, account uuid.UUID, before int64) (list []Trace, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(traceQuery+` WHERE (e.subject_kind = 'account' AND e.subject = $2 OR e.subject_kind = 'household_member'
			AND e.subject IN (SELECT id::text FROM household_members WHERE account_id = $2::uuid)) AND ($3 = 0 OR e.seq < $3) ORDER BY e.seq DESC LIMIT $4`,
			true, account.String(), before, tracesShown+1).Query(collectTraces(&list))
	})
	return list, err
}

func collectTraces(into *[]Trace) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Trace])
		return err
	}
}
