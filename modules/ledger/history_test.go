package ledger

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

// A history is what may happen to three citizens, two providers and two rails, in any order, with mistakes: the ledger must answer and
// hold exactly what a book kept in Go says. `go test` tries a few hundred;
//
//	LEDGER_HISTORIES=100000 go test ./modules/ledger -run TestHistories -v -timeout 60m
//
// tries as many as one likes.

// deed is one thing that somebody tries; the numbers choose among what there is.
type deed struct{ What, From, To, Key, Other, Cents int }

const (
	doPay = iota
	doSell
	doRefund
	doPost // under a key that was used, or with an account of its own on both sides: often wrong
	doSettle
	doVoid
	doReverse
	deeds
)

var aDeed = rapid.Custom(func(t *rapid.T) deed {
	return deed{
		What: rapid.IntRange(0, deeds-1).Draw(t, "what"), From: rapid.IntRange(0, 11).Draw(t, "from"), To: rapid.IntRange(0, 11).Draw(t, "to"),
		Key: rapid.IntRange(0, 99).Draw(t, "key"), Other: rapid.IntRange(0, 99).Draw(t, "other"), Cents: rapid.IntRange(1, 200_000).Draw(t, "cents"),
	}
})

const shortestHistory, longestHistory = 6, 18

// page of the book: what stands under a key.
type page struct {
	Transfer
	id       uuid.UUID
	state    outcome // posted from the start unless pending
	reverses string
	reversed bool
}

// book is the model: it knows nothing of SQL.
type book struct {
	accounts []Account // citizens, providers, rails, fees
	pages    map[string]*page
	keys     []string // as they came to be
	prefix   string
	answers  map[string]int
}

func newBook() *book {
	b := &book{pages: map[string]*page{}, prefix: newID().String(), answers: map[string]int{}}
	for range 3 {
		b.accounts = append(b.accounts, CitizenAccount(newID()))
	}
	for range 2 {
		b.accounts = append(b.accounts, ProviderAccount(newID()))
	}
	b.accounts = append(b.accounts, RailAccount("card-"+b.prefix), RailAccount("desk-"+b.prefix))
	return b
}

// balances are the sums of what counts.
func (b *book) balances() map[Account]int64 {
	sums := map[Account]int64{}
	for _, a := range b.accounts {
		sums[a] = 0
	}
	for _, p := range b.pages {
		if p.state == posted {
			for _, m := range p.Moves {
				sums[m.From] -= m.Cents
				sums[m.To] += m.Cents
			}
		}
	}
	return sums
}

// key is one that stands in the book, or now and then one that does not.
func (b *book) key(n int) string {
	if len(b.keys) == 0 || n%8 == 7 {
		return fmt.Sprint(b.prefix, ":unknown:", n)
	}
	return b.keys[n%len(b.keys)]
}

func (b *book) fresh() string { return fmt.Sprint(b.prefix, ":", len(b.keys)) }

// transfer is what a deed would post; one in sixteen moves nothing.
func (b *book) transfer(d deed) Transfer {
	if d.Other%16 == 15 {
		d.Cents = 0
	}
	citizen, provider, rail := b.accounts[d.From%3], b.accounts[3+d.To%2], b.accounts[5+d.To%2]
	t := Transfer{Key: b.fresh(), Reference: uuid.NewSHA1(uuid.Nil, []byte{byte(d.Other)}), Pending: d.Other%3 == 0, Kind: Payment, Moves: []Move{{rail, citizen, int64(d.Cents)}}}
	switch d.What {
	case doSell:
		t.Kind, t.Moves = Sale, []Move{{citizen, provider, int64(d.Cents)}}
		if d.Other%4 == 0 {
			t.Moves = append(t.Moves, Move{b.accounts[d.Other%3], b.accounts[3+d.Other%2], int64(d.Other + 1)})
		}
	case doRefund:
		t.Kind, t.Moves = Refund, []Move{{citizen, rail, int64(d.Cents)}}
	case doPost:
		t.Key, t.Moves = b.key(d.Key), []Move{{b.accounts[d.From%7], b.accounts[d.To%7], int64(d.Cents)}}
		if p := b.pages[t.Key]; p != nil && d.Other%2 == 0 && p.Kind != Reversal {
			t = p.Transfer // the same again
		}
	}
	return t
}

