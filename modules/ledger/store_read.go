package ledger

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// ofAccount finds an account's posted entries by $1 kind, $2 owner, $3 name.
const ofAccount = `FROM ledger_accounts a JOIN ledger_posted p ON p.account_id = a.id
	WHERE a.kind = $1 AND a.name = $3 AND (a.owner = $2 OR a.owner IS NULL AND $2::uuid IS NULL)`

func (s *Service) readBalance(ctx context.Context, a Account) (cents int64, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT COALESCE(sum(p.cents), 0)::bigint "+ofAccount, a.Kind, orNull(a.Owner), a.Name).QueryRow(func(row pgx.Row) error { return row.Scan(&cents) })
	})
	return cents, err
}

func (s *Service) readPosted(ctx context.Context, keys []string) (map[string]int64, error) {
	posted := make(map[string]int64, len(keys))
	err := s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT t.key, t.cents FROM ledger_transfers t LEFT JOIN ledger_outcomes o ON o.transfer_id = t.id
			WHERE t.key = ANY ($1) AND (NOT t.pending OR o.outcome = 'posted') AND NOT EXISTS (SELECT FROM ledger_transfers r WHERE r.reverses = t.id)`, keys).Query(func(rows pgx.Rows) error {
			var key string
			var cents int64
			_, err := pgx.ForEachRow(rows, []any{&key, &cents}, func() error {
				posted[key] = cents
				return nil
			})
			return err
		})
	})
	return posted, err
}

// readStatement fills a statement's sums, and its lines after a place: one more than most, if there is one.
func (s *Service) readStatement(ctx context.Context, st *Statement, after place, most int) error {
	a := st.Account
	var more *int
	if most > 0 {
		n := most + 1
		more = &n
	}
	return s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT COALESCE(sum(p.cents) FILTER (WHERE p.at < $4), 0)::bigint, COALESCE(sum(p.cents) FILTER (WHERE p.at >= $4 AND p.cents > 0), 0)::bigint,
				COALESCE(sum(p.cents) FILTER (WHERE p.at >= $4 AND p.cents < 0), 0)::bigint `+ofAccount+` AND p.at < $5`,
			a.Kind, orNull(a.Owner), a.Name, st.From, st.To).QueryRow(func(row pgx.Row) error {
			err := row.Scan(&st.Opening, &st.In, &st.Out)
			st.Closing = st.Opening + st.In + st.Out
			return err
		})
		b.Queue(`SELECT l.transfer_id, l.line, l.at, t.kind, COALESCE(r.kind, ''), t.reference, l.cents, l.balance FROM (
				SELECT p.*, sum(p.cents) OVER (ORDER BY p.at, p.transfer_id, p.line)::bigint AS balance `+ofAccount+` AND p.at < $5) l
			JOIN ledger_transfers t ON t.id = l.transfer_id LEFT JOIN ledger_transfers r ON r.id = t.reverses
			WHERE l.at >= $4 AND (l.at, l.transfer_id, l.line) > ($6, $7, $8) ORDER BY l.at, l.transfer_id, l.line LIMIT $9`,
			a.Kind, orNull(a.Owner), a.Name, st.From, st.To, after.At, after.Transfer, after.Number, more).Query(func(rows pgx.Rows) (err error) {
			st.Lines, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Line])
			return err
		})
	})
}

// seller is one of the providers that an actor works for, with the moment of its first movement.
type seller struct {
	ID         uuid.UUID
	Name, Slug string
	Since      time.Time // zero if nothing has moved yet
}

// readSellers gives those providers by name.
func (s *Service) readSellers(ctx context.Context, ids []uuid.UUID) (list []seller, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT v.id, v.name, v.slug, COALESCE((SELECT min(p.at) FROM ledger_accounts a JOIN ledger_posted p ON p.account_id = a.id
				WHERE a.kind = 'provider' AND a.owner = v.id), '0001-01-01Z') FROM providers v WHERE v.id = ANY ($1) ORDER BY v.name, v.id`, ids).Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[seller])
			return err
		})
	})
	return list, err
}

// rail is a way in and out, with the moment of its first movement.
type rail struct {
	Name  string
	Since time.Time
}

// readRails gives those over which something has moved.
func (s *Service) readRails(ctx context.Context) (list []rail, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT a.name, min(p.at) FROM ledger_accounts a JOIN ledger_posted p ON p.account_id = a.id WHERE a.kind = 'rail' GROUP BY a.name ORDER BY a.name`).Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[rail])
			return err
		})
	})
	return list, err
}

