package catalogue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/places"
	"github.com/welfarex/welfarex/tenants"
)

const selectRecords = `SELECT s.id, s.provider_id, s.slug, s.published, s.title, s.summary, c.slug, s.needs, s.audiences, s.places, s.neighbourhoods,
	s.status, s.status_reason, s.price_kind, s.price_cents, s.price_max_cents, s.price_unit, s.price_note, s.sale, s.capacity, s.topics, s.keywords,
	COALESCE(s.picture, '00000000-0000-0000-0000-000000000000'), s.attachments, COALESCE(s.en ->> 'title', ''), COALESCE(s.en ->> 'summary', ''), s.sheet FROM services s JOIN categories c ON c.id = s.category_id `

func scanRecord(row pgx.Row, r *Record) error {
	var texts sheet
	err := row.Scan(&r.ID, &r.Provider, &r.Slug, &r.Published, &r.Title, &r.Summary, &r.Category, &r.Needs, &r.For, &r.Where, &r.Neighbourhoods,
		(*string)(&r.Status), &r.StatusReason, (*string)(&r.Price.Kind), &r.Price.Cents, &r.Price.Most, &r.Price.Unit, &r.PriceNote, &r.Sale, &r.Capacity,
		&r.Topics, &r.Keywords, &r.Picture, &r.Attachments, &r.TitleEn, &r.SummaryEn, &texts)
	if err == nil {
		r.read(&texts)
	}
	return err
}

// QueueRecords adds to a batch the query for the services of some providers.
func QueueRecords(b *pgx.Batch, providers []uuid.UUID, into *[]Record) {
	b.Queue(selectRecords+`WHERE s.provider_id = ANY ($1) ORDER BY s.title, s.slug`, providers).
		Query(collect(into, manyRows, func(rows pgx.Rows, r *Record) error { return scanRecord(rows, r) }))
}

// QueueRecord adds to a batch the query for one service; the list stays empty if it is not there.
func QueueRecord(b *pgx.Batch, id uuid.UUID, into *[]Record) {
	b.Queue(selectRecords+`WHERE s.id = $1`, id).Query(collect(into, 1, func(rows pgx.Rows, r *Record) error { return scanRecord(rows, r) }))
}

// QueueDemanding adds to a batch the query for the services in view that stand on a shelf which asks for an accreditation.
func QueueDemanding(b *pgx.Batch, into *[]Record) {
	b.Queue(selectRecords + `WHERE s.published AND c.accreditations <> '{}' ORDER BY s.id`).
		Query(collect(into, manyRows, func(rows pgx.Rows, r *Record) error { return scanRecord(rows, r) }))
}

// LockRecord reads a service in the running transaction and keeps others from changing it. Errors: problem.ErrNotFound.
func LockRecord(ctx context.Context, id uuid.UUID) (*Record, error) {
	r := &Record{}
	err := scanRecord(tenants.PgxTx(ctx).QueryRow(ctx, selectRecords+`WHERE s.id = $1 FOR NO KEY UPDATE OF s`, id), r)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, problem.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read service %s: %w", id, err)
	}
	return r, nil
}

const selectMakers = `SELECT p.id, p.slug, p.name, p.kind, p.about, p.address, p.phone, p.email, p.web, p.neighbourhood, p.vat_number, p.accreditations FROM providers p `

func scanMaker(row pgx.Row, m *Maker) error {
	return row.Scan(&m.ID, &m.Slug, &m.Name, &m.Kind, &m.About, &m.Address, &m.Phone, &m.Email, &m.Web, &m.Neighbourhood, &m.VATNumber, &m.Accreditations)
}

// QueueMakers adds to a batch the query for some providers; with no ids, for all that are in view.
func QueueMakers(b *pgx.Batch, into *[]Maker, ids ...uuid.UUID) {
	b.Queue(selectMakers+`WHERE CASE WHEN $1 THEN p.published ELSE p.id = ANY ($2::text[]::uuid[]) END ORDER BY p.name, p.slug`, len(ids) == 0, spelled(ids)).
		Query(collect(into, manyRows, func(rows pgx.Rows, m *Maker) error { return scanMaker(rows, m) }))
}

