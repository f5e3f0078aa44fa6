package publishing

import (
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/web"
)

const deskAPI = web.APIPath + "/provider/services"

// operations are what a provider's programs may do with its services. Pictures and documents are added on the pages.
func (s *Service) operations() []web.Route {
	draft, live := map[string]string{"id": "draft"}, map[string]string{"id": "live_service"}
	row := func(method, path, about, verb, scope string, params map[string]string) web.Route {
		return web.Route{Method: method, Path: deskAPI + path, About: about, Who: web.May(verb, "service"), Class: web.Provider, Scope: "services:" + scope, Params: params}
	}
	create := row(http.MethodPost, "", "Begins a new service: a draft with a title.", "edit", "write", nil)
	create.Creates = true
	return []web.Route{
		web.Operation(row(http.MethodGet, "", "Lists the services of the person's providers, what wants work first.", "read", "read", nil), s.apiDesk),
		web.Operation(create, s.apiCreate),
		web.Operation(row(http.MethodGet, "/:id", "Gives one service: what citizens see, and the open version.", "read", "read", draft), s.apiWork),
		web.Operation(row(http.MethodPost, "/:id/revision", "Begins a new version of a service.", "edit", "write", draft), s.apiRevise),
		web.Operation(row(http.MethodPut, "/:id/draft", "Writes the open version, whole or not yet.", "edit", "write", draft), s.apiSave),
		web.Operation(row(http.MethodDelete, "/:id/draft", "Discards the open version.", "edit", "write", draft), s.apiDiscard),
		web.Operation(row(http.MethodPost, "/:id/submission", "Hands the open version to the municipality.", "submit", "write", draft), s.apiSubmit),
		web.Operation(row(http.MethodPost, "/:id/withdrawal", "Takes back what waits for a decision.", "submit", "write", draft), s.apiWithdraw),
		web.Operation(row(http.MethodPost, "/:id/unpublication", "Takes a service out of the portal.", "unpublish", "write", live), s.apiUnpublish),
	}
}

// OfferSummary is a service of a provider as its list gives it.
type OfferSummary struct {
	ID       uuid.UUID  `json:"id"`
	Title    string     `json:"title"`
	Provider string     `json:"provider" doc:"Its name."`
	Stage    string     `json:"stage" enum:"returned,draft,submitted,published,hidden"`
	Live     bool       `json:"live" doc:"Citizens see it, in its published form."`
	Updated  *time.Time `json:"updated,omitempty" doc:"Of the open version."`
}

func (s *Service) apiDesk(r *web.Request, in *web.Paging) (*web.Items[OfferSummary], error) {
	desk, err := s.Desk(r.Ctx, r.Actor)
	if err != nil {
		return nil, err
	}
	var sorted []Line
	for _, stage := range Stages {
		sorted = append(sorted, desk.In(stage)...)
	}
	return web.Slice(*in, sorted, func(l Line) string { return l.ID.String() }, func(l Line) OfferSummary {
		return OfferSummary{l.ID, l.Title, l.Maker, string(l.Stage), l.Live, web.Moment(l.Updated)}
	})
}

// OfferRef is a service after something was done to it.
type OfferRef struct {
	ID       uuid.UUID `json:"id"`
	Stage    string    `json:"stage" enum:"returned,draft,submitted,published,hidden"`
	Revision int       `json:"revision,omitempty" doc:"Of the open version: what If-Match names next."`
}

// Revised implements web.Revised.
func (x OfferRef) Revised() int { return x.Revision }

// Offer is a service with its open version.
type Offer struct {
	OfferRef
	Title    string        `json:"title"`
	Provider uuid.UUID     `json:"provider"`
	Live     bool          `json:"live" doc:"Citizens see it, in its published form."`
	URL      string        `json:"url,omitempty" doc:"Its page on the portal, once it is published."`
	Content  Content       `json:"content" doc:"Of the open version, or as it was last published."`
	Reason   string        `json:"reason,omitempty" doc:"Why it was sent back."`
	Wrong    []FieldRemark `json:"wrong" doc:"What keeps the open version from being submitted."`
}

