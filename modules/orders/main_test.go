package orders

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/accounts"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/kit/mail"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/modules/payments"
	"github.com/welfarex/welfarex/tenants"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// monday is when these stories begin: half past ten in Rome.
var monday = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

// clock is the time in the test's hand; every look at it lets a millisecond pass, so that what happens has an order.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (c *clock) Pass(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.now = c.now.Add(d) }
func (c *clock) Set(t time.Time)      { c.mu.Lock(); defer c.mu.Unlock(); c.now = t }

// task is a job with its city and its time.
type task struct {
	city *tenants.City
	args jobs.Args
	at   time.Time
}

// queue keeps the jobs of committed transactions until the test runs them.
type queue struct {
	mu    sync.Mutex
	waits []task
	did   []task
	fails int // so many of the next jobs cannot be kept
}

var errQueue = errors.New("the queue is down")

func (q *queue) Enqueue(ctx context.Context, args jobs.Args) error {
	return q.EnqueueAt(ctx, args, time.Time{})
}

func (q *queue) EnqueueAt(ctx context.Context, args jobs.Args, at time.Time) error {
	city, err := tenants.From(ctx)
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fails > 0 {
		q.fails--
		return errQueue
	}
	tenants.After(ctx, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.waits = append(q.waits, task{city, args, at})
	})
	return nil
}

// take gives the jobs that are due.
func (q *queue) take(now time.Time) (due []task) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waits = slices.DeleteFunc(q.waits, func(t task) bool {
		if t.at.After(now) {
			return false
		}
		due = append(due, t)
		return true
	})
	q.did = append(q.did, due...)
	return due
}

func (q *queue) fail(n int) { q.mu.Lock(); defer q.mu.Unlock(); q.fails = n }