// post says what the ledger must answer: an id that stands already, a mistake, or neither for a new page.
func (b *book) post(t Transfer) (first uuid.UUID, want error) {
	for _, m := range t.Moves {
		if m.Cents <= 0 || m.From == m.To {
			return uuid.Nil, ErrInvalid
		}
	}
	p := b.pages[t.Key]
	switch {
	case p == nil:
		return uuid.Nil, nil
	case p.Kind != t.Kind || p.Reference != t.Reference || p.Pending != t.Pending || !slices.Equal(p.Moves, t.Moves):
		return uuid.Nil, ErrKeyReused
	}
	return p.id, nil
}

func (b *book) write(p *page) {
	if p.state == open && !p.Pending {
		p.state = posted
	}
	b.pages[p.Key] = p
	b.keys = append(b.keys, p.Key)
}

// decide settles or voids a page, or says why not.
func (b *book) decide(key string, o outcome) error {
	p := b.pages[key]
	switch {
	case p == nil:
		return ErrNoTransfer
	case !p.Pending:
		return ErrNotPending
	case p.state != open && p.state != o:
		return ErrSettled
	}
	p.state = o
	return nil
}

// reverse says what the ledger must answer, as post does.
func (b *book) reverse(key, newKey string) (first uuid.UUID, want error) {
	p, there := b.pages[key], b.pages[newKey]
	switch {
	case p == nil:
		return uuid.Nil, ErrNoTransfer
	case p.Kind == Reversal:
		return uuid.Nil, ErrNotReversible
	case p.state != posted:
		return uuid.Nil, ErrNotPosted
	case there != nil && there.reverses == key:
		return there.id, nil
	case there != nil:
		return uuid.Nil, ErrKeyReused
	case p.reversed:
		return uuid.Nil, ErrReversed
	}
	return uuid.Nil, nil
}

func opposite(moves []Move) []Move {
	back := make([]Move, len(moves))
	for i, m := range moves {
		back[i] = Move{m.To, m.From, m.Cents}
	}
	return back
}

// try does a deed on the ledger and in the book; the error says how they differ.
func (w *world) try(ctx context.Context, b *book, d deed) error {
	switch d.What {
	case doSettle, doVoid:
		key, do, o := b.key(d.Key), w.Settle, posted
		if d.What == doVoid {
			do, o = w.Void, voided
		}
		got, want := do(ctx, key), b.decide(key, o)
		return b.differ(d, uuid.Nil, uuid.Nil, got, want)
	case doReverse:
		key, newKey := b.key(d.Key), b.fresh()
		if d.Other%3 == 0 {
			newKey = b.key(d.Other)
		}
		first, want := b.reverse(key, newKey)
		id, got := w.Reverse(ctx, key, newKey)
		if p := b.pages[key]; want == nil && first == uuid.Nil {
			p.reversed = true
			b.write(&page{Transfer: Transfer{Key: newKey, Kind: Reversal, Moves: opposite(p.Moves)}, id: id, reverses: key})
		}
		return b.differ(d, id, first, got, want)
	}
	t := b.transfer(d)
	first, want := b.post(t)
	id, got := w.Post(ctx, t)
	if want == nil && first == uuid.Nil {
		b.write(&page{Transfer: t, id: id})
	}
	return b.differ(d, id, first, got, want)
}

// differ says whether the ledger answers as the book does, and counts the answer.
func (b *book) differ(d deed, id, first uuid.UUID, got, want error) error {
	b.answers[fmt.Sprintf("%s: %v, again %t", [deeds]string{"pay", "sell", "refund", "post", "settle", "void", "reverse"}[d.What], want, first != uuid.Nil)]++
	if !errors.Is(got, want) || want == nil && first != uuid.Nil && first != id {
		return fmt.Errorf("the ledger says %v, %v; the book %v, %v", id, got, first, want) //nolint:errorlint // answers compared, not a cause; either may be nil
	}
	return nil
}

