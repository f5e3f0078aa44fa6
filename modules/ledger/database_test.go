package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

// These tests are on the database alone, as the app role: what would hold if the program above it were wrong.

func TestDatabase_TheAppRoleChangesNothing(t *testing.T) {
	w := setup(t)
	p := payment("payment:1", newID(), 100)
	p.Pending = true
	w.mustPost(p)
	w.must(w.settle(p.Key))
	for table, column := range map[string]string{"ledger_accounts": "name", "ledger_transfers": "key", "ledger_entries": "line", "ledger_outcomes": "outcome"} {
		for _, sql := range []string{
			fmt.Sprintf("UPDATE %s SET %s = %[2]s", table, column), "DELETE FROM " + table, "TRUNCATE " + table + " CASCADE", "ALTER TABLE " + table + " DISABLE TRIGGER ALL",
			"DROP TABLE " + table + " CASCADE", "SELECT FROM " + table + " FOR UPDATE",
		} {
			if err := w.sql(sql); code(err) != "42501" {
				t.Errorf("%s: err = %v", sql, err)
			}
		}
	}
	if err := w.sql("UPDATE ledger_posted SET cents = 0"); err == nil {
		t.Error("the view was written through")
	}
	if err := w.sql("SET LOCAL session_replication_role = replica"); code(err) != "42501" {
		t.Errorf("replica: %v", err)
	}
}

// written SQL that a broken program could send; $1 is a posted transfer, $2 and $3 two accounts, $4 a new id, $5 a pending transfer,
// $6 a reversal, $7 a voided transfer.
var lies = map[string][]string{
	"a transfer without entries":                 {transferOf(2, 100)},
	"entries that do not sum to zero":            {transferOf(2, 100), "INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($4, 1, $2, -100), ($4, 2, $3, 99)"},
	"one entry only":                             {transferOf(2, 100), "INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($4, 1, $2, 100)"},
	"more entries than it says":                  {transferOf(2, 100), entriesOf, "INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($4, 3, $2, -1), ($4, 4, $3, 1)"},
	"other cents than it says":                   {transferOf(2, 90), entriesOf},
	"an entry of nothing":                        {transferOf(2, 100), "INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($4, 1, $2, 0), ($4, 2, $3, 0)"},
	"entries for an old transfer":                {"INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($1, 3, $2, -5), ($1, 4, $3, 5)"},
	"an entry for an old transfer":               {"INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($1, 0, $2, 5)"},
	"entries for a pending transfer":             {"INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($5, 3, $2, -5), ($5, 4, $3, 5)"},
	"a line twice":                               {"INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($1, 1, $2, 5)"},
	"an entry of no transfer":                    {"INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($4, 1, $2, 5)"},
	"an outcome of what counts":                  {"INSERT INTO ledger_outcomes (transfer_id, outcome, at) VALUES ($1, 'voided', now())"},
	"an outcome twice":                           {"INSERT INTO ledger_outcomes (transfer_id, outcome, at) VALUES ($7, 'posted', now())"},
	"an outcome of no meaning":                   {"INSERT INTO ledger_outcomes (transfer_id, outcome, at) VALUES ($5, 'perhaps', now())"},
	"a reversal of nothing":                      {"INSERT INTO ledger_transfers (id, kind, key, reference, pending, lines, cents, at) VALUES ($4, 'reversal', 'x', $4, false, 2, 100, now())", entriesOf},
	"a reversal with other cents":                {reversalOf("$1", 2, 100), entriesOf},
	"a reversal of half":                         {reversalOf("$1", 2, 250), "INSERT INTO ledger_entries (transfer_id, line, account_id, cents) SELECT $4, line, account_id, -cents / 2 FROM ledger_entries WHERE transfer_id = $1"},
	"a reversal the same way round":              {reversalOf("$1", 2, 500), "INSERT INTO ledger_entries (transfer_id, line, account_id, cents) SELECT $4, line, account_id, cents FROM ledger_entries WHERE transfer_id = $1"},
	"a reversal with more lines":                 {reversalOf("$1", 4, 501), negated("$1"), "INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($4, 3, $2, 1), ($4, 4, $3, -1)"},
	"a reversal of what waits":                   {reversalOf("$5", 2, 500), negated("$5")},
	"a reversal of what was voided":              {reversalOf("$7", 2, 500), negated("$7")},
	"a reversal of a reversal":                   {reversalOf("$6", 2, 500), negated("$6")},
	"a sale that says it reverses":               {"INSERT INTO ledger_transfers (id, kind, key, reference, pending, reverses, lines, cents, at) VALUES ($4, 'sale', 'x', $4, false, $1, 2, 500, now())", negated("$1")},
	"a pending reversal":                         {"INSERT INTO ledger_transfers (id, kind, key, reference, pending, reverses, lines, cents, at) VALUES ($4, 'reversal', 'x', $4, true, $1, 2, 500, now())", negated("$1")},
	"a key twice":                                {"INSERT INTO ledger_transfers (id, kind, key, reference, pending, lines, cents, at) VALUES ($4, 'sale', 'payment:1', $4, false, 2, 100, now())", entriesOf},
	"an account twice":                           {"INSERT INTO ledger_accounts (id, kind, owner, name) SELECT $4, kind, owner, name FROM ledger_accounts WHERE id = $2"},
	"a rail twice, which has no owner":           {"INSERT INTO ledger_accounts (id, kind, name) VALUES ($4, 'rail', 'card')"},
	"an account that is checked behind the city": {transferOf(2, 100), "INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($4, 1, $2, 100)", leave},
	"an old transfer, from behind the city":      {"INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($1, 3, $2, -5)", leave},
	"a balanced one that nobody can check":       {transferOf(2, 100), entriesOf, leave},
	"a temporary table in the place of ours": {"CREATE TEMP TABLE ledger_entries ON COMMIT DROP AS SELECT $4::uuid AS transfer_id, tenant_id, line, account_id, cents FROM public.ledger_entries WHERE transfer_id = $1",
		strings.Replace(transferOf(2, 500), "ledger_transfers", "public.ledger_transfers", 1), "INSERT INTO public.ledger_entries (transfer_id, line, account_id, cents) VALUES ($4, 1, $2, 100)"},
}

