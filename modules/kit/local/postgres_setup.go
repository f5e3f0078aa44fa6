package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// initialise makes the data folder beside its place and moves it there when complete.
func (p *Postgres) initialise(ctx context.Context) error {
	if dirExists(p.dataDir()) {
		return p.as.own(p.dataDir())
	}
	fresh := p.dataDir() + ".new"
	if err := p.keys.save(p.opt.Dir); err != nil {
		return err
	}
	err := p.initdb(ctx, fresh, "C.UTF-8")
	if err != nil && ctx.Err() == nil {
		err = p.initdb(ctx, fresh, "C")
	}
	if err != nil {
		return err
	}
	return os.Rename(fresh, p.dataDir())
}

func (p *Postgres) initdb(ctx context.Context, data, locale string) error {
	if err := os.RemoveAll(data); err != nil {
		return err
	}
	if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	password := filepath.Join(p.opt.Dir, "password")
	defer os.Remove(password)
	if err := os.WriteFile(password, []byte(p.keys.Super+"\n"), 0o600); err != nil {
		return err
	}
	if err := errors.Join(p.as.own(data), p.as.own(password)); err != nil {
		return err
	}
	args := []string{"-D", data, "-U", superRole, "-E", "UTF8", "--locale=" + locale, "-A", "scram-sha-256", "--pwfile=" + password}
	if p.opt.Fast {
		args = append(args, "--no-sync")
	}
	cmd := p.as.command(ctx, p.bin.path("initdb"), args...)
	cmd.Dir = p.opt.Dir
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dieWithParent(cmd.SysProcAttr, syscall.SIGKILL)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

// provision makes what is missing: two roles and the database.
func (p *Postgres) provision(ctx context.Context) error {
	return p.super(ctx, superRole, func(c *pgx.Conn) error {
		for role, password := range map[string]string{ownerRole: p.keys.Owner, appRole: p.keys.App} {
			if err := createRole(ctx, c, role, password); err != nil {
				return fmt.Errorf("create role %s: %w", role, err)
			}
		}
		var exists bool
		err := c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", databaseName).Scan(&exists)
		if err != nil || exists {
			return err
		}
		return createDatabase(ctx, c, databaseName, "template1", p.opt.Fast)
	})
}

func createRole(ctx context.Context, c *pgx.Conn, role, password string) error {
	var exists bool
	err := c.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role).Scan(&exists)
	if err != nil || exists {
		return err
	}
	_, err = c.Exec(ctx, "CREATE ROLE "+quote(role)+
		" LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '"+password+"'")
	return err
}

// createDatabase leaves the database to its owner and lets the app role in, and no one else.
func createDatabase(ctx context.Context, c *pgx.Conn, name, template string, fast bool) error {
	create := "CREATE DATABASE " + quote(name) + " OWNER " + quote(ownerRole) + " TEMPLATE " + quote(template)
	if fast {
		create += " STRATEGY FILE_COPY" // quicker once nothing is synced
	}
	for _, statement := range []string{
		create,
		"REVOKE ALL ON DATABASE " + quote(name) + " FROM PUBLIC",
		"GRANT CONNECT ON DATABASE " + quote(name) + " TO " + quote(appRole),
	} {
		if _, err := c.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// super lends a superuser's connection.
func (p *Postgres) super(ctx context.Context, database string, do func(*pgx.Conn) error) error {
	c, err := pgx.Connect(ctx, p.url(superRole, p.keys.Super, database))
	if err != nil {
		return err
	}
	defer c.Close(context.WithoutCancel(ctx))
	return do(c)
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
