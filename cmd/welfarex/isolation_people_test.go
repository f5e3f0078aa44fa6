package main

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/files"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/modules/ledger"
)

// cast are the people of each twin. Their marks are 900 and up.
var cast = []struct {
	name, role string
	provider   int // which of the city's providers
	half       bool
}{
	{name: "citizen", role: authz.Citizen},
	{name: "another citizen", role: authz.Citizen},
	{name: "provider", role: authz.Provider, provider: 0},
	{name: "another provider", role: authz.Provider, provider: 1},
	{name: "welfare manager", role: authz.WelfareManager},
	{name: "municipality", role: authz.Municipality},
	{name: "city_admin", role: authz.CityAdmin},
	{name: "another city_admin", role: authz.CityAdmin},
	{name: "halfway", role: authz.Municipality, half: true},
}

// password is everybody's: the attacks are on what comes after it. Its hash is cheap, to be checked often.
const password = "sette gatti sul tetto"

const totpSecret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"

// things are the rows of a twin's people.
type things struct {
	accounts, sessions, memberships, members map[string]uuid.UUID // by person; members are of their households
	keys                                     map[string]uuid.UUID // of their programs
	providers                                []uuid.UUID
	orders, parts                            map[string]uuid.UUID // by who ordered, and by who serves
	tokens                                   map[string]string    // by purpose: what the mail would carry
	public, private, act                     uuid.UUID            // files; the act is on what another citizen acts for somebody
	drafts, documents, live                  map[string]uuid.UUID // by person: what their provider writes
	submission                               uuid.UUID
	providerSlugs                            []string
}

// settle gives the city its people, and a row to every table that would else be empty.
func (s *stage) settle(ctx context.Context, t *testing.T, c *twin) {
	t.Helper()
	c.things = things{accounts: map[string]uuid.UUID{}, sessions: map[string]uuid.UUID{}, keys: map[string]uuid.UUID{}, memberships: map[string]uuid.UUID{}, members: map[string]uuid.UUID{}, tokens: map[string]string{}, orders: map[string]uuid.UUID{}, parts: map[string]uuid.UUID{}, drafts: map[string]uuid.UUID{}, documents: map[string]uuid.UUID{}, live: map[string]uuid.UUID{}}
	rows, err := s.super.Query(ctx, "SELECT id, slug FROM providers WHERE tenant_id = $1 AND kind <> 'comune' ORDER BY slug LIMIT 2", c.record.ID)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var id uuid.UUID
		var slug string
		if err := rows.Scan(&id, &slug); err != nil {
			t.Fatal(err)
		}
		c.things.providers, c.things.providerSlugs = append(c.things.providers, id), append(c.things.providerSlugs, slug)
	}
	hash, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	c.People = []attacks.Person{attacks.Visitor}
	for i := range cast {
		s.arrive(ctx, t, c, i, hash)
	}
	s.furnish(ctx, t, c)
}

