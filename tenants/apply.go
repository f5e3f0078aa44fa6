package tenants

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Change is one thing that applying a folder did, or did not do because a person had changed it since.
type Change struct {
	Table   string
	Slug    string
	Done    Done
	Columns []string
}

// Done says what happened to a row.
type Done string

const (
	Created     Done = "created"
	Updated     Done = "updated"
	Unpublished Done = "unpublished" // the folder no longer has it
	Kept        Done = "kept"        // people changed these columns: the folder's wish was not followed
)

// Pictures is the file store as Apply needs it.
type Pictures interface {
	// Reserve notes the images in the running transaction and gives their ids; equal images share one.
	Reserve(ctx context.Context, images []Image) ([]uuid.UUID, error)
	// Upload stores those that are not stored yet; no transaction is open.
	Upload(ctx context.Context, ids []uuid.UUID, images []Image) error
	// Confirm marks them as stored, in the running transaction.
	Confirm(ctx context.Context, ids []uuid.UUID) error
}

// ErrHostTaken means that a host of the folder belongs to another city.
var ErrHostTaken = errors.New("host belongs to another city")

// Apply makes the city what its folder says, and tells what changed; a second run changes nothing. A row remembers what the
// folder last set: only what still equals that is changed, unless force. Nothing is deleted.
func (db *DB) Apply(ctx context.Context, plan *Plan, pictures Pictures, force bool) ([]Change, error) {
	city, fresh, err := db.cityFor(ctx, plan.Slug)
	if err != nil {
		return nil, err
	}
	ctx = With(ctx, city)
	names := slices.Sorted(maps.Keys(plan.Pictures))
	images := make([]Image, len(names))
	for i, name := range names {
		images[i] = plan.Pictures[name]
	}
	var ids []uuid.UUID
	if err := db.Tx(ctx, func(ctx context.Context) error {
		if fresh {
			if err := createCity(ctx, city, plan.Name); err != nil {
				return err
			}
		}
		ids, err = pictures.Reserve(ctx, images)
		return err
	}); err != nil {
		return nil, err
	}
	if err := pictures.Upload(ctx, ids, images); err != nil {
		return nil, err
	}
	a := application{force: force, ids: map[Ref]uuid.UUID{}, pictures: map[Picture]uuid.UUID{}}
	for i, name := range names {
		a.pictures[name] = ids[i]
	}
	err = db.Tx(ctx, func(ctx context.Context) error {
		if err := pictures.Confirm(ctx, ids); err != nil {
			return err
		}
		return a.run(ctx, plan, fresh)
	})
	return a.changes, err
}

// cityFor gives the city of a slug, or a new one that is not yet in the database.
func (db *DB) cityFor(ctx context.Context, slug string) (city *City, fresh bool, err error) {
	city = &City{Slug: slug}
	err = db.reads.QueryRow(ctx, "SELECT id, status FROM cities WHERE slug = $1", slug).Scan(&city.ID, &city.Status)
	if errors.Is(err, pgx.ErrNoRows) {
		return &City{ID: uuid.Must(uuid.NewV7()), Slug: slug}, true, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("look for city %s: %w", slug, err)
	}
	return city, false, nil
}

// createCity notes a city that does not answer yet: it opens in the transaction that fills it.
func createCity(ctx context.Context, city *City, name string) error {
	_, err := PgxTx(ctx).Exec(ctx, "INSERT INTO cities (id, slug, name, status, settings) VALUES ($1, $2, $3, 'suspended', '{}')", city.ID, city.Slug, name)
	if err != nil {
		return fmt.Errorf("create city %s: %w", city.Slug, err)
	}
	return nil
}

// application is one run of Apply.
type application struct {
	force    bool
	ids      map[Ref]uuid.UUID
	pictures map[Picture]uuid.UUID
	changes  []Change
}

