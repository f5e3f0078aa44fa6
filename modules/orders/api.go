package orders

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// operations are what programs may do with orders: for a citizen, and for a provider.
func (s *Service) operations() []web.Route {
	return append(s.citizenOperations(), s.providerOperations()...)
}

const (
	basketAPI = web.APIPath + "/basket"
	ordersAPI = web.APIPath + "/orders"
	inboxAPI  = web.APIPath + "/provider/orders"
)

func (s *Service) citizenOperations() []web.Route {
	row := func(method, path, about, scope string, params map[string]string) web.Route {
		return web.Route{Method: method, Path: path, About: about, Who: web.SignedIn, Class: web.Own, Scope: scope, Params: params}
	}
	service, order := map[string]string{"slug": "service"}, map[string]string{"id": "order"}
	place := row(http.MethodPost, ordersAPI, "Orders what is in the basket, with the duty to pay.", "orders:write", nil)
	place.Creates = true
	pay := row(http.MethodPost, ordersAPI+"/:id/payment", "Gives the address of the page on which an order is paid.", "orders:write", order)
	pay.Again = true
	return []web.Route{
		web.Operation(row(http.MethodGet, basketAPI, "Shows what is in the basket, at today's prices.", "orders:read", nil), s.apiBasket),
		web.Operation(row(http.MethodPut, basketAPI+"/items/:slug", "Puts so many units of a service into the basket.", "orders:write", service), s.apiPutItem),
		web.Operation(row(http.MethodDelete, basketAPI+"/items/:slug", "Takes a service out of the basket.", "orders:write", service), s.apiDropItem),
		web.Operation(row(http.MethodGet, ordersAPI, "Lists the person's orders, newest first.", "orders:read", nil), s.apiOrders),
		web.Operation(place, s.apiPlace),
		web.Operation(row(http.MethodGet, ordersAPI+"/:id", "Gives one of the person's orders.", "orders:read", order), s.apiOrder),
		web.Operation(pay, s.apiPay),
		web.Operation(row(http.MethodPost, ordersAPI+"/:id/cancellation", "Cancels an order within its terms; what was paid goes back.", "orders:write", order), s.apiCancel),
		web.Operation(row(http.MethodPost, ordersAPI+"/:id/messages", "Writes to the provider about an order.", "orders:write", order), s.apiReply),
	}
}

func (s *Service) providerOperations() []web.Route {
	part := map[string]string{"id": "order_part"}
	row := func(method, path, about, scope string) web.Route {
		r := web.Route{Method: method, Path: inboxAPI + path, About: about, Who: web.May("serve", "order"), Class: web.Provider, Scope: scope}
		if path != "" {
			r.Params = part
		}
		return r
	}
	do := func(path, about string) web.Route { return row(http.MethodPost, "/:id/"+path, about, "inbox:write") }
	return []web.Route{
		web.Operation(row(http.MethodGet, "", "Lists the orders of the person's providers, newest first.", "inbox:read"), s.apiInbox),
		web.Operation(row(http.MethodGet, "/:id", "Gives one order of a provider.", "inbox:read"), s.apiServed),
		web.Operation(do("acceptance", "Accepts an order."), s.apiAccept),
		web.Operation(do("refusal", "Refuses an order with a reason; what was paid goes back."), s.apiRefuse),
		web.Operation(do("deliveries", "Records what was delivered, by whom and when."), s.apiDeliver),
		web.Operation(do("desk-payment", "Records that an order was paid at the provider's desk."), s.apiTakeAtDesk),
		web.Operation(do("desk-return", "Records that money taken at the desk was given back."), s.apiHandBack),
		web.Operation(do("messages", "Writes to the citizen about an order."), s.apiWrite),
	}
}

// BasketView is a basket at today's prices.
type BasketView struct {
	Provider *SellerView `json:"provider,omitempty" doc:"Who sells; a basket is one provider's."`
	Items    []ItemView  `json:"items"`
	Cents    int64       `json:"cents" doc:"What all of it costs, VAT included."`
	VATCents int64       `json:"vat_cents"`
	Sellable bool        `json:"sellable" doc:"All of it can be bought today."`
}

