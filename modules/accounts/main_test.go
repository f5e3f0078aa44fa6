package accounts

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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/files"
	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/kit/mail"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
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

const goodPassword = "cavallo batteria graffetta"

// world is a city with the service, its clock in the test's hand, and its mail on the table.
type world struct {
	*Service
	t     *testing.T
	ctx   context.Context
	city  *tenants.City
	app   *fiber.App
	clock *clock
	queue *queue
	mail  *letters
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.now }
func (c *clock) Pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
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
	if _, err := tenants.From(ctx); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, letter)
	return nil
}

var testKey, _ = tenants.ParseKey("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")

func setup(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	return open(t)
}

func open(t *testing.T) *world {
	t.Helper()
	ctx, city := testkit.City(t)
	words, err := ui.Load(ui.Locales, Words)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := authz.Load(Policy)
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, ctx: ctx, city: city, clock: &clock{now: time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)}, queue: &queue{}, mail: &letters{}}
	base := web.Base{Scheme: "http", Parent: testkit.Parent, Port: "8080"}
	store, err := files.Open(testkit.DB(t), files.Options{Endpoint: s3.URL(), Bucket: local.Bucket, AccessKey: "key", SecretKey: "a secret of some length"})
	if err != nil {
		t.Fatal(err)
	}
	w.Service = New(Options{DB: testkit.DB(t), Files: store, Queue: w.queue, Mail: w.mail, Key: testKey, Policy: policy, Words: words, Base: base, Now: w.clock.Now})
	w.Guard()
	w.argon = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	if w.decoy, err = w.Hash("nobody knows this"); err != nil {
		t.Fatal(err)
	}
	server := &web.Server{Directory: testkit.Cities(t), Base: base, Words: words, Policy: policy, Sessions: w.Service, Routes: append(w.Routes(), store.Routes()...)}
	w.app = server.App()
	return w
}

// work runs the jobs that wait, each from a context that knows no city but its own.
func (w *world) work() {
	w.t.Helper()
	w.queue.mu.Lock()
	waiting := w.queue.jobs
	w.queue.jobs = nil
	w.queue.mu.Unlock()
	ctx := tenants.With(context.Background(), w.city)
	for _, args := range waiting {
		var err error
		switch j := args.(type) {
		case VerifyMail:
			err = w.mailLink(ctx, j.Account, purposeVerify, "/verifica/")
		case ResetMail:
			err = w.mailLink(ctx, j.Account, purposeReset, "/password/")
		case InviteMail:
			err = w.mailInvitation(ctx, j.Account)
		case ChangeEmailMail:
			err = w.mailNewAddress(ctx, j.Account)
		case NoticeMail:
			err = w.mailNotice(ctx, j.Account, j.Notice)
		}
		if err != nil {
			w.t.Fatalf("%s: %v", args.Kind(), err)
		}
	}
}

// letter runs the jobs and gives the last letter to an address.
func (w *world) letter(to string) mail.Letter {
	w.t.Helper()
	w.work()
	w.mail.mu.Lock()
	defer w.mail.mu.Unlock()
	for i := len(w.mail.sent) - 1; i >= 0; i-- {
		if w.mail.sent[i].To == to {
			return w.mail.sent[i]
		}
	}
	w.t.Fatalf("no letter to %s", to)
	return mail.Letter{}
}

// link is the path of the last letter to an address, and its token.
func (w *world) link(to string) (path, token string) {
	w.t.Helper()
	u, err := url.Parse(w.letter(to).Link)
	if err != nil {
		w.t.Fatal(err)
	}
	return u.Path, u.Path[strings.LastIndex(u.Path, "/")+1:]
}

// person makes an account with a proved address, a role and, for staff, a second factor.
func (w *world) person(email, role string, scope ...string) *Account {
	w.t.Helper()
	hash, err := w.Hash(goodPassword)
	if err != nil {
		w.t.Fatal(err)
	}
	p := SeedPerson{Email: email, Name: "Prova " + strings.ToUpper(email[:1]), Hash: hash, Role: role}
	if role != authz.Citizen {
		p.TOTPSecret = secretFor(email)
	}
	if len(scope) > 0 {
		p.Provider = scope[0]
	}
	if err := w.Seed(w.ctx, p); err != nil {
		w.t.Fatal(err)
	}
	account, err := w.findEmail(w.ctx, email)
	if err != nil {
		w.t.Fatal(err)
	}
	return account
}

func secretFor(email string) string {
	return base32Plain.EncodeToString([]byte(fmt.Sprintf("%-20.20s", email)))
}

// actor is a person as a complete login gives them.
func (w *world) actor(email string) *authz.Actor {
	w.t.Helper()
	account, err := w.findEmail(w.ctx, email)
	if err != nil {
		w.t.Fatal(err)
	}
	var entry Entry
	err = w.db.Tx(w.ctx, func(ctx context.Context) (err error) {
		entry, err = w.open(ctx, account, account.Enrolled(), Visitor{Agent: "Firefox Windows"})
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	actor, err := w.Resume(w.ctx, entry.Token)
	if err != nil {
		w.t.Fatal(err)
	}
	return actor
}

// provider adds a provider, office an office, page a document.
func (w *world) provider(slug, name string) uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	w.sql("INSERT INTO providers (id, slug, name, kind) VALUES ($1, $2, $3, 'cooperativa')", id, slug, name)
	return id
}

func (w *world) office(slug, name string) uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	w.sql("INSERT INTO offices (id, slug, name) VALUES ($1, $2, $3)", id, slug, name)
	return id
}

