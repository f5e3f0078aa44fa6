package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// screens is where pictures of the pages go.
const screens = "../../.screens"

// The widths at which pages are looked at: a phone, a desk, and the narrowest screen that must do.
const (
	phone  = 375
	desk   = 1280
	narrow = 320
)

// browser is one Chromium for all tests; each tab has cookies of its own.
type browser struct{ ctx context.Context }

func openBrowser(ctx context.Context, dir string) (*browser, func(), error) {
	path := os.Getenv("CHROMIUM")
	if path == "" {
		path = "/usr/bin/chromium"
	}
	if _, err := os.Stat(path); err != nil {
		return nil, nil, fmt.Errorf("no Chromium (CHROMIUM names it): %w", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("lang", "it"))
	ctx, closeAllocator := chromedp.NewExecAllocator(ctx, options...)
	ctx, closeBrowser := chromedp.NewContext(ctx)
	closeAll := func() { closeBrowser(); closeAllocator() }
	if err := chromedp.Do(ctx); err != nil {
		closeAll()
		return nil, nil, fmt.Errorf("start Chromium: %w", err)
	}
	return &browser{ctx}, closeAll, nil
}

// tab is one person's window on one city.
type tab struct {
	t       testing.TB
	ctx     context.Context
	city    city
	scripts bool
	width   int64

	mu       sync.Mutex
	loading  string   // the document that is being loaded
	mishaps  []string // what the browser complained of
	silenced bool
	deaf     bool // files are blocked on purpose
}

// silence stops noting what the browser complains of.
func (w *tab) silence(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.silenced = on
}

// open gives a new window with cookies of its own: at a desk with scripts, or on a phone whose browser runs none.
func (b *browser) open(t testing.TB, c city, scripts bool) *tab {
	t.Helper()
	w := &tab{t: t, city: c, scripts: scripts}
	ctx, closeTab := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(w.listen))
	w.ctx = ctx
	t.Cleanup(func() {
		closeTab()
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, m := range w.mishaps {
			t.Errorf("the browser complains: %s", m)
		}
	})
	w.must("open a tab", chromedp.Do(ctx))
	_, err := chromedp.Call(ctx, cdplog.Enable, cdp.Empty{})
	w.must("listen to the browser's log", err)
	_, err = chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !scripts})
	w.must("switch scripts", err)
	_, err = chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-reduced-motion", Value: "reduce"}}})
	w.must("ask for no motion", err)
	w.resize(desk)
	if !scripts {
		w.resize(phone)
	}
	return w
}

// listen notes exceptions, refused styles and scripts, and files that are missing.
func (w *tab) listen(ev any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch ev := ev.(type) {
	case *network.EventRequestWillBeSent:
		if ev.Type == network.ResourceTypeDocument {
			w.loading = ev.Request.URL
		}
	case *runtime.EventExceptionThrown:
		w.note("exception: " + ev.ExceptionDetails.Text + " at " + ev.ExceptionDetails.URL)
	case *cdplog.EventEntryAdded:
		if ev.Entry.Level == "error" && (ev.Entry.Source != "network" || !sameURL(ev.Entry.URL, w.loading)) {
			w.note(ev.Entry.Text + " " + ev.Entry.URL)
		}
	}
}

func sameURL(a, b string) bool {
	a, _, _ = strings.Cut(a, "#")
	b, _, _ = strings.Cut(b, "#")
	return a == b
}

func (w *tab) note(mishap string) {
	if !w.silenced && !w.deaf {
		w.mishaps = append(w.mishaps, mishap)
	}
}

func (w *tab) must(what string, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
}

// do runs a step with bounded patience.
func do[T any](w *tab, what string, step chromedp.Action[T]) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience/2)
	defer cancel()
	v, err := chromedp.Run(ctx, step)
	if errors.Is(err, context.DeadlineExceeded) {
		w.shot("timeout-" + regexp.MustCompile(`\W+`).ReplaceAllString(w.t.Name(), "-"))
	}
	w.must(what, err)
	return v
}

// js evaluates an expression in the page; that works where pages may run no scripts too, as long as nothing is awaited.
func js[T any](w *tab, expression string, args ...any) T {
	w.t.Helper()
	for i, arg := range args {
		raw, err := json.Marshal(arg)
		w.must("write an argument", err)
		expression = strings.ReplaceAll(expression, fmt.Sprintf("$%d", i+1), string(raw))
	}
	return do(w, "evaluate "+expression[:min(len(expression), 120)], chromedp.Evaluate[T](expression))
}

