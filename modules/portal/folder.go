package portal

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"
	"go.yaml.in/yaml/v3"

	"github.com/welfarex/welfarex/modules/kit/prose"
	"github.com/welfarex/welfarex/tenants"
)

// house are the pages that every portal has: a folder without its own takes the template's.
var house = []string{"come-funziona", "privacy", "termini", "accessibilita", "note-legali"}

// versioned are the pages that people accept, in one version or another.
var versioned = []string{"privacy", "termini"}

// frontMatter stands between two lines of dashes on top of a page.
type frontMatter struct {
	Title       string `yaml:"title" validate:"required,max=120"`
	Description string `yaml:"description" validate:"required,max=200"`
	Version     string `yaml:"version"`
	EnTitle     string `yaml:"en_title"`
}

func (h frontMatter) twin() any {
	if h.EnTitle == "" {
		return nil
	}
	return map[string]any{"title": h.EnTitle}
}

// Parts are the city's own pages and the house's.
func Parts() []tenants.Part {
	return []tenants.Part{{Table: "pages", Read: readPages}}
}

func readPages(f *tenants.Folder) []tenants.Row {
	var rows []tenants.Row
	for _, lang := range []struct{ code, folder string }{{"it", "pages/"}, {"en", "pages/en/"}} {
		slugs := slices.Clone(house)
		for _, name := range f.Names(lang.folder + "*.md") {
			if slug := strings.TrimSuffix(path.Base(name), ".md"); !slices.Contains(slugs, slug) {
				slugs = append(slugs, slug)
			}
		}
		for _, slug := range slugs {
			file := lang.folder + slug + ".md"
			if columns, ok := readPage(f, file, slug); ok {
				rows = append(rows, tenants.Row{Slug: slug + "." + lang.code, Columns: columns})
			}
		}
	}
	return rows
}

func readPage(f *tenants.Folder, file, slug string) (map[string]any, bool) {
	text, own, ok := f.Text(file)
	if !ok {
		if slices.Contains(house, slug) {
			f.Wrong(file, 1, "", "folder.missing_file", "")
		}
		return nil, false
	}
	head, body, ok := parsePage(f, file, text)
	if !ok {
		return nil, false
	}
	if slices.Contains(versioned, slug) && head.Version == "" {
		f.Wrong(file, 1, "version", "folder.required", "")
	}
	if !own {
		body = "" // the house's text stays in the house: it is not kept eight thousand times, and a better one reaches every city
	}
	return map[string]any{
		"title": head.Title, "description": head.Description, "version": head.Version, "body": body, "html": prose.HTML(body),
		"en": head.twin(),
	}, true
}

const fence = "---\n"

// parsePage parts the front matter from the text.
func parsePage(f *tenants.Folder, file, text string) (head frontMatter, body string, ok bool) {
	raw, body, found := parted(text)
	if !found {
		f.Wrong(file, 1, "---", "folder.required", "")
		return head, "", false
	}
	decoder := yaml.NewDecoder(strings.NewReader(raw))
	decoder.KnownFields(true)
	if err := decoder.Decode(&head); err != nil {
		f.Wrong(file, 2, "", "folder.yaml", err.Error())
		return head, "", false
	}
	var invalid validator.ValidationErrors
	if errors.As(check.Struct(head), &invalid) {
		for _, x := range invalid {
			f.Wrong(file, 2, strings.ToLower(x.Field()), "folder."+x.Tag(), x.Param())
		}
		return head, "", false
	}
	return head, body, true
}

// parted separates a page's front matter from its text.
func parted(text string) (front, body string, ok bool) {
	text, ok = strings.CutPrefix(strings.ReplaceAll(text, "\r\n", "\n"), fence)
	front, body, found := strings.Cut(text, "\n"+fence)
	return front, strings.TrimSpace(body), ok && found
}

// houseHTML are the texts of the house, rendered once: "privacy.it" → HTML. A page whose text is empty has the house's.
var houseHTML = sync.OnceValue(func() map[string]string {
	rendered := map[string]string{}
	for lang, folder := range map[string]string{"it": "template/pages/", "en": "template/pages/en/"} {
		for _, slug := range house {
			if raw, err := fs.ReadFile(tenants.House(), folder+slug+".md"); err == nil {
				_, body, _ := parted(string(raw))
				rendered[slug+"."+lang] = prose.HTML(body)
			}
		}
	}
	return rendered
})

var check = validator.New(validator.WithRequiredStructEnabled())
