package migrations_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/welfarex/welfarex/modules/kit/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// global lists the tables that belong to no city, and why. Every other table must be a city's.
var global = []string{
	"cities",              // who the cities are: every process reads all of them; a row is written only from inside its city
	"hosts",               // a host name is one city's in the whole installation, so its key cannot begin with the city
	"river_job",           // a job carries its city and ids, never personal data
	"river_leader",        // River's own
	"river_migration",     // River's own steps
	"river_notification",  // River's own
	"river_queue",         // River's own
	"bun_migrations",      // the steps taken
	"bun_migration_locks", // bun's own
}

// check reads the catalogue and gives one line for each thing that is wrong; $1 is the list of global tables. Each has faults: what
// is planted, and what the check must then say.
type check struct {
	name   string
	sql    string
	faults []fault
}

type fault struct{ plant, want string }

const aTable = `CREATE TABLE gifts (tenant_id uuid, id uuid, note text, PRIMARY KEY (tenant_id, id)); CALL tenant_table('gifts');`

// ours are the schemas that are not PostgreSQL's.
const ours = `n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'`

var checks = []check{
	{
		name: "every table is a city's, or stands on the list",
		sql: `SELECT format('%s has no tenant_id uuid NOT NULL DEFAULT current_city()', c.oid::regclass) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('r', 'p') AND ` + ours + ` AND NOT (n.nspname = 'public' AND c.relname = ANY ($1)) AND NOT EXISTS (
				SELECT FROM pg_attribute a JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'
				AND a.atttypid = 'uuid'::regtype AND a.attnotnull AND pg_get_expr(d.adbin, d.adrelid) = 'current_city()')
			UNION ALL SELECT format('%s is on the list and does not exist', t) FROM unnest($1::text[]) t WHERE to_regclass('public.' || t) IS NULL`,
		faults: []fault{
			{`CREATE TABLE gifts (id uuid PRIMARY KEY)`, "gifts has no tenant_id"},
			{`CREATE SCHEMA other; CREATE TABLE other.cities (id uuid PRIMARY KEY)`, "other.cities has no tenant_id"},
			{aTable + `ALTER TABLE gifts ALTER tenant_id DROP DEFAULT`, "gifts has no tenant_id"},
			{`ALTER TABLE river_queue RENAME TO gifts`, "river_queue is on the list"},
		},
	},
	{
		name: "row security is on, forced, and one policy lets in exactly the city of the transaction",
		sql: `SELECT format('%s: enabled %s, forced %s, policies %s', c.oid::regclass, c.relrowsecurity, c.relforcerowsecurity, p.all) FROM pg_class c
			JOIN pg_namespace n ON n.oid = c.relnamespace
			CROSS JOIN LATERAL (SELECT COALESCE(string_agg(format('%s %s using %s check %s for %s', CASE WHEN polpermissive THEN 'permissive' ELSE 'restrictive' END,
				polcmd, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid), polroles::text), '; '), 'none') FROM pg_policy WHERE polrelid = c.oid) AS p("all")
			WHERE c.relkind IN ('r', 'p') AND ` + ours + ` AND NOT c.relname = ANY ($1) AND NOT (c.relrowsecurity AND c.relforcerowsecurity
				AND p.all = 'permissive * using (tenant_id = ( SELECT current_city() AS current_city)) check (tenant_id = current_city()) for {0}')`,
		faults: []fault{
			{`DROP POLICY city ON accounts`, "accounts: enabled t, forced t, policies none"},
			{`ALTER TABLE accounts NO FORCE ROW LEVEL SECURITY`, "accounts: enabled t, forced f"},
			{`ALTER TABLE accounts DISABLE ROW LEVEL SECURITY`, "accounts: enabled f"},
			{`CREATE POLICY door ON accounts FOR SELECT USING (true)`, "accounts: enabled t, forced t, policies permissive"},
			{`ALTER POLICY city ON accounts WITH CHECK (true)`, "check true"},
			{`ALTER POLICY city ON accounts USING (tenant_id = current_city() OR current_city() IS NULL)`, "IS NULL"},
		},
	},
	{
		name: "cities and hosts are written only from inside their city",
		sql: `SELECT format('%s: forced %s, policies %s', c.oid::regclass, c.relforcerowsecurity, p.all) FROM pg_class c
			CROSS JOIN LATERAL (SELECT COALESCE(string_agg(format('%s using %s check %s', polcmd, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)), '; '
				ORDER BY polcmd), 'none') FROM pg_policy WHERE polrelid = c.oid) AS p("all")
			WHERE $1::text[] IS NOT NULL AND c.oid IN ('cities'::regclass, 'hosts'::regclass) AND NOT (c.relrowsecurity AND c.relforcerowsecurity AND p.all = CASE c.relname
				WHEN 'cities' THEN 'a using  check (id = current_city()); r using true check ; w using (id = current_city()) check (id = current_city())'
				ELSE 'a using  check (tenant_id = current_city()); d using (tenant_id = current_city()) check ; r using true check ' END)`,
		faults: []fault{
			{`ALTER TABLE cities NO FORCE ROW LEVEL SECURITY`, "cities: forced f"},
			{`ALTER POLICY city_writes ON cities USING (true) WITH CHECK (true)`, "w using true"},
			{`ALTER POLICY city_adds ON hosts WITH CHECK (true)`, "hosts: forced t, policies a using  check true"},
		},
	},
	{
		name: "every key of a city's table begins with the city, so that it tells nobody what another city holds",
		sql: `SELECT format('%s of %s does not begin with tenant_id', i.indexrelid::regclass, i.indrelid::regclass) FROM pg_index i
			JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
			WHERE (i.indisunique OR i.indisexclusion) AND c.relkind IN ('r', 'p') AND ` + ours + ` AND NOT c.relname = ANY ($1) AND a.attname IS DISTINCT FROM 'tenant_id'
			UNION ALL SELECT format('%s has no primary key', c.oid::regclass) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('r', 'p') AND ` + ours + ` AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary)`,
		faults: []fault{
			{`CREATE UNIQUE INDEX accounts_address ON accounts (email)`, "accounts_address of accounts"},
			{`CREATE UNIQUE INDEX accounts_address ON accounts (email, tenant_id)`, "accounts_address of accounts"},
			{`CREATE UNIQUE INDEX accounts_address ON accounts (lower(email))`, "accounts_address of accounts"},
			{`CREATE TABLE gifts (tenant_id uuid, id uuid PRIMARY KEY); CALL tenant_table('gifts')`, "gifts_pkey of gifts"},
			{`CREATE TABLE gifts (tenant_id uuid); CALL tenant_table('gifts')`, "gifts has no primary key"},
		},
	},
	{
		name: "a reference between cities' tables carries the city on both sides",
		sql: `SELECT format('%s of %s: %s', k.conname, k.conrelid::regclass, pg_get_constraintdef(k.oid)) FROM pg_constraint k
			JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class target ON target.oid = k.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE k.contype = 'f' AND ` + ours + ` AND NOT c.relname = ANY ($1) AND NOT EXISTS (
				SELECT FROM unnest(k.conkey, k.confkey) AS pair(here, there)
				JOIN pg_attribute mine ON mine.attrelid = k.conrelid AND mine.attnum = here
				JOIN pg_attribute theirs ON theirs.attrelid = k.confrelid AND theirs.attnum = there
				WHERE mine.attname = 'tenant_id' AND (theirs.attname = 'tenant_id' OR (target.relname = 'cities' AND theirs.attname = 'id')))`,
		faults: []fault{
			{`CREATE UNIQUE INDEX files_alone ON files (id); ALTER TABLE providers ADD picture uuid REFERENCES files (id)`, "FOREIGN KEY (picture) REFERENCES files(id)"},
			{`ALTER TABLE providers ADD other uuid, ADD picture uuid, ADD FOREIGN KEY (other, picture) REFERENCES files (tenant_id, id)`, "FOREIGN KEY (other, picture)"},
			{`ALTER TABLE providers ADD city uuid REFERENCES cities (id)`, "FOREIGN KEY (city) REFERENCES cities(id)"},
		},
	},
	{
		name: "no view shows more than the tables under it, and no number counts for all cities",
		sql: `SELECT format('%s is a view without security_invoker', c.oid::regclass) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind IN ('v', 'm', 'f') AND ` + ours + ` AND NOT (c.relkind = 'v' AND COALESCE(c.reloptions, '{}') && '{security_invoker=true,security_invoker=on}')
			UNION ALL SELECT format('%s.%s counts for all cities', d.adrelid::regclass, a.attname) FROM pg_attrdef d
			JOIN pg_class c ON c.oid = d.adrelid JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
			WHERE ` + ours + ` AND NOT c.relname = ANY ($1) AND pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%'
			UNION ALL SELECT format('%s.%s counts for all cities', a.attrelid::regclass, a.attname) FROM pg_attribute a
			JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE a.attidentity <> '' AND ` + ours + ` AND NOT c.relname = ANY ($1)`,
		faults: []fault{
			{`CREATE VIEW people AS SELECT * FROM accounts`, "people is a view"},
			{`CREATE MATERIALIZED VIEW people AS SELECT * FROM accounts`, "people is a view"},
			{`ALTER TABLE accounts ADD number bigserial`, "accounts.number counts"},
			{`ALTER TABLE accounts ADD number bigint GENERATED ALWAYS AS IDENTITY`, "accounts.number counts"},
		},
	},
	{
		name: "the app role is nobody: no attribute, no membership, nothing of its own, no DDL",
		sql: `WITH app AS (SELECT * FROM pg_roles WHERE rolname = 'welfarex_app' AND $1::text[] IS NOT NULL)
			SELECT 'there is no app role' WHERE NOT EXISTS (SELECT FROM app)
			UNION ALL SELECT 'the app role may what only a superuser should' FROM app WHERE rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication
			UNION ALL SELECT format('the app role is a member of %s', m.roleid::regrole) FROM pg_auth_members m, app WHERE m.member = app.oid
			UNION ALL SELECT format('the app role owns relation %s', c.oid::regclass) FROM pg_class c, app WHERE c.relowner = app.oid
			UNION ALL SELECT format('the app role owns function %s', p.oid::regprocedure) FROM pg_proc p, app WHERE p.proowner = app.oid
			UNION ALL SELECT format('the app role owns schema %s', n.nspname) FROM pg_namespace n, app WHERE n.nspowner = app.oid
			UNION ALL SELECT format('the app role owns database %s', d.datname) FROM pg_database d, app WHERE d.datdba = app.oid
			UNION ALL SELECT format('the app role may create in schema %s', n.nspname) FROM pg_namespace n, app WHERE has_schema_privilege(app.oid, n.oid, 'CREATE')
			UNION ALL SELECT 'the app role may create schemas' FROM app WHERE has_database_privilege(app.oid, current_database(), 'CREATE')`,
		faults: []fault{
			{`ALTER ROLE welfarex_app BYPASSRLS`, "may what only a superuser"},
			{`ALTER ROLE welfarex_app SUPERUSER`, "may what only a superuser"},
			{`GRANT welfarex_owner TO welfarex_app`, "member of welfarex_owner"},
			{`ALTER TABLE accounts OWNER TO welfarex_app`, "owns relation accounts"},
			{`ALTER FUNCTION chain_audit() OWNER TO welfarex_app`, "owns function chain_audit()"},
			{`GRANT CREATE ON SCHEMA public TO PUBLIC`, "may create in schema public"},
			{`CREATE SCHEMA other AUTHORIZATION welfarex_app`, "owns schema other"},
		},
	},
	{
		name: "row security holds for the owner too",
		sql: `SELECT format('the owner of %s passes row security', c.oid::regclass) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			JOIN pg_roles r ON r.oid = c.relowner WHERE c.relkind IN ('r', 'p') AND ` + ours + ` AND $1::text[] IS NOT NULL AND (r.rolsuper OR r.rolbypassrls)`,
		faults: []fault{
			{`ALTER ROLE welfarex_owner BYPASSRLS`, "the owner of accounts"},
			{`ALTER TABLE accounts OWNER TO postgres`, "the owner of accounts"},
		},
	},
	{
		name: "the app role reads and writes rows, and what is to stay it cannot change",
		sql: `SELECT format('the app role has %s on %s', privilege, c.oid::regclass) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			CROSS JOIN unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) privilege
			WHERE c.relkind IN ('r', 'p', 'v', 'm') AND ` + ours + ` AND $1::text[] IS NOT NULL
			AND (has_table_privilege('welfarex_app', c.oid, privilege)
				OR (privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') AND has_any_column_privilege('welfarex_app', c.oid, privilege)))
			AND NOT privilege = ANY (CASE c.relname
				WHEN 'audit_entries' THEN '{SELECT,INSERT}'
				WHEN 'acceptances' THEN '{SELECT,INSERT}'
				WHEN 'ledger_accounts' THEN '{SELECT,INSERT}'
				WHEN 'ledger_transfers' THEN '{SELECT,INSERT}'
				WHEN 'ledger_entries' THEN '{SELECT,INSERT}'
				WHEN 'ledger_outcomes' THEN '{SELECT,INSERT}'
				WHEN 'ledger_posted' THEN '{SELECT}'      -- a view
				WHEN 'audit_heads' THEN '{SELECT}'        -- the trigger alone writes it
				WHEN 'cities' THEN '{SELECT,INSERT,UPDATE}'
				WHEN 'hosts' THEN '{SELECT,INSERT,DELETE}' -- a host does not change hands: it is given up, then taken
				WHEN 'river_migration' THEN '{SELECT}'
				WHEN 'bun_migrations' THEN '{SELECT}'
				WHEN 'bun_migration_locks' THEN '{}'
				ELSE '{SELECT,INSERT,UPDATE,DELETE}' END::text[])`,
		faults: []fault{
			{`GRANT UPDATE ON audit_entries TO welfarex_app`, "UPDATE on audit_entries"},
			{`GRANT UPDATE (purpose) ON audit_entries TO welfarex_app`, "UPDATE on audit_entries"},
			{`GRANT DELETE ON audit_entries TO PUBLIC`, "DELETE on audit_entries"},
			{`GRANT UPDATE ON ledger_entries TO welfarex_app`, "UPDATE on ledger_entries"},
			{`GRANT DELETE ON ledger_transfers TO welfarex_app`, "DELETE on ledger_transfers"},
			{`GRANT UPDATE (cents) ON ledger_entries TO welfarex_app`, "UPDATE on ledger_entries"},
			{`GRANT UPDATE ON ledger_outcomes TO PUBLIC`, "UPDATE on ledger_outcomes"},
			{`GRANT TRUNCATE ON ledger_entries TO welfarex_app`, "TRUNCATE on ledger_entries"},
			{`GRANT INSERT ON ledger_posted TO welfarex_app`, "INSERT on ledger_posted"},
			{`GRANT UPDATE ON acceptances TO welfarex_app`, "UPDATE on acceptances"},
			{`GRANT DELETE ON acceptances TO welfarex_app`, "DELETE on acceptances"},
			{`GRANT UPDATE ON audit_heads TO welfarex_app`, "UPDATE on audit_heads"},
			{`GRANT TRUNCATE ON accounts TO welfarex_app`, "TRUNCATE on accounts"},
			{`GRANT REFERENCES ON accounts TO welfarex_app`, "REFERENCES on accounts"},
			{`GRANT TRIGGER ON accounts TO welfarex_app`, "TRIGGER on accounts"},
			{`GRANT DELETE ON cities TO welfarex_app`, "DELETE on cities"},
		},
	},
	{
		name: "a function with its owner's rights looks for names in fixed places, and nobody calls it but a trigger",
		sql: `SELECT format('%s: %s, returns %s', p.oid::regprocedure, COALESCE(p.proconfig::text, 'no search_path'), p.prorettype::regtype) FROM pg_proc p
			JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prosecdef AND ` + ours + ` AND $1::text[] IS NOT NULL
			AND NOT (COALESCE(p.proconfig, '{}') @> '{"search_path=public, pg_temp"}' AND p.prorettype = 'trigger'::regtype)`,
		faults: []fault{
			{`ALTER FUNCTION chain_audit() RESET search_path`, "chain_audit(): no search_path"},
			{`ALTER FUNCTION chain_audit() SET search_path = "$user", public`, "chain_audit()"},
			{`CREATE FUNCTION gift() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS 'SELECT 1'`, "gift()"},
		},
	},
}