func (w *tab) resize(width int64) {
	w.t.Helper()
	w.width = width
	height := int64(900)
	if width < 700 {
		height = 812
	}
	do(w, "resize", chromedp.EmulateViewport(width, height))
}

// url is an address within the tab's city, or a whole one.
func (w *tab) url(path string) string {
	if strings.HasPrefix(path, "http") {
		return path
	}
	return w.city.URL + path
}

// visit goes to a path and gives the status it was answered with.
func (w *tab) visit(path string) int {
	w.t.Helper()
	res := do(w, "visit "+path, chromedp.NavigateResponse(w.url(path)))
	if res == nil {
		return 0
	}
	return int(res.Status)
}

// go200 visits what must be there.
func (w *tab) go200(path string) {
	w.t.Helper()
	if status := w.visit(path); status != 200 {
		w.t.Fatalf("%s answers %d: %s", path, status, w.heading())
	}
}

func (w *tab) path() string {
	return js[string](w, `location.pathname + location.search`)
}

func (w *tab) heading() string {
	return js[string](w, `(document.querySelector('h1')?.innerText || document.body.innerText.slice(0, 200)).trim()`)
}

func (w *tab) text() string { return js[string](w, `document.body.innerText`) }

func (w *tab) count(selector string) int {
	return js[int](w, `[...document.querySelectorAll($1)].filter((e) => e.checkVisibility()).length`, selector)
}

func fold(s string) string { return strings.ToLower(strings.Join(strings.Fields(s), " ")) }

// expect fails unless the page shows all the words.
func (w *tab) expect(words ...string) {
	w.t.Helper()
	text := fold(w.text())
	for _, one := range words {
		if !strings.Contains(text, fold(one)) {
			w.shot("missing-" + regexp.MustCompile(`\W+`).ReplaceAllString(w.t.Name(), "-"))
			w.t.Fatalf("%s does not say %q:\n%s", w.path(), one, text[:min(len(text), 3000)])
		}
	}
}

// at fails unless the page's path begins so.
func (w *tab) at(path string) {
	w.t.Helper()
	if got := w.path(); !strings.HasPrefix(got, path) {
		w.shot("elsewhere-" + regexp.MustCompile(`\W+`).ReplaceAllString(w.t.Name(), "-"))
		w.t.Fatalf("at %s (%q) instead of %s:\n%.1500s", got, w.heading(), path, w.text())
	}
}

// shot keeps a picture of the whole page at the present width.
func (w *tab) shot(name string) {
	ctx, cancel := context.WithTimeout(w.ctx, 20*time.Second)
	defer cancel()
	png, err := chromedp.Run(ctx, chromedp.FullScreenshot(100))
	if err != nil {
		w.t.Logf("no picture of %s: %v", name, err)
		return
	}
	if err := os.WriteFile(filepath.Join(screens, fmt.Sprintf("%s-%d.png", name, w.width)), png, 0o644); err != nil { //nolint:gosec // pictures of invented people
		w.t.Logf("no picture of %s: %v", name, err)
	}
}

// picture keeps the page at both widths, with the pictures that would come later, while one scrolls.
func (w *tab) picture(name string) {
	w.t.Helper()
	if !w.scripts {
		name += "-noscript"
	}
	before := w.width
	js[int](w, `[...document.images].map((i) => { i.loading = 'eager' }).length`)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline) && !js[bool](w, `[...document.images].every((i) => i.complete)`); {
		time.Sleep(20 * time.Millisecond)
	}
	for _, width := range []int64{phone, desk} {
		w.resize(width)
		w.shot(name)
	}
	w.resize(before)
}

// session is the value of the session cookie, or "".
func (w *tab) session() string {
	res, err := chromedp.Call(w.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{w.city.URL + "/"}})
	w.must("read cookies", err)
	for _, c := range res.Cookies {
		if c.Name == "__Host-session" {
			return c.Value
		}
	}
	return ""
}

// bothWays runs a journey with scripts and without, in two cities, so that people met in one are not those of the other.
func bothWays(t *testing.T, with, without string, journey func(*testing.T, city, bool)) {
	t.Run("with scripts", func(t *testing.T) { t.Parallel(); journey(t, shared.city(with), true) })
	t.Run("without scripts", func(t *testing.T) { t.Parallel(); journey(t, shared.city(without), false) })
}
