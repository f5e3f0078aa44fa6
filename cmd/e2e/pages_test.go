package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// route is one row of `welfarex routes --json`.
type route struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Who    string `json:"who"`
	Bare   bool   `json:"bare"`
}

// notPages are routes that answer with something else than a page.
var notPages = regexp.MustCompile(`^/(api|media|static|theme|livez|readyz|favicon|robots\.txt|sitemap)|\.(csv|pdf)$`)

// pageRoutes are the program's pages, from its own table.
func pageRoutes(t testing.TB) []route {
	t.Helper()
	var all, pages []route
	if err := json.Unmarshal([]byte(call(t, process{args: []string{"routes", "--json"}, data: shared.data}).out), &all); err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if r.Method == http.MethodGet && !notPages.MatchString(r.Path) {
			pages = append(pages, r)
		}
	}
	return pages
}

// matches says whether a path is one of the route's; exact counts the parts that are not parameters.
func (r route) matches(path string) (exact int, ok bool) {
	want, have := strings.Split(r.Path, "/"), strings.Split(path, "/")
	if len(want) != len(have) {
		return 0, false
	}
	for i := range want {
		switch {
		case want[i] == have[i]:
			exact++
		case !strings.HasPrefix(want[i], ":") || have[i] == "":
			return 0, false
		}
	}
	return exact, true
}

// routeOf finds the route of a path, as the server does: what is written out goes before parameters.
func routeOf(routes []route, path string) (found route, ok bool) {
	best := -1
	for _, r := range routes {
		if exact, fits := r.matches(path); fits && exact > best {
			found, best, ok = r, exact, true
		}
	}
	return found, ok
}

// kind is one kind of page: an address that shows it, and who may look.
type kind struct {
	name   string
	path   string
	role   string // "" for a visitor, a role, "halfway" or "invited"
	status int
}

// visitors of all sorts, in the order in which a page is given to them.
var visitors = []string{"", "citizen", "provider", "welfare_manager", "municipality", "city_admin"}

// explore follows the links of a city as each role sees them, until every route of the table has an address that is linked somewhere.
func explore(t *testing.T, routes []route, c city, sessions map[string]string, mailed []string) (found map[string]kind, elsewhere map[string]bool) {
	t.Helper()
	found, elsewhere = map[string]kind{}, map[string]bool{}
	for _, role := range visitors {
		queue, visits := []string{"/", "/area-personale", "/ente", "/comune", "/amministrazione"}, map[string]int{}
		if role == "" {
			queue = append([]string{"/"}, mailed...)
		}
		seen := map[string]bool{}
		for len(queue) > 0 {
			path := queue[0]
			queue = queue[1:]
			bare, _, _ := strings.Cut(path, "?")
			r, ok := routeOf(routes, bare)
			if !ok || seen[path] || visits[r.Path] >= 3 {
				continue
			}
			seen[path] = true
			visits[r.Path]++
			answer := shared.ask(t, c.host(), path, "Cookie", "__Host-session="+sessions[role])
			if to := answer.header.Get("Location"); answer.status == http.StatusSeeOther && strings.HasPrefix(to, "/") && !strings.HasPrefix(to, "/accedi") {
				elsewhere[r.Path] = true // it is a way to another page
				queue = append(queue, to)
			}
			if answer.status != http.StatusOK || !strings.HasPrefix(answer.header.Get("Content-Type"), "text/html") {
				continue
			}
			if _, known := found[r.Path]; !known {
				found[r.Path] = kind{name: nameOf(r.Path), path: path, role: role, status: http.StatusOK}
			}
			queue = append(queue, links(answer.body)...)
		}
	}
	return found, elsewhere
}

func nameOf(pattern string) string {
	name := strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(pattern, "-"), "-")
	return cmp.Or(name, "home")
}

var reference = regexp.MustCompile(`(?:href|action)="(/[^"#]*)`)

// links are the addresses within the city that a page leads to.
func links(body string) []string {
	var all []string
	for _, m := range reference.FindAllStringSubmatch(body, -1) {
		path := html.UnescapeString(m[1])
		if !strings.HasPrefix(path, "//") && path != "/en" && !strings.HasPrefix(path, "/en/") {
			all = append(all, path)
		}
	}
	return all
}

// carry gives the tab a session that was begun elsewhere.
func (w *tab) carry(session string) {
	w.t.Helper()
	if session == "" {
		return
	}
	yes := true
	_, err := chromedp.Call(w.ctx, network.SetCookie, network.SetCookieParams{Name: "__Host-session", Value: session, URL: w.city.URL + "/", Path: "/", Secure: &yes, HTTPOnly: &yes})
	w.must("carry a session", err)
}

