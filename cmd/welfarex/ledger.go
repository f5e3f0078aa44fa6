package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/modules/payments"
	"github.com/welfarex/welfarex/tenants"
)

type ledgerCommands struct {
	Check     ledgerCheckCommand     `cmd:"" help:"${ledger_check}"`
	Reconcile ledgerReconcileCommand `cmd:"" help:"${ledger_reconcile}"`
}

type ledgerCheckCommand struct {
	Slugs []string `arg:"" optional:"" name:"slug" help:"${ledger_slugs}"`
}

// Run looks at the ledger and at the audit chain of some cities, or of all, and fails if anything is wrong in one.
func (cmd *ledgerCheckCommand) Run(ctx context.Context, c Config, say voice) error {
	return withApp(ctx, c, func(a *App) error {
		cities, err := a.named(cmd.Slugs)
		if err != nil {
			return err
		}
		wrong := 0
		for _, city := range cities {
			n, err := a.checkCity(tenants.With(ctx, city), os.Stdout, say, city)
			if err != nil {
				return fmt.Errorf("%s: %w", city.Slug, err)
			}
			wrong += n
		}
		if wrong > 0 {
			return tell("cli.ledger_found", "n", wrong)
		}
		return nil
	})
}

type ledgerReconcileCommand struct {
	Days  int      `default:"30" help:"${ledger_days}"`
	Slugs []string `arg:"" optional:"" name:"slug" help:"${ledger_slugs}"`
}

// Run holds what the card's gateway says against what we do, for some cities or for all, and fails if they differ in one.
func (cmd *ledgerReconcileCommand) Run(ctx context.Context, c Config, say voice) error {
	return withApp(ctx, c, func(a *App) error {
		cities, err := a.named(cmd.Slugs)
		if err != nil {
			return err
		}
		differ := 0
		for _, city := range cities {
			n, err := a.compareCity(tenants.With(ctx, city), os.Stdout, say, city, cmd.Days)
			if err != nil {
				return fmt.Errorf("%s: %w", city.Slug, err)
			}
			differ += n
		}
		if differ > 0 {
			return tell("cli.rails_differ", "n", differ)
		}
		return nil
	})
}

// compareCity prints where the gateway and we differ in the city of ctx, and gives in how many things.
func (a *App) compareCity(ctx context.Context, w io.Writer, say voice, city *tenants.City, days int) (int, error) {
	compared, err := a.payments.Compare(ctx, days)
	if errors.Is(err, payments.ErrNotSet) {
		_, _ = fmt.Fprintf(w, "%s: %s\n", city.Slug, say.T("cli.rail_not_set"))
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n := len(compared.Findings)
	says := say.T("cli.rail_ok", "taken", say.Money(compared.TakenCents), "returned", say.Money(compared.ReturnedCents))
	if n > 0 {
		says = say.N("cli.rail_differs", n)
	}
	_, _ = fmt.Fprintf(w, "%s: %s\n", city.Slug, says)
	for _, f := range compared.Findings {
		_, _ = fmt.Fprintf(w, "  %s · %s · %s / %s · %s\n", say.T("ledger.differs."+f.Code), f.Subject, say.Money(f.Ours), say.Money(f.Theirs), f.At.In(ui.Rome).Format("2006-01-02 15:04"))
	}
	return n, nil
}

// named gives the cities with these slugs; without any, all.
func (a *App) named(slugs []string) (list []*tenants.City, err error) {
	all := a.cities.All()
	if len(slugs) == 0 {
		return all, nil
	}
	for _, slug := range slugs {
		i := slices.IndexFunc(all, func(c *tenants.City) bool { return c.Slug == slug })
		if i < 0 {
			return nil, tell("cli.no_city", "slug", slug)
		}
		list = append(list, all[i])
	}
	return list, nil
}

// checkCity prints how the ledger and the audit chain of the city of ctx are, and gives how many things are wrong.
func (a *App) checkCity(ctx context.Context, w io.Writer, say voice, city *tenants.City) (int, error) {
	findings, err := a.ledger.Check(ctx)
	if err != nil {
		return 0, err
	}
	broken, err := a.db.AuditBrokenAt(ctx)
	if err != nil {
		return 0, err
	}
	wrong := len(ledger.Wrong(findings))
	ledgerSays, auditSays := say.T("cli.ledger_ok"), say.T("cli.audit_ok")
	if wrong > 0 {
		ledgerSays = say.N("cli.ledger_wrong", wrong)
	}
	if broken != 0 {
		wrong, auditSays = wrong+1, say.T("cli.audit_broken", "n", broken)
	}
	_, _ = fmt.Fprintf(w, "%s: %s; %s\n", city.Slug, ledgerSays, auditSays)
	for _, f := range findings {
		_, _ = fmt.Fprintln(w, "  "+findingLine(say, f))
	}
	return wrong, nil
}

// findingLine is a finding in words, with what it is about.
func findingLine(say voice, f ledger.Finding) string {
	parts := []string{say.T("ledger.finding." + f.Code)}
	if f.ID != uuid.Nil {
		parts = append(parts, f.ID.String())
	}
	if f.Cents != 0 {
		parts = append(parts, say.Money(f.Cents))
	}
	return strings.Join(append(parts, f.At.In(ui.Rome).Format("2006-01-02 15:04")), " · ")
}

// checkEvery is how often the ledger of each city is looked at unasked, and held against its gateway.
const checkEvery = 24 * time.Hour

// checkLedger logs every finding of one city, by its ids alone.
func (a *App) checkLedger(ctx context.Context, city *tenants.City) error {
	findings, err := a.ledger.Check(ctx)
	for _, f := range ledger.Wrong(findings) {
		slog.Error("the ledger", "city", city.Slug, "finding", f.Code, "id", f.ID, "cents", f.Cents, "at", f.At)
	}
	broken, e := a.db.AuditBrokenAt(ctx)
	if broken != 0 {
		slog.Error("the audit chain", "city", city.Slug, "broken_at", broken)
	}
	return errors.Join(err, e)
}

// compareRails logs where the card's gateway and we differ; those who keep the city's accounts read it on their page.
func (a *App) compareRails(ctx context.Context, city *tenants.City) error {
	compared, err := a.payments.CompareDaily(ctx)
	if err != nil || compared == nil {
		return err
	}
	for _, f := range compared.Findings {
		slog.Error("the gateway differs", "city", city.Slug, "rail", compared.Rail, "finding", f.Code, "subject", f.Subject, "part", f.Part, "ours", f.Ours, "theirs", f.Theirs, "at", f.At)
	}
	return nil
}