// leave goes on as another city, whose transaction it is not.
const leave = "SELECT set_config('app.tenant', gen_random_uuid()::text, true)"

const entriesOf = "INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($4, 1, $2, -100), ($4, 2, $3, 100)"

func transferOf(lines, cents int) string {
	return fmt.Sprintf("INSERT INTO ledger_transfers (id, kind, key, reference, pending, lines, cents, at) VALUES ($4, 'sale', 'x', $4, false, %d, %d, now())", lines, cents)
}

func reversalOf(what string, lines, cents int) string {
	return fmt.Sprintf("INSERT INTO ledger_transfers (id, kind, key, reference, pending, reverses, lines, cents, at) VALUES ($4, 'reversal', 'x', $4, false, %s, %d, %d, now())", what, lines, cents)
}

func negated(what string) string {
	return "INSERT INTO ledger_entries (transfer_id, line, account_id, cents) SELECT $4, line, account_id, -cents FROM ledger_entries WHERE transfer_id = " + what
}

// liar has the ids that the lies speak of, and each lie's own new one.
func (w *world) liar() (values func() []string) {
	w.t.Helper()
	anna := newID()
	ids := map[string]uuid.UUID{}
	for _, key := range []string{"payment:1", "payment:2", "payment:5", "payment:7"} {
		p := payment(key, anna, 500)
		p.Pending = key > "payment:4"
		ids[key] = w.mustPost(p)
	}
	w.must(w.void("payment:7"))
	reversal, err := w.reverse("payment:2", "reversal")
	w.must(err)
	var accounts map[Account]uuid.UUID
	w.must(w.tx(func(ctx context.Context) error {
		accounts, err = readAccounts(ctx, []Account{RailAccount("card"), CitizenAccount(anna)})
		return err
	}))
	return func() []string {
		all := []uuid.UUID{ids["payment:1"], accounts[RailAccount("card")], accounts[CitizenAccount(anna)], newID(), ids["payment:5"], reversal, ids["payment:7"]}
		var pairs []string
		for i, id := range all {
			pairs = append(pairs, fmt.Sprintf("$%d", i+1), "'"+id.String()+"'::uuid")
		}
		return pairs
	}
}

