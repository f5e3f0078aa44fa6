package orders

import (
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/modules/payments"
)

func (s *Service) inboxRoutes() []web.Route {
	part := map[string]string{"id": "order_part"}
	serve := web.May("serve", "order")
	row := func(path, about string, do func(*web.Request) error, form ...string) web.Route {
		return web.Route{Method: "POST", Path: inboxPath + "/:id/" + path, About: about, Who: serve, Class: web.Provider, Params: part, Form: form, Handle: do}
	}
	return []web.Route{
		{Method: "GET", Path: inboxPath, About: "A provider's orders: those that wait first.", Who: serve, Class: web.Provider, Query: []string{"stato", "prima"}, Handle: s.showInbox},
		{Method: "GET", Path: inboxPath + "/:id", About: "One order of a provider, and what can be done with it.", Who: serve, Class: web.Provider, Params: part, Handle: s.showPart},
		row("accettazione", "Accepts an order.", s.acceptPart),
		row("rifiuto", "Refuses an order with a reason, and gives the money back.", s.refusePart, "why"),
		row("consegne", "Records what was delivered, by whom and when.", s.deliverPart, "line", "quantity", "day", "worker", "delivery_note"),
		row("incasso", "Records that an order was paid at the provider's desk.", s.takeAtDesk),
		row("restituzione", "Records that money taken at the desk was given back.", s.handBack),
		{Method: "GET", Path: inboxPath + "/:id/rimborso", About: "Asks whether a refund that the bank refused is to be tried again.", Who: serve, Class: web.Provider, Params: part, Handle: s.askRetry},
		row("rimborso", "Asks the bank once more for a refund that it refused.", s.retryRefund),
		row("messaggi", "Writes to the citizen about an order.", s.writePart, "message"),
	}
}

//words: done.orders.accepted done.orders.refused done.orders.delivered done.orders.desk_paid done.orders.desk_returned done.orders.refund_retried

// filters are what the inbox can show, by the word in its address.
var filters = []struct {
	Word   string
	States []State
}{
	{"", waiting}, {"da-accettare", []State{Paid}}, {"in-corso", []State{Accepted}}, {"da-pagare", []State{Placed}},
	{"conclusi", []State{Delivered, Refused, Cancelled, Expired}}, {"tutti", nil},
}

//words: orders.filter.*

func filterOf(word string) (string, []State) {
	for _, f := range filters {
		if f.Word == word {
			return f.Word, f.States
		}
	}
	return filters[0].Word, filters[0].States
}

func (s *Service) showInbox(r *web.Request) error {
	word, states := filterOf(r.Query("stato"))
	var owed []*Part
	parts, older, err := windowOf(r, func(w Window) (parts []*Part, err error) {
		if word != "" {
			return s.Inbox(r.Ctx, r.Actor, w, states...)
		}
		owed, parts, err = s.Desk(r.Ctx, r.Actor, w)
		return parts, err
	})
	if err != nil {
		return err
	}
	parts = owedFirst(owed, parts, r.Query("prima") == "")
	p := r.Page(r.T("orders.inbox.title"))
	p.NoIndex = true
	p.Crumbs = []ui.Crumb{{Title: r.T("area.provider"), Href: "/ente"}, {Title: p.Title}}
	return r.Show(inboxPage(p, parts, word, older, s.now()))
}

// owedFirst puts those whose money waits to be given back before the others, on the first page.
func owedFirst(owed, parts []*Part, first bool) []*Part {
	rest := slices.DeleteFunc(parts, func(p *Part) bool { return byID(owed, p.ID) != nil })
	if !first {
		return rest
	}
	return append(owed, rest...)
}

// serveForm is what was typed on an order's page.
type serveForm struct {
	Why, Message, Line, Quantity, Day, Worker, Note string
	Errors                                          ui.Errors
}

func (s *Service) showPart(r *web.Request) error { return s.part(r, serveForm{}, nil) }

