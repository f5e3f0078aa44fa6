package files

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/welfarex/welfarex/modules/kit/web"
)

// Routes serves files, pictures shown in place and everything else as an attachment.
func (s *Store) Routes() []web.Route {
	return []web.Route{{
		Method: "GET", Path: "/media/:id", About: "A picture or file of this city.", Who: web.Anyone, Class: web.Portal,
		Params: map[string]string{"id": "file"}, Bare: true, Handle: s.serve,
	}}
}

func (s *Store) serve(r *web.Request) error {
	id, err := r.ID("id")
	if err != nil {
		return err
	}
	f, body, err := s.Read(r.Ctx, r.Actor, id)
	if err != nil {
		return err
	}
	r.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	r.Set("Cache-Control", "private, no-store")
	if f.Public {
		// A file never changes under its id; the host names the city, so shared caches keep cities apart.
		r.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if !strings.HasPrefix(f.ContentType, "image/") {
		r.Set("Content-Disposition", fmt.Sprintf("attachment; filename*=UTF-8''%s", url.PathEscape(f.Name)))
	}
	return r.Send(f.ContentType, body)
}
