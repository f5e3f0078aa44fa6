package publishing

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/files"
	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/kit/mail"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/modules/places"
	"github.com/welfarex/welfarex/modules/programmes"
	"github.com/welfarex/welfarex/tenants"
)

var s3 *local.S3 // one in a process

func TestMain(m *testing.M) {
	var err error
	if s3, err = local.StartS3(context.Background(), "", "", "key", "a secret of some length"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	testkit.Main(m)
}

// today is when every test begins.
var today = time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)

// world is a city with two providers and people of every role, its clock in the test's hand, and its mail on the table.
type world struct {
	*Service
	t      *testing.T
	ctx    context.Context
	city   *tenants.City
	app    *fiber.App
	queue  *queue
	mail   *letters
	people map[string]*authz.Actor
	makers map[string]uuid.UUID
	clock  time.Time
}

// queue keeps the jobs of committed transactions until the test runs them.
type queue struct {
	mu   sync.Mutex
	jobs []jobs.Args
}

func (q *queue) Enqueue(ctx context.Context, args jobs.Args) error {
	tenants.After(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.jobs = append(q.jobs, args)
	})
	return nil
}

type letters struct {
	mu   sync.Mutex
	sent []mail.Letter
}

func (l *letters) Send(ctx context.Context, letter mail.Letter) error {
	_, err := tenants.From(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, letter)
	return err
}

// sessions are those of the people of a world.
type sessions struct{ *world }

// Resume takes the name of a person for their cookie.
func (w sessions) Resume(_ context.Context, token string) (*authz.Actor, error) {
	if actor := w.people[token]; actor != nil {
		return actor, nil
	}
	return nil, problem.ErrUnauthenticated
}

func setup(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	return raise(t)
}

func raise(t *testing.T) *world {
	t.Helper()
	ctx, city := testkit.City(t)
	w := &world{t: t, ctx: ctx, city: city, queue: &queue{}, mail: &letters{}, people: map[string]*authz.Actor{}, makers: map[string]uuid.UUID{}, clock: today}
	now := func() time.Time { return w.clock }
	shelves := catalogue.New(testkit.DB(t), now)
	words, err := ui.Load(ui.Locales, Words, shelves.Module().Words, places.New(testkit.DB(t), now).Module().Words, programmes.New(testkit.DB(t), now).Module().Words)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := authz.Load(Policy, "p, municipality, enter, municipality")
	if err != nil {
		t.Fatal(err)
	}
	store, err := files.Open(testkit.DB(t), files.Options{Endpoint: s3.URL(), Bucket: local.Bucket, AccessKey: "key", SecretKey: "a secret of some length"})
	if err != nil {
		t.Fatal(err)
	}
	base := web.Base{Scheme: "http", Parent: testkit.Parent, Port: "8080"}
	w.Service = New(Options{DB: testkit.DB(t), Catalogue: shelves, Files: store, Queue: w.queue, Mail: w.mail, Policy: policy, Words: words, Base: base, Now: now})
	w.Guard()
	server := &web.Server{
		Directory: testkit.Cities(t), Base: base, Words: words, Policy: policy, Sessions: sessions{w}, Uncached: true,
		Routes: append(append(w.Routes(), shelves.Module().Routes...), store.Routes()...),
	}
	w.app = server.App()
	w.furnish()
	return w
}

// furnish gives the city a catalogue and its people.
func (w *world) furnish() {
	w.t.Helper()
	w.sql(`INSERT INTO categories (id, slug, name, icon, accreditations) VALUES (gen_random_uuid(), 'pasti', 'Pasti', 'cibo', '{}'), (gen_random_uuid(), 'cura', 'Cura', 'casa', '{"Assistenza domiciliare"}')`)
	w.sql("INSERT INTO needs (id, slug, name, icon) VALUES (gen_random_uuid(), 'casa', 'Aiuto in casa', 'casa')")
	w.sql("INSERT INTO neighbourhoods (id, slug, name, lat, lon) VALUES (gen_random_uuid(), 'centro', 'Centro', 45, 10)")
	for slug, vat := range map[string]string{"acero": "99000040008", "pioppo": ""} {
		w.makers[slug] = uuid.Must(uuid.NewV7())
		w.sql(`INSERT INTO providers (id, slug, name, kind, about, address, phone, email, vat_number) VALUES ($1, $2, $3, 'cooperativa', 'Noi', 'Via Po 1', '0372 555', $4, $5)`,
			w.makers[slug], slug, "Cooperativa "+slug, "info@"+slug+".example", vat)
	}
	w.person("paolo", authz.Provider, w.makers["acero"])
	w.person("piera", authz.Provider, w.makers["acero"])
	w.person("altra", authz.Provider, w.makers["pioppo"])
	w.person("marco", authz.Municipality, uuid.Nil)
	w.person("elena", authz.CityAdmin, uuid.Nil)
	w.person("gina", authz.WelfareManager, uuid.Nil)
	w.person("anna", authz.Citizen, uuid.Nil)
	w.person("doppio", authz.Provider, w.makers["acero"])
	w.people["doppio"].Memberships = append(w.people["doppio"].Memberships, authz.Membership{Role: authz.Municipality})
}

func (w *world) person(name, role string, provider uuid.UUID) {
	w.t.Helper()
	a := &authz.Actor{Account: uuid.Must(uuid.NewV7()), Name: name, Strong: true, Enrolled: true}
	w.sql("INSERT INTO accounts (id, email, name, verified_at) VALUES ($1, $2, $3, now())", a.Account, name+"@posta.example", name)
	if role != authz.Citizen {
		a.Memberships = []authz.Membership{{Role: role, Provider: provider}}
		var scope *uuid.UUID
		if provider != uuid.Nil {
			scope = &provider
		}
		w.sql("INSERT INTO memberships (id, account_id, role, provider_id) VALUES (gen_random_uuid(), $1, $2, $3)", a.Account, role, scope)
	}
	w.people[name] = a
}

