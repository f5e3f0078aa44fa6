package web_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/web"
)

func TestCookie_IsForThisHostAlone(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 12, 24, 18, 0, 0, 0, time.UTC)
	s := open(t, []web.Route{
		{Method: "POST", Path: "/accedi", Who: web.Anyone, Handle: func(r *web.Request) error { r.Remember("token", until); return r.See("/") }},
		{Method: "POST", Path: "/esci", Who: web.Anyone, Handle: func(r *web.Request) error { r.Forget(); return r.See("/") }},
	})
	set := s.post("/accedi", "a=b").status(t, 303).has(t, "Cache-Control", "no-store").Header.Get("Set-Cookie")
	for _, part := range []string{"__Host-session=token;", "path=/;", "HttpOnly", "secure", "SameSite=Lax", "expires=Thu, 24 Dec 2026 18:00:00 GMT"} {
		if !strings.Contains(strings.ToLower(set), strings.ToLower(part)) {
			t.Errorf("%q is not in %q", part, set)
		}
	}
	if strings.Contains(strings.ToLower(set), "domain") {
		t.Errorf("the cookie is for more than one host: %q", set)
	}
	back := s.post("/esci", "a=b").Header.Get("Set-Cookie")
	if !strings.HasPrefix(back, "__Host-session=;") || !strings.Contains(back, "1970") || !strings.Contains(strings.ToLower(back), "secure") {
		t.Errorf("it is not taken back: %q", back)
	}
}

func TestNext_LeadsNowhereElse(t *testing.T) {
	t.Parallel()
	routes := []web.Route{
		{Method: "GET", Path: "/", Who: web.Anyone, Handle: func(r *web.Request) error { return r.Show(show(r.Next("/altrove"))) }},
		{Method: "POST", Path: "/", Who: web.Anyone, Handle: func(r *web.Request) error { return r.See(r.Next("/altrove")) }},
	}
	s := open(t, routes)
	for next, want := range map[string]string{
		"/area-personale": "", "/en/servizi?q=a&b=c": "", "/servizi/a%2Fb": "", "/a//b": "", "/@evil.example": "", "/?x=https://evil.example": "", "/a:b": "",
		"": "/altrove", "https://evil.example": "/altrove", "//evil.example": "/altrove", "///evil.example": "/altrove", "/\\evil.example": "/altrove",
		"\\/evil.example": "/altrove", "\\\\evil.example": "/altrove", "/\t/evil.example": "/altrove", "/\n/evil.example": "/altrove", "\t//evil.example": "/altrove",
		"javascript:alert(1)": "/altrove", "data:text/html,x": "/altrove", "evil.example": "/altrove", "/en//evil.example": "/altrove", "/en/\\evil.example": "/altrove", "/en///evil.example": "/altrove", "?x": "/altrove", "#x": "/altrove", ".//evil.example": "/altrove",
		"http:evil.example": "/altrove", "http:/evil.example": "/altrove", "https:///evil.example": "/altrove", "/\r\nSet-Cookie: a=b": "/altrove",
		"/\x00": "", "/%": "/altrove", "mailto:a@b.example": "/altrove", "/\u2028": "", "http://" + s.city.Host + "/x": "/altrove",
	} {
		if want == "" {
			want = next
		}
		for _, got := range []reply{s.get("/?poi=" + url.QueryEscape(next)), s.post("/?poi="+url.QueryEscape(next), "a=b"), s.post("/", "poi="+url.QueryEscape(next))} {
			if got.StatusCode == 303 {
				got.has(t, "Set-Cookie", "")
				if to := got.Header.Get("Location"); !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || want == "/altrove" && to != want {
					t.Errorf("%q leads to %q", next, to)
				}
			} else if want == "/altrove" && !strings.Contains(got.body, "<p>/altrove</p>") {
				t.Errorf("%q leads to %s", next, got.body)
			}
		}
	}
}

