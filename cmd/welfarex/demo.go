package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/welfarex/welfarex/migrations"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/tenants"
)

// demoCities are the nine that were on the network when it began (see README).
var demoCities = []string{"cremona", "biella", "sondrio", "napoli", "milano", "torino", "bari", "salerno", "forli"}

type demoCommand struct{}

// Run is everything in one process: PostgreSQL as a child, an S3 server and a mailbox inside, nine cities, people of every role.
func (*demoCommand) Run(ctx context.Context, c Config, say voice) (err error) {
	l, err := listen(c.Addr)
	if err != nil {
		return err
	}
	if os.Getenv("WELFAREX_BASE_URL") == "" {
		_, port, _ := net.SplitHostPort(l.Addr().String())
		c.BaseURL = "http://localhost:" + port
	}
	parts, err := startParts(ctx, &c)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer parts.stop()
	if _, err := migrations.Up(ctx, c.DatabaseOwnerURL); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(c.Data, "demo.env"), []byte(c.env(false))); err != nil {
		return err
	}
	a, err := open(ctx, c, true)
	if err != nil {
		return err
	}
	defer a.Close()
	started := time.Now()
	cooperatives, err := a.applyDemoCities(ctx)
	if err != nil {
		return err
	}
	if err := a.seedDemo(ctx, parts.mail.URL(), cooperatives); err != nil {
		return err
	}
	if err := a.seedCards(ctx, parts.cards); err != nil {
		return err
	}
	fmt.Printf("\n%s\n\n", say.T("cli.demo_ready", "seconds", fmt.Sprintf("%.1f", time.Since(started).Seconds())))
	for _, slug := range demoCities {
		fmt.Println("  " + a.demoURL(slug))
	}
	fmt.Printf("\n  %s %s\n  %s %s\n\n", say.T("cli.demo_mail"), parts.mail.URL(), say.T("cli.demo_people"), filepath.Join(c.Data, "demo.json"))
	return a.both(ctx, l)
}

func (a *App) demoURL(slug string) string {
	return a.parsed.base.Of(&tenants.City{Host: slug + "." + a.parsed.base.Parent})
}

// applyDemoCities applies the folders that travel with the program, and gives for each city the slug of a cooperative.
func (a *App) applyDemoCities(ctx context.Context) (map[string]string, error) {
	cooperatives := map[string]string{}
	for _, slug := range demoCities {
		files, err := fs.Sub(tenants.House(), "cities/"+slug)
		if err != nil {
			return nil, err
		}
		plan, err := a.readFolder(slug, files)
		if err != nil {
			return nil, fmt.Errorf("tenants/cities/%s: %w", slug, err)
		}
		if _, err := a.db.Apply(ctx, plan, a.files, false); err != nil {
			return nil, fmt.Errorf("tenants/cities/%s: %w", slug, err)
		}
		cooperatives[slug] = cooperative(plan)
	}
	return cooperatives, nil
}

// cooperative is a provider that sells something, a cooperative if there is one.
func cooperative(plan *tenants.Plan) (slug string) {
	sellers := map[string]bool{}
	for _, row := range plan.Rows("services") {
		if provider, ok := row.Columns["provider_id"].(tenants.Ref); ok && row.Columns["sale"] != nil {
			sellers[provider.Slug] = true
		}
	}
	for _, row := range plan.Rows("providers") {
		if sellers[row.Slug] && row.Columns["kind"] == "cooperativa" {
			return row.Slug
		}
		if sellers[row.Slug] && slug == "" {
			slug = row.Slug
		}
	}
	return slug
}

// demoParts are what the demo runs besides the program itself.
type demoParts struct {
	postgres *local.Postgres
	s3       *local.S3
	mail     *local.Mail
	cards    *local.Cards // nil where the settings name a gateway
}

func (p demoParts) stop() {
	ctx, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	if p.mail != nil {
		_ = p.mail.Stop()
	}
	if p.cards != nil {
		_ = p.cards.Stop()
	}
	if p.s3 != nil {
		p.s3.Stop()
	}
	if p.postgres != nil {
		if err := p.postgres.Stop(ctx); err != nil {
			slog.Error("stopping PostgreSQL", "error", err)
		}
	}
}

// startParts starts what the settings do not name, and writes into them where it answers. Keys made at the first start are kept
// in demo.env.
func startParts(ctx context.Context, c *Config) (p demoParts, err error) {
	defer func() {
		if err != nil {
			p.stop()
			p = demoParts{}
		}
	}()
	if err := os.MkdirAll(c.Data, 0o755); err != nil { //nolint:gosec // PostgreSQL runs as another user below it
		return p, fmt.Errorf("the data folder (WELFAREX_DATA): %w", err)
	}
	kept := keptSecrets(filepath.Join(c.Data, "demo.env"))
	c.Key = first(c.Key, kept["WELFAREX_KEY"], base64.StdEncoding.EncodeToString(random(32)))
	if c.DatabaseURL == "" {
		if p.postgres, err = local.StartPostgres(ctx, local.Options{Dir: filepath.Join(c.Data, "postgres")}); err != nil {
			return p, err
		}
		c.DatabaseURL, c.DatabaseOwnerURL = p.postgres.AppURL(), p.postgres.OwnerURL()
	}
	if c.S3Endpoint == "" {
		c.S3AccessKey = first(kept["S3_ACCESS_KEY"], "demo"+hex.EncodeToString(random(6)))
		c.S3SecretKey = first(kept["S3_SECRET_KEY"], hex.EncodeToString(random(20)))
		if p.s3, err = local.StartS3(ctx, filepath.Join(c.Data, "s3"), "127.0.0.1:0", c.S3AccessKey, c.S3SecretKey); err != nil {
			return p, err
		}
		c.S3Endpoint, c.S3Bucket = p.s3.URL(), local.Bucket
	}
	if p.mail, err = local.StartMail(ctx, "127.0.0.1:0"); err != nil {
		return p, err
	}
	c.SMTPURL = p.mail.SMTPURL()
	if c.StripeURL == "" {
		if p.cards, err = local.StartCards(ctx, "127.0.0.1:0", filepath.Join(c.Data, "cards.json")); err != nil {
			return p, err
		}
		c.StripeURL = p.cards.URL()
	}
	c.Chromium = first(c.Chromium, chromium())
	return p, nil
}

// chromium is the one of this machine, if it has any.
func chromium() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func keptSecrets(file string) map[string]string {
	kept, err := readEnvFile(file)
	if err != nil {
		return nil
	}
	return kept
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
