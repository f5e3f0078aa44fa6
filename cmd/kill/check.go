package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/orders"
)

// drain waits until no job waits, no refund is open and every notice was heard. The waiting of jobs that failed, or whose process was killed,
// is cut short: their clocks are put forward.
func (h *house) drain(ctx context.Context, most time.Duration) error {
	restarted := time.Now()
	return eventually(ctx, most, "all jobs, refunds and notices come to their end", func() bool {
		left := -1
		err := h.super(ctx, func(conn *pgx.Conn) error {
			for _, sql := range []string{
				"UPDATE river_job SET scheduled_at = now() WHERE state = 'retryable' AND scheduled_at > now()",
				"UPDATE river_job SET attempted_at = attempted_at - interval '10 minutes' WHERE state = 'running' AND attempted_at BETWEEN now() - interval '10 minutes' AND $1",
			} {
				args := []any{restarted}[:strings.Count(sql, "$1")]
				if _, err := conn.Exec(ctx, sql, args...); err != nil {
					return err
				}
			}
			return conn.QueryRow(ctx, `SELECT (SELECT count(*) FROM river_job WHERE state IN ('available', 'running', 'retryable', 'pending') OR state = 'scheduled' AND scheduled_at < now())
				+ (SELECT count(*) FROM refunds WHERE state = 'asked')`).Scan(&left)
		})
		return err == nil && left == 0 && h.heard() && sleep(ctx, 200*time.Millisecond)
	})
}

// heard says whether the gateway has nothing more to tell.
func (h *house) heard() bool {
	for _, c := range h.cities {
		for _, e := range h.cards.Events(c.card) {
			if e.Left > 0 {
				return false
			}
		}
	}
	return true
}

// part is an order as it stands at the end.
type part struct {
	City, ID, Key, State, Email, Provider string
	Cents                                 int64
	Year, Number                          int
	Paid, Accepted                        bool
}

type payment struct {
	City, ID, Part, Rail, State, Charge, Refund, Return string
	Cents                                               int64
}

// transfer is one of the ledger's; Counts says whether it does.
type transfer struct {
	City, Key, Outcome string
	Cents              int64
	Counts             bool
}

// job is one that was asked for.
type job struct{ Kind, State, Part, Payment, Letter string }

// books are what the portal, the ledger and the gateway say, read from outside.
type books struct {
	house     *house
	parts     map[string]part     // by id
	payments  map[string]payment  // by id
	ofPart    map[string][]string // payments
	transfers map[string]transfer // by key
	jobs      []job
	charges   map[string][]local.CardSession // by the payment's id
	refunds   map[string][]local.CardRefund  // by the refund's id
}

func (h *house) read(ctx context.Context) (*books, error) {
	b := &books{
		house: h, parts: map[string]part{}, payments: map[string]payment{}, ofPart: map[string][]string{}, transfers: map[string]transfer{},
		charges: map[string][]local.CardSession{}, refunds: map[string][]local.CardRefund{},
	}
	for _, c := range h.cities {
		for _, s := range h.cards.Charges(c.card) {
			b.charges[s.Reference] = append(b.charges[s.Reference], s)
		}
		for _, r := range h.cards.Refunds(c.card) {
			b.refunds[r.Metadata["refund"]] = append(b.refunds[r.Metadata["refund"]], r)
		}
	}
	return b, h.super(ctx, func(conn *pgx.Conn) error { return b.scan(ctx, conn) })
}

func (b *books) scan(ctx context.Context, conn *pgx.Conn) (err error) {
	parts, err := rows[part](ctx, conn, `SELECT c.slug, p.id::text, o.key::text, p.state, a.email, v.email, p.cents, o.year, o.number, p.paid_at IS NOT NULL, p.accepted_at IS NOT NULL
		FROM order_parts p JOIN orders o ON o.tenant_id = p.tenant_id AND o.id = p.order_id JOIN cities c ON c.id = p.tenant_id
		JOIN accounts a ON a.tenant_id = o.tenant_id AND a.id = o.payer_id JOIN providers v ON v.tenant_id = p.tenant_id AND v.id = p.provider_id`)
	if err != nil {
		return err
	}
	for _, p := range parts {
		b.parts[p.ID] = p
	}
	payments, err := rows[payment](ctx, conn, `SELECT c.slug, p.id::text, p.part_id::text, p.rail, p.state, p.charge, COALESCE(r.id::text, ''), COALESCE(r.state, ''), p.cents
		FROM payments p JOIN cities c ON c.id = p.tenant_id LEFT JOIN refunds r ON r.tenant_id = p.tenant_id AND r.payment_id = p.id`)
	if err != nil {
		return err
	}
	for _, p := range payments {
		b.payments[p.ID] = p
		b.ofPart[p.Part] = append(b.ofPart[p.Part], p.ID)
	}
	transfers, err := rows[transfer](ctx, conn, `SELECT c.slug, t.key, COALESCE(o.outcome, ''), t.cents, NOT t.pending OR COALESCE(o.outcome, '') = 'posted'
		FROM ledger_transfers t JOIN cities c ON c.id = t.tenant_id LEFT JOIN ledger_outcomes o ON o.tenant_id = t.tenant_id AND o.transfer_id = t.id`)
	if err != nil {
		return err
	}
	for _, t := range transfers {
		b.transfers[t.Key] = t
	}
	b.jobs, err = rows[job](ctx, conn, `SELECT kind, state::text, COALESCE(args ->> 'Part', ''), COALESCE(args ->> 'Payment', ''), COALESCE(args ->> 'Letter', '') FROM river_job`)
	return err
}

