package tenants_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"

	"github.com/welfarex/welfarex/tenants"
)

const shapes = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96"><path d="M1 1h9" fill="#101010" stroke="#202020"/></svg>`

// anyCity is a small, complete folder: eight needs, one office, two programmes.
func anyCity() fstest.MapFS {
	files := fstest.MapFS{
		"city.yaml": {Data: []byte(`name: Prova
portal: Prova si prende cura
motto: Tutto in un posto solo
province: PR
istat: "034027"
catastale: G337
region: {name: Regione, url: https://www.regione.example}
hosts: []
languages: [it, en]
brand:
  primary: "#8C1C2B"
  accent: "#1D4D4F"
contacts: {phone: "0521 555 010", email: welfare@prova.example, address: Piazza 1, hours: lun–ven 9–17}
mail: {from_name: Prova si prende cura, from: noreply@prova.example, reply_to: welfare@prova.example}
home:
  lead: Qui si prova.
  examples: [assistenza anziani, asilo nido, pasti a casa]
  needs: [n1, n2, n3, n4, n5, n6, n7, n8]
words:
  it: {home.ask: "Che cosa ti serve oggi?"}
`)},
		"mark.svg":  {Data: []byte(shapes)},
		"motif.svg": {Data: []byte(shapes)},
		"offices.yaml": {Data: []byte(`- slug: sociale
  name: Settore sociale
  phone: "0521 555 020"
`)},
		"programmes/saap.yaml":   {Data: []byte("title: SAAP\noffice: sociale\npicture: disegno\n")},
		"programmes/aperto.yaml": {Data: []byte("title: Sempre aperto\n")},
		"pictures/disegno.svg":   {Data: []byte(strings.Replace(shapes, "h9", "h8", 1))},
	}
	var needs strings.Builder
	for i := range 8 {
		fmt.Fprintf(&needs, "- {slug: n%d, name: Bisogno %d}\n", i+1, i+1)
	}
	files["needs.yaml"] = &fstest.MapFile{Data: []byte(needs.String())}
	return files
}

// edit replaces a text in a file of a folder.
func edit(files fstest.MapFS, name, old, now string) fstest.MapFS {
	if !strings.Contains(string(files[name].Data), old) {
		panic(name + " does not hold " + old)
	}
	files[name] = &fstest.MapFile{Data: []byte(strings.Replace(string(files[name].Data), old, now, 1))}
	return files
}

type needFile struct {
	Slug string `yaml:"slug" validate:"required,slug"`
	Name string `yaml:"name" validate:"required,max=40"`
}

type officeFile struct {
	Slug  string `yaml:"slug" validate:"required,slug"`
	Name  string `yaml:"name" validate:"required"`
	Phone string `yaml:"phone" validate:"required"`
	About string `yaml:"about"`
}

type programmeFile struct {
	Title   string   `yaml:"title" validate:"required"`
	Office  string   `yaml:"office"`
	Picture string   `yaml:"picture"`
	Topics  []string `yaml:"topics"`
}

// parts are three tables with all that a part can hold: plain values, references, pictures.
var parts = []tenants.Part{
	{Table: "needs", Read: func(f *tenants.Folder) (rows []tenants.Row) {
		for _, item := range tenants.List(f, "needs.yaml", func(n needFile) string { return n.Slug }) {
			rows = append(rows, tenants.Row{Slug: item.Slug, Columns: map[string]any{"name": item.Value.Name, "icon": "casa", "position": item.Index}})
		}
		return rows
	}},
	{Table: "offices", Read: func(f *tenants.Folder) (rows []tenants.Row) {
		for _, item := range tenants.List(f, "offices.yaml", func(o officeFile) string { return o.Slug }) {
			o := item.Value
			rows = append(rows, tenants.Row{Slug: item.Slug, Columns: map[string]any{"name": o.Name, "phone": o.Phone, "about": o.About}})
		}
		return rows
	}},
	{Table: "programmes", Read: func(f *tenants.Folder) (rows []tenants.Row) {
		for _, item := range tenants.Each[programmeFile](f, "programmes") {
			p := item.Value
			item.Known("office", "offices", p.Office)
			rows = append(rows, tenants.Row{Slug: item.Slug, Columns: map[string]any{
				"title": p.Title, "summary": "", "status": "always", "sheet": map[string]any{"text": p.Title}, "topics": append([]string{}, p.Topics...),
				"office_id": tenants.Ref{Table: "offices", Slug: p.Office}, "picture": tenants.Picture(p.Picture),
			}})
		}
		return rows
	}},
}

func newSlug() string { return "c" + strings.ReplaceAll(uuid.NewString(), "-", "")[:20] }