// unlinked are pages to which nothing leads but a form that was taken.
var unlinked = map[string]string{
	"/registrati/grazie": "/registrati/grazie", "/password-dimenticata/inviata": "/password-dimenticata/inviata",
}

func TestPages(t *testing.T) {
	t.Parallel()
	c := shared.city("cremona")
	routes := pageRoutes(t)
	sessions := map[string]string{}
	for _, role := range visitors[1:] {
		sessions[role] = signInOverHTTP(t, shared, c, c.person(role))
	}
	mailed, invited := mailedAddresses(t, c, sessions["city_admin"])
	sessions["invited"] = invited
	half := &caller{d: shared, city: c}
	admin := c.person("city_admin")
	half.send(t, "/accedi", url.Values{"email": {admin.Email}, "password": {admin.Password}})
	sessions["halfway"] = half.session
	program := &caller{d: shared, city: c, session: sessions["citizen"]}
	if status, _ := program.post(t, "/area-personale/sessioni/chiavi", url.Values{
		"name": {"Il mio programma"}, "scopes": {"orders:read"}, "days": {"7"}, "password": {c.person("citizen").Password},
	}); status != http.StatusOK {
		t.Errorf("a key for a program: %d", status)
	}
	found, elsewhere := explore(t, routes, c, sessions, mailed)
	for pattern, path := range unlinked {
		found[pattern] = kind{name: nameOf(pattern), path: path, status: http.StatusOK}
	}
	const retry = "/ente/ordini/:id/rimborso" // linked once a bank has refused a refund
	order := found["/ente/ordini/:id"]
	found[retry] = kind{name: nameOf(retry), path: order.path + "/rimborso", role: order.role, status: http.StatusOK}
	for _, r := range routes {
		if _, ok := found[r.Path]; !ok && !elsewhere[r.Path] && r.Who != "halfway" {
			t.Errorf("no page leads to %s (%s)", r.Path, r.Who)
		}
	}
	kinds := slices.Collect(maps.Values(found))
	slices.SortFunc(kinds, func(a, b kind) int { return strings.Compare(a.name, b.name) })
	kinds = append(kinds, states(t, c)...)

	var mu sync.Mutex
	titles := map[string]string{}
	t.Run("each", func(t *testing.T) {
		for _, k := range kinds {
			t.Run(k.name, func(t *testing.T) {
				t.Parallel()
				w := chrome.open(t, c, true)
				w.carry(sessions[k.role])
				if status := w.visit(k.path); status != k.status {
					t.Fatalf("%s answers %d", k.path, status)
				}
				w.examine(k.name)
				w.picture(k.name)
				if title := js[string](w, "document.title"); !strings.Contains(k.name, "--") {
					mu.Lock()
					if other, taken := titles[title]; taken {
						t.Errorf("%s and %s have the same title %q", k.name, other, title)
					}
					titles[title] = k.name
					mu.Unlock()
				}
				w.emptyForms(k)
				w.withoutItsScripts(k)
			})
		}
	})
}

// withoutItsScripts looks again, with the page's scripts failing to load, and at the English twin.
func (w *tab) withoutItsScripts(k kind) {
	w.t.Helper()
	w.blockScripts()
	if status := w.visit(k.path); status != k.status {
		w.t.Fatalf("%s answers %d the second time", k.path, status)
	}
	for _, width := range []int64{desk, phone} {
		w.resize(width)
		w.violations(k.name + " without its scripts")
	}
	w.resize(narrow)
	w.fits(k.name + "-without-scripts")
	w.resize(desk)
	if status := w.visit("/en" + strings.TrimSuffix(k.path, "/")); status != k.status {
		w.t.Errorf("its English twin answers %d", status)
		return
	}
	if lang := js[string](w, "document.documentElement.lang"); lang != "en" {
		w.t.Errorf("its English twin has the language %q", lang)
	}
	w.structure(k.name + " in English")
	w.violations(k.name + " in English")
	w.shot("en-" + k.name)
}

// emptyForms sends every form of the page that people write in, with nothing in it, and looks at how it comes back.
func (w *tab) emptyForms(k kind) {
	w.t.Helper()
	if k.name == "comune-servizi-id" {
		return // its first button decides, and what is decided no longer waits
	}
	forms := js[int](w, writtenForms+".length")
	for i := range forms {
		if i > 0 {
			if status := w.visit(k.path); status != k.status {
				return
			}
		}
		w.relax()
		at := w.aim(fmt.Sprintf("form %d of %s", i+1, k.name), `((f) => {
			for (const e of f.elements) if (e.matches('input:not([type=hidden]):not([type=radio]):not([type=checkbox]), textarea')) e.value = ''
			for (let d = f.closest('details'); d; d = d.parentElement.closest('details')) d.open = true
			return f.querySelector('button:not([type=button])')
		})(`+writtenForms+`[$1])`, i)
		status := w.clickThrough(at, "an empty form")
		name := fmt.Sprintf("%s--empty-%d", k.name, i+1)
		switch status {
		case http.StatusUnprocessableEntity:
			if w.count(`[aria-invalid=true], [role=alert]`) == 0 {
				w.t.Errorf("%s does not say what is wrong", name)
			}
			w.examine(name)
			w.picture(name)
		case http.StatusOK, http.StatusConflict: // another page of the same draft was saved meanwhile: they are looked at side by side
		default:
			w.t.Errorf("%s answers %d", name, status)
		}
	}
}