// SellerView is the provider as the law wants it known before an order (d.lgs. 206/2005 art. 49).
type SellerView struct {
	Slug      string `json:"slug"`
	Name      string `json:"name"`
	Address   string `json:"address"`
	Phone     string `json:"phone"`
	Email     string `json:"email"`
	VATNumber string `json:"vat_number"`
}

// ItemView is a service in a basket.
type ItemView struct {
	Service      string `json:"service" doc:"Its slug."`
	Title        string `json:"title"`
	Unit         string `json:"unit"`
	Quantity     int    `json:"quantity"`
	UnitCents    int64  `json:"unit_cents"`
	Most         int    `json:"most" doc:"Units in one order."`
	CancelDays   int    `json:"cancel_days"`
	TermsHTML    string `json:"terms_html" doc:"Of cancellation."`
	NeedsAddress bool   `json:"needs_address"`
	NeedsPhone   bool   `json:"needs_phone"`
	Sold         bool   `json:"sold" doc:"Can be bought today."`
}

func basketView(b *Basket) *BasketView {
	v := &BasketView{Items: []ItemView{}, Cents: b.Cents(), VATCents: b.VATCents(), Sellable: b.Sellable()}
	if p := b.Provider; !b.Empty() {
		v.Provider = &SellerView{p.Slug, p.Name, p.Address, p.Phone, p.Email, p.VATNumber}
	}
	for i := range b.Items {
		x := &b.Items[i]
		v.Items = append(v.Items, ItemView{
			x.Slug, x.Title, x.Unit, x.Quantity, x.Cents, x.Sale.Most, x.Sale.CancelDays, x.Terms, x.Sale.Address, x.Sale.Phone, x.Sold,
		})
	}
	return v
}

func (s *Service) apiBasket(r *web.Request, _ *struct{}) (*BasketView, error) {
	b, err := s.Basket(r.Ctx, holder(r))
	return basketView(&b), err
}

type itemInput struct {
	web.BySlug
	Body struct {
		Quantity int  `json:"quantity" minimum:"1" maximum:"99" doc:"No more than the service's \"most\" are kept."`
		Replace  bool `json:"replace,omitempty" doc:"Empties the basket first if it is another provider's; without it that is refused."`
	}
}

func (s *Service) apiPutItem(r *web.Request, in *itemInput) (*BasketView, error) {
	if err := s.Put(r.Ctx, holder(r), in.Slug, in.Body.Quantity, in.Body.Replace); err != nil {
		return nil, err
	}
	return s.apiBasket(r, nil)
}

func (s *Service) apiDropItem(r *web.Request, in *web.BySlug) (*web.Nothing, error) {
	return nil, s.SetQuantity(r.Ctx, holder(r), in.Slug, 0)
}

// OrderView is an order, as citizen and provider both see it. It has one creditor.
type OrderView struct {
	OrderSummary
	Address    string         `json:"address,omitempty"`
	Phone      string         `json:"phone,omitempty"`
	Note       string         `json:"note,omitempty"`
	Lines      []LineView     `json:"lines"`
	Deliveries []DeliveryView `json:"deliveries"`
	Messages   []MessageView  `json:"messages"`
}

// OrderSummary is an order as lists give it.
type OrderSummary struct {
	ID          uuid.UUID  `json:"id" doc:"Of the order for who pays it, of the provider's part of it for who serves it."`
	Number      string     `json:"number" doc:"As people say it: 2026/123."`
	State       string     `json:"state" enum:"placed,paid,accepted,delivered,refused,cancelled,expired"`
	Seller      string     `json:"seller"`
	Payer       string     `json:"payer"`
	Beneficiary string     `json:"beneficiary" doc:"For whom it is."`
	Cents       int64      `json:"cents" doc:"VAT included."`
	VATCents    int64      `json:"vat_cents"`
	PlacedAt    time.Time  `json:"placed_at"`
	PayBy       *time.Time `json:"pay_by,omitempty" doc:"Of an order that waits for its money."`
	AnswerBy    *time.Time `json:"answer_by,omitempty" doc:"Of an order that waits for the provider's answer."`
	PaidAt      *time.Time `json:"paid_at,omitempty"`
	AcceptedAt  *time.Time `json:"accepted_at,omitempty"`
	EndedAt     *time.Time `json:"ended_at,omitempty"`
	EndedBy     string     `json:"ended_by,omitempty" enum:"citizen,provider,nobody"`
	Why         string     `json:"why,omitempty" doc:"Of a refusal."`
	CancelUntil time.Time  `json:"cancel_until" doc:"As long as nothing was delivered."`
	Refund      string     `json:"refund,omitempty" enum:"asked,done,failed"`
	URL         string     `json:"url" doc:"Its page on the portal."`
}

