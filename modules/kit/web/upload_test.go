package web_test

import (
	"strconv"
	"testing"

	"github.com/welfarex/welfarex/modules/kit/web"
)

// Only a form with a file, of somebody with a session, for a route that takes files, may be larger than 1 MB, and no larger than that route says.
func TestUpload_IsLargerOnlyWhereItIsAskedFor(t *testing.T) {
	t.Parallel()
	taken := func(r *web.Request) error { return r.Send("text/plain", []byte("preso")) }
	s := open(t, []web.Route{
		{Method: "POST", Path: "/file/:id/foto", Who: web.Anyone, Upload: 2 << 20, Handle: taken}, {Method: "POST", Path: "/file/:id", Who: web.Anyone, Handle: taken},
		{Method: "GET", Path: "/file/:id/foto", Who: web.Anyone, Upload: 2 << 20, Handle: taken},
	})
	addr := s.address()
	for _, c := range []struct {
		path, cookie, kind string
		size, want         int
	}{
		{"/file/7/foto", "citizen", "multipart/form-data; boundary=x", 1<<20 + 1, 400}, // let in, and no form at all
		{"/en/file/7/foto?x=1", "citizen", "multipart/form-data; boundary=x", 1<<20 + 1, 400},
		{"/file/7/foto", "citizen", "multipart/form-data; boundary=x", 2<<20 + 65<<10, 413},
		{"/file/7/foto", "", "multipart/form-data; boundary=x", 1<<20 + 1, 413},
		{"/file/7/foto", "citizen", "application/x-www-form-urlencoded", 1<<20 + 1, 413},
		{"/file/7", "citizen", "multipart/form-data; boundary=x", 1<<20 + 1, 413},
		{"/file/7/foto/8", "citizen", "multipart/form-data; boundary=x", 1<<20 + 1, 413},
	} {
		request := "POST " + c.path + " HTTP/1.1\r\nHost: " + s.city.Host + "\r\nSec-Fetch-Site: same-origin\r\nContent-Type: " + c.kind + "\r\nContent-Length: " + strconv.Itoa(c.size) + "\r\n"
		if c.cookie != "" {
			request += "Cookie: " + web.SessionCookie + "=" + c.cookie + "\r\n"
		}
		if c.want == 400 {
			request += "\r\n" + string(make([]byte, c.size))
		} else {
			request += "\r\n"
		}
		if got := send(t, addr, request); got.StatusCode != c.want {
			t.Errorf("%s %q %s %d: %d, want %d", c.path, c.cookie, c.kind, c.size, got.StatusCode, c.want)
		}
	}
}