func read(t *testing.T, slug string, files fs.FS) *tenants.Plan {
	t.Helper()
	plan, err := tenants.ReadFolder(slug, files, fstest.MapFS{}, parts)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func problemsOf(t *testing.T, slug string, files fs.FS) tenants.Problems {
	t.Helper()
	plan, err := tenants.ReadFolder(slug, files, fstest.MapFS{}, parts)
	var problems tenants.Problems
	if !errors.As(err, &problems) || plan != nil {
		t.Fatalf("plan %v, err %v", plan, err)
	}
	return problems
}

func lineOf(files fstest.MapFS, name, text string) int {
	before, _, found := strings.Cut(string(files[name].Data), text)
	if !found {
		panic(name + " does not hold " + text)
	}
	return strings.Count(before, "\n") + 1
}

func TestReadFolder_TellsEverythingThatIsWrongAtOnce(t *testing.T) {
	t.Parallel()
	files := anyCity()
	edit(files, "city.yaml", `accent: "#1D4D4F"`, `accent: "#FFE000"`)
	edit(files, "city.yaml", "motto: Tutto in un posto solo", "moto: Tutto in un posto solo")
	edit(files, "needs.yaml", "{slug: n5, name: Bisogno 5}", "{slug: n5}")
	edit(files, "programmes/saap.yaml", "office: sociale", "office: casuale")
	edit(files, "motif.svg", `<path`, `<path onload="alert(1)"`)
	want := tenants.Problems{
		{File: "city.yaml", Line: lineOf(files, "city.yaml", "moto:"), Field: "moto", Code: "folder.unknown_key"},
		{File: "city.yaml", Line: 1, Field: "motto", Code: "folder.required"},
		{File: "city.yaml", Line: lineOf(files, "city.yaml", "accent:"), Field: "brand.accent", Code: "folder.legible"},
		{File: "motif.svg", Line: 1, Code: "folder.drawing", Arg: `not a plain drawing: onload="alert(1)" on <path>`},
		{File: "needs.yaml", Line: 5, Field: "name", Code: "folder.required"},
		{File: "programmes/saap.yaml", Line: 2, Field: "office", Code: "folder.unknown", Arg: "casuale"},
	}
	got := problemsOf(t, "prova", files)
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("missing: %+v", w)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d problems, want %d:\n%v", len(got), len(want), got)
	}
	if !slices.IsSortedFunc(got, func(a, b tenants.Problem) int { return strings.Compare(a.File, b.File) }) {
		t.Errorf("not by file:\n%v", got)
	}
}

func TestReadFolder_RefusesWordsThatTheInterfaceDoesNotHave(t *testing.T) {
	t.Parallel()
	files := anyCity()
	edit(files, "city.yaml", "  it: {home.ask:", "  en:\n    home.ask: What\n    home.aks: What\n  it: {home.sak: Che, home.ask:")
	known := func(f *tenants.Folder) {
		f.CheckWords(func(_, key string) bool { return key == "home.ask" })
	}
	_, err := tenants.ReadFolder("prova", files, fstest.MapFS{}, parts, known)
	var problems tenants.Problems
	want := tenants.Problems{
		{File: "city.yaml", Line: lineOf(files, "city.yaml", "home.aks"), Field: "words.en.home.aks", Code: "folder.unknown_key"},
		{File: "city.yaml", Line: lineOf(files, "city.yaml", "home.sak"), Field: "words.it.home.sak", Code: "folder.unknown_key"},
	}
	if !errors.As(err, &problems) || !slices.Equal(problems, want) {
		t.Errorf("%v, want %v", err, want)
	}
}