// FieldRemark is what is wrong with a field of the content.
type FieldRemark struct {
	Field   string `json:"field"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

func ref(w *Work) OfferRef {
	x := OfferRef{ID: w.ID, Stage: string(w.Stage())}
	if w.Open != nil {
		x.Revision = w.Open.Revision
	}
	return x
}

func (s *Service) apiWork(r *web.Request, _ *web.ByID) (*Offer, error) {
	w, err := s.work(r)
	if err != nil {
		return nil, err
	}
	x := &Offer{OfferRef: ref(w), Title: w.Title(), Provider: w.Maker.ID, Content: w.Shown(), Wrong: []FieldRemark{}}
	if w.Live != nil && w.Live.Published {
		x.Live, x.URL = true, r.Link("/servizi/"+w.Live.Slug)
	}
	if w.Open != nil {
		x.Reason = w.Open.Reason
	}
	for _, f := range wrongOf(w) {
		x.Wrong = append(x.Wrong, FieldRemark{f.Name, f.Code, r.Message(f)})
	}
	return x, nil
}

type newOffer struct {
	Body struct {
		Title    string    `json:"title"`
		Provider uuid.UUID `json:"provider,omitempty" format:"uuid" doc:"For whom; may be absent if the person works for one alone."`
	}
}

func (s *Service) apiCreate(r *web.Request, in *newOffer) (*OfferRef, error) {
	id, err := s.Create(r.Ctx, r.Actor, in.Body.Provider, in.Body.Title)
	if err != nil {
		return nil, err
	}
	return s.offerRef(r, id)
}

func (s *Service) offerRef(r *web.Request, id uuid.UUID) (*OfferRef, error) {
	w, err := s.Work(r.Ctx, r.Actor, r.Lang, id)
	if err != nil {
		return nil, err
	}
	x := ref(w)
	return &x, nil
}

// change does something to a service of the person's providers, unless If-Match named another version.
func change(r *web.Request, do func(uuid.UUID) error) (uuid.UUID, error) {
	id, err := r.ID("id")
	if err == nil {
		err = do(id)
	}
	if errors.Is(err, ErrStale) {
		err = web.ErrStale
	}
	return id, err
}

// onOffer is change, answered with how the service stands then.
func (s *Service) onOffer(r *web.Request, do func(uuid.UUID) error) (*OfferRef, error) {
	id, err := change(r, do)
	if err != nil {
		return nil, err
	}
	return s.offerRef(r, id)
}

func (s *Service) apiRevise(r *web.Request, _ *web.ByID) (*OfferRef, error) {
	return s.onOffer(r, func(id uuid.UUID) error { return s.Revise(r.Ctx, r.Actor, id) })
}

type contentInput struct {
	web.ByID
	web.IfMatch
	Body Content
}

// apiSave takes the whole content; picture and documents stay as they are. The answer says what is still wrong with it.
func (s *Service) apiSave(r *web.Request, in *contentInput) (*Offer, error) {
	_, err := change(r, func(id uuid.UUID) error {
		_, err := s.Save(r.Ctx, r.Actor, id, in.Revision(), func(c *Content) {
			in.Body.Picture, in.Body.Attachments = c.Picture, c.Attachments
			*c = in.Body
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	return s.apiWork(r, nil)
}

type versionInput struct {
	web.ByID
	web.IfMatch
}

func (s *Service) apiDiscard(r *web.Request, in *versionInput) (*web.Nothing, error) {
	_, err := change(r, func(id uuid.UUID) error { return s.Discard(r.Ctx, r.Actor, id, in.Revision()) })
	return nil, err
}

func (s *Service) apiSubmit(r *web.Request, in *versionInput) (*OfferRef, error) {
	out, err := s.onOffer(r, func(id uuid.UUID) error { return s.Submit(r.Ctx, r.Actor, id, in.Revision()) })
	if errors.Is(err, ErrIncomplete) {
		if w, failed := s.work(r); failed == nil {
			err = &problem.Error{Kind: problem.Conflict, Code: ErrIncomplete.Code, Fields: wrongOf(w)} // a program has no page that shows them
		}
	}
	return out, err
}

func (s *Service) apiWithdraw(r *web.Request, _ *web.ByID) (*OfferRef, error) {
	return s.onOffer(r, func(id uuid.UUID) error { return s.Withdraw(r.Ctx, r.Actor, id) })
}

func (s *Service) apiUnpublish(r *web.Request, _ *web.ByID) (*OfferRef, error) {
	return s.onOffer(r, func(id uuid.UUID) error { return s.Unpublish(r.Ctx, r.Actor, id) })
}
