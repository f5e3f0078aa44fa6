package orders

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/ledger"
	"github.com/welfarex/welfarex/modules/payments"
	"github.com/welfarex/welfarex/tenants"
)

// history is a city in which anything happens in any order: notices twice, late and never, jobs early, late and again, two people at once,
// a queue and a gateway that fail. At the end the books, the parts and the gateway must say the same.
type history struct {
	*world
	rand  *rand.Rand
	parts []*Part
	told  map[string]bool // events that were taken

	mu   sync.Mutex
	said []string         // what happened
	desk map[string]int64 // cents by part that went over the desk, and came back
}

// steps are what may happen to a part, and how often.
var steps = []struct {
	often int
	name  string
	do    func(*history, *Part) error
}{
	{5, "open the page", (*history).openPage},
	{5, "pay", (*history).payPage},
	{8, "open, pay and be told", (*history).buy},
	{10, "a notice", (*history).aNotice},
	{6, "a notice, and the queue fails", (*history).failingNotice},
	{1, "a forged notice", (*history).forged},
	{1, "the page ends", func(h *history, p *Part) error { return h.atGateway(p, h.cards.Expire) }},
	{1, "the card is refused", func(h *history, p *Part) error { return h.atGateway(p, h.cards.Refuse) }},
	{1, "refunds wait", func(h *history, _ *Part) error { h.cards.Hold(true); return nil }},
	{1, "refunds go on", func(h *history, _ *Part) error { h.cards.Hold(false); return nil }},
	{2, "a refund bounces", (*history).bounce},
	{2, "cancel", func(h *history, p *Part) error { return h.Cancel(h.ctx, h.anna, p.Order.ID) }},
	{2, "refuse", func(h *history, p *Part) error { return h.Refuse(h.ctx, h.luca, p.ID, "no") }},
	{6, "accept", func(h *history, p *Part) error { return h.Accept(h.ctx, h.luca, p.ID) }},
	{6, "deliver", (*history).deliverOne},
	{2, "take at the desk", (*history).takeAtDesk},
	{2, "hand back", (*history).handBack},
	{3, "ask", func(h *history, p *Part) error { _, err := h.Ask(h.ctx, h.anna, p.Order.ID); return err }},
	{2, "look", func(h *history, p *Part) error { return h.job(payments.LookJob{Payment: p.Payments[0].ID}) }},
	{1, "close", func(h *history, p *Part) error { return h.job(payments.CloseJob{Payment: p.Payments[0].ID}) }},
	{2, "give back", func(h *history, p *Part) error { return h.job(payments.ReturnJob{Payment: p.Payments[0].ID}) }},
	{2, "expire", func(h *history, p *Part) error { return h.job(ExpireJob{p.ID}) }},
	{1, "give up", func(h *history, p *Part) error { return h.job(GiveUpJob{p.ID}) }},
	{1, "half an hour passes", func(h *history, _ *Part) error { h.clock.Pass(31 * time.Minute); return nil }},
	{1, "a week passes", func(h *history, _ *Part) error { h.clock.Pass(8 * 24 * time.Hour); return nil }},
	{2, "the queue fails", func(h *history, _ *Part) error { h.queue.fail(1); return nil }},
	{2, "the line breaks before", func(h *history, _ *Part) error { h.line.breaks(1, 0); return nil }},
	{2, "the line breaks after", func(h *history, _ *Part) error { h.line.breaks(0, 1); return nil }},
	{4, "what is due", (*history).due},
}

// bag holds each step as often as it may happen.
var bag = func() (all []int) {
	for i, s := range steps {
		all = append(all, slices.Repeat([]int{i}, s.often)...)
	}
	return all
}()

func (h *history) job(args jobs.Args) error {
	return h.do(task{h.city, args, time.Time{}})
}

func (h *history) deliverOne(p *Part) error {
	return h.Deliver(h.ctx, h.luca, p.ID, Delivery{Quantity: 1, Day: monday, Worker: "Luca"})
}

func (h *history) openPage(p *Part) error {
	_, err := h.Pay(h.ctx, h.anna, p.Order.ID, "it", "http://x.example"+orderPath(p.Order.ID))
	return err
}

// session is a part's page at the gateway, "" if it has none.
func (h *history) session(p *Part) string {
	for _, s := range h.cards.Sessions(keyOf(h.city)) {
		if s.Reference == p.Payments[0].ID.String() {
			return s.ID
		}
	}
	return ""
}

// atGateway does something there, which refuses what cannot be.
func (h *history) atGateway(p *Part, do func(string) error) error {
	if s := h.session(p); s != "" {
		_ = do(s)
	}
	return nil
}

