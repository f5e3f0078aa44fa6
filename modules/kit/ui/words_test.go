package ui

import (
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/welfarex/welfarex/tenants"
)

func TestWords_CityOverridesModuleOverridesNothing(t *testing.T) {
	t.Parallel()
	words, err := Load(Locales, fstest.MapFS{
		"it.json": {Data: []byte(`{"home.ask":"Che cosa ti serve?","home.only":"Solo in italiano","home.found.zero":"Niente","home.found.one":"Un servizio","home.found.other":"{n} servizi per {who}"}`)},
		"en.json": {Data: []byte(`{"home.ask":"What do you need?"}`)},
	})
	if err != nil {
		t.Fatal(err)
	}
	city := &tenants.City{}
	city.Words = map[string]map[string]string{"it": {"home.ask": "Di che cosa hai bisogno?"}}

	for _, c := range []struct{ what, got, want string }{
		{"the city's own wording", words.For(city, "it").T("home.ask"), "Di che cosa hai bisogno?"},
		{"in the language it was given", words.For(city, "en").T("home.ask"), "What do you need?"},
		{"another city", words.For(nil, "it").T("home.ask"), "Che cosa ti serve?"},
		{"Italian where English is missing", words.For(nil, "en").T("home.only"), "Solo in italiano"},
		{"an unknown key shows itself", words.For(nil, "it").T("home.nothing"), "home.nothing"},
		{"zero", words.For(nil, "it").N("home.found", 0), "Niente"},
		{"one", words.For(nil, "it").N("home.found", 1), "Un servizio"},
		{"many, with values", words.For(nil, "it").N("home.found", 1234, "who", "te"), "1.234 servizi per te"},
		{"a value that is missing", words.For(nil, "it").N("home.found", 2), "2 servizi per {who}"},
		{"a brace in a value is left alone", words.For(nil, "it").N("home.found", 2, "who", "{n}"), "2 servizi per {n}"},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
}

func TestLoad_RefusesAKeyClaimedTwice(t *testing.T) {
	t.Parallel()
	_, err := Load(fstest.MapFS{"it.json": {Data: []byte(`{"a.b":"uno"}`)}}, fstest.MapFS{"it.json": {Data: []byte(`{"a.b":"due"}`)}})
	if err == nil || !strings.Contains(err.Error(), `"a.b"`) {
		t.Errorf("err = %v", err)
	}
}

func TestT_PlainKeysAllocateNothing(t *testing.T) {
	city := &tenants.City{}
	city.Words = map[string]map[string]string{"it": {"home.ask": "?"}}
	p := &Page{City: city, Lang: "it"}
	if n := testing.AllocsPerRun(100, func() { _ = p.T("shell.skip") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// A key is used where it stands as a literal: p.T("a.b"), p.N("a.b", n); a literal that goes on, p.T("a." + kind), uses all that begin so.
// Keys made in any other way are declared beside the code in a comment: //words: a.* b.c
var (
	literal  = regexp.MustCompile(`\.(T|N|Known)\(\s*"([^".]+\.[^"]*)"(\s*\+)?`) // a key has a dot; tenants.Item.Known takes none
	declared = regexp.MustCompile(`//\s?words:([^\n]*)`)
	comment  = regexp.MustCompile(`(?m)^\s*//.*$`)
	blank    = regexp.MustCompile(`\{[a-z_]+\}`)
)

type use struct{ key, plural, file string }

// TestWords_EveryKeyIsKnownAndUsed reads all modules: no page may show a bare key, no text may linger unused, and both languages say the same.
func TestWords_EveryKeyIsKnownAndUsed(t *testing.T) {
	t.Parallel()
	texts, uses, prefixes := readTree(t, "../../..")
	it, en := texts["it"], texts["en"]

	used := map[string]bool{}
	for _, u := range uses {
		wanted := []string{u.key}
		if u.plural == "N" {
			used[u.key+".zero"] = true
			wanted = []string{u.key + ".one", u.key + ".other"}
		}
		for _, key := range wanted {
			used[key] = true
			if _, ok := it[key]; !ok {
				t.Errorf("%s uses %q, which is in no locales/it.json", u.file, key)
			}
		}
	}
	for _, key := range slices.Sorted(maps.Keys(it)) {
		if _, ok := en[key]; !ok {
			t.Errorf("%q is missing in en.json", key)
		}
		if !used[key] && !slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) }) {
			t.Errorf("%q is used nowhere", key)
		}
		if blanks(it[key]) != blanks(en[key]) {
			t.Errorf("%q has other {values} in Italian than in English", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(en)) {
		if _, ok := it[key]; !ok {
			t.Errorf("%q is missing in it.json", key)
		}
	}
}

func blanks(text string) string {
	found := blank.FindAllString(text, -1)
	slices.Sort(found)
	return strings.Join(slices.DeleteFunc(slices.Compact(found), func(s string) bool { return s == "{n}" }), " ")
}

func readTree(t *testing.T, root string) (texts map[string]map[string]string, uses []use, prefixes []string) {
	t.Helper()
	texts = map[string]map[string]string{"it": {}, "en": {}}
	for _, folder := range []string{"modules", "cmd"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return nil //nolint:nilerr // a folder that is not there has no words
			}
			name := entry.Name()
			switch {
			case filepath.Base(filepath.Dir(path)) == "locales" && filepath.Ext(name) == ".json":
				readTexts(t, path, texts[strings.TrimSuffix(name, ".json")])
			case strings.HasSuffix(name, "_test.go"), strings.HasSuffix(name, "_templ.go"):
			case filepath.Ext(name) == ".go", filepath.Ext(name) == ".templ":
				more, starts := readUses(t, path)
				uses, prefixes = append(uses, more...), append(prefixes, starts...)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return texts, uses, prefixes
}

func readTexts(t *testing.T, path string, into map[string]string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]string
	if err := json.Unmarshal(raw, &texts); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	maps.Copy(into, texts)
}

func readUses(t *testing.T, path string) (uses []use, prefixes []string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range literal.FindAllStringSubmatch(comment.ReplaceAllString(string(raw), ""), -1) {
		if found[3] != "" {
			prefixes = append(prefixes, found[2])
		} else {
			uses = append(uses, use{key: found[2], plural: found[1], file: path})
		}
	}
	for _, found := range declared.FindAllStringSubmatch(string(raw), -1) {
		for _, key := range strings.Fields(found[1]) {
			if prefix, open := strings.CutSuffix(key, "*"); open {
				prefixes = append(prefixes, prefix)
			} else {
				uses = append(uses, use{key: key, file: path})
			}
		}
	}
	return uses, prefixes
}
