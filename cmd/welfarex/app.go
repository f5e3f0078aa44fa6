package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/welfarex/welfarex/migrations"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/files"
	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/mail"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/tenants"
)

// App is the program put together: what a process serves, works on or changes cities with.
type App struct {
	config Config
	parsed parsed
	db     *tenants.DB
	cities *tenants.Directory
	files  *files.Store
	queue  *jobs.Queue
	server *web.Server
	features

	follow context.CancelFunc
	done   sync.WaitGroup
}

// open checks the settings and the schema, and connects everything; only limits the process to some cities.
func open(ctx context.Context, c Config, work bool, only ...string) (_ *App, err error) {
	a := &App{config: c}
	if a.parsed, err = c.check(); err != nil {
		return nil, err
	}
	if a.db, err = tenants.Open(ctx, c.DatabaseURL, c.Connections); err != nil {
		return nil, err
	}
	if err = migrations.Check(ctx, a.db.Pool()); err != nil {
		a.db.Close()
		return nil, err
	}
	if err = a.connect(ctx, work, only); err != nil {
		a.db.Close()
		return nil, err
	}
	following, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.follow = stop
	a.done.Go(func() { a.cities.Follow(following) })
	return a, nil
}

func (a *App) connect(ctx context.Context, work bool, only []string) (err error) {
	if a.cities, err = tenants.OpenDirectory(ctx, a.db, a.parsed.base.Parent, only...); err != nil {
		return err
	}
	c := a.config
	if a.files, err = files.Open(a.db, files.Options{Endpoint: c.S3Endpoint, Bucket: c.S3Bucket, AccessKey: c.S3AccessKey, SecretKey: c.S3SecretKey}); err != nil {
		return err
	}
	sender, err := mail.Open(c.SMTPURL)
	if err != nil {
		return err
	}
	if err := a.assemble(sender); err != nil {
		return err
	}
	workers := jobs.NewWorkers()
	for _, m := range a.modules {
		if m.Jobs != nil {
			m.Jobs(workers)
		}
	}
	atOnce := 0
	if work {
		atOnce = 4
	}
	if a.queue, err = jobs.Open(a.db, a.cities, workers, atOnce); err != nil {
		return err
	}
	a.attach(a.queue)
	a.accounts.Guard()
	a.publishing.Guard()
	a.server = &web.Server{
		Directory: a.cities, Base: a.parsed.base, Proxies: a.parsed.proxies, Words: a.words, Policy: a.policy, Sessions: a.accounts, Once: a.once, Rate: a.config.APIRate,
		Ready: a.ready, Routes: a.manifest(),
	}
	return nil
}

// ready says whether pages could be answered now. Without the file store they could, only without their pictures.
func (a *App) ready(ctx context.Context) error {
	return a.db.SQL().PingContext(ctx)
}

// listen takes the address, so that a busy port is told before anything else is done.
func listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr) //nolint:noctx // for as long as the process lives
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s (is another program using it? set WELFAREX_ADDR): %w", addr, err)
	}
	return l, nil
}

// drain is how long running requests and jobs may take to end.
const drain = 20 * time.Second

// serve answers on l until ctx ends, then lets running requests finish.
func (a *App) serve(ctx context.Context, l net.Listener) error {
	app := a.server.App()
	failed := make(chan error, 1)
	go func() { failed <- app.Listener(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
		slog.Info("stopping: running requests may finish")
		return app.ShutdownWithTimeout(drain)
	}
}

// work runs jobs until ctx ends, then lets running jobs finish.
func (a *App) work(ctx context.Context) error {
	if err := a.queue.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("start working: %w", err)
	}
	a.sweep(ctx)
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), drain)
	defer cancel()
	return a.queue.Stop(ending)
}

// sweepEvery is how often each city is rid of what has had no meaning for a while (old sessions and links, interrupted uploads, files of
// old drafts) or holds no longer (what needs an accreditation that has ended).
const sweepEvery = time.Hour

// sweep goes through the cities, one at a time, until ctx ends; once a day it looks at their ledgers, and asks their gateways.
func (a *App) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	var checked time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		a.eachCity(ctx, "sweeping failed", a.sweepCity)
		if time.Since(checked) >= checkEvery {
			checked = time.Now()
			a.eachCity(ctx, "checking the ledger failed", a.checkLedger)
			a.eachCity(ctx, "the gateway could not be asked", a.compareRails)
		}
	}
}

// eachCity does something in one city after another. Where it fails that is logged, and the next has its turn.
func (a *App) eachCity(ctx context.Context, failed string, do func(context.Context, *tenants.City) error) {
	for _, city := range a.cities.All() {
		if err := do(tenants.With(ctx, city), city); err != nil && ctx.Err() == nil {
			slog.Error(failed, "city", city.Slug, "error", err)
		}
	}
}