// spelled are ids as texts, which a batch inside a transaction can send without knowing their type.
func spelled(ids []uuid.UUID) []string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = id.String()
	}
	return all
}

// LockMaker reads a provider in the running transaction and keeps others from changing it. Errors: problem.ErrNotFound.
func LockMaker(ctx context.Context, slug string) (*Maker, error) {
	m := &Maker{}
	err := scanMaker(tenants.PgxTx(ctx).QueryRow(ctx, selectMakers+`WHERE p.slug = $1 AND p.published FOR NO KEY UPDATE`, slug), m)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, problem.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read provider %s: %w", slug, err)
	}
	return m, nil
}

// QueueChoices adds to a batch the queries for what a service can be connected with.
func QueueChoices(b *pgx.Batch, lang string, into *Choices) {
	en := english(lang)
	b.Queue(`SELECT slug, CASE WHEN $1 THEN COALESCE(en ->> 'name', name) ELSE name END, accreditations FROM categories WHERE published ORDER BY position, slug`, en).
		Query(collect(&into.Shelves, manyRows, func(rows pgx.Rows, s *Shelf) error { return rows.Scan(&s.Slug, &s.Name, &s.Accreditations) }))
	b.Queue(`SELECT slug, CASE WHEN $1 THEN COALESCE(en ->> 'name', name) ELSE name END FROM needs WHERE published ORDER BY position, slug`, en).
		Query(collect(&into.Needs, manyRows, func(rows pgx.Rows, n *Named) error { return rows.Scan(&n.Slug, &n.Name) }))
	b.Queue(`SELECT slug, name FROM neighbourhoods WHERE published ORDER BY position, slug`).
		Query(collect(&into.Neighbourhoods, manyRows, func(rows pgx.Rows, n *Named) error { return rows.Scan(&n.Slug, &n.Name) }))
}

// insertService adds an empty service out of view, under the first slug of those that is free.
func insertService(ctx context.Context, id, provider uuid.UUID, slugs []string, e *Entry) error {
	for _, slug := range slugs {
		tag, err := tenants.PgxTx(ctx).Exec(ctx, `INSERT INTO services (id, slug, title, summary, category_id, provider_id, price_kind, sheet, published)
			SELECT $1, $2, $3, $4, c.id, $5, $6, '{}', false FROM categories c WHERE c.slug = $7 ON CONFLICT (tenant_id, slug) DO NOTHING`,
			id, slug, e.Title, e.Summary, provider, e.Price.Kind, e.Category)
		if err != nil {
			return fmt.Errorf("add service %s: %w", id, err)
		}
		if tag.RowsAffected() == 1 {
			return nil
		}
	}
	return problem.ErrNotFound
}

// lockSheet reads what a service's row holds besides its entry.
func lockSheet(ctx context.Context, id uuid.UUID) (kept sheet, there bool, err error) {
	err = tenants.PgxTx(ctx).QueryRow(ctx, `SELECT sheet FROM services WHERE id = $1 FOR NO KEY UPDATE`, id).Scan(&kept)
	if errors.Is(err, pgx.ErrNoRows) {
		return kept, false, nil
	}
	if err != nil {
		return kept, false, fmt.Errorf("read the sheet of service %s: %w", id, err)
	}
	return kept, true, nil
}