// list writes the waiting jobs of a city: their kinds, and of a mail the letter.
func (q *queue) list(city *tenants.City) (kinds []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, t := range q.waits {
		kind := t.args.Kind()
		if m, ok := t.args.(MailJob); ok {
			kind += " " + m.Letter
		}
		if t.city.ID == city.ID {
			kinds = append(kinds, kind)
		}
	}
	slices.Sort(kinds)
	return kinds
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

// line is the way to the card rail, which may break before or after something was done there.
type line struct {
	payments.Rail
	mu            sync.Mutex
	before, after int // so many of the next calls
	during        func()
}

var errLine = errors.New("the line to the gateway is broken")

func (l *line) down(n *int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if *n > 0 {
		*n--
		return errLine
	}
	return nil
}

func (l *line) breaks(before, after int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.before, l.after = before, after
}

func (l *line) Start(ctx context.Context, c payments.Charge) (payments.Session, error) {
	if err := l.down(&l.before); err != nil {
		return payments.Session{}, err
	}
	s, err := l.Rail.Start(ctx, c)
	if l.during != nil {
		l.during()
	}
	return s, errors.Join(err, l.down(&l.after))
}

func (l *line) Look(ctx context.Context, session string) (payments.Notice, error) {
	if err := l.down(&l.before); err != nil {
		return payments.Notice{}, err
	}
	return l.Rail.Look(ctx, session)
}

func (l *line) Close(ctx context.Context, session string) error {
	if err := l.down(&l.before); err != nil {
		return err
	}
	return errors.Join(l.Rail.Close(ctx, session), l.down(&l.after))
}

func (l *line) Refund(ctx context.Context, r payments.Return) (string, bool, error) {
	if err := l.down(&l.before); err != nil {
		return "", false, err
	}
	id, done, err := l.Rail.Refund(ctx, r)
	return id, done, errors.Join(err, l.down(&l.after))
}

func (l *line) LookRefund(ctx context.Context, external string) (payments.Notice, error) {
	if err := l.down(&l.before); err != nil {
		return payments.Notice{}, err
	}
	return l.Rail.LookRefund(ctx, external)
}

// house is the program, with its clock, its queue, its mail and the gateway in the test's hand.
type house struct {
	*Service
	server  *web.Server
	clock   *clock
	queue   *queue
	mail    *letters
	cards   *local.Cards
	line    *line
	workers *jobs.Workers
	policy  *authz.Policy

	mu     sync.Mutex
	people map[string]*authz.Actor // by cookie
}

// Resume implements web.Sessions: the cookie is the account's id.
func (h *house) Resume(_ context.Context, token string) (*authz.Actor, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if a := h.people[token]; a != nil {
		return a, nil
	}
	return nil, problem.ErrUnauthenticated
}

// Secret implements payments.Secrets: every city has its own.
func (h *house) Secret(ctx context.Context, name string) ([]byte, error) {
	city, err := tenants.From(ctx)
	if err != nil {
		return nil, err
	}
	return []byte(name + "." + city.Slug), nil
}

func keyOf(city *tenants.City) string    { return payments.SecretCardKey + "." + city.Slug }
func secretOf(city *tenants.City) string { return payments.SecretCardWebhook + "." + city.Slug }

// plant changes what a house is made of, to see whether a test notices.
type plant struct {
	books  func(*ledger.Service) payments.Books
	pdf    Printer
	follow func(payments.Follower) payments.Follower
}

func build(t testing.TB, p plant) *house {
	t.Helper()
	db := testkit.DB(t)
	cards, err := local.StartCards(context.Background(), "", "")
	must(t, err)
	t.Cleanup(func() { _ = cards.Stop() })
	words, policy := common(t)
	h := &house{clock: &clock{now: monday}, queue: &queue{}, mail: &letters{}, cards: cards, workers: jobs.NewWorkers(), policy: policy, people: map[string]*authz.Actor{}}
	h.line = &line{Rail: payments.NewCard(h, cards.URL(), nil)}
	base := web.Base{Scheme: "http", Parent: testkit.Parent, Port: "8080"}
	own := accounts.New(accounts.Options{DB: db, Policy: policy, Words: words, Base: base, Now: h.clock.Now})
	books := ledger.New(ledger.Options{DB: db, Policy: policy, Now: h.clock.Now})
	var kept payments.Books = books
	if p.books != nil {
		kept = p.books(books)
	}
	paid := payments.New(payments.Options{DB: db, Ledger: kept, Card: h.line, Now: h.clock.Now, Rand: rand.Reader})
	h.Service = New(Options{
		DB: db, Ledger: books, Payments: paid, Household: own, Mail: h.mail, Policy: policy, Words: words, Base: base, PDF: p.pdf, Now: h.clock.Now, Rand: rand.Reader,
	})
	var follower payments.Follower = h.Service
	if p.follow != nil {
		follower = p.follow(follower)
	}
	paid.Attach(h.queue, follower)
	h.Attach(h.queue)
	h.Jobs(h.workers)
	paid.Jobs(h.workers)
	h.server = &web.Server{Directory: testkit.Cities(t), Base: base, Words: words, Policy: policy, Sessions: h, Routes: slices.Concat(h.Routes(), paid.Module().Routes)}
	return h
}

// common are the words and the policy, which no test changes.
func common(t testing.TB) (*ui.Words, *authz.Policy) {
	t.Helper()
	shared.Do(func() {
		var errs [2]error
		allWords, errs[0] = ui.Load(ui.Locales, accounts.Words, ledger.Words, payments.Words, Words)
		allPolicy, errs[1] = authz.Load(accounts.Policy, ledger.Policy, Policy)
		must(t, errors.Join(errs[:]...))
	})
	return allWords, allPolicy
}

var (
	shared    sync.Once
	allWords  *ui.Words
	allPolicy *authz.Policy
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world is a city of the house: two providers that sell, their workers, and two citizens.
type world struct {
	*house
	t    testing.TB
	ctx  context.Context
	city *tenants.City

	aurora, girasole uuid.UUID
	anna, bruno      *authz.Actor
	luca, sara       *authz.Actor // of Aurora, and of Girasole
}

func setup(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	return build(t, plant{}).open(t)
}

// open opens another city in the same house.
func (h *house) open(t testing.TB) *world {
	t.Helper()
	ctx, city := testkit.City(t)
	w := &world{house: h, t: t, ctx: ctx, city: city, aurora: newID(), girasole: newID()}
	h.cards.Account(keyOf(city), "", secretOf(city)) // its notices go nowhere by themselves: the test brings them
	category := newID()
	w.sql("INSERT INTO categories (id, slug, name, icon) VALUES ($1, 'casa', 'Casa', 'home')", category)
	w.sql(`INSERT INTO providers (id, slug, name, kind, address, phone, email, vat_number) VALUES
		($1, 'aurora', 'Cooperativa Aurora', 'cooperativa', 'Via Milano 3', '0372 555 020', 'aurora@coop.example', '00297960197'),
		($2, 'girasole', 'Il Girasole', 'cooperativa', 'Via Po 9', '0372 555 030', 'girasole@coop.example', '01466360193')`, w.aurora, w.girasole)
	w.sql(`INSERT INTO services (id, slug, title, summary, category_id, provider_id, price_kind, price_cents, price_unit, sheet, sale) VALUES
		($1, 'pasti', 'Pasti a casa', 'Un pasto caldo.', $4, $5, 'fixed', 650, 'pasto', '{}', '{"vat":"5","most":10,"cancel_days":14,"address":true,"phone":true}'),
		($2, 'lavanderia', 'Lavanderia', 'Panni puliti.', $4, $5, 'fixed', 950, 'intervento', '{}', '{"vat":"22","most":5,"cancel_days":3}'),
		($3, 'spesa', 'Spesa a casa', 'La spesa alla porta.', $4, $6, 'fixed', 1200, 'ora', '{}', '{"vat":"exempt","most":8,"cancel_days":1}')`,
		newID(), newID(), newID(), category, w.aurora, w.girasole)
	w.anna, w.bruno = w.person("anna"), w.person("bruno")
	w.luca = w.person("luca", authz.Membership{Role: authz.Provider, Provider: w.aurora})
	w.sara = w.person("sara", authz.Membership{Role: authz.Provider, Provider: w.girasole})
	return w
}

// person makes an account, and the actor that a complete login gives.
func (w *world) person(name string, roles ...authz.Membership) *authz.Actor {
	w.t.Helper()
	a := &authz.Actor{Account: newID(), Name: strings.ToUpper(name[:1]) + name[1:] + " Prova", Email: name + "@posta.example", Language: "it", Memberships: roles, Strong: true}
	w.sql("INSERT INTO accounts (id, email, name, phone, verified_at) VALUES ($1, $2, $3, '0372 555 111', now())", a.Account, a.Email, a.Name)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.people[a.Account.String()] = a
	return a
}

// member adds a person to somebody's household.
func (w *world) member(of *authz.Actor, name string, relation accounts.Relation) uuid.UUID {
	w.t.Helper()
	id := newID()
	w.sql("INSERT INTO household_members (id, account_id, name, birth_date, relation, created_at) VALUES ($1, $2, $3, '2016-03-05', $4, now())", id, of.Account, name, string(relation))
	return id
}

func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func (w *world) must(err error) {
	w.t.Helper()
	must(w.t, err)
}

func (w *world) sql(sql string, args ...any) {
	w.t.Helper()
	w.must(w.db.Tx(w.ctx, func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, sql, args...)
		return err
	}))
}