func (h *history) payPage(p *Part) error {
	return h.atGateway(p, func(s string) error { _, err := h.cards.Pay(s); return err })
}

// buy is how it should go.
func (h *history) buy(p *Part) error {
	if err := errors.Join(h.openPage(p), h.payPage(p)); err != nil {
		return err
	}
	for _, e := range h.cards.Events(keyOf(h.city)) {
		if strings.Contains(e.Body, p.Payments[0].ID.String()) {
			return h.bring(e)
		}
	}
	return nil
}

// aNotice brings one of those that the gateway has, perhaps an old one, perhaps again.
func (h *history) aNotice(p *Part) error {
	events := h.cards.Events(keyOf(h.city))
	if len(events) == 0 {
		return nil
	}
	return h.bring(events[h.pick(len(events))])
}

// failingNotice brings one whose effect is taken back.
func (h *history) failingNotice(p *Part) error {
	h.queue.fail(1)
	defer h.queue.fail(0)
	return h.aNotice(p)
}

// pick chooses one of n.
func (h *history) pick(n int) int { h.mu.Lock(); defer h.mu.Unlock(); return h.rand.IntN(n) }

func (h *history) bring(e local.CardEvent) error {
	err := h.payments.Take(h.ctx, local.SignCards(secretOf(h.city), time.Now(), e.Body), []byte(e.Body))
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told[e.ID] = h.told[e.ID] || err == nil
	return err
}

func (h *history) forged(*Part) error {
	for _, e := range h.cards.Events(keyOf(h.city)) {
		if err := h.payments.Take(h.ctx, local.SignCards("whsec_other", time.Now(), e.Body), []byte(e.Body)); !errors.Is(err, payments.ErrSignature) {
			return fmt.Errorf("a forged notice: %w", err)
		}
	}
	return nil
}

func (h *history) bounce(*Part) error {
	refunds := h.cards.Refunds(keyOf(h.city))
	if len(refunds) > 0 {
		_ = h.cards.Bounce(refunds[h.pick(len(refunds))].ID)
	}
	return nil
}

func (h *history) takeAtDesk(p *Part) error {
	return h.overDesk(p, p.Cents, h.TakeAtDesk(h.ctx, h.luca, p.ID))
}

func (h *history) handBack(p *Part) error {
	return h.overDesk(p, -p.Cents, h.HandedBack(h.ctx, h.luca, p.ID))
}

func (h *history) overDesk(p *Part, cents int64, err error) error {
	if err == nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.desk[p.ID.String()] += cents
	}
	return err
}

// due does the jobs whose time has come; one that fails comes again.
func (h *history) due(*Part) error {
	for _, t := range h.queue.take(h.clock.Now()) {
		if err := h.do(t); err != nil {
			h.queue.mu.Lock()
			h.queue.waits = append(h.queue.waits, t)
			h.queue.mu.Unlock()
			if !expected(err) {
				return fmt.Errorf("%s: %w", t.args.Kind(), err)
			}
		}
	}
	return nil
}

// expected are refusals, and what the test itself broke.
func expected(err error) bool {
	if err == nil || errors.Is(err, errQueue) || errors.Is(err, errLine) {
		return true
	}
	if strings.Contains(err.Error(), "Stripe says failed") { // the refund bounced, and its notice has not come yet
		return true
	}
	kind := problem.Of(err).Kind
	return kind == problem.Conflict || kind == problem.Invalid
}

