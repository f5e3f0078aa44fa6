package tenants_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

func note(ctx context.Context, verb string) error {
	return tenants.Audit(ctx, tenants.Entry{Actor: "operator", SubjectKind: "city", Subject: "x", Verb: verb, Purpose: "test"})
}

func TestAudit_TheChainHoldsAndATornOneIsSeen(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, city := testkit.City(t)
	for range 3 {
		if err := db.Tx(ctx, func(ctx context.Context) error {
			return tenants.Audit(ctx, tenants.Entry{Actor: "operator", SubjectKind: "city", Subject: city.ID.String(), Verb: "looked", Purpose: "test", After: city.Slug})
		}); err != nil {
			t.Fatal(err)
		}
	}
	if at, err := db.AuditBrokenAt(ctx); err != nil || at != 0 {
		t.Fatalf("broken at %d, err = %v", at, err)
	}
	if _, err := db.Pool().Exec(ctx, "UPDATE audit_entries SET purpose = 'other'"); err == nil {
		t.Error("the app role may change an audit entry")
	}
	super, err := pgx.Connect(ctx, testkit.Postgres(t).SuperURL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = super.Close(ctx) }()
	if _, err := super.Exec(ctx, "UPDATE audit_entries SET purpose = 'other' WHERE tenant_id = $1 AND seq = 2", city.ID); err != nil {
		t.Fatal(err)
	}
	if at, err := db.AuditBrokenAt(ctx); err != nil || at != 2 {
		t.Errorf("broken at %d, want 2; err = %v", at, err)
	}
}

func TestAudit_FiftyAtOnceMakeOneChain(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	var running sync.WaitGroup
	for i := range 50 {
		running.Go(func() {
			if err := db.Tx(ctx, func(ctx context.Context) error { return note(ctx, fmt.Sprint(i)) }); err != nil {
				t.Error(err)
			}
		})
	}
	running.Wait()
	if got := ask[string](t, ctx, "SELECT concat_ws(' ', count(*), min(seq), max(seq), count(DISTINCT verb), count(DISTINCT prev)) FROM audit_entries"); got != "50 1 50 50 50" {
		t.Errorf("entries, first, last, verbs, links: %s", got)
	}
	if at, err := db.AuditBrokenAt(ctx); err != nil || at != 0 {
		t.Errorf("broken at %d, %v", at, err)
	}
}

func TestAudit_ARolledBackDecisionLeavesNoGap(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	for _, result := range []error{nil, context.Canceled, nil} {
		_ = db.Tx(ctx, func(ctx context.Context) error {
			if err := note(ctx, "decided"); err != nil {
				t.Error(err)
			}
			return result
		})
	}
	if got := ask[int](t, ctx, "SELECT max(seq) FROM audit_entries"); got != 2 {
		t.Errorf("last entry %d", got)
	}
	if at, err := db.AuditBrokenAt(ctx); err != nil || at != 0 {
		t.Errorf("broken at %d, %v", at, err)
	}
}

