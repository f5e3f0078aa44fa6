package portal

import (
	"context"
	"crypto/sha256"
	"io"
	"io/fs"
	"net/http/httptest"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"

	"github.com/welfarex/welfarex/modules/catalogue"
	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/modules/places"
	"github.com/welfarex/welfarex/modules/programmes"
	"github.com/welfarex/welfarex/tenants"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// monday is when every page is looked at.
var monday = time.Date(2026, 11, 23, 10, 20, 0, 0, ui.Rome)

func clock() time.Time { return monday }

var base = web.Base{Scheme: "http", Parent: testkit.Parent, Port: "8099"}

func parts() []tenants.Part {
	return slices.Concat(places.Parts(), catalogue.Parts(), programmes.Parts(), Parts())
}

// drawer stands for the store of pictures: their rows are there, their bodies are not looked at.
type drawer struct{}

func (drawer) Reserve(ctx context.Context, images []tenants.Image) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, len(images))
	for i, image := range images {
		ids[i] = uuid.Must(uuid.NewV7())
		sum := sha256.Sum256(image.Body)
		_, err := tenants.PgxTx(ctx).Exec(ctx, `INSERT INTO files (id, module, content_type, bytes, sha256, public, state) VALUES ($1, 'test', $2, $3, $4, true, 'stored')`,
			ids[i], image.ContentType, len(image.Body), sum[:])
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (drawer) Upload(context.Context, []uuid.UUID, []tenants.Image) error { return nil }
func (drawer) Confirm(context.Context, []uuid.UUID) error                 { return nil }

type nobody struct{}

func (nobody) Resume(context.Context, string) (*authz.Actor, error) {
	return nil, problem.ErrUnauthenticated
}

var applied sync.Map // slug → *sync.Once

// demo is a city of the demo, applied once from its folder; tests read it and change nothing.
func demo(t *testing.T, slug string) *tenants.City {
	t.Helper()
	db := testkit.DB(t)
	once, _ := applied.LoadOrStore(slug, new(sync.Once))
	once.(*sync.Once).Do(func() {
		house := os.DirFS("../../tenants")
		files, err := fs.Sub(house, "cities/"+slug)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := tenants.ReadFolder(slug, files, house, parts())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Apply(context.Background(), plan, drawer{}, false); err != nil {
			t.Fatal(err)
		}
	})
	host := slug + "." + testkit.Parent
	testkit.Eventually(t, "the directory hears of "+slug, func() bool {
		city := testkit.Cities(t).ByHost(host)
		return city != nil && city.Status == tenants.StatusOpen && city.Brand.Primary != ""
	})
	return testkit.Cities(t).ByHost(host)
}

// portal is the whole public portal.
func newApp(t *testing.T) *fiber.App {
	t.Helper()
	db := testkit.DB(t)
	pl, ca, pr := places.New(db, clock), catalogue.New(db, clock), programmes.New(db, clock)
	sources := []fs.FS{ui.Locales}
	var routes []web.Route
	for _, m := range []struct {
		words  fs.FS
		routes []web.Route
	}{
		{pl.Module().Words, pl.Module().Routes}, {ca.Module().Words, ca.Module().Routes}, {pr.Module().Words, pr.Module().Routes},
		{words, New(db, base, clock, ca, pl, pr).Module().Routes},
	} {
		sources, routes = append(sources, m.words), append(routes, m.routes...)
	}
	all, err := ui.Load(sources...)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := authz.Load()
	if err != nil {
		t.Fatal(err)
	}
	server := &web.Server{Directory: testkit.Cities(t), Base: base, Words: all, Policy: policy, Sessions: nobody{}, Routes: routes, Uncached: true}
	return server.App()
}

type answer struct {
	status   int
	location string
	kind     string
	body     string
}

func get(t *testing.T, app *fiber.App, city *tenants.City, path string) answer {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	r.Host = city.Host
	response, err := app.Test(r, 30_000)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header.Get("Location"), response.Header.Get("Content-Type"), string(raw)}
}
