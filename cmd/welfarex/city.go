package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/tenants"
)

type cityCommands struct {
	Apply   applyCommand   `cmd:"" help:"${apply}"`
	Import  importCommand  `cmd:"" help:"${import}"`
	List    listCommand    `cmd:"" help:"${list}"`
	Show    showCommand    `cmd:"" help:"${show}"`
	Suspend suspendCommand `cmd:"" help:"${suspend}"`
	Resume  resumeCommand  `cmd:"" help:"${resume}"`
	Hosts   hostsCommand   `cmd:"" help:"${hosts}"`
	Audit   auditCommand   `cmd:"" help:"${audit}"`
	Secret  struct {
		Set secretSetCommand `cmd:"" help:"${secret_set}"`
	} `cmd:"" help:"${secret}"`
}

type applyCommand struct {
	Dir   string `arg:"" type:"existingdir" help:"${dir}"`
	Force bool   `help:"${force}"`
}

func (cmd *applyCommand) Run(ctx context.Context, c Config, say voice) error {
	a, err := open(ctx, c, false)
	if err != nil {
		return err
	}
	defer a.Close()
	dir, err := filepath.Abs(cmd.Dir)
	if err != nil {
		return err
	}
	if !exists(filepath.Join(dir, "city.yaml")) {
		return tell("cli.no_folder", "dir", cmd.Dir)
	}
	slug := filepath.Base(dir)
	others, err := a.db.Hosts(ctx, "")
	if err != nil {
		return err
	}
	delete(others, slug)
	taken := slices.Concat(slices.Collect(maps.Values(others))...)
	plan, err := a.readFolder(slug, os.DirFS(dir), func(f *tenants.Folder) { f.CheckHosts(taken) })
	if err != nil {
		return err
	}
	changes, err := a.db.Apply(ctx, plan, a.files, cmd.Force)
	if err != nil {
		return err
	}
	printChanges(os.Stdout, say, changes)
	fmt.Println(a.parsed.base.Of(&tenants.City{Host: plan.Slug + "." + a.parsed.base.Parent}))
	return nil
}

func printChanges(w io.Writer, say voice, changes []tenants.Change) {
	if len(changes) == 0 {
		_, _ = fmt.Fprintln(w, say.T("change.none"))
		return
	}
	for _, c := range changes {
		line := fmt.Sprintf("%-14s %-16s %s", say.T("change."+string(c.Done)), c.Table, c.Slug)
		if len(c.Columns) > 0 {
			line += " (" + strings.Join(c.Columns, ", ") + ")"
		}
		_, _ = fmt.Fprintln(w, line)
	}
}

type listCommand struct{}

func (*listCommand) Run(ctx context.Context, c Config) error {
	return withApp(ctx, c, func(a *App) error {
		for _, city := range a.cities.All() {
			fmt.Printf("%-40s %-10s %s\n", city.Slug, city.Status, city.Name)
		}
		return nil
	})
}

type showCommand struct {
	Slug string `arg:"" help:"${slug}"`
}

func (cmd *showCommand) Run(ctx context.Context, c Config, say voice) error {
	return withCity(ctx, c, cmd.Slug, func(ctx context.Context, a *App, city *tenants.City) error {
		fmt.Printf("%s\n%s · %s\n%s\nid %s\nversion %d\n", city.Name, city.Portal, city.Status, a.parsed.base.Of(city), city.ID, city.Version)
		err := a.db.Read(ctx, func(b *pgx.Batch) {
			for _, part := range parts() {
				b.Queue("SELECT count(*) FILTER (WHERE published), count(*) FROM " + pgx.Identifier{part.Table}.Sanitize()).QueryRow(func(row pgx.Row) error {
					var published, all int
					if err := row.Scan(&published, &all); err != nil {
						return err
					}
					fmt.Printf("%-16s %d/%d\n", part.Table, published, all)
					return nil
				})
			}
		})
		if err != nil {
			return err
		}
		return printAudit(ctx, a, say)
	})
}

type auditCommand struct {
	Slug string `arg:"" help:"${slug}"`
}

