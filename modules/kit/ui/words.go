package ui

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/welfarex/welfarex/tenants"
)

// Locales holds the words of the shell itself; pass it to Load with the modules' own.
//
//go:embed locales/*.json
var Locales embed.FS

// Italian is what a missing translation falls back to.
const Italian = "it"

// Languages are those a page can be read in, in the order they are offered.
var Languages = []string{Italian, "en"}

// Words are all interface texts, by language and key. They are read at start and never change.
type Words struct {
	byLang map[string]map[string]string
}

// Load merges every <language>.json found at the root or under locales/ of each file system. Two modules may not claim the same key.
func Load(sources ...fs.FS) (*Words, error) {
	w := &Words{byLang: map[string]map[string]string{}}
	for _, lang := range Languages {
		w.byLang[lang] = map[string]string{}
	}
	var errs []error
	for _, source := range sources {
		for _, lang := range Languages {
			errs = append(errs, w.merge(source, lang))
		}
	}
	return w, errors.Join(errs...)
}

func (w *Words) merge(source fs.FS, lang string) error {
	raw, err := fs.ReadFile(source, path.Join("locales", lang+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = fs.ReadFile(source, lang+".json")
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("words %s: %w", lang, err)
	}
	var texts map[string]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		return fmt.Errorf("words %s: %w", lang, err)
	}
	into := w.byLang[lang]
	for key, text := range texts {
		if was, taken := into[key]; taken && was != text {
			return fmt.Errorf("words %s: %q is claimed twice", lang, key)
		}
		into[key] = text
	}
	return nil
}

// Has reports whether a key is known in a language; cities' own words are checked with it.
func (w *Words) Has(lang, key string) bool {
	_, ok := w.byLang[lang][key]
	return ok
}

// Keys lists what is known in a language, in order.
func (w *Words) Keys(lang string) []string {
	return slices.Sorted(maps.Keys(w.byLang[lang]))
}

// For is a voice that speaks a language in a city's own words; city may be nil.
func (w *Words) For(city *tenants.City, lang string) Voice {
	if w == nil {
		w = shell
	}
	v := Voice{words: w, lang: lang, common: w.byLang[lang]}
	if city != nil {
		v.own = city.Words[lang]
	}
	return v
}

// Voice says things in one language and one city's wording. It is a small value: make one wherever there is no Page, as in a mail.
type Voice struct {
	words  *Words
	lang   string
	own    map[string]string // the city's wording
	common map[string]string
}

// Lang is the language spoken, "it" or "en".
func (v Voice) Lang() string { return v.lang }

// T is the text of a key; args are pairs of a {name} in it and the value put there. An unknown key is shown as it is.
func (v Voice) T(key string, args ...any) string {
	text, ok := v.find(key)
	if !ok {
		return key
	}
	if len(args) == 0 {
		return text
	}
	return fill(text, args)
}

// N is the text for a number: key.zero if there is one and n is 0, key.one for 1, else key.other. {n} is the number, written out in the language.
func (v Voice) N(key string, n int, args ...any) string {
	text, ok := "", false
	if n == 0 {
		text, ok = v.find(key + ".zero")
	}
	if !ok && n == 1 {
		text, ok = v.find(key + ".one")
	}
	if !ok {
		text, ok = v.find(key + ".other")
	}
	if !ok {
		return key
	}
	return fill(text, append([]any{"n", v.Number(n)}, args...))
}

// Known reports whether T would find the key.
func (v Voice) Known(key string) bool {
	_, ok := v.find(key)
	return ok
}

func (v Voice) find(key string) (string, bool) {
	if len(v.own) > 0 {
		if text, ok := v.own[key]; ok {
			return text, true
		}
	}
	if text, ok := v.common[key]; ok {
		return text, true
	}
	words := v.words
	if words == nil {
		words = shell
	}
	text, ok := words.byLang[Italian][key]
	return text, ok
}

// shell speaks on pages made without words, as tests of a single component do.
var shell = must(Load(Locales))

func must(w *Words, err error) *Words {
	if err != nil {
		panic(err)
	}
	return w
}

// fill puts the values of name, value pairs where {name} stands; a {name} without a value stays.
func fill(text string, args []any) string {
	var b strings.Builder
	b.Grow(len(text) + 16)
	for {
		open := strings.IndexByte(text, '{')
		if open < 0 {
			break
		}
		length := strings.IndexByte(text[open:], '}')
		if length < 0 {
			break
		}
		b.WriteString(text[:open])
		token := text[open : open+length+1]
		if value, ok := valueOf(token[1:length], args); ok {
			b.WriteString(value)
		} else {
			b.WriteString(token)
		}
		text = text[open+length+1:]
	}
	b.WriteString(text)
	return b.String()
}

func valueOf(name string, args []any) (string, bool) {
	for i := 0; i+1 < len(args); i += 2 {
		if key, ok := args[i].(string); !ok || key != name {
			continue
		}
		switch value := args[i+1].(type) {
		case string:
			return value, true
		case int:
			return strconv.Itoa(value), true
		default:
			return fmt.Sprint(value), true
		}
	}
	return "", false
}
