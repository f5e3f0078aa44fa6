package programmes

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/places"
)

const card = "p.slug, p.title, p.summary, p.audiences, p.status, p.opens, p.closes, p.picture, p.en"

func (p *Programme) columns() []any {
	return []any{&p.Slug, &p.Title, &p.Summary, &p.Audiences, &p.Declared, &p.Opens, &p.Closes, &p.Picture, &p.En}
}

// Queue adds to a batch the query for every programme of the city, those that close soonest first.
func Queue(b *pgx.Batch, into *[]Programme) {
	b.Queue("SELECT " + card + " FROM programmes p WHERE p.published ORDER BY NULLIF(p.closes, ''), p.position, p.slug").Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var p Programme
			if err := rows.Scan(p.columns()...); err != nil {
				return err
			}
			*into = append(*into, p)
		}
		return rows.Err()
	})
}

// QueueSearchable adds to a batch the query for every programme with the words by which people search it.
func QueueSearchable(b *pgx.Batch, into *[]Searchable) {
	b.Queue("SELECT " + card + ", p.topics, p.keywords FROM programmes p WHERE p.published ORDER BY NULLIF(p.closes, ''), p.position, p.slug").Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var p Searchable
			if err := rows.Scan(append(p.columns(), &p.Topics, &p.Keywords)...); err != nil {
				return err
			}
			*into = append(*into, p)
		}
		return rows.Err()
	})
}

func (s *Service) readAll(ctx context.Context) (all []Programme, err error) {
	return all, s.db.Read(ctx, func(b *pgx.Batch) { Queue(b, &all) })
}

// readSheet gives one programme, and the city's access points, where one can apply.
func (s *Service) readSheet(ctx context.Context, slug string) (sheet Sheet, points []places.Point, err error) {
	found := false
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT "+card+`, p.sheet, p.topics, p.updated_at,
			COALESCE(o.name, ''), COALESCE(o.address, ''), COALESCE(o.phone, ''), COALESCE(o.email, ''), COALESCE(o.hours, '')
			FROM programmes p LEFT JOIN offices o ON o.id = p.office_id WHERE p.published AND p.slug = $1`, slug).Query(func(rows pgx.Rows) error {
			for rows.Next() {
				found = true
				o := &sheet.Office
				if err := rows.Scan(append(sheet.columns(), &sheet.Texts, &sheet.Topics, &sheet.Updated, &o.Name, &o.Address, &o.Phone, &o.Email, &o.Hours)...); err != nil {
					return err
				}
			}
			return rows.Err()
		})
		places.QueuePoints(b, &points)
	})
	if err == nil && !found {
		err = problem.ErrNotFound
	}
	return sheet, points, err
}

// QueuePaths adds to a batch the query for the pages that search engines should know.
func QueuePaths(b *pgx.Batch, into *[]string) {
	*into = append(*into, "/programmi")
	b.Queue("SELECT '/programmi/' || slug FROM programmes WHERE published ORDER BY position, slug").Query(func(rows pgx.Rows) error {
		paths, err := pgx.CollectRows(rows, pgx.RowTo[string])
		*into = append(*into, paths...)
		return err
	})
}