func TestCatalogue(t *testing.T) {
	t.Parallel()
	pool := super(t)
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if len(c.faults) == 0 {
				t.Fatal("a check that was never seen to fail")
			}
			rolledBack(t, pool, func(tx pgx.Tx) {
				for _, line := range run(t, tx, c) {
					t.Error(line)
				}
			})
		})
	}
}

// TestCatalogue_SeesEveryPlantedFault shows that each check can fail. A fault is planted in a transaction that is rolled back, so no
// other test meets it.
func TestCatalogue_SeesEveryPlantedFault(t *testing.T) {
	t.Parallel()
	pool := super(t)
	for _, c := range checks {
		for _, f := range c.faults {
			t.Run(f.plant, func(t *testing.T) {
				rolledBack(t, pool, func(tx pgx.Tx) {
					if _, err := tx.Exec(t.Context(), f.plant); err != nil {
						t.Fatalf("plant: %v", err)
					}
					if found := run(t, tx, c); !slices.ContainsFunc(found, func(line string) bool { return strings.Contains(line, f.want) }) {
						t.Errorf("%q is not among what %q found: %q", f.want, c.name, found)
					}
				})
			})
		}
	}
}

// An unset city is NULL before the first transaction of a connection and an empty text after it: neither may open a table.
func TestCity_UnsetShowsAndTakesNothing(t *testing.T) {
	t.Parallel()
	ctx, _ := testkit.City(t)
	conn, err := pgx.Connect(ctx, testkit.Postgres(t).AppURL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	for _, when := range []string{"never set", "set and ended"} {
		var rows int
		if err := conn.QueryRow(ctx, "SELECT count(*) FROM audit_entries").Scan(&rows); err != nil || rows != 0 {
			t.Errorf("%s: %d rows, %v", when, rows, err)
		}
		if _, err := conn.Exec(ctx, "INSERT INTO offices (id, slug, name) VALUES (gen_random_uuid(), 'x', 'X')"); err == nil {
			t.Errorf("%s: a row without a city was taken", when)
		}
		if err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "SELECT set_config('app.tenant', gen_random_uuid()::text, true)")
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
}

func run(t *testing.T, tx pgx.Tx, c check) []string {
	t.Helper()
	rows, err := tx.Query(t.Context(), c.sql, global)
	if err != nil {
		t.Fatal(err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w", c.name, err))
	}
	return found
}

func rolledBack(t *testing.T, pool *pgxpool.Pool, do func(pgx.Tx)) {
	t.Helper()
	tx, err := pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(t.Context())) }()
	do(tx)
}

func super(t *testing.T) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(t.Context(), testkit.Postgres(t).SuperURL())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}
