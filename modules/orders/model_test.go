package orders

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/payments"
)

// soon is before every term of a part of these tests, late after each.
var (
	soon = monday.Add(time.Minute)
	late = monday.AddDate(0, 1, 0)
)

// partIn is a part of two lines, ordered on Monday, that has come to a state.
func partIn(t *testing.T, s State) *Part {
	t.Helper()
	p := &Part{Order: &Order{PlacedAt: monday}, CancelDays: 3, State: Placed, ExpiresAt: monday.Add(payWithin), Lines: []Line{{Quantity: 2}, {Quantity: 1}}}
	switch s {
	case Placed:
	case Expired:
		p.Expire(late)
	case Paid, Accepted, Delivered, Refused, Cancelled:
		p.Pay(monday, Holidays{})
	}
	switch s {
	case Accepted, Delivered:
		must(t, p.Accept(soon))
	case Refused:
		must(t, p.Refuse(soon, "no"))
	case Cancelled:
		must(t, p.Cancel(soon))
	}
	if s == Delivered {
		must(t, p.Deliver(soon, done(0, 2)))
		must(t, p.Deliver(soon, done(1, 1)))
	}
	if p.State != s || p.Ended() != (s == Delivered || s == Refused || s == Cancelled || s == Expired) {
		t.Fatalf("%s, ended %v, want %s", p.State, p.Ended(), s)
	}
	return p
}

func done(line, n int) Delivery {
	return Delivery{Line: line, Quantity: n, Day: monday.AddDate(0, 0, -1), Worker: "Luca"}
}

// ok turns whether something happened into an error, as the table wants it.
func ok(happened bool) error {
	if !happened {
		return ErrState
	}
	return nil
}

// events are all that can happen to a part, and in which states what comes of it; in every other state it is ErrState.
var events = []struct {
	name string
	do   func(*Part) error
	to   map[State]State
}{
	{"pay", func(p *Part) error { return ok(p.Pay(soon, Holidays{})) }, map[State]State{Placed: Paid}},
	{"accept", func(p *Part) error { return p.Accept(soon) }, map[State]State{Paid: Accepted}},
	{"refuse", func(p *Part) error { return p.Refuse(soon, "no") }, map[State]State{Placed: Refused, Paid: Refused, Accepted: Refused}},
	{"cancel", func(p *Part) error { return p.Cancel(soon) }, map[State]State{Placed: Cancelled, Paid: Cancelled, Accepted: Cancelled}},
	{"expire", func(p *Part) error { return ok(p.Expire(late)) }, map[State]State{Placed: Expired}},
	{"expire too early", func(p *Part) error { return ok(p.Expire(soon)) }, nil},
	{"give up", func(p *Part) error { return ok(p.GiveUp(late)) }, map[State]State{Paid: Cancelled}},
	{"give up too early", func(p *Part) error { return ok(p.GiveUp(soon)) }, nil},
	{"deliver some", func(p *Part) error { return p.Deliver(soon, done(0, 1)) }, map[State]State{Accepted: Accepted}},
}

func TestPart_EveryEventInEveryState(t *testing.T) {
	t.Parallel()
	for _, e := range events {
		for _, from := range States {
			p := partIn(t, from)
			before := fmt.Sprintf("%+v", *p)
			err := e.do(p)
			to, may := e.to[from]
			switch {
			case may && (err != nil || p.State != to):
				t.Errorf("%s when %s: %s, %v, want %s", e.name, from, p.State, err, to)
			case may:
			case from == Delivered && e.name == "refuse": // it has begun, too
				fails(t, e.name+" when "+string(from), err, ErrBegun)
			default:
				fails(t, e.name+" when "+string(from), err, ErrState)
			}
			if !may && before != fmt.Sprintf("%+v", *p) {
				t.Errorf("%s when %s changed the part", e.name, from)
			}
		}
	}
}

func TestPart_WhoEndedItIsKept(t *testing.T) {
	t.Parallel()
	unanswered, given := partIn(t, Paid), partIn(t, Paid)
	unanswered.GiveUp(late)
	must(t, given.Refuse(soon, "Non abbiamo operatori."))
	same(t, "delivered", partIn(t, Delivered).EndedBy, ByProvider)
	same(t, "refused", given.EndedBy, ByProvider)
	same(t, "cancelled", partIn(t, Cancelled).EndedBy, ByCitizen)
	same(t, "given up", unanswered.EndedBy, ByNobody)
	same(t, "expired", partIn(t, Expired).EndedBy, ByNobody)
	same(t, "why", given.Why, "Non abbiamo operatori.")
	same(t, "when", given.EndedAt, soon)
}

