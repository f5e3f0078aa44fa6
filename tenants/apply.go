package tenants

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
// folder last set: only what still equals that is changed, unless force. Nothing is deleted. Two that run at once take turns.
func (db *DB) Apply(ctx context.Context, plan *Plan, pictures Pictures, force bool) ([]Change, error) {
	names := slices.Sorted(maps.Keys(plan.Pictures))
	images := make([]Image, len(names))
	for i, name := range names {
		images[i] = plan.Pictures[name]
	}
	city, fresh, ids, err := db.prepare(ctx, plan, pictures, images)
	if err != nil {
		return nil, err
	}
	ctx = With(ctx, city)
	if err := pictures.Upload(ctx, ids, images); err != nil {
		return nil, err
	}
	a := application{force: force, ids: map[Ref]uuid.UUID{}, pictures: map[Picture]uuid.UUID{}}
	for i, name := range names {
		a.pictures[name] = ids[i]
	}
	err = db.Tx(ctx, func(ctx context.Context) error {
		if err := a.run(ctx, plan, fresh); err != nil {
			return err
		}
		return pictures.Confirm(ctx, ids)
	})
	if err != nil {
		return nil, err
	}
	return a.changes, nil
}

// errOpenedMeanwhile means that somebody else created the city just now.
var errOpenedMeanwhile = errors.New("the city was opened meanwhile")

// prepare is the first of the two transactions: it finds the city, or notes a new one, and reserves its pictures.
func (db *DB) prepare(ctx context.Context, plan *Plan, pictures Pictures, images []Image) (city *City, fresh bool, ids []uuid.UUID, err error) {
	for {
		if city, fresh, err = db.cityFor(ctx, plan.Slug); err != nil {
			return nil, false, nil, err
		}
		err = db.Tx(With(ctx, city), func(ctx context.Context) error {
			if err := inTurn(ctx); err != nil {
				return err
			}
			if err := hostsFree(ctx, plan.Hosts); err != nil {
				return err
			}
			if fresh {
				if err := createCity(ctx, city, plan.Name); err != nil {
					return err
				}
			}
			ids, err = pictures.Reserve(ctx, images)
			return err
		})
		if !errors.Is(err, errOpenedMeanwhile) {
			return city, fresh, ids, err
		}
	}
}

// inTurn lets one application at a time work on a city, until the running transaction ends.
func inTurn(ctx context.Context) error {
	if _, err := PgxTx(ctx).Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended('apply ' || current_city(), 0))"); err != nil {
		return fmt.Errorf("wait for another application: %w", err)
	}
	return nil
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
	tag, err := PgxTx(ctx).Exec(ctx, `INSERT INTO cities (id, slug, name, status, settings) VALUES ($1, $2, $3, 'suspended', '{}')
		ON CONFLICT (slug) DO NOTHING`, city.ID, city.Slug, name)
	if err != nil {
		return fmt.Errorf("create city %s: %w", city.Slug, err)
	}
	if tag.RowsAffected() == 0 {
		return errOpenedMeanwhile
	}
	return nil
}

// application is one run of Apply.
type application struct {
	force    bool
	ids      map[Ref]uuid.UUID
	pictures map[Picture]uuid.UUID
	changes  []Change
	opening  bool // the city is opened by this run
}

func (a *application) run(ctx context.Context, plan *Plan, fresh bool) error {
	city, err := From(ctx)
	if err != nil {
		return err
	}
	if err := inTurn(ctx); err != nil {
		return err
	}
	// Rows are locked before their city, in the order in which people's own use cases lock them: a change, then Touch.
	existing, err := a.readTables(ctx, plan, fresh)
	if err != nil {
		return err
	}
	if err := a.applyCity(ctx, city, plan); err != nil {
		return err
	}
	if err := a.applyHosts(ctx, plan); err != nil {
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

func (a *application) applyCity(ctx context.Context, city *City, plan *Plan) error {
	settings := plan.Settings
	settings.Brand.Mark, settings.Brand.Motif = a.pictures["mark"], a.pictures["motif"]
	wanted, err := values(settings)
	if err != nil {
		return err
	}
	wanted["name"] = plan.Name
	var settingsNow, originNow []byte
	var name, status string
	if err := PgxTx(ctx).QueryRow(ctx, "SELECT name, status, settings, origin FROM cities WHERE id = $1 FOR NO KEY UPDATE", city.ID).
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
	unopened := len(origin) == 0
	if unopened {
		current = map[string]any{}
	}
	// What the folder no longer speaks of goes, unless a person put it there.
	for c := range current {
		if _, ok := wanted[c]; !ok {
			wanted[c] = nil
		}
	}
	merged, changed, kept := merge(current, origin, wanted, a.force)
	a.note("cities", city.Slug, unopened, changed, kept)
	remembered := originOf(wanted)
	if !unopened && maps.Equal(origin, remembered) && len(changed) == 0 {
		return nil
	}
	if a.opening = unopened; unopened {
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
	if err := hostsFree(ctx, hosts); err != nil {
		return err
	}
	if tag.RowsAffected()+added.RowsAffected() > 0 {
		done := Updated
		if a.opening {
			done = Created
		}
		a.changes = append(a.changes, Change{Table: "hosts", Slug: strings.Join(hosts, " "), Done: done})
	}
	return nil
}

// hostsFree returns ErrHostTaken if one of hosts is another city's.
func hostsFree(ctx context.Context, hosts []string) error {
	if len(hosts) == 0 {
		return nil
	}
	var taken []string
	err := PgxTx(ctx).QueryRow(ctx, "SELECT COALESCE(array_agg(host ORDER BY host), '{}') FROM hosts WHERE host = ANY ($1) AND tenant_id <> current_city()", hosts).Scan(&taken)
	if err != nil {
		return fmt.Errorf("check hosts: %w", err)
	}
	if len(taken) > 0 {
		return fmt.Errorf("%w: %s", ErrHostTaken, strings.Join(taken, ", "))
	}
	return nil
}