func (w *world) document(name, version string) {
	w.sql("DELETE FROM pages WHERE slug = $1", name+".it")
	w.sql("INSERT INTO pages (id, slug, title, version, body, html) VALUES ($1, $2, $2, $3, '', '')", uuid.Must(uuid.NewV7()), name+".it", version)
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

func (w *world) number(sql string, args ...any) (n int) {
	w.t.Helper()
	err := w.db.Tx(w.ctx, func(ctx context.Context) error { return tenants.PgxTx(ctx).QueryRow(ctx, sql, args...).Scan(&n) })
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// browser is somebody at a screen: it keeps the session cookie as a browser would, and follows nothing by itself.
type browser struct {
	*world
	cookie string
}

func (w *world) browser() *browser { return &browser{world: w} }

type answer struct {
	status int
	raw    string
	body   string
	where  string // Location
	header http.Header
}

func (b *browser) get(path string) answer { return b.do(http.MethodGet, path, nil) }

func (b *browser) post(path string, pairs ...string) answer {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.do(http.MethodPost, path, form)
}

// upload sends a file.
func (b *browser) upload(path string, body []byte) answer {
	b.t.Helper()
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	part, err := form.CreateFormFile("file", "Delega di Mario Rossi.pdf")
	if err == nil {
		_, err = part.Write(body)
	}
	if err = errors.Join(err, form.Close()); err != nil {
		b.t.Fatal(err)
	}
	return b.send(http.MethodPost, path, &out, form.FormDataContentType())
}

func (b *browser) do(method, path string, form url.Values) answer {
	b.t.Helper()
	contentType := ""
	if form != nil || method == http.MethodPost {
		contentType = "application/x-www-form-urlencoded"
	}
	return b.send(method, path, strings.NewReader(form.Encode()), contentType)
}

func (b *browser) send(method, path string, body io.Reader, contentType string) answer {
	b.t.Helper()
	r := httptest.NewRequest(method, path, body)
	r.Host = b.city.Host + ":8080"
	r.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0) Firefox/132.0")
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	if b.cookie != "" {
		r.AddCookie(&http.Cookie{Name: web.SessionCookie, Value: b.cookie})
	}
	res, err := b.app.Test(r, -1)
	if err != nil {
		b.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	read, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if c.Name == web.SessionCookie {
			b.cookie = c.Value
		}
	}
	return answer{res.StatusCode, string(read), string(bytes.ToValidUTF8(read, nil)), res.Header.Get("Location"), res.Header}
}

// login goes through every step of a login.
func (b *browser) login(email string) *browser {
	b.t.Helper()
	a := b.post("/accedi", "email", email, "password", goodPassword)
	if a.status != http.StatusSeeOther {
		b.t.Fatalf("%s could not sign in: %d %s", email, a.status, a.text())
	}
	if strings.HasPrefix(a.where, "/accedi/codice") {
		if a = b.post("/accedi/codice", "code", b.code(email)); a.status != http.StatusSeeOther {
			b.t.Fatalf("%s gave a wrong code: %d %s", email, a.status, a.text())
		}
	}
	return b
}

// code is what the app of a person shows now; the clock then moves on, because a code counts once.
func (w *world) code(email string) string {
	w.t.Helper()
	code, err := totp.GenerateCode(secretFor(email), w.clock.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	w.clock.Pass(31 * time.Second)
	return code
}

var (
	tags   = regexp.MustCompile(`<[^>]*>`)
	spaces = regexp.MustCompile(`\s+`)
	errBox = regexp.MustCompile(`(?s)<div class="error-summary.*?</div>`)
)

// text is what stands on the page.
func (a answer) text() string {
	body := a.body
	if i := strings.Index(body, "<main"); i >= 0 {
		body = body[i:]
	}
	return html.UnescapeString(spaces.ReplaceAllString(tags.ReplaceAllString(body, " "), " "))
}

// problems is the summary over a form.
func (a answer) problems() string {
	return html.UnescapeString(spaces.ReplaceAllString(tags.ReplaceAllString(errBox.FindString(a.body), " "), " "))
}

func (a answer) wants(t *testing.T, status int, words ...string) {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.text())
	}
	for _, word := range words {
		if !strings.Contains(a.text(), word) {
			t.Errorf("the page does not say %q: %s", word, a.text())
		}
	}
}

func (a answer) leads(t *testing.T, where string) {
	t.Helper()
	if a.status != http.StatusSeeOther || !strings.HasPrefix(a.where, where) {
		t.Fatalf("%d to %q, want 303 to %q: %s", a.status, a.where, where, a.text())
	}
}

func contextWithin(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, d)
}
