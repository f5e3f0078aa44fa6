package orders

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/tenants"
)

const (
	basketPath   = "/carrello"
	checkoutPath = "/ordine"
	ownPath      = "/area-personale"
	ordersPath   = ownPath + "/ordini"
	inboxPath    = "/ente/ordini"
)

func orderPath(id uuid.UUID) string { return ordersPath + "/" + id.String() }
func partPath(id uuid.UUID) string  { return inboxPath + "/" + id.String() }

// Routes are this module's pages.
func (s *Service) Routes() []web.Route {
	return slices.Concat(s.basketRoutes(), s.orderRoutes(), s.inboxRoutes())
}

func (s *Service) orderRoutes() []web.Route {
	order := map[string]string{"id": "order"}
	return []web.Route{
		{Method: "GET", Path: checkoutPath, About: "Asks what an order still needs, and shows what the law wants shown before it.", Who: web.SignedIn, Class: web.Own, Handle: s.showCheckout},
		{Method: "POST", Path: checkoutPath, About: "Orders what is in the basket, and leads to the payment.", Who: web.SignedIn, Class: web.Own, Form: []string{"key", "member", "address", "phone", "note", "terms", "total"}, Handle: s.placeOrder},
		{Method: "GET", Path: ordersPath, About: "Lists the person's orders.", Who: web.SignedIn, Class: web.Own, Query: []string{"prima"}, Handle: s.showOrders},
		{Method: "GET", Path: ordersPath + "/:id", About: "Shows an order: what happens next, what was bought, what was paid.", Who: web.SignedIn, Class: web.Own, Params: order, Query: []string{"esito"}, Handle: s.showOrder},
		{Method: "GET", Path: ordersPath + "/:id/ricevuta", About: "An order's receipt, to print.", Who: web.SignedIn, Class: web.Own, Params: order, Handle: s.showReceipt},
		{Method: "GET", Path: ordersPath + "/:id/ricevuta.pdf", About: "The same receipt as a tagged PDF.", Who: web.SignedIn, Class: web.Own, Params: order, Handle: s.sendReceipt},
		{Method: "POST", Path: ordersPath + "/:id/pagamento", About: "Leads to the hosted page on which an order is paid.", Who: web.SignedIn, Class: web.Own, Params: order, Handle: s.payOrder},
		{Method: "GET", Path: ordersPath + "/:id/annullamento", About: "Asks whether an order is really to be cancelled.", Who: web.SignedIn, Class: web.Own, Params: order, Handle: s.askCancel},
		{Method: "POST", Path: ordersPath + "/:id/annullamento", About: "Cancels an order within its terms and gives the money back.", Who: web.SignedIn, Class: web.Own, Params: order, Handle: s.cancelOrder},
		{Method: "POST", Path: ordersPath + "/:id/messaggi", About: "Writes to the provider about an order.", Who: web.SignedIn, Class: web.Own, Params: order, Form: []string{"message"}, Handle: s.replyOrder},
	}
}

//words: done.orders.cancelled done.orders.message

// ownPage begins a page below the person's orders.
func ownPage(r *web.Request, title string) *ui.Page {
	p := r.Page(title)
	p.NoIndex = true
	p.Crumbs = []ui.Crumb{{Title: r.T("area.personal"), Href: ownPath}, {Title: r.T("orders.title"), Href: ordersPath}, {Title: title}}
	return p
}

// checkoutForm is the last form before an order, as it was typed.
type checkoutForm struct {
	Checkout
	Key, Member, Address, Phone, Note string
	Terms                             bool
	Errors                            ui.Errors
}

func (s *Service) showCheckout(r *web.Request) error {
	if err := s.bringBasket(r); err != nil {
		return err
	}
	c, err := s.Checkout(r.Ctx, r.Actor)
	if errors.Is(err, ErrEmpty) {
		return r.See(basketPath)
	}
	if err != nil {
		return err
	}
	return s.checkout(r, checkoutForm{Checkout: c, Key: c.Key.String(), Address: c.Address, Phone: c.Phone}, nil)
}

