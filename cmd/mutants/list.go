package main

// open lets every city read and write a table's rows.
func open(tables ...string) (sql string) {
	for _, t := range tables {
		sql += "DROP POLICY city ON " + t + "; CREATE POLICY city ON " + t + " USING (true) WITH CHECK (true);\n"
	}
	return sql
}

// everyTable runs a statement for each table that is a city's.
func everyTable(statement string) string {
	return `DO $$ DECLARE t regclass; BEGIN
		FOR t IN SELECT polrelid FROM pg_policy WHERE polname = 'city' LOOP EXECUTE format('` + statement + `', t); END LOOP; END $$;`
}

// asOwner makes the program's connections work with the owner's rights.
const asOwner = "GRANT welfarex_owner TO welfarex_app; ALTER ROLE welfarex_app SET role = 'welfarex_owner';"

var books = open("ledger_accounts", "ledger_transfers", "ledger_entries", "ledger_outcomes")

// mutants are the bugs, by where they sit.
var mutants = []mutant{
	// In the database.
	{name: "a table without its policy", caught: "Knock", sql: "DROP POLICY city ON services"},
	{name: "a policy that lets every city in", caught: "ForeignIDs", short: true, sql: open("access_points")},
	{name: "row security off on the files", caught: "Files", sql: "ALTER TABLE files DISABLE ROW LEVEL SECURITY"},
	{name: "row security off on the catalogue's words", caught: "QueryValues", sql: open("needs", "categories", "services", "providers", "neighbourhoods")},
	{name: "not forced, and the owner's role used", caught: "ForeignIDs", short: true, sql: asOwner + everyTable("ALTER TABLE %s NO FORCE ROW LEVEL SECURITY")},
	{name: "a role that passes row security", caught: "ForeignIDs", short: true, sql: "ALTER ROLE welfarex_app BYPASSRLS"},
	{name: "a session accepted on a sibling host", caught: "Crossing", sql: open("sessions", "accounts", "memberships")},
	{name: "answers kept for all cities", caught: "Programs", sql: open("answers") + `ALTER TABLE answers DROP CONSTRAINT answers_tenant_id_account_id_fkey;
		ALTER TABLE answers DROP CONSTRAINT answers_tenant_id_fkey; ALTER TABLE answers ALTER tenant_id SET DEFAULT '00000000-0000-0000-0000-000000000000'`,
		edits: []edit{{"modules/kit/web/api.go", "Account: r.Actor.Account, Route:", "Account: [16]byte{}, Route:"}}},
	{name: "links of mails unscoped", caught: "Links", sql: open("tokens", "accounts")},
	{name: "rate limits unscoped", caught: "Limits", sql: open("throttles") + `ALTER TABLE throttles DROP CONSTRAINT throttles_tenant_id_fkey;
		ALTER TABLE throttles ALTER tenant_id SET DEFAULT '00000000-0000-0000-0000-000000000000'`},
	{name: "rows of another city may be written", caught: "Door", sql: open("offices")},
	{name: "payments and books of every city", caught: "Notices", short: true, sql: open("payments", "refunds", "payment_notices", "orders", "order_parts") + books},
	{name: "the books of every city", caught: "Knock", sql: books},
	{name: "order numbers that count for all cities", caught: "Numbers", sql: open("order_numbers") + `ALTER TABLE order_numbers DROP CONSTRAINT order_numbers_tenant_id_fkey;
		ALTER TABLE order_numbers ALTER tenant_id SET DEFAULT '00000000-0000-0000-0000-000000000000'`},
	{name: "any city may give up another's domain", caught: "Domains", sql: "ALTER POLICY city_removes ON hosts USING (true)"},

	// At the door of the program.
	{name: "the city from a forwarded header of anyone", caught: "Forged", short: true, edits: []edit{{"modules/kit/web/host.go",
		"\tif p.trust(peer(c)) {\n\t\tswitch forwarded", "\tif p.trust(peer(c)) || true {\n\t\tswitch forwarded"}}},
	{name: "the host taken loosely", caught: "Sockets", edits: []edit{{"modules/kit/web/host.go",
		"raw := string(c.Request().Header.Host())", "raw := strings.Trim(string(c.Request().Header.Host()), \". /\")"}}},
	{name: "a length given twice is taken", caught: "Sockets", edits: []edit{{"modules/kit/web/server.go", "\tapp.Use(oneLength)\n", ""}}},
	{name: "no check where a form comes from", caught: "CrossSite", edits: []edit{{"modules/kit/web/server.go",
		`	return problem.New(problem.Forbidden, "problem.cross_site")`, "	return nil"}}},
	{name: "a cookie for the whole parent domain", caught: "Crossing", edits: []edit{{"modules/kit/web/request.go",
		`Path: "/", Expires: expires`, `Path: "/", Domain: r.server.Base.Parent, Expires: expires`}}},
	{name: "the password is enough for staff", caught: "Knock", edits: []edit{{"modules/kit/web/server.go",
		"if actor.Complete() {", "if actor != nil {"}}},
	{name: "a session in the place of a key", caught: "Crossing", edits: []edit{
		{"modules/kit/web/api_door.go", "case actor.Scopes == nil, !actor.Complete():", "case !actor.Complete():"},
		{"modules/kit/web/api_door.go", "`[\\w-]{43}$`", "`.*|.+`"},
	}},
	{name: "a key in the place of a session", caught: "Crossing", edits: []edit{{"modules/kit/web/server.go", " || err == nil && actor.Scopes != nil {", " {"}}},
	{name: "scopes that nobody asks for", caught: "Programs", edits: []edit{{"modules/kit/web/api_door.go", "case !slices.Contains(r.Actor.Scopes, row.Scope):", "case row.Scope == \"?\":"}}},
	{name: "replies to people signed in may be stored", caught: "Knock", edits: []edit{{"modules/kit/web/server.go",
		"if r.Half != nil || c.Method() != fiber.MethodGet || route.Class == Own {", "if c.Method() != fiber.MethodGet {"}}},
	{name: "pages kept by address alone", caught: "Caches", short: true, edits: []edit{{"modules/kit/web/cache.go",
		"pageKey{r.City.ID, r.City.Version,", "pageKey{uuid.Nil, 0,"}}},
	{name: "a path repeated that leads elsewhere", caught: "Away", edits: []edit{{"modules/kit/web/server.go",
		"misleading := misleads(r.Path)", "misleading := misleads(\"\")"}}},
	{name: "logs that hold the address asked for", caught: "Knock", edits: []edit{{"modules/kit/web/server.go",
		"\"method\", c.Method(), \"route\", c.Route().Path", "\"method\", c.Method(), \"route\", c.OriginalURL()"}}},
	{name: "a suspended city answers", caught: "Suspended", edits: []edit{{"modules/kit/web/server.go",
		"if city.Status == tenants.StatusSuspended && !asset {", "if asset && !asset {"}}},

	// In the services.
	{name: "links of mails from the request's Host", caught: "Mails", edits: []edit{
		{"modules/kit/web/server.go", "func (b Base) Of(city *tenants.City) string {\n", "var lastHost string\n\nfunc (b Base) Of(city *tenants.City) string {\n\tif lastHost != \"\" {\n\t\treturn b.Scheme + \"://\" + lastHost\n\t}\n"},
		{"modules/kit/web/server.go", "\thost := s.Proxies.host(c)\n", "\thost := s.Proxies.host(c)\n\tlastHost = string(c.Request().Header.Host())\n"},
	}},
	{name: "roles kept after they were taken", caught: "Roles", edits: []edit{
		{"modules/accounts/service.go", "\treturn s.resume(ctx, hashOf(token))\n}", "\tif kept, ok := keptActors.Load(token); ok {\n\t\treturn kept.(*authz.Actor), nil\n\t}\n" +
			"\tactor, err := s.resume(ctx, hashOf(token))\n\tif err == nil {\n\t\tkeptActors.Store(token, actor)\n\t}\n\treturn actor, err\n}\n\nvar keptActors sync.Map"},
		{"modules/accounts/service.go", "\t\"io\"\n", "\t\"io\"\n\t\"sync\"\n"},
	}},
	{name: "another provider's staff shown", caught: "Roles", edits: []edit{{"modules/accounts/pages_work.go",
		"if m.Provider == provider {", "if m.Provider != uuid.Nil {"}, {"modules/accounts/store_staff.go",
		`"m.provider_id = ANY ($1::uuid[]) AND (m.provider_id = ANY ($2::uuid[])`, `"(m.provider_id IS NOT NULL OR m.provider_id = ANY ($1::uuid[])) AND (m.provider_id IS NOT NULL OR m.provider_id = ANY ($2::uuid[])`}}},
	{name: "anybody's session can be ended", caught: "ForeignIDs", edits: []edit{{"modules/accounts/store_sessions.go",
		"DELETE FROM sessions WHERE account_id = $1 AND id = $2", "DELETE FROM sessions WHERE $1::uuid IS NOT NULL AND id = $2"}}},
	{name: "a session that an attacker chose is kept", caught: "Logins", edits: []edit{{"modules/accounts/service_login.go",
		"\ttoken, err := s.newToken()\n", "\ttoken, err := s.newToken()\n\tif v.Session != \"\" {\n\t\ttoken = v.Session\n\t}\n"}}},
	{name: "a second factor sealed for no city", caught: "Logins", edits: []edit{{"tenants/secrets.go",
		"append(city.ID[:], purpose...)", "append([]byte{}, purpose...)"}}},
	{name: "files without a policy", caught: "Files", short: true, edits: []edit{{"modules/kit/files/files.go", "\tif !f.Public {\n", "\tif f.ID == uuid.Nil {\n"}}},
	{name: "403 where it should be 404", caught: "Files", edits: []edit{{"modules/kit/files/files.go",
		"\t\tif !ok {\n\t\t\treturn File{}, nil, problem.ErrNotFound", "\t\tif !ok {\n\t\t\treturn File{}, nil, problem.ErrForbidden"}}},
	{name: "a job without a city falls to the first one", caught: "Jobs", edits: []edit{{"modules/kit/jobs/jobs.go",
		"return river.JobCancel(fmt.Errorf(\"job %d (%s): %w\", job.ID, job.Kind, tenants.ErrNoCity))", "id = cities.All()[0].ID"}}},
	{name: "jobs of a suspended city go on", caught: "Suspended", edits: []edit{{"modules/kit/jobs/jobs.go",
		"case city.Status == tenants.StatusSuspended:", "case city.Status == \"\":"}}},
	{name: "a transaction of one city joined by another", caught: "Door", edits: []edit{{"tenants/db.go", "case t.city.ID != city.ID:", "case city.ID == [16]byte{}:"}}},
	{name: "anybody's order", caught: "ForeignIDs", edits: []edit{{"modules/orders/policy.go",
		"if o.Payer != actor.Account && o.Actor != actor.Account {", "if o.Payer == uuid.Nil {"}}},
	{name: "another provider's orders", caught: "ForeignIDs", edits: []edit{{"modules/orders/policy.go",
		"if !slices.Contains(s.providers(actor), p.Provider) {", "if !slices.Contains(s.providers(actor), p.Provider) && p.Provider == uuid.Nil {"}}},
	{name: "a notice without its signature", caught: "Notices", edits: []edit{{"modules/payments/card_notices.go",
		"if err := webhook.ValidatePayload(body, signature, secret); err != nil {", "if err := webhook.ValidatePayload(body, signature, secret); err != nil && len(body) == 0 {"}}},
	{name: "another provider's drafts", caught: "ForeignIDs", edits: []edit{{"modules/publishing/policy.go",
		"if !slices.Contains(s.providersOf(actor, verb, kind), provider) {", "if !slices.Contains(s.providersOf(actor, verb, kind), provider) && provider == uuid.Nil {"}}},
	{name: "the documents of another provider's draft", caught: "Files", edits: []edit{{"modules/publishing/policy.go",
		`	return s.mine(actor, "read", "service", provider)`, `	return s.policy.Allow(actor, "read", "service")`}}},
	{name: "an act of another person's", caught: "Files", edits: []edit{{"modules/accounts/service_acts.go",
		`if err := s.policy.Allow(actor, "read", "act"); err != nil {`, `if err := s.policy.Allow(actor, "read", "act"); err != nil && actor == nil {`}}},
	{name: "a domain of two cities", caught: "Domains", edits: []edit{{"tenants/apply.go", "if len(taken) > 0 {", "if len(taken) > 1000 {"}}},
}
