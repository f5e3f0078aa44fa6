package tenants

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// stored is a row as it stands in the database.
type stored struct {
	id      uuid.UUID
	columns map[string]any
	origin  Origin // nil: made by people, not by a folder
}

// readTables gives the rows of every table of the plan by slug, locked, and learns their ids.
func (a *application) readTables(ctx context.Context, plan *Plan, fresh bool) ([]map[string]stored, error) {
	if fresh { // unless another application has filled the city since
		if err := PgxTx(ctx).QueryRow(ctx, "SELECT origin = '{}' FROM cities WHERE id = current_city()").Scan(&fresh); err != nil {
			return nil, fmt.Errorf("look at the city: %w", err)
		}
	}
	tables := make([]map[string]stored, len(plan.Tables))
	var batch pgx.Batch
	for i, table := range plan.Tables {
		tables[i] = map[string]stored{}
		if fresh {
			continue
		}
		batch.Queue("SELECT id, slug, origin, to_jsonb(t) - 'origin' FROM " + pgx.Identifier{table.Name}.Sanitize() + " t FOR NO KEY UPDATE").Query(func(rows pgx.Rows) error {
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
		if len(merged) != len(columns) {
			return fmt.Errorf("%s %s: the folder speaks of other columns here than in the rows before", table.Name, row.Slug)
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

// queueUnpublish takes from view what the folder once set and no longer has; a person's own decision to publish, or to hide, stands.
func (a *application) queueUnpublish(batch *pgx.Batch, table string, existing map[string]stored, wanted map[string]bool) {
	for _, slug := range slices.Sorted(maps.Keys(existing)) {
		row := existing[slug]
		if wanted[slug] || row.origin == nil || row.origin["published"] == digestOf(false) || row.columns["published"] == false {
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