func (s *Service) part(r *web.Request, f serveForm, refusal error) error {
	part, err := s.servedOf(r)
	if err != nil {
		return err
	}
	p := r.Page(r.T("orders.served", "number", part.Order.Title()))
	p.NoIndex = true
	p.Crumbs = []ui.Crumb{{Title: r.T("area.provider"), Href: "/ente"}, {Title: r.T("orders.inbox.title"), Href: inboxPath}, {Title: p.Title}}
	if f.Day == "" {
		f.Day = s.now().In(ui.Rome).Format(time.DateOnly)
	}
	if refusal == nil {
		return r.Show(partPage(p, part, f, s.now()))
	}
	f.Errors = r.Messages(refusal)
	return r.Again(refusal, partPage(p, part, f, s.now()))
}

// act does something with a part and comes back to its page.
func (s *Service) act(r *web.Request, done string, f serveForm, do func(id uuid.UUID) error) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	if err := do(id); err != nil {
		if errors.Is(err, problem.ErrNotFound) {
			return err
		}
		return s.part(r, f, err)
	}
	return r.Done(partPath(id), done)
}

func (s *Service) acceptPart(r *web.Request) error {
	return s.act(r, "orders.accepted", serveForm{}, func(id uuid.UUID) error { return s.Accept(r.Ctx, r.Actor, id) })
}

func (s *Service) refusePart(r *web.Request) error {
	f := serveForm{Why: r.Form("why")}
	return s.act(r, "orders.refused", f, func(id uuid.UUID) error { return s.Refuse(r.Ctx, r.Actor, id, f.Why) })
}

func (s *Service) takeAtDesk(r *web.Request) error {
	return s.act(r, "orders.desk_paid", serveForm{}, func(id uuid.UUID) error { return s.TakeAtDesk(r.Ctx, r.Actor, id) })
}

func (s *Service) handBack(r *web.Request) error {
	return s.act(r, "orders.desk_returned", serveForm{}, func(id uuid.UUID) error { return s.HandedBack(r.Ctx, r.Actor, id) })
}

func (s *Service) writePart(r *web.Request) error {
	f := serveForm{Message: r.Form("message")}
	return s.act(r, "orders.message", f, func(id uuid.UUID) error { return s.Write(r.Ctx, r.Actor, id, f.Message) })
}

func (s *Service) deliverPart(r *web.Request) error {
	f := serveForm{Line: r.Form("line"), Quantity: r.Form("quantity"), Day: r.Form("day"), Worker: r.Form("worker"), Note: r.Form("delivery_note")}
	d := Delivery{Line: number(f.Line, -1), Quantity: number(f.Quantity, 0), Worker: f.Worker, Note: f.Note}
	if day, err := time.ParseInLocation(time.DateOnly, f.Day, ui.Rome); err == nil {
		d.Day = day
	}
	return s.act(r, "orders.delivered", f, func(id uuid.UUID) error { return s.Deliver(r.Ctx, r.Actor, id, d) })
}

func (s *Service) servedOf(r *web.Request) (*Part, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	return s.Served(r.Ctx, r.Actor, id)
}

// retryHead begins the page below an order of the provider.
func retryHead(r *web.Request, part *Part) *ui.Page {
	p := r.Page(r.T("orders.lost.ask", "number", part.Order.Title()))
	p.NoIndex = true
	p.Crumbs = []ui.Crumb{
		{Title: r.T("area.provider"), Href: "/ente"}, {Title: r.T("orders.inbox.title"), Href: inboxPath},
		{Title: r.T("orders.served", "number", part.Order.Title()), Href: partPath(part.ID)}, {Title: p.Title},
	}
	return p
}

func (s *Service) askRetry(r *web.Request) error {
	part, err := s.servedOf(r)
	if err != nil {
		return err
	}
	return r.Show(retryPage(retryHead(r, part), part))
}

func (s *Service) retryRefund(r *web.Request) error {
	part, err := s.servedOf(r)
	if err != nil {
		return err
	}
	err = s.RetryRefund(r.Ctx, r.Actor, part.ID)
	if errors.Is(err, payments.ErrNoReturn) {
		if part, err := s.servedOf(r); err == nil { // as it is now
			return r.Again(payments.ErrNoReturn, retryPage(retryHead(r, part), part))
		}
	}
	if err != nil {
		return err
	}
	return r.Done(partPath(part.ID), "orders.refund_retried")
}