func TestPart_ARefusalNeedsAReason(t *testing.T) {
	t.Parallel()
	p := partIn(t, Paid)
	same(t, "without", names(p.Refuse(soon, "")), "why orders.why_missing")
	same(t, "state", p.State, Paid)
}

func TestPart_NobodyWritesWithoutEnd(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("è", n) }
	same(t, "why", names(partIn(t, Paid).Refuse(soon, long(501))), "why orders.too_long")
	same(t, "as long as may be", names(partIn(t, Paid).Refuse(soon, long(500))), "")
	d := done(0, 1)
	d.Worker, d.Note = long(81), long(501)
	same(t, "worker and note", names(partIn(t, Accepted).Deliver(soon, d)), "worker orders.too_long, delivery_note orders.too_long")
	d.Worker, d.Note = long(80), strings.Repeat("a\r\n", 250)
	same(t, "as long as may be", names(partIn(t, Accepted).Deliver(soon, d)), "")
}

func TestPart_WhatHasBegunIsNeitherRefusedNorCancelled(t *testing.T) {
	t.Parallel()
	p := partIn(t, Accepted)
	must(t, p.Deliver(soon, done(0, 1)))
	fails(t, "refused", p.Refuse(soon, "no"), ErrBegun)
	fails(t, "cancelled", p.Cancel(soon), ErrBegun)
	same(t, "state", p.State, Accepted)
}

func TestPart_IsDeliveredLittleByLittle(t *testing.T) {
	t.Parallel()
	p := partIn(t, Accepted)
	for _, step := range []struct {
		line, n int
		want    error
		state   State
	}{{0, 1, nil, Accepted}, {0, 2, ErrTooMuch, Accepted}, {1, 1, nil, Accepted}, {1, 1, ErrTooMuch, Accepted}, {0, 1, nil, Delivered}, {0, 1, ErrState, Delivered}} {
		fails(t, fmt.Sprint(step), p.Deliver(soon, done(step.line, step.n)), step.want)
		same(t, fmt.Sprint(step), p.State, step.state)
	}
	same(t, "deliveries", len(p.Deliveries), 3)
	same(t, "left", p.Left(0)+p.Left(1), 0)
}

func TestPart_ADeliverySaysWhatWhenAndByWhom(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]Delivery{
		"line orders.line_unknown":                       {Line: 2, Quantity: 1, Day: monday, Worker: "Luca"},
		"line orders.line_unknown, day orders.day_wrong": {Line: -1, Quantity: 1, Worker: "Luca"},
		"quantity orders.quantity_wrong":                 {Quantity: 0, Day: monday, Worker: "Luca"},
		"worker orders.worker_missing":                   {Quantity: 1, Day: monday},
		"day orders.day_wrong":                           {Quantity: 1, Day: soon.AddDate(0, 0, 1), Worker: "Luca"},
		"quantity orders.too_much":                       {Quantity: 3, Day: monday, Worker: "Luca"},
	} {
		p := partIn(t, Accepted)
		same(t, "wrong", names(p.Deliver(soon, d)), want)
		same(t, want, len(p.Deliveries), 0)
	}
}

func rome(text string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04:05.999999999", text, ui.Rome)
	if err != nil {
		panic(err)
	}
	return t
}

func TestCancelUntil_IsTheEndOfTheDayInRome(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ordered string
		days    int
		last    string
		first   string // moment at which it is too late
	}{
		{"2026-11-23 10:30:00", 3, "2026-11-26 23:59:59", "2026-11-27 00:00:00"},
		{"2026-11-23 10:30:00", 3, "2026-11-26 23:59:59.999999", "2026-11-27 00:00:00"},
		{"2026-11-23 00:00:00", 1, "2026-11-24 23:59:59", "2026-11-25 00:00:00"}, // in UTC it is still the 22nd
		{"2026-11-23 23:59:59", 1, "2026-11-24 23:59:59", "2026-11-25 00:00:00"},
		{"2026-10-24 12:00:00", 1, "2026-10-25 23:59:59", "2026-10-26 00:00:00"}, // a day of 25 hours
		{"2026-10-24 12:00:00", 2, "2026-10-26 23:59:59", "2026-10-27 00:00:00"},
		{"2027-03-27 12:00:00", 1, "2027-03-28 23:59:59", "2027-03-29 00:00:00"}, // and of 23
		{"2027-03-27 12:00:00", 14, "2027-04-10 23:59:59", "2027-04-11 00:00:00"},
		{"2026-12-31 12:00:00", 1, "2027-01-01 23:59:59", "2027-01-02 00:00:00"},
		{"2028-02-28 12:00:00", 1, "2028-02-29 23:59:59", "2028-03-01 00:00:00"},
	} {
		for _, s := range []State{Paid, Accepted} {
			p := partIn(t, s)
			p.Order.PlacedAt, p.CancelDays = rome(c.ordered).UTC(), c.days
			what := fmt.Sprintf("%s, ordered %s, %d days", s, c.ordered, c.days)
			fails(t, what+" at the last moment", p.MayCancel(rome(c.last).UTC()), nil)
			fails(t, what+" a moment later", p.MayCancel(rome(c.first)), ErrTooLate)
			same(t, what+", day", p.CancelUntil().Format(time.DateOnly), c.last[:10])
		}
	}
}