// readStandings gives every balance: of each rail and provider, of the fees, and of all citizens together.
func (s *Service) readStandings(ctx context.Context) (list []Standing, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT a.kind, CASE WHEN a.kind <> 'citizen' THEN a.owner END, a.name, COALESCE(v.name, ''), COALESCE(v.slug, ''),
				COALESCE(sum(p.cents), 0)::bigint, count(DISTINCT a.id)
			FROM ledger_accounts a LEFT JOIN ledger_posted p ON p.account_id = a.id LEFT JOIN providers v ON a.kind = 'provider' AND v.id = a.owner
			GROUP BY 1, 2, 3, 4, 5 ORDER BY array_position('{rail,fees,provider,citizen}', a.kind), 4, 3, 2`).Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Standing, error) {
				var st Standing
				var owner uuid.NullUUID
				err := row.Scan(&st.Account.Kind, &owner, &st.Account.Name, &st.Title, &st.Slug, &st.Cents, &st.Count)
				st.Account.Owner = owner.UUID
				return st, err
			})
			return err
		})
	})
	return list, err
}

// searches are what Check asks: code, whether it is information only, and SQL that gives id, cents and moment. $1 is since when a
// transfer waits too long. Each is a statement of its own, so that one says nothing of another.
var searches = []struct {
	code string
	info bool
	sql  string
}{
	{findUnbalanced, false, `SELECT t.id, sum(e.cents)::bigint, t.at FROM ledger_transfers t JOIN ledger_entries e ON e.transfer_id = t.id
		GROUP BY t.id, t.at HAVING sum(e.cents) <> 0`},
	{findLines, false, `SELECT t.id, COALESCE(sum(e.cents) FILTER (WHERE e.cents > 0), 0)::bigint - t.cents, t.at FROM ledger_transfers t
		LEFT JOIN ledger_entries e ON e.transfer_id = t.id GROUP BY t.id, t.at, t.lines, t.cents
		HAVING count(e.line) <> t.lines OR COALESCE(sum(e.cents) FILTER (WHERE e.cents > 0), 0) <> t.cents`},
	{findTotal, false, `SELECT NULL::uuid, sum(cents)::bigint, max(at) FROM ledger_posted HAVING sum(cents) <> 0`},
	{findKey, false, `SELECT (array_agg(id ORDER BY at DESC))[1], 0::bigint, max(at) FROM ledger_transfers GROUP BY key HAVING count(*) > 1`},
	{findReversal, false, `SELECT t.id, 0::bigint, t.at FROM ledger_transfers t JOIN ledger_transfers o ON o.id = t.reverses
		LEFT JOIN ledger_outcomes x ON x.transfer_id = o.id WHERE o.kind = 'reversal' OR o.pending AND x.outcome IS DISTINCT FROM 'posted'
		OR EXISTS ((SELECT line, account_id, cents FROM ledger_entries WHERE transfer_id = t.id EXCEPT ALL SELECT line, account_id, -cents FROM ledger_entries WHERE transfer_id = o.id)
			UNION ALL (SELECT line, account_id, -cents FROM ledger_entries WHERE transfer_id = o.id EXCEPT ALL SELECT line, account_id, cents FROM ledger_entries WHERE transfer_id = t.id))
		UNION ALL SELECT (array_agg(id ORDER BY at DESC))[1], 0::bigint, max(at) FROM ledger_transfers WHERE reverses IS NOT NULL GROUP BY reverses HAVING count(*) > 1`},
	{findOutcome, false, `SELECT t.id, 0::bigint, o.at FROM ledger_outcomes o JOIN ledger_transfers t ON t.id = o.transfer_id WHERE NOT t.pending`},
	{findWaiting, false, `SELECT t.id, t.cents, t.at FROM ledger_transfers t WHERE t.pending AND t.at < $1
		AND NOT EXISTS (SELECT FROM ledger_outcomes o WHERE o.transfer_id = t.id)`},
	{findCitizen, true, `SELECT a.owner, sum(p.cents)::bigint, max(p.at) FROM ledger_accounts a JOIN ledger_posted p ON p.account_id = a.id
		WHERE a.kind = 'citizen' GROUP BY a.owner HAVING sum(p.cents) <> 0`},
}

// readFindings asks all of them in one round trip.
func (s *Service) readFindings(ctx context.Context, waitingSince time.Time) (list []Finding, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		for _, search := range searches {
			b.Queue("SELECT * FROM ("+search.sql+") f (id, cents, at) WHERE $1::timestamptz IS NOT NULL ORDER BY at, id", waitingSince).Query(func(rows pgx.Rows) error {
				var id uuid.NullUUID
				var cents int64
				var at time.Time
				_, err := pgx.ForEachRow(rows, []any{&id, &cents, &at}, func() error {
					list = append(list, Finding{Code: search.code, ID: id.UUID, Cents: cents, At: at, Info: search.info})
					return nil
				})
				return err
			})
		}
	})
	return list, err
}
