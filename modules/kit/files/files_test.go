package files_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/minio/minio-go/v7"

	"github.com/welfarex/welfarex/modules/kit/authz"
	"github.com/welfarex/welfarex/modules/kit/files"
	"github.com/welfarex/welfarex/modules/kit/local"
	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/modules/kit/web"
	"github.com/welfarex/welfarex/tenants"
)

var s3 *local.S3 // one in a process

func TestMain(m *testing.M) {
	var err error
	if s3, err = local.StartS3(context.Background(), "", "", "key", "a secret of some length"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	testkit.Main(m)
}

func store(t *testing.T) *files.Store {
	t.Helper()
	s, err := files.Open(testkit.DB(t), files.Options{Endpoint: s3.URL(), Bucket: local.Bucket, AccessKey: "key", SecretKey: "a secret of some length"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func bucket(t *testing.T) *minio.Client {
	t.Helper()
	c, err := s3.Client()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// objects lists the keys of a city in the bucket.
func objects(t *testing.T, city *tenants.City) (keys []string) {
	t.Helper()
	for o := range bucket(t).ListObjects(t.Context(), local.Bucket, minio.ListObjectsOptions{Prefix: city.ID.String() + "/", Recursive: true}) {
		if o.Err != nil {
			t.Fatal(o.Err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

func state(t *testing.T, ctx context.Context, id uuid.UUID) (state string) {
	t.Helper()
	err := testkit.DB(t).Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT state FROM files WHERE id = $1", id).QueryRow(func(row pgx.Row) error { return row.Scan(&state) })
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return "gone"
	}
	if err != nil {
		t.Fatal(err)
	}
	return state
}

func exec(t *testing.T, ctx context.Context, sql string, args ...any) {
	t.Helper()
	if err := testkit.DB(t).Tx(ctx, func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, sql, args...)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, ctx context.Context, s *files.Store, f files.File, body string) uuid.UUID {
	t.Helper()
	id, err := s.Put(ctx, f, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestPut_IsReadAgainInItsCityAlone(t *testing.T) {
	t.Parallel()
	s := store(t)
	ctx, city := testkit.City(t)
	otherCtx, other := testkit.City(t)
	id := put(t, ctx, s, files.File{Module: "test", Name: "foto.png", ContentType: "image/png", Public: true}, "una foto")
	f, body, err := s.Read(ctx, nil, id)
	if err != nil || string(body) != "una foto" || f.ID != id || f.Name != "foto.png" || f.ContentType != "image/png" || f.Bytes != 8 || !f.Public {
		t.Errorf("%+v %q, %v", f, body, err)
	}
	if got := objects(t, city); len(got) != 1 || got[0] != city.ID.String()+"/test/"+id.String() {
		t.Errorf("objects %v", got)
	}
	_, _, foreign := s.Read(otherCtx, &authz.Actor{Strong: true}, id)
	_, _, madeUp := s.Read(otherCtx, &authz.Actor{Strong: true}, uuid.New())
	if !errors.Is(foreign, problem.ErrNotFound) || foreign.Error() != madeUp.Error() {
		t.Errorf("foreign: %v, made up: %v", foreign, madeUp)
	}
	if got := objects(t, other); len(got) != 0 {
		t.Errorf("the other city's objects %v", got)
	}
	if _, _, err := s.Read(t.Context(), nil, id); !errors.Is(err, tenants.ErrNoCity) {
		t.Errorf("without a city: %v", err)
	}
	if _, err := s.Put(t.Context(), files.File{Module: "test"}, nil); !errors.Is(err, tenants.ErrNoCity) {
		t.Errorf("put without a city: %v", err)
	}
}

func TestPut_IsNoPartOfATransaction(t *testing.T) {
	t.Parallel()
	s := store(t)
	ctx, city := testkit.City(t)
	err := testkit.DB(t).Tx(ctx, func(ctx context.Context) error {
		_, err := s.Put(ctx, files.File{Module: "test", ContentType: "image/png"}, []byte("x"))
		return err
	})
	if err == nil || len(objects(t, city)) != 0 {
		t.Errorf("err = %v", err)
	}
}

func TestRead_APrivateFileIsItsModulesToGive(t *testing.T) {
	t.Parallel()
	s := store(t)
	ctx, _ := testkit.City(t)
	anna, bruno := &authz.Actor{Account: uuid.New()}, &authz.Actor{Account: uuid.New()}
	down := errors.New("pq: down")
	s.Guard("cases", func(_ context.Context, actor *authz.Actor, f files.File) error {
		switch {
		case f.Name == "guasto":
			return down
		case actor == nil:
			return problem.ErrUnauthenticated
		case actor.Account != f.Owner:
			return problem.ErrForbidden
		}
		return nil
	})
	private := put(t, ctx, s, files.File{Module: "cases", ContentType: "application/pdf", Owner: anna.Account}, "certificato")
	unguarded := put(t, ctx, s, files.File{Module: "nobody", ContentType: "application/pdf", Owner: anna.Account}, "segreto")
	if _, body, err := s.Read(ctx, anna, private); err != nil || string(body) != "certificato" {
		t.Errorf("its owner: %q, %v", body, err)
	}
	for name, c := range map[string]struct {
		actor *authz.Actor
		id    uuid.UUID
	}{"another": {bruno, private}, "a visitor": {nil, private}, "its owner, unguarded": {anna, unguarded}, "a visitor, unguarded": {nil, unguarded}} {
		if f, body, err := s.Read(ctx, c.actor, c.id); !errors.Is(err, problem.ErrNotFound) || body != nil || f.ID != uuid.Nil {
			t.Errorf("%s: %+v %q, %v", name, f, body, err)
		}
	}
	broken := put(t, ctx, s, files.File{Module: "cases", Name: "guasto", ContentType: "application/pdf", Owner: anna.Account}, "x")
	if _, _, err := s.Read(ctx, anna, broken); !errors.Is(err, down) {
		t.Errorf("a broken guard is no missing file: %v", err)
	}
}

func TestRead_ADamagedObjectIsNotGiven(t *testing.T) {
	t.Parallel()
	s := store(t)
	ctx, city := testkit.City(t)
	for name, damage := range map[string]func(key string) error{
		"changed": func(key string) error { return overwrite(t, key, "una fotX") },
		"shorter": func(key string) error { return overwrite(t, key, "una") },
		"longer":  func(key string) error { return overwrite(t, key, "una foto e altro") },
		"gone": func(key string) error {
			return bucket(t).RemoveObject(t.Context(), local.Bucket, key, minio.RemoveObjectOptions{})
		},
	} {
		id := put(t, ctx, s, files.File{Module: "test", ContentType: "image/png", Public: true}, "una foto")
		if err := damage(city.ID.String() + "/test/" + id.String()); err != nil {
			t.Fatal(err)
		}
		if _, body, err := s.Read(ctx, nil, id); err == nil || body != nil || problem.Of(err).Kind != problem.Internal {
			t.Errorf("%s: %q, %v", name, body, err)
		}
	}
	// An object put where another city's would be looked for is not read for this one.
	id := put(t, ctx, s, files.File{Module: "test", ContentType: "image/png", Public: true}, "vera")
	exec(t, ctx, "UPDATE files SET state = 'pending' WHERE id = $1", id)
	if _, _, err := s.Read(ctx, nil, id); !errors.Is(err, problem.ErrNotFound) {
		t.Errorf("not stored yet: %v", err)
	}
}

func overwrite(t *testing.T, key, body string) error {
	t.Helper()
	_, err := bucket(t).PutObject(t.Context(), local.Bucket, key, strings.NewReader(body), int64(len(body)), minio.PutObjectOptions{})
	return err
}

func images(bodies ...string) []tenants.Image {
	list := make([]tenants.Image, len(bodies))
	for i, b := range bodies {
		list[i] = tenants.Image{ContentType: "image/svg+xml", Body: []byte(b)}
	}
	return list
}

func reserve(t *testing.T, ctx context.Context, s *files.Store, list []tenants.Image) (ids []uuid.UUID) {
	t.Helper()
	if err := testkit.DB(t).Tx(ctx, func(ctx context.Context) (err error) {
		ids, err = s.Reserve(ctx, list)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return ids
}

func confirm(t *testing.T, ctx context.Context, s *files.Store, ids []uuid.UUID) error {
	t.Helper()
	return testkit.DB(t).Tx(ctx, func(ctx context.Context) error { return s.Confirm(ctx, ids) })
}

func TestPictures_EqualOnesAreStoredOnceInEachCity(t *testing.T) {
	t.Parallel()
	s := store(t)
	ctx, city := testkit.City(t)
	otherCtx, other := testkit.City(t)
	list := images("<svg>a</svg>", "<svg>b</svg>", "<svg>a</svg>")
	var all [][]uuid.UUID
	for _, c := range []context.Context{ctx, ctx, otherCtx} {
		ids := reserve(t, c, s, list)
		if err := errors.Join(s.Upload(c, ids, list), confirm(t, c, s, ids)); err != nil {
			t.Fatal(err)
		}
		all = append(all, ids)
	}
	if all[0][0] != all[0][2] || all[0][0] == all[0][1] || fmt.Sprint(all[0]) != fmt.Sprint(all[1]) || all[0][0] == all[2][0] {
		t.Errorf("ids %v", all)
	}
	if len(objects(t, city)) != 2 || len(objects(t, other)) != 2 {
		t.Errorf("objects %v, %v", objects(t, city), objects(t, other))
	}
	if f, body, err := s.Read(ctx, nil, all[0][1]); err != nil || string(body) != "<svg>b</svg>" || !f.Public || f.ContentType != "image/svg+xml" {
		t.Errorf("%+v %s, %v", f, body, err)
	}
}

func TestPictures_AnInterruptedUploadGoesOn(t *testing.T) {
	t.Parallel()
	s := store(t)
	ctx, _ := testkit.City(t)
	list := images("<svg>a</svg>", "<svg>b</svg>")
	first := reserve(t, ctx, s, list)
	if err := s.Upload(ctx, first[:1], list[:1]); err != nil {
		t.Fatal(err)
	}
	// Cut off. Days later the folder is applied again, while the sweeper comes by.
	exec(t, ctx, "UPDATE files SET created_at = now() - interval '2 days'")
	second := reserve(t, ctx, s, list)
	if fmt.Sprint(first) != fmt.Sprint(second) {
		t.Errorf("ids %v, then %v", first, second)
	}
	if n, err := s.Sweep(ctx, time.Now()); n != 0 || err != nil {
		t.Errorf("the sweeper took %d, %v", n, err)
	}
	if err := errors.Join(s.Upload(ctx, second, list), confirm(t, ctx, s, second)); err != nil {
		t.Fatal(err)
	}
	for _, id := range second {
		if _, _, err := s.Read(ctx, nil, id); err != nil {
			t.Error(err)
		}
	}
}

func TestSweep_TakesWhatWasNeverFinished(t *testing.T) {
	t.Parallel()
	s := store(t)
	ctx, city := testkit.City(t)
	otherCtx, other := testkit.City(t)
	kept := put(t, ctx, s, files.File{Module: "test", ContentType: "image/png", Public: true}, "tenuta")
	list := images("<svg>a</svg>")
	lost, theirs := reserve(t, ctx, s, list), reserve(t, otherCtx, s, list)
	if err := errors.Join(s.Upload(ctx, lost, list), s.Upload(otherCtx, theirs, list)); err != nil {
		t.Fatal(err)
	}
	exec(t, ctx, "UPDATE files SET created_at = now() - interval '2 hours'")
	exec(t, otherCtx, "UPDATE files SET created_at = now() - interval '2 hours'")
	young := reserve(t, ctx, s, images("<svg>b</svg>"))[0]
	if n, err := s.Sweep(ctx, time.Now()); n != 1 || err != nil {
		t.Errorf("it took %d, %v", n, err)
	}
	if got := state(t, ctx, lost[0]) + " " + state(t, ctx, young) + " " + state(t, ctx, kept) + " " + state(t, otherCtx, theirs[0]); got != "gone pending stored pending" {
		t.Error(got)
	}
	if len(objects(t, city)) != 1 || len(objects(t, other)) != 1 {
		t.Errorf("objects %v, %v", objects(t, city), objects(t, other))
	}
	// An upload that was too slow for the sweeper is told, not believed.
	if err := confirm(t, ctx, s, lost); err == nil {
		t.Error("a swept file was confirmed")
	}
	// What an earlier sweep left half done is finished.
	if err := s.Upload(ctx, []uuid.UUID{young}, images("<svg>b</svg>")); err != nil {
		t.Fatal(err)
	}
	exec(t, ctx, "UPDATE files SET state = 'removed' WHERE id = $1", young)
	if n, err := s.Sweep(ctx, time.Now()); n != 1 || err != nil || len(objects(t, city)) != 1 {
		t.Errorf("it took %d, %v; objects %v", n, err, objects(t, city))
	}
	if n, err := s.Sweep(ctx, time.Now()); n != 0 || err != nil {
		t.Errorf("it took %d more, %v", n, err)
	}
}

// The sweeper and an application that takes up an old upload again meet: whoever comes second sees it.
func TestSweep_RacesNobody(t *testing.T) {
	t.Parallel()
	s := store(t)
	for range 10 {
		ctx, _ := testkit.City(t)
		list := images("<svg>a</svg>")
		reserve(t, ctx, s, list)
		exec(t, ctx, "UPDATE files SET created_at = now() - interval '2 hours'")
		var ids []uuid.UUID
		var applied error
		var both sync.WaitGroup
		both.Go(func() {
			ids = reserve(t, ctx, s, list)
			applied = errors.Join(s.Upload(ctx, ids, list), confirm(t, ctx, s, ids))
		})
		both.Go(func() {
			if _, err := s.Sweep(ctx, time.Now()); err != nil {
				t.Error(err)
			}
		})
		both.Wait()
		if _, _, err := s.Read(ctx, nil, ids[0]); (err == nil) != (applied == nil) {
			t.Errorf("applied: %v, read: %v", applied, err)
		}
	}
}

// nobody has no sessions.
type nobody struct{ actor *authz.Actor }

func (n nobody) Resume(context.Context, string) (*authz.Actor, error) { return n.actor, nil }

func TestServe_SendsPicturesToShowAndTheRestToSave(t *testing.T) {
	t.Parallel()
	s := store(t)
	ctx, city := testkit.City(t)
	_, other := testkit.City(t)
	anna := &authz.Actor{Account: uuid.New(), Name: "Anna"}
	s.Guard("cases", func(_ context.Context, actor *authz.Actor, f files.File) error {
		if actor == nil || actor.Account != f.Owner {
			return problem.ErrForbidden
		}
		return nil
	})
	words, err := ui.Load(ui.Locales)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := authz.Load()
	if err != nil {
		t.Fatal(err)
	}
	server := &web.Server{
		Directory: testkit.Cities(t), Base: web.Base{Scheme: "http", Parent: testkit.Parent}, Words: words, Policy: policy, Sessions: nobody{anna}, Routes: s.Routes(),
	}
	app := server.App()
	drawing := "<svg>" + strings.Repeat(" ", 2000) + "</svg>"
	public := put(t, ctx, s, files.File{Module: "pictures", ContentType: "image/svg+xml", Public: true}, drawing)
	private := put(t, ctx, s, files.File{Module: "cases", Name: "Referto \"Anna\"\r\nX: y; è.pdf", ContentType: "application/pdf", Owner: anna.Account}, "%PDF")
	get := func(host, target, cookie string) (int, map[string][]string, string) {
		t.Helper()
		req := httptest.NewRequestWithContext(t.Context(), "GET", target, nil)
		req.Host = host
		if cookie != "" {
			req.Header.Set("Cookie", web.SessionCookie+"="+cookie)
		}
		res, err := app.Test(req, -1)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, res.Header, string(body)
	}
	has := func(header map[string][]string, name, want string) {
		t.Helper()
		if got := strings.Join(header[name], "|"); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for _, cookie := range []string{"", "anna"} {
		status, header, body := get(city.Host, "/media/"+public.String(), cookie)
		if status != 200 || body != drawing {
			t.Errorf("%d %.40s", status, body)
		}
		has(header, "Content-Type", "image/svg+xml")
		has(header, "Cache-Control", "public, max-age=31536000, immutable")
		has(header, "Content-Security-Policy", "default-src 'none'; sandbox")
		has(header, "X-Content-Type-Options", "nosniff")
		has(header, "Content-Disposition", "")
		has(header, "Set-Cookie", "")
	}
	status, header, body := get(city.Host, "/media/"+private.String(), "anna")
	if status != 200 || body != "%PDF" {
		t.Errorf("%d %s", status, body)
	}
	has(header, "Cache-Control", "private, no-store")
	has(header, "Content-Security-Policy", "default-src 'none'; sandbox")
	has(header, "X", "")
	has(header, "Content-Disposition", "attachment; filename*=UTF-8''Referto%20%22Anna%22%0D%0AX:%20y%3B%20%C3%A8.pdf")

	for name, target := range map[string]string{
		"private to a visitor": private.String(), "made up": uuid.NewString(), "no id": "x", "an id with more": public.String() + "x", "braces": "{" + public.String() + "}",
		"no hyphens": strings.ReplaceAll(public.String(), "-", ""), "as a name": "urn:uuid:" + public.String(), "nothing": uuid.Nil.String(),
	} {
		status, header, body := get(city.Host, "/media/"+target, "")
		if status != 404 || strings.Contains(body, "%PDF") || strings.Contains(body, drawing) {
			t.Errorf("%s: %d %.60s", name, status, body)
		}
		has(header, "Cache-Control", "no-store")
		has(header, "Content-Disposition", "")
	}
	mask := func(id uuid.UUID) string {
		_, _, body := get(city.Host, "/media/"+id.String(), "")
		return strings.ReplaceAll(body, id.String(), "…")
	}
	if mask(private) != mask(uuid.New()) {
		t.Error("a private file is told from one that is not there")
	}
	if status, _, body := get(other.Host, "/media/"+public.String(), ""); status != 404 || strings.Contains(body, drawing) {
		t.Errorf("another city: %d", status)
	}
}

func TestOpen_SaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, endpoint := range []string{"", "127.0.0.1:9000", "http://", "://"} {
		if _, err := files.Open(testkit.DB(t), files.Options{Endpoint: endpoint}); err == nil {
			t.Errorf("%q", endpoint)
		}
	}
	s := store(t)
	if err := s.Ready(t.Context()); err != nil {
		t.Error(err)
	}
	for name, o := range map[string]files.Options{
		"no bucket":   {Endpoint: s3.URL(), Bucket: "nessuno", AccessKey: "key", SecretKey: "a secret of some length"},
		"a wrong key": {Endpoint: s3.URL(), Bucket: local.Bucket, AccessKey: "key", SecretKey: "wrong wrong wrong wrong"},
	} {
		bad, err := files.Open(testkit.DB(t), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := bad.Ready(t.Context()); err == nil || strings.Contains(err.Error(), "wrong wrong") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