func (w *world) say(lie []string, values []string) error {
	put := strings.NewReplacer(values...)
	return w.tx(func(ctx context.Context) error {
		for _, sql := range lie {
			if _, err := tenants.PgxTx(ctx).Exec(ctx, put.Replace(sql), pgx.QueryExecModeSimpleProtocol); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestDatabase_TakesNoLie(t *testing.T) {
	w := setup(t)
	values := w.liar()
	for name, lie := range lies {
		if err := w.say(lie, values()); !slices.Contains([]string{"23502", "23503", "23505", "23514", "42501"}, code(err)) {
			t.Errorf("%s: err = %v", name, err)
		}
	}
	for name, truth := range map[string][]string{
		"a transfer":             {transferOf(2, 100), entriesOf},
		"entries in two steps":   {strings.Replace(transferOf(4, 101), "'x'", "'y'", 1), entriesOf, "INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($4, 3, $2, -1), ($4, 4, $3, 1)"},
		"a reversal":             {strings.Replace(reversalOf("$1", 2, 500), "'x'", "'z'", 1), negated("$1")},
		"the outcome of a doubt": {"INSERT INTO ledger_outcomes (transfer_id, outcome, at) VALUES ($5, 'posted', now())"},
	} {
		if err := w.say(truth, values()); err != nil {
			t.Errorf("%s: err = %v, so the lies prove nothing", name, err)
		}
	}
	w.sound()
}

// An entry of one city in an account, or a transfer, of another is refused by the keys themselves.
func TestDatabase_NoTransferSpansTwoCities(t *testing.T) {
	w := setup(t)
	there := newWorld(t)
	mine, theirs := w.liar(), there.liar()()
	for name, c := range map[string]struct {
		foreign int // which value is the other city's
		lie     []string
	}{
		"a rail's account":      {2, []string{transferOf(2, 100), entriesOf}},
		"a citizen's account":   {3, []string{transferOf(2, 100), entriesOf}},
		"a transfer":            {1, []string{"INSERT INTO ledger_entries (transfer_id, line, account_id, cents) VALUES ($1, 3, $2, -5), ($1, 4, $3, 5)"}},
		"what is reversed":      {1, []string{reversalOf("$1", 2, 100), entriesOf}},
		"what is to be decided": {5, []string{"INSERT INTO ledger_outcomes (transfer_id, outcome, at) VALUES ($5, 'posted', now())"}},
	} {
		mixed := mine()
		mixed[2*c.foreign-1] = theirs[2*c.foreign-1]
		if err := w.say(c.lie, mixed); code(err) != "23503" && code(err) != "23514" {
			t.Errorf("%s of another city: err = %v", name, err)
		}
	}
	if err := w.say([]string{"INSERT INTO ledger_accounts (tenant_id, id, kind) VALUES ('" + there.city.ID.String() + "', $4, 'fees')"}, mine()); code(err) != "42501" {
		t.Errorf("an account for another city: %v", err)
	}
	w.sound()
	there.sound()
}

func code(err error) string {
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		return refused.Code
	}
	return ""
}

// Check looks past the door: each fault is planted as superuser, past every trigger and grant.
func TestCheck_SeesEveryPlantedFault(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ plant, want string }{
		"an entry was changed":        {"UPDATE ledger_entries SET cents = cents + 1 WHERE transfer_id = $1 AND line = 1 AND tenant_id = $2", findUnbalanced},
		"an entry is gone":            {"DELETE FROM ledger_entries WHERE transfer_id = $1 AND line = 1 AND tenant_id = $2", findTotal},
		"both entries are gone":       {"DELETE FROM ledger_entries WHERE transfer_id = $1 AND tenant_id = $2", findLines},
		"both were doubled":           {"UPDATE ledger_entries SET cents = cents * 2 WHERE transfer_id = $1 AND tenant_id = $2", findLines},
		"its reversal was doubled":    {"UPDATE ledger_entries SET cents = cents * 2 WHERE transfer_id = (SELECT id FROM ledger_transfers WHERE reverses = $1) AND tenant_id = $2", findReversal},
		"what was reversed waits":     {"UPDATE ledger_transfers SET pending = true WHERE id = $1 AND tenant_id = $2", findReversal},
		"what was decided counts":     {"UPDATE ledger_transfers SET pending = false WHERE key = 'voided' AND $1::uuid IS NOT NULL AND tenant_id = $2", findOutcome},
		"what waits is a day older":   {"UPDATE ledger_transfers SET at = at - interval '25 hours' WHERE key = 'waiting' AND $1::uuid IS NOT NULL AND tenant_id = $2", findWaiting},
		"money stands with a citizen": {"", findCitizen},
	} {
		t.Run(name, func(t *testing.T) {
			w := setup(t)
			anna, cooperative := newID(), newID()
			w.mustPost(payment("payment", anna, 750))
			id := w.mustPost(sale("sale", anna, cooperative, 500))
			for _, key := range []string{"voided", "waiting"} {
				p := payment(key, anna, 300)
				p.Pending = true
				w.mustPost(p)
			}
			w.must(w.void("voided"))
			if _, err := w.reverse("sale", "reversal"); err != nil {
				t.Fatal(err)
			}
			w.sound()
			if c.plant != "" {
				w.plant(c.plant, id, w.city.ID)
			}
			found, err := w.Check(w.ctx)
			w.must(err)
			if !slices.ContainsFunc(found, func(f Finding) bool { return f.Code == c.want && f.Info == (f.Code == findCitizen) }) {
				t.Errorf("found %+v, want %s", found, c.want)
			}
		})
	}
}

// A key, and a reversal, that stand twice: only without the indexes, which is tried in a transaction that is rolled back.
func TestCheck_SeesAKeyThatStandsTwice(t *testing.T) {
	w := setup(t)
	w.mustPost(payment("one", newID(), 100))
	conn, err := pgx.Connect(w.ctx, testkit.Postgres(t).SuperURL())
	w.must(err)
	defer func() { _ = conn.Close(context.WithoutCancel(w.ctx)) }()
	var sql string
	for _, search := range searches {
		if search.code == findKey {
			sql = search.sql
		}
	}
	tx, err := conn.Begin(w.ctx)
	w.must(err)
	defer func() { _ = tx.Rollback(context.WithoutCancel(w.ctx)) }()
	_, err = tx.Exec(w.ctx, `CREATE TEMP TABLE ledger_transfers ON COMMIT DROP AS SELECT t.* FROM public.ledger_transfers t, generate_series(1, 2) WHERE t.tenant_id = $1`, w.city.ID)
	w.must(err)
	rows, err := tx.Query(w.ctx, sql)
	w.must(err)
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (bool, error) { return true, nil })
	if err != nil || len(found) != 1 {
		t.Errorf("found %v, %v", found, err)
	}
}
