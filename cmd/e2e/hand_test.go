package e2e

import (
	"context"
	"regexp"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// find looks for something to press by its words, first in the page's own content: the one that says just that, or else the first whose words
// begin with it, or hold it.
const find = `((words, also) => {
  const say = (e) => (e.getAttribute('aria-label') || e.innerText || e.textContent || e.value || '').replace(/\s+/g, ' ').trim()
  const seen = (e) => e.checkVisibility({checkVisibilityCSS: true}) && e.getClientRects().length
  const all = (root) => root ? [...root.querySelectorAll('a[href], button, summary, label, input[type=submit]')].filter(seen) : []
  const list = [...all(document.querySelector('main')), ...all(document)]
  const want = words.toLowerCase()
  const pick = (ok) => list.find((e) => ok(say(e).toLowerCase()))
  return pick((s) => s === want) || pick((s) => s.startsWith(want)) || pick((s) => s.includes(want))
})`

// point scrolls an element into view and gives its middle, or says what lies over it.
const point = `((e) => {
  if (!e) return {error: 'there is none'}
  e.scrollIntoView({block: 'center', inline: 'nearest', behavior: 'instant'})
  const box = [...e.getClientRects()].find((r) => r.width && r.height)
  if (!box) return {error: 'it has no size'}
  const x = box.x + box.width / 2, y = box.y + box.height / 2
  const top = document.elementFromPoint(x, y)
  if (!top || !(e === top || e.contains(top) || top.contains(e) && top.tagName === 'LABEL')) return {error: 'it is covered by ' + (top ? top.outerHTML.slice(0, 160) : 'nothing')}
  return {x, y}
})`

type spot struct {
	X, Y  float64
	Error string
}

// aim gives the place of an element for the mouse.
func (w *tab) aim(what, element string, args ...any) spot {
	w.t.Helper()
	at := js[spot](w, point+"("+element+")", args...)
	if at.Error != "" {
		w.shot("cannot-press-" + regexp.MustCompile(`\W+`).ReplaceAllString(w.t.Name(), "-"))
		w.t.Fatalf("cannot press %q on %s (%q): %s", what, w.path(), w.heading(), at.Error)
	}
	return at
}

// press clicks what says words, waits for the page that follows, and gives its status.
func (w *tab) press(words string) int {
	w.t.Helper()
	return w.clickThrough(w.aim(words, find+"($1)", words), words)
}

// pressElement is press for what has no words of its own.
func (w *tab) pressElement(selector string) int {
	w.t.Helper()
	return w.clickThrough(w.aim(selector, "document.querySelector($1)", selector), selector)
}

func (w *tab) clickThrough(at spot, what string) int {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience/2)
	defer cancel()
	res, err := chromedp.RunResponse(ctx, chromedp.MouseClickXY(at.X, at.Y))
	if err != nil {
		w.shot("no-page-" + regexp.MustCompile(`\W+`).ReplaceAllString(w.t.Name(), "-"))
	}
	w.must("press "+what+" on "+w.path(), err)
	return int(res.Status)
}

// toggle clicks what opens or ticks something on the same page.
func (w *tab) toggle(words string) {
	w.t.Helper()
	w.click(w.aim(words, find+"($1)", words))
}

// click presses the mouse where something is, with no page to follow.
func (w *tab) click(at spot) {
	w.t.Helper()
	do(w, "click", chromedp.MouseClickXY(at.X, at.Y))
}

// tick clicks a radio button or checkbox of that name and value ("" for any): the box itself, for its label may hold links.
func (w *tab) tick(name, value string) {
	w.t.Helper()
	w.click(w.aimBox(name, value))
	if !js[bool](w, `[...document.querySelectorAll('input[name="' + $1 + '"]')].some((e) => e.checked && (!$2 || e.value === $2))`, name, value) {
		w.t.Fatalf("%s=%s did not get ticked", name, value)
	}
}

// aimBox gives the place of a box, or of the beginning of its label where the box itself is drawn by the label.
func (w *tab) aimBox(name, value string) spot {
	w.t.Helper()
	what := name + "=" + value
	at := js[spot](w, `(() => {
		const e = [...document.querySelectorAll('input[name="' + $1 + '"]')].find((e) => !$2 || e.value === $2)
		if (!e) return {error: 'there is none'}
		const shown = e.labels[0] || e
		shown.scrollIntoView({block: 'center', behavior: 'instant'})
		const box = e.getBoundingClientRect(), label = shown.getBoundingClientRect()
		for (const [x, y] of [[box.x + box.width / 2, box.y + box.height / 2], [label.x + 10, label.y + Math.min(label.height / 2, 14)], [label.x + label.width / 2, label.y + label.height / 2]]) {
			const top = document.elementFromPoint(x, y)
			if (top && (top === e || shown.contains(top) && !top.closest('a'))) return {x, y}
		}
		return {error: 'it is covered'}
	})()`, name, value)
	if at.Error != "" {
		w.shot("cannot-tick-" + regexp.MustCompile(`\W+`).ReplaceAllString(w.t.Name(), "-"))
		w.t.Fatalf("cannot tick %s on %s: %s", what, w.path(), at.Error)
	}
	return at
}

// reveal opens the details in which a field or button waits.
func (w *tab) reveal(selector string) {
	w.t.Helper()
	if w.count(selector) == 0 {
		w.click(w.aim("what holds "+selector, "document.querySelector($1)?.closest('details')?.querySelector('summary')", selector))
	}
}

// fill writes into the field of that name, over what is there.
func (w *tab) fill(name, value string) {
	w.t.Helper()
	ok := js[bool](w, `(() => { const e = [...document.querySelectorAll('[name="' + $1 + '"]:not([type=hidden])')].find((e) => e.checkVisibility()); if (!e) return false; e.focus(); e.select?.(); return true })()`, name)
	if !ok {
		w.t.Fatalf("%s has no field %q", w.path(), name)
	}
	if js[string](w, `document.activeElement.type || ''`) == "date" || value == "" {
		js[bool](w, `(document.activeElement.value = $1, true)`, value)
		return
	}
	_, err := chromedp.Call(w.ctx, input.InsertText, input.InsertTextParams{Text: value})
	w.must("write into "+name, err)
	if got := js[string](w, `document.activeElement.value`); got != value {
		w.t.Fatalf("field %s holds %q instead of %q", name, got, value)
	}
}

// send presses the button of the form that holds the field, and gives the status of the page that follows.
func (w *tab) send(field string) int {
	w.t.Helper()
	at := w.aim("the button of the form with "+field, `(() => {
		const e = [...document.querySelectorAll('[name="' + $1 + '"]:not([type=hidden])')].find((e) => e.checkVisibility())
		return e && e.form && [...e.form.elements].find((b) => b.matches('button:not([type=button]), [type=submit]') && b.checkVisibility())
	})()`, field)
	return w.clickThrough(at, "the button of the form with "+field)
}

// relax lets a form be sent that the browser itself would hold back, to see what the server says.
func (w *tab) relax() {
	js[int](w, `[...document.forms].map((f) => { f.noValidate = true }).length`)
}