// LineView is what was ordered, with price and VAT as they were.
type LineView struct {
	Service   string `json:"service,omitempty" doc:"Its slug, while it is published."`
	Title     string `json:"title"`
	Unit      string `json:"unit"`
	Quantity  int    `json:"quantity"`
	Left      int    `json:"left" doc:"Units that are still to be delivered."`
	UnitCents int64  `json:"unit_cents"`
	VAT       string `json:"vat" enum:"exempt,5,22"`
	Cents     int64  `json:"cents"`
	VATCents  int64  `json:"vat_cents"`
}

// DeliveryView is something that was done.
type DeliveryView struct {
	Line     int    `json:"line" doc:"Index of the line, from 0."`
	Quantity int    `json:"quantity"`
	Day      string `json:"day" format:"date"`
	Worker   string `json:"worker"`
	Note     string `json:"delivery_note,omitempty"`
}

// MessageView is a note between citizen and provider.
type MessageView struct {
	From string    `json:"from" enum:"citizen,provider"`
	Body string    `json:"body"`
	At   time.Time `json:"at"`
}

// summary shows a part to one side: id and path are that side's.
func summary(r *web.Request, p *Part, id uuid.UUID, path string) OrderSummary {
	out := OrderSummary{
		ID: id, Number: p.Order.Title(), State: string(p.State), Seller: p.Seller, Payer: p.Order.PayerName, Beneficiary: p.Order.Beneficiary, Cents: p.Cents,
		VATCents: p.VATCents, PlacedAt: p.Order.PlacedAt.UTC(),
		PaidAt: web.Moment(p.PaidAt), AcceptedAt: web.Moment(p.AcceptedAt), EndedAt: web.Moment(p.EndedAt), EndedBy: string(p.EndedBy), Why: p.Why,
		CancelUntil: p.CancelUntil().UTC().Truncate(time.Second), Refund: string(p.Return()), URL: r.Link(path),
	}
	switch p.State {
	case Placed:
		out.PayBy = web.Moment(p.ExpiresAt)
	case Paid:
		out.AnswerBy = web.Moment(p.AnswerBy)
	}
	return out
}

func ownSummary(r *web.Request, p *Part) OrderSummary {
	return summary(r, p, p.Order.ID, orderPath(p.Order.ID))
}

func servedSummary(r *web.Request, p *Part) OrderSummary { return summary(r, p, p.ID, partPath(p.ID)) }

func view(p *Part, head OrderSummary) *OrderView {
	v := &OrderView{
		OrderSummary: head, Address: p.Order.Address, Phone: p.Order.Phone, Note: p.Order.Note, Lines: []LineView{}, Deliveries: []DeliveryView{}, Messages: []MessageView{},
	}
	for i, l := range p.Lines {
		v.Lines = append(v.Lines, LineView{l.Slug, l.Title, l.Unit, l.Quantity, p.Left(i), l.UnitCents, string(l.VAT), l.Cents, l.VATCents})
	}
	for _, d := range p.Deliveries {
		v.Deliveries = append(v.Deliveries, DeliveryView{d.Line, d.Quantity, d.Day.Format(time.DateOnly), d.Worker, d.Note})
	}
	for _, m := range p.Messages {
		v.Messages = append(v.Messages, MessageView{m.Side, m.Body, m.At.UTC()})
	}
	return v
}

