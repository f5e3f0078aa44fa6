package orders

import (
	"strconv"
	"time"

	"github.com/a-h/templ"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/payments"
)

//words: orders.state.* orders.state_provider.* orders.reason.* orders.vat.* orders.rail.* orders.back.* orders.outcome.*

// orderView is an order's page.
type orderView struct {
	Part    *Part
	Now     time.Time
	Message string // as it was typed
	Outcome string // how the hosted page was left
	Errors  ui.Errors
}

// tone is how a state feels.
func (s State) tone() ui.Tone {
	switch s {
	case Placed:
		return ui.Warning
	case Paid, Accepted:
		return ui.Info
	case Delivered:
		return ui.Success
	}
	return ui.Plain
}

func postTo(p *ui.Page, path string) templ.SafeURL { return templ.SafeURL(p.Href(path)) }

// units is "2 ore a 13,00 €".
func units(p *ui.Page, quantity int, unit string, cents int64) string {
	return p.T("orders.units", "n", strconv.Itoa(quantity), "price", p.Price("fixed", cents, 0, unit))
}

// vatWord says which VAT a price holds.
func vatWord(p *ui.Page, v catalogue.VAT) string { return p.T("orders.vat." + string(v)) }

// quantities are the choices of a basket's line, none first.
func quantities(p *ui.Page, i *Item) []ui.Option {
	list := []ui.Option{}
	for n := 1; n <= max(i.Sale.Most, i.Quantity); n++ {
		list = append(list, ui.Option{Value: strconv.Itoa(n), Text: p.Number(n)})
	}
	return list
}

// moments tell what happened to an order and what comes next.
func moments(p *ui.Page, part *Part) []ui.Moment {
	at := func(t time.Time) string { return p.DateTime(t) }
	list := []ui.Moment{{When: at(part.Order.PlacedAt), Text: p.T("orders.moment.placed"), Done: true}}
	if !part.PaidAt.IsZero() {
		list = append(list, ui.Moment{When: at(part.PaidAt), Text: p.T("orders.moment.paid"), Done: true})
	}
	if !part.AcceptedAt.IsZero() {
		list = append(list, ui.Moment{When: at(part.AcceptedAt), Text: p.T("orders.moment.accepted", "seller", part.Seller), Done: true})
	}
	for _, d := range part.Deliveries {
		list = append(list, delivered(p, part, d))
	}
	if part.Ended() {
		list = append(list, ui.Moment{When: at(part.EndedAt), Text: p.T("orders.moment." + string(part.State) + "_" + string(part.EndedBy)), Done: true, Now: part.Return() != payments.ReturnAsked})
	} else {
		list = append(list, ui.Moment{When: p.T("orders.moment.next"), Text: next(p, part), Now: true})
	}
	for _, m := range part.Payments {
		if m.Return == payments.ReturnDone {
			list = append(list, ui.Moment{When: at(m.DoneAt), Text: p.T("orders.moment.returned", "amount", p.Money(m.Cents)), Done: true})
		}
	}
	return list
}

// delivered is a delivery as both sides read it, with its note.
func delivered(p *ui.Page, part *Part, d Delivery) ui.Moment {
	m := ui.Moment{When: p.Date(d.Day), Text: p.T("orders.moment.delivery", "n", strconv.Itoa(d.Quantity), "title", part.Lines[d.Line].Title, "worker", d.Worker), Done: true}
	if d.Note != "" {
		m.Body = noteOf(d.Note)
	}
	return m
}

//words: orders.moment.delivered_provider orders.moment.refused_provider orders.moment.cancelled_citizen orders.moment.cancelled_nobody orders.moment.expired_nobody

// next says what comes next, and by when.
func next(p *ui.Page, part *Part) string {
	switch part.State {
	case Placed:
		return p.T("orders.next.placed", "time", p.Time(part.ExpiresAt))
	case Paid:
		return p.T("orders.next.paid", "seller", part.Seller, "day", p.Date(part.AnswerBy))
	}
	return p.T("orders.next.accepted", "seller", part.Seller)
}

// whom are the choices of a checkout: oneself, and those of the household.
func whom(p *ui.Page, c *Checkout) []ui.Option {
	list := []ui.Option{{Value: "", Text: p.T("orders.checkout.self", "name", c.Name)}}
	for _, m := range c.Members {
		list = append(list, ui.Option{Value: m.ID.String(), Text: m.Name, Help: p.T("orders.reason." + string(m.Relation))})
	}
	return list
}

//words: orders.reason_provider.*

// facts are an order's particulars; reason begins the words for why somebody orders for another, as one side reads them.
func facts(p *ui.Page, part *Part, reason string) []ui.Fact {
	o := part.Order
	who := o.Beneficiary
	if o.Reason != "" {
		who += " (" + p.T(reason+o.Reason, "payer", o.PayerName) + ")"
	}
	list := []ui.Fact{
		{Term: p.T("orders.fact.number"), Text: o.Title()}, {Term: p.T("orders.fact.placed"), Text: p.DateTime(o.PlacedAt)},
		{Term: p.T("orders.fact.for"), Text: who}, {Term: p.T("orders.fact.payer"), Text: o.PayerName},
	}
	for _, f := range []ui.Fact{{Term: p.T("orders.fact.address"), Text: o.Address}, {Term: p.T("orders.fact.phone"), Text: o.Phone}, {Term: p.T("orders.fact.note"), Text: o.Note}} {
		if f.Text != "" {
			list = append(list, f)
		}
	}
	return list
}

// stateChoices mark the filters of the inbox.
func current(word, now string) string {
	if word == now {
		return "true"
	}
	return ""
}

func filterHref(p *ui.Page, word string) templ.SafeURL {
	if word == "" {
		return templ.SafeURL(p.Href(inboxPath))
	}
	return templ.SafeURL(p.Href(inboxPath + "?stato=" + word))
}

func filterKey(word string) string {
	if word == "" {
		return "orders.filter.waiting"
	}
	return "orders.filter." + word
}

// leftOptions are the lines of which something is still to be delivered.
func leftOptions(p *ui.Page, part *Part) []ui.Option {
	var list []ui.Option
	for i, l := range part.Lines {
		if left := part.Left(i); left > 0 {
			list = append(list, ui.Option{Value: strconv.Itoa(i), Text: p.T("orders.left", "title", l.Title, "n", strconv.Itoa(left))})
		}
	}
	return list
}

// mayRefuse says whether the provider can still say no.
func mayRefuse(part *Part) bool {
	return len(part.Deliveries) == 0 && (part.State == Paid || part.State == Accepted || part.State == Placed)
}

// whyNot is the word for a refusal.
func whyNot(p *ui.Page, err error) string { return p.T(problem.Of(err).Code) }

// first is the first of several.
func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
