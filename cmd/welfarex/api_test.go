package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/errors"
	"github.com/pquerna/otp/totp"

	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/modules/payments"
	"github.com/welfarex/welfarex/tenants"
)

// apiHouse is the whole program with one city of the house in it, a family that buys and a cooperative that sells.
type apiHouse struct {
	*App
	*testing.T
	ctx      context.Context
	city     *tenants.City
	fiber    *fiber.App
	cards    *local.Cards
	rules    validator.Validator
	password string
	people   map[string]*authz.Actor // by role
	keys     map[string]string       // by role
	secrets  map[string]string       // of their second factors, by role
	sessions map[string]string       // by role
	seen     map[string]bool         // operations that were answered as they should be
}

// apiFiles is the object store of all these tests: a process has one.
var apiFiles = sync.OnceValues(func() (*local.S3, error) { return local.StartS3(context.Background(), "", "", "api", "api-secret-key") })

const apiPassword = "una-frase-lunga-per-le-prove"

// raiseAPI opens a city of its own: tests that do so run beside each other.
func raiseAPI(t *testing.T, slug string) *apiHouse {
	t.Helper()
	h := &apiHouse{T: t, password: apiPassword, people: map[string]*authz.Actor{}, keys: map[string]string{}, secrets: map[string]string{}, sessions: map[string]string{}, seen: map[string]bool{}}
	s3, err := apiFiles()
	h.must(err)
	mail, err := local.StartMail(t.Context(), "")
	h.must(err)
	t.Cleanup(func() { _ = mail.Stop() })
	h.cards, err = local.StartCards(t.Context(), "", "")
	h.must(err)
	t.Cleanup(func() { _ = h.cards.Stop() })
	h.App, err = open(t.Context(), Config{
		BaseURL: "http://" + testkit.Parent, Connections: 4, DatabaseURL: testkit.Postgres(t).AppURL(), SMTPURL: mail.SMTPURL(), StripeURL: h.cards.URL(),
		Key: base64.StdEncoding.EncodeToString(make([]byte, 32)), S3Endpoint: s3.URL(), S3Bucket: local.Bucket, S3AccessKey: "api", S3SecretKey: "api-secret-key",
		APIRate: 100_000,
	}, false)
	h.must(err)
	t.Cleanup(h.Close)
	h.openCity(slug)
	h.fiber = h.server.App()
	return h
}

func (h *apiHouse) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// openCity applies a folder of the house under another name, with people of every role who have worked already.
func (h *apiHouse) openCity(slug string) {
	h.Helper()
	files, err := fs.Sub(tenants.House(), "cities/cremona")
	h.must(err)
	plan, err := h.readFolder(slug, files)
	h.must(err)
	plan.Hosts = nil
	_, err = h.db.Apply(h.Context(), plan, h.files, false)
	h.must(err)
	for h.city == nil { // until the directory has heard of it
		for _, c := range h.cities.All() {
			if c.Slug == slug {
				h.city = c
			}
		}
	}
	h.ctx = tenants.With(h.Context(), h.city)
	hash, err := h.accounts.Hash(h.password)
	h.must(err)
	people := demoCity{Slug: slug}
	for _, role := range authz.Roles {
		p := demoPerson{Role: role, Email: strings.ReplaceAll(role, "_", "-") + "@" + slug + ".example", TOTPSecret: demoFile{}.totp(slug, role)}
		h.secrets[role] = *p.TOTPSecret
		h.must(h.seedPerson(h.ctx, p, hash, cooperative(plan)))
		people.Accounts = append(people.Accounts, p)
	}
	h.must(h.seedWork(h.ctx, people))
	key, secret := "sk_test_"+slug, "whsec_"+slug
	h.cards.Account(key, "http://127.0.0.1:1"+cardNotices, secret)
	h.must(h.keepSecret(h.ctx, payments.SecretCardKey, key))
	h.must(h.keepSecret(h.ctx, payments.SecretCardWebhook, secret))
	for _, p := range people.Accounts {
		actor, err := h.accounts.SeedActor(h.ctx, p.Email)
		h.must(err)
		h.people[p.Role] = actor
		h.keys[p.Role] = h.key(p.Role, web.Scopes...)
	}
}

// key makes a key of a person.
func (h *apiHouse) key(role string, scopes ...string) string {
	h.Helper()
	key, err := h.accounts.MakeKey(h.ctx, h.people[role], accounts.KeyRequest{Name: "prova", Scopes: scopes, Days: "7", Password: h.password})
	h.must(err)
	return key
}

// answer is what came back.
type answer struct {
	*http.Response
	body []byte
}