// window is a page of orders: those before one of them, and one more than the page holds.
func window(p web.Paging) (Window, error) {
	after, err := p.After()
	if err != nil {
		return Window{}, err
	}
	return ParseWindow(after, p.Limit+1)
}

func (s *Service) apiOrders(r *web.Request, in *web.Paging) (*web.Items[OrderSummary], error) {
	w, err := window(*in)
	if err != nil {
		return nil, err
	}
	parts, err := s.Orders(r.Ctx, r.Actor, w)
	if err != nil {
		return nil, err
	}
	return web.Cut(*in, parts, (*Part).mark, func(p *Part) OrderSummary { return ownSummary(r, p) }), nil
}

func (s *Service) apiOrder(r *web.Request, _ *web.ByID) (*OrderView, error) {
	p, err := s.orderOf(r)
	if err != nil {
		return nil, err
	}
	return view(p, ownSummary(r, p)), nil
}

type placementInput struct {
	Body struct {
		Cents   int64     `json:"cents" minimum:"1" doc:"What the person was shown: the basket's cents. If prices changed meanwhile the order is refused."`
		Terms   bool      `json:"terms" doc:"The person was shown seller, total and terms, and accepts the terms."`
		Member  uuid.UUID `json:"member,omitempty" format:"uuid" doc:"Of the household, for whom it is; absent for oneself."`
		Address string    `json:"address,omitempty" doc:"Where the service needs one."`
		Phone   string    `json:"phone,omitempty" doc:"Where the service needs one."`
		Note    string    `json:"note,omitempty"`
	}
}

// OrderRef is an order after something was done to it.
type OrderRef struct {
	ID     uuid.UUID `json:"id"`
	Number string    `json:"number"`
	State  string    `json:"state" enum:"placed,paid,accepted,delivered,refused,cancelled,expired"`
}

func (s *Service) apiPlace(r *web.Request, in *placementInput) (*OrderRef, error) {
	x := in.Body
	key, err := s.newID() // what is sent again does not come so far
	if err != nil {
		return nil, err
	}
	id, err := s.Place(r.Ctx, r.Actor, Placement{
		Key: key, Member: x.Member, Address: x.Address, Phone: x.Phone, Note: x.Note, Terms: x.Terms, Cents: x.Cents,
	})
	if err != nil {
		return nil, err
	}
	return s.ownRef(r, id)
}

// ownRef tells a citizen's program how an order stands now.
func (s *Service) ownRef(r *web.Request, id uuid.UUID) (*OrderRef, error) {
	p, err := s.Order(r.Ctx, r.Actor, id)
	if err != nil {
		return nil, err
	}
	return &OrderRef{p.Order.ID, p.Order.Title(), string(p.State)}, nil
}

// servedRef tells a provider's program the same of its part.
func (s *Service) servedRef(r *web.Request, id uuid.UUID) (*OrderRef, error) {
	p, err := s.Served(r.Ctx, r.Actor, id)
	if err != nil {
		return nil, err
	}
	return &OrderRef{p.ID, p.Order.Title(), string(p.State)}, nil
}

// after does something to the order that the path names, then tells how it stands.
func after(r *web.Request, do func(uuid.UUID) error, ref func(*web.Request, uuid.UUID) (*OrderRef, error)) (*OrderRef, error) {
	id, err := r.ID("id")
	if err == nil {
		err = do(id)
	}
	if err != nil {
		return nil, err
	}
	return ref(r, id)
}

// HostedPage is where a person pays.
type HostedPage struct {
	URL string `json:"url" doc:"Open it in the person's browser: it is the payment provider's. It leads back to the order's page."`
}

func (s *Service) apiPay(r *web.Request, _ *web.ByID) (*HostedPage, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	url, err := s.Pay(r.Ctx, r.Actor, id, r.Lang, r.Link(orderPath(id)))
	return &HostedPage{url}, err
}

// own does something to an order of the person's.
func (s *Service) own(r *web.Request, do func(uuid.UUID) error) (*OrderRef, error) {
	return after(r, do, s.ownRef)
}