func (a *application) run(ctx context.Context, plan *Plan, fresh bool) error {
	city, err := From(ctx)
	if err != nil {
		return err
	}
	if err := a.applyCity(ctx, city, plan, fresh); err != nil {
		return err
	}
	if err := a.applyHosts(ctx, plan); err != nil {
		return err
	}
	existing, err := a.readTables(ctx, plan, fresh)
	if err != nil {
		return err
	}
	var batch pgx.Batch
	for i, table := range plan.Tables {
		if err := a.applyTable(&batch, table, existing[i]); err != nil {
			return err
		}
	}
	if err := PgxTx(ctx).SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("write the rows of %s: %w", city.Slug, err)
	}
	if !slices.ContainsFunc(a.changes, func(c Change) bool { return c.Done != Kept }) {
		return nil
	}
	if err := Touch(ctx); err != nil {
		return err
	}
	return Audit(ctx, Entry{Actor: "operator", SubjectKind: "city", Subject: city.ID.String(), Verb: "applied", Purpose: "city apply", After: a.changes})
}

func (a *application) applyCity(ctx context.Context, city *City, plan *Plan, fresh bool) error {
	settings := plan.Settings
	settings.Brand.Mark, settings.Brand.Motif = a.pictures["mark"], a.pictures["motif"]
	wanted, err := values(settings)
	if err != nil {
		return err
	}
	wanted["name"] = plan.Name
	var settingsNow, originNow []byte
	var name, status string
	if err := PgxTx(ctx).QueryRow(ctx, "SELECT name, status, settings, origin FROM cities WHERE id = $1 FOR UPDATE", city.ID).
		Scan(&name, &status, &settingsNow, &originNow); err != nil {
		return fmt.Errorf("read city %s: %w", city.Slug, err)
	}
	var current map[string]any
	var origin Origin
	if err := errors.Join(json.Unmarshal(settingsNow, &current), json.Unmarshal(originNow, &origin)); err != nil {
		return fmt.Errorf("settings of %s: %w", city.Slug, err)
	}
	current["name"] = name
	// A city created by an apply that was cut off has remembered nothing yet: it is still to be opened.
	unopened := fresh || len(origin) == 0
	if unopened {
		current = map[string]any{}
	}
	merged, changed, kept := merge(current, origin, wanted, a.force)
	a.note("cities", city.Slug, unopened, changed, kept)
	remembered := originOf(wanted)
	if !unopened && maps.Equal(origin, remembered) && len(changed) == 0 {
		return nil
	}
	if unopened {
		status = string(StatusOpen)
	}
	newName := merged["name"]
	delete(merged, "name")
	_, err = PgxTx(ctx).Exec(ctx, "UPDATE cities SET name = $2, status = $3, settings = $4, origin = $5 WHERE id = $1", city.ID, newName, status, text(merged), text(remembered))
	if err != nil {
		return fmt.Errorf("write city %s: %w", city.Slug, err)
	}
	return nil
}

// applyHosts adds the folder's host names and removes those it no longer has.
func (a *application) applyHosts(ctx context.Context, plan *Plan) error {
	hosts := plan.Hosts
	if hosts == nil {
		hosts = []string{}
	}
	tag, err := PgxTx(ctx).Exec(ctx, "DELETE FROM hosts WHERE tenant_id = current_city() AND host <> ALL ($1)", hosts)
	if err != nil {
		return fmt.Errorf("remove hosts: %w", err)
	}
	added, err := PgxTx(ctx).Exec(ctx, "INSERT INTO hosts (host) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING", hosts)
	if err != nil {
		return fmt.Errorf("add hosts: %w", err)
	}
	var taken []string
	if err := PgxTx(ctx).QueryRow(ctx, "SELECT COALESCE(array_agg(host), '{}') FROM hosts WHERE host = ANY ($1) AND tenant_id <> current_city()", hosts).Scan(&taken); err != nil {
		return fmt.Errorf("check hosts: %w", err)
	}
	if len(taken) > 0 {
		return fmt.Errorf("%w: %s", ErrHostTaken, strings.Join(taken, ", "))
	}
	if tag.RowsAffected()+added.RowsAffected() > 0 {
		a.changes = append(a.changes, Change{Table: "hosts", Slug: strings.Join(hosts, " "), Done: Updated})
	}
	return nil
}

