package tenants

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Directory knows which city answers at which host. It holds every city in memory and hears of changes from PostgreSQL.
type Directory struct {
	pool   *pgxpool.Pool
	parent string   // cities answer at <slug>.<parent>
	only   []string // slugs, when this process serves but some

	mu     sync.RWMutex
	byHost map[string]*City
	byID   map[uuid.UUID]*City

	listening atomic.Bool
}

// OpenDirectory reads the cities; only limits it to some slugs (none = all). Call Follow to keep it fresh.
func OpenDirectory(ctx context.Context, db *DB, parent string, only ...string) (*Directory, error) {
	d := &Directory{pool: db.reads, parent: strings.ToLower(parent), only: only}
	return d, d.reload(ctx)
}

// ByHost gives the one city that answers at host (lower case, no port), or nil.
func (d *Directory) ByHost(host string) *City {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.byHost[host]
}

// ByID gives the city with this id, or nil.
func (d *Directory) ByID(id uuid.UUID) *City {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.byID[id]
}

// All gives every city, by slug.
func (d *Directory) All() []*City {
	d.mu.RLock()
	defer d.mu.RUnlock()
	all := make([]*City, 0, len(d.byID))
	for _, c := range d.byID {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *City) int { return strings.Compare(a.Slug, b.Slug) })
	return all
}

// Fresh says whether changes are being heard of; while they are not, nothing may be served from a cache.
func (d *Directory) Fresh() bool { return d.listening.Load() }

// Partial says whether this process serves but some cities, so that a city it does not know may well exist.
func (d *Directory) Partial() bool { return len(d.only) > 0 }

// Follow keeps the directory fresh until ctx ends. After a lost connection everything is read again.
func (d *Directory) Follow(ctx context.Context) {
	for ctx.Err() == nil {
		err := d.listen(ctx)
		d.listening.Store(false)
		if ctx.Err() != nil {
			return
		}
		slog.Warn("lost the news of cities; listening again", "error", err)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

func (d *Directory) listen(ctx context.Context) error {
	conn, err := pgx.ConnectConfig(ctx, d.pool.Config().ConnConfig)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, "LISTEN cities"); err != nil {
		return err
	}
	if err := d.reload(ctx); err != nil {
		return err
	}
	d.listening.Store(true)
	for {
		ids, err := news(ctx, conn)
		if err != nil {
			return err
		}
		if err := d.refresh(ctx, ids); err != nil {
			return err
		}
	}
}

const (
	silence = 10 * time.Second      // after so long without news, ask whether the connection still lives
	bundle  = 20 * time.Millisecond // news that follow one another within it are taken together
)

// news waits for the next change and takes with it those that follow at once: an import brings thousands. None at all is no error.
func news(ctx context.Context, conn *pgx.Conn) ([]uuid.UUID, error) {
	first, err := heard(ctx, conn, silence, 1)
	switch {
	case err != nil:
		return nil, err
	case len(first) == 0:
		return nil, alive(ctx, conn)
	}
	more, err := heard(ctx, conn, bundle, math.MaxInt)
	return append(first, more...), err
}

// heard gives the cities that there was news of within a time, and returns at once when there are enough.
func heard(ctx context.Context, conn *pgx.Conn, within time.Duration, enough int) ([]uuid.UUID, error) {
	waiting, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	seen := map[uuid.UUID]bool{}
	for len(seen) < enough {
		n, err := conn.WaitForNotification(waiting)
		if err != nil && (ctx.Err() != nil || !pgconn.Timeout(err)) {
			return nil, err
		}
		if err != nil {
			break
		}
		id, err := uuid.Parse(n.Payload)
		if err != nil {
			slog.Warn("news of no city", "payload", n.Payload)
			continue
		}
		seen[id] = true
	}
	return slices.Collect(maps.Keys(seen)), nil
}

// alive finds out about a peer that went away without a word, of which TCP alone would tell us only after minutes.
func alive(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, silence/2)
	defer cancel()
	return conn.Ping(ctx)
}

const selectCities = `SELECT c.id, c.slug, c.name, c.status, c.version, c.settings,
	COALESCE((SELECT array_agg(h.host) FROM hosts h WHERE h.tenant_id = c.id), '{}') FROM cities c`

func (d *Directory) reload(ctx context.Context) error {
	byHost, byID := map[string]*City{}, map[uuid.UUID]*City{}
	err := d.query(ctx, func(c *City, hosts []string) {
		byID[c.ID] = c
		for _, h := range hosts {
			byHost[h] = c
		}
	}, selectCities)
	if err != nil {
		return fmt.Errorf("read the cities: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.byHost, d.byID = byHost, byID
	return nil
}

// refresh reads some cities anew.
func (d *Directory) refresh(ctx context.Context, ids []uuid.UUID) error {
	byHost, byID := map[string]*City{}, map[uuid.UUID]*City{}
	err := d.query(ctx, func(c *City, hosts []string) {
		byID[c.ID] = c
		for _, h := range hosts {
			byHost[h] = c
		}
	}, selectCities+" WHERE c.id = ANY ($1)", ids)
	if err != nil {
		return fmt.Errorf("read changed cities: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for host, old := range d.byHost {
		if byID[old.ID] != nil {
			delete(d.byHost, host)
		}
	}
	maps.Copy(d.byHost, byHost)
	maps.Copy(d.byID, byID)
	return nil
}

// query calls each with every city of the answer that this process serves, and with all host names it answers at:
// none, until it is open for the first time.
func (d *Directory) query(ctx context.Context, each func(*City, []string), sql string, args ...any) error {
	rows, err := d.pool.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var c City
		var settings []byte
		var hosts []string
		if err := rows.Scan(&c.ID, &c.Slug, &c.Name, &c.Status, &c.Version, &settings, &hosts); err != nil {
			return err
		}
		if len(d.only) > 0 && !slices.Contains(d.only, c.Slug) {
			continue
		}
		if err := json.Unmarshal(settings, &c.Settings); err != nil {
			slog.Error("a city cannot be served", "city", c.Slug, "error", err) // and keeps no other from being served
			continue
		}
		c.Host = c.Slug + "." + d.parent
		if c.Portal == "" { // its folder is being applied for the first time: nobody is to know of it yet
			each(&c, nil)
			continue
		}
		each(&c, append(slices.DeleteFunc(hosts, d.ours), c.Host))
	}
	return rows.Err()
}

// ours says whether a host is the installation's to give: under the parent domain every name is the city's of that slug, whatever a
// folder claims.
func (d *Directory) ours(host string) bool {
	return host == d.parent || strings.HasSuffix(host, "."+d.parent)
}
