package catalogue

import (
	"github.com/jackc/pgx/v5"
)

// Front is what the home shows of the catalogue.
type Front struct {
	Needs      []Need     // all of them, with how many services answer each
	Categories []Category // with how many services stand there
	Highlights []Card     // one service of each shelf, ready for ServiceCard
	Services   int
	Providers  int
	Free       int // services that cost nothing
}

// QueueFront adds to a batch all that the home shows of the catalogue; it is whole once the batch has been read.
func (s *Service) QueueFront(b *pgx.Batch, lang string, highlights int, into *Front) {
	var providers []Provider
	en := english(lang)
	queueNeeds(b, &into.Needs, en, true)
	queueCategories(b, &into.Categories, en, true)
	if highlights > 0 {
		queueProviders(b, &providers, s.today())
		queueHighlights(b, &into.Highlights, en, highlights)
	}
	b.Queue(`SELECT count(*), count(DISTINCT s.provider_id), count(*) FILTER (WHERE s.price_kind = 'free')` + fromServices + `WHERE s.published`).
		QueryRow(func(row pgx.Row) error {
			into.Highlights = join(into.Highlights, into.Categories, providers)
			return row.Scan(&into.Services, &into.Providers, &into.Free)
		})
}

// QueuePaths adds to a batch the query for every page of the catalogue that search engines should know.
func (s *Service) QueuePaths(b *pgx.Batch, into *[]string) {
	b.Queue(`SELECT path FROM (
			SELECT 1, '/servizi' UNION ALL SELECT 2, '/enti'
			UNION ALL SELECT 3, '/bisogni/' || slug FROM needs WHERE published
			UNION ALL SELECT 4, '/categorie/' || slug FROM categories WHERE published
			UNION ALL SELECT 5, '/servizi/' || s.slug` + fromServices + `WHERE s.published
			UNION ALL SELECT 6, '/enti/' || slug FROM providers WHERE published
		) AS all_paths (part, path) ORDER BY part, path`).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var path string
			if err := rows.Scan(&path); err != nil {
				return err
			}
			*into = append(*into, path)
		}
		return rows.Err()
	})
}
