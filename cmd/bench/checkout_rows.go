package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/tenants"
)

// rows writes the rows of an order and nothing else: one batch of prepared statements, in one transaction and one round trip, by a superuser
// for whom no policy holds. It reads nothing and decides nothing; the constraints and triggers of the tables hold for it as for ours.
type rows struct {
	pool     *pgxpool.Pool
	people   []*authz.Actor
	provider uuid.UUID
	services []uuid.UUID
	titles   []string
	cents    []int64
	seller   uuid.UUID   // its account in the books
	payers   []uuid.UUID // theirs
	total    int64
}

// openRows chooses two services of one provider, and connects for whoever writes in the city.
func openRows(ctx context.Context, h *house, city *tenants.City, people []*authz.Actor, workers int) (*rows, error) {
	config, err := pgxpool.ParseConfig(h.postgres.SuperURL())
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(workers) //nolint:gosec // a handful
	config.ConnConfig.RuntimeParams["app.tenant"] = city.ID.String()
	r := &rows{people: people}
	if r.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, err
	}
	sold, err := r.pool.Query(ctx, `SELECT p.id, s.id, s.title, s.price_cents FROM services s JOIN providers p ON p.tenant_id = s.tenant_id AND p.id = s.provider_id
		WHERE s.tenant_id = current_city() AND s.published AND s.status = 'active' AND s.sale IS NOT NULL AND s.price_kind = 'fixed' ORDER BY count(*) OVER (PARTITION BY p.id) DESC, p.slug, s.slug LIMIT 2`)
	if err != nil {
		return nil, err
	}
	var service uuid.UUID
	var title string
	var cents int64
	_, err = pgx.ForEachRow(sold, []any{&r.provider, &service, &title, &cents}, func() error {
		r.services, r.titles, r.cents = append(r.services, service), append(r.titles, title), append(r.cents, cents)
		return nil
	})
	if err == nil && len(r.services) != 2 {
		err = fmt.Errorf("%d services to buy", len(r.services))
	}
	return r, err
}

// fill gives everybody a full basket.
func (r *rows) fill(ctx context.Context) error {
	var b pgx.Batch
	for _, p := range r.people {
		id := uuid.Must(uuid.NewV7())
		b.Queue("INSERT INTO baskets (id, account_id, provider_id, touched_at) VALUES ($1, $2, $3, now())", id, p.Account, r.provider)
		b.Queue("INSERT INTO basket_lines (basket_id, service_id, quantity, added_at) SELECT $1, unnest($2::uuid[]), 2, now()", id, r.services)
	}
	return r.pool.SendBatch(ctx, &b).Close()
}

// learn finds the accounts of the books.
func (r *rows) learn(ctx context.Context, total int64) error {
	r.total = total
	of := "SELECT id FROM ledger_accounts WHERE tenant_id = current_city() AND kind = $1 AND owner = $2"
	if err := r.pool.QueryRow(ctx, of, "provider", r.provider).Scan(&r.seller); err != nil {
		return err
	}
	for _, p := range r.people {
		var id uuid.UUID
		if err := r.pool.QueryRow(ctx, of, "citizen", p.Account).Scan(&id); err != nil {
			return err
		}
		r.payers = append(r.payers, id)
	}
	return nil
}

// place writes what ours writes for an order.
func (r *rows) place(ctx context.Context, person int) error {
	who, now, id := r.people[person], time.Now(), func() uuid.UUID { return uuid.Must(uuid.NewV7()) }
	order, part, transfer := id(), id(), id()
	var b pgx.Batch
	b.Queue(`INSERT INTO ledger_transfers (id, kind, key, reference, pending, lines, cents, at) VALUES ($1, 'sale', $2, $3, true, 2, $4, $5)`, transfer, "sale:"+part.String(), part, r.total, now)
	b.Queue(`INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($1, 1, $2, -$4::bigint), ($1, 2, $3, $4)`, transfer, r.payers[person], r.seller, r.total)
	b.Queue(`INSERT INTO river_job (args, kind, max_attempts, metadata, queue, scheduled_at, state) VALUES ($1, 'orders.expire', 25, $2, 'default', $3, 'scheduled')`,
		fmt.Sprintf(`{"Part":%q}`, part), fmt.Sprintf(`{"city":%q}`, part), now.Add(30*time.Minute))
	b.Queue(`WITH n AS (INSERT INTO order_numbers (year, last) VALUES ($1, 1) ON CONFLICT (tenant_id, year) DO UPDATE SET last = order_numbers.last + 1 RETURNING last)
		INSERT INTO orders (id, year, number, actor_id, subject_id, payer_id, payer, beneficiary, address, phone, note, key, digest, cents, placed_at)
		SELECT $2, $1, last, $3, $3, $3, $4, $4, $5, $6, $7, $8, $9, $10, $11 FROM n`,
		now.Year(), order, who.Account, who.Name, "Via dei Mille 7, scala A", "0372 555 199", "Il citofono è guasto.", id(), make([]byte, 32), r.total, now)
	b.Queue(`INSERT INTO order_parts (id, order_id, provider_id, seller, seller_address, seller_vat, cents, vat_cents, cancel_days, state, expires_at)
		VALUES ($1, $2, $3, 'Mani di Pioppo', 'Via Bissolati 30', '00000000000', $4, 0, 1, 'placed', $5)`, part, order, r.provider, r.total, now.Add(30*time.Minute))
	b.Queue(`INSERT INTO order_lines (part_id, line, service_id, title, unit, quantity, unit_cents, vat, cents, vat_cents)
		VALUES ($1, 0, $2, $4, 'ora', 2, $6, '5', 2 * $6::bigint, 0), ($1, 1, $3, $5, 'ora', 2, $7, '5', 2 * $7::bigint, 0)`,
		part, r.services[0], r.services[1], r.titles[0], r.titles[1], r.cents[0], r.cents[1])
	b.Queue(`INSERT INTO payments (id, part_id, account_id, rail, cents, state, opened_at) VALUES ($1, $2, $3, 'card', $4, 'open', $5)`, id(), part, who.Account, r.total, now)
	b.Queue(`INSERT INTO audit_entries (seq, at, actor, subject_kind, subject, verb, purpose, after, prev, hash) VALUES (0, now(), $1, 'order', $2, 'ordered', 'order placed', $3, '', '')`,
		who.ID(), part.String(), make([]byte, 32))
	b.Queue(`DELETE FROM baskets WHERE tenant_id = current_city() AND account_id = $1`, who.Account)
	return r.pool.SendBatch(ctx, &b).Close()
}

// written are the tables that an order touches.
var written = []string{
	"orders", "order_parts", "order_lines", "ledger_accounts", "ledger_transfers", "ledger_entries", "payments", "audit_entries", "river_job", "baskets", "basket_lines",
}

// count gives how many rows each of them has.
func (r *rows) count(ctx context.Context) ([]int64, error) {
	each := make([]string, len(written))
	for i, table := range written {
		each[i] = "(SELECT count(*) FROM " + table + ")"
	}
	return collectInts(r.pool.Query(ctx, "SELECT "+strings.Join(each, ", ")))
}