func TestReadFolder_Refuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		slug string
		plan func(fstest.MapFS)
		want tenants.Problem
	}{
		{"a slug with a capital", "Prova", nil, tenants.Problem{File: ".", Line: 1, Field: "Prova", Code: "folder.slug"}},
		{"a slug that climbs", "..", nil, tenants.Problem{File: ".", Line: 1, Field: "..", Code: "folder.slug"}},
		{"a reserved slug", "admin", nil, tenants.Problem{File: ".", Line: 1, Field: "admin", Code: "folder.slug"}},
		{"no city.yaml", "prova", func(f fstest.MapFS) { delete(f, "city.yaml") }, tenants.Problem{File: "city.yaml", Line: 1, Code: "folder.missing_file"}},
		{"no mark", "prova", func(f fstest.MapFS) { delete(f, "mark.svg") }, tenants.Problem{File: "mark.svg", Line: 1, Code: "folder.missing_file"}},
		{"an empty file", "prova", func(f fstest.MapFS) { f["needs.yaml"].Data = []byte("# nothing\n") }, tenants.Problem{File: "needs.yaml", Line: 1, Code: "folder.empty"}},
		{"no list", "prova", func(f fstest.MapFS) { f["needs.yaml"].Data = []byte("slug: x\n") }, tenants.Problem{File: "needs.yaml", Line: 1, Code: "folder.list"}},
		{"a slug twice", "prova", func(f fstest.MapFS) { edit(f, "needs.yaml", "n3", "n2") }, tenants.Problem{File: "needs.yaml", Line: 3, Field: "slug", Code: "folder.twice", Arg: "n2"}},
		{"a need that is not there", "prova", func(f fstest.MapFS) { edit(f, "city.yaml", "n8]", "n9]") },
			tenants.Problem{File: "city.yaml", Line: 18, Field: "home.needs[7]", Code: "folder.unknown", Arg: "n9"}},
		{"two English examples", "prova", func(f fstest.MapFS) {
			edit(f, "city.yaml", "  needs: [n1", "  en: {examples: [care, nursery]}\n  needs: [n1")
		},
			tenants.Problem{File: "city.yaml", Line: 18, Field: "home.en.examples", Code: "folder.min", Arg: "3"}},
		{"a picture that is not there", "prova", func(f fstest.MapFS) { delete(f, "pictures/disegno.svg") },
			tenants.Problem{File: "pictures/disegno.svg", Line: 1, Field: "picture", Code: "folder.missing_file"}},
		{"a picture outside", "prova", func(f fstest.MapFS) { edit(f, "programmes/saap.yaml", "disegno", "../mark") },
			tenants.Problem{File: "pictures/../mark.svg", Line: 1, Field: "picture", Code: "folder.missing_file"}},
		{"a picture that is none", "prova", func(f fstest.MapFS) {
			delete(f, "pictures/disegno.svg")
			f["pictures/disegno.png"] = &fstest.MapFile{Data: []byte("<script>")}
		}, tenants.Problem{File: "pictures/disegno.png", Line: 1, Code: "folder.picture"}},
		{"a host with a port", "prova", func(f fstest.MapFS) { edit(f, "city.yaml", "hosts: []", `hosts: ["welfare.example:80"]`) },
			tenants.Problem{File: "city.yaml", Line: 8, Field: "hosts[0]", Code: "folder.host"}},
		{"a host of one word", "prova", func(f fstest.MapFS) { edit(f, "city.yaml", "hosts: []", `hosts: [localhost]`) },
			tenants.Problem{File: "city.yaml", Line: 8, Field: "hosts[0]", Code: "folder.host"}},
		{"a host too long", "prova", func(f fstest.MapFS) {
			edit(f, "city.yaml", "hosts: []", "hosts: ["+strings.Repeat("a.", 130)+"it]")
		}, tenants.Problem{File: "city.yaml", Line: 8, Field: "hosts[0]", Code: "folder.max", Arg: "253"}},
		{"a language we do not speak", "prova", func(f fstest.MapFS) { edit(f, "city.yaml", "[it, en]", "[it, de]") },
			tenants.Problem{File: "city.yaml", Line: 9, Field: "languages[1]", Code: "folder.oneof", Arg: "it en"}},
		{"a day that does not exist", "prova", func(f fstest.MapFS) {
			edit(f, "city.yaml", "  lead:", "  news: [{date: 2026-02-30, title: A, text: B}]\n  lead:")
		}, tenants.Problem{File: "city.yaml", Line: 16, Field: "home.news[0].date", Code: "folder.date"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			files := anyCity()
			if c.plan != nil {
				c.plan(files)
			}
			if got := problemsOf(t, c.slug, files); !slices.Contains(got, c.want) {
				t.Errorf("%+v is not among:\n%+v", c.want, got)
			}
		})
	}
}

func TestReadFolder_WhatIsNotYAMLSaysWhere(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a tab":          "- slug: n1\n\tname: x\n",
		"an open brace":  "- {slug: n1\n",
		"a wrong type":   "- slug: n1\n  name: [1, 2]\n",
		"a key twice":    "- slug: n1\n  name: x\n  name: y\n",
		"an alias bomb":  "a: &a [x,x,x,x,x,x,x,x,x]\n",
		"a foreign tag":  "- !!python/object {slug: n1}\n",
		"no text at all": "\x00\xff",
	} {
		files := anyCity()
		files["needs.yaml"].Data = []byte(text)
		got := problemsOf(t, "prova", files)
		if !slices.ContainsFunc(got, func(p tenants.Problem) bool { return p.File == "needs.yaml" && p.Line > 0 }) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestReadFolder_DrawingsTakeTheCitysColours(t *testing.T) {
	t.Parallel()
	plan := read(t, "prova", anyCity())
	for _, name := range []tenants.Picture{"mark", "motif", "disegno"} {
		image := plan.Pictures[name]
		if image.ContentType != "image/svg+xml" || !strings.Contains(string(image.Body), `fill="#8C1C2B" stroke="#1D4D4F"`) {
			t.Errorf("%s: %s %s", name, image.ContentType, image.Body)
		}
	}
}

func TestVATNumber(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{"00297960197": true, "01466360193": true, "00297960198": false, "0029796019": false, "0029796019A": false, "": false} {
		if tenants.VATNumber(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}