// checkout shows the form, again with the refusal if there was one.
func (s *Service) checkout(r *web.Request, f checkoutForm, refusal error) error {
	p := r.Page(r.T("orders.checkout.title"))
	p.NoIndex = true
	p.Crumbs = []ui.Crumb{{Title: r.T("orders.basket.title"), Href: basketPath}, {Title: p.Title}}
	r.FormsMayLeadTo(s.payments.FormsTo())
	if refusal == nil {
		return r.Show(checkoutPage(p, f))
	}
	f.Errors = r.Messages(refusal)
	return r.Again(refusal, checkoutPage(p, f))
}

func (s *Service) placeOrder(r *web.Request) error {
	f := checkoutForm{Key: r.Form("key"), Member: r.Form("member"), Address: r.Form("address"), Phone: r.Form("phone"), Note: r.Form("note"), Terms: r.Form("terms") != ""}
	in, err := f.placement(r.Form("total"))
	if err != nil {
		return err
	}
	id, err := s.Place(r.Ctx, r.Actor, in)
	switch {
	case err == nil:
		return s.toPayment(r, id)
	case errors.Is(err, ErrEmpty):
		return r.See(basketPath)
	}
	c, failed := s.Checkout(r.Ctx, r.Actor)
	if failed != nil {
		return errors.Join(err, failed)
	}
	f.Checkout = c
	return s.checkout(r, f, err)
}

// placement reads ids; one that is no id is not found, like somebody else's.
func (f checkoutForm) placement(total string) (in Placement, err error) {
	in = Placement{Address: f.Address, Phone: f.Phone, Note: f.Note, Terms: f.Terms, Cents: parseCents(total)}
	if in.Key, err = uuid.Parse(f.Key); err != nil {
		return in, problem.ErrNotFound
	}
	if f.Member != "" {
		if in.Member, err = uuid.Parse(f.Member); err != nil {
			return in, problem.ErrNotFound
		}
	}
	return in, nil
}

// parseCents reads what the form was given to send back; anything else is no amount of ours.
func parseCents(s string) (cents int64) {
	if s == "" || len(s) > 12 {
		return -1
	}
	for _, c := range s {
		if c < '0' || c > '9' {
			return -1
		}
		cents = cents*10 + int64(c-'0')
	}
	return cents
}

// toPayment leads to the hosted page; where that cannot be opened now, the order says so and offers to try again.
func (s *Service) toPayment(r *web.Request, id uuid.UUID) error {
	page := ui.Page{Lang: r.Lang}
	url, err := s.Pay(r.Ctx, r.Actor, id, r.Lang, r.BaseURL()+page.Href(orderPath(id)))
	if err != nil {
		if problem.Of(err).Kind == problem.Conflict {
			return r.See(orderPath(id) + "?esito=" + outcomeDown)
		}
		return err
	}
	return r.Leave(url)
}

func (s *Service) payOrder(r *web.Request) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	return s.toPayment(r, id)
}

func (s *Service) showOrders(r *web.Request) error {
	parts, older, err := windowOf(r, func(w Window) ([]*Part, error) { return s.Orders(r.Ctx, r.Actor, w) })
	if err != nil {
		return err
	}
	p := r.Page(r.T("orders.title"))
	p.NoIndex = true
	p.Crumbs = []ui.Crumb{{Title: r.T("area.personal"), Href: ownPath}, {Title: p.Title}}
	return r.Show(ordersPage(p, parts, older))
}

// windowOf reads the part of a list that an address asks for; older is the mark of what comes before it, or "". What is no mark is the beginning.
func windowOf(r *web.Request, read func(Window) ([]*Part, error)) (parts []*Part, older string, err error) {
	w, err := ParseWindow(r.Query("prima"), perPage+1)
	if err != nil {
		w.limit = perPage + 1
	}
	if parts, err = read(w); err != nil || len(parts) <= perPage {
		return parts, "", err
	}
	return parts[:perPage], parts[perPage-1].mark(), nil
}

// How the hosted page was left, as its address tells: what counts is what the rail says.
const (
	outcomePaid = "fatto"
	outcomeBack = "annullato"
	outcomeDown = "non-disponibile"
)

