package orders

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/modules/payments"
	"github.com/welfarex/welfarex/tenants"
)

const selectParts = `SELECT o.id, o.year, o.number, o.actor_id, o.subject_id, o.payer_id, o.member_id, o.payer, o.beneficiary, o.reason, o.address, o.phone, o.note, o.key,
	o.cents, o.placed_at, p.id, p.provider_id, p.seller, p.seller_address, p.seller_vat, p.cents, p.vat_cents, p.cancel_days, p.state, p.why, p.ended_by, p.expires_at,
	p.answer_by, p.paid_at, p.accepted_at, p.ended_at, v.phone, v.email
	FROM order_parts p JOIN orders o ON o.id = p.order_id JOIN providers v ON v.id = p.provider_id `

// instant is a time that may be NULL.
type instant struct{ at *time.Time }

// Scan implements sql.Scanner.
func (i instant) Scan(v any) error {
	*i.at, _ = v.(time.Time)
	return nil
}

// scanPart reads a part with an order of its own.
func scanPart(row pgx.CollectableRow) (*Part, error) {
	o := &Order{}
	p := &Part{Order: o}
	var member uuid.NullUUID
	err := row.Scan(&o.ID, &o.Year, &o.Number, &o.Actor, &o.Subject, &o.Payer, &member, &o.PayerName, &o.Beneficiary, &o.Reason, &o.Address, &o.Phone, &o.Note, &o.Key,
		&o.Cents, &o.PlacedAt, &p.ID, &p.Provider, &p.Seller, &p.SellerAddress, &p.SellerVAT, &p.Cents, &p.VATCents, &p.CancelDays, (*string)(&p.State), &p.Why, (*string)(&p.EndedBy), &p.ExpiresAt,
		instant{&p.AnswerBy}, instant{&p.PaidAt}, instant{&p.AcceptedAt}, instant{&p.EndedAt}, &p.SellerPhone, &p.SellerEmail)
	o.Member = member.UUID
	o.Parts = []*Part{p}
	return p, err
}

// queueParts asks for parts with all that hangs on them, newest first. where speaks of o and p; one $1 is its argument.
func queueParts(b *pgx.Batch, into *[]*Part, where string, args ...any) {
	var parts []*Part
	b.Queue(selectParts+where+" ORDER BY o.placed_at DESC, p.id", args...).Query(func(rows pgx.Rows) (err error) {
		parts, err = pgx.CollectRows(rows, scanPart)
		*into = parts
		return err
	})
	ids := "SELECT p.id FROM order_parts p JOIN orders o ON o.id = p.order_id " + where
	queueLines(b, &parts, ids, args)
	queueDeliveries(b, &parts, ids, args)
	queueMessages(b, &parts, ids, args)
	var paid []payments.Payment
	payments.QueueOf(b, &paid, ids, args...)
	b.Queue("SELECT").Query(func(rows pgx.Rows) error { // the last of the batch: everything is there
		for _, m := range paid {
			if p := byID(parts, m.Part); p != nil {
				p.Payments = append(p.Payments, m)
			}
		}
		return rows.Err()
	})
}

// queueWaiting asks for the actor's orders that wait for their money or for an answer, without what hangs on them.
func queueWaiting(b *pgx.Batch, payer uuid.UUID, into *[]*Part) {
	b.Queue(selectParts+"WHERE o.payer_id = $1 AND p.state IN ('placed', 'paid') ORDER BY p.state DESC, o.placed_at DESC LIMIT 3", payer).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, scanPart)
		return err
	})
}

// queueWork counts the parts of providers that wait for an answer, and those whose money waits to be given back.
func queueWork(b *pgx.Batch, providers []uuid.UUID, unanswered, owed *int) {
	b.Queue("SELECT count(*) FILTER (WHERE p.state = 'paid'), count(*) FILTER (WHERE p.id IN ("+payments.Owed+")) FROM order_parts p WHERE p.provider_id = ANY ($1)", providers).
		QueryRow(func(row pgx.Row) error { return row.Scan(unanswered, owed) })
}

func byID(parts []*Part, id uuid.UUID) *Part {
	for _, p := range parts {
		if p.ID == id {
			return p
		}
	}
	return nil
}