func (w *world) sql(sql string, args ...any) {
	w.t.Helper()
	err := w.db.Tx(w.ctx, func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, sql, args...)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func ask[T any](w *world, sql string, args ...any) (v T) {
	w.t.Helper()
	err := w.db.Tx(w.ctx, func(ctx context.Context) error { return tenants.PgxTx(ctx).QueryRow(ctx, sql, args...).Scan(&v) })
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// whole is a content that lacks nothing.
func whole() Content {
	return Content{
		Title: "Pasti caldi", Summary: "Un pranzo caldo a casa.", Category: "pasti", Needs: []string{"casa"}, For: []string{"anziani"}, Where: []string{"casa"},
		Topics: "Alimentazione, Anziani", Keywords: "pranzo, mensa", Addressed: "A chi **non riesce** a cucinare.", How: "Chiama.", Needed: "Un indirizzo\nUn campanello",
		Obtained: "Un pasto.", Times: "Ogni giorno.", Access: "Per telefono.", Conditions: "Avvisa prima.", PriceKind: "fixed", Price: "7,50", Unit: "pasto",
		Sold: true, VAT: "5", Most: "10", CancelDays: "3", AskAddress: true, Status: "active",
	}
}

// draft begins a service of acero with a content.
func (w *world) draft(author string, c Content) uuid.UUID {
	w.t.Helper()
	id, err := w.Create(w.ctx, w.people[author], uuid.Nil, c.Title)
	if err == nil {
		_, err = w.Save(w.ctx, w.people[author], id, 1, func(old *Content) { *old = c })
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// version is the open one.
func (w *world) version(id uuid.UUID) (v *Version) {
	w.t.Helper()
	err := w.db.Tx(w.ctx, func(ctx context.Context) (err error) {
		v, err = lockOpen(ctx, id)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

func (w *world) submits(who string, id uuid.UUID) {
	w.t.Helper()
	if err := w.Submit(w.ctx, w.people[who], id, w.version(id).Revision); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) approves(who string, id uuid.UUID) {
	w.t.Helper()
	if err := w.Approve(w.ctx, w.people[who], id, w.version(id).Revision); err != nil {
		w.t.Fatal(err)
	}
}

// published is a service of acero in the catalogue.
func (w *world) published() uuid.UUID {
	w.t.Helper()
	id := w.draft("paolo", whole())
	w.submits("paolo", id)
	w.approves("marco", id)
	w.queue.jobs = nil
	return id
}

// work runs the jobs that wait, each from a context that knows no city but its own.
func (w *world) work() {
	w.t.Helper()
	waiting := w.queue.jobs
	w.queue.jobs = nil
	ctx := tenants.With(context.Background(), w.city)
	for _, args := range waiting {
		var err error
		switch j := args.(type) {
		case EventMail:
			err = w.mailEvent(ctx, j)
		case NoticeMail:
			err = w.mailNotice(ctx, j)
		default:
			err = errors.New("unknown")
		}
		if err != nil {
			w.t.Fatalf("%s: %v", args.Kind(), err)
		}
	}
}

// to lists whom letters reached, in order.
func (l *letters) to() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []string
	for _, letter := range l.sent {
		all = append(all, letter.To)
	}
	slices.Sort(all)
	return all
}

type answer struct {
	status int
	body   string
	where  string
	header http.Header
}

func (w *world) get(who, path string) answer { return w.do(who, http.MethodGet, path, nil, "") }

func (w *world) post(who, path string, pairs ...string) answer {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return w.do(who, http.MethodPost, path, strings.NewReader(form.Encode()), "application/x-www-form-urlencoded")
}

// upload sends a file beside a revision.
func (w *world) upload(who, path string, revision int, name string, body []byte) answer {
	w.t.Helper()
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	_ = form.WriteField("revision", fmt.Sprint(revision))
	part, err := form.CreateFormFile("file", name)
	if err == nil {
		_, err = part.Write(body)
	}
	if err = errors.Join(err, form.Close()); err != nil {
		w.t.Fatal(err)
	}
	return w.do(who, http.MethodPost, path, &out, form.FormDataContentType())
}

func (w *world) do(who, method, path string, body io.Reader, contentType string) answer {
	w.t.Helper()
	r := httptest.NewRequest(method, path, body)
	r.Host = w.city.Host + ":8080"
	if body != nil {
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if who != "" {
		r.AddCookie(&http.Cookie{Name: web.SessionCookie, Value: who})
	}
	res, err := w.app.Test(r, -1)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{res.StatusCode, string(text), res.Header.Get("Location"), res.Header}
}

var (
	tags   = regexp.MustCompile(`<[^>]*>`)
	spaces = regexp.MustCompile(`\s+`)
)

// text is what stands on the page.
func (a answer) text() string {
	body := a.body
	if i := strings.Index(body, "<main"); i >= 0 {
		body = body[i:]
	}
	return html.UnescapeString(spaces.ReplaceAllString(tags.ReplaceAllString(body, " "), " "))
}

func (a answer) wants(t *testing.T, status int, words ...string) {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d to %q, want %d: %.3000s", a.status, a.where, status, a.text())
	}
	for _, word := range words {
		if !strings.Contains(a.text(), word) {
			t.Errorf("the page does not say %q: %.3000s", word, a.text())
		}
	}
}

func (a answer) leads(t *testing.T, where string) {
	t.Helper()
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.where, where) {
		t.Fatalf("%d to %q, want 303 to %q: %.3000s", a.status, a.where, where, a.text())
	}
}
