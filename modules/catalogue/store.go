package catalogue

import (
	"github.com/jackc/pgx/v5"
)

// english is the first argument of every query: whether twins are wanted. What has no twin comes in Italian, and says so.
func text(english bool, italian, twin string) Text {
	if english && twin != "" {
		return Text{twin, false}
	}
	return Text{italian, english}
}

const selectCards = `SELECT s.slug, s.title, CASE WHEN $1 THEN COALESCE(s.en ->> 'title', '') ELSE '' END,
	s.summary, CASE WHEN $1 THEN COALESCE(s.en ->> 'summary', '') ELSE '' END, s.category_id, s.provider_id,
	array_to_string(s.needs, ' '), array_to_string(s.audiences, ' '), array_to_string(s.places, ' '), array_to_string(s.neighbourhoods, ' '),
	s.status, s.online, s.price_kind, s.price_cents, s.price_max_cents, s.price_unit, COALESCE(s.picture::text, ''),
	s.sale IS NOT NULL AND s.status = 'active' AND s.price_kind = 'fixed' AND s.price_cents > 0 AND EXISTS (SELECT FROM providers v WHERE v.id = s.provider_id AND v.vat_number <> ''), `

// What may be seen of services: published ones of published providers.
const fromServices = ` FROM services s JOIN providers p ON p.id = s.provider_id AND p.published `

const byTitle = ` ORDER BY s.status, s.title, s.slug`

// readCard is a card while it is being read, with the twins of its texts.
type readCard struct {
	Card
	title, summary string
}

// targets are where the columns of selectCards go.
func (c *readCard) targets() []any {
	return []any{
		&c.Slug, &c.Title.Text, &c.title, &c.Summary.Text, &c.summary, (*[16]byte)(&c.category), (*[16]byte)(&c.provider),
		(*string)(&c.Needs), (*string)(&c.Audiences), (*string)(&c.Places), (*string)(&c.Neighbourhoods),
		(*string)(&c.Status), &c.Online, (*string)(&c.Price.Kind), &c.Price.Cents, &c.Price.Most, &c.Price.Unit, &c.Picture, &c.Sold, &c.terms,
	}
}

func (c *readCard) card(english bool) Card {
	c.Title, c.Summary = text(english, c.Title.Text, c.title), text(english, c.Summary.Text, c.summary)
	return c.Card
}

// What is usual, so that a list rarely has to grow while it is read.
const (
	manyCards = 72
	manyRows  = 16
)

// collect reads rows to where they stay.
func collect[T any](into *[]T, usual int, scan func(pgx.Rows, *T) error) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		list := make([]T, 0, usual)
		for rows.Next() {
			var none T
			list = append(list, none)
			if err := scan(rows, &list[len(list)-1]); err != nil {
				return err
			}
		}
		*into = list
		return rows.Err()
	}
}

func queueCards(b *pgx.Batch, into *[]Card, usual int, english bool, sql string, args ...any) {
	b.Queue(sql, append([]any{english}, args...)...).Query(func(rows pgx.Rows) error {
		// Every row has a value for every target: one row is read over the other.
		var c readCard
		targets := c.targets()
		*into = make([]Card, 0, usual)
		for rows.Next() {
			if err := rows.Scan(targets...); err != nil {
				return err
			}
			*into = append(*into, c.card(english))
		}
		return rows.Err()
	})
}

// queueAllCards asks for every service, with what the search needs if there is a question. Those of a provider that is out of view
// fall away when they are joined.
func queueAllCards(b *pgx.Batch, into *[]Card, english, search bool) {
	terms := `''`
	if search {
		terms = `s.terms::text`
	}
	queueCards(b, into, manyCards, english, selectCards+terms+` FROM services s WHERE s.published`+byTitle)
}

// queueSimilar asks for up to three services of the same shelf.
func queueSimilar(b *pgx.Batch, into *[]Card, english bool, slug string) {
	queueCards(b, into, 3, english, selectCards+`''`+fromServices+`WHERE s.published AND s.slug <> $2
		AND s.category_id = (SELECT o.category_id FROM services o WHERE o.slug = $2) ORDER BY s.status, s.online DESC, s.title, s.slug LIMIT 3`, slug)
}

func queueCardsOf(b *pgx.Batch, into *[]Card, english bool, provider string) {
	queueCards(b, into, manyRows, english, selectCards+`''`+fromServices+`WHERE s.published AND p.slug = $2`+byTitle, provider)
}

// queueHighlights asks for one service of each shelf: what can be had today, on line before others.
func queueHighlights(b *pgx.Batch, into *[]Card, english bool, most int) {
	queueCards(b, into, most, english, `SELECT h.* FROM (SELECT DISTINCT ON (s.category_id) `+selectCards[len("SELECT "):]+`''`+fromServices+
		`WHERE s.published ORDER BY s.category_id, s.status, s.online DESC, s.title, s.slug) h JOIN categories c ON c.id = h.category_id
		ORDER BY c.position LIMIT $2`, most)
}

func queueNeeds(b *pgx.Batch, into *[]Need, english, counted bool) {
	b.Queue(`SELECT n.slug, n.name, CASE WHEN $1 THEN COALESCE(n.en ->> 'name', '') ELSE '' END, n.icon,
		CASE WHEN $2 THEN (SELECT count(*) FROM services s WHERE s.published AND n.slug = ANY (s.needs)) ELSE 0 END
		FROM needs n WHERE n.published ORDER BY n.position, n.slug`, english, counted).Query(collect(into, manyRows, func(rows pgx.Rows, n *Need) error {
		var twin string
		err := rows.Scan(&n.Slug, &n.Name.Text, &twin, &n.Icon, &n.Count)
		n.Name = text(english, n.Name.Text, twin)
		return err
	}))
}