// sums are the balances of the whole city, as the database adds them up.
func (w *world) sums() (map[Account]int64, error) {
	sums := map[Account]int64{}
	err := w.db.Read(w.ctx, func(b *pgx.Batch) {
		b.Queue("SELECT a.kind, a.owner, a.name, COALESCE(sum(p.cents), 0)::bigint FROM ledger_accounts a LEFT JOIN ledger_posted p ON p.account_id = a.id GROUP BY a.id, a.kind, a.owner, a.name").
			Query(func(rows pgx.Rows) error {
				var a Account
				var owner uuid.NullUUID
				var cents int64
				_, err := pgx.ForEachRow(rows, []any{&a.Kind, &owner, &a.Name, &cents}, func() error {
					a.Owner = owner.UUID
					sums[a] = cents
					return nil
				})
				return err
			})
	})
	return sums, err
}

// tell lives through some histories in one transaction, compares, and gives what was kept in Go.
func (w *world) tell(t *rapid.T, histories [][]deed) []*book {
	books := make([]*book, len(histories))
	if err := w.tx(func(ctx context.Context) error {
		for i, history := range histories {
			books[i] = newBook()
			for n, d := range history {
				if err := w.try(ctx, books[i], d); err != nil {
					return fmt.Errorf("%d, %+v: %w", n, d, err)
				}
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	w.compare(t, books)
	w.audit(t, books)
	w.follow(t, books[0])
	return books
}

func (w *world) compare(t *rapid.T, books []*book) {
	sums, err := w.sums()
	if err != nil {
		t.Fatal(err)
	}
	var total int64
	for _, b := range books {
		for a, want := range b.balances() {
			if sums[a] != want {
				t.Fatalf("%+v holds %d, the book says %d", a, sums[a], want)
			}
			total += want
		}
	}
	if total != 0 {
		t.Fatalf("the book itself sums to %d", total)
	}
}

// audit: Check finds nothing wrong, and names exactly the citizens whose money is not spent.
func (w *world) audit(t *rapid.T, books []*book) {
	found, err := w.Check(w.ctx)
	if err != nil {
		t.Fatal(err)
	}
	want := map[uuid.UUID]int64{}
	for _, b := range books {
		for a, cents := range b.balances() {
			if a.Kind == Citizen && cents != 0 {
				want[a.Owner] = cents
			}
		}
	}
	for _, f := range found {
		if f.Code != findCitizen || want[f.ID] != f.Cents {
			t.Fatalf("found %+v", f)
		}
		delete(want, f.ID)
	}
	if len(want) > 0 {
		t.Fatalf("not found: %v", want)
	}
}

// follow reads every statement of a book, three lines at a time, over a time that is cut in two.
func (w *world) follow(t *rapid.T, b *book) {
	from, to := w.clock.now.Add(-time.Hour*24*365), w.clock.now.Add(time.Hour)
	cut := w.clock.now.Add(-time.Second * time.Duration(rapid.IntRange(0, 40).Draw(t, "cut")))
	for a, want := range b.balances() {
		first := w.read(t, a, from, cut)
		second := w.read(t, a, cut, to)
		if first.Opening != 0 || first.Closing != second.Opening || second.Closing != want {
			t.Fatalf("%+v: %d → %d, %d → %d, want %d", a, first.Opening, first.Closing, second.Opening, second.Closing, want)
		}
		var lines int
		for _, p := range b.pages {
			for _, m := range p.Moves {
				if p.state == posted && (m.From == a || m.To == a) {
					lines++
				}
			}
		}
		if got := len(first.Lines) + len(second.Lines); got != lines {
			t.Fatalf("%+v: %d lines, want %d", a, got, lines)
		}
	}
}

// read joins the pages of a statement, each line of which goes on where the one before it stopped.
func (w *world) read(t *rapid.T, a Account, from, to time.Time) *Statement {
	var whole *Statement
	for cursor, more := "", true; more; more = cursor != "" {
		st, err := w.statement(w.ctx, a, from, to, cursor, 3)
		if err != nil {
			t.Fatal(err)
		}
		if cursor = st.Next; whole == nil {
			whole = st
		} else {
			whole.Lines = append(whole.Lines, st.Lines...)
		}
	}
	running, in, out := whole.Opening, int64(0), int64(0)
	for _, l := range whole.Lines {
		running += l.Cents
		in, out = in+max(0, l.Cents), out+min(0, l.Cents)
		if l.Balance != running {
			t.Fatalf("%+v: after %+v there should be %d", a, l, running)
		}
	}
	if running != whole.Closing || in != whole.In || out != whole.Out {
		t.Fatalf("%+v: the lines give %d (+%d %d), the statement says %d (+%d %d)", a, running, in, out, whole.Closing, whole.In, whole.Out)
	}
	return whole
}

// TestHistories lives through random histories, many in a transaction, each batch in a city of its own.
func TestHistories(t *testing.T) {
	all, batch := 300, 10
	if wanted, err := strconv.Atoi(os.Getenv("LEDGER_HISTORIES")); err == nil {
		all, batch = wanted, 100
	}
	const hands = 2
	if err := flag.Set("rapid.checks", strconv.Itoa(max(1, all/batch/hands))); err != nil {
		t.Fatal(err)
	}
	started, done := time.Now(), [hands]tally{}
	t.Run("hands", func(t *testing.T) {
		for hand := range hands {
			t.Run(fmt.Sprint(hand), func(t *testing.T) {
				t.Parallel()
				done[hand].answers = map[string]int{}
				rapid.Check(t, func(r *rapid.T) {
					histories := rapid.SliceOfN(rapid.SliceOfN(aDeed, shortestHistory, longestHistory), batch, batch).Draw(r, "histories")
					done[hand].add(newWorld(t).tell(r, histories))
				})
			})
		}
	})
	for answer, times := range done[1].answers {
		done[0].answers[answer] += times
	}
	seconds := time.Since(started).Seconds()
	t.Logf("%d histories, %d deeds, %d transfers and %d entries in %.0f s", done[0].histories+done[1].histories, done[0].deeds+done[1].deeds,
		count(t, "ledger_transfers"), count(t, "ledger_entries"), seconds)
	for _, answer := range slices.Sorted(maps.Keys(done[0].answers)) {
		t.Logf("%7d %s", done[0].answers[answer], answer)
	}
	if got := len(done[0].answers); got < fewestAnswers {
		t.Errorf("only %d kinds of answers, expected at least %d: the histories have become poor", got, fewestAnswers)
	}
}

// fewestAnswers is how many ways there are for a deed to end that a few hundred histories always meet.
const fewestAnswers = 18

type tally struct {
	histories, deeds int
	answers          map[string]int
}

func (c *tally) add(books []*book) {
	for _, b := range books {
		c.histories++
		for answer, times := range b.answers {
			c.deeds += times
			c.answers[answer] += times
		}
	}
}

func count(t *testing.T, table string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), testkit.Postgres(t).SuperURL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestHistories_SeeAPlantedFault: the comparison can fail.
func TestHistories_SeeAPlantedFault(t *testing.T) {
	w := setup(t)
	b := newBook()
	w.must(w.tx(func(ctx context.Context) error {
		return w.try(ctx, b, deed{What: doPay, From: 1, To: 1, Other: 1, Cents: 700})
	}))
	sums := func() map[Account]int64 { got, err := w.sums(); w.must(err); return got }
	if a := b.accounts[1]; sums()[a] != 700 || b.balances()[a] != 700 {
		t.Fatalf("%d, %d", sums()[a], b.balances()[a])
	}
	w.plant("UPDATE ledger_entries SET cents = cents + 1 WHERE tenant_id = $1 AND cents > 0", w.city.ID)
	if a := b.accounts[1]; sums()[a] == b.balances()[a] {
		t.Error("a cent from nowhere is not seen")
	}
	if err := b.differ(deed{}, uuid.Nil, uuid.Nil, nil, ErrKeyReused); err == nil {
		t.Error("a mistake that the ledger takes is not seen")
	}
	if tenants.InTx(w.ctx) {
		t.Error("a transaction is left over")
	}
}
