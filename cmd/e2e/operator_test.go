package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// tenth is a folder for a city that the demo does not have, made of another city's.
func tenth(t *testing.T, slug, name, istat, catastale string) string {
	t.Helper()
	dir := filepath.Join(folder(t), slug)
	if err := os.CopyFS(dir, os.DirFS("../../tenants/cities/forli")); err != nil {
		t.Fatal(err)
	}
	rewrite(t, filepath.Join(dir, "city.yaml"), "name: Forlì", "name: "+name, "portal: Forlì fa insieme", "portal: "+name+" per tutti",
		"welfare.forli.example", "welfare."+slug+".example", `istat: "040012"`, `istat: "`+istat+`"`, "catastale: D704", "catastale: "+catastale,
		"#B3401F", "#5B2A86", "#1F5673", "#0E6B3A")
	return dir
}

// rewrite replaces texts that must be there.
func rewrite(t *testing.T, file string, pairs ...string) {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("%s does not hold %q", file, pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil { //nolint:gosec // a city's folder
		t.Fatal(err)
	}
}

func TestOperator(t *testing.T) {
	t.Parallel()
	t.Run("with scripts", func(t *testing.T) {
		t.Parallel()
		operate(t, "bergamo", "Bergamo", "016024", "A794", true)
	})
	t.Run("without scripts", func(t *testing.T) { t.Parallel(); operate(t, "lecco", "Lecco", "097042", "E507", false) })
}

// operate opens a city, breaks its folder, changes, suspends and resumes it, while the demo goes on serving.
func operate(t *testing.T, slug, name, istat, catastale string, scripts bool) {
	dir := tenth(t, slug, name, istat, catastale)
	base := shared.city("cremona").URL
	c := city{Slug: slug, URL: strings.Replace(base, "cremona", slug, 1)}
	if r := shared.ask(t, c.host(), "/"); r.status != http.StatusNotFound {
		t.Fatalf("before it is opened %s answers %d", slug, r.status)
	}

	out := shared.order(t, "city", "apply", dir)
	applied := time.Now()
	if !strings.Contains(out, c.URL) {
		t.Errorf("apply does not say where the city answers:\n%s", out)
	}
	eventually(t, "the new city answers", func() bool { return shared.ask(t, c.host(), "/").status == http.StatusOK })
	if took := time.Since(applied); took > time.Second {
		t.Errorf("the new city answered after %v", took)
	} else {
		t.Logf("the new city answered %v after apply", took.Round(time.Millisecond))
	}
	w := chrome.open(t, c, scripts)
	w.go200("/")
	w.expect(name+" per tutti", "C'è bisogno")
	w.picture("operator-tenth-city")

	if out := shared.order(t, "city", "apply", dir); !strings.Contains(out, "Niente da cambiare") {
		t.Errorf("a second apply changes something:\n%s", out)
	}
	breakFive(t, dir, c)

	rewrite(t, filepath.Join(dir, "city.yaml"), name+" per tutti", name+" per ognuno")
	if out := shared.order(t, "city", "apply", dir); !strings.Contains(out, "cambiato") {
		t.Errorf("apply does not tell the change:\n%s", out)
	}
	eventually(t, "the new name is shown", func() bool { return strings.Contains(shared.ask(t, c.host(), "/").body, name+" per ognuno") })

	shared.order(t, "city", "suspend", slug)
	eventually(t, "the city is suspended", func() bool { return shared.ask(t, c.host(), "/").status == http.StatusServiceUnavailable })
	if status := w.visit("/servizi"); status != http.StatusServiceUnavailable {
		t.Errorf("suspended, the list answers %d", status)
	}
	w.expect("in pausa", name+" per ognuno")
	if js[string](w, `document.querySelector('meta[name=robots]')?.content || ''`) != "noindex" {
		t.Error("a suspended city does not keep search engines away")
	}
	w.picture("suspended")
	if scripts {
		w.examine("suspended")
	}
	shared.order(t, "city", "resume", slug)
	eventually(t, "the city is back", func() bool { return shared.ask(t, c.host(), "/").status == http.StatusOK })
	w.go200("/servizi")
	if r := shared.ask(t, shared.city("cremona").host(), "/"); r.status != http.StatusOK || strings.Contains(r.body, name+" per ognuno") {
		t.Errorf("Cremona answers %d, or with another city's name", r.status)
	}
}

// breakFive plants five errors in a copy of the folder: each is told with file and line, and nothing changes.
func breakFive(t *testing.T, dir string, c city) {
	t.Helper()
	broken := filepath.Join(folder(t), c.Slug)
	if err := os.CopyFS(broken, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	before := shared.order(t, "city", "show", c.Slug)
	rewrite(t, filepath.Join(broken, "city.yaml"), `"#5B2A86"`, `"#FFF3B0"`, " per tutti\n", " per nessuno\n", "province: FC", "provincia: FC")
	rewrite(t, filepath.Join(broken, "services", "nido-girotondo.yaml"), "category: ", "category: che-non-c-e-")
	rewrite(t, filepath.Join(broken, "points.yaml"), `mon: ["08:00-12:30"]`, `mon: ["8 alle 12"]`)
	r := shared.tell(t, "city", "apply", broken)
	if r.code != 1 {
		t.Errorf("apply of a broken folder: exit %d", r.code)
	}
	if n := strings.Count(strings.TrimSpace(r.out), "\n"); n != 5 || !strings.Contains(r.out, "5 errori") {
		t.Errorf("%d errors are told instead of five:\n%s", n, r.out)
	}
	for _, want := range []string{
		`(?m)^city\.yaml:\d+: .*primary.*contrasto`, `(?m)^city\.yaml:\d+: .*provincia.*sconosciuta`, `(?m)^city\.yaml:\d+: .*province.*obbligatorio`,
		`(?m)^services/nido-girotondo\.yaml:[1-9]\d*: .*che-non-c-e-`, `(?m)^points\.yaml:[1-9]\d*: .*orario`,
	} {
		if !regexp.MustCompile(want).MatchString(r.out) {
			t.Errorf("the errors do not match %s:\n%s", want, r.out)
		}
	}
	if after := shared.order(t, "city", "show", c.Slug); after != before {
		t.Errorf("a broken folder changed the city:\n%s\n%s", before, after)
	}
	if strings.Contains(shared.ask(t, c.host(), "/").body, "per nessuno") {
		t.Error("a broken folder changed the portal's name")
	}
}
