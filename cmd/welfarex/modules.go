package main

import (
	"context"
	"crypto/rand"
	"io/fs"
	"time"

	"github.com/welfarex/welfarex/modules"
	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/mail"
	"github.com/welfarex/welfarex/modules/kit/once"
	"github.com/welfarex/welfarex/modules/kit/pdf"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/modules/orders"
	"github.com/welfarex/welfarex/modules/payments"
	"github.com/welfarex/welfarex/modules/places"
	"github.com/welfarex/welfarex/modules/portal"
	"github.com/welfarex/welfarex/modules/programmes"
	"github.com/welfarex/welfarex/modules/publishing"
	"github.com/welfarex/welfarex/tenants"
)

// features are the modules of this program, put together.
type features struct {
	modules    []modules.Module
	words      *ui.Words
	policy     *authz.Policy
	accounts   *accounts.Service
	ledger     *ledger.Service
	payments   *payments.Service
	orders     *orders.Service
	publishing *publishing.Service
	once       *once.Store
}

// assemble makes every module, once; a module that is not here does not exist.
func (a *App) assemble(sender *mail.Sender) (err error) {
	var (
		places     = places.New(a.db, time.Now)
		catalogue  = catalogue.New(a.db, time.Now)
		programmes = programmes.New(a.db, time.Now)
		portal     = portal.New(a.db, a.parsed.base, time.Now, catalogue, places, programmes)
	)
	a.modules = []modules.Module{
		{Name: "files", Routes: a.files.Routes()}, places.Module(), catalogue.Module(), programmes.Module(), portal.Module(),
	}
	if a.words, err = ui.Load(append(words(a.modules), accounts.Words, ledger.Words, payments.Words, orders.Words, publishing.Words, ui.Locales)...); err != nil {
		return err
	}
	if a.policy, err = authz.Load(append(policies(a.modules), accounts.Policy, ledger.Policy, orders.Policy, publishing.Policy)...); err != nil {
		return err
	}
	a.accounts = accounts.New(accounts.Options{
		DB: a.db, Files: a.files, Mail: sender, Key: a.parsed.key, Policy: a.policy, Words: a.words, Base: a.parsed.base,
	})
	a.once = once.New(a.db, time.Now)
	a.ledger = ledger.New(ledger.Options{DB: a.db, Policy: a.policy, Now: time.Now})
	a.payments = payments.New(payments.Options{DB: a.db, Ledger: a.ledger, Card: a.card(), Now: time.Now, Rand: rand.Reader})
	a.orders = orders.New(orders.Options{
		DB: a.db, Ledger: a.ledger, Payments: a.payments, Household: a.accounts, Mail: sender, Policy: a.policy, Words: a.words, Base: a.parsed.base,
		PDF: pdf.New(a.config.Chromium, time.Now()), Now: time.Now, Rand: rand.Reader,
	})
	a.ledger.Attach(a.orders)
	a.ledger.Compare(a.payments)
	a.accounts.Suggest(a.orders.Steps)
	a.accounts.SuggestWork(a.orders.WorkSteps)
	a.publishing = publishing.New(publishing.Options{
		DB: a.db, Catalogue: catalogue, Files: a.files, Mail: sender, Policy: a.policy, Words: a.words, Base: a.parsed.base,
	})
	a.modules = append(a.modules, a.accounts.Module(), a.publishing.Module(), a.ledger.Module(), a.payments.Module(), a.orders.Module())
	return nil
}

// attach gives the modules their queue, which can be opened only once the kinds of jobs are known.
func (f *features) attach(q *jobs.Queue) {
	f.accounts.Attach(q)
	f.payments.Attach(q, f.orders)
	f.orders.Attach(q)
	f.publishing.Attach(q)
}

// secrets are a city's own, opened with the installation's key.
type secrets struct{ a *App }

// Secret implements payments.Secrets.
func (s secrets) Secret(ctx context.Context, name string) ([]byte, error) {
	return s.a.db.Secret(ctx, s.a.parsed.key, name)
}

func (a *App) card() payments.Rail { return payments.NewCard(secrets{a}, a.config.StripeURL, nil) }

// parts are what the modules take from a city's folder, in the order in which rows refer to each other.
func parts() []tenants.Part {
	var list []tenants.Part
	for _, p := range [][]tenants.Part{places.Parts(), catalogue.Parts(), programmes.Parts(), portal.Parts()} {
		list = append(list, p...)
	}
	return list
}

// readFolder reads a city's folder for this program: its modules' parts, and words that its pages say.
func (a *App) readFolder(slug string, files fs.FS, checks ...func(*tenants.Folder)) (*tenants.Plan, error) {
	return tenants.ReadFolder(slug, files, tenants.House(), parts(), append(checks, a.checkWords)...)
}

func (a *App) checkWords(f *tenants.Folder) { f.CheckWords(a.words.Has) }

// manifest is every page of the program.
func (a *App) manifest() []web.Route {
	var all []web.Route
	for _, m := range a.modules {
		all = append(all, m.Routes...)
	}
	return all
}

func words(list []modules.Module) (all []fs.FS) {
	for _, m := range list {
		if m.Words != nil {
			all = append(all, m.Words)
		}
	}
	return all
}

func policies(list []modules.Module) (all []string) {
	for _, m := range list {
		all = append(all, m.Policy)
	}
	return all
}
