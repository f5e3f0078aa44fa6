package main

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"net"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/welfarex/welfarex/modules"
	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/files"
	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/modules/orders"
	"github.com/welfarex/welfarex/modules/payments"
	"github.com/welfarex/welfarex/modules/places"
	"github.com/welfarex/welfarex/modules/portal"
	"github.com/welfarex/welfarex/modules/programmes"
	"github.com/welfarex/welfarex/tenants"
)

// app is the program as cmd/welfarex puts it together, but for what has nothing to do with answering: jobs and mail.
type app struct {
	db       *tenants.DB
	cities   *tenants.Directory
	files    *files.Store
	accounts *accounts.Service
	payments *payments.Service
	orders   *orders.Service
	server   *web.Server
	attach   func(orders.Queue)
	stop     context.CancelFunc
}

func openApp(ctx context.Context, s settings, uncached bool) (*app, error) {
	base, err := web.ParseBase(s.BaseURL)
	if err != nil {
		return nil, err
	}
	key, err := tenants.ParseKey(s.Key)
	if err != nil {
		return nil, err
	}
	a := &app{}
	if a.db, err = tenants.Open(ctx, s.Database, s.Connections); err != nil {
		return nil, err
	}
	if a.cities, err = tenants.OpenDirectory(ctx, a.db, base.Parent); err != nil {
		return nil, err
	}
	if a.files, err = files.Open(a.db, files.Options{Endpoint: s.S3, Bucket: local.Bucket, AccessKey: s.S3Access, SecretKey: s.S3Secret}); err != nil {
		return nil, err
	}
	following, stop := context.WithCancel(ctx)
	a.stop = stop
	go a.cities.Follow(following)
	a.server = &web.Server{Directory: a.cities, Base: base, Uncached: uncached, Ready: func(context.Context) error { return nil }}
	if err := a.assemble(base, key, s.Cards); err != nil {
		return nil, err
	}
	return a, eventually(ctx, a.cities.Fresh)
}

func (a *app) assemble(base web.Base, key tenants.Key, cardsAt string) (err error) {
	shelves, points, calls := catalogue.New(a.db, time.Now), places.New(a.db, time.Now), programmes.New(a.db, time.Now)
	list := []modules.Module{
		{Name: "files", Routes: a.files.Routes()}, shelves.Module(), points.Module(), calls.Module(),
		portal.New(a.db, base, time.Now, shelves, points, calls).Module(),
	}
	words := []fs.FS{ui.Locales, accounts.Words, payments.Words, orders.Words}
	policies := []string{accounts.Policy, orders.Policy}
	for _, m := range list {
		if m.Words != nil {
			words = append(words, m.Words)
		}
		policies = append(policies, m.Policy)
	}
	policy, err := authz.Load(policies...)
	if err != nil {
		return err
	}
	if a.server.Words, err = ui.Load(words...); err != nil {
		return err
	}
	a.accounts = accounts.New(accounts.Options{DB: a.db, Key: key, Policy: policy, Words: a.server.Words, Base: base})
	a.server.Policy, a.server.Sessions = policy, a.accounts
	a.openShop(base, policy, cardsAt)
	for _, m := range append(list, a.accounts.Module(), a.orders.Module()) {
		a.server.Routes = append(a.server.Routes, m.Routes...)
	}
	return nil
}

// openShop makes the modules of a purchase. Where the card's gateway is nowhere, no page of it opens.
func (a *app) openShop(base web.Base, policy *authz.Policy, cardsAt string) {
	books := ledger.New(ledger.Options{DB: a.db, Policy: policy})
	card := payments.NewCard(oneSecret(cardsAt), cardsAt, nil)
	a.payments = payments.New(payments.Options{DB: a.db, Ledger: books, Card: card, Now: time.Now, Rand: rand.Reader})
	a.orders = orders.New(orders.Options{
		DB: a.db, Ledger: books, Payments: a.payments, Household: a.accounts, Policy: policy, Words: a.server.Words, Base: base, Now: time.Now, Rand: rand.Reader,
	})
	a.accounts.Suggest(a.orders.Steps)
	a.attach = func(q orders.Queue) {
		a.payments.Attach(q, a.orders)
		a.orders.Attach(q)
	}
	a.attach(noQueue{})
}

// work lets the modules ask for jobs, as in life; nobody does them.
func (a *app) work() error {
	known := jobs.NewWorkers()
	a.payments.Jobs(known)
	a.orders.Jobs(known)
	queue, err := jobs.Open(a.db, a.cities, known, 0)
	if err == nil {
		a.attach(queue)
	}
	return err
}

// oneSecret is every secret of every city; noQueue stands for what answering has nothing to do with.
type (
	oneSecret string
	noQueue   struct{}
)

func (s oneSecret) Secret(context.Context, string) ([]byte, error)    { return []byte(s), nil }
func (noQueue) Enqueue(context.Context, jobs.Args) error              { return nil }
func (noQueue) EnqueueAt(context.Context, jobs.Args, time.Time) error { return nil }

// parts are what the modules take from a city's folder, in the order in which rows refer to each other.
func parts() []tenants.Part {
	var list []tenants.Part
	for _, p := range [][]tenants.Part{places.Parts(), catalogue.Parts(), programmes.Parts(), portal.Parts()} {
		list = append(list, p...)
	}
	return list
}

func (a *app) serve(l net.Listener) error { return a.server.App().Listener(l) }

func (a *app) close() {
	a.stop()
	a.db.Close()
}

// city is the city of a slug.
func (a *app) city(slug string) (*tenants.City, error) {
	if c := a.cities.ByHost(host(slug)); c != nil {
		return c, nil
	}
	return nil, errors.New("no city " + slug)
}

// password is everybody's.
const password = "una-parola-lunga" //nolint:gosec // of people who live as long as a measurement

// signIn makes a citizen and gives the cookie of their session.
func (a *app) signIn(ctx context.Context, slug string) (string, error) {
	return a.enter(ctx, slug, accounts.SeedPerson{Email: "anna@" + slug + ".example", Name: "Anna Prova", Role: authz.Citizen})
}

// enter makes a person and signs them in, with the second factor where they have one.
func (a *app) enter(ctx context.Context, slug string, p accounts.SeedPerson) (string, error) {
	city, err := a.city(slug)
	if err != nil {
		return "", err
	}
	ctx = tenants.With(ctx, city)
	if p.Hash, err = a.accounts.Hash(password); err != nil {
		return "", err
	}
	if err := a.accounts.Seed(ctx, p); err != nil {
		return "", err
	}
	visitor := accounts.Visitor{Address: "127.0.0.1", Agent: "bench"}
	entry, err := a.accounts.SignIn(ctx, p.Email, password, visitor)
	if err == nil && p.TOTPSecret != "" {
		entry, err = a.giveCode(ctx, entry, p.TOTPSecret, visitor)
	}
	return web.SessionCookie + "=" + entry.Token, err
}

func (a *app) giveCode(ctx context.Context, half accounts.Entry, secret string, v accounts.Visitor) (accounts.Entry, error) {
	actor, err := a.accounts.Resume(ctx, half.Token)
	if err != nil {
		return half, err
	}
	code, err := totp.GenerateCode(secret, time.Now())
	if err != nil {
		return half, err
	}
	return a.accounts.GiveCode(ctx, actor, code, v)
}