func rows[T any](ctx context.Context, conn *pgx.Conn, sql string) ([]T, error) {
	found, err := conn.Query(ctx, sql)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, pgx.RowToStructByPos[T])
}

// check holds the portal, the ledger and the gateway against each other, and against what people were told.
func (b *books) check(ctx context.Context, buyers []*buyer, desks []*desk) error {
	b.checkBuyers(buyers)
	b.checkDesks(desks)
	for _, p := range b.parts {
		b.checkPart(p)
	}
	for id, charges := range b.charges {
		if p, known := b.payments[id]; !known || len(charges) != 1 || p.State != "paid" || p.Charge != charges[0].Charge || p.Cents != charges[0].Cents {
			b.house.find("payment %s is %s, and was charged %d times", id, p.State, len(charges))
		}
	}
	for id, given := range b.refunds {
		if len(given) != 1 || given[0].Status != "succeeded" {
			b.house.find("refund %s was given %d times", id, len(given))
		}
	}
	b.checkTransfers()
	b.checkJobs()
	if err := b.checkLetters(); err != nil {
		return err
	}
	if err := b.checkSums(ctx); err != nil {
		return err
	}
	if err := b.house.call(ctx, "", "ledger", "check"); err != nil {
		b.house.find("%v", err)
	}
	return nil
}

// checkBuyers: what was acknowledged is there, once, and nothing else.
func (b *books) checkBuyers(buyers []*buyer) {
	byKey, numbers := map[string][]part{}, map[string]int{}
	for _, p := range b.parts {
		byKey[p.Key] = append(byKey[p.Key], p)
		numbers[p.City] = max(numbers[p.City], p.Number)
	}
	placed := map[string]int{}
	for _, buyer := range buyers {
		made := byKey[buyer.key]
		delete(byKey, buyer.key)
		if buyer.key == "" || !buyer.ordered {
			b.house.find("%s was never told of an order", buyer.email)
		}
		if len(made) != 1 {
			b.house.find("%s ordered once, and has %d orders", buyer.email, len(made))
			continue
		}
		placed[buyer.city.slug]++
		if buyer.cancelled && made[0].State != "cancelled" {
			b.house.find("the order %s was acknowledged as cancelled and is %s", made[0].ID, made[0].State)
		}
	}
	for key := range byKey {
		b.house.find("nobody asked for the order under the key %s", key)
	}
	for city, last := range numbers {
		if placed[city] != last {
			b.house.find("%s: %d orders, and the last has number %d", city, placed[city], last)
		}
	}
}

func (b *books) checkDesks(desks []*desk) {
	for _, d := range desks {
		for id, accepted := range d.agreed {
			if p := b.parts[id]; accepted != p.Accepted || !accepted && p.State != "refused" {
				b.house.find("the order %s was acknowledged as accepted: %v, and is %s", id, accepted, p.State)
			}
		}
	}
}

// checkPart: its money came once if it is paid, and went back once if it has ended.
func (b *books) checkPart(p part) {
	wrong := func(format string, args ...any) {
		b.house.find("the order %s (%s): %s", p.ID, p.State, fmt.Sprintf(format, args...))
	}
	if len(b.ofPart[p.ID]) != 1 {
		wrong("%d payments", len(b.ofPart[p.ID]))
		return
	}
	pay := b.payments[b.ofPart[p.ID][0]]
	charged, given := len(b.charges[pay.ID]), len(b.refunds[pay.Refund])
	alive := p.State == "paid" || p.State == "accepted"
	switch {
	case p.Paid != (pay.State == "paid") && p.State != "cancelled", charged != count(pay.State == "paid"):
		wrong("paid: %v, its payment is %s, charged %d times", p.Paid, pay.State, charged)
	case alive && (!p.Paid || pay.Refund != ""):
		wrong("paid: %v, refund %q", p.Paid, pay.Return)
	case !alive && pay.State == "paid" && (pay.Return != "done" || given != 1):
		wrong("its refund is %q, and was given %d times", pay.Return, given)
	}
	b.checkBooked(wrong, p, pay)
}

