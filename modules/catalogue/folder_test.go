package catalogue

import (
	"os"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/welfarex/welfarex/modules/places"
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
	return tenants.ReadFolder(slug, os.DirFS(citiesDir+"/"+slug), os.DirFS("../../tenants"), allParts())
}

// allParts are the catalogue's and those of the module it refers to.
func allParts() []tenants.Part { return append(places.Parts(), Parts()...) }

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
