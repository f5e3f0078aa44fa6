package accounts

import (
	"strconv"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
)

const keysPath = ownPath + "/sessioni/chiavi"

func (s *Service) keyRoutes() []web.Route {
	key := map[string]string{"id": "key"}
	return []web.Route{
		{Method: "GET", Path: keysPath, About: "Lists the keys of the person's programs, and asks for a new one.", Who: web.SignedIn, Class: web.Own, Query: []string{"fatto"}, Handle: s.showKeys},
		{Method: "POST", Path: keysPath, About: "Makes a key, and shows it this once.", Who: web.SignedIn, Class: web.Own, Form: []string{"name", "scopes", "days", "password"}, Handle: s.makeKey},
		{Method: "GET", Path: keysPath + "/:id/chiusura", About: "Asks whether a key is to end.", Who: web.SignedIn, Class: web.Own, Params: key, Handle: s.askEndKey},
		{Method: "POST", Path: keysPath + "/:id/chiusura", About: "Ends a key.", Who: web.SignedIn, Class: web.Own, Params: key, Handle: s.endKey},
	}
}

//words: done.accounts.key_ended

// keysForm is the page of keys, with a request as it was typed.
type keysForm struct {
	KeyRequest
	Keys    []Key
	Offered []string
	Errors  ui.Errors
}

func keysPage(r *web.Request, title string, more ...ui.Crumb) *ui.Page {
	return private(r, title, append([]ui.Crumb{{Title: r.T("accounts.own.title"), Href: ownPath}, {Title: r.T("accounts.sessions.title"), Href: ownPath + "/sessioni"}}, more...)...)
}

func (s *Service) showKeys(r *web.Request) error {
	return s.keys(r, keysForm{KeyRequest: KeyRequest{Days: strconv.Itoa(KeyDays[2])}}, nil)
}

func (s *Service) keys(r *web.Request, f keysForm, refusal error) (err error) {
	if f.Keys, err = s.Keys(r.Ctx, r.Actor); err != nil {
		return err
	}
	f.Offered = offeredScopes(s.policy, r.Actor)
	p := keysPage(r, r.T("accounts.keys.title"))
	if refusal == nil {
		return r.Show(keysView(p, f, s.now()))
	}
	f.Errors = s.wrong(r, refusal)
	return r.Again(refusal, keysView(p, f, s.now()))
}

func (s *Service) makeKey(r *web.Request) error {
	f := keysForm{KeyRequest: KeyRequest{Name: r.Form("name"), Scopes: r.FormAll("scopes"), Days: r.Form("days"), Password: r.Secret("password")}}
	key, err := s.MakeKey(r.Ctx, r.Actor, f.KeyRequest)
	if err != nil {
		return s.keys(r, f, err)
	}
	return r.Show(keyView(keysPage(r, r.T("accounts.keys.new"), ui.Crumb{Title: r.T("accounts.keys.title"), Href: keysPath}), f.KeyRequest, key))
}

// keyOf finds one of the person's own keys.
func (s *Service) keyOf(r *web.Request) (Key, error) {
	id, err := r.ID("id")
	if err != nil {
		return Key{}, err
	}
	keys, err := s.Keys(r.Ctx, r.Actor)
	if err != nil {
		return Key{}, err
	}
	for _, k := range keys {
		if k.ID == id {
			return k, nil
		}
	}
	return Key{}, problem.ErrNotFound
}

func (s *Service) askEndKey(r *web.Request) error {
	k, err := s.keyOf(r)
	if err != nil {
		return err
	}
	return r.Show(endKeyView(keysPage(r, r.T("accounts.keys.end_of", "name", k.Name), ui.Crumb{Title: r.T("accounts.keys.title"), Href: keysPath}), k))
}

func (s *Service) endKey(r *web.Request) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	if err := s.EndKey(r.Ctx, r.Actor, id); err != nil {
		return err
	}
	return r.Done(keysPath, "accounts.key_ended")
}
