package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// witness takes down what would have failed a test.
type witness struct {
	testing.TB
	said []string
}

func (t *witness) Errorf(format string, args ...any) {
	t.said = append(t.said, fmt.Sprintf(format, args...))
}
func (t *witness) Error(args ...any) { t.said = append(t.said, fmt.Sprint(args...)) }

// Zeros count only from eyes that see: each fault is planted in a page that has none.
func TestExamine_SeesWhatIsPlanted(t *testing.T) {
	t.Parallel()
	w := chrome.open(t, shared.city("torino"), true)
	for _, c := range []struct{ fault, plant, says string }{
		{"nothing", "true", ""},
		{"a picture without words", "document.querySelector('main').append(Object.assign(new Image(), {src: '/favicon.svg'}))", "image-alt"},
		{"pale letters", "document.styleSheets[0].insertRule('main p { color: #aaa !important; background: #fff !important }')", "color-contrast"},
		{"a second main heading", "document.querySelector('main').append(document.createElement('h1')), document.querySelector('main').lastChild.append('Ancora')", "main headings"},
		{"no language", "document.documentElement.removeAttribute('lang')", "language"},
		{"no title", "document.title = ''", "title"},
		{"the key of a word", "document.querySelector('main p').append(' places.nowhere ')", "places.nowhere"},
		{"no way past the header", "document.querySelector('.skiplink').remove()", "way past the header"},
		{"something wide", "document.styleSheets[0].insertRule('h1 { min-width: 700px }')", "sideways"},
	} {
		w.go200("/punti")
		js[bool](w, "("+c.plant+", true)")
		seen := &witness{TB: t}
		w.t = seen
		w.examine("planted")
		w.t = t
		said := strings.Join(seen.said, "\n")
		if c.says == "" && said != "" || !strings.Contains(said, c.says) {
			t.Errorf("%s is planted, and what is seen is: %s", c.fault, said)
		}
	}
	w.go200("/punti")
	js[int](w, "document.styleSheets[0].insertRule('*, *::before, *::after { outline: 0 !important; box-shadow: none !important; background: none !important; border-color: #000 !important; stroke: #000 !important; stroke-width: 1px !important }')")
	seen := &witness{TB: t}
	w.t = seen
	w.tabTo("anything", 12, func(at stop) bool { return strings.Contains(at.What, "/servizi") })
	w.t = t
	if len(seen.said) == 0 {
		t.Error("a focus that nothing shows is not missed")
	}
}