func (a *App) sweepCity(ctx context.Context, _ *tenants.City) error {
	_, err := a.files.Sweep(ctx, time.Now())
	return errors.Join(err, a.accounts.Sweep(ctx), a.orders.Sweep(ctx), a.publishing.Sweep(ctx), a.once.Sweep(ctx))
}

// Close lets go of everything.
func (a *App) Close() {
	a.follow()
	a.done.Wait()
	a.files.Close()
	a.db.Close()
}

// both runs serve and work until one fails or ctx ends.
func (a *App) both(ctx context.Context, l net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	worked := make(chan error, 1)
	go func() {
		err := a.work(ctx)
		cancel()
		worked <- err
	}()
	err := a.serve(ctx, l)
	cancel()
	return errors.Join(err, <-worked)
}

type serveCommand struct {
	Only   []string `placeholder:"SLUG" help:"${only}"`
	NoWork bool     `help:"${no_work}"`
}

func (s *serveCommand) Run(ctx context.Context, c Config) error {
	l, err := listen(c.Addr)
	if err != nil {
		return err
	}
	a, err := open(ctx, c, !s.NoWork, s.Only...)
	if err != nil {
		return err
	}
	defer a.Close()
	slog.Info("serving", "addr", l.Addr().String(), "cities", len(a.cities.All()))
	if s.NoWork {
		return a.serve(ctx, l)
	}
	return a.both(ctx, l)
}

type workCommand struct{}

func (*workCommand) Run(ctx context.Context, c Config) error {
	a, err := open(ctx, c, true)
	if err != nil {
		return err
	}
	defer a.Close()
	slog.Info("working")
	return a.work(ctx)
}

type migrateCommand struct{}

func (*migrateCommand) Run(ctx context.Context, c Config, say voice) error {
	if c.DatabaseOwnerURL == "" {
		return errors.New("DATABASE_OWNER_URL is not set")
	}
	steps, err := migrations.Up(ctx, c.DatabaseOwnerURL)
	for _, s := range steps {
		fmt.Println(s)
	}
	if err == nil && len(steps) == 0 {
		fmt.Println(say.T("cli.up_to_date"))
	}
	return err
}

type configCommand struct{}

func (*configCommand) Run(c Config) error { //nolint:unparam // kong wants an error from every Run
	fmt.Print(c.env(true))
	return nil
}

type healthcheckCommand struct{}

// Run asks the server on this machine whether it is ready: for containers without a shell.
func (*healthcheckCommand) Run(ctx context.Context, c Config, say voice) error {
	_, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:"+port+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return tell("cli.not_ready", "error", err, "addr", c.Addr)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != fiber.StatusOK {
		return tell("cli.not_ready", "error", res.Status, "addr", c.Addr)
	}
	fmt.Println(say.T("cli.ready"))
	return nil
}

type routesCommand struct {
	JSON bool `name:"json" help:"${routes_json}"`
}

// Run needs no database: the pages are the program's own.
func (cmd *routesCommand) Run() error {
	a := &App{files: &files.Store{}}
	if err := a.assemble(nil); err != nil {
		return err
	}
	if cmd.JSON {
		return json.NewEncoder(os.Stdout).Encode(described(a.manifest(), a.policy))
	}
	for _, r := range a.manifest() {
		fmt.Printf("%-6s %-44s %-28s %s\n", r.Method, r.Path, r.Who, r.About)
	}
	return nil
}

// routeLine is a route as `welfarex routes --json` tells it to programs.
type routeLine struct {
	Method string            `json:"method"`
	Path   string            `json:"path"`
	Who    string            `json:"who"`
	Class  string            `json:"class"`
	About  string            `json:"about"`
	Params map[string]string `json:"params,omitempty"`
	Query  []string          `json:"query,omitempty"`
	Form   []string          `json:"form,omitempty"`
	Bare   bool              `json:"bare,omitempty"`
	Cached bool              `json:"cached,omitempty"`
	Signed bool              `json:"signed,omitempty"`
	Scope  string            `json:"scope,omitempty"` // of a key that a program must show
	JSON   bool              `json:"json,omitempty"`  // an operation of the API
	Types  map[string]string `json:"types,omitempty"` // of the properties that Form names
	Match  bool              `json:"match,omitempty"` // takes If-Match
	Roles  []string          `json:"roles,omitempty"` // that the common policy lets in, where who is "may …"
}

func described(list []web.Route, policy *authz.Policy) []routeLine {
	lines := make([]routeLine, len(list))
	for i, r := range list {
		lines[i] = routeLine{
			Method: r.Method, Path: r.Path, Who: r.Who.String(), Class: string(r.Class), About: r.About, Params: r.Params, Query: r.Query, Form: r.Form,
			Bare: r.Bare, Cached: r.Cached, Signed: r.Signed, Scope: r.Scope, JSON: r.JSON, Types: r.Types, Match: r.Matches, Roles: r.Who.Roles(policy),
		}
	}
	return lines
}