func (cmd *auditCommand) Run(ctx context.Context, c Config, say voice) error {
	return withCity(ctx, c, cmd.Slug, func(ctx context.Context, a *App, _ *tenants.City) error { return printAudit(ctx, a, say) })
}

func printAudit(ctx context.Context, a *App, say voice) error {
	at, err := a.db.AuditBrokenAt(ctx)
	if err != nil {
		return err
	}
	if at != 0 {
		return tell("cli.audit_broken", "n", at)
	}
	fmt.Println(say.T("cli.audit_ok"))
	return nil
}

type suspendCommand struct {
	Slug string `arg:"" help:"${slug}"`
}

func (cmd *suspendCommand) Run(ctx context.Context, c Config) error {
	return setStatus(ctx, c, cmd.Slug, tenants.StatusSuspended)
}

type resumeCommand struct {
	Slug string `arg:"" help:"${slug}"`
}

func (cmd *resumeCommand) Run(ctx context.Context, c Config) error {
	return setStatus(ctx, c, cmd.Slug, tenants.StatusOpen)
}

func setStatus(ctx context.Context, c Config, slug string, status tenants.Status) error {
	return withCity(ctx, c, slug, func(ctx context.Context, a *App, city *tenants.City) error {
		if err := a.db.SetStatus(ctx, status); err != nil {
			return err
		}
		fmt.Printf("%s %s\n", city.Slug, status)
		return nil
	})
}

type hostsCommand struct {
	Slug string `arg:"" optional:"" help:"${slug}"`
}

func (cmd *hostsCommand) Run(ctx context.Context, c Config) error {
	return withApp(ctx, c, func(a *App) error {
		hosts, err := a.db.Hosts(ctx, cmd.Slug)
		if err != nil {
			return err
		}
		found := cmd.Slug == ""
		for _, city := range a.cities.All() {
			if cmd.Slug == "" || cmd.Slug == city.Slug {
				found = true
				fmt.Println(strings.Join(append([]string{city.Host}, hosts[city.Slug]...), " "))
			}
		}
		if !found {
			return tell("cli.no_city", "slug", cmd.Slug)
		}
		return nil
	})
}

type secretSetCommand struct {
	Slug string `arg:"" help:"${slug}"`
	Name string `arg:"" help:"${secret_name}"`
}

func (cmd *secretSetCommand) Run(ctx context.Context, c Config, say voice) error {
	value, err := io.ReadAll(io.LimitReader(os.Stdin, 64<<10))
	if err != nil {
		return err
	}
	if value = []byte(strings.TrimRight(string(value), "\r\n")); len(value) == 0 {
		return tell("cli.secret_empty")
	}
	if !tenants.SecretName(cmd.Name) {
		return tell("cli.secret_name_wrong")
	}
	return withCity(ctx, c, cmd.Slug, func(ctx context.Context, a *App, _ *tenants.City) error {
		if err := a.db.SetSecret(ctx, a.parsed.key, cmd.Name, value); err != nil {
			return err
		}
		fmt.Println(say.T("cli.secret_kept"))
		return nil
	})
}

func withApp(ctx context.Context, c Config, do func(*App) error) error {
	a, err := open(ctx, c, false)
	if err != nil {
		return err
	}
	defer a.Close()
	return do(a)
}

func withCity(ctx context.Context, c Config, slug string, do func(context.Context, *App, *tenants.City) error) error {
	return withApp(ctx, c, func(a *App) error {
		for _, city := range a.cities.All() {
			if city.Slug == slug {
				return do(tenants.With(ctx, city), a, city)
			}
		}
		return tell("cli.no_city", "slug", slug)
	})
}

type importCommand struct {
	Limit int `help:"${limit}"`
}

func (cmd *importCommand) Run(ctx context.Context, c Config, say voice) error {
	return withApp(ctx, c, func(a *App) error {
		started := time.Now()
		opened, skipped, err := a.importComuni(ctx, cmd.Limit)
		fmt.Println(say.T("cli.imported", "opened", opened, "skipped", skipped, "seconds", fmt.Sprintf("%.1f", time.Since(started).Seconds())))
		return err
	})
}