// happen lets something happen to one of the parts, now and then two things at once.
func (h *history) happen() error {
	n := 1
	if h.pick(4) == 0 {
		n = 2
	}
	errs := make([]error, n)
	var running sync.WaitGroup
	for i := range n {
		s, p := steps[bag[h.pick(len(bag))]], h.parts[h.pick(len(h.parts))]
		running.Go(func() {
			err := s.do(h, p)
			h.mu.Lock()
			defer h.mu.Unlock()
			h.said = append(h.said, fmt.Sprintf("%d of %d: %s (%d): %v", i+1, n, s.name, p.Order.Number, err))
			if !expected(err) {
				errs[i] = fmt.Errorf("%s: %w", s.name, err)
			}
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

// drain lets everything that was begun come to its end: nothing fails any more, every notice comes, every term passes.
func (h *history) drain() error {
	h.queue.fail(0)
	h.line.breaks(0, 0)
	h.cards.Hold(false)
	for quiet := 0; quiet < 2; {
		h.clock.Pass(20 * 24 * time.Hour)
		quiet++
		for _, e := range h.cards.Events(keyOf(h.city)) {
			if h.told[e.ID] {
				continue
			}
			quiet = 0
			if err := h.bring(e); err != nil {
				return fmt.Errorf("at last, %s: %w", e.Type, err)
			}
		}
		if due := h.queue.take(h.clock.Now()); len(due) > 0 {
			quiet = 0
			for _, t := range due {
				if err := h.do(t); err != nil && !strings.Contains(err.Error(), "Stripe says failed") {
					return fmt.Errorf("at last, %s: %w", t.args.Kind(), err)
				}
			}
		}
	}
	return nil
}

// live lets a seed's history happen, and says what is wrong with its end.
func live(t testing.TB, seed uint64, p plant) error {
	w := build(t, p).open(t)
	h := &history{world: w, rand: rand.New(rand.NewPCG(seed, 7)), told: map[string]bool{}, desk: map[string]int64{}}
	for n := range 2 + h.pick(2) {
		h.parts = append(h.parts, w.order(w.anna, "pasti", n+1))
	}
	for range 30 {
		if err := h.happen(); err != nil {
			return h.wrong(err)
		}
	}
	if err := h.drain(); err != nil {
		return h.wrong(err)
	}
	return h.wrong(h.agree())
}

func (h *history) wrong(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w\n%s", err, strings.Join(h.said, "\n"))
}

// agree says where books, parts and gateway differ.
func (h *history) agree() error {
	var wrong []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			wrong = append(wrong, fmt.Errorf(format, args...))
		}
	}
	var desk, sold, owed int64
	for _, cents := range h.desk {
		desk += cents
	}
	for _, seen := range h.parts {
		p := h.now(seen)
		check(p.State == Accepted || p.Ended(), "order %d is still %s", p.Order.Number, p.State)
		kept := int64(0)
		for _, m := range p.Payments {
			check(m.State != payments.Open || !p.Ended(), "order %d has ended with an open payment", p.Order.Number)
			if m.State == payments.Settled && m.Return == payments.NoReturn {
				kept += m.Cents
			}
			if m.Return == payments.ReturnAsked || m.Return == payments.ReturnLost {
				owed += m.Cents
			}
			check(m.Return != payments.ReturnAsked || m.Rail == payments.AtDesk, "order %d waits for a refund that nobody works on", p.Order.Number)
		}
		if p.State == Accepted || p.State == Delivered {
			sold += p.Cents
			check(kept == p.Cents, "order %d is %s, and %d cents were kept", p.Order.Number, p.State, kept)
		} else {
			check(kept == 0, "order %d is %s, and %d cents were kept", p.Order.Number, p.State, kept)
		}
		wrong = append(wrong, h.atTheGateway(p)...)
	}
	charged, returned := h.money()
	for _, b := range []struct {
		of   ledger.Account
		want int64
	}{
		{ledger.RailAccount(payments.ByCard), returned - charged}, {ledger.RailAccount(payments.AtDesk), -desk},
		{ledger.ProviderAccount(h.aurora), sold}, {ledger.CitizenAccount(h.anna.Account), owed},
	} {
		got, err := h.ledger.Balance(h.ctx, b.of)
		check(err == nil && got == b.want, "%s %s holds %d, want %d, %v", b.of.Kind, b.of.Name, got, b.want, err)
	}
	return errors.Join(append(wrong, h.pending(), h.books())...)
}

// atTheGateway holds a part's card payment against its page.
func (h *history) atTheGateway(p *Part) (wrong []error) {
	m := p.Payments[slices.IndexFunc(p.Payments, func(m payments.Payment) bool { return m.Rail == payments.ByCard })]
	var pages, paid int
	for _, s := range h.cards.Sessions(keyOf(h.city)) {
		if s.Reference != m.ID.String() {
			continue
		}
		pages++
		if s.Charge != "" {
			paid++
		}
		if s.Status == "open" && m.Session != "" { // one of which we heard nothing was shown to nobody
			wrong = append(wrong, fmt.Errorf("order %d is %s, and its page is still open", p.Order.Number, p.State))
		}
	}
	if pages > 1 || (paid == 1) != (m.State == payments.Settled) {
		wrong = append(wrong, fmt.Errorf("order %d: %d pages, %d of them paid, the payment is %s", p.Order.Number, pages, paid, m.State))
	}
	refunds := 0
	for _, r := range h.cards.Refunds(keyOf(h.city)) {
		if r.Charge == m.Charge && m.Charge != "" {
			refunds++
			if ours := map[string]payments.ReturnState{"succeeded": payments.ReturnDone, "failed": payments.ReturnLost}[r.Status]; ours != m.Return || r.Cents != m.Cents {
				wrong = append(wrong, fmt.Errorf("order %d: the refund of %d cents %s at the gateway, and is %s here", p.Order.Number, r.Cents, r.Status, m.Return))
			}
		}
	}
	if want := m.Return != payments.NoReturn; refunds > 1 || (refunds == 1) != want {
		wrong = append(wrong, fmt.Errorf("order %d: %d refunds, here it is %q", p.Order.Number, refunds, m.Return))
	}
	return wrong
}

// pending finds transfers that wait for nothing: only an unfinished refund may.
func (h *history) pending() error {
	n := h.number(`SELECT count(*) FROM ledger_transfers t JOIN order_parts p ON p.id = t.reference WHERE t.pending AND p.ended_at IS NOT NULL
		AND NOT EXISTS (SELECT FROM ledger_outcomes o WHERE o.transfer_id = t.id)
		AND NOT (t.kind = 'refund' AND EXISTS (SELECT FROM refunds r WHERE t.key = 'refund:' || r.id AND r.state <> 'done'))`)
	if n > 0 {
		return fmt.Errorf("%d transfers of ended parts wait for nothing", n)
	}
	return nil
}

// books looks at the ledger and the trail by themselves.
func (h *history) books() error {
	findings, err := h.ledger.Check(h.ctx)
	if err != nil {
		return err
	}
	for _, f := range findings {
		if !f.Info && f.Code != "waiting" {
			return fmt.Errorf("the ledger finds %+v", f)
		}
	}
	if at, err := h.db.AuditBrokenAt(h.ctx); err != nil || at != 0 {
		return fmt.Errorf("the trail is broken at %d, %w", at, err)
	}
	return nil
}

// seeds is how many histories are lived: 60, or what ORDERS_SEEDS says.
func seeds(t *testing.T) uint64 {
	n, err := strconv.ParseUint(os.Getenv("ORDERS_SEEDS"), 10, 32)
	if err != nil {
		return 60
	}
	t.Logf("%d histories", n)
	return n
}

func TestHistory_WhateverHappensBooksPartsAndGatewayAgree(t *testing.T) {
	t.Parallel()
	for seed := range seeds(t) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			if err := live(t, seed, plant{}); err != nil {
				t.Errorf("seed %d: %v", seed, err)
			}
		})
	}
}

