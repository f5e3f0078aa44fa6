package tenants

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
)

// Placeholders are what a template leaves open. While the template is read, a stand-in that passes every check takes their place.
var standIns = map[string]string{
	"{{name}}": "Qxnomexq", "{{slug}}": "qxslugxq", "{{province}}": "QX", "{{istat}}": "999998", "{{catastale}}": "Z998",
	"{{primary}}": "#010203", "{{accent}}": "#030201", "{{initials}}": "QI",
}

// Template is a folder from which many cities are opened: read once, then filled in for each.
type Template struct {
	plan     *Plan
	settings string
	open     map[string]map[int]bool // table → rows that hold a placeholder
}

// Opening says what a template needs to know of one city. The keys of the placeholders are the fields' names.
type Opening struct{ Slug, Name, Province, ISTAT, Catastale, Primary, Accent, Initials string }

// ReadTemplate reads house's template/ folder. Errors: Problems.
func ReadTemplate(house fs.FS, parts []Part) (*Template, error) {
	files, err := fs.Sub(house, "template")
	if err != nil {
		return nil, err
	}
	plan, err := ReadFolder("qxslugxq", filled{files}, house, parts)
	if err != nil {
		return nil, err
	}
	t := &Template{plan: plan, settings: text(plan.Settings), open: map[string]map[int]bool{}}
	for _, table := range plan.Tables {
		t.open[table.Name] = map[int]bool{}
		for i, row := range table.Rows {
			if holdsStandIn(text(row.Columns)) {
				t.open[table.Name][i] = true
			} else if table.Rows[i].settled, err = row.settle(); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

func holdsStandIn(s string) bool {
	for _, standIn := range standIns {
		if strings.Contains(s, standIn) {
			return true
		}
	}
	return false
}

// For is the plan of one city.
func (t *Template) For(o Opening) (*Plan, error) {
	put := strings.NewReplacer(
		standIns["{{name}}"], o.Name, standIns["{{slug}}"], o.Slug, standIns["{{province}}"], o.Province, standIns["{{istat}}"], o.ISTAT,
		standIns["{{catastale}}"], o.Catastale, standIns["{{primary}}"], o.Primary, standIns["{{accent}}"], o.Accent, standIns["{{initials}}"], o.Initials,
	)
	plan := &Plan{Slug: o.Slug, Name: o.Name, Pictures: map[Picture]Image{}}
	if err := json.Unmarshal([]byte(put.Replace(t.settings)), &plan.Settings); err != nil {
		return nil, fmt.Errorf("settings of %s: %w", o.Slug, err)
	}
	for name, image := range t.plan.Pictures {
		plan.Pictures[name] = Image{image.ContentType, []byte(put.Replace(string(image.Body)))}
	}
	for _, table := range t.plan.Tables {
		rows := make([]Row, len(table.Rows))
		for i, row := range table.Rows {
			rows[i] = row
			if t.open[table.Name][i] {
				rows[i] = Row{Slug: row.Slug, Columns: fill(put, row.Columns).(map[string]any)}
			}
		}
		plan.Tables = append(plan.Tables, Table{table.Name, rows})
	}
	return plan, nil
}

// fill replaces the stand-ins in every text of v; references and pictures stay as they are.
func fill(put *strings.Replacer, v any) any {
	switch v := v.(type) {
	case string:
		return put.Replace(v)
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, x := range v {
			m[k] = fill(put, x)
		}
		return m
	case []any:
		list := make([]any, len(v))
		for i, x := range v {
			list[i] = fill(put, x)
		}
		return list
	case []string:
		list := make([]string, len(v))
		for i, x := range v {
			list[i] = put.Replace(x)
		}
		return list
	}
	return v
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
