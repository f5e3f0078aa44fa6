package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A canary is a word that stands in one column of one city and nowhere else: qz, the city's letter, vx, the column's number, zq. Where
// it sings, data has leaked, and its number says from where.
func markOf(letter string, n int) string { return fmt.Sprintf("qz%svx%03dzq", letter, n) }

func hasMark(text string, c *twin) bool { return strings.Contains(strings.ToLower(text), c.Marks[0]) }

// column is a text column of a city's table.
type column struct {
	table, name, kind string // text · text[] · jsonb
	listed            bool   // a CHECK holds it to a list of words, or to digits: no canary fits
	n                 int
}

func (c column) String() string { return c.table + "." + c.name }

// machineRead are columns that the program parses: their canaries sit in a row that no page reads (published is false), or beside
// what is parsed.
var machineRead = regexp.MustCompile(`^(cities\.slug|hosts\.host|.*\.(slug|icon|email|web|picture|opens|closes|languages|closed|places|audiences|version)|services\.(picture|price_unit|sheet)|order_lines\.unit|answers\..*|sessions\.scopes|payments\..*|payment_notices\..*|refunds\..*|` +
	`pages\.version|files\.(module|content_type)|policy_exceptions\..*|audit_entries\..*|secrets\.name|` +
	`accounts\.(email|new_email|language|password|codice_fiscale)|tokens\.email|acceptances\.version|ledger_accounts\.name|ledger_transfers\.key)$`)

