package accounts

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants"
)

// Membership is a role that an account holds, in a scope that has a name.
type Membership struct {
	ID       uuid.UUID
	Account  uuid.UUID
	Role     string
	Provider uuid.UUID
	Office   uuid.UUID
	Scope    string // name of the provider or office, "" for the whole city
	Slug     string // of the provider
	Since    time.Time
	Open     bool // an invitation that was not accepted: it counts for nothing yet
}

// Colleague is an account with its roles, as other staff see it.
type Colleague struct {
	ID          uuid.UUID
	Name        string
	Email       string
	Pending     bool // invited, and no role accepted yet: whether they have an account, and with what name, is nobody's business
	Enrolled    bool
	Seen        time.Time // in a session, or by the trail when that is over; zero if neither knows
	Memberships []Membership
}

// Scope is something a role can be limited to: a provider or an office.
type Scope struct {
	ID   uuid.UUID
	Name string
	Slug string
}

// Providers and offices are the catalogue's; here only their names are read, in the same round trip.
const membershipQuery = `SELECT m.id, m.account_id, m.role, m.provider_id, m.office_id, COALESCE(p.name, o.name, ''), COALESCE(p.slug, ''), m.created_at, m.accepted_at IS NULL
	FROM memberships m LEFT JOIN providers p ON p.id = m.provider_id LEFT JOIN offices o ON o.id = m.office_id`

func scanMembership(row pgx.CollectableRow) (Membership, error) {
	var m Membership
	var provider, office uuid.NullUUID
	err := row.Scan(&m.ID, &m.Account, &m.Role, &provider, &office, &m.Scope, &m.Slug, &m.Since, &m.Open)
	m.Provider, m.Office = provider.UUID, office.UUID
	return m, err
}

const colleagueQuery = `SELECT a.id, CASE WHEN k.staff THEN a.name ELSE '' END, a.email, NOT k.staff, k.staff AND a.totp_since IS NOT NULL,
	COALESCE(CASE WHEN k.staff THEN GREATEST((SELECT max(s.seen_at) FROM sessions s WHERE s.account_id = a.id), (SELECT e.at FROM audit_entries e
		WHERE e.subject_kind = 'account' AND e.subject = a.id::text AND e.verb IN ('signed_in', 'factor_enrolled') ORDER BY e.seq DESC LIMIT 1)) END,
		'0001-01-01Z') FROM accounts a CROSS JOIN LATERAL (SELECT a.verified_at IS NOT NULL AND EXISTS (SELECT FROM memberships r
			WHERE r.account_id = a.id AND r.accepted_at IS NOT NULL)) AS k (staff)`

func scanColleague(row pgx.CollectableRow) (*Colleague, error) {
	var c Colleague
	err := row.Scan(&c.ID, &c.Name, &c.Email, &c.Pending, &c.Enrolled, &c.Seen)
	return &c, err
}

// queueColleagues reads the accounts that hold a role for which where holds, with just those roles.
func queueColleagues(b *pgx.Batch, into *[]*Colleague, where string, args ...any) {
	var list []*Colleague
	b.Queue(colleagueQuery+" WHERE a.closed_at IS NULL AND EXISTS (SELECT FROM memberships m WHERE m.account_id = a.id AND "+where+`)
		ORDER BY k.staff, CASE WHEN k.staff THEN lower(a.name) END, a.email`, args...).Query(func(rows pgx.Rows) (err error) {
		list, err = pgx.CollectRows(rows, scanColleague)
		return err
	})
	b.Queue(membershipQuery+" WHERE "+where+" ORDER BY m.role, 6, m.id", args...).Query(func(rows pgx.Rows) error {
		memberships, err := pgx.CollectRows(rows, scanMembership)
		*into = join(list, memberships)
		return err
	})
}

func join(list []*Colleague, memberships []Membership) []*Colleague {
	byID := map[uuid.UUID]*Colleague{}
	for _, c := range list {
		byID[c.ID] = c
	}
	for _, m := range memberships {
		if c := byID[m.Account]; c != nil {
			c.Memberships = append(c.Memberships, m)
		}
	}
	return list
}

// readStaff gives everyone who holds a role in the city.
func (s *Service) readStaff(ctx context.Context) (list []*Colleague, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) { queueColleagues(b, &list, "true") })
	return list, err
}