func queueLines(b *pgx.Batch, parts *[]*Part, ids string, args []any) {
	b.Queue(`SELECT l.part_id, l.service_id, COALESCE(CASE WHEN s.published THEN s.slug END, ''), l.title, l.unit, l.quantity, l.unit_cents, l.vat, l.cents, l.vat_cents
		FROM order_lines l LEFT JOIN services s ON s.id = l.service_id WHERE l.part_id IN (`+ids+`) ORDER BY l.part_id, l.line`, args...).Query(func(rows pgx.Rows) error {
		var part uuid.UUID
		var l Line
		_, err := pgx.ForEachRow(rows, []any{&part, &l.Service, &l.Slug, &l.Title, &l.Unit, &l.Quantity, &l.UnitCents, (*string)(&l.VAT), &l.Cents, &l.VATCents}, func() error {
			if p := byID(*parts, part); p != nil {
				p.Lines = append(p.Lines, l)
			}
			return nil
		})
		return err
	})
}

func queueDeliveries(b *pgx.Batch, parts *[]*Part, ids string, args []any) {
	b.Queue(`SELECT d.part_id, d.line, d.quantity, d.day, d.worker, d.note FROM order_deliveries d WHERE d.part_id IN (`+ids+`) ORDER BY d.day, d.recorded_at`, args...).Query(func(rows pgx.Rows) error {
		var part uuid.UUID
		var d Delivery
		_, err := pgx.ForEachRow(rows, []any{&part, &d.Line, &d.Quantity, &d.Day, &d.Worker, &d.Note}, func() error {
			if p := byID(*parts, part); p != nil {
				p.Deliveries = append(p.Deliveries, d)
			}
			return nil
		})
		return err
	})
}

func queueMessages(b *pgx.Batch, parts *[]*Part, ids string, args []any) {
	b.Queue(`SELECT m.part_id, m.side, m.body, m.at FROM order_messages m WHERE m.part_id IN (`+ids+`) ORDER BY m.at, m.id`, args...).Query(func(rows pgx.Rows) error {
		var part uuid.UUID
		var m Message
		_, err := pgx.ForEachRow(rows, []any{&part, &m.Side, &m.Body, &m.At}, func() error {
			if p := byID(*parts, part); p != nil {
				p.Messages = append(p.Messages, m)
			}
			return nil
		})
		return err
	})
}

// readParts reads parts in one round trip.
func (s *Service) readParts(ctx context.Context, where string, args ...any) (parts []*Part, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) { queueParts(b, &parts, where, args...) })
	return parts, err
}

// readWindow reads the parts of a list that a window shows; cond speaks of o and p.
func (s *Service) readWindow(ctx context.Context, w Window, cond string, args ...any) ([]*Part, error) {
	where, args := w.of(cond, args)
	return s.readParts(ctx, where, args...)
}

// readDesk reads two lists of a provider's in one round trip: what is owed, and what is in one of the states.
func (s *Service) readDesk(ctx context.Context, w Window, providers []uuid.UUID, states []string) (owed, parts []*Part, err error) {
	where, args := w.of(inStates, []any{providers, states})
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		queueParts(b, &owed, "WHERE p.provider_id = ANY ($1) AND p.id IN ("+payments.Owed+")", providers)
		queueParts(b, &parts, where, args...)
	})
	return owed, parts, err
}

// inStates are the parts of providers in one of some states; none means all.
const inStates = "p.provider_id = ANY ($1) AND (cardinality($2::text[]) = 0 OR p.state = ANY ($2))"

// of gives the condition and its arguments by which a window of a list is found.
func (w Window) of(cond string, args []any) (string, []any) {
	where := "WHERE " + cond
	if !w.before.IsZero() {
		where += fmt.Sprintf(" AND (o.placed_at < $%[1]d OR o.placed_at = $%[1]d AND p.id > $%[2]d)", len(args)+1, len(args)+2)
		args = append(args, w.before, w.after)
	}
	if w.limit > 0 {
		where = fmt.Sprintf("WHERE p.id IN (SELECT p.id FROM order_parts p JOIN orders o ON o.id = p.order_id %s ORDER BY o.placed_at DESC, p.id LIMIT $%d)", where, len(args)+1)
		args = append(args, w.limit)
	}
	return where, args
}

