package catalogue

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v3"

	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/places"
	"github.com/welfarex/welfarex/modules/programmes"
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
func allParts() []tenants.Part { return slices.Concat(places.Parts(), programmes.Parts(), Parts()) }

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

// TestFolder_TellsEverythingThatIsWrong: all at once, each with its file, its line and what was expected.
func TestFolder_TellsEverythingThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := tenants.ReadFolder("cremona", withFiles(t, map[string]string{
		"needs.yaml":      "- {slug: anziani, name: Anziani, icon: astronave}\n- {slug: anziani, name: Ancora, icon: casa}\n",
		"categories.yaml": "- {slug: cura, name: Cura, summary: Cura a casa., icon: casa}\n",
		"synonyms.yaml":   "- {words: [], mean: badante}\n",
		"providers.yaml": `- slug: coop
  name: Coop
  kind: setta
  about: Una cooperativa.
  address: Via Po 1
  phone: 0372 1
  email: coop@coop.it
  neighbourhood: luna
  accreditations:
    - {area: Cura, act: 1/2026, from: 2026-12-31, to: 2026-01-01}
    - {area: Cura, act: 1/2026, from: 2026-02-30, to: 2026-03-01}
`,
		"services/uno.yaml": `title: Uno
summary: ` + strings.Repeat("troppo lunga ", 20) + `
category: nessuna
needs: [anziani, fame]
for: [marziani]
where: [casa]
provider: nessuno
office: nessuno
neighbourhoods: [luna]
status: inactive
price: {kind: free, cents: 100}
addressed: a
how: b
needed: [c]
obtained: d
times: e
deadlines: [{date: 2026-13-01, label: Mai}]
access: {text: f}
conditions: g
topics: [h]
colore: rosso
`,
		"services/due.yaml": strings.NewReplacer("KIND", "isee, cents: 500, max_cents: 400", "STATUS", "").Replace(plainService),
		"services/tre.yaml": strings.NewReplacer("KIND", "from", "STATUS", "status_reason: Chissà\n").Replace(plainService),
		"services/qua.yaml": strings.NewReplacer("KIND", "fixed, cents: 5, max_cents: 7", "STATUS", "").Replace(plainService),
	}), os.DirFS("../../tenants"), allParts())
	var problems tenants.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("err = %v", err)
	}
	var told []string
	for _, p := range problems {
		if p.File == "city.yaml" || strings.HasPrefix(p.File, "programmes/") {
			continue // the home's needs are no longer there
		}
		told = append(told, fmt.Sprintf("%s:%d %s %s %s", p.File, p.Line, p.Field, p.Code, p.Arg))
	}
	for _, want := range []string{
		"needs.yaml:1 icon catalogue.folder.icon astronave",
		"needs.yaml:2 slug folder.twice anziani",
		"providers.yaml:3 kind folder.oneof",
		"providers.yaml:7 email folder.example",
		"providers.yaml:8 neighbourhood folder.unknown luna",
		"providers.yaml:10 accreditations[0].to catalogue.folder.span 2026-12-31 – 2026-01-01",
		"providers.yaml:11 accreditations[1].from folder.date",
		"services/uno.yaml:2 summary folder.max 160",
		"services/uno.yaml:3 category folder.unknown nessuna",
		"services/uno.yaml:4 needs folder.unknown fame",
		"services/uno.yaml:5 for[0] folder.oneof",
		"services/uno.yaml:7 provider folder.unknown nessuno",
		"services/uno.yaml:8 office folder.unknown nessuno",
		"services/uno.yaml:9 neighbourhoods folder.unknown luna",
		"services/uno.yaml:10 status catalogue.folder.status_reason",
		"services/uno.yaml:11 price.cents catalogue.folder.price_free",
		"services/uno.yaml:17 deadlines[0].date folder.date",
		"services/uno.yaml:21 colore folder.unknown_key",
		"services/due.yaml:7 price.max_cents catalogue.folder.price_max",
		"services/tre.yaml:8 price.cents folder.required",
		"services/tre.yaml:6 status_reason catalogue.folder.status_active",
		"services/qua.yaml:7 price.max_cents catalogue.folder.price_max_kind fixed",
		"synonyms.yaml:1 words folder.",
	} {
		if !slices.ContainsFunc(told, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("not told: %s", want)
		}
	}
	if t.Failed() {
		t.Log(strings.Join(told, "\n"))
	}
}

const plainService = `title: Uno
summary: Uno.
category: cura
needs: [anziani]
for: [anziani]
STATUSwhere: [casa]
price: {kind: KIND}
provider: coop
addressed: a
how: b
needed: [c]
obtained: d
times: e
access: {text: f}
conditions: g
topics: [h]
`

// withFiles is Cremona's folder with some of its files replaced; of services only those given.
func withFiles(t *testing.T, files map[string]string) fs.FS {
	t.Helper()
	folder := fstest.MapFS{}
	for _, name := range []string{"city.yaml", "mark.svg", "motif.svg", "geography.yaml", "offices.yaml", "points.yaml"} {
		raw, err := os.ReadFile(citiesDir + "/cremona/" + name)
		if err != nil {
			t.Fatal(err)
		}
		folder[name] = &fstest.MapFile{Data: raw}
	}
	for name, text := range files {
		folder[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return folder
}

func TestFolder_ASecondApplyChangesNothing(t *testing.T) {
	t.Parallel()
	slug, pictures := "d"+strings.ReplaceAll(uuid.Must(uuid.NewV7()).String(), "-", ""), &drawer{reuse: true}
	for _, want := range []bool{true, false} {
		plan, err := tenants.ReadFolder(slug, os.DirFS(citiesDir+"/cremona"), os.DirFS("../../tenants"), allParts())
		if err != nil {
			t.Fatal(err)
		}
		plan.Hosts = nil
		changes, err := testkit.DB(t).Apply(context.Background(), plan, pictures, false)
		if err != nil || (len(changes) > 0) != want {
			t.Errorf("%d changes, %v", len(changes), err)
		}
	}
}
