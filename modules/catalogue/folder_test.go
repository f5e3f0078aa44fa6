package catalogue

import (
	"os"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/welfarex/welfarex/tenants"
)

func TestEveryCitysFolderIsRight(t *testing.T) {
	t.Parallel()
	cities, err := os.ReadDir(citiesDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, city := range cities {
		if !city.IsDir() {
			continue
		}
		if _, err := readFolder(t, city.Name()); err != nil {
			t.Errorf("%s:\n%v", city.Name(), err)
		}
	}
}

const citiesDir = "../../tenants/cities"

func readFolder(t testing.TB, slug string) (*tenants.Plan, error) {
	t.Helper()
	dir := citiesDir + "/" + slug
	return tenants.ReadFolder(slug, os.DirFS(dir), os.DirFS("../../tenants"), append(places(t, dir), Parts()...))
}

// places are the rows of another module that services refer to.
func places(t testing.TB, dir string) []tenants.Part {
	type named struct {
		Slug, Name string
		Lat, Lon   float64
	}
	var offices []named
	var geography struct{ Neighbourhoods []named }
	load(t, dir+"/offices.yaml", &offices)
	load(t, dir+"/geography.yaml", &geography)
	part := func(table string, list []named, located bool) tenants.Part {
		return tenants.Part{Table: table, Read: func(*tenants.Folder) []tenants.Row {
			var rows []tenants.Row
			for i, n := range list {
				columns := map[string]any{"position": i, "name": n.Name}
				if located {
					columns["lat"], columns["lon"] = n.Lat, n.Lon
				}
				rows = append(rows, tenants.Row{Slug: n.Slug, Columns: columns})
			}
			return rows
		}}
	}
	return []tenants.Part{part("offices", offices, false), part("neighbourhoods", geography.Neighbourhoods, true)}
}

func load(t testing.TB, file string, into any) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}
