package orders

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/tenants"
)

// sold is what may be bought today: published, active, of one price, by a provider with a VAT number.
const sold = `s.published AND p.published AND s.status = 'active' AND s.sale IS NOT NULL AND s.price_kind = 'fixed' AND s.price_cents > 0 AND p.vat_number <> ''`

const selectItems = `SELECT s.id, s.slug, s.title, s.price_unit, COALESCE(s.picture::text, ''), COALESCE(s.sheet ->> 'conditions', ''), s.price_cents, s.sale, ` + sold + `,
	p.id, p.slug, p.name, p.address, p.phone, p.email, p.vat_number`

func (i *Item) targets(s *Seller) []any {
	return []any{
		&i.Service, &i.Slug, &i.Title, &i.Unit, &i.Picture, &i.Terms, &i.Cents, &i.Sale, &i.Sold,
		&s.ID, &s.Slug, &s.Name, &s.Address, &s.Phone, &s.Email, &s.VATNumber,
	}
}

// of gives the condition and its argument by which a holder's basket is found.
func (h Holder) of() (where string, arg any) {
	if h.Account != uuid.Nil {
		return "b.account_id = $1", h.Account
	}
	sum := sha256.Sum256([]byte(h.Token))
	return "b.token = $1", sum[:]
}

// queueBasket asks for what a holder has in the basket.
func queueBasket(b *pgx.Batch, h Holder, into *Basket) {
	where, arg := h.of()
	b.Queue(selectItems+`, l.quantity FROM baskets b JOIN basket_lines l ON l.basket_id = b.id JOIN services s ON s.id = l.service_id
		JOIN providers p ON p.id = s.provider_id WHERE `+where+` ORDER BY l.added_at, s.slug`, arg).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var i Item
			if err := rows.Scan(append(i.targets(&into.Provider), &i.Quantity)...); err != nil {
				return err
			}
			if i.Sale == nil {
				i.Sale, i.Sold = &catalogue.Sale{VAT: catalogue.Exempt, Most: i.Quantity, CancelDays: 1}, false
			}
			i.Quantity = min(i.Quantity, i.Sale.Most) // fewer may be sold now than when it was chosen
			into.Items = append(into.Items, i)
		}
		return rows.Err()
	})
}

// findItem reads a service that can be bought today; one that cannot is not found.
func (s *Service) findItem(ctx context.Context, slug string) (i Item, seller Seller, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(selectItems+` FROM services s JOIN providers p ON p.id = s.provider_id WHERE s.slug = $1 AND s.published AND p.published`, slug).
			QueryRow(func(row pgx.Row) error { return row.Scan(i.targets(&seller)...) })
	})
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotSold
	}
	if err == nil && !i.Sold {
		err = ErrNotSold
	}
	return i, seller, err
}

// kept is a basket's row, locked.
type kept struct{ id, provider uuid.UUID }

// lockBasket keeps a holder's basket for this transaction; the zero value if there is none.
func lockBasket(ctx context.Context, h Holder) (k kept, err error) {
	where, arg := h.of()
	err = tenants.PgxTx(ctx).QueryRow(ctx, "SELECT b.id, b.provider_id FROM baskets b WHERE "+where+" FOR UPDATE", arg).Scan(&k.id, &k.provider)
	if errors.Is(err, pgx.ErrNoRows) {
		return kept{}, nil
	}
	return k, err
}

// taken is what an order is made of: the basket, locked, and what was placed before under the same key.
type taken struct {
	kept
	Basket
	order  uuid.UUID // uuid.Nil if none was
	digest []byte
}

// takeBasket locks an account's basket, then reads it as it is now that nobody else changes it. It takes one round trip.
func (s *Service) takeBasket(ctx context.Context, account, key uuid.UUID) (t taken, err error) {
	h := Holder{Account: account}
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		where, arg := h.of()
		b.Queue("SELECT b.id, b.provider_id FROM baskets b WHERE "+where+" FOR UPDATE", arg).QueryRow(perhaps(&t.id, &t.provider))
		b.Queue("SELECT id, digest FROM orders WHERE actor_id = $1 AND key = $2", account, key).QueryRow(perhaps(&t.order, &t.digest))
		queueBasket(b, h, &t.Basket)
	})
	return t, err
}

