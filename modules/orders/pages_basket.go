package orders

import (
	"errors"
	"strconv"

	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

func (s *Service) basketRoutes() []web.Route {
	return []web.Route{
		{Method: "GET", Path: basketPath, About: "Shows what is in the basket.", Who: web.Anyone, Class: web.Own, Query: []string{"fatto"}, Handle: s.showBasket},
		{Method: "POST", Path: basketPath, About: "Puts a service into the basket.", Who: web.Anyone, Class: web.Own, Form: []string{"service", "quantity", "replace"}, Handle: s.addToBasket},
		{Method: "POST", Path: basketPath + "/quantita", About: "Changes how many units of a service the basket holds.", Who: web.Anyone, Class: web.Own, Form: []string{"service", "quantity"}, Handle: s.changeBasket},
	}
}

//words: done.orders.added done.orders.changed done.orders.taken

// basketCookie keeps a visitor's basket for a month.
const basketCookie = "basket"

// holder is whose basket this browser means.
func holder(r *web.Request) Holder {
	if r.Actor != nil {
		return Holder{Account: r.Actor.Account}
	}
	return Holder{Token: r.Kept(basketCookie)}
}

// bringBasket makes what a visitor chose theirs when they have come in.
func (s *Service) bringBasket(r *web.Request) error {
	token := r.Kept(basketCookie)
	if r.Actor == nil || token == "" {
		return nil
	}
	if err := s.Adopt(r.Ctx, r.Actor, token); err != nil {
		return err
	}
	r.Drop(basketCookie)
	return nil
}

func (s *Service) showBasket(r *web.Request) error {
	if err := s.bringBasket(r); err != nil {
		return err
	}
	return s.basket(r, nil)
}

func (s *Service) basket(r *web.Request, refusal error) error {
	b, err := s.Basket(r.Ctx, holder(r))
	if err != nil {
		return err
	}
	p := basketHead(r)
	if refusal == nil {
		return r.Show(basketPage(p, &b, nil))
	}
	return r.Again(refusal, basketPage(p, &b, r.Messages(refusal)))
}

func basketHead(r *web.Request) *ui.Page {
	p := r.Page(r.T("orders.basket.title"))
	p.NoIndex = true
	p.Crumbs = []ui.Crumb{{Title: p.Title}}
	return p
}

// addToBasket asks first when the basket is another provider's.
func (s *Service) addToBasket(r *web.Request) error {
	if err := s.bringBasket(r); err != nil {
		return err
	}
	h, slug, quantity := holder(r), r.Form("service"), number(r.Form("quantity"), 1)
	fresh := h.nobody()
	if fresh {
		h.Token = s.NewToken()
	}
	err := s.Add(r.Ctx, h, slug, quantity, r.Form("replace") != "")
	switch {
	case err == nil:
		if fresh {
			r.Keep(basketCookie, h.Token, s.now().AddDate(0, 1, 0))
		}
		return r.Done(basketPath, "orders.added")
	case errors.Is(err, ErrOtherSeller):
		return s.askReplace(r, h, slug, quantity)
	case fresh:
		return r.Again(err, basketPage(basketHead(r), &Basket{}, r.Messages(err)))
	}
	return s.basket(r, err)
}

func (s *Service) askReplace(r *web.Request, h Holder, slug string, quantity int) error {
	b, err := s.Basket(r.Ctx, h)
	if err != nil {
		return err
	}
	item, seller, err := s.findItem(r.Ctx, slug)
	if err != nil {
		return err
	}
	return r.Again(ErrOtherSeller, replacePage(basketHead(r), &b, &item, seller, quantity))
}

func (s *Service) changeBasket(r *web.Request) error {
	quantity := number(r.Form("quantity"), -1)
	if quantity < 0 {
		return r.See(basketPath)
	}
	if err := s.SetQuantity(r.Ctx, holder(r), r.Form("service"), quantity); err != nil {
		return err
	}
	if quantity == 0 {
		return r.Done(basketPath, "orders.taken")
	}
	return r.Done(basketPath, "orders.changed")
}

// number reads a whole number of at most two digits, or gives what stands for anything else.
func number(s string, otherwise int) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 99 {
		return otherwise
	}
	return n
}