// twice is a ledger in which a payment counts twice.
type twice struct{ *ledger.Service }

func (b twice) Post(ctx context.Context, t ledger.Transfer) (uuid.UUID, error) {
	if t.Kind == ledger.Payment {
		again := t
		again.Key += ":again"
		if _, err := b.Service.Post(ctx, again); err != nil {
			return uuid.Nil, err
		}
	}
	return b.Service.Post(ctx, t)
}

// outside is a ledger that writes payments outside of the transaction in which their notice counts, under a key of its own.
type outside struct {
	*ledger.Service
	db *tenants.DB
}

func (b outside) Post(ctx context.Context, t ledger.Transfer) (id uuid.UUID, err error) {
	if t.Kind != ledger.Payment {
		return b.Service.Post(ctx, t)
	}
	t.Key += ":" + uuid.NewString()
	city, _ := tenants.From(ctx)
	err = b.db.Tx(tenants.With(context.Background(), city), func(ctx context.Context) error {
		id, err = b.Service.Post(ctx, t)
		return err
	})
	return id, err
}

// atOnce is a ledger in which a refund counts as soon as it is asked for.
type atOnce struct{ *ledger.Service }

func (b atOnce) Post(ctx context.Context, t ledger.Transfer) (uuid.UUID, error) {
	id, err := b.Service.Post(ctx, t)
	if err == nil && t.Kind == ledger.Refund {
		err = b.Settle(ctx, t.Key)
	}
	return id, err
}

// greedy keeps money that nobody waits for any more.
type greedy struct{ payments.Follower }

func (g greedy) Paid(ctx context.Context, part uuid.UUID, rail string) (bool, error) {
	_, err := g.Follower.Paid(ctx, part, rail)
	return true, err
}

func TestHistory_SeesAPlantedFault(t *testing.T) {
	t.Parallel()
	for what, p := range map[string]plant{
		"a payment counts twice":                      {books: func(s *ledger.Service) payments.Books { return twice{s} }},
		"a payment counts outside of its transaction": {books: func(s *ledger.Service) payments.Books { return outside{s, testkit.DB(t)} }},
		"a refund counts before it has arrived":       {books: func(s *ledger.Service) payments.Books { return atOnce{s} }},
		"money that comes late is kept":               {follow: func(f payments.Follower) payments.Follower { return greedy{f} }},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(20) {
				if err := live(t, seed, p); err != nil {
					first, _, _ := strings.Cut(err.Error(), "\n")
					t.Logf("seed %d: %s", seed, first)
					return
				}
			}
			t.Error("twenty histories agree all the same")
		})
	}
}