// readPart reads one part. Errors: problem.ErrNotFound.
func (s *Service) readPart(ctx context.Context, where string, args ...any) (*Part, error) {
	parts, err := s.readParts(ctx, where, args...)
	if err == nil && len(parts) != 1 {
		err = problem.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return parts[0], nil
}

// LockPart keeps a part for this transaction. Whoever changes a part, its payments or its deliveries does so first, so that they wait for each
// other in one order. Errors: problem.ErrNotFound.
func (s *Service) LockPart(ctx context.Context, id uuid.UUID) error {
	_, err := lockPart(ctx, id, func(*pgx.Batch) {})
	return err
}

// lockedPart locks a part, then reads it as it is now that nobody else changes it, in one round trip.
func (s *Service) lockedPart(ctx context.Context, id uuid.UUID) (*Part, error) {
	var parts []*Part
	found, err := lockPart(ctx, id, func(b *pgx.Batch) { queueParts(b, &parts, "WHERE p.id = $1", id) })
	if err != nil {
		return nil, err
	}
	return byID(parts, found), nil
}

// lockPart locks a part and asks what queue adds, after that.
func lockPart(ctx context.Context, id uuid.UUID, queue func(*pgx.Batch)) (found uuid.UUID, err error) {
	var b pgx.Batch
	b.Queue("SELECT id FROM order_parts WHERE id = $1 FOR UPDATE", id).QueryRow(perhaps(&found))
	queue(&b)
	err = tenants.PgxTx(ctx).SendBatch(ctx, &b).Close()
	if err == nil && found == uuid.Nil {
		err = problem.ErrNotFound
	}
	return found, err
}

// insertOrder keeps a new order with its parts and lines, and gives it the next number of its city and year: whoever orders next in this city waits
// for the commit, with which all of it travels.
func insertOrder(ctx context.Context, o *Order, digest []byte) {
	tenants.Later(ctx, "keep an order", `WITH n AS (INSERT INTO order_numbers (year, last) VALUES ($2, 1)
			ON CONFLICT (tenant_id, year) DO UPDATE SET last = order_numbers.last + 1 RETURNING last)
		INSERT INTO orders (id, year, number, actor_id, subject_id, payer_id, member_id, payer, beneficiary, reason, address, phone, note, key, digest, cents, placed_at)
		SELECT $1, $2, last, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16 FROM n`,
		o.ID, o.Year, o.Actor, o.Subject, o.Payer, uuid.NullUUID{UUID: o.Member, Valid: o.Member != uuid.Nil}, o.PayerName, o.Beneficiary, o.Reason,
		o.Address, o.Phone, o.Note, o.Key, digest, o.Cents, o.PlacedAt)
	for _, p := range o.Parts {
		tenants.Later(ctx, "keep a part", `INSERT INTO order_parts (id, order_id, provider_id, seller, seller_address, seller_vat, cents, vat_cents, cancel_days, state, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			p.ID, o.ID, p.Provider, p.Seller, p.SellerAddress, p.SellerVAT, p.Cents, p.VATCents, p.CancelDays, string(p.State), p.ExpiresAt)
		insertLines(ctx, p)
	}
}

func insertLines(ctx context.Context, p *Part) {
	n := len(p.Lines)
	services, titles, units, quantities := make([]uuid.UUID, n), make([]string, n), make([]string, n), make([]int, n)
	each, vats, cents, vatCents := make([]int64, n), make([]string, n), make([]int64, n), make([]int64, n)
	for i, l := range p.Lines {
		services[i], titles[i], units[i], quantities[i] = l.Service, l.Title, l.Unit, l.Quantity
		each[i], vats[i], cents[i], vatCents[i] = l.UnitCents, string(l.VAT), l.Cents, l.VATCents
	}
	tenants.Later(ctx, "keep lines", `INSERT INTO order_lines (part_id, line, service_id, title, unit, quantity, unit_cents, vat, cents, vat_cents)
		SELECT $1, n - 1, service, title, unit, quantity, each, vat, cents, vat_cents
		FROM unnest($2::uuid[], $3::text[], $4::text[], $5::int[], $6::bigint[], $7::text[], $8::bigint[], $9::bigint[])
			WITH ORDINALITY l (service, title, unit, quantity, each, vat, cents, vat_cents, n)`,
		p.ID, services, titles, units, quantities, each, vats, cents, vatCents)
}

func savePart(ctx context.Context, p *Part) error {
	return exec(ctx, "keep a part", `UPDATE order_parts SET state = $2, why = $3, ended_by = $4, answer_by = $5, paid_at = $6, accepted_at = $7, ended_at = $8 WHERE id = $1`,
		p.ID, string(p.State), p.Why, string(p.EndedBy), orNull(p.AnswerBy), orNull(p.PaidAt), orNull(p.AcceptedAt), orNull(p.EndedAt))
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func insertDelivery(ctx context.Context, id uuid.UUID, p *Part, d Delivery, by uuid.UUID, now time.Time) error {
	return exec(ctx, "record a delivery", `INSERT INTO order_deliveries (id, part_id, line, quantity, day, worker, note, recorded_by, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		id, p.ID, d.Line, d.Quantity, d.Day, d.Worker, d.Note, by, now)
}

func insertMessage(ctx context.Context, id, part uuid.UUID, side string, author uuid.UUID, body string, now time.Time) error {
	return exec(ctx, "keep a message", `INSERT INTO order_messages (id, part_id, side, author_id, body, at) VALUES ($1, $2, $3, $4, $5, $6)`, id, part, side, author, body, now)
}

// party is somebody who gets mail about a part.
type party struct{ Name, Email, Language string }

// readParties gives who gets mail about a part: the payer, and the provider.
func (s *Service) readParties(ctx context.Context, part uuid.UUID) (citizen, provider party, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT a.name, CASE WHEN a.closed_at IS NULL THEN a.email ELSE '' END, a.language, v.name, v.email FROM order_parts p JOIN orders o ON o.id = p.order_id
			JOIN accounts a ON a.id = o.payer_id JOIN providers v ON v.id = p.provider_id WHERE p.id = $1`, part).QueryRow(func(row pgx.Row) error {
			return row.Scan(&citizen.Name, &citizen.Email, &citizen.Language, &provider.Name, &provider.Email)
		})
	})
	provider.Language = "it"
	if errors.Is(err, pgx.ErrNoRows) {
		err = problem.ErrNotFound
	}
	return citizen, provider, err
}

// readCheckout reads the basket, for whom the actor may order, and what the form knows already: their telephone, and where their last order for themselves went.
func (s *Service) readCheckout(ctx context.Context, actor *authz.Actor, c *Checkout) error {
	return s.db.Read(ctx, func(b *pgx.Batch) {
		queueBasket(b, Holder{Account: actor.Account}, &c.Basket)
		s.household.QueueMembers(b, actor, &c.Members)
		b.Queue("SELECT name, phone FROM accounts WHERE id = $1", actor.Account).QueryRow(func(row pgx.Row) error { return row.Scan(&c.Name, &c.Phone) })
		b.Queue("SELECT COALESCE((SELECT address FROM orders WHERE payer_id = $1 AND member_id IS NULL AND address <> '' ORDER BY placed_at DESC LIMIT 1), '')", actor.Account).
			QueryRow(func(row pgx.Row) error { return row.Scan(&c.Address) })
	})
}

// References says what transfers of the ledger are about: parts of orders, by their number. A provider reads them at its inbox.
func (s *Service) References(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]ledger.Reference, error) {
	known := map[uuid.UUID]ledger.Reference{}
	err := s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT p.id, o.year, o.number FROM order_parts p JOIN orders o ON o.id = p.order_id WHERE p.id = ANY ($1)", ids).Query(func(rows pgx.Rows) error {
			var id uuid.UUID
			var o Order
			_, err := pgx.ForEachRow(rows, []any{&id, &o.Year, &o.Number}, func() error {
				known[id] = ledger.Reference{Text: o.Title(), Href: partPath(id)}
				return nil
			})
			return err
		})
	})
	return known, err
}

// cheapest is the slug of something that a provider sells, "" if it sells nothing.
func (s *Service) cheapest(ctx context.Context, provider uuid.UUID) (slug string, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT COALESCE((SELECT s.slug FROM services s JOIN providers p ON p.id = s.provider_id WHERE p.id = $1 AND `+sold+` ORDER BY s.price_cents, s.slug LIMIT 1), '')`, provider).
			QueryRow(func(row pgx.Row) error { return row.Scan(&slug) })
	})
	return slug, err
}