// checkBooked: the ledger says of the part what the portal says.
func (b *books) checkBooked(wrong func(string, ...any), p part, pay payment) {
	ended := p.State == "refused" || p.State == "cancelled"
	sale := map[bool]string{true: "posted", false: ""}[p.Paid]
	if ended && !p.Paid {
		sale = "voided"
	}
	if t := b.transfers["sale:"+p.ID]; t.Cents != p.Cents || t.Outcome != sale {
		wrong("its sale is of %d cents and %q, not of %d and %q", t.Cents, t.Outcome, p.Cents, sale)
	}
	for key, want := range map[string]bool{"payment:" + pay.ID: pay.State == "paid", "refund:" + pay.Refund: pay.Return == "done", "reversal:" + p.ID: ended && p.Paid} {
		if t := b.transfers[key]; t.Counts != want || want && t.Cents != p.Cents {
			wrong("%s counts: %v, %d cents", key, t.Counts, t.Cents)
		}
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// checkTransfers: the ledger holds nothing besides.
func (b *books) checkTransfers() {
	known := map[string]bool{}
	for _, p := range b.parts {
		known["sale:"+p.ID], known["reversal:"+p.ID] = true, true
	}
	for _, p := range b.payments {
		known["payment:"+p.ID], known["refund:"+p.Refund] = true, true
	}
	for key := range b.transfers {
		if !known[key] {
			b.house.find("the transfer %s is about nothing", key)
		}
	}
}

// checkJobs: none was lost, none was given up, and each was asked for once.
func (b *books) checkJobs() {
	asked := map[job]int{}
	for _, j := range b.jobs {
		if j.State != "completed" && j.State != "scheduled" {
			b.house.find("a job is %s: %s %s%s", j.State, j.Kind, j.Part, j.Payment)
		}
		j.State = ""
		asked[j]++
	}
	for _, p := range b.parts {
		want := []job{{Kind: "orders.expire", Part: p.ID}}
		if p.Paid {
			want = append(want, job{Kind: "orders.remind", Part: p.ID}, job{Kind: "orders.give_up", Part: p.ID},
				job{Kind: "orders.mail", Part: p.ID, Letter: "paid"}, job{Kind: "orders.mail", Part: p.ID, Letter: "ordered"})
		}
		if pay := b.payments[b.ofPart[p.ID][0]]; pay.Refund != "" {
			want = append(want, job{Kind: "payments.return", Payment: pay.ID}, job{Kind: "orders.mail", Part: p.ID, Letter: "returned"})
		}
		for _, j := range want {
			if asked[j] != 1 {
				b.house.find("the order %s (%s): %s %s was asked for %d times", p.ID, p.State, j.Kind, j.Letter, asked[j])
			}
		}
	}
}

// mailbox is how many letters are kept.
const mailbox = 1000

// checkLetters: every letter that was promised has come, at least once.
func (b *books) checkLetters() error {
	raw, err := orders.Words.ReadFile("locales/it.json")
	if err != nil {
		return err
	}
	var words map[string]any
	if err := json.Unmarshal(raw, &words); err != nil {
		return err
	}
	came, messages := map[string]int{}, b.house.mail.Messages()
	if len(messages) == mailbox {
		return errors.New("the mailbox is full: some letters were thrown away")
	}
	for _, m := range messages {
		came[m.To[0]+" "+m.Subject]++
	}
	for _, j := range b.jobs {
		if j.Kind != "orders.mail" {
			continue
		}
		p := b.parts[j.Part]
		to := p.Email
		if j.Letter == "ordered" || j.Letter == "cancelled" {
			to = p.Provider
		}
		subject, _ := words["orders.mail."+j.Letter+".subject"].(string)
		if subject = strings.ReplaceAll(subject, "{number}", fmt.Sprintf("%d/%d", p.Year, p.Number)); came[to+" "+subject] == 0 {
			b.house.find("%s never got %q", to, subject)
		}
	}
	return nil
}

// checkSums: every city's ledger sums to zero, and its card rail to what the gateway kept.
func (b *books) checkSums(ctx context.Context) error {
	type sum struct {
		City        string
		Total, Rail int64
	}
	return b.house.super(ctx, func(conn *pgx.Conn) error {
		sums, err := rows[sum](ctx, conn, `SELECT c.slug, sum(p.cents)::bigint, COALESCE(sum(p.cents) FILTER (WHERE a.kind = 'rail' AND a.name = 'card'), 0)::bigint
			FROM ledger_posted p JOIN ledger_accounts a ON a.id = p.account_id JOIN cities c ON c.id = a.tenant_id GROUP BY c.slug`)
		for _, s := range sums {
			if kept := b.kept(s.City); s.Total != 0 || s.Rail != -kept {
				b.house.find("%s: the ledger sums to %d cents, its card rail to %d; the gateway kept %d", s.City, s.Total, s.Rail, kept)
			}
		}
		return err
	})
}

// kept is what a city's account at the gateway holds.
func (b *books) kept(slug string) (cents int64) {
	for _, c := range b.house.cities {
		if c.slug != slug {
			continue
		}
		for _, s := range b.house.cards.Charges(c.card) {
			cents += s.Cents
		}
		for _, r := range b.house.cards.Refunds(c.card) {
			cents -= r.Cents
		}
	}
	return cents
}
