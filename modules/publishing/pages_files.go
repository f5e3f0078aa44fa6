package publishing

import (
	"errors"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/files"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// filesStep is the last page of the form.
const filesStep = 4

func (s *Service) fileRoutes() []web.Route {
	edit, service := web.May("edit", "service"), map[string]string{"id": "draft"}
	path, upload := deskPath+"/:id", []string{"revision", "file"}
	return []web.Route{
		{Method: "GET", Path: path + "/allegati", About: "The picture and the documents of a draft.", Who: edit, Class: web.Provider, Params: service, Query: []string{"fatto"}, Handle: s.showFiles},
		{Method: "POST", Path: path + "/allegati", About: "Adds a document to a draft.", Who: edit, Class: web.Provider, Params: service, Form: upload, Upload: files.MostDocumentBytes, Handle: s.attach},
		{Method: "POST", Path: path + "/allegati/:file/rimozione", About: "Takes a document out of a draft.", Who: edit, Class: web.Provider, Params: map[string]string{"id": "draft", "file": "attachment"}, Form: []string{"revision"}, Handle: s.detach},
		{Method: "POST", Path: path + "/immagine", About: "Gives a draft a picture.", Who: edit, Class: web.Provider, Params: service, Form: upload, Upload: files.MostPictureBytes, Handle: s.setPicture},
		{Method: "POST", Path: path + "/immagine/rimozione", About: "Takes the picture out of a draft.", Who: edit, Class: web.Provider, Params: service, Form: []string{"revision"}, Handle: s.removePicture},
	}
}

func (s *Service) showFiles(r *web.Request) error { return s.filesAgain(r, "", nil) }

// filesAgain shows the page of files, with a refusal beside the field it is about.
func (s *Service) filesAgain(r *web.Request, field string, refusal error) error {
	w, err := s.work(r)
	if err != nil {
		return err
	}
	if w.Open == nil || !w.Open.Editable() {
		if refusal != nil {
			return s.overview(r, refusal)
		}
		return r.See(servicePath(w.ID))
	}
	f := &stepForm{Work: w, Content: w.Open.Content, Revision: w.Open.Revision, At: filesStep}
	if refusal == nil {
		return r.Show(filesView(stepPage(r, f), f))
	}
	f.Errors = r.Messages(refusal)
	for i := range f.Errors {
		f.Errors[i].Name = field
	}
	return r.Again(refusal, filesView(stepPage(r, f), f))
}

// filed changes the files of a draft and comes back to their page.
func (s *Service) filed(r *web.Request, field string, do func(uuid.UUID) error) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	switch err := do(id); {
	case err == nil:
		return r.Done(servicePath(id, steps[filesStep].path), "publishing.saved")
	case errors.Is(err, problem.ErrNotFound), problem.Of(err).Kind == problem.Internal:
		return err
	default:
		return s.filesAgain(r, field, err)
	}
}

func (s *Service) setPicture(r *web.Request) error {
	return s.filed(r, "picture", func(id uuid.UUID) error {
		_, raw, err := r.Upload("file")
		if err != nil {
			return err
		}
		return s.SetPicture(r.Ctx, r.Actor, id, revision(r), raw)
	})
}

func (s *Service) attach(r *web.Request) error {
	return s.filed(r, "attachments", func(id uuid.UUID) error {
		name, raw, err := r.Upload("file")
		if err != nil {
			return err
		}
		return s.AddDocument(r.Ctx, r.Actor, id, revision(r), name, raw)
	})
}

func (s *Service) removePicture(r *web.Request) error {
	return s.filed(r, "picture", func(id uuid.UUID) error { return s.RemovePicture(r.Ctx, r.Actor, id, revision(r)) })
}

func (s *Service) detach(r *web.Request) error {
	file, err := r.ID("file")
	if err != nil {
		return err
	}
	return s.filed(r, "attachments", func(id uuid.UUID) error { return s.RemoveDocument(r.Ctx, r.Actor, id, revision(r), file) })
}