func TestForm_IsReadFromTheBodyAlone(t *testing.T) {
	t.Parallel()
	s := open(t, []web.Route{{Method: "POST", Path: "/", Who: web.Anyone, Handle: func(r *web.Request) error {
		return r.Show(show(fmt.Sprintf("%q %q %q %q", r.Form("nome"), r.Secret("nome"), r.FormAll("ruolo"), r.Query("nome"))))
	}}})
	tell := func(r reply) string { return strings.NewReplacer("<p>", "", "</p>", "", "&#34;", `"`).Replace(r.body) }
	for _, c := range []struct{ name, target, body, want string }{
		{"the body", "/", "nome=+Anna+&ruolo=a&ruolo=+&ruolo=b", `"Anna" " Anna " ["a" "b"] ""`},
		{"the address stands in for nothing", "/?nome=Eva&ruolo=city_admin", "x=y", `"" "" [] "Eva"`},
		{"nor wins over it", "/?nome=Eva", "nome=Anna", `"Anna" "Anna" [] "Eva"`},
		{"the first of two", "/", "nome=Anna&nome=Eva", `"Anna" "Anna" [] ""`},
		{"lines as browsers send them", "/", "nome=Anna%0D%0AEva%0D%0A", `"Anna\nEva" "Anna\r\nEva\r\n" [] ""`},
		{"bytes no database takes", "/?nome=%ff%00", "nome=A%00n%ffna&ruolo=%00", `"A�n�na" "A�n�na" ["�"] "��"`},
	} {
		if got := tell(s.post(c.target, c.body)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	var body bytes.Buffer
	parts := multipart.NewWriter(&body)
	for _, field := range [][2]string{{"nome", " Anna "}, {"ruolo", "a"}, {"ruolo", "b"}} {
		if err := parts.WriteField(field[0], field[1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := parts.Close(); err != nil {
		t.Fatal(err)
	}
	if got := tell(s.post("/?nome=Eva", body.String(), header("Content-Type", parts.FormDataContentType()))); got != `"Anna" " Anna " ["a" "b"] "Eva"` {
		t.Errorf("in parts: %s", got)
	}
	for _, kind := range []string{"application/json", "text/plain", "multipart/form-data", ""} {
		if got := tell(s.post("/", "nome=Anna", func(r *http.Request) { r.Header.Set("Content-Type", kind) })); got != `"" "" [] ""` {
			t.Errorf("as %q: %s", kind, got)
		}
	}
}

func TestParam_HoldsWhatADatabaseCanTake(t *testing.T) {
	t.Parallel()
	s := open(t, []web.Route{
		{Method: "GET", Path: "/servizi/:slug", Who: web.Anyone, Handle: func(r *web.Request) error {
			return r.Show(show(fmt.Sprintf("%q %q %q", r.Param("slug"), r.Query("q"), r.QueryAll("per"))))
		}},
		{Method: "GET", Path: "/cose/:id", Who: web.Anyone, Handle: func(r *web.Request) error {
			id, err := r.ID("id")
			if err != nil {
				return err
			}
			return r.Show(show(id.String()))
		}},
	})
	for target, want := range map[string]string{
		"/servizi/a?q=%20asilo+nido%20&per=x&per=&per=y": `"a" "asilo nido" ["x" "y"]`,
		"/servizi/a%ffb?q=%00&per=%ff":                   `"a�b" "�" ["�"]`,
		"/servizi/%ff%fe?q=%c3%a8":                       `"�" "è" []`,
	} {
		if got := strings.ReplaceAll(s.get(target).status(t, 200).body, "&#34;", `"`); got != "<p>"+want+"</p>" {
			t.Errorf("%s: %s, want %s", target, got, want)
		}
	}
	id := uuid.New()
	s.get("/cose/"+id.String()).status(t, 200).holds(t, id.String())
	for _, bad := range []string{"7", "x", "00000000-0000-0000-0000-00000000000", "%00", "..", "'"} {
		s.get("/cose/"+bad).status(t, 404)
	}
}

func TestAgain_ComesBackWithTheRefusalsStatus(t *testing.T) {
	t.Parallel()
	fields := problem.Fields{}
	fields.Add("email", "problem.invalid")
	refusals := map[string]struct {
		err  error
		want int
		form bool
	}{
		"/campi": {fields.Err(), 422, true}, "/conflitto": {problem.New(problem.Conflict, "x.y"), 409, true}, "/troppi": {problem.New(problem.TooMany, "x.y"), 429, true},
		"/parola": {problem.ErrUnauthenticated, 422, true}, "/vietato": {problem.ErrForbidden, 403, false}, "/nulla": {problem.ErrNotFound, 404, false}, "/guasto": {errDown, 500, false},
	}
	var routes []web.Route
	for path, r := range refusals {
		routes = append(routes, web.Route{Method: "POST", Path: path, Who: web.Anyone, Handle: func(req *web.Request) error {
			if got := req.Messages(r.err); (len(got) > 0) == (r.want == 500) {
				t.Errorf("%s: messages %v", path, got)
			}
			return req.Again(r.err, show("il modulo"))
		}})
	}
	s := open(t, routes)
	for path, r := range refusals {
		got := s.post(path, "a=b").status(t, r.want).has(t, "Cache-Control", "no-store")
		if strings.Contains(got.body, "il modulo") != r.form {
			t.Errorf("%s: the form came back: %v", path, !r.form)
		}
	}
}

func TestPage_TellsNoticesThatItKnowsAndLinksToItsOwnHost(t *testing.T) {
	t.Parallel()
	s := open(t, home(func(r *web.Request) error {
		p := r.Page("Casa")
		notice := ""
		if p.Notice != nil {
			notice = p.Notice.Text
		}
		return r.Show(show(fmt.Sprintf("%s|%s|%s|%s|%v", p.Title, p.BaseURL, p.Query, notice, p.Actor != nil)))
	}))
	base := "http://" + s.city.Host + ":8080"
	s.get("/?fatto=<script>alert(1)</script>").status(t, 200).lacks(t, "<script>").holds(t, "Casa|"+base+"|")
	s.get("/?fatto=nulla.di.noto", header("X-Forwarded-Host", "evil.example"), header("X-Forwarded-Proto", "https")).
		holds(t, base+"|fatto=nulla.di.noto||false").lacks(t, "evil.example")
}

func TestSee_LeadsNowhereElse(t *testing.T) {
	t.Parallel()
	s := open(t, []web.Route{{Method: "POST", Path: "/", Who: web.Anyone, Handle: func(r *web.Request) error { return r.See(r.Form("to")) }}})
	for to, want := range map[string]string{
		"/servizi?q=a//b": "/servizi?q=a//b", "/en/servizi": "/en/servizi", "//evil.example": "/", "/en//evil.example": "/", "/\\evil.example": "/",
		"https://evil.example": "/", "": "/", "servizi": "/",
	} {
		s.post("/", "to="+url.QueryEscape(to)).status(t, 303).has(t, "Location", want)
	}
}

func TestOwn_IsKeptByNobodyEvenUnsigned(t *testing.T) {
	t.Parallel()
	page := func(r *web.Request) error { return r.Show(show("x")) }
	s := open(t, []web.Route{
		{Method: "GET", Path: "/verifica/:token", Who: web.Anyone, Class: web.Own, Handle: page},
		{Method: "GET", Path: "/servizi", Who: web.Anyone, Class: web.Portal, Handle: page},
	})
	s.get("/verifica/abc").status(t, 200).has(t, "Cache-Control", "no-store")
	s.get("/en/verifica/abc").status(t, 200).has(t, "Cache-Control", "no-store")
	s.get("/servizi").status(t, 200).has(t, "Cache-Control", "private, no-cache")
}