// perhaps reads a row if there is one.
func perhaps(into ...any) func(pgx.Row) error {
	return func(row pgx.Row) error {
		if err := row.Scan(into...); !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		return nil
	}
}

// insertBasket opens a basket; two requests at once open one.
func insertBasket(ctx context.Context, id uuid.UUID, h Holder, provider uuid.UUID, now time.Time) error {
	var token []byte
	account := uuid.NullUUID{UUID: h.Account, Valid: h.Account != uuid.Nil}
	if !account.Valid {
		sum := sha256.Sum256([]byte(h.Token))
		token = sum[:]
	}
	return exec(ctx, "open a basket", "INSERT INTO baskets (id, account_id, token, provider_id, touched_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING", id, account, token, provider, now)
}

// deleteBasket goes ahead of the next statement, or with the commit.
func deleteBasket(ctx context.Context, id uuid.UUID) {
	tenants.Later(ctx, "empty a basket", "DELETE FROM baskets WHERE id = $1", id)
}

func touchBasket(ctx context.Context, id uuid.UUID, now time.Time) error {
	return exec(ctx, "touch a basket", "UPDATE baskets SET touched_at = $2 WHERE id = $1", id, now)
}

// addLine puts units of a service into a basket, up to the most that one order may have.
func addLine(ctx context.Context, basket, service uuid.UUID, quantity, most int, now time.Time) error {
	return exec(ctx, "fill a basket", `INSERT INTO basket_lines (basket_id, service_id, quantity, added_at) VALUES ($1, $2, LEAST($3::int, $4::int), $5)
		ON CONFLICT (tenant_id, basket_id, service_id) DO UPDATE SET quantity = LEAST(basket_lines.quantity + $3::int, $4::int)`, basket, service, quantity, most, now)
}

// putLine is addLine for who says how many there shall be.
func putLine(ctx context.Context, basket, service uuid.UUID, quantity, most int, now time.Time) error {
	return exec(ctx, "fill a basket", `INSERT INTO basket_lines (basket_id, service_id, quantity, added_at) VALUES ($1, $2, LEAST($3::int, $4::int), $5)
		ON CONFLICT (tenant_id, basket_id, service_id) DO UPDATE SET quantity = EXCLUDED.quantity`, basket, service, quantity, most, now)
}

// setLine changes the units of a service; none takes it out.
func setLine(ctx context.Context, basket, service uuid.UUID, quantity, most int) error {
	if quantity <= 0 {
		return exec(ctx, "empty a line", "DELETE FROM basket_lines WHERE basket_id = $1 AND service_id = $2", basket, service)
	}
	return exec(ctx, "change a line", "UPDATE basket_lines SET quantity = LEAST($3::int, $4::int) WHERE basket_id = $1 AND service_id = $2", basket, service, quantity, most)
}

// dropEmpty removes a basket in which nothing is left: the next service may be another provider's.
func dropEmpty(ctx context.Context, basket uuid.UUID) error {
	return exec(ctx, "drop a basket", "DELETE FROM baskets b WHERE id = $1 AND NOT EXISTS (SELECT FROM basket_lines l WHERE l.basket_id = b.id)", basket)
}

// giveBasket makes a visitor's basket an account's.
func giveBasket(ctx context.Context, basket, account uuid.UUID) error {
	return exec(ctx, "keep a basket", "UPDATE baskets SET account_id = $2, token = NULL WHERE id = $1", basket, account)
}

// mergeLines adds a visitor's lines to an account's basket.
func mergeLines(ctx context.Context, from, to uuid.UUID) error {
	return exec(ctx, "join baskets", `INSERT INTO basket_lines (basket_id, service_id, quantity, added_at) SELECT $2, service_id, quantity, added_at FROM basket_lines WHERE basket_id = $1
		ON CONFLICT (tenant_id, basket_id, service_id) DO UPDATE SET quantity = GREATEST(basket_lines.quantity, EXCLUDED.quantity)`, from, to)
}

// sweepBaskets removes those that visitors left behind.
func sweepBaskets(ctx context.Context, before time.Time) error {
	return exec(ctx, "sweep baskets", "DELETE FROM baskets WHERE account_id IS NULL AND touched_at < $1", before)
}

func exec(ctx context.Context, what, sql string, args ...any) error {
	if _, err := tenants.PgxTx(ctx).Exec(ctx, sql, args...); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
