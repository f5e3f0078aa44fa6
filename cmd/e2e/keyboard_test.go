package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// stop is what has the focus.
type stop struct {
	What    string // its beginning, as HTML
	Words   string
	Main    bool // the next step of a sheet
	Menu    bool // what opens the menu
	Nothing bool // the page itself
	Seen    bool // something shows that the focus is here
	Hidden  bool // out of the window, or under something else
}

// focused says what has the focus; that shows where something changes when the focus goes for a moment.
const focused = `(() => {
	const e = document.activeElement
	if (!e || e === document.body || e === document.documentElement) return {nothing: true}
	const around = [e, ...(e.labels || []), ...[...e.querySelectorAll('*')].slice(0, 8)]
	for (let up = e.parentElement, n = 0; up && n < 5; up = up.parentElement, n++) around.push(up)
	const look = () => around.map((el) => [null, '::before', '::after'].map((pseudo) => {
		const s = getComputedStyle(el, pseudo)
		return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow, s.borderColor, s.backgroundColor, s.stroke, s.strokeWidth].join()
	})).join()
	const withFocus = look()
	e.blur()
	const withoutFocus = look()
	e.focus({focusVisible: true, preventScroll: true})
	const shown = (e.matches('[type=checkbox], [type=radio]') && e.labels[0]) || e
	const r = [...shown.getClientRects()].find((r) => r.width && r.height) || {}
	const x = r.x + r.width / 2, y = r.y + r.height / 2
	const top = r.width && document.elementFromPoint(Math.min(Math.max(x, 0), innerWidth - 1), y)
	return {
		what: e.outerHTML.slice(0, 160), words: (e.innerText || e.getAttribute('aria-label') || '').trim(), main: e.matches('.next-step .btn-primary, .sheet-aside .btn-primary'),
		menu: e.matches('details.menu > summary'), seen: withFocus !== withoutFocus,
		hidden: !top || r.bottom < 0 || r.top > innerHeight || !(shown.contains(top) || top.contains(shown) || e.contains(top)),
	}
})()`

// tabTo presses Tab until a stop is wanted, and wants each on the way to be seen.
func (w *tab) tabTo(what string, most int, wanted func(stop) bool) stop {
	w.t.Helper()
	for range most {
		do(w, "press Tab", chromedp.KeyEvent(kb.Tab))
		at := js[stop](w, focused)
		switch {
		case at.Nothing:
			continue
		case !at.Seen:
			w.t.Errorf("%s at %d px: nothing shows that the focus is on %s", w.path(), w.width, at.What)
		case at.Hidden:
			w.t.Errorf("%s at %d px: what has the focus cannot be seen: %s", w.path(), w.width, at.What)
		}
		if wanted(at) {
			return at
		}
	}
	w.t.Fatalf("%s at %d px: %d times Tab does not lead to %s", w.path(), w.width, most, what)
	return stop{}
}

func TestKeyboard(t *testing.T) {
	t.Parallel()
	c := shared.city("torino")
	for _, width := range []int64{desk, phone} {
		w := chrome.open(t, c, true)
		w.resize(width)
		w.go200("/servizi")
		sheet := js[string](w, "new URL(document.querySelector('[data-element=service-link]').href).pathname")
		w.go200(sheet)
		w.tabTo("the next step", 40, func(at stop) bool { return at.Main })
		do(w, "press Enter", chromedp.KeyEvent(kb.Enter))
		if hash := js[string](w, "location.hash"); hash == "" {
			t.Error("Enter on the next step leads nowhere")
		}
		w.go200("/")
		w.tabTo("the end of the page", 200, func(at stop) bool { return strings.Contains(at.What, "/status") })
	}
}

func TestKeyboard_TheMenuOfAPhone(t *testing.T) {
	t.Parallel()
	for _, scripts := range []bool{true, false} {
		w := chrome.open(t, shared.city("torino"), scripts)
		w.resize(phone)
		w.go200("/punti")
		w.tabTo("the menu", 12, func(at stop) bool { return at.Menu })
		do(w, "open the menu", chromedp.KeyEvent(kb.Enter))
		if at := w.tabTo("the menu's first entry", 1, func(stop) bool { return true }); at.Words != "Servizi" {
			t.Errorf("in the open menu, Tab leads to %q", at.What)
		}
		w.shot("keyboard-menu")
		if scripts {
			do(w, "press Escape", chromedp.KeyEvent(kb.Escape))
			if at := js[stop](w, focused); !at.Menu || w.count(".menu-panel a") != 0 {
				t.Errorf("Escape leaves the menu open, or the focus on %q", at.What)
			}
		}
	}
}

func TestKeyboard_ComingIn(t *testing.T) {
	t.Parallel()
	c := shared.city("torino")
	p := c.person("citizen")
	w := chrome.open(t, c, true)
	w.go200("/accedi")
	w.tabTo("the address", 20, func(at stop) bool { return strings.Contains(at.What, `name="email"`) })
	do(w, "type the address", chromedp.KeyEvent(p.Email))
	w.tabTo("the password", 2, func(at stop) bool { return strings.Contains(at.What, `name="password"`) })
	do(w, "type the password", chromedp.KeyEvent(p.Password))
	res, err := chromedp.RunResponse(w.ctx, chromedp.KeyEvent(kb.Enter))
	if err != nil || res.Status != http.StatusOK {
		t.Fatalf("Enter: %v, %v", res, err)
	}
	w.at("/area-personale")
}