func (w *world) number(sql string, args ...any) (n int) {
	w.t.Helper()
	w.must(w.db.Tx(w.ctx, func(ctx context.Context) error { return tenants.PgxTx(ctx).QueryRow(ctx, sql, args...).Scan(&n) }))
	return n
}

// rows is how much stands in the tables that an order or its money writes to.
func (w *world) rows() string {
	w.t.Helper()
	var counts []string
	for _, table := range []string{"orders", "order_parts", "order_lines", "order_numbers", "order_deliveries", "order_messages", "payments", "payment_notices", "refunds", "ledger_transfers", "ledger_entries", "ledger_outcomes", "audit_entries", "basket_lines"} {
		counts = append(counts, "(SELECT '"+table+" ' || count(*) FROM "+table+")")
	}
	var all string
	w.must(w.db.Tx(w.ctx, func(ctx context.Context) error {
		return tenants.PgxTx(ctx).QueryRow(ctx, "SELECT concat_ws(', ', "+strings.Join(counts, ", ")+")").Scan(&all)
	}))
	return strings.Join(append([]string{all}, w.queue.list(w.city)...), ", ")
}

// stays says that do changes nothing that is kept, and gives its error.
func (w *world) stays(do func() error) error {
	w.t.Helper()
	before := w.rows()
	err := do()
	if after := w.rows(); after != before {
		w.t.Errorf("something was written:\n%s\n%s", before, after)
	}
	return err
}

func (w *world) fill(who *authz.Actor, slug string, n int) {
	w.t.Helper()
	w.must(w.Add(w.ctx, Holder{Account: who.Account}, slug, n, true))
}

// form is what somebody sends who orders what is in their basket, filled in well.
func (w *world) form(who *authz.Actor) Placement {
	w.t.Helper()
	c, err := w.Checkout(w.ctx, who)
	w.must(err)
	return Placement{Key: c.Key, Address: "Via dei Mille 7", Phone: "0372 555 199", Terms: true, Cents: c.Basket.Cents()}
}

