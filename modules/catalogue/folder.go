package catalogue

import (
	"encoding/json"
	"fmt"

	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/tenants"
)

// Parts are what the catalogue takes from a city's folder. They come after offices and neighbourhoods, to which they refer.
func Parts() []tenants.Part {
	return []tenants.Part{
		{Table: "needs", Read: readNeeds},
		{Table: "categories", Read: readCategories},
		{Table: "synonyms", Read: readSynonyms},
		{Table: "providers", Read: readProviders},
		{Table: "services", Read: readServices},
	}
}

type needFile struct {
	Slug string `yaml:"slug" validate:"required,slug"`
	Name string `yaml:"name" validate:"required,max=60"`
	Icon string `yaml:"icon" validate:"required"`
	En   *struct {
		Name string `yaml:"name" json:"name" validate:"required,max=60"`
	} `yaml:"en"`
}

type categoryFile struct {
	Slug    string `yaml:"slug" validate:"required,slug"`
	Name    string `yaml:"name" validate:"required,max=60"`
	Summary string `yaml:"summary" validate:"required,max=160"`
	Icon    string `yaml:"icon" validate:"required"`
	// Of these accreditations a provider needs one to publish on the shelf; none = no accreditation is asked for.
	Accreditations []string `yaml:"accreditations" validate:"unique,dive,required"`
	En             *struct {
		Name    string `yaml:"name" json:"name,omitempty"`
		Summary string `yaml:"summary" json:"summary,omitempty"`
	} `yaml:"en"`
}

type synonymFile struct {
	Words []string `yaml:"words" validate:"required,min=1,dive,required"`
	Mean  string   `yaml:"mean" validate:"required"`
}

type providerFile struct {
	Slug           string          `yaml:"slug" validate:"required,slug"`
	Name           string          `yaml:"name" validate:"required,max=120"`
	Kind           string          `yaml:"kind" validate:"required,oneof=comune cooperativa consorzio asp fondazione associazione impresa-sociale"`
	About          string          `yaml:"about" validate:"required"`
	Address        string          `yaml:"address" validate:"required"`
	Phone          string          `yaml:"phone" validate:"required"`
	Email          string          `yaml:"email" validate:"required,email,example"`
	Web            string          `yaml:"web" validate:"omitempty,http_url"`
	VATNumber      string          `yaml:"vat_number" validate:"omitempty,vat_number"`
	Neighbourhood  string          `yaml:"neighbourhood"`
	Accreditations []Accreditation `yaml:"accreditations" validate:"dive"`
	En             *struct {
		About string `yaml:"about" json:"about" validate:"required"`
	} `yaml:"en"`
}

func readNeeds(f *tenants.Folder) []tenants.Row {
	items := tenants.List(f, "needs.yaml", func(n needFile) string { return n.Slug })
	rows := make([]tenants.Row, 0, len(items))
	for _, item := range items {
		n := item.Value
		checkIcon(item, n.Icon)
		rows = append(rows, tenants.Row{Slug: item.Slug, Columns: map[string]any{
			"position": item.Index, "name": n.Name, "icon": n.Icon, "en": orNull(n.En),
		}})
	}
	return rows
}

func readCategories(f *tenants.Folder) []tenants.Row {
	items := tenants.List(f, "categories.yaml", func(c categoryFile) string { return c.Slug })
	rows := make([]tenants.Row, 0, len(items))
	for _, item := range items {
		c := item.Value
		checkIcon(item, c.Icon)
		rows = append(rows, tenants.Row{Slug: item.Slug, Columns: map[string]any{
			"position": item.Index, "name": c.Name, "summary": c.Summary, "icon": c.Icon, "accreditations": orEmpty(c.Accreditations), "en": orNull(c.En),
		}})
	}
	return rows
}

// readSynonyms knows a line by its first word.
func readSynonyms(f *tenants.Folder) []tenants.Row {
	const file = "synonyms.yaml"
	if !f.Holds(file) {
		return nil
	}
	items := tenants.List(f, file, func(s synonymFile) string {
		if len(s.Words) == 0 {
			return ""
		}
		return s.Words[0]
	})
	rows := make([]tenants.Row, 0, len(items))
	for _, item := range items {
		rows = append(rows, tenants.Row{Slug: item.Slug, Columns: map[string]any{"words": item.Value.Words, "mean": item.Value.Mean}})
	}
	return rows
}

func readProviders(f *tenants.Folder) []tenants.Row {
	items := tenants.List(f, "providers.yaml", func(p providerFile) string { return p.Slug })
	rows := make([]tenants.Row, 0, len(items))
	for _, item := range items {
		p := item.Value
		item.Known("neighbourhood", "neighbourhoods", p.Neighbourhood)
		for i, a := range p.Accreditations {
			if a.To < a.From {
				item.Wrong(fmt.Sprintf("accreditations[%d].to", i), "catalogue.folder.span", a.From+" – "+a.To)
			}
		}
		rows = append(rows, tenants.Row{Slug: item.Slug, Columns: map[string]any{
			"position": item.Index, "name": p.Name, "kind": p.Kind, "about": p.About, "address": p.Address, "phone": p.Phone, "email": p.Email,
			"web": p.Web, "vat_number": p.VATNumber, "neighbourhood": p.Neighbourhood, "accreditations": plain(orEmpty(p.Accreditations)), "en": orNull(p.En),
		}})
	}
	return rows
}

func checkIcon[T any](item tenants.Item[T], icon string) {
	if icon != "" && !ui.HasIcon(icon) {
		item.Wrong("icon", "catalogue.folder.icon", icon)
	}
}

// orEmpty makes a missing list an empty one: its column is never NULL.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// orNull makes a missing English twin NULL: a nil pointer inside an any would be no nil.
func orNull[T any](twin *T) any {
	if twin == nil {
		return nil
	}
	return plain(*twin)
}

// plain is a value as JSON sees it: a template opens thousands of cities by replacing texts, at whatever depth they stand.
func plain(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("catalogue: write JSON: %v", err)) // texts, numbers and lists of them
	}
	var p any
	if err := json.Unmarshal(raw, &p); err != nil {
		panic(fmt.Sprintf("catalogue: read JSON: %v", err))
	}
	return p
}
