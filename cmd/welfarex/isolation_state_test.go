package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// cityTables are all tables with rows of cities.
func (s *stage) cityTables(ctx context.Context) ([]string, error) {
	rows, err := s.super.Query(ctx, `SELECT table_name FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'tenant_id'
		AND table_name <> 'hosts' ORDER BY 1`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// append-only tables are not put back: nothing hangs on their rows.
var appendOnly = []string{"audit_entries", "audit_heads"}

// remember keeps how the twins are, for reset.
func (s *stage) remember(ctx context.Context, t *testing.T) {
	t.Helper()
	tables, err := s.cityTables(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.super.Exec(ctx, "CREATE SCHEMA remembered"); err != nil {
		t.Fatal(err)
	}
	var back strings.Builder
	for _, table := range tables {
		if slices.Contains(appendOnly, table) {
			continue
		}
		if _, err := s.super.Exec(ctx, fmt.Sprintf("CREATE TABLE remembered.%[1]s AS SELECT * FROM public.%[1]s", table)); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(shownTables, table) || table == "services" || table == "providers" { // which their providers change
			fmt.Fprintf(&back, "DELETE FROM public.%[1]s; INSERT INTO public.%[1]s SELECT * FROM remembered.%[1]s;\n", table)
		}
	}
	s.back = "BEGIN; SET LOCAL session_replication_role = replica;\n" + back.String() + "COMMIT"
}

// reset puts people, sessions, links and throttles of both twins back as they were. It waits for jobs: they work on what was there.
func (s *stage) reset(ctx context.Context) error {
	_, err := s.super.Exec(ctx, s.back, pgx.QueryExecModeSimpleProtocol)
	return err
}

// hashes digests every table's rows of one city.
func (s *stage) hashes(ctx context.Context, c *twin) (map[string]string, error) {
	tables, err := s.cityTables(ctx)
	if err != nil {
		return nil, err
	}
	parts := []string{fmt.Sprintf("SELECT 'cities', md5(x::text) FROM cities x WHERE id = '%s'", c.record.ID)}
	for _, table := range append(tables, "hosts") {
		parts = append(parts, fmt.Sprintf("SELECT '%[1]s', md5(COALESCE(string_agg(x::text, '|' ORDER BY x::text), '')) FROM %[1]s x WHERE tenant_id = '%[2]s'", table, c.record.ID))
	}
	rows, err := s.super.Query(ctx, strings.Join(parts, " UNION ALL "))
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	var table, sum string
	_, err = pgx.ForEachRow(rows, []any{&table, &sum}, func() error {
		sums[table] = sum
		return nil
	})
	return sums, err
}

// changed names the tables that differ between two digests.
func changed(before, after map[string]string) []string {
	var tables []string
	for _, table := range slices.Sorted(maps.Keys(before)) {
		if before[table] != after[table] {
			tables = append(tables, table)
		}
	}
	return tables
}
