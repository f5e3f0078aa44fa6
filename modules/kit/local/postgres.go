// Package local holds the parts that the demo and the tests run inside one process, each a real one:
// PostgreSQL as a child that never outlives us, an S3 service, a mailbox.
package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	databaseName = "welfarex"
	ownerRole    = "welfarex_owner"
	appRole      = "welfarex_app"
	superRole    = "postgres"
)

// Options say where a Postgres lives. The zero value is a throw-away server in a temporary folder.
type Options struct {
	// Dir, a folder of its own, keeps the data, the passwords and the port from one start to the next; "" means
	// a temporary one that Stop removes (and that a later start removes if this process was killed).
	Dir string
	// Port is a fixed TCP port on 127.0.0.1; 0 means a free one, chosen at the first start and kept.
	Port int
	// Log receives what the server writes; nil drops it, though a failed start still quotes the end of it.
	Log io.Writer
	// Fast gives up durability for speed: for tests only.
	Fast bool
}

// Postgres is a running server with the database "welfarex", its owner role and its app role.
type Postgres struct {
	opt   Options
	as    *account
	bin   binaries
	keys  keys
	lock  *os.File
	child *child
	temp  bool

	stop    sync.Once
	stopErr error
}

// StartPostgres starts the server, making its data folder at the first call, and returns once it answers.
// The context bounds the start only. The server listens on 127.0.0.1 and asks for a password.
func StartPostgres(ctx context.Context, opt Options) (*Postgres, error) {
	p := &Postgres{opt: opt}
	if err := p.start(ctx); err != nil {
		p.abandon()
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return p, nil
}

func (p *Postgres) start(ctx context.Context) (err error) {
	if p.as, err = serverAccount(); err != nil {
		return err
	}
	if err := p.openDir(); err != nil {
		return err
	}
	if p.bin, err = findBinaries(p.opt.Dir, p.dataDir(), p.as); err != nil {
		return err
	}
	if err := clearOrphans(ctx, p.opt.Dir); err != nil {
		return err
	}
	if err := p.initialise(ctx); err != nil {
		return err
	}
	if err := p.run(ctx); err != nil {
		return err
	}
	return p.provision(ctx)
}

// openDir makes the folder, takes its lock, and reads or makes its keys.
func (p *Postgres) openDir() (err error) {
	if p.opt.Dir == "" {
		p.temp = true
		if p.opt.Dir, err = temporaryDir(); err != nil {
			return err
		}
	}
	if p.opt.Dir, err = filepath.Abs(p.opt.Dir); err != nil {
		return err
	}
	if err := p.as.makeDir(p.opt.Dir); err != nil {
		return err
	}
	if p.lock, err = lockDir(p.opt.Dir); err != nil {
		return err
	}
	p.keys, err = openKeys(p.opt.Dir, dirExists(p.dataDir()))
	return err
}

// run starts the child until it holds a port that nobody else has.
func (p *Postgres) run(ctx context.Context) error {
	for attempt := 0; ; attempt++ {
		if err := p.choosePort(attempt > 0); err != nil {
			return err
		}
		c, err := startChild(p.bin, p.as, p.dataDir(), p.settings(), p.opt.Log)
		if err != nil {
			return err
		}
		p.child = c
		err = c.waitReady(ctx, p.dataDir())
		if err == nil || attempt == 5 || !c.retriable() {
			return err
		}
	}
}

// choosePort keeps the port of the last start unless somebody took it.
func (p *Postgres) choosePort(another bool) error {
	if p.opt.Port != 0 {
		p.keys.Port = p.opt.Port
	} else if another || p.keys.Port == 0 || !portFree(p.keys.Port) {
		port, err := freePort()
		if err != nil {
			return err
		}
		p.keys.Port = port
	}
	return p.keys.save(p.opt.Dir)
}

func (p *Postgres) settings() []string {
	s := []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(p.keys.Port), "unix_socket_directories=",
		"max_connections=100", "shared_buffers=128MB", "password_encryption=scram-sha-256",
		"wal_level=minimal", "max_wal_senders=0", "timezone=UTC", "log_timezone=UTC",
		"logging_collector=off", "log_destination=stderr", "cluster_name=" + databaseName,
	}
	if p.opt.Fast {
		s = append(s, "fsync=off", "full_page_writes=off", "synchronous_commit=off",
			"autovacuum_naptime=600", "autovacuum_max_workers=1", "max_wal_size=2GB", "checkpoint_timeout=1h")
	}
	return s
}

func (p *Postgres) dataDir() string { return filepath.Join(p.opt.Dir, "data") }

// OwnerURL is for migrations: the role owns the database and is no superuser.
func (p *Postgres) OwnerURL() string { return p.url(ownerRole, p.keys.Owner, databaseName) }

// AppURL is for serving: the role owns nothing and cannot pass row-level security.
func (p *Postgres) AppURL() string { return p.url(appRole, p.keys.App, databaseName) }

// SuperURL is for tests that plant a bug; the product never uses it.
func (p *Postgres) SuperURL() string { return p.url(superRole, p.keys.Super, databaseName) }

func (p *Postgres) url(role, password, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(role, password),
		Host: "127.0.0.1:" + strconv.Itoa(p.keys.Port), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// CreateDatabase makes an empty database with the same owner and app role.
func (p *Postgres) CreateDatabase(ctx context.Context, name string) (ownerURL, appURL string, err error) {
	return p.CopyDatabase(ctx, name, "template1")
}

// CopyDatabase makes a database from another one, to which nobody may be connected meanwhile:
// migrate once, copy for each test.
func (p *Postgres) CopyDatabase(ctx context.Context, name, template string) (ownerURL, appURL string, err error) {
	err = p.super(ctx, superRole, func(c *pgx.Conn) error { return createDatabase(ctx, c, name, template, p.opt.Fast) })
	if err != nil {
		return "", "", fmt.Errorf("postgres: create database %q: %w", name, err)
	}
	return p.url(ownerRole, p.keys.Owner, name), p.url(appRole, p.keys.App, name), nil
}

// Stop ends the server in order, or at once when the context ends first; a second call changes nothing.
func (p *Postgres) Stop(ctx context.Context) error {
	p.stop.Do(func() {
		p.stopErr = p.child.stop(ctx)
		p.close()
	})
	return p.stopErr
}

// Crash kills the server and everything that works for it: none of them writes any more, nobody is told. What they had written is still the
// kernel's, which it would not be had the power failed. Recover starts it again.
func (p *Postgres) Crash() {
	p.child.signal(syscall.SIGKILL)
	for _, pid := range processesIn(p.opt.Dir) {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	<-p.child.done
}

// Recover starts a server that has crashed, at the same address, and returns once it answers.
func (p *Postgres) Recover(ctx context.Context) error {
	p.opt.Port = p.keys.Port
	if err := clearOrphans(ctx, p.opt.Dir); err != nil {
		return fmt.Errorf("postgres: %w", err)
	}
	if err := p.run(ctx); err != nil {
		return fmt.Errorf("postgres: recover: %w", err)
	}
	return nil
}

// abandon clears up after a failed start.
func (p *Postgres) abandon() {
	if p.child != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = p.child.stop(ctx)
	}
	p.close()
}

func (p *Postgres) close() {
	if p.temp && p.opt.Dir != "" {
		p.stopErr = errors.Join(p.stopErr, os.RemoveAll(p.opt.Dir))
	}
	if p.lock != nil {
		_ = p.lock.Close()
	}
}