// order is what somebody orders of one service.
func (w *world) order(who *authz.Actor, slug string, n int) *Part {
	w.t.Helper()
	w.fill(who, slug, n)
	id, err := w.Place(w.ctx, who, w.form(who))
	w.must(err)
	return w.seen(who, id)
}

func (w *world) seen(who *authz.Actor, order uuid.UUID) *Part {
	w.t.Helper()
	p, err := w.Order(w.ctx, who, order)
	w.must(err)
	return p
}

// now is a part as it stands now.
func (w *world) now(p *Part) *Part {
	w.t.Helper()
	now, err := w.readPart(w.ctx, "WHERE p.id = $1", p.ID)
	w.must(err)
	return now
}

// is looks at a part's state.
func (w *world) is(p *Part, want State) *Part {
	w.t.Helper()
	now := w.now(p)
	if now.State != want {
		w.t.Fatalf("the part is %s, want %s", now.State, want)
	}
	return now
}

// page opens the hosted page of a part and gives its session at the gateway.
func (w *world) page(p *Part) string {
	w.t.Helper()
	url, err := w.Pay(w.ctx, w.anna, p.Order.ID, "it", "http://"+w.city.Host+orderPath(p.Order.ID))
	w.must(err)
	return url[strings.LastIndex(url, "/")+1:]
}

// event is what the gateway tells under an id.
func (w *world) event(id string) local.CardEvent {
	w.t.Helper()
	events := w.cards.Events(keyOf(w.city))
	i := slices.IndexFunc(events, func(e local.CardEvent) bool { return e.ID == id })
	if i < 0 {
		w.t.Fatalf("no event %s", id)
	}
	return events[i]
}

// take brings a notice as the gateway does, signed with a secret.
func (w *world) take(body, secret string) error {
	return w.payments.Take(w.ctx, local.SignCards(secret, time.Now(), body), []byte(body))
}

// paid is an order of Anna's, paid by card.
func (w *world) paid(slug string, n int) *Part {
	w.t.Helper()
	p := w.order(w.anna, slug, n)
	w.pays(p)
	return w.is(p, Paid)
}

// pays lets Anna pay a part on the hosted page, brings the notice, and gives its body.
func (w *world) pays(p *Part) (notice string) {
	w.t.Helper()
	id, err := w.cards.Pay(w.page(p))
	w.must(err)
	notice = w.event(id).Body
	w.must(w.take(notice, secretOf(w.city)))
	return notice
}

// work runs the jobs that are due, and those that they ask for, each from a context that knows no city but its own.
func (h *house) work(t testing.TB) {
	t.Helper()
	for range 20 {
		due := h.queue.take(h.clock.Now())
		if len(due) == 0 {
			return
		}
		for _, task := range due {
			must(t, h.do(task))
		}
	}
	t.Fatal("the jobs come to no end")
}

func (h *house) do(t task) error {
	return h.workers.Do(tenants.With(context.Background(), t.city), t.args)
}

// work runs the jobs that are due.
func (w *world) work() { w.t.Helper(); w.house.work(w.t) }

// until lets the time come, and runs what is due then.
func (w *world) until(at time.Time) {
	w.t.Helper()
	w.clock.Set(at)
	w.work()
}

// got gives the subjects of the letters to an address.
func (w *world) got(to string) (subjects []string) {
	w.work()
	w.mail.mu.Lock()
	defer w.mail.mu.Unlock()
	for _, l := range w.mail.sent {
		if l.To == to {
			subjects = append(subjects, l.Subject)
		}
	}
	return subjects
}

// holds looks at a balance.
func (w *world) holds(a ledger.Account, want int64) {
	w.t.Helper()
	got, err := w.ledger.Balance(w.ctx, a)
	w.must(err)
	if got != want {
		w.t.Errorf("%s %s holds %d, want %d", a.Kind, a.Name, got, want)
	}
}

// balances looks at the card rail, at Anna and at Aurora.
func (w *world) balances(rail, citizen, provider int64) {
	w.t.Helper()
	w.holds(ledger.RailAccount(payments.ByCard), rail)
	w.holds(ledger.CitizenAccount(w.anna.Account), citizen)
	w.holds(ledger.ProviderAccount(w.aurora), provider)
}

func same[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// fails looks for one error, or for none.
func fails(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || (err == nil) != (want == nil) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}

// names are the fields that an error finds wrong.
func names(err error) string {
	var list []string
	for _, f := range problem.Of(err).Fields {
		list = append(list, f.Name+" "+f.Code)
	}
	return strings.Join(list, ", ")
}
