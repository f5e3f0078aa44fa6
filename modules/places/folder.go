package places

import (
	"cmp"
	"errors"
	"strconv"
	"strings"

	"github.com/welfarex/welfarex/tenants"
)

type officeFile struct {
	Slug    string    `yaml:"slug" validate:"required,slug"`
	Name    string    `yaml:"name" validate:"required,max=120"`
	About   string    `yaml:"about" validate:"required,max=400"`
	Address string    `yaml:"address" validate:"required"`
	Phone   string    `yaml:"phone" validate:"required"`
	Email   string    `yaml:"email" validate:"required,email"`
	Hours   string    `yaml:"hours" validate:"required"`
	En      *twinFile `yaml:"en"`
}

// twinFile is the English of an office's or a point's own words.
type twinFile struct {
	Name  string `yaml:"name"`
	About string `yaml:"about"`
	Hours string `yaml:"hours"`
}

func (t *twinFile) column() any {
	if t == nil {
		return nil
	}
	return map[string]any{"name": t.Name, "about": t.About, "hours": t.Hours}
}

type geographyFile struct {
	Centre         positionFile        `yaml:"centre" validate:"required"`
	Neighbourhoods []neighbourhoodFile `yaml:"neighbourhoods" validate:"required,min=1,max=14,dive"`
	Water          []waterFile         `yaml:"water" validate:"max=8,dive"`
}

// Italy lies between these: a latitude and a longitude that were swapped do not pass.
type positionFile struct {
	Lat float64 `yaml:"lat" validate:"required,min=35,max=48"`
	Lon float64 `yaml:"lon" validate:"required,min=6,max=19"`
}

type neighbourhoodFile struct {
	Slug string  `yaml:"slug" validate:"required,slug"`
	Name string  `yaml:"name" validate:"required,max=60"`
	Lat  float64 `yaml:"lat" validate:"required,min=35,max=48"`
	Lon  float64 `yaml:"lon" validate:"required,min=6,max=19"`
}

type waterFile struct {
	Name string      `yaml:"name" validate:"required,max=60"`
	Kind string      `yaml:"kind" validate:"omitempty,oneof=river sea"`
	Path [][]float64 `yaml:"path" validate:"required,min=2,max=60,dive,len=2"`
}

type pointFile struct {
	Slug          string              `yaml:"slug" validate:"required,slug"`
	Name          string              `yaml:"name" validate:"required,max=120"`
	Kind          string              `yaml:"kind" validate:"required,oneof=public private"`
	Neighbourhood string              `yaml:"neighbourhood" validate:"required,slug"`
	Address       string              `yaml:"address" validate:"required"`
	Lat           float64             `yaml:"lat" validate:"required,min=35,max=48"`
	Lon           float64             `yaml:"lon" validate:"required,min=6,max=19"`
	Phone         string              `yaml:"phone" validate:"required"`
	Email         string              `yaml:"email" validate:"omitempty,email"`
	About         string              `yaml:"about" validate:"required,max=400"`
	StepFree      bool                `yaml:"step_free"`
	Languages     []string            `yaml:"languages" validate:"dive,len=2,slug"`
	Hours         map[string][]string `yaml:"hours" validate:"required,min=1,dive,keys,oneof=mon tue wed thu fri sat sun,endkeys,min=1,dive,span"`
	Closed        []string            `yaml:"closed" validate:"dive,date"`
	En            *twinFile           `yaml:"en"`
}

// Parts are the city's offices, its geography and its access points.
func Parts() []tenants.Part {
	return []tenants.Part{
		{Table: "offices", Read: readOffices},
		{Table: "neighbourhoods", Read: readNeighbourhoods},
		{Table: "waters", Read: readWaters},
		{Table: "access_points", Read: readPoints},
	}
}

func readOffices(f *tenants.Folder) []tenants.Row {
	var rows []tenants.Row
	for _, item := range tenants.List(f, "offices.yaml", func(o officeFile) string { return o.Slug }) {
		o := item.Value
		rows = append(rows, tenants.Row{Slug: item.Slug, Columns: map[string]any{
			"position": item.Index, "name": o.Name, "about": strings.TrimSpace(o.About), "address": o.Address, "phone": o.Phone, "email": o.Email,
			"hours": o.Hours, "en": o.En.column(),
		}})
	}
	return rows
}

func readNeighbourhoods(f *tenants.Folder) []tenants.Row {
	item, ok := tenants.One[geographyFile](f, "geography.yaml")
	if !ok {
		return nil
	}
	var rows []tenants.Row
	seen := map[string]bool{}
	for i, n := range item.Value.Neighbourhoods {
		if seen[n.Slug] {
			item.Wrong(place("neighbourhoods", i, "slug"), "folder.twice", n.Slug)
		}
		seen[n.Slug] = true
		rows = append(rows, tenants.Row{Slug: n.Slug, Columns: map[string]any{"position": i, "name": n.Name, "lat": n.Lat, "lon": n.Lon}})
	}
	return rows
}

func readWaters(f *tenants.Folder) []tenants.Row {
	item, ok := tenants.One[geographyFile](f, "geography.yaml")
	if !ok {
		return nil
	}
	var rows []tenants.Row
	seen := map[string]bool{}
	for i, w := range item.Value.Water {
		slug := slugOf(w.Name)
		if seen[slug] {
			item.Wrong(place("water", i, "name"), "folder.twice", w.Name)
		}
		seen[slug] = true
		path := make([]any, len(w.Path))
		for j, p := range w.Path {
			path[j] = p
		}
		rows = append(rows, tenants.Row{Slug: slug, Columns: map[string]any{"position": i, "name": w.Name, "kind": cmp.Or(w.Kind, "river"), "path": path}})
	}
	return rows
}

func readPoints(f *tenants.Folder) []tenants.Row {
	var rows []tenants.Row
	for _, item := range tenants.List(f, "points.yaml", func(p pointFile) string { return p.Slug }) {
		p := item.Value
		item.Known("neighbourhood", "neighbourhoods", p.Neighbourhood)
		hours := map[string]any{}
		for day, spans := range p.Hours {
			if _, err := parseSpans(spans); errors.Is(err, errOrder) { // what is no span at all was told already
				item.Wrong("hours."+day, "folder.span", strings.Join(spans, " "))
			}
			hours[day] = spans
		}
		rows = append(rows, tenants.Row{Slug: item.Slug, Columns: map[string]any{
			"position": item.Index, "name": p.Name, "kind": p.Kind, "neighbourhood": p.Neighbourhood, "address": p.Address, "lat": p.Lat, "lon": p.Lon,
			"phone": p.Phone, "email": p.Email, "about": strings.TrimSpace(p.About), "step_free": p.StepFree, "languages": list(p.Languages),
			"hours": hours, "closed": list(p.Closed), "en": p.En.column(),
		}})
	}
	return rows
}

// list is never nil: a column of texts has no NULL.
func list(texts []string) []string { return append([]string{}, texts...) }

func place(list string, i int, field string) string {
	return list + "[" + strconv.Itoa(i) + "]." + field
}

// slugOf makes a row's identity of a name: "Dora Riparia" becomes "dora-riparia".
func slugOf(name string) string {
	plain := strings.NewReplacer("à", "a", "è", "e", "é", "e", "ì", "i", "ò", "o", "ù", "u").Replace(strings.ToLower(name))
	return strings.Join(strings.FieldsFunc(plain, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') }), "-")
}
