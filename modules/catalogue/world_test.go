package catalogue

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

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

// monday is when every test takes place.
var monday = time.Date(2026, 11, 23, 10, 0, 0, 0, ui.Rome)

func clock() time.Time { return monday }

var cremonaOnce sync.Once

// cremona is the city of the demo, applied once from its folder; tests read it and change nothing.
func cremona(t testing.TB) (context.Context, *tenants.City) {
	t.Helper()
	db := testkit.DB(t)
	cremonaOnce.Do(func() {
		plan, err := readFolder(t, "cremona")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.Apply(context.Background(), plan, &drawer{}, false); err != nil {
			t.Fatal(err)
		}
	})
	const host = "cremona." + testkit.Parent
	testkit.Eventually(t, "the directory hears of Cremona", func() bool {
		c := testkit.Cities(t).ByHost(host)
		return c != nil && c.Status == tenants.StatusOpen
	})
	city := testkit.Cities(t).ByHost(host)
	return tenants.With(context.Background(), city), city
}

// opened is a new city with Cremona's catalogue, for tests that change it.
func opened(t testing.TB) (context.Context, *tenants.City) {
	t.Helper()
	slug := "c" + strings.ReplaceAll(uuid.Must(uuid.NewV7()).String(), "-", "")
	plan, err := tenants.ReadFolder(slug, os.DirFS(citiesDir+"/cremona"), os.DirFS("../../tenants"), allParts())
	if err != nil {
		t.Fatal(err)
	}
	plan.Hosts = nil
	if _, err := testkit.DB(t).Apply(context.Background(), plan, &drawer{}, false); err != nil {
		t.Fatal(err)
	}
	host := slug + "." + testkit.Parent
	testkit.Eventually(t, "the directory hears of the city", func() bool {
		c := testkit.Cities(t).ByHost(host)
		return c != nil && c.Status == tenants.StatusOpen
	})
	city := testkit.Cities(t).ByHost(host)
	return tenants.With(context.Background(), city), city
}

func exec(t testing.TB, ctx context.Context, sql string, args ...any) {
	t.Helper()
	err := testkit.DB(t).Tx(ctx, func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, sql, args...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// drawer keeps pictures in memory, and their rows where services refer to them.
type drawer struct {
	bodies map[uuid.UUID]tenants.Image
	ids    map[[32]byte]uuid.UUID
	reuse  bool // within one city, an image that was drawn before keeps its id
}

func (d *drawer) Reserve(ctx context.Context, images []tenants.Image) ([]uuid.UUID, error) {
	if d.bodies == nil {
		d.bodies, d.ids = map[uuid.UUID]tenants.Image{}, map[[32]byte]uuid.UUID{}
	}
	ids := make([]uuid.UUID, len(images))
	for i, image := range images {
		sum := sha256.Sum256(image.Body)
		if id, ok := d.ids[sum]; ok && d.reuse {
			ids[i] = id
			continue
		}
		ids[i] = uuid.Must(uuid.NewV7())
		d.bodies[ids[i]], d.ids[sum] = image, ids[i]
		_, err := tenants.PgxTx(ctx).Exec(ctx, `INSERT INTO files (id, module, content_type, bytes, sha256, public, state) VALUES ($1, 'test', $2, $3, $4, true, 'stored')`,
			ids[i], image.ContentType, len(image.Body), sum[:])
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (d *drawer) Upload(context.Context, []uuid.UUID, []tenants.Image) error { return nil }
func (d *drawer) Confirm(context.Context, []uuid.UUID) error                 { return nil }

type nobody struct{}

func (nobody) Resume(context.Context, string) (*authz.Actor, error) {
	return nil, problem.ErrUnauthenticated
}

// server answers for every test's city with the catalogue's pages.
func server(t testing.TB, more ...web.Route) *web.Server {
	t.Helper()
	module := New(testkit.DB(t), clock).Module()
	words, err := ui.Load(ui.Locales, module.Words, places.New(testkit.DB(t), clock).Module().Words, programmes.New(testkit.DB(t), clock).Module().Words)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := authz.Load()
	if err != nil {
		t.Fatal(err)
	}
	return &web.Server{
		Directory: testkit.Cities(t), Base: web.Base{Scheme: "http", Parent: testkit.Parent, Port: "8099"}, Words: words, Policy: policy,
		Sessions: nobody{}, Routes: append(module.Routes, more...), Uncached: true,
	}
}

type answer struct {
	status   int
	location string
	body     string
}

func get(t testing.TB, app *fiber.App, city *tenants.City, path string) answer {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	r.Host = city.Host
	response, err := app.Test(r, 20_000)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer{response.StatusCode, response.Header.Get("Location"), string(body)}
}

type frontAndPaths struct {
	Front
	paths []string
}

// front reads what the home and the sitemap read, in one batch.
func (s *Service) front(ctx context.Context) (f frontAndPaths, err error) {
	err = s.db.Read(ctx, func(b *pgx.Batch) {
		s.QueueFront(b, "it", 6, &f.Front)
		s.QueuePaths(b, &f.paths)
	})
	return f, err
}