func (s *Service) apiCancel(r *web.Request, _ *web.ByID) (*OrderRef, error) {
	return s.own(r, func(id uuid.UUID) error { return s.Cancel(r.Ctx, r.Actor, id) })
}

type messageInput struct {
	web.ByID
	Body struct {
		Message string `json:"message"`
	}
}

func (s *Service) apiReply(r *web.Request, in *messageInput) (*OrderRef, error) {
	return s.own(r, func(id uuid.UUID) error { return s.Reply(r.Ctx, r.Actor, id, in.Body.Message) })
}

type inboxQuery struct {
	web.Paging
	States []string `query:"state,explode" enum:"placed,paid,accepted,delivered,refused,cancelled,expired"`
}

func (s *Service) apiInbox(r *web.Request, in *inboxQuery) (*web.Items[OrderSummary], error) {
	w, err := window(in.Paging)
	if err != nil {
		return nil, err
	}
	states := make([]State, len(in.States))
	for i, state := range in.States {
		states[i] = State(state)
	}
	parts, err := s.Inbox(r.Ctx, r.Actor, w, states...)
	if err != nil {
		return nil, err
	}
	return web.Cut(in.Paging, parts, (*Part).mark, func(p *Part) OrderSummary { return servedSummary(r, p) }), nil
}

func (s *Service) apiServed(r *web.Request, _ *web.ByID) (*OrderView, error) {
	p, err := s.servedOf(r)
	if err != nil {
		return nil, err
	}
	return view(p, servedSummary(r, p)), nil
}

// onPart does something to an order of one of the person's providers.
func (s *Service) onPart(r *web.Request, do func(uuid.UUID) error) (*OrderRef, error) {
	return after(r, do, s.servedRef)
}

func (s *Service) apiAccept(r *web.Request, _ *web.ByID) (*OrderRef, error) {
	return s.onPart(r, func(id uuid.UUID) error { return s.Accept(r.Ctx, r.Actor, id) })
}

func (s *Service) apiRefuse(r *web.Request, in *struct {
	web.ByID
	Body struct {
		Why string `json:"why" doc:"The citizen reads it."`
	}
}) (*OrderRef, error) {
	return s.onPart(r, func(id uuid.UUID) error { return s.Refuse(r.Ctx, r.Actor, id, in.Body.Why) })
}

type deliveryInput struct {
	web.ByID
	Body struct {
		Line     int    `json:"line" minimum:"0" doc:"Index of the order's line, from 0."`
		Quantity int    `json:"quantity" minimum:"1" maximum:"99"`
		Day      string `json:"day" format:"date"`
		Worker   string `json:"worker"`
		Note     string `json:"delivery_note,omitempty"`
	}
}

func (s *Service) apiDeliver(r *web.Request, in *deliveryInput) (*OrderRef, error) {
	day, err := time.ParseInLocation(time.DateOnly, in.Body.Day, ui.Rome)
	if err != nil {
		var f problem.Fields
		f.Add("day", "orders.day_wrong")
		return nil, f.Err()
	}
	d := Delivery{Line: in.Body.Line, Quantity: in.Body.Quantity, Day: day, Worker: in.Body.Worker, Note: in.Body.Note}
	return s.onPart(r, func(id uuid.UUID) error { return s.Deliver(r.Ctx, r.Actor, id, d) })
}

func (s *Service) apiTakeAtDesk(r *web.Request, _ *web.ByID) (*OrderRef, error) {
	return s.onPart(r, func(id uuid.UUID) error { return s.TakeAtDesk(r.Ctx, r.Actor, id) })
}

func (s *Service) apiHandBack(r *web.Request, _ *web.ByID) (*OrderRef, error) {
	return s.onPart(r, func(id uuid.UUID) error { return s.HandedBack(r.Ctx, r.Actor, id) })
}

func (s *Service) apiWrite(r *web.Request, in *messageInput) (*OrderRef, error) {
	return s.onPart(r, func(id uuid.UUID) error { return s.Write(r.Ctx, r.Actor, id, in.Body.Message) })
}