// readDesk gives everyone who holds a role, and the latest entries of the trail.
func (s *Service) readDesk(ctx context.Context, traces int) (staff []*Colleague, trail []Trace, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		queueColleagues(b, &staff, "true")
		queueTrail(b, "", 0, traces, &trail)
	})
	return staff, trail, err
}

// readColleague gives one of the staff, with what a role can be limited to; a citizen is not found.
func (s *Service) readColleague(ctx context.Context, id uuid.UUID) (c *Colleague, providers, offices []Scope, err error) {
	var list []*Colleague
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		queueColleagues(b, &list, "m.account_id = $1", id)
		queueAllScopes(b, &providers, &offices)
	})
	if err == nil && len(list) == 0 {
		err = problem.ErrNotFound
	}
	if err != nil {
		return nil, nil, nil, err
	}
	return list[0], providers, offices, nil
}

// readProviderStaff gives some providers, and of their staff those of the open ones and oneself.
func (s *Service) readProviderStaff(ctx context.Context, providers, open []uuid.UUID, self uuid.UUID) (list []*Colleague, scopes []Scope, err error) {
	ids := texts(providers)
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		queueColleagues(b, &list, "m.provider_id = ANY ($1::uuid[]) AND (m.provider_id = ANY ($2::uuid[]) OR m.account_id = $3)", ids, texts(open), self)
		queueScopes(b, &scopes, "SELECT id, name, slug FROM providers WHERE id = ANY ($1::uuid[]) ORDER BY position, name, slug", ids)
	})
	return list, scopes, err
}

// readMunicipality gives those who work for the municipality: all, or oneself.
func (s *Service) readMunicipality(ctx context.Context, all bool, self uuid.UUID) (list []*Colleague, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		queueColleagues(b, &list, "m.role = ANY ($1::text[]) AND ($2 OR m.account_id = $3)", []string{authz.Municipality, authz.WelfareManager}, all, self)
	})
	return list, err
}

// readScopes gives what a role can be limited to.
func (s *Service) readScopes(ctx context.Context) (providers, offices []Scope, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) { queueAllScopes(b, &providers, &offices) })
	return providers, offices, err
}

func queueAllScopes(b *pgx.Batch, providers, offices *[]Scope) {
	queueScopes(b, providers, "SELECT id, name, slug FROM providers WHERE published ORDER BY name, slug")
	queueScopes(b, offices, "SELECT id, name, slug FROM offices WHERE published ORDER BY position, name, slug")
}

func queueScopes(b *pgx.Batch, into *[]Scope, sql string, args ...any) {
	b.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Scope])
		return err
	})
}

func texts(ids []uuid.UUID) []string {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = id.String()
	}
	return list
}

// scopeExists says whether the provider or office of an invitation is one of this city.
func scopeExists(ctx context.Context, i Invitation) (ok bool, err error) {
	err = tenants.PgxTx(ctx).QueryRow(ctx, `SELECT ($1::uuid IS NULL OR EXISTS (SELECT FROM providers WHERE id = $1))
		AND ($2::uuid IS NULL OR EXISTS (SELECT FROM offices WHERE id = $2))`, idOrNull(i.Provider), idOrNull(i.Office)).Scan(&ok)
	return ok, err
}

// scopeBySlug finds the provider or office of a demo person.
func scopeBySlug(ctx context.Context, table, slug string) (id uuid.UUID, err error) {
	if slug == "" {
		return uuid.Nil, nil
	}
	sql := map[string]string{"providers": "SELECT id FROM providers WHERE slug = $1", "offices": "SELECT id FROM offices WHERE slug = $1"}[table]
	if err := tenants.PgxTx(ctx).QueryRow(ctx, sql, slug).Scan(&id); err != nil {
		return id, fmt.Errorf("%s: no %q in this city: %w", table, slug, err)
	}
	return id, nil
}

func idOrNull(id uuid.UUID) uuid.NullUUID { return uuid.NullUUID{UUID: id, Valid: id != uuid.Nil} }

// insertMembership gives a role, or offers it as an invitation; it says whether the account did not hold it yet.
func insertMembership(ctx context.Context, id, account uuid.UUID, i Invitation, now time.Time, accepted bool) (bool, error) {
	n, err := exec(ctx, "give a role", `INSERT INTO memberships (id, account_id, role, provider_id, office_id, created_at, accepted_at)
		VALUES ($1, $2, $3, $4, $5, $6::timestamptz, CASE WHEN $7 THEN $6::timestamptz END) ON CONFLICT DO NOTHING`, id, account, i.Role, idOrNull(i.Provider), idOrNull(i.Office), now, accepted)
	return n == 1, err
}

