package portal

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/places"
	"github.com/welfarex/welfarex/modules/programmes"
)

// front is all that the home shows.
type front struct {
	catalogue  catalogue.Front
	points     []places.Point
	geography  places.Geography
	programmes []programmes.Programme
	pages      []Link
}

// readFront gives the home in one round trip.
func (s *Service) readFront(ctx context.Context, lang string) (f front, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		s.catalogue.QueueFront(b, lang, 0, &f.catalogue)
		places.QueuePoints(b, &f.points)
		places.QueueGeography(b, &f.geography)
		programmes.Queue(b, &f.programmes)
		queueOwn(b, lang, &f.pages)
	})
	return f, err
}

// queueOwn adds to a batch the query for the pages that only this city has.
func queueOwn(b *pgx.Batch, lang string, into *[]Link) {
	b.Queue(`SELECT left(it.slug, -3), COALESCE(tr.title, it.en ->> 'title', it.title), COALESCE(tr.description, it.description),
		CASE WHEN tr.id IS NULL THEN 'it' ELSE $1 END
		FROM pages it LEFT JOIN pages tr ON tr.published AND tr.slug = left(it.slug, -2) || $1
		WHERE it.published AND it.slug LIKE '%.it' AND left(it.slug, -3) <> ALL ($2) ORDER BY 1`, lang, house).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Link])
		return err
	})
}

// readPage gives a page in a language or, where it has no translation, in Italian. With own, also the links to the city's own pages.
func (s *Service) readPage(ctx context.Context, slug, lang string, own *[]Link) (Page, error) {
	var found []Page
	err := s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue(`SELECT $1::text AS slug, right(slug, 2), CASE WHEN $2 = 'en' AND slug LIKE '%.it' THEN COALESCE(en ->> 'title', title) ELSE title END,
			description, version, html FROM pages WHERE published AND slug IN ($1 || '.' || $2, $1 || '.it') ORDER BY slug = $1 || '.it'`, slug, lang).
			Query(func(rows pgx.Rows) (err error) {
				found, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Page])
				return err
			})
		if own != nil {
			queueOwn(b, lang, own)
		}
	})
	if err == nil && len(found) == 0 {
		err = problem.ErrNotFound
	}
	if err != nil {
		return Page{}, err
	}
	page := found[0]
	if page.HTML == "" {
		page.HTML = houseHTML()[slug+"."+page.Lang]
	}
	return page, nil
}

// readContacts gives whom one can reach.
func (s *Service) readContacts(ctx context.Context) (points []places.Point, offices []places.Office, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		places.QueuePoints(b, &points)
		places.QueueOffices(b, &offices)
	})
	return points, offices, err
}

// readPaths gives every public page of the city, without language.
func (s *Service) readPaths(ctx context.Context) ([]string, error) {
	paths := []string{"/"}
	var services, programmesPaths, points []string
	var own []Link
	err := s.db.Read(ctx, func(b *pgx.Batch) {
		s.catalogue.QueuePaths(b, &services)
		programmes.QueuePaths(b, &programmesPaths)
		places.QueuePaths(b, &points)
		queueOwn(b, "it", &own)
	})
	paths = append(append(append(paths, services...), programmesPaths...), points...)
	for _, slug := range house {
		paths = append(paths, "/"+slug)
	}
	for _, link := range own {
		paths = append(paths, "/pagine/"+link.Slug)
	}
	return append(paths, "/contatti"), err
}

// readUpdated says when the city was last changed as a whole.
func (s *Service) readUpdated(ctx context.Context) (at *time.Time, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT max(at) FROM audit_entries WHERE subject_kind = 'city'").QueryRow(func(row pgx.Row) error { return row.Scan(&at) })
	})
	return at, err
}
