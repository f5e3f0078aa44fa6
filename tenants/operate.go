package tenants

import (
	"context"
	"fmt"
)

// SetStatus opens or suspends the city of ctx.
func (db *DB) SetStatus(ctx context.Context, status Status) error {
	city, err := From(ctx)
	if err != nil {
		return err
	}
	return db.Tx(ctx, func(ctx context.Context) error {
		var before Status
		err := PgxTx(ctx).QueryRow(ctx, `UPDATE cities c SET status = $1, version = c.version + 1
			FROM (SELECT id, status FROM cities WHERE id = current_city() FOR NO KEY UPDATE) old WHERE c.id = old.id RETURNING old.status`, status).Scan(&before)
		if err != nil {
			return fmt.Errorf("set %s %s: %w", city.Slug, status, err)
		}
		return Audit(ctx, Entry{
			Actor: "operator", SubjectKind: "city", Subject: city.ID.String(), Verb: string(status), Purpose: "city status", Before: before, After: status,
		})
	})
}

// Hosts gives the host names that cities have besides <slug>.<parent>, by slug; slug "" means all cities.
func (db *DB) Hosts(ctx context.Context, slug string) (map[string][]string, error) {
	rows, err := db.reads.Query(ctx, `SELECT c.slug, h.host FROM hosts h JOIN cities c ON c.id = h.tenant_id
		WHERE $1 = '' OR c.slug = $1 ORDER BY h.host`, slug)
	if err != nil {
		return nil, fmt.Errorf("read the hosts: %w", err)
	}
	defer rows.Close()
	hosts := map[string][]string{}
	for rows.Next() {
		var slug, host string
		if err := rows.Scan(&slug, &host); err != nil {
			return nil, err
		}
		hosts[slug] = append(hosts[slug], host)
	}
	return hosts, rows.Err()
}

// BySlug reads cities as they stand in the database now, for commands that have just written them.
func (db *DB) BySlug(ctx context.Context, slugs []string) (map[string]*City, error) {
	d := &Directory{pool: db.reads}
	cities := map[string]*City{}
	err := d.query(ctx, func(c *City, _ []string) { cities[c.Slug] = c }, selectCities+" WHERE c.slug = ANY ($1)", slugs)
	return cities, err
}