// textColumns reads from the catalogue every text column of every table that has rows of cities.
func (s *stage) textColumns(ctx context.Context, t *testing.T) []column {
	t.Helper()
	rows, err := s.super.Query(ctx, `SELECT c.table_name, c.column_name, CASE WHEN c.data_type = 'ARRAY' THEN 'text[]' ELSE c.data_type END,
			EXISTS (SELECT FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
				WHERE k.conrelid = c.table_name::regclass AND k.contype = 'c' AND a.attname = c.column_name AND pg_get_constraintdef(k.oid) ~ '= ANY|\[0-9\]')
		FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
		WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND (c.data_type IN ('text', 'jsonb') OR c.udt_name = '_text')
			AND (c.table_name = 'cities' OR EXISTS (SELECT FROM information_schema.columns x WHERE x.table_schema = 'public' AND x.table_name = c.table_name AND x.column_name = 'tenant_id'))
		ORDER BY c.table_name, c.ordinal_position`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (column, error) {
		var c column
		err := row.Scan(&c.table, &c.name, &c.kind, &c.listed)
		return c, err
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range list {
		list[i].n = i + 1
	}
	return list
}

// fill puts a canary of its own into every text column of the city.
func (s *stage) fill(ctx context.Context, t *testing.T, c *twin) {
	t.Helper()
	columns := s.textColumns(ctx, t)
	tx, err := s.super.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	f := filling{tx: tx, city: c}
	f.clone(ctx, t, columns)
	for _, col := range columns {
		if col.table != "audit_entries" && !col.listed {
			f.column(ctx, t, col)
		}
	}
	f.audit(ctx, t, columns)
	f.prove(ctx, t, columns)
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

// filling is the work on one city.
type filling struct {
	tx   pgx.Tx
	city *twin
}

func (f filling) exec(ctx context.Context, t *testing.T, what, sql string, args ...any) {
	t.Helper()
	if _, err := f.tx.Exec(ctx, sql, args...); err != nil {
		t.Fatalf("fill %s of %s: %v", what, f.city.Slug, err)
	}
}

// clone doubles a row of every table of the portal, once to be seen under a slug that only this city has, once unpublished.
func (f filling) clone(ctx context.Context, t *testing.T, columns []column) {
	t.Helper()
	for _, col := range columns {
		if col.name != "slug" || col.table == "cities" {
			continue
		}
		for i, shown := range []bool{true, false} {
			slug := markOf(f.city.letter, col.n)
			if !shown {
				slug += "-h"
			}
			if col.table == "pages" {
				slug += ".it"
			}
			f.exec(ctx, t, col.table, fmt.Sprintf(`INSERT INTO %[1]s SELECT (jsonb_populate_record(x, jsonb_build_object('id', gen_random_uuid(), 'slug', $2::text, 'published', $3::bool))).*
				FROM %[1]s x WHERE tenant_id = $1 ORDER BY x.slug LIMIT 1 OFFSET $4`, col.table), f.city.record.ID, slug, shown, i)
		}
	}
}

// column puts the canary into one column: behind what is there, or, if the program parses it, only where no page looks.
func (f filling) column(ctx context.Context, t *testing.T, col column) {
	t.Helper()
	where := "tenant_id = $1"
	if col.table == "cities" {
		where = "id = $1"
	}
	if machineRead.MatchString(col.String()) {
		if !slices.Contains(shownTables, col.table) {
			return // settle wrote rows of its own
		}
		where += " AND NOT published"
		if col.name == "slug" {
			return
		}
	}
	mark := markOf(f.city.letter, col.n)
	switch col.kind {
	case "text":
		f.exec(ctx, t, col.String(), fmt.Sprintf("UPDATE %s SET %[2]s = trim(COALESCE(%[2]s, '') || ' ' || $2::text) WHERE %[3]s", col.table, col.name, where), f.city.record.ID, mark)
	case "text[]":
		f.exec(ctx, t, col.String(), fmt.Sprintf("UPDATE %s SET %[2]s = %[2]s || $2::text WHERE %[3]s", col.table, col.name, where), f.city.record.ID, mark)
	case "jsonb":
		f.json(ctx, t, col, where, mark)
	}
}

// shownTables have a row that no page reads.
var shownTables = []string{
	"offices", "neighbourhoods", "waters", "access_points", "needs", "categories", "synonyms", "providers", "services", "programmes", "pages",
}

// json writes the canary behind every text of a JSON value, or beside what has none.
func (f filling) json(ctx context.Context, t *testing.T, col column, where, mark string) {
	t.Helper()
	if col.String() == "services.attachments" {
		f.exec(ctx, t, col.String(), `UPDATE services SET attachments = jsonb_build_array(jsonb_build_object('id', gen_random_uuid(), 'name', $2::text, 'bytes', 1)) WHERE `+where, f.city.record.ID, mark)
		return
	}
	rows, err := f.tx.Query(ctx, fmt.Sprintf("SELECT ctid::text, COALESCE(%s, '{}') FROM %s WHERE %s", col.name, col.table, where), f.city.record.ID)
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]any{}
	var at string
	var raw []byte
	if _, err := pgx.ForEachRow(rows, []any{&at, &raw}, func() error {
		var v any
		err := json.Unmarshal(raw, &v)
		values[at] = marked(v, col, mark, "")
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for at, v := range values {
		text, _ := json.Marshal(v)
		f.exec(ctx, t, col.String(), fmt.Sprintf("UPDATE %s SET %s = $1::jsonb WHERE ctid = $2::tid", col.table, col.name), string(text), at)
	}
}

// parsedLeaf are JSON texts that the program parses, by key; parsedColumns are JSON values of which every text is parsed.
var (
	parsedLeaf    = regexp.MustCompile(`^(primary|accent|mark|motif|languages|needs|istat|catastale|url|from|to|reply_to|email|date|link|province|icon|slug|kind|channel|id|picture)$`)
	parsedColumns = []string{"access_points.hours", "services.origin", "waters.path", "services.terms", "programmes.terms", "services.sale"}
)

func marked(v any, col column, mark, key string) any {
	if col.name == "origin" || slices.Contains(parsedColumns, col.String()) {
		if m, ok := v.(map[string]any); ok {
			m[mark] = map[string]any{"access_points.hours": []any{}, "services.terms": 1, "programmes.terms": 1}[col.String()]
			if col.name == "origin" {
				m[mark] = mark
			}
		}
		return v
	}
	switch v := v.(type) {
	case string:
		if parsedLeaf.MatchString(key) || strings.HasPrefix(v, "#") && len(v) == 7 {
			return v
		}
		return strings.TrimSpace(v + " " + mark)
	case []any:
		for i := range v {
			v[i] = marked(v[i], col, mark, key)
		}
	case map[string]any:
		for k := range v {
			v[k] = marked(v[k], col, mark, k)
		}
		if len(v) == 0 && key == "" {
			v[mark] = mark
		}
	}
	return v
}

// audit appends an entry that holds canaries: the trail cannot be changed, not even here.
func (f filling) audit(ctx context.Context, t *testing.T, columns []column) {
	t.Helper()
	var names, values []string
	for _, col := range columns {
		if col.table == "audit_entries" {
			names, values = append(names, col.name), append(values, "'"+markOf(f.city.letter, col.n)+"'")
		}
	}
	f.exec(ctx, t, "city", "SELECT set_config('app.tenant', $1, true)", f.city.record.ID.String())
	f.exec(ctx, t, "audit_entries", "INSERT INTO audit_entries (seq, at, prev, hash, "+strings.Join(names, ", ")+") VALUES (0, now(), '', '', "+strings.Join(values, ", ")+")")
}

// prove fails unless every column that can hold a canary holds one: a suite that has nothing to find proves nothing.
func (f filling) prove(ctx context.Context, t *testing.T, columns []column) {
	t.Helper()
	for _, col := range columns {
		if col.listed || col.String() == "cities.slug" || col.String() == "waters.path" {
			continue // words of a list, the city's name in addresses, numbers
		}
		key := "tenant_id"
		if col.table == "cities" {
			key = "id"
		}
		var there bool
		err := f.tx.QueryRow(ctx, fmt.Sprintf("SELECT EXISTS (SELECT FROM %s WHERE %s = $1 AND %s::text LIKE '%%' || $2 || '%%')", col.table, key, col.name),
			f.city.record.ID, f.city.Marks[0]).Scan(&there)
		var refused *pgconn.PgError
		if errors.As(err, &refused) || err != nil {
			t.Fatalf("look for the canary of %s: %v", col, err)
		}
		if !there {
			t.Errorf("no canary in %s of %s: teach isolation_canary_test.go or isolation_people_test.go to put one there", col, f.city.Slug)
		}
	}
}