func TestAudit_NobodyWhoServesCanChangeIt(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	otherCtx, other := testkit.City(t)
	person(t, ctx, "INSERT INTO offices (id, slug, name) VALUES (gen_random_uuid(), 'a', 'A')")
	for _, c := range []context.Context{ctx, otherCtx} {
		if err := db.Tx(c, func(ctx context.Context) error { return note(ctx, "decided") }); err != nil {
			t.Fatal(err)
		}
	}
	const entry = "INSERT INTO audit_entries (tenant_id, seq, at, actor, subject_kind, subject, verb, purpose, prev, hash) VALUES "
	for name, sql := range map[string]string{
		"change":              "UPDATE audit_entries SET purpose = 'other'",
		"delete":              "DELETE FROM audit_entries",
		"truncate":            "TRUNCATE audit_entries",
		"rewrite the head":    "UPDATE audit_heads SET seq = 0",
		"forge a head":        "INSERT INTO audit_heads (seq, hash) VALUES (7, 'x')",
		"drop the trigger":    "DROP TRIGGER chain ON audit_entries",
		"switch it off":       "ALTER TABLE audit_entries DISABLE TRIGGER ALL",
		"replay as replica":   "SET LOCAL session_replication_role = replica",
		"write for another":   entry + "('" + other.ID.String() + "', 0, now(), 'operator', 'x', 'x', 'x', 'x', '', '')",
		"call the trigger":    "SELECT chain_audit()",
		"pass row security":   "SET LOCAL row_security = off; SELECT * FROM audit_entries",
		"become the owner":    "SET LOCAL ROLE welfarex_owner",
		"a table of the name": "CREATE TABLE public.audit_heads2 (x int)",
	} {
		if err := db.Tx(ctx, func(ctx context.Context) error {
			for part := range strings.SplitSeq(sql, "; ") {
				if _, err := tenants.PgxTx(ctx).Exec(ctx, part, pgx.QueryExecModeExec); err != nil {
					return err
				}
			}
			return nil
		}); err == nil {
			t.Errorf("%s: done", name)
		}
	}
	// A made-up number, time or hash is not believed.
	person(t, ctx, entry+"(current_city(), 99, '2000-01-01', 'operator', 'x', 'x', 'forged', 'x', 'x', 'x')")
	if !ask[bool](t, ctx, "SELECT seq = 2 AND at > now() - interval '1 hour' AND length(hash) = 32 FROM audit_entries WHERE verb = 'forged'") {
		t.Error("the forged entry stands as it was written")
	}
	for _, c := range []context.Context{ctx, otherCtx} {
		if at, err := db.AuditBrokenAt(c); err != nil || at != 0 {
			t.Errorf("broken at %d, %v", at, err)
		}
	}
}

func TestAudit_EveryTearIsSeen(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	for name, c := range map[string]struct {
		sql  string
		want int64
	}{
		"a changed word":        {"UPDATE audit_entries SET verb = 'other' WHERE tenant_id = $1 AND seq = 2", 2},
		"a changed time":        {"UPDATE audit_entries SET at = at - interval '1 second' WHERE tenant_id = $1 AND seq = 3", 3},
		"an entry taken out":    {"DELETE FROM audit_entries WHERE tenant_id = $1 AND seq = 2", 3},
		"the last taken off":    {"DELETE FROM audit_entries WHERE tenant_id = $1 AND seq = 4", 4},
		"all taken off":         {"DELETE FROM audit_entries WHERE tenant_id = $1", 4},
		"the first taken off":   {"DELETE FROM audit_entries WHERE tenant_id = $1 AND seq = 1", 2},
		"an entry and its hash": {"UPDATE audit_entries e SET verb = 'other', hash = audit_hash(e) WHERE tenant_id = $1 AND seq = 2", 2},
		"an entry renumbered":   {"UPDATE audit_entries SET seq = CASE seq WHEN 3 THEN 40 ELSE seq END WHERE tenant_id = $1", 4},
	} {
		ctx, city := testkit.City(t)
		for range 4 {
			if err := db.Tx(ctx, func(ctx context.Context) error { return note(ctx, "decided") }); err != nil {
				t.Fatal(err)
			}
		}
		asSuper(t, c.sql, city.ID)
		if at, err := db.AuditBrokenAt(ctx); err != nil || at != c.want {
			t.Errorf("%s: broken at %d, want %d; %v", name, at, c.want, err)
		}
	}
}

func TestAudit_HoldsTheRequestAndDigestsAlone(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	ctx, _ := testkit.City(t)
	id := uuid.NewString()
	err := db.Tx(tenants.WithRequestID(ctx, id), func(ctx context.Context) error {
		return tenants.Audit(ctx, tenants.Entry{Actor: "operator", SubjectKind: "account", Subject: "x", Verb: "changed", Purpose: "test", Before: "Anna Rossi", After: "Anna Bianchi"})
	})
	if err != nil {
		t.Fatal(err)
	}
	if !ask[bool](t, ctx, "SELECT request = $1 AND length(before) = 32 AND length(after) = 32 AND before <> after AND to_jsonb(e)::text NOT LIKE '%Anna%' FROM audit_entries e", id) {
		t.Error("the entry is not as it should be")
	}
}
