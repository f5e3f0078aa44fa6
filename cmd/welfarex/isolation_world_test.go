package main

import (
	"context"
	"encoding/base64"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
	"github.com/welfarex/welfarex/migrations"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/tenants"
)

// plantVariable names SQL that is run as superuser once the twins are open, before the program serves them: how cmd/mutants plants bugs
// in the database.
const plantVariable = "WELFAREX_PLANT_SQL"

// stage is the whole program on a PostgreSQL, an object store and a mailbox of its own, with twin cities.
type stage struct {
	app      *App
	postgres *local.Postgres
	s3       *local.S3
	mail     *local.Mail
	super    *pgxpool.Pool
	log      *logbook
	server   *attacks.Server
	alfa     *twin  // under attack
	beta     *twin  // whose data must not show
	lastJob  int64  // that the witnesses have seen
	back     string // SQL that puts people back as they were
}

// twin is one of two cities opened from the same folder.
type twin struct {
	*attacks.City
	record *tenants.City
	letter string            // of its canaries
	slugs  map[string]string // of the clones, by entity
	things things

	lastOrder int
}

// raise starts everything and opens the twins; the test's end takes it down.
func raise(ctx context.Context, t *testing.T) *stage {
	t.Helper()
	s := &stage{log: listenToLog(t)}
	var err error
	if s.postgres, err = local.StartPostgres(ctx, local.Options{Fast: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.postgres.Stop(context.Background()) })
	if _, err := migrations.Up(ctx, s.postgres.OwnerURL()); err != nil {
		t.Fatal(err)
	}
	if s.super, err = pgxpool.New(ctx, s.postgres.SuperURL()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.super.Close)
	if s.s3, err = local.StartS3(ctx, "", "", "isolation", "isolation-secret"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.s3.Stop)
	if s.mail, err = local.StartMail(ctx, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.mail.Stop() })
	l, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.openTwins(ctx, t, l)
	s.plant(ctx, t)
	s.serve(ctx, t, l)
	return s
}

// plant runs the bug that cmd/mutants asks for.
func (s *stage) plant(ctx context.Context, t *testing.T) {
	t.Helper()
	if sql := os.Getenv(plantVariable); sql != "" {
		if _, err := s.super.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Fatalf("plant: %v", err)
		}
	}
}

// put gives the program put together as the command does it, to answer at l.
func (s *stage) put(ctx context.Context, t *testing.T, l net.Listener, work bool) *App {
	t.Helper()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	a, err := open(ctx, Config{
		BaseURL: "http://welfarex.localhost:" + port, Connections: 8,
		DatabaseURL: s.postgres.AppURL(), SMTPURL: s.mail.SMTPURL(), Key: base64.StdEncoding.EncodeToString(make([]byte, 32)),
		S3Endpoint: s.s3.URL(), S3Bucket: local.Bucket, S3AccessKey: "isolation", S3SecretKey: "isolation-secret", APIRate: 1_000_000,
		Chromium: printer(t),
	}, work)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// printer stands for Chromium: its files are the pages themselves, so that canaries sing in them.
func printer(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chromium")
	const copies = "#!/bin/sh\nfor a; do case $a in --print-to-pdf=*) out=${a#*=};; file://*) in=${a#file://};; esac; done\n{ echo %PDF-1.7; cat \"$in\"; } > \"$out\"\n"
	if err := os.WriteFile(path, []byte(copies), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	return path
}

// serve lets the program answer and work until the test ends.
func (s *stage) serve(ctx context.Context, t *testing.T, l net.Listener) {
	t.Helper()
	s.app = s.put(ctx, t, l, true)
	for _, c := range []*twin{s.alfa, s.beta} {
		c.record = s.app.cities.ByID(c.record.ID)
	}
	ending, end := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- s.app.both(ending, l) }()
	t.Cleanup(func() {
		end()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		s.app.Close()
	})
	s.server = attacks.Dial(l.Addr().String())
	t.Cleanup(s.server.Close)
}

// openTwins opens both cities from one folder, fills them with canaries and people, and remembers how they are.
func (s *stage) openTwins(ctx context.Context, t *testing.T, l net.Listener) {
	t.Helper()
	s.app = s.put(ctx, t, l, false)
	defer s.app.Close()
	s.alfa, s.beta = s.openTwin(ctx, t, "alfa", "a"), s.openTwin(ctx, t, "beta", "b")
	for _, c := range []*twin{s.alfa, s.beta} {
		s.settle(ctx, t, c)
		s.fill(ctx, t, c)
		s.findThings(ctx, t, c)
	}
	s.remember(ctx, t)
}

func (s *stage) openTwin(ctx context.Context, t *testing.T, slug, letter string) *twin {
	t.Helper()
	folder, err := fs.Sub(tenants.House(), "cities/biella")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.app.readFolder(slug, folder)
	if err != nil {
		t.Fatal(err)
	}
	plan.Name, plan.Hosts = "Città "+slug, []string{markOf(letter, 999) + ".example"}
	if _, err := s.app.db.Apply(ctx, plan, s.app.files, false); err != nil {
		t.Fatal(err)
	}
	var record *tenants.City
	s.eventually(t, "the server hears of "+slug, func() bool {
		for _, c := range s.app.cities.All() {
			if c.Slug == slug && c.Status == tenants.StatusOpen {
				record = c
			}
		}
		return record != nil
	})
	return &twin{record: record, letter: letter, City: &attacks.City{
		Slug: slug, Host: record.Host, Base: s.app.parsed.base.Of(record), Marks: []string{"qz" + letter + "vx"},
	}}
}

func (s *stage) eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("did not come true: %s", what)
		}
	}
}

// in is ctx working for the twin.
func (c *twin) in(ctx context.Context) context.Context { return tenants.With(ctx, c.record) }