// stored is a row as it stands in the database.
type stored struct {
	id      uuid.UUID
	columns map[string]any
	origin  Origin // nil: made by people, not by a folder
}

// readTables gives the rows of every table of the plan by slug, and learns their ids.
func (a *application) readTables(ctx context.Context, plan *Plan, fresh bool) ([]map[string]stored, error) {
	tables := make([]map[string]stored, len(plan.Tables))
	var batch pgx.Batch
	for i, table := range plan.Tables {
		tables[i] = map[string]stored{}
		if fresh {
			continue
		}
		batch.Queue("SELECT id, slug, origin, to_jsonb(t) - 'origin' FROM " + pgx.Identifier{table.Name}.Sanitize() + " t").Query(func(rows pgx.Rows) error {
			for rows.Next() {
				var s stored
				var slug string
				if err := rows.Scan(&s.id, &slug, &s.origin, &s.columns); err != nil {
					return err
				}
				tables[i][slug] = s
				a.ids[Ref{table.Name, slug}] = s.id
			}
			return rows.Err()
		})
	}
	if err := PgxTx(ctx).SendBatch(ctx, &batch).Close(); err != nil {
		return nil, fmt.Errorf("read the rows: %w", err)
	}
	return tables, nil
}

// applyTable compares what the folder wants with what is there, and queues what to write.
func (a *application) applyTable(batch *pgx.Batch, table Table, existing map[string]stored) error {
	var writes []map[string]any
	columns := map[string]bool{}
	wantedSlugs := map[string]bool{}
	for _, row := range table.Rows {
		wantedSlugs[row.Slug] = true
		ref := Ref{table.Name, row.Slug}
		old, was := existing[row.Slug]
		if !was {
			a.ids[ref] = uuid.Must(uuid.NewV7())
		}
		wanted, remembered, err := a.resolve(row)
		if err != nil {
			return fmt.Errorf("%s %s: %w", table.Name, row.Slug, err)
		}
		merged, changed, kept := merge(old.columns, old.origin, wanted, a.force)
		a.note(table.Name, row.Slug, !was, changed, kept)
		if was && len(changed) == 0 && maps.Equal(old.origin, remembered) {
			continue
		}
		merged["id"], merged["slug"], merged["origin"] = a.ids[ref], row.Slug, remembered
		for c := range merged {
			columns[c] = true
		}
		writes = append(writes, merged)
	}
	queueUpsert(batch, table.Name, slices.Sorted(maps.Keys(columns)), writes)
	a.queueUnpublish(batch, table.Name, existing, wantedSlugs)
	return nil
}

func queueUpsert(batch *pgx.Batch, table string, columns []string, rows []map[string]any) {
	if len(rows) == 0 {
		return
	}
	names, updates := make([]string, len(columns)), make([]string, 0, len(columns))
	for i, c := range columns {
		names[i] = pgx.Identifier{c}.Sanitize()
		if c != "id" && c != "slug" {
			updates = append(updates, names[i]+" = EXCLUDED."+names[i])
		}
	}
	list, name := strings.Join(names, ", "), pgx.Identifier{table}.Sanitize()
	batch.Queue(fmt.Sprintf(`INSERT INTO %[1]s (%[2]s) SELECT %[2]s FROM jsonb_populate_recordset(NULL::%[1]s, $1::jsonb)
		ON CONFLICT (tenant_id, slug) DO UPDATE SET %[3]s`, name, list, strings.Join(updates, ", ")), text(rows))
}

