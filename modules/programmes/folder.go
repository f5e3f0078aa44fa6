package programmes

import (
	"strings"

	"github.com/welfarex/welfarex/modules/kit/prose"
	"github.com/welfarex/welfarex/tenants"
)

type programmeFile struct {
	Title      string    `yaml:"title" validate:"required,max=120"`
	Summary    string    `yaml:"summary" validate:"required,max=160"`
	Purpose    string    `yaml:"purpose" validate:"required"`
	For        []string  `yaml:"for" validate:"required,min=1,dive,oneof=bambini giovani adulti anziani disabilita famiglie stranieri"`
	Office     string    `yaml:"office" validate:"required,slug"`
	Status     string    `yaml:"status" validate:"required,oneof=open soon closed always"`
	Opens      string    `yaml:"opens" validate:"omitempty,date"`
	Closes     string    `yaml:"closes" validate:"omitempty,date"`
	Picture    string    `yaml:"picture" validate:"omitempty,slug"`
	Addressed  string    `yaml:"addressed" validate:"required"`
	How        string    `yaml:"how" validate:"required"`
	Needed     []string  `yaml:"needed" validate:"required,min=1,dive,required"`
	Obtained   string    `yaml:"obtained" validate:"required"`
	Times      string    `yaml:"times" validate:"required"`
	Conditions string    `yaml:"conditions" validate:"required"`
	Act        string    `yaml:"act"`
	Topics     []string  `yaml:"topics" validate:"required,min=1,max=4"`
	Keywords   []string  `yaml:"keywords"`
	En         *twinFile `yaml:"en"`
}

type twinFile struct {
	Title   string `yaml:"title"`
	Summary string `yaml:"summary" validate:"max=160"`
}

// Parts are the city's programmes; they come after its offices.
func Parts() []tenants.Part {
	return []tenants.Part{{Table: "programmes", Read: read}}
}

func read(f *tenants.Folder) []tenants.Row {
	var rows []tenants.Row
	for _, item := range tenants.Each[programmeFile](f, "programmes") {
		p := item.Value
		item.Known("office", "offices", p.Office)
		if p.Opens != "" && p.Closes != "" && p.Closes < p.Opens {
			item.Wrong("closes", "folder.date", p.Closes)
		}
		if p.Status == string(Soon) && p.Opens == "" {
			item.Wrong("opens", "folder.required", "")
		}
		rows = append(rows, tenants.Row{Slug: item.Slug, Columns: map[string]any{
			"position": item.Index, "title": p.Title, "summary": strings.TrimSpace(p.Summary), "office_id": tenants.Ref{Table: "offices", Slug: p.Office},
			"audiences": list(p.For), "status": p.Status, "opens": p.Opens, "closes": p.Closes, "picture": tenants.Picture(p.Picture),
			"sheet": p.sheet(), "topics": list(p.Topics), "keywords": list(p.Keywords), "en": p.En.column(),
		}})
	}
	return rows
}

// sheet is the long texts, ready to be shown.
func (p programmeFile) sheet() map[string]any {
	return map[string]any{
		"purpose": prose.HTML(p.Purpose), "addressed": prose.HTML(p.Addressed), "how": prose.HTML(p.How), "needed": list(p.Needed),
		"obtained": prose.HTML(p.Obtained), "times": prose.HTML(p.Times), "conditions": prose.HTML(p.Conditions), "act": p.Act,
	}
}

func (t *twinFile) column() any {
	if t == nil {
		return nil
	}
	return map[string]any{"title": t.Title, "summary": t.Summary}
}

// list is never nil: a column of texts has no NULL.
func list(texts []string) []string { return append([]string{}, texts...) }