func queueCategories(b *pgx.Batch, into *[]Category, english, counted bool) {
	b.Queue(`SELECT c.id, c.slug, c.name, CASE WHEN $1 THEN COALESCE(c.en ->> 'name', '') ELSE '' END, c.summary,
		CASE WHEN $1 THEN COALESCE(c.en ->> 'summary', '') ELSE '' END, c.icon,
		CASE WHEN $2 THEN (SELECT count(*) FROM services s WHERE s.published AND s.category_id = c.id) ELSE 0 END
		FROM categories c WHERE c.published ORDER BY c.position, c.slug`, english, counted).Query(collect(into, manyRows, func(rows pgx.Rows, c *Category) error {
		var name, summary string
		err := rows.Scan((*[16]byte)(&c.id), &c.Slug, &c.Name.Text, &name, &c.Summary.Text, &summary, &c.Icon, &c.Count)
		c.Name, c.Summary = text(english, c.Name.Text, name), text(english, c.Summary.Text, summary)
		return err
	}))
}

const selectProviders = `SELECT p.id, p.slug, p.name, p.kind, p.accreditations`

// queueProviders asks for who delivers, as cards need them: with the name, and whether they stand in the register today.
func queueProviders(b *pgx.Batch, into *[]Provider, today string) {
	b.Queue(selectProviders + ` FROM providers p WHERE p.published ORDER BY p.position, p.slug`).
		Query(collect(into, manyRows, func(rows pgx.Rows, p *Provider) error { return p.scan(rows, today) }))
}

// queueProviderPages asks for providers with all that their pages show; slug "" for every one.
func queueProviderPages(b *pgx.Batch, into *[]Provider, english bool, today, slug string) {
	b.Queue(selectProviders+`, p.about, CASE WHEN $1 THEN COALESCE(p.en ->> 'about', '') ELSE '' END, p.address, p.phone, p.email, p.web, p.vat_number,
		COALESCE((SELECT n.name FROM neighbourhoods n WHERE n.slug = p.neighbourhood), ''),
		(SELECT count(*) FROM services s WHERE s.provider_id = p.id AND s.published)
		FROM providers p WHERE p.published AND ($2 = '' OR p.slug = $2) ORDER BY p.position, p.slug`, english, slug).Query(collect(into, manyRows, func(rows pgx.Rows, p *Provider) error {
		var about string
		err := p.scan(rows, today, &p.About.Text, &about, &p.Address, &p.Phone, &p.Email, &p.Web, &p.VATNumber, &p.Neighbourhood, &p.Count)
		p.About = text(english, p.About.Text, about)
		return err
	}))
}

func (p *Provider) scan(rows pgx.Rows, today string, more ...any) error {
	err := rows.Scan(append([]any{(*[16]byte)(&p.id), &p.Slug, &p.Name, &p.Kind, &p.Accreditations}, more...)...)
	p.Accredited = accredited(p.Accreditations, today)
	return err
}

// queueSheets asks for whole services, in the order in which their slugs are given.
func queueSheets(b *pgx.Batch, into *[]Sheet, english bool, slugs ...string) {
	b.Queue(selectCards+`'', s.sheet, s.status_reason, s.price_note, s.price_act, s.capacity, s.topics,
		ARRAY(SELECT n.name FROM neighbourhoods n WHERE n.slug = ANY (s.neighbourhoods) ORDER BY n.position),
		COALESCE(o.name, ''), COALESCE(o.address, ''), COALESCE(o.phone, ''), COALESCE(o.email, ''), COALESCE(o.hours, ''),
		p.slug, p.name, p.kind, p.accreditations, p.address, p.phone, p.email, p.web, p.vat_number, s.sale, s.attachments, s.updated_at`+fromServices+
		`LEFT JOIN offices o ON o.id = s.office_id WHERE s.published AND s.slug = ANY ($2) ORDER BY array_position($2, s.slug)`, english, slugs).
		Query(collect(into, len(slugs), func(rows pgx.Rows, s *Sheet) error {
			var c readCard
			var o Office
			p := &Provider{}
			err := rows.Scan(append(c.targets(), &s.sheet, &s.StatusReason, &s.PriceNote, &s.PriceAct, &s.Capacity, &s.Topics, &s.Areas,
				&o.Name, &o.Address, &o.Phone, &o.Email, &o.Hours,
				&p.Slug, &p.Name, &p.Kind, &p.Accreditations, &p.Address, &p.Phone, &p.Email, &p.Web, &p.VATNumber, &s.Sale, &s.Attachments, &s.Updated)...)
			s.Card = c.card(english)
			s.Provider = p
			if o.Name != "" {
				s.Office = &o
			}
			return err
		}))
}

// hood is a neighbourhood as a filter names it.
type hood struct{ slug, name string }

func queueHoods(b *pgx.Batch, into *[]hood) {
	b.Queue(`SELECT slug, name FROM neighbourhoods WHERE published ORDER BY position, slug`).
		Query(collect(into, manyRows, func(rows pgx.Rows, h *hood) error { return rows.Scan(&h.slug, &h.name) }))
}

func queueSynonyms(b *pgx.Batch, into *[]synonym) {
	b.Queue(`SELECT words, mean FROM synonyms WHERE published ORDER BY slug`).
		Query(collect(into, manyRows, func(rows pgx.Rows, s *synonym) error { return rows.Scan(&s.Words, &s.Mean) }))
}
