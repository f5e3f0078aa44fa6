package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// axe is axe-core, from npm.
var axe = sync.OnceValues(func() (string, error) {
	raw, err := os.ReadFile("../../node_modules/axe-core/axe.min.js")
	if err != nil {
		return "", fmt.Errorf("axe-core is missing: run npm ci: %w", err)
	}
	return string(raw), nil
})

// examine wants of the page now shown, at a desk and on a phone: nothing that axe finds wrong (WCAG 2.1 A and AA), one heading, a language, a
// title, a way past the header, and at 320 pixels nothing to scroll sideways.
func (w *tab) examine(name string) {
	w.t.Helper()
	w.structure(name)
	for _, width := range []int64{desk, phone} {
		w.resize(width)
		w.violations(name)
	}
	w.resize(narrow)
	w.fits(name)
	w.resize(desk)
}

const runAxe = `axe.run(document, {
  runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'], resultTypes: ['violations'],
}).then((r) => r.violations.map((v) => v.id + ' (' + v.help + '): ' + v.nodes.slice(0, 4).map((n) => n.html.slice(0, 200) + ' → ' + n.failureSummary.replace(/\s+/g, ' ').slice(0, 300)).join(' | ')))`

func (w *tab) violations(name string) {
	w.t.Helper()
	source, err := axe()
	w.must("read axe", err)
	if !js[bool](w, "typeof axe === 'object'") {
		do(w, "load axe", chromedp.Evaluate[chromedp.Void](source))
	}
	w.silence(true)
	defer w.silence(false) // axe tries styles that our policy refuses
	for _, v := range do(w, "run axe on "+name, chromedp.Evaluate[[]string](runAxe, chromedp.EvalAwaitPromise)) {
		w.t.Errorf("%s at %d px, axe: %s", name, w.width, v)
	}
}

func (w *tab) structure(name string) {
	w.t.Helper()
	var page struct {
		Headings, Text []string
		Lang, Title    string
	}
	raw := js[string](w, `JSON.stringify({
		headings: [...document.querySelectorAll('h1')].filter((e) => e.checkVisibility()).map((e) => e.innerText.trim()), lang: document.documentElement.lang, title: document.title,
		text: [...document.body.innerText.matchAll(/[a-z_]+(\.[a-z_0-9]+)+|\{\{?[a-z_]+\}?\}|%!|<nil>|undefined|0001|&[a-z]+;/g)].map((m) => m[0]),
	})`)
	w.must("read the page", json.Unmarshal([]byte(raw), &page))
	if len(page.Headings) != 1 || page.Headings[0] == "" {
		w.t.Errorf("%s has the main headings %q", name, page.Headings)
	}
	if page.Lang != "it" && page.Lang != "en" {
		w.t.Errorf("%s has the language %q", name, page.Lang)
	}
	if strings.TrimSpace(page.Title) == "" {
		w.t.Errorf("%s has no title", name)
	}
	for _, hole := range page.Text {
		prefix, _, dotted := strings.Cut(hole, ".")
		address := strings.HasSuffix(hole, ".example") || strings.HasSuffix(hole, ".it")
		if !dotted || wordPrefixes()[prefix] && !address {
			w.t.Errorf("%s shows the key of a word, or a hole: %q", name, hole)
		}
	}
	w.skips(name)
}

// wordPrefixes are what the keys of all words begin with: on a page they mean that a word is missing.
var wordPrefixes = sync.OnceValue(func() map[string]bool {
	prefixes := map[string]bool{}
	files, _ := filepath.Glob("../../modules/*/locales/it.json")
	for _, file := range append(files, "../../modules/kit/ui/locales/it.json") {
		raw, err := os.ReadFile(file)
		var words map[string]string
		if err != nil || json.Unmarshal(raw, &words) != nil {
			continue
		}
		for key := range words {
			prefix, _, _ := strings.Cut(key, ".")
			prefixes[prefix] = true
		}
	}
	return prefixes
})

// skips presses Tab and Enter: the first stop is seen, and leads to the content.
func (w *tab) skips(name string) {
	w.t.Helper()
	js[bool](w, "(scrollTo(0, 0), document.activeElement.blur(), getSelection().removeAllRanges(), true)")
	js[bool](w, "(document.querySelector('.skiplink')?.parentElement.insertAdjacentHTML('beforebegin', '<span tabindex=-1 data-start></span>'), document.querySelector('[data-start]')?.focus(), true)")
	do(w, "press Tab", chromedp.KeyEvent(kb.Tab))
	on := js[string](w, `(() => { const e = document.activeElement, r = e.getBoundingClientRect(); return e.matches('.skiplink') && r.width > 20 && r.height > 20 && r.top >= 0 && r.left >= 0 ? 'ok' : e.outerHTML.slice(0, 150) + ' ' + JSON.stringify(r) })()`)
	if on != "ok" {
		w.t.Errorf("%s: the first stop of Tab is not a visible way past the header: %s", name, on)
		return
	}
	do(w, "press Enter", chromedp.KeyEvent(kb.Enter))
	if at := js[string](w, `location.hash.slice(1) + ' ' + document.activeElement.id`); at != "main main" {
		w.t.Errorf("%s: the way past the header leads to %q", name, at)
	}
	js[bool](w, "(document.querySelector('[data-start]')?.remove(), document.activeElement.blur(), scrollTo(0, 0), true)")
}

// fits wants nothing to stick out of the narrowest screen, and says what does.
func (w *tab) fits(name string) {
	w.t.Helper()
	out := js[[]string](w, `(() => {
		const width = document.documentElement.clientWidth
		if (document.documentElement.scrollWidth <= width && document.body.scrollWidth <= width) return []
		const scrolls = (e) => { for (; e && e !== document.body; e = e.parentElement) if (getComputedStyle(e).overflowX !== 'visible') return true; return false }
		return [document.documentElement.scrollWidth + ' px', ...[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > width + 1 && !scrolls(e.parentElement)).map((e) => e.outerHTML.slice(0, 120)).slice(0, 4)]
	})()`)
	if len(out) > 0 {
		w.t.Errorf("%s at %d px must be scrolled sideways: %s", name, w.width, strings.Join(out, " | "))
		w.shot(name + "-wide")
	}
}

// blockScripts makes the page's own scripts fail to load, as on a bad network; the browser can still run ours.
func (w *tab) blockScripts() {
	w.t.Helper()
	w.deaf = true
	_, err := chromedp.Call(w.ctx, network.SetBlockedURLs, network.SetBlockedURLsParams{URLPatterns: []*network.BlockPattern{{URLPattern: "*://*:*/static/*.js", Block: true}}})
	w.must("block scripts", err)
}