func (s *Service) showOrder(r *web.Request) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	outcome := r.Query("esito")
	read := s.Order
	if outcome == outcomePaid {
		read = s.Ask
	}
	part, err := read(r.Ctx, r.Actor, id)
	if err != nil {
		return err
	}
	return s.order(r, part, "", outcome, nil)
}

// order shows an order, again with what was typed if there was a refusal.
func (s *Service) order(r *web.Request, part *Part, message, outcome string, refusal error) error {
	r.FormsMayLeadTo(s.payments.FormsTo())
	p := ownPage(r, r.T("orders.order", "number", part.Order.Title()))
	v := orderView{Part: part, Now: s.now(), Message: message, Outcome: outcome}
	if refusal == nil {
		return r.Show(orderPage(p, v))
	}
	v.Errors = r.Messages(refusal)
	return r.Again(refusal, orderPage(p, v))
}

func (s *Service) showReceipt(r *web.Request) error {
	part, err := s.receiptOf(r)
	if err != nil {
		return err
	}
	return r.Show(receiptPage(s.receiptHead(r, part), part, s.printer(), false))
}

// receiptOf is an order of the actor's that was paid: before that there is no receipt.
func (s *Service) receiptOf(r *web.Request) (*Part, error) {
	part, err := s.orderOf(r)
	if err == nil && part.paidBy() == nil {
		err = problem.ErrNotFound
	}
	return part, err
}

func (s *Service) receiptHead(r *web.Request, part *Part) *ui.Page {
	return ownPage(r, r.T("orders.receipt.title", "number", part.Order.Title()))
}

// printer says whether receipts can be had as PDF.
func (s *Service) printer() bool { return s.pdf != nil && s.pdf.Ready() }

// sendReceipt prints the receipt; where that cannot be done now, the page is shown, which can be printed.
func (s *Service) sendReceipt(r *web.Request) error {
	part, err := s.receiptOf(r)
	if err != nil {
		return err
	}
	p := s.receiptHead(r, part)
	if !s.printer() {
		return r.ShowAs(http.StatusServiceUnavailable, receiptPage(p, part, false, true))
	}
	for i := range part.Lines {
		part.Lines[i].Slug = "" // links lead nowhere from a file
	}
	file, err := s.pdf.Print(r.Ctx, receiptDocument(p, part))
	if err != nil {
		slog.Error("a receipt could not be printed", "city", r.City.Slug, "request", tenants.RequestID(r.Ctx), "error", err)
		return r.ShowAs(http.StatusServiceUnavailable, receiptPage(p, part, false, true))
	}
	r.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%d-%d.pdf"`, r.T("orders.receipt.file"), part.Order.Year, part.Order.Number))
	return r.Send("application/pdf", file)
}

func (s *Service) orderOf(r *web.Request) (*Part, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	return s.Order(r.Ctx, r.Actor, id)
}

func (s *Service) askCancel(r *web.Request) error {
	part, err := s.orderOf(r)
	if err != nil {
		return err
	}
	p := ownPage(r, r.T("orders.cancel.title", "number", part.Order.Title()))
	return r.Show(cancelPage(p, part, part.MayCancel(s.now())))
}

func (s *Service) cancelOrder(r *web.Request) error {
	part, err := s.orderOf(r)
	if err != nil {
		return err
	}
	if err := s.Cancel(r.Ctx, r.Actor, part.Order.ID); err != nil {
		if problem.Of(err).Kind != problem.Conflict {
			return err
		}
		return r.Again(err, cancelPage(ownPage(r, r.T("orders.cancel.title", "number", part.Order.Title())), part, err))
	}
	return r.Done(orderPath(part.Order.ID), "orders.cancelled")
}

func (s *Service) replyOrder(r *web.Request) error {
	part, err := s.orderOf(r)
	if err != nil {
		return err
	}
	message := r.Form("message")
	if err := s.Reply(r.Ctx, r.Actor, part.Order.ID, message); err != nil {
		return s.order(r, part, message, "", err)
	}
	return r.Done(orderPath(part.Order.ID), "orders.message")
}