// exec runs SQL as superuser, with the city set for what triggers and defaults need.
func (s *stage) exec(ctx context.Context, t *testing.T, c *twin, sql string, args ...any) {
	t.Helper()
	tx, err := s.super.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	if _, err := tx.Exec(ctx, "SELECT set_config('app.tenant', $1, true)", c.record.ID.String()); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

func newUUID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func hashed(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// address is a person's e-mail address. The first citizen has the same one in both cities: they are two people all the same.
func (c *twin) address(i int) string {
	if i == 0 {
		return "la.stessa@persona.example"
	}
	return markOf(c.letter, 900+i) + "@persona.example"
}

// arrive makes one person with an account, a role and a living session.
func (s *stage) arrive(ctx context.Context, t *testing.T, c *twin, i int, hash string) {
	t.Helper()
	role := cast[i]
	p := attacks.Person{Name: role.name, Role: role.role, Half: role.half, Session: fmt.Sprintf("%s-session-%d", c.Slug, i), Key: "wx_" + base64.RawURLEncoding.EncodeToString(hashed(fmt.Sprintf("%s-key-%d", c.Slug, i))), Known: "persona " + markOf(c.letter, 900+i)}
	account, session := newUUID(), newUUID()
	staff := role.role != authz.Citizen
	s.exec(ctx, t, c, `INSERT INTO accounts (id, email, name, password, verified_at, totp_since, phone) VALUES ($1, $2, $3, $4, now() - interval '1 day',
		CASE WHEN $5 THEN now() - interval '1 day' END, '0372 555')`, account, c.address(i), "Persona "+markOf(c.letter, 900+i), hash, staff)
	if staff {
		sealed, err := s.app.parsed.key.Seal(c.record, "totp:"+account.String(), []byte(totpSecret))
		if err != nil {
			t.Fatal(err)
		}
		s.exec(ctx, t, c, "UPDATE accounts SET totp_sealed = $2 WHERE id = $1", account, sealed)
		var provider *uuid.UUID
		if role.role == authz.Provider {
			provider = &c.things.providers[role.provider]
		}
		c.things.memberships[role.name] = newUUID()
		s.exec(ctx, t, c, "INSERT INTO memberships (id, account_id, role, provider_id, accepted_at) VALUES ($1, $2, $3, $4, now())", c.things.memberships[role.name], account, role.role, provider)
	}
	s.exec(ctx, t, c, `INSERT INTO sessions (id, token, account_id, strong, agent, created_at, seen_at, idle, expires_at)
		VALUES ($1, $2, $3, $4, 'Firefox', now(), now(), '1 day', now() + interval '1 day')`, session, hashed(p.Session), account, staff && !role.half)
	c.things.keys[role.name] = newUUID()
	s.exec(ctx, t, c, `INSERT INTO sessions (id, token, account_id, strong, agent, created_at, seen_at, idle, expires_at, scopes)
		VALUES ($1, $2, $3, $4, 'Programma', now(), now(), '1 day', now() + interval '1 day', $5)`, c.things.keys[role.name], hashed(p.Key), account, staff && !role.half, web.Scopes)
	c.things.members[role.name] = newUUID()
	s.exec(ctx, t, c, `INSERT INTO household_members (id, account_id, name, birth_date, codice_fiscale, relation, created_at)
		VALUES ($1, $2, $3, '1940-01-01', '', 'delegate', now())`, c.things.members[role.name], account, "Nucleo "+markOf(c.letter, 920+i))
	c.things.accounts[role.name], c.things.sessions[role.name] = account, session
	c.People = append(c.People, p)
}

// furnish writes rows into the tables that folders and people leave empty.
func (s *stage) furnish(ctx context.Context, t *testing.T, c *twin) {
	t.Helper()
	mark := func(n int) string { return markOf(c.letter, 950+n) }
	ghost := newUUID()
	s.exec(ctx, t, c, `INSERT INTO accounts (id, email, new_email, name, password, language, codice_fiscale) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		ghost, mark(0)+"@persona.example", mark(1)+"@persona.example", mark(2), mark(3), mark(4), mark(5))
	pending := newUUID()
	s.exec(ctx, t, c, "INSERT INTO accounts (id, email, name, password) SELECT $1, $2, $3, password FROM accounts WHERE id = $4", pending,
		mark(17)+"@persona.example", "Invitata "+mark(17), c.things.accounts["citizen"])
	for purpose, account := range map[string]uuid.UUID{
		"verify": pending, "invite": pending, "reset": c.things.accounts["another citizen"], "change_email": c.things.accounts["another citizen"],
	} {
		c.things.tokens[purpose] = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString([]byte(c.Slug + purpose + "-token-that-a-mail-carries"))
		s.exec(ctx, t, c, "INSERT INTO tokens (token, account_id, purpose, email, expires_at) VALUES ($1, $2, $3, $4, now() + interval '1 day')",
			hashed(c.things.tokens[purpose]), account, purpose, mark(6)+"@persona.example")
	}
	s.exec(ctx, t, c, "INSERT INTO recovery_codes (account_id, code) VALUES ($1, $2)", c.things.accounts["city_admin"], hashed("ABCDEFGHIJKLMNOP"))
	s.exec(ctx, t, c, "INSERT INTO acceptances (account_id, document, version, at) VALUES ($1, 'privacy', $2, now())", ghost, mark(7))
	s.exec(ctx, t, c, "INSERT INTO policy_exceptions (role, verb, kind, effect) VALUES ($1, $2, $3, 'allow')", mark(8), mark(9), mark(10))
	s.exec(ctx, t, c, "INSERT INTO secrets (name, sealed) VALUES ($1, 'sealed')", mark(11))
	s.exec(ctx, t, c, "INSERT INTO throttles (key, since, hits) VALUES ($1, now(), 1)", hashed(mark(12)))
	s.exec(ctx, t, c, `INSERT INTO sessions (id, token, account_id, agent, created_at, seen_at, idle, expires_at, scopes)
		VALUES ($1, $2, $3, '', now(), now(), '1 day', now() + interval '1 day', ARRAY[$4])`, newUUID(), hashed(mark(33)), ghost, mark(33))
	s.exec(ctx, t, c, "INSERT INTO answers (account_id, route, key, digest, answer, at) VALUES ($1, $2, $3, '', $4, now())", ghost, mark(30), mark(31), mark(32))
	s.sell(ctx, t, c, mark(20), mark(21))
	s.order(ctx, t, c, "citizen", "provider", "paid", "settimana")
	s.order(ctx, t, c, "another citizen", "another provider", "accepted", "ora")
	s.order(ctx, t, c, "municipality", "another provider", "placed", mark(22)) // whose texts the program parses
	s.exec(ctx, t, c, "UPDATE payments SET page = $1, url = $2, charge = $3 WHERE tenant_id = current_city() AND state = 'open'", mark(23), mark(24), mark(25))
	s.exec(ctx, t, c, "INSERT INTO refunds (id, payment_id, cents, state, external, asked_at) SELECT $1, id, cents, 'asked', $2, now() FROM payments WHERE tenant_id = current_city() AND state = 'open'", newUUID(), mark(26))
	s.exec(ctx, t, c, "INSERT INTO payment_notices (rail, notice, kind, at) VALUES ($1, $2, $3, now())", mark(27), mark(28), mark(29))
	s.exec(ctx, t, c, "INSERT INTO rail_comparisons (rail, since, until, at, taken, taken_cents, returned, returned_cents) VALUES ('card', now() - interval '9 days', now(), now(), 1, 1500, 0, 0)")
	s.exec(ctx, t, c, `INSERT INTO rail_findings (rail, code, subject, part_id, ours, theirs, at, found_at) VALUES ('card', 'charge_unknown', 'pi_1', $1, 0, 1500, now(), now())`, c.things.parts["provider"])
	body := []byte("the content of " + mark(13))
	var err error
	c.things.public, err = s.app.files.Put(c.in(ctx), files.File{Module: mark(14), Name: mark(15), ContentType: "text/plain; x=" + mark(16), Public: true}, body)
	if err != nil {
		t.Fatal(err)
	}
	c.things.private, err = s.app.files.Put(c.in(ctx), files.File{Module: mark(14), Name: mark(15), ContentType: "text/plain", Owner: c.things.accounts["citizen"]}, body)
	if err != nil {
		t.Fatal(err)
	}
	c.things.act, err = s.app.files.Put(c.in(ctx), files.File{Module: "accounts", Name: "documento.pdf", ContentType: "application/pdf"}, []byte("an act of "+mark(15)))
	if err != nil {
		t.Fatal(err)
	}
	s.exec(ctx, t, c, "UPDATE household_members SET act = $2, act_at = now() WHERE id = $1", c.things.members["another citizen"], c.things.act)
	for i, who := range []string{"provider", "another provider"} {
		c.things.drafts[who] = s.writes(ctx, t, c, i, "draft")
		c.things.live[who] = s.offered(ctx, t, c, i)
		c.things.documents[who] = s.document(ctx, t, c, i, c.things.drafts[who])
	}
	c.things.submission = s.writes(ctx, t, c, 0, "submitted")
	s.exec(ctx, t, c, `INSERT INTO accreditation_notices (id, provider_id, area, act, until, notice, reason, at) VALUES ($1, $2, $3, $4, '2026-12-31', 'soon', $5, now())`,
		newUUID(), c.things.providers[0], mark(21), mark(22), mark(23))
}

// writes begins a version of a service that a provider has in the catalogue, with what happened to it.
func (s *stage) writes(ctx context.Context, t *testing.T, c *twin, provider int, state string) uuid.UUID {
	t.Helper()
	service := newUUID()
	s.exec(ctx, t, c, `INSERT INTO service_versions (id, service_id, provider_id, number, state, content, seen, reason, updated_at, submitted_at)
		VALUES ($1, $2, $3, 1, $4, $5, $5::jsonb || '{"summary": "Com''era"}', $6, now(), now())`, newUUID(), service, c.things.providers[provider], state,
		`{"title": "Bozza", "summary": "Una bozza", "title_en": "Draft", "summary_en": "A draft", "deadlines": "30/04/2027 Domande", "needs": ["casa"], "price_kind": "fixed", "price": "7,50"}`, markOf(c.letter, 950+18))
	s.exec(ctx, t, c, `INSERT INTO service_events (id, service_id, provider_id, number, verb, reason, at) VALUES ($1, $2, $3, 1, 'begun', $4, now())`,
		newUUID(), service, c.things.providers[provider], markOf(c.letter, 950+19))
	return service
}

// offered is a service of a provider that citizens see.
func (s *stage) offered(ctx context.Context, t *testing.T, c *twin, provider int) (id uuid.UUID) {
	t.Helper()
	err := s.super.QueryRow(ctx, "SELECT id FROM services WHERE tenant_id = $1 AND provider_id = $2 AND published ORDER BY slug LIMIT 1", c.record.ID, c.things.providers[provider]).Scan(&id)
	if err != nil {
		t.Fatalf("a service of provider %d: %v", provider, err)
	}
	return id
}

// document adds a document to a draft.
func (s *stage) document(ctx context.Context, t *testing.T, c *twin, provider int, service uuid.UUID) uuid.UUID {
	t.Helper()
	id, err := s.app.files.Put(c.in(ctx), files.File{Module: "publishing", Name: markOf(c.letter, 950+20) + ".pdf", ContentType: "application/pdf"}, []byte("a document of "+markOf(c.letter, 950+20)))
	if err != nil {
		t.Fatal(err)
	}
	s.exec(ctx, t, c, "INSERT INTO service_files (file_id, service_id, provider_id) VALUES ($1, $2, $3)", id, service, c.things.providers[provider])
	s.exec(ctx, t, c, `UPDATE service_versions SET content = content || jsonb_build_object('attachments', jsonb_build_array(jsonb_build_object('id', $2::text, 'name', $3::text, 'bytes', 1)))
		WHERE service_id = $1`, service, id.String(), markOf(c.letter, 950+20))
	return id
}

// sell lets a citizen pay by a rail and buy from a provider of the city, so that its ledger is not empty.
func (s *stage) sell(ctx context.Context, t *testing.T, c *twin, rail, key string) {
	t.Helper()
	citizen := ledger.CitizenAccount(c.things.accounts["citizen"])
	err := s.app.db.Tx(c.in(ctx), func(ctx context.Context) error {
		for kind, move := range map[ledger.Kind]ledger.Move{
			ledger.Payment: {From: ledger.RailAccount(rail), To: citizen, Cents: 1500},
			ledger.Sale:    {From: citizen, To: ledger.ProviderAccount(c.things.providers[0]), Cents: 1500},
		} {
			if _, err := s.app.ledger.Post(ctx, ledger.Transfer{Key: key + string(kind), Kind: kind, Reference: newUUID(), Moves: []ledger.Move{move}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// order lets a person buy something of whom another person works for; the unit is a word of the price list.
func (s *stage) order(ctx context.Context, t *testing.T, c *twin, citizen, worker, state, unit string) {
	t.Helper()
	provider := c.things.providers[0]
	if worker == "another provider" {
		provider = c.things.providers[1]
	}
	order, part, account := newUUID(), newUUID(), c.things.accounts[citizen]
	c.lastOrder++
	if state != "placed" {
		c.things.orders[citizen], c.things.parts[worker] = order, part
	}
	s.exec(ctx, t, c, `INSERT INTO orders (id, year, number, actor_id, subject_id, payer_id, payer, beneficiary, address, phone, note, key, digest, cents, placed_at)
		VALUES ($1, 2026, $2, $3, $3, $3, 'Persona', 'Persona', 'Via', '0372 555', 'Nota', $1, '', 1500, now())`, order, c.lastOrder, account)
	s.exec(ctx, t, c, `INSERT INTO order_numbers (year, last) VALUES (2026, 3) ON CONFLICT DO NOTHING`)
	s.exec(ctx, t, c, `INSERT INTO order_parts (id, order_id, provider_id, seller, seller_address, seller_vat, cents, vat_cents, cancel_days, state, why, expires_at, answer_by, paid_at)
		VALUES ($1, $2, $3, 'Ente', 'Via', '', 1500, 0, 14, $4, '', now() + interval '1 day', now() + interval '9 days', CASE WHEN $4 <> 'placed' THEN now() END)`, part, order, provider, state)
	if state == "placed" {
		s.owe(ctx, t, c, part, account, provider)
	}
	s.exec(ctx, t, c, `INSERT INTO order_lines (part_id, line, service_id, title, unit, quantity, unit_cents, vat, cents, vat_cents)
		SELECT $1, 0, id, title, $2, 1, 1500, 'exempt', 1500, 0 FROM services WHERE tenant_id = current_city() AND published ORDER BY slug LIMIT 1`, part, unit)
	s.exec(ctx, t, c, `INSERT INTO order_deliveries (id, part_id, line, quantity, day, worker, note, recorded_by, recorded_at) VALUES ($1, $2, 0, 1, '2026-11-01', 'Persona', '', $3, now())`, newUUID(), part, account)
	s.exec(ctx, t, c, `INSERT INTO order_messages (id, part_id, side, author_id, body, at) VALUES ($1, $2, 'citizen', $3, 'Messaggio', now())`, newUUID(), part, account)
	s.exec(ctx, t, c, `INSERT INTO payments (id, part_id, account_id, rail, cents, state, opened_at) VALUES ($1, $2, $3, 'desk', 1500, CASE WHEN $4 = 'placed' THEN 'open' ELSE 'paid' END, now())`, newUUID(), part, account, state)
	s.exec(ctx, t, c, `INSERT INTO baskets (id, account_id, provider_id, touched_at) VALUES ($1, $2, $3, now())`, newUUID(), account, provider)
	s.exec(ctx, t, c, `INSERT INTO basket_lines (basket_id, service_id, quantity, added_at) SELECT b.id, s.id, 1, now() FROM baskets b, services s
		WHERE b.account_id = $1 AND s.tenant_id = current_city() AND s.slug = (SELECT min(slug) FROM services WHERE tenant_id = current_city() AND published)`, account)
}

// owe is the sale of a part that is not paid yet.
func (s *stage) owe(ctx context.Context, t *testing.T, c *twin, part, payer, provider uuid.UUID) {
	t.Helper()
	err := s.app.db.Tx(c.in(ctx), func(ctx context.Context) error {
		_, err := s.app.ledger.Post(ctx, ledger.Transfer{Key: "sale:" + part.String(), Kind: ledger.Sale, Reference: part, Pending: true, Moves: []ledger.Move{
			{From: ledger.CitizenAccount(payer), To: ledger.ProviderAccount(provider), Cents: 1500},
		}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
