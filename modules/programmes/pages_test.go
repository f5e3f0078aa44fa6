package programmes

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
	"github.com/welfarex/welfarex/modules/places"
	"github.com/welfarex/welfarex/tenants"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var monday = time.Date(2026, 11, 23, 10, 20, 0, 0, rome)

type nobody struct{}

func (nobody) Resume(context.Context, string) (*authz.Actor, error) {
	return nil, problem.ErrUnauthenticated
}

type world struct {
	t      *testing.T
	ctx    context.Context
	city   *tenants.City
	app    *fiber.App
	office uuid.UUID
}

func setup(t *testing.T) world {
	t.Helper()
	t.Parallel()
	ctx, city := testkit.City(t)
	clock := func() time.Time { return monday }
	module := New(testkit.DB(t), clock).Module()
	words, err := ui.Load(ui.Locales, module.Words, places.New(testkit.DB(t), clock).Module().Words)
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
	w := world{t, ctx, city, server.App(), uuid.New()}
	w.exec(`INSERT INTO offices (id, slug, name, phone, email) VALUES ($1, 'ufficio', 'Ufficio Casa', '0372 555 160', 'casa@prova.example')`, w.office)
	w.programme("affitto", "Contributo affitto", "open", "2026-11-01", "2026-12-01")
	w.programme("bollette", "Contributo bollette", "open", "", "2026-11-25")
	w.programme("sempre", "Aiuto per tutti", "always", "", "")
	w.programme("chiuso", "Dote sport", "closed", "", "2026-10-15")
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

func (w world) programme(slug, title, status, opens, closes string) {
	w.t.Helper()
	sheet := `{"purpose": "<p>Serve.</p>", "addressed": "<p>A chi abita qui.</p>", "how": "<p>Chiedi.</p>", "needed": ["ISEE"], "obtained": "<p>Un aiuto.</p>",
		"times": "<p>Un mese.</p>", "conditions": "<p>Una volta.</p>", "act": "Deliberazione 1/2026"}`
	w.exec(`INSERT INTO programmes (id, slug, title, summary, office_id, audiences, status, opens, closes, sheet, topics)
		VALUES ($1, $2, $3, 'Una frase.', $4, '{famiglie,anziani}', $5, $6, $7, $8, '{Casa}')`, uuid.New(), slug, title, w.office, status, opens, closes, sheet)
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

func inOrder(t *testing.T, body string, wanted ...string) {
	t.Helper()
	for _, w := range wanted {
		_, rest, found := strings.Cut(body, w)
		if !found {
			t.Errorf("%q is missing, or not in its place", w)
			return
		}
		body = rest
	}
}

func TestList_BeginsWithWhatCanBeAskedForToday(t *testing.T) {
	w := setup(t)
	status, body := w.get("/programmi")
	if status != 200 {
		t.Fatalf("status %d", status)
	}
	inOrder(t, body, "Puoi fare domanda adesso", "Mancano 2 giorni", "Contributo bollette", "Puoi fare domanda fino al 25 novembre 2026", "Contributo affitto",
		"fino al 1° dicembre 2026", "Aperti tutto l", "Aiuto per tutti", "Chiusi", "Dote sport", "Le domande si sono chiuse il 15 ottobre 2026")
}

func TestSheet_FollowsTheModel(t *testing.T) {
	w := setup(t)
	status, body := w.get("/programmi/affitto")
	if status != 200 {
		t.Fatalf("status %d", status)
	}
	inOrder(t, body, `data-element="service-title"`, `data-element="service-status"`, `data-element="service-description"`, `data-element="service-addressed"`,
		`data-element="service-how-to"`, `data-element="service-needed"`, `data-element="service-achieved"`, `data-element="service-calendar-text"`,
		`data-element="service-calendar-list"`, `data-element="service-generic-access"`, "0372 555 160", `data-element="service-area"`, "Ufficio Casa", `data-element="service-topic"`)
	found := regexp.MustCompile(`(?s)<script type="application/ld\+json">(.*?)</script>`).FindStringSubmatch(body)
	if found == nil || !json.Valid([]byte(found[1])) {
		t.Error("no valid JSON-LD")
	}
	for _, wanted := range []string{`href="#domanda"`, `<section id="domanda"`} {
		if !strings.Contains(body, wanted) {
			t.Errorf("the main button leads nowhere: %s is missing", wanted)
		}
	}
}

func TestSheet_OfAClosedCallSaysWhomToAsk(t *testing.T) {
	w := setup(t)
	_, body := w.get("/programmi/chiuso")
	inOrder(t, body, "Domande chiuse", "Parla con l", "Chiama l")
	if strings.Contains(body, "Come chiedere<") {
		t.Error("a closed call offers to apply")
	}
}

func TestSheet_InEnglishKeepsTheItalianMarked(t *testing.T) {
	w := setup(t)
	w.exec(`UPDATE programmes SET en = '{"title": "Rent support", "summary": ""}' WHERE slug = 'affitto'`)
	_, body := w.get("/en/programmi/affitto")
	for _, wanted := range []string{`lang="en">Rent support</h1>`, `lang="it">Una frase.</p>`, "You can apply until 1 December 2026"} {
		if !strings.Contains(body, wanted) {
			t.Errorf("missing: %s", wanted)
		}
	}
}

func TestProgrammes_RefuseWhatIsNotThere(t *testing.T) {
	w := setup(t)
	w.exec("UPDATE programmes SET published = false WHERE slug = 'bollette'")
	for _, path := range []string{"/programmi/bollette", "/programmi/inventato", "/programmi/" + uuid.NewString()} {
		if status, _ := w.get(path); status != 404 {
			t.Errorf("%s: status %d", path, status)
		}
	}
	if _, body := w.get("/programmi"); strings.Contains(body, "Contributo bollette") {
		t.Error("an unpublished programme is listed")
	}
}

func TestProgrammes_AnotherCitySeesNothing(t *testing.T) {
	w := setup(t)
	_, w.city = testkit.City(t)
	if _, body := w.get("/programmi"); strings.Contains(body, "Contributo") || !strings.Contains(body, "Per ora non ci sono programmi aperti") {
		t.Error("another city's programmes are shown")
	}
	if status, _ := w.get("/programmi/affitto"); status != 404 {
		t.Errorf("status %d", status)
	}
}

func TestFolder_TellsWhatIsWrong(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"programmes/prova.yaml": {Data: []byte("title: Prova\nsummary: Una frase.\npurpose: x\nfor: [gatti]\noffice: nessuno\nstatus: soon\n" +
		"closes: 2026-13\npicture: x\naddressed: x\nhow: x\nneeded: []\nobtained: x\ntimes: x\nconditions: x\ntopics: [Casa]\nsubtitle: x\n")}}
	_, err := tenants.ReadFolder("prova", files, files, Parts())
	if err == nil {
		t.Fatal("a wrong folder passed")
	}
	for _, wanted := range []string{
		"prova.yaml:4: for[0]: folder.oneof", "prova.yaml:5: office: folder.unknown nessuno", "opens: folder.required", "prova.yaml:7: closes: folder.date",
		"prova.yaml:11: needed: folder.min", "prova.yaml:16: subtitle: folder.unknown_key",
	} {
		if !strings.Contains(err.Error(), wanted) {
			t.Errorf("not told: %s in\n%v", wanted, err)
		}
	}
}
