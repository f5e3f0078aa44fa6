package web

import (
	"io"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

const (
	usualBody  = 1 << 20
	envelope   = 64 << 10         // what a form is besides its file
	uploadTime = 60 * time.Second // 8 MB over a slow line
)

// allowance lets the routes that take files read more than others, before a byte of the body is read. Who shows no session at all, or
// sends no form with a file, gets no more than usual.
func (s *Server) allowance(h *fasthttp.RequestHeader) (usual fasthttp.RequestConfig) {
	if !h.IsPost() || len(h.Cookie(SessionCookie)) == 0 || !strings.HasPrefix(string(h.ContentType()), "multipart/form-data") {
		return usual
	}
	raw, _, _ := strings.Cut(string(h.RequestURI()), "?")
	_, path := language(raw)
	for _, route := range s.Routes {
		if route.Upload > 0 && fiber.RoutePatternMatch(path, route.Path, fiber.Config{CaseSensitive: true}) {
			return fasthttp.RequestConfig{MaxRequestBodySize: route.Upload + envelope, ReadTimeout: uploadTime}
		}
	}
	return usual
}

// Upload is a file of the posted form; without one its body is empty.
func (r *Request) Upload(name string) (filename string, body []byte, err error) {
	form, err := r.http.MultipartForm()
	if err != nil || len(form.File[name]) == 0 {
		return "", nil, nil //nolint:nilerr // a form that has no files
	}
	header := form.File[name][0]
	file, err := header.Open()
	if err != nil {
		return "", nil, err
	}
	defer func() { _ = file.Close() }()
	body, err = io.ReadAll(file)
	return said(header.Filename), body, err
}
