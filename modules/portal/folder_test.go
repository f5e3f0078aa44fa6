package portal

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/welfarex/welfarex/tenants"
)

func TestTheNineCitiesAndTheTemplateAreRight(t *testing.T) {
	t.Parallel()
	house := os.DirFS("../../tenants")
	entries, err := fs.ReadDir(house, "cities")
	if err != nil {
		t.Fatal(err)
	}
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
			plan, err := tenants.ReadFolder(entry.Name(), files, house, parts())
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

func TestFolder_TellsWhatIsWrongWithAPage(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"pages/privacy.md":     {Data: []byte("---\ntitle: Privacy\ndescription: x\n---\nTesto\n")},
		"pages/senza.md":       {Data: []byte("# Senza intestazione\n")},
		"pages/en/termini.md":  {Data: []byte("---\ntitle: Terms\nauthor: me\ndescription: x\nversion: 2026-11-01\n---\nText\n")},
		"pages/senza-frase.md": {Data: []byte("---\ntitle: Senza frase\n---\nTesto\n")},
	}
	_, err := tenants.ReadFolder("prova", files, os.DirFS("../../tenants"), Parts())
	if err == nil {
		t.Fatal("a wrong folder passed")
	}
	for _, wanted := range []string{
		"pages/privacy.md:1: version: folder.required", "pages/senza.md:1: ---: folder.required", "pages/en/termini.md:2: : folder.yaml",
		"pages/senza-frase.md:2: description: folder.required",
	} {
		if !strings.Contains(err.Error(), wanted) {
			t.Errorf("not told: %s in\n%v", wanted, err)
		}
	}
}