func TestMayCancel_WhatIsNotPaidCanAlwaysBe(t *testing.T) {
	t.Parallel()
	fails(t, "a year later", partIn(t, Placed).MayCancel(monday.AddDate(1, 0, 0)), nil)
}

func day(text string) time.Time { return rome(text + " 12:00:00") }

func TestHolidays_OfTheStateAndThePatron(t *testing.T) {
	t.Parallel()
	cremona := Holidays{Patron: "11-13"}
	for _, c := range []struct {
		day     string
		working bool
	}{
		{"2026-01-01", false},
		{"2026-01-06", false},
		{"2026-04-25", false},
		{"2026-05-01", false},
		{"2026-06-02", false},
		{"2026-08-15", false},
		{"2027-11-01", false},
		{"2026-12-08", false},
		{"2026-12-25", false},
		{"2028-12-26", false}, // a Tuesday
		{"2026-04-03", true},  // Good Friday is worked
		{"2026-04-06", false}, // Easter Monday
		{"2026-04-07", true},
		{"2027-03-29", false},
		{"2027-03-30", true},
		{"2025-04-21", false},
		{"2024-10-04", true}, // a Friday, before it was one again
		{"2027-10-04", false},
		{"2028-10-04", false},
		{"2026-11-13", false}, // a Friday
		{"2026-11-21", false}, // Saturday
		{"2026-11-22", false},
		{"2026-11-23", true},
		{"2026-12-24", true},
		{"2026-12-31", true},
	} {
		same(t, c.day, cremona.Working(day(c.day)), c.working)
	}
	same(t, "another city's patron", Holidays{Patron: "04-23"}.Working(day("2026-11-13")), true)
	same(t, "no patron", Holidays{}.Working(day("2026-11-13")), true)
	same(t, "half past midnight in Rome is the next day", Holidays{}.Working(rome("2026-11-23 00:30:00").UTC()), true)
}

func TestEaster_Sundays(t *testing.T) {
	t.Parallel()
	for _, want := range []string{"2000-04-23", "2008-03-23", "2011-04-24", "2024-03-31", "2025-04-20", "2026-04-05", "2027-03-28", "2028-04-16", "2038-04-25", "2049-04-18", "2076-04-19", "2100-03-28"} {
		same(t, want, easter(day(want).Year()).Format(time.DateOnly), want)
	}
	for year := 2000; year < 2200; year++ {
		if e := easter(year); e.Weekday() != time.Sunday || e.Before(rome(fmt.Sprintf("%d-03-22 00:00:00", year))) || e.After(rome(fmt.Sprintf("%d-04-25 00:00:00", year))) {
			t.Errorf("%d: %s", year, e)
		}
	}
}

func TestAfter_CountsWorkingDays(t *testing.T) {
	t.Parallel()
	cremona := Holidays{Patron: "11-13"}
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-11-23 10:30:00", 5, "2026-11-30 10:30:00"},
		{"2026-11-23 10:30:00", 3, "2026-11-26 10:30:00"},
		{"2026-11-12 09:00:00", 1, "2026-11-16 09:00:00"}, // the patron's Friday, then a weekend
		{"2026-12-23 18:00:00", 5, "2026-12-31 18:00:00"}, // 24, 28, 29, 30, 31
		{"2026-12-24 18:00:00", 5, "2027-01-04 18:00:00"}, // 28, 29, 30, 31, and past New Year's weekend
		{"2026-12-31 08:00:00", 5, "2027-01-11 08:00:00"}, // 4, 5, 7, 8, 11: not the Epiphany
		{"2026-11-21 23:59:00", 1, "2026-11-23 23:59:00"}, // from a Saturday
		{"2026-03-27 09:00:00", 1, "2026-03-30 09:00:00"}, // over the night that loses an hour: nine o'clock all the same
		{"2026-10-23 09:00:00", 1, "2026-10-26 09:00:00"}, // and the one that wins it
		{"2026-04-02 09:00:00", 2, "2026-04-07 09:00:00"}, // over Easter
	} {
		got := cremona.After(rome(c.from).UTC(), c.n)
		same(t, c.from, got.Format("2006-01-02 15:04:05"), c.want)
	}
}