const writtenForms = `[...document.querySelectorAll('main form[method=post]')].filter((f) => f.querySelector('input:not([type=hidden]):not([type=radio]):not([type=checkbox]), textarea'))`

// states are kinds of pages that no link leads to: nothing found, not found, not allowed, and the steps of coming in. Their names hold "--",
// for their titles may be those of the page in its usual state.
func states(t *testing.T, c city) []kind {
	t.Helper()
	list := shared.ask(t, c.host(), "/servizi").body
	var slugs []string
	for _, m := range regexp.MustCompile(`data-element="service-link"|name="s" value="([a-z0-9-]+)"`).FindAllStringSubmatch(list, -1) {
		if m[1] != "" && len(slugs) < 3 {
			slugs = append(slugs, m[1])
		}
	}
	if len(slugs) != 3 {
		t.Errorf("the list offers %d services to compare", len(slugs))
	}
	ok, gone := http.StatusOK, http.StatusNotFound
	return []kind{
		{name: "servizi--nothing-found", path: "/servizi?q=zzxqwk", status: ok},
		{name: "servizi--searched", path: "/servizi?q=assistenza+anziani", status: ok},
		{name: "servizi--filtered", path: "/servizi?per=anziani&prezzo=gratis", status: ok},
		{name: "servizi--page-2", path: "/servizi?pagina=2", status: ok},
		{name: "confronta--three", path: "/confronta?servizi=" + strings.Join(slugs, ","), status: ok},
		{name: "not-found", path: "/servizi/che-non-c-e", status: gone},
		{name: "not-found--anywhere", path: "/a/b/c", status: gone},
		{name: "link-spent", path: "/verifica/" + strings.Repeat("A", 43), status: gone},
		{name: "forbidden", path: "/amministrazione", role: "citizen", status: http.StatusForbidden},
		{name: "accedi--code", path: "/accedi/codice", role: "halfway", status: ok},
		{name: "accedi--after-logout", path: "/accedi?poi=%2Farea-personale&fatto=accounts.password_reset", status: ok},
		{name: "factor--offered-to-staff", path: "/area-personale/secondo-fattore", role: "invited", status: ok},
		{name: "factor--kept", path: "/area-personale/secondo-fattore", role: "city_admin", status: ok},
		{name: "area-personale--staff", path: "/area-personale", role: "municipality", status: ok},
		{name: "home--signed-in", path: "/", role: "provider", status: ok},
		{name: "profile--done", path: "/area-personale/profilo?fatto=accounts.profile", role: "citizen", status: ok},
	}
}

// mailedAddresses are pages to which only letters lead: they are asked for here, in the name of people made for it. It also gives the
// session of somebody invited who has still to set up the second factor.
func mailedAddresses(t *testing.T, c city, admin string) (paths []string, invited string) {
	t.Helper()
	began := time.Now()
	link := func(address string) string {
		l := shared.letterTo(t, address, began)
		return strings.TrimPrefix(l.link(t, c), c.URL)
	}
	lina, nuova, rocco := newcomer("lina", c), newcomer("nuova", c), newcomer("rocco", c)
	visitor := &caller{d: shared, city: c}
	visitor.send(t, "/registrati", url.Values{"name": {"Lina Moretti"}, "email": {lina}, "password": {"fiume largo e lento"}, "terms": {"1"}})
	visitor.send(t, "/password-dimenticata", url.Values{"email": {c.person("citizen").Email}})
	boss := &caller{d: shared, city: c, session: admin}
	for _, address := range []string{nuova, rocco} {
		boss.send(t, "/amministrazione/persone/invito", url.Values{"email": {address}, "role": {"municipality"}})
	}
	taken := link(rocco)
	colleague := &caller{d: shared, city: c}
	colleague.send(t, taken, url.Values{"name": {"Rocco Bassi"}, "password": {"torre alta nel cielo"}, "terms": {"1"}})
	return []string{link(lina), link(c.person("citizen").Email), link(nuova)}, colleague.session
}