// queueUnpublish takes from view what the folder once set and no longer has; a person's own decision to publish stands.
func (a *application) queueUnpublish(batch *pgx.Batch, table string, existing map[string]stored, wanted map[string]bool) {
	for _, slug := range slices.Sorted(maps.Keys(existing)) {
		row := existing[slug]
		if wanted[slug] || row.origin == nil || row.origin["published"] == digestOf(false) {
			continue
		}
		a.changes = append(a.changes, Change{Table: table, Slug: slug, Done: Unpublished})
		batch.Queue(fmt.Sprintf("UPDATE %s SET published = false, origin = origin || $2::jsonb WHERE id = $1", pgx.Identifier{table}.Sanitize()),
			row.id, text(Origin{"published": digestOf(false)}))
	}
}

// resolve turns a row of the folder into JSON values, with their digests: references and pictures become ids.
func (a *application) resolve(row Row) (wanted map[string]any, origin Origin, err error) {
	settled := row.settled
	if settled == nil {
		if settled, err = row.settle(); err != nil {
			return nil, nil, err
		}
	}
	wanted, origin = maps.Clone(settled.values), maps.Clone(settled.origin)
	for name, v := range row.Columns {
		var id any
		switch v := v.(type) {
		case Ref:
			if v.Slug != "" {
				known, ok := a.ids[v]
				if !ok {
					return nil, nil, fmt.Errorf("refers to %s %q, which is not there", v.Table, v.Slug)
				}
				id = known.String()
			}
		case Picture:
			if v != "" {
				id = a.pictures[v].String()
			}
		default:
			continue
		}
		wanted[name], origin[name] = id, digestOf(id)
	}
	return wanted, origin, nil
}

// settled is the part of a row that is the same in whatever city it is applied to.
type settled struct {
	values map[string]any
	origin Origin
}

func (r Row) settle() (*settled, error) {
	plain := map[string]any{"published": true}
	for name, v := range r.Columns {
		switch v.(type) {
		case Ref, Picture:
		default:
			plain[name] = v
		}
	}
	wanted, err := values(plain)
	return &settled{wanted, originOf(wanted)}, err
}

func (a *application) note(table, slug string, created bool, changed, kept []string) {
	switch {
	case created:
		a.changes = append(a.changes, Change{Table: table, Slug: slug, Done: Created})
	case len(changed) > 0:
		a.changes = append(a.changes, Change{Table: table, Slug: slug, Done: Updated, Columns: changed})
	}
	if len(kept) > 0 {
		a.changes = append(a.changes, Change{Table: table, Slug: slug, Done: Kept, Columns: kept})
	}
}

// Origin is what a folder last set of a row: column → digest of the value.
type Origin map[string]string

func originOf(wanted map[string]any) Origin {
	o := make(Origin, len(wanted))
	for c, v := range wanted {
		o[c] = digestOf(v)
	}
	return o
}

// digestOf is short: it tells a changed value from an unchanged one, nothing hangs on it being hard to forge.
func digestOf(v any) string {
	sum := sha256.Sum256([]byte(text(v)))
	return base64.RawStdEncoding.EncodeToString(sum[:9])
}

// merge follows the folder's wish for every column that still holds what the folder last set. changed are the columns whose value
// becomes another; kept are those that a person changed and for which the folder wants something else.
func merge(current map[string]any, origin Origin, wanted map[string]any, force bool) (merged map[string]any, changed, kept []string) {
	merged = make(map[string]any, len(wanted)+3)
	for _, c := range slices.Sorted(maps.Keys(wanted)) {
		now, had := current[c]
		last, remembered := origin[c]
		switch {
		case had && reflect.DeepEqual(now, wanted[c]):
			merged[c] = now
		case !had || force || (remembered && digestOf(now) == last) || (!remembered && origin != nil && now == nil):
			merged[c] = wanted[c]
			changed = append(changed, c)
		default:
			merged[c] = now
			kept = append(kept, c)
		}
	}
	return merged, changed, kept
}

// text is v as JSON text: what came from JSON always goes back into it.
func text(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("write JSON: %v", err))
	}
	return string(raw)
}

// values is v as JSON sees it, so that it compares with what PostgreSQL gives back.
func values(v any) (map[string]any, error) {
	var m map[string]any
	return m, json.Unmarshal([]byte(text(v)), &m)
}
