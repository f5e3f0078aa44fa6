package tenants_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
	"github.com/welfarex/welfarex/tenants/comuni"
)

// aTemplate is any city with placeholders wherever one may stand, beside a photograph that holds the bytes of one.
func aTemplate() (house fstest.MapFS, photograph []byte) {
	files := anyCity()
	for old, now := range map[string]string{
		"name: Prova\n": "name: \"{{name}}\"\n", "portal: Prova": "portal: \"{{name}}", "cura\nmotto": "cura\"\nmotto", "province: PR": `province: "{{province}}"`,
		"034027": "{{istat}}", "G337": "{{catastale}}", "#8C1C2B": "{{primary}}", "#1D4D4F": "{{accent}}", "welfare@prova": "welfare@{{slug}}",
	} {
		edit(files, "city.yaml", old, now)
	}
	edit(files, "offices.yaml", "Settore sociale", "Settore sociale di {{name}}")
	edit(files, "mark.svg", "</svg>", "<text>{{initials}}</text></svg>")
	edit(files, "programmes/aperto.yaml", "Sempre aperto\n", "A {{name}}\ntopics: [\"{{name}}\", casa]\npicture: foto\n")
	photograph = []byte("\x89PNG\r\n\x1a\n QX QI #010203 Qxnomexq")
	files["pictures/foto.png"] = &fstest.MapFile{Data: photograph}
	house = fstest.MapFS{}
	for name, file := range files {
		house["template/"+name] = file
	}
	return house, photograph
}

// derived is what a module works out of a text: a map whose keys are words in small letters.
var derived = tenants.Part{Table: "providers", Read: func(f *tenants.Folder) []tenants.Row {
	type stem struct{ Stem string }
	return []tenants.Row{{Slug: "chi-siamo", Columns: map[string]any{
		"name": f.City.Name, "kind": "comune", "accreditations": []stem{{f.City.Name}}, "en": map[string]int{strings.ToLower(f.City.Name): 1},
	}}}
}}

func laquila() tenants.Opening {
	return tenants.Opening{
		Slug: "l-aquila", Name: "L'Aquila", Province: "AQ", ISTAT: "066049", Catastale: "A345", Primary: "#1F5C7A", Accent: "#8A3B12", Initials: "LA",
	}
}

func TestTemplate_IsFilledInForEachCity(t *testing.T) {
	t.Parallel()
	house, photograph := aTemplate()
	template, err := tenants.ReadTemplate(house, append([]tenants.Part{derived}, parts...))
	if err != nil {
		t.Fatal(err)
	}
	first, err := template.For(laquila())
	if err != nil {
		t.Fatal(err)
	}
	before := written(t, first)
	other, err := template.For(tenants.Opening{
		Slug: "vo", Name: "Vo'", Province: "PD", ISTAT: "028105", Catastale: "M103", Primary: "#7A1F3D", Accent: "#1D5C4F", Initials: "V",
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := written(t, first); got != before {
		t.Error("the second city changed the first")
	}
	s := first.Settings
	if first.Slug != "l-aquila" || first.Name != "L'Aquila" || s.Portal != "L'Aquila si prende cura" || s.Province != "AQ" || s.ISTAT != "066049" ||
		s.Catastale != "A345" || s.Brand.Primary != "#1F5C7A" || s.Brand.Accent != "#8A3B12" || s.Contacts.Email != "welfare@l-aquila.example" {
		t.Errorf("plan %+v", first)
	}
	if mark := string(first.Pictures["mark"].Body); !strings.Contains(mark, `fill="#1F5C7A" stroke="#8A3B12"`) || !strings.Contains(mark, ">LA<") {
		t.Errorf("mark %s", mark)
	}
	if !bytes.Equal(first.Pictures["foto"].Body, photograph) {
		t.Error("a photograph was written into")
	}
	for _, plan := range []*tenants.Plan{first, other} {
		all := strings.ToLower(written(t, plan))
		for _, rest := range []string{"{{", "qxnome", "qxslug", "999998", "z998", "#010203", "#030201"} {
			if strings.Contains(all, rest) {
				t.Errorf("%s: %q was left in %s", plan.Slug, rest, all)
			}
		}
	}
}

func written(t *testing.T, plan *tenants.Plan) string {
	t.Helper()
	raw, err := json.Marshal([]any{plan.Settings, plan.Tables})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestTemplate_OpensTheCityThatAFolderWould(t *testing.T) {
	t.Parallel()
	house, _ := aTemplate()
	template, err := tenants.ReadTemplate(house, append([]tenants.Part{derived}, parts...))
	if err != nil {
		t.Fatal(err)
	}
	opening := laquila()
	opening.Slug = newSlug()
	db := testkit.DB(t)
	for _, changes := range []int{1 + 1 + 8 + 1 + 2, 0} {
		plan, err := template.For(opening)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := db.Apply(t.Context(), plan, shelf{}, false); err != nil || len(got) != changes {
			t.Errorf("changes %v, want %d; %v", got, changes, err)
		}
	}
	ctx := inside(t, opening.Slug)
	if got := ask[string](t, ctx, "SELECT accreditations::text || en FROM providers"); got != `[{"Stem": "L'Aquila"}]{"l'aquila": 1}` {
		t.Errorf("what was derived: %s", got)
	}
	if got := ask[string](t, ctx, "SELECT topics[1] FROM programmes WHERE slug = 'aperto'"); got != "L'Aquila" {
		t.Errorf("topic %q", got)
	}
}

func TestTemplate_RefusesWhatWouldMeanSomething(t *testing.T) {
	t.Parallel()
	house, _ := aTemplate()
	template, err := tenants.ReadTemplate(house, parts)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*tenants.Opening){
		"JSON":             func(o *tenants.Opening) { o.Name = `X","from":"evil@evil.example` },
		"markup":           func(o *tenants.Opening) { o.Name = "<script>" },
		"an entity":        func(o *tenants.Opening) { o.Initials = "&lt;" },
		"an escape":        func(o *tenants.Opening) { o.Name = `X\u0022` },
		"a line":           func(o *tenants.Opening) { o.Name = "X\nBcc: evil@evil.example" },
		"a placeholder":    func(o *tenants.Opening) { o.Name = "{{slug}}" },
		"nothing":          func(o *tenants.Opening) { o.Province = "" },
		"no slug":          func(o *tenants.Opening) { o.Slug = "../x" },
		"a reserved slug":  func(o *tenants.Opening) { o.Slug = "www" },
		"a colour's quote": func(o *tenants.Opening) { o.Primary = `#fff" onload="` },
	} {
		opening := laquila()
		change(&opening)
		if plan, err := template.For(opening); err == nil {
			t.Errorf("%s: %+v", name, plan)
		}
	}
}

func TestTemplate_TakesEveryComune(t *testing.T) {
	t.Parallel()
	house, _ := aTemplate()
	template, err := tenants.ReadTemplate(house, parts[:1])
	if err != nil {
		t.Fatal(err)
	}
	all, err := comuni.Active()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		_, err := template.For(tenants.Opening{
			Slug: c.Slug, Name: c.Name, Province: c.Province, ISTAT: c.ISTAT, Catastale: c.Catastale, Primary: "#1F5C7A", Accent: "#8A3B12", Initials: "X",
		})
		if err != nil {
			t.Error(err)
		}
	}
}
