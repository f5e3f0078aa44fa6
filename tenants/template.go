package tenants

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// Placeholders are what a template leaves open. While the template is read, a stand-in that passes every check takes their place.
// What a module derives from a text may hold the name in small letters.
var standIns = map[string]string{
	"{{name}}": "Qxnomexq", "{{slug}}": "qxslugxq", "{{province}}": "QX", "{{istat}}": "999998", "{{catastale}}": "Z998",
	"{{primary}}": "#010203", "{{accent}}": "#030201", "{{initials}}": "QI",
}

// Template is a folder from which many cities are opened: read once, then filled in for each.
type Template struct {
	plan     *Plan
	settings string
	open     map[string][]map[string]string // table → row → columns that hold a placeholder, as JSON
}

// Opening says what a template needs to know of one city. The keys of the placeholders are the fields' names.
type Opening struct{ Slug, Name, Province, ISTAT, Catastale, Primary, Accent, Initials string }

// plain refuses what would mean something in JSON, HTML or a drawing, for the fields are put into all of these as they are.
func (o Opening) plain() error {
	for _, field := range []string{o.Slug, o.Name, o.Province, o.ISTAT, o.Catastale, o.Primary, o.Accent, o.Initials} {
		if field == "" || strings.ContainsFunc(field, func(r rune) bool { return strings.ContainsRune("<>&\"\\{}", r) || unicode.IsControl(r) }) {
			return fmt.Errorf("open %s: %q cannot be put into a template", o.Slug, field)
		}
	}
	if !slugPattern.MatchString(o.Slug) || ReservedSlug(o.Slug) {
		return fmt.Errorf("open %s: not a slug", o.Slug)
	}
	return nil
}

// ReadTemplate reads house's template/ folder, as ReadFolder does a city's. Errors: Problems.
func ReadTemplate(house fs.FS, parts []Part, checks ...func(*Folder)) (*Template, error) {
	files, err := fs.Sub(house, "template")
	if err != nil {
		return nil, err
	}
	plan, err := ReadFolder("qxslugxq", filled{files}, house, parts, checks...)
	if err != nil {
		return nil, err
	}
	t := &Template{plan: plan, settings: text(plan.Settings), open: map[string][]map[string]string{}}
	for _, table := range plan.Tables {
		open := make([]map[string]string, len(table.Rows))
		for i, row := range table.Rows {
			if open[i] = openColumns(row); len(open[i]) > 0 {
				continue
			}
			if table.Rows[i].settled, err = row.settle(); err != nil {
				return nil, err
			}
		}
		t.open[table.Name] = open
	}
	return t, nil
}

func openColumns(row Row) map[string]string {
	open := map[string]string{}
	for column, v := range row.Columns {
		switch v.(type) {
		case Ref, Picture:
			continue
		}
		raw := text(v)
		for _, standIn := range standIns {
			if strings.Contains(strings.ToLower(raw), strings.ToLower(standIn)) {
				open[column] = raw
			}
		}
	}
	return open
}

// For is the plan of one city.
func (t *Template) For(o Opening) (*Plan, error) {
	if err := o.plain(); err != nil {
		return nil, err
	}
	put := strings.NewReplacer(
		standIns["{{name}}"], o.Name, standIns["{{slug}}"], o.Slug, standIns["{{province}}"], o.Province, standIns["{{istat}}"], o.ISTAT,
		standIns["{{catastale}}"], o.Catastale, standIns["{{primary}}"], o.Primary, standIns["{{accent}}"], o.Accent, standIns["{{initials}}"], o.Initials,
		strings.ToLower(standIns["{{name}}"]), strings.ToLower(o.Name),
	)
	plan := &Plan{Slug: o.Slug, Name: o.Name, Pictures: map[Picture]Image{}}
	if err := json.Unmarshal([]byte(put.Replace(t.settings)), &plan.Settings); err != nil {
		return nil, fmt.Errorf("settings of %s: %w", o.Slug, err)
	}
	for name, image := range t.plan.Pictures {
		if image.ContentType == drawing {
			image.Body = []byte(put.Replace(string(image.Body)))
		}
		plan.Pictures[name] = image
	}
	for _, table := range t.plan.Tables {
		rows := slices.Clone(table.Rows)
		for i, open := range t.open[table.Name] {
			if len(open) > 0 {
				rows[i].Columns = fill(put, rows[i].Columns, open)
			}
		}
		plan.Tables = append(plan.Tables, Table{table.Name, rows})
	}
	return plan, nil
}

// fill gives the columns with the open ones filled.
func fill(put *strings.Replacer, columns map[string]any, open map[string]string) map[string]any {
	filled := maps.Clone(columns)
	for column, raw := range open {
		filled[column] = json.RawMessage(put.Replace(raw))
	}
	return filled
}

// filled is a file system whose files have their placeholders filled with the stand-ins.
type filled struct{ fs.FS }

func (f filled) Glob(pattern string) ([]string, error) { return fs.Glob(f.FS, pattern) }

func (f filled) ReadFile(name string) ([]byte, error) {
	raw, err := fs.ReadFile(f.FS, name)
	if err != nil {
		return nil, err
	}
	s := string(raw)
	for placeholder, standIn := range standIns {
		s = strings.ReplaceAll(s, placeholder, standIn)
	}
	return []byte(s), nil
}