// saveEntry writes an entry into its row.
func saveEntry(ctx context.Context, id uuid.UUID, e *Entry, rendered sheet) error {
	attachments, err := json.Marshal(orEmpty(e.Attachments))
	if err != nil {
		return err
	}
	var picture *uuid.UUID
	if e.Picture != uuid.Nil {
		picture = &e.Picture
	}
	tag, err := tenants.PgxTx(ctx).Exec(ctx, `UPDATE services s SET title = $2, summary = $3, category_id = c.id, needs = $5, audiences = $6, places = $7,
		neighbourhoods = $8, status = $9, status_reason = $10, price_kind = $11, price_cents = $12, price_max_cents = $13, price_unit = $14, price_note = $15,
		sale = $16, online = s.online OR $16::jsonb IS NOT NULL, capacity = $17, sheet = $18, topics = $19, keywords = $20, terms = $21, picture = $22,
		attachments = $23, published = true, en = $24
		FROM categories c WHERE s.id = $1 AND c.slug = $4`,
		id, e.Title, e.Summary, e.Category, orEmpty(e.Needs), orEmpty(e.For), orEmpty(e.Where), orEmpty(e.Neighbourhoods), e.Status, e.StatusReason,
		e.Price.Kind, e.Price.Cents, e.Price.Most, e.Price.Unit, e.PriceNote, e.Sale, e.Capacity, rendered, orEmpty(e.Topics), orEmpty(e.Keywords),
		e.file().terms(), picture, string(attachments), e.twin())
	if err != nil {
		return fmt.Errorf("write service %s: %w", id, err)
	}
	if tag.RowsAffected() == 0 {
		return problem.ErrNotFound
	}
	return nil
}

func hideService(ctx context.Context, id uuid.UUID) error {
	if _, err := tenants.PgxTx(ctx).Exec(ctx, `UPDATE services SET published = false WHERE id = $1`, id); err != nil {
		return fmt.Errorf("take service %s out of view: %w", id, err)
	}
	return nil
}

func saveProfile(ctx context.Context, id uuid.UUID, p Profile) error {
	_, err := tenants.PgxTx(ctx).Exec(ctx, `UPDATE providers SET about = $2, address = $3, phone = $4, email = $5, web = $6, neighbourhood = $7,
		en = CASE WHEN about = $2 THEN en END WHERE id = $1`, id, p.About, p.Address, p.Phone, p.Email, p.Web, p.Neighbourhood)
	if err != nil {
		return fmt.Errorf("write provider %s: %w", id, err)
	}
	return nil
}

func saveAccreditations(ctx context.Context, id uuid.UUID, list []Accreditation) error {
	raw, err := json.Marshal(orEmpty(list))
	if err != nil {
		return err
	}
	if _, err := tenants.PgxTx(ctx).Exec(ctx, `UPDATE providers SET accreditations = $2 WHERE id = $1`, id, string(raw)); err != nil {
		return fmt.Errorf("write the accreditations of provider %s: %w", id, err)
	}
	return nil
}

// readPreview gives what stands around an entry on its sheet.
func (s *Service) readPreview(ctx context.Context, lang string, id, provider uuid.UUID, e *Entry) (page *SheetPage, makers []Maker, categories []Category, err error) {
	page = &SheetPage{}
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		QueueMakers(b, &makers, provider)
		queueCategories(b, &categories, english(lang), false)
		queueNames(b, id, e.Neighbourhoods, &page.Office, &page.Areas)
		places.QueuePoints(b, &page.Points)
	})
	return page, makers, categories, err
}

// queueNames asks for the office of a service and the names of neighbourhoods, as its sheet shows them.
func queueNames(b *pgx.Batch, id uuid.UUID, hoods []string, office **Office, areas *[]string) {
	b.Queue(`SELECT o.name, o.address, o.phone, o.email, o.hours FROM services s JOIN offices o ON o.id = s.office_id WHERE s.id = $1`, id).
		Query(func(rows pgx.Rows) error {
			for rows.Next() {
				*office = &Office{}
				if err := rows.Scan(&(*office).Name, &(*office).Address, &(*office).Phone, &(*office).Email, &(*office).Hours); err != nil {
					return err
				}
			}
			return rows.Err()
		})
	b.Queue(`SELECT name FROM neighbourhoods WHERE slug = ANY ($1) ORDER BY position`, orEmpty(hoods)).
		Query(collect(areas, 1, func(rows pgx.Rows, name *string) error { return rows.Scan(name) }))
}