// acceptMemberships turns the invitations of an account into roles; it says whether there were any.
func acceptMemberships(ctx context.Context, account uuid.UUID, now time.Time) (bool, error) {
	n, err := exec(ctx, "accept roles", "UPDATE memberships SET accepted_at = $2 WHERE account_id = $1 AND accepted_at IS NULL", account, now)
	return n > 0, err
}

// deleteInvitations takes back the roles that an account did not accept, and their links; it says whether there were any.
func deleteInvitations(ctx context.Context, account uuid.UUID, now time.Time) (bool, error) {
	n, err := exec(ctx, "take invitations back", "DELETE FROM memberships WHERE account_id = $1 AND accepted_at IS NULL", account)
	if err != nil {
		return false, err
	}
	return n > 0, dropTokens(ctx, account, now, purposeInvite)
}

// readInvitations gives the roles that an account was offered and did not accept yet.
func (s *Service) readInvitations(ctx context.Context, account uuid.UUID) (list []Membership, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(membershipQuery+" WHERE m.account_id = $1 AND m.accepted_at IS NULL ORDER BY m.created_at, m.id", account).Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, scanMembership)
			return err
		})
	})
	return list, err
}

func deleteMembership(ctx context.Context, id uuid.UUID) error {
	_, err := exec(ctx, "take a role away", "DELETE FROM memberships WHERE id = $1", id)
	return err
}

// lockMemberships reads the roles of an account for changing them. The city's administrators are locked first, so that two of
// them cannot remove each other at the same moment.
func lockMemberships(ctx context.Context, account uuid.UUID) (list []Membership, admins int, err error) {
	tx := tenants.PgxTx(ctx)
	rows, err := tx.Query(ctx, `SELECT a.id FROM memberships m JOIN accounts a ON a.id = m.account_id
		WHERE m.role = 'city_admin' AND m.accepted_at IS NOT NULL AND a.closed_at IS NULL AND a.verified_at IS NOT NULL ORDER BY m.id FOR UPDATE OF m`)
	if err != nil {
		return nil, 0, fmt.Errorf("lock the administrators: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		return nil, 0, fmt.Errorf("lock the administrators: %w", err)
	}
	rows, err = tx.Query(ctx, membershipQuery+" WHERE m.account_id = $1 ORDER BY m.created_at, m.id FOR UPDATE OF m", account)
	if err != nil {
		return nil, 0, fmt.Errorf("lock roles: %w", err)
	}
	list, err = pgx.CollectRows(rows, scanMembership)
	return list, len(ids), err
}

// hasRoles says whether an account is staff.
func hasRoles(ctx context.Context, account uuid.UUID) (staff bool, err error) {
	staff, _, err = standing(ctx, account)
	return staff, err
}

// standing says whether an account is staff, and whether it is invited to a role.
func standing(ctx context.Context, account uuid.UUID) (staff, invited bool, err error) {
	err = tenants.PgxTx(ctx).QueryRow(ctx, `SELECT COALESCE(bool_or(accepted_at IS NOT NULL), false), COALESCE(bool_or(accepted_at IS NULL), false)
		FROM memberships WHERE account_id = $1`, account).Scan(&staff, &invited)
	return staff, invited, err
}

// readOverview reads all that the personal area begins with.
func (s *Service) readOverview(ctx context.Context, actor *authz.Actor, o *Overview) error {
	account := actor.Account
	return s.db.Read(ctx, func(b *pgx.Batch) {
		queueAccount(b, account, &o.Account)
		queueSessions(b, account, s.now(), &o.Sessions)
		queueMissing(b, account, &o.Missing)
		queueHousehold(b, account, &o.Lapsed)
		for _, source := range s.steps {
			o.say = append(o.say, source(b, actor))
		}
		b.Queue(membershipQuery+" WHERE m.account_id = $1 AND m.accepted_at IS NOT NULL ORDER BY m.created_at, m.id", account).Query(func(rows pgx.Rows) (err error) {
			o.Memberships, err = pgx.CollectRows(rows, scanMembership)
			return err
		})
	})
}
