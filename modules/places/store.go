package places

import (
	"context"

	"github.com/jackc/pgx/v5"
)

const selectPoints = `SELECT p.slug, p.name, p.kind, p.neighbourhood, COALESCE(n.name, ''), p.address, p.lat, p.lon, p.phone, p.email, p.about,
	p.step_free, p.languages, p.hours, p.closed, p.en
	FROM access_points p LEFT JOIN neighbourhoods n ON n.slug = p.neighbourhood
	WHERE p.published ORDER BY p.position, p.slug`

// QueuePoints adds to a batch the query for every access point of the city.
func QueuePoints(b *pgx.Batch, into *[]Point) {
	b.Queue(selectPoints).Query(func(rows pgx.Rows) error {
		*into = make([]Point, 0, 8)
		for rows.Next() {
			*into = append(*into, Point{})
			p := &(*into)[len(*into)-1]
			var hours map[string][]string
			err := rows.Scan(&p.Slug, &p.Name, &p.Kind, &p.Neighbourhood, &p.NeighbourhoodName, &p.Address, &p.Lat, &p.Lon, &p.Phone, &p.Email, &p.About,
				&p.StepFree, &p.Languages, &hours, &p.Closed, &p.En)
			if err != nil {
				return err
			}
			if p.Hours, err = parseWeek(hours); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// QueueGeography adds to a batch the queries for what the city's map is drawn from, besides its points.
func QueueGeography(b *pgx.Batch, into *Geography) {
	b.Queue("SELECT slug, name, lat, lon FROM neighbourhoods WHERE published ORDER BY position, slug").Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var n Neighbourhood
			if err := rows.Scan(&n.Slug, &n.Name, &n.Lat, &n.Lon); err != nil {
				return err
			}
			into.Neighbourhoods = append(into.Neighbourhoods, n)
		}
		return rows.Err()
	})
	b.Queue("SELECT name, kind = 'sea', path FROM waters WHERE published ORDER BY position, slug").Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var w Water
			if err := rows.Scan(&w.Name, &w.Sea, &w.Path); err != nil {
				return err
			}
			into.Waters = append(into.Waters, w)
		}
		return rows.Err()
	})
}

// QueueOffices adds to a batch the query for the city's offices.
func QueueOffices(b *pgx.Batch, into *[]Office) {
	b.Queue("SELECT slug, name, about, address, phone, email, hours, en FROM offices WHERE published ORDER BY position, slug").Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var o Office
			if err := rows.Scan(&o.Slug, &o.Name, &o.About, &o.Address, &o.Phone, &o.Email, &o.Hours, &o.En); err != nil {
				return err
			}
			*into = append(*into, o)
		}
		return rows.Err()
	})
}

// read gives all that the pages of access points show, in one round trip.
func (s *Service) read(ctx context.Context) (points []Point, geography Geography, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		QueuePoints(b, &points)
		QueueGeography(b, &geography)
	})
	return points, geography, err
}

// QueuePaths adds to a batch the query for the pages that search engines should know.
func QueuePaths(b *pgx.Batch, into *[]string) {
	*into = append(*into, "/punti")
	b.Queue("SELECT '/punti/' || slug FROM access_points WHERE published ORDER BY position, slug").Query(func(rows pgx.Rows) error {
		paths, err := pgx.CollectRows(rows, pgx.RowTo[string])
		*into = append(*into, paths...)
		return err
	})
}
