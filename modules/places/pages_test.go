package places

import (
	"context"
	"encoding/json"
	"io"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/tenants"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// monday is when every page is looked at.
var monday = time.Date(2026, 11, 23, 10, 20, 0, 0, rome)

type nobody struct{}

func (nobody) Resume(context.Context, string) (*authz.Actor, error) {
	return nil, problem.ErrUnauthenticated
}

// world is a city with two neighbourhoods and three points.
type world struct {
	t    *testing.T
	ctx  context.Context
	city *tenants.City
	app  *fiber.App
}

func setup(t *testing.T) world {
	t.Helper()
	t.Parallel()
	ctx, city := testkit.City(t)
	module := New(testkit.DB(t), func() time.Time { return monday }).Module()
	words, err := ui.Load(ui.Locales, module.Words)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := authz.Load()
	if err != nil {
		t.Fatal(err)
	}
	server := &web.Server{
		Directory: testkit.Cities(t), Base: web.Base{Scheme: "http", Parent: testkit.Parent, Port: "8099"}, Words: words, Policy: policy,
		Sessions: nobody{}, Routes: module.Routes, Uncached: true,
	}
	w := world{t, ctx, city, server.App()}
	w.exec("INSERT INTO neighbourhoods (id, slug, position, name, lat, lon) VALUES ($1, 'centro', 0, 'Centro', 45.13, 10.02), ($2, 'nord', 1, 'Nord', 45.15, 10.03)", uuid.New(), uuid.New())
	w.point("sportello-centro", "Sportello del centro", "centro", `{"mon": ["09:00-12:30"]}`, true, "it", "ar")
	w.point("farmacia", "Farmacia amica", "centro", `{"mon": ["15:00-18:00"]}`, false, "it")
	w.point("fuori-orario", "Camper <b>sociale</b>", "centro", `{"wed": ["09:00-12:00"]}`, true, "it", "uk")
	return w
}

func (w world) exec(sql string, args ...any) {
	w.t.Helper()
	err := testkit.DB(w.t).Tx(w.ctx, func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, sql, args...)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w world) point(slug, name, hood, hours string, stepFree bool, languages ...string) {
	w.t.Helper()
	w.exec(`INSERT INTO access_points (id, slug, name, kind, neighbourhood, address, lat, lon, phone, about, step_free, languages, hours)
		VALUES ($1, $2, $3, 'public', $4, 'Via Prova 1', 45.13, 10.02, '0372 555 011', 'Ci parli con calma.', $5, $6, $7)`,
		uuid.New(), slug, name, hood, stepFree, languages, hours)
}

func (w world) get(path string) (status int, body string) {
	w.t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	r.Host = w.city.Host
	response, err := w.app.Test(r, 20_000)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return response.StatusCode, string(raw)
}

func TestList_ShowsWhoIsThereNow(t *testing.T) {
	w := setup(t)
	status, body := w.get("/punti")
	if status != 200 {
		t.Fatalf("status %d", status)
	}
	for _, wanted := range []string{
		"3 punti sociali, uno aperto ora", "Aperto ora, fino alle 12:30", "Apre oggi alle 15:00", "Apre mercoledì alle 9:00", `href="tel:0372555011"`,
		"Camper &lt;b&gt;sociale&lt;/b&gt;", `aria-label="1: Sportello del centro, Aperto ora, fino alle 12:30"`, `role="img"`,
	} {
		if !strings.Contains(body, wanted) {
			t.Errorf("the page does not say %q", wanted)
		}
	}
	if strings.Contains(body, "style=") || strings.Contains(body, "onclick") {
		t.Error("the strict policy allows no inline style and no inline script")
	}
}

func TestList_Filters(t *testing.T) {
	w := setup(t)
	for _, c := range []struct {
		query     string
		shows     []string
		leavesOut []string
	}{
		{"aperti=1", []string{"sportello-centro"}, []string{"farmacia", "fuori-orario"}},
		{"senza-gradini=1", []string{"sportello-centro", "fuori-orario"}, []string{"farmacia"}},
		{"lingua=uk", []string{"fuori-orario"}, []string{"farmacia", "sportello-centro"}},
		{"quartiere=centro&lingua=ar", []string{"sportello-centro"}, []string{"farmacia"}},
		{"quartiere=nord", []string{"Nel quartiere Nord non c", "sportello-centro"}, nil},
		{"lingua=zz", []string{"Nessun punto corrisponde"}, []string{"sportello-centro", "farmacia"}},
		{"quartiere=altrove&aperti=forse", []string{"sportello-centro", "farmacia", "fuori-orario"}, nil},
	} {
		status, body := w.get("/punti?" + c.query)
		if status != 200 {
			t.Errorf("%s: status %d", c.query, status)
		}
		for _, slug := range c.shows {
			if !strings.Contains(body, slug) {
				t.Errorf("%s does not show %s", c.query, slug)
			}
		}
		for _, slug := range c.leavesOut {
			if strings.Contains(body, "/punti/"+slug) {
				t.Errorf("%s shows %s", c.query, slug)
			}
		}
	}
}

func TestPoint_DescribesItselfToPeopleAndMachines(t *testing.T) {
	w := setup(t)
	status, body := w.get("/punti/sportello-centro")
	if status != 200 || !strings.Contains(body, "Si entra") && !strings.Contains(body, "Senza gradini") {
		t.Fatalf("status %d", status)
	}
	found := regexp.MustCompile(`(?s)<script type="application/ld\+json">(.*?)</script>`).FindStringSubmatch(body)
	if found == nil {
		t.Fatal("no JSON-LD")
	}
	var described map[string]any
	if err := json.Unmarshal([]byte(found[1]), &described); err != nil {
		t.Fatal(err)
	}
	if described["@type"] != "GovernmentOffice" || described["telephone"] != "0372 555 011" {
		t.Errorf("%v", described)
	}
}

func TestPoint_InEnglishMarksWhatIsItalian(t *testing.T) {
	w := setup(t)
	w.exec(`UPDATE access_points SET en = '{"about": "You can talk in peace."}' WHERE slug = 'farmacia'`)
	if _, body := w.get("/en/punti/sportello-centro"); !strings.Contains(body, `<p class="lead" lang="it">Ci parli con calma.</p>`) {
		t.Error("an Italian text stands unmarked on an English page")
	}
	if _, body := w.get("/en/punti/farmacia"); !strings.Contains(body, `<p class="lead" lang="en">You can talk in peace.</p>`) {
		t.Error("the English text is not shown")
	}
}

func TestPoint_RefusesAllThatIsNotThere(t *testing.T) {
	w := setup(t)
	w.exec("UPDATE access_points SET published = false WHERE slug = 'farmacia'")
	_, madeUp := w.get("/punti/inventato")
	for _, path := range []string{"/punti/farmacia", "/punti/inventato", "/punti/" + uuid.NewString(), "/punti/%00", "/punti/sportello-centro%27--"} {
		status, body := w.get(path)
		if status != 404 {
			t.Errorf("%s: status %d", path, status)
		}
		if !strings.Contains(path, "%") && mask(body, path) != mask(madeUp, "/punti/inventato") {
			t.Errorf("%s can be told from a made-up address", path)
		}
	}
	if _, body := w.get("/punti"); strings.Contains(body, "farmacia") {
		t.Error("an unpublished point is listed")
	}
}

// mask hides the address itself, which an error page repeats in its links to other languages.
func mask(body, path string) string {
	return regexp.MustCompile(`href="[^"]*/punti/[^"]*"`).ReplaceAllString(strings.ReplaceAll(body, path, "PATH"), "HREF")
}

func TestPoints_AnotherCitySeesNothing(t *testing.T) {
	w := setup(t)
	_, other := testkit.City(t)
	w.city = other
	if _, body := w.get("/punti"); strings.Contains(body, "Sportello del centro") || strings.Contains(body, "Nord") {
		t.Error("another city's points are shown")
	}
	if status, _ := w.get("/punti/sportello-centro"); status != 404 {
		t.Errorf("status %d", status)
	}
}

func TestFolder_TellsAllThatIsWrongAtOnce(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{
		"geography.yaml": {Data: []byte("centre: {lat: 45.1, lon: 10.0}\nneighbourhoods:\n  - {slug: centro, name: Centro, lat: 10.0, lon: 45.1}\n  - {slug: centro, name: Altro, lat: 45.1, lon: 10.0}\nlake: 3\n")},
		"offices.yaml":   {Data: []byte("- {slug: casa, name: Casa, about: x, address: x, phone: x, email: nessuna, hours: x}\n")},
		"points.yaml": {Data: []byte("- slug: a-uno\n  name: Uno\n  kind: shop\n  neighbourhood: altrove\n  address: x\n  lat: 45.1\n  lon: 10.0\n  phone: x\n  about: x\n" +
			"  hours: {mon: [\"12:00-09:00\"], lun: [\"09:00-12:00\"]}\n  closed: [natale]\n")},
	}
	_, err := tenants.ReadFolder("prova", files, files, Parts())
	var problems tenants.Problems
	if !asProblems(err, &problems) {
		t.Fatalf("err = %v", err)
	}
	told := problems.Error()
	for _, wanted := range []string{
		"geography.yaml:3: neighbourhoods[0].lat: folder.min", "geography.yaml:4: neighbourhoods[1].slug: folder.twice centro", "geography.yaml:5: lake: folder.unknown_key",
		"offices.yaml:1: email: folder.email", "points.yaml:3: kind: folder.oneof", "points.yaml:4: neighbourhood: folder.unknown altrove",
		"points.yaml:10: hours.mon: folder.span", "folder.oneof mon tue", "points.yaml:11: closed[0]: folder.date",
	} {
		if !strings.Contains(told, wanted) {
			t.Errorf("not told: %s\nin\n%s", wanted, told)
		}
	}
	if strings.Count(told, "geography.yaml:5: lake") != 1 {
		t.Error("what two parts read is told twice")
	}
}

func asProblems(err error, into *tenants.Problems) bool {
	p, ok := err.(tenants.Problems) //nolint:errorlint // ReadFolder gives them as they are
	*into = p
	return ok
}
