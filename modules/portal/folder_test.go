package portal

import (
	"io/fs"
	"os"
	"slices"
	"testing"

	"github.com/welfarex/welfarex/modules/places"
	"github.com/welfarex/welfarex/modules/programmes"
	"github.com/welfarex/welfarex/tenants"
)

func TestTheNineCitiesAndTheTemplateAreRight(t *testing.T) {
	t.Parallel()
	house := os.DirFS("../../tenants")
	entries, err := fs.ReadDir(house, "cities")
	if err != nil {
		t.Fatal(err)
	}
	needs := tenants.Part{Table: "needs", Read: func(f *tenants.Folder) []tenants.Row {
		var rows []tenants.Row
		for _, slug := range f.City.Home.Needs {
			rows = append(rows, tenants.Row{Slug: slug})
		}
		return rows
	}}
	parts := slices.Concat([]tenants.Part{needs}, places.Parts(), programmes.Parts(), Parts())
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		t.Run(entry.Name(), func(t *testing.T) {
			t.Parallel()
			files, err := fs.Sub(house, "cities/"+entry.Name())
			if err != nil {
				t.Fatal(err)
			}
			plan, err := tenants.ReadFolder(entry.Name(), files, house, parts)
			if err != nil {
				t.Fatal(err)
			}
			for _, table := range plan.Tables {
				if len(table.Rows) == 0 && table.Name != "waters" {
					t.Errorf("%s is empty", table.Name)
				}
			}
		})
	}
}
