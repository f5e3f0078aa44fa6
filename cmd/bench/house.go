package main

import (
	"context"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/migrations"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/tenants"
)

// settings are what a process of the program needs, as in its environment.
type settings struct {
	Addr, BaseURL, Database, Owner, S3, S3Access, S3Secret, Key string
	Cards                                                       string // the card gateway's address, "" for none

	Connections int
}

// env writes the settings as `welfarex --env-file` reads them.
func (s settings) env() string {
	var b strings.Builder
	for _, line := range [][2]string{
		{"WELFAREX_ADDR", s.Addr}, {"WELFAREX_BASE_URL", s.BaseURL}, {"DATABASE_URL", s.Database}, {"DATABASE_OWNER_URL", s.Owner},
		{"S3_ENDPOINT", s.S3}, {"S3_BUCKET", local.Bucket}, {"S3_ACCESS_KEY", s.S3Access}, {"S3_SECRET_KEY", s.S3Secret},
		{"SMTP_URL", "smtp://127.0.0.1:9"}, {"WELFAREX_KEY", s.Key}, {"WELFAREX_CONNECTIONS", fmt.Sprint(s.Connections)},
	} {
		fmt.Fprintf(&b, "%s='%s'\n", line[0], line[1])
	}
	return b.String()
}

// baseURL is where cities answer; the port is never dialled, loads go to the addresses of the processes.
const baseURL = "http://localhost:8080"

// house is PostgreSQL and an object store, with the cities of the demo in them.
type house struct {
	dir      string
	postgres *local.Postgres
	s3       *local.S3
	settings
}

// cities of the demo; the first is the one that is measured.
var cities = []string{"cremona", "biella", "sondrio", "napoli", "milano", "torino", "bari", "salerno", "forli"}

// openHouse starts everything below dir, with the durability of a real installation, and applies the first so many cities.
func openHouse(ctx context.Context, dir string, postgres *local.Postgres, count int) (_ *house, err error) {
	h := &house{dir: dir, postgres: postgres, settings: settings{
		Addr: "127.0.0.1:0", BaseURL: baseURL, Key: base64.StdEncoding.EncodeToString(make([]byte, 32)), S3Access: "bench", S3Secret: "bench-bench", Connections: 16,
	}}
	h.Database, h.Owner = postgres.AppURL(), postgres.OwnerURL()
	if h.s3, err = local.StartS3(ctx, filepath.Join(dir, "s3"), "", h.S3Access, h.S3Secret); err != nil {
		return nil, err
	}
	h.S3 = h.s3.URL()
	if _, err := migrations.Up(ctx, h.Owner); err != nil {
		h.close()
		return nil, err
	}
	if err := h.apply(ctx, cities[:count]...); err != nil {
		h.close()
		return nil, err
	}
	return h, nil
}

func (h *house) close() { h.s3.Stop() }

// apply opens cities from the folders that travel with the program.
func (h *house) apply(ctx context.Context, slugs ...string) error {
	a, err := openApp(ctx, h.settings, true)
	if err != nil {
		return err
	}
	defer a.close()
	for _, slug := range slugs {
		files, err := fs.Sub(tenants.House(), "cities/"+slug)
		if err != nil {
			return err
		}
		plan, err := tenants.ReadFolder(slug, files, tenants.House(), parts())
		if err != nil {
			return err
		}
		if _, err := a.db.Apply(ctx, plan, a.files, false); err != nil {
			return err
		}
	}
	return analyse(ctx, h.Owner)
}

// analyse gives the planner its statistics at once, as autovacuum would within minutes.
func analyse(ctx context.Context, ownerURL string) error {
	conn, err := pgx.Connect(ctx, ownerURL)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, "VACUUM ANALYZE")
	return err
}

// plain gives a URL at which the same rows of one city are read with an explicit filter and no policies: by a superuser, through a
// schema of views, so that statements need not be changed.
func (h *house) plain(ctx context.Context, slug string) (string, error) {
	conn, err := pgx.Connect(ctx, h.postgres.SuperURL())
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "DROP SCHEMA IF EXISTS plain CASCADE; CREATE SCHEMA plain"); err != nil {
		return "", err
	}
	var city string
	if err := conn.QueryRow(ctx, "SELECT id::text FROM cities WHERE slug = $1", slug).Scan(&city); err != nil {
		return "", err
	}
	rows, err := conn.Query(ctx, `SELECT format('CREATE VIEW plain.%1$I AS SELECT * FROM public.%1$I WHERE tenant_id = %2$L', table_name, $1::text)
		FROM information_schema.columns WHERE table_schema = 'public' AND column_name = 'tenant_id'`, city)
	if err != nil {
		return "", err
	}
	views, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", err
	}
	if _, err := conn.Exec(ctx, strings.Join(views, ";")); err != nil {
		return "", err
	}
	u, err := url.Parse(h.postgres.SuperURL())
	if err != nil {
		return "", err
	}
	q := u.Query()
	q.Set("search_path", "plain,public")
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// backends are the processes of PostgreSQL that work for somebody.
func (h *house) backends(ctx context.Context) ([]int, error) {
	conn, err := pgx.Connect(ctx, h.postgres.SuperURL())
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	rows, err := conn.Query(ctx, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[int])
}

// host is where a city of the house answers.
func host(slug string) string { return slug + ".localhost" }

// write puts the settings into a file that the program reads.
func (s settings) write(dir, name string) (string, error) {
	file := filepath.Join(dir, name)
	return file, os.WriteFile(file, []byte(s.env()), 0o600)
}

// eventually waits for ok.
func eventually(ctx context.Context, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
	return nil
}