func TestOrder_IsCalledByYearAndNumber(t *testing.T) {
	t.Parallel()
	same(t, "title", (&Order{Year: 2026, Number: 123}).Title(), "2026/123")
	same(t, "title", (&Order{Year: 2026, Number: 1234567}).Title(), "2026/1234567")
}

func TestBasket_AddsUpWhatIsSold(t *testing.T) {
	t.Parallel()
	b := Basket{Items: []Item{
		{Quantity: 2, Cents: 650, Sold: true, Sale: &catalogue.Sale{VAT: catalogue.VAT5, CancelDays: 14, Address: true}},
		{Quantity: 1, Cents: 950, Sold: true, Sale: &catalogue.Sale{VAT: catalogue.VAT22, CancelDays: 3}},
	}}
	same(t, "cents", b.Cents(), 2250)
	same(t, "VAT", b.VATCents(), 62+171) // 13.00·5/105, 9.50·22/122
	same(t, "days", b.cancelDays(), 3)
	same(t, "sellable", b.Sellable(), true)
	same(t, "address", b.WantsAddress(), true)
	same(t, "phone", b.WantsPhone(), false)
	b.Items[1].Sold = false
	same(t, "cents", b.Cents(), 1300)
	same(t, "VAT", b.VATCents(), 62)
	same(t, "sellable", b.Sellable(), false)
	same(t, "nothing is sellable", (&Basket{}).Sellable(), false)
}

func TestPhoneLike_IsGenerous(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"0372 555 010": true, "+39 (0372) 555-010": true, "333/1234567": true, "0372.555010": true,
		"": false, "12345": false, "chiamami": false, "0372 555 010 int. 4": false, "1234567890123456": false,
	} {
		same(t, s, phoneLike(s), want)
	}
}

func TestDigest_TellsEveryFieldApart(t *testing.T) {
	t.Parallel()
	all := map[string]string{}
	for what, p := range map[string]Placement{
		"nothing": {}, "key": {Key: newID()}, "member": {Member: newID()}, "address": {Address: "x"}, "phone": {Phone: "x"}, "note": {Note: "x"}, "terms": {Terms: true}, "cents": {Cents: 1},
	} {
		digest := string(p.digest())
		if other, twice := all[digest]; twice {
			t.Errorf("%s and %s have one digest", what, other)
		}
		all[digest] = what
	}
}

// A card that was too late and the money at the desk are two payments: the one that counts is not the one that is given back.
func TestPart_KnowsWhichPaymentCounts(t *testing.T) {
	t.Parallel()
	card := payments.Payment{Rail: payments.ByCard, State: payments.Settled, PaidAt: late, Return: payments.ReturnAsked}
	desk := payments.Payment{Rail: payments.AtDesk, State: payments.Settled, PaidAt: soon}
	p := &Part{Payments: []payments.Payment{card, desk}}
	same(t, "paid by", p.paidBy().Rail, payments.AtDesk)
	same(t, "return", p.Return(), payments.ReturnAsked)
	p.Payments[0].Return, p.Payments[1].Return = payments.ReturnDone, payments.ReturnAsked
	same(t, "return", p.Return(), payments.ReturnAsked)
	same(t, "nothing", (&Part{Payments: []payments.Payment{{State: payments.Open}, {State: payments.Over}}}).paidBy() == nil, true)
}

func TestErrors_AreWhatAPersonCanBeTold(t *testing.T) {
	t.Parallel()
	words, err := ui.Load(ui.Locales, Words)
	must(t, err)
	for _, e := range []*problem.Error{ErrEmpty, ErrNotSold, ErrOtherSeller, ErrPriceChanged, ErrKeyReused, ErrState, ErrTooLate, ErrBegun, ErrTooMuch} {
		for _, lang := range []string{"it", "en"} {
			if !words.Has(lang, e.Code) {
				t.Errorf("%s has no words in %s", e.Code, lang)
			}
		}
		same(t, e.Code, e.Kind, problem.Conflict)
	}
}