// get reads a property of the answer, deeper ones with dots between: "items.0.id".
func (a answer) get(path string) any {
	var v any
	_ = json.Unmarshal(a.body, &v)
	for _, step := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[step]
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

func (a answer) text(path string) string { s, _ := a.get(path).(string); return s }

// ask sends a request with a key, "" for none; headers come in pairs.
func (h *apiHouse) ask(method, path, key, body string, headers ...string) answer {
	h.Helper()
	req := httptest.NewRequest(method, web.APIPath+path, strings.NewReader(body))
	req.Host = h.city.Host
	if key != "" {
		req.Header.Set("Authorization", "Bearer "+key)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if method == http.MethodPost {
		req.Header.Set("Idempotency-Key", uuid.NewString())
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := h.fiber.Test(req, -1)
	h.must(err)
	raw, err := io.ReadAll(res.Body)
	h.must(err)
	_ = res.Body.Close()
	return answer{res, raw}
}

// want asks, holds request and answer against the document, and notes the operation if the status is the one wanted.
func (h *apiHouse) want(status int, method, path, key, body string, headers ...string) answer {
	h.Helper()
	a := h.ask(method, path, key, body, headers...)
	if a.StatusCode != status {
		h.Errorf("%s %s answers %d, want %d: %s", method, path, a.StatusCode, status, a.body)
		return a
	}
	req := httptest.NewRequest(method, "http://"+h.city.Host+web.APIPath+path, strings.NewReader(body))
	req.Header = a.Request.Header.Clone()
	h.hold(req, a)
	if status < 400 {
		h.note(method, path)
	}
	return a
}

// hold validates an answer, and the request if it was taken.
func (h *apiHouse) hold(req *http.Request, a answer) {
	h.Helper()
	res := *a.Response
	res.Body = io.NopCloser(bytes.NewReader(a.body))
	var wrong []*errors.ValidationError
	if _, found := h.rules.ValidateHttpResponse(req, &res); len(found) > 0 {
		wrong = append(wrong, found...)
	}
	if a.StatusCode < 400 {
		if _, found := h.rules.ValidateHttpRequest(req); len(found) > 0 {
			wrong = append(wrong, found...)
		}
	}
	for _, w := range wrong {
		h.Errorf("%s %s is not what the document says: %s %s", req.Method, req.URL.Path, w.Message, w.Reason)
		for _, s := range w.SchemaValidationErrors {
			h.Errorf("  %s: %s", s.FieldPath, s.Reason)
		}
	}
}

// holdAnswer holds a refusal against the document.
func (h *apiHouse) holdAnswer(method, path string, a answer) {
	h.Helper()
	h.hold(httptest.NewRequest(method, "http://"+h.city.Host+web.APIPath+path, http.NoBody), a)
}

// note remembers which operation a path is one of.
func (h *apiHouse) note(method, path string) {
	path, _, _ = strings.Cut(web.APIPath+path, "?")
	for _, r := range h.manifest() {
		if r.JSON && r.Method == method && fiber.RoutePatternMatch(path, r.Path) && h.literal(r.Path, path) {
			h.seen[r.Method+" "+r.Path] = true
		}
	}
}

// literal says that a path has the words of a pattern, for fiber lets a parameter match anything.
func (h *apiHouse) literal(pattern, path string) bool {
	a, b := strings.Split(pattern, "/"), strings.Split(path, "/")
	return len(a) == len(b) && !slices.ContainsFunc(a, func(word string) bool {
		return word != "" && !strings.HasPrefix(word, ":") && !slices.Contains(b, word)
	})
}

// read takes the document as a program would, and proves that it is one.
func (h *apiHouse) read() {
	h.Helper()
	a := h.ask(http.MethodGet, "/openapi.json", "", "")
	if a.StatusCode != http.StatusOK || !strings.HasPrefix(a.text("openapi"), "3.1") {
		h.Fatalf("no document: %d", a.StatusCode)
	}
	doc, err := libopenapi.NewDocument(a.body)
	h.must(err)
	rules, errs := validator.NewValidator(doc)
	for _, err := range errs {
		h.Fatal(err)
	}
	if ok, wrong := rules.ValidateDocument(); !ok {
		for _, w := range wrong {
			h.Errorf("the document is not OpenAPI 3.1: %s %s", w.Message, w.Reason)
			for _, s := range w.SchemaValidationErrors {
				h.Errorf("  %s: %s", s.FieldPath, s.Reason)
			}
		}
	}
	h.rules = rules
}

// rowOf reads one text of the city's rows.
func (h *apiHouse) rowOf(sql string, args ...any) (text string) {
	h.Helper()
	h.must(h.db.Read(h.ctx, func(b *pgx.Batch) {
		b.Queue(sql, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&text) })
	}))
	return text
}

// sold is the slug of a service that the worker's provider sells.
func (h *apiHouse) sold() string {
	h.Helper()
	return h.rowOf("SELECT slug FROM services WHERE published AND status = 'active' AND sale IS NOT NULL AND price_kind = 'fixed' AND provider_id = $1 ORDER BY slug LIMIT 1",
		h.people[authz.Provider].Memberships[0].Provider)
}

func (h *apiHouse) json(v any) string {
	h.Helper()
	raw, err := json.Marshal(v)
	h.must(err)
	return string(raw)
}

// signedIn gives a session of a person, with the second factor if they have one.
func (h *apiHouse) signedIn(role string) string {
	h.Helper()
	if h.sessions[role] != "" { // a code counts once
		return h.sessions[role]
	}
	v := accounts.Visitor{Address: "192.0.2.9"}
	entry, err := h.accounts.SignIn(h.ctx, h.people[role].Email, h.password, v)
	h.must(err)
	if entry.Step != accounts.StepCode {
		return entry.Token
	}
	half, err := h.accounts.Resume(h.ctx, entry.Token)
	h.must(err)
	code, err := totp.GenerateCode(h.secrets[role], time.Now())
	h.must(err)
	v.Session = entry.Token
	entry, err = h.accounts.GiveCode(h.ctx, half, code, v)
	h.must(err)
	h.sessions[role] = entry.Token
	return entry.Token
}

func readAll(t *testing.T, res *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// htmlText is a text as a page holds it.
func htmlText(s string) string { return templ.EscapeString(s) }

// sameMembers says whether two lists hold the same, whatever their order; but for one word.
func sameMembers(a, b []string, but string) bool {
	a = slices.DeleteFunc(slices.Clone(a), func(s string) bool { return s == but })
	b = slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}
