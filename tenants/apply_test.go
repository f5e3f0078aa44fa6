package tenants_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

// shelf keeps pictures as rows alone, and can be cut off between the two transactions of Apply.
type shelf struct{ upload func() error }

func (s shelf) Reserve(ctx context.Context, images []tenants.Image) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, len(images))
	for i, image := range images {
		err := tenants.PgxTx(ctx).QueryRow(ctx, `WITH old AS (SELECT id FROM files WHERE sha256 = sha256($1) ORDER BY id LIMIT 1), new AS (
			INSERT INTO files (id, module, content_type, bytes, sha256) SELECT $2, 'pictures', $3, $4, sha256($1) WHERE NOT EXISTS (SELECT FROM old) RETURNING id)
			SELECT id FROM old UNION ALL SELECT id FROM new`, image.Body, uuid.Must(uuid.NewV7()), image.ContentType, len(image.Body)).Scan(&ids[i])
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func (s shelf) Upload(context.Context, []uuid.UUID, []tenants.Image) error {
	if s.upload != nil {
		return s.upload()
	}
	return nil
}

func (s shelf) Confirm(ctx context.Context, ids []uuid.UUID) error {
	_, err := tenants.PgxTx(ctx).Exec(ctx, "UPDATE files SET state = 'stored' WHERE id = ANY ($1)", ids)
	return err
}

func apply(t *testing.T, slug string, files fstest.MapFS, force bool) []tenants.Change {
	t.Helper()
	changes, err := testkit.DB(t).Apply(t.Context(), read(t, slug, files), shelf{}, force)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// inside gives a context for the city of a slug, which Apply has opened.
func inside(t *testing.T, slug string) context.Context {
	t.Helper()
	cities, err := testkit.DB(t).BySlug(t.Context(), []string{slug})
	if err != nil || cities[slug] == nil {
		t.Fatalf("no city %s: %v", slug, err)
	}
	return tenants.With(t.Context(), cities[slug])
}

func city(t *testing.T, ctx context.Context) *tenants.City {
	t.Helper()
	c, err := tenants.From(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ask reads one value of the city of ctx.
func ask[T any](t *testing.T, ctx context.Context, sql string, args ...any) (value T) {
	t.Helper()
	if err := testkit.DB(t).Read(ctx, func(b *pgx.Batch) {
		b.Queue(sql, args...).QueryRow(func(row pgx.Row) error { return row.Scan(&value) })
	}); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// person changes something as people do, beside any folder.
func person(t *testing.T, ctx context.Context, sql string, args ...any) {
	t.Helper()
	if err := testkit.DB(t).Tx(ctx, func(ctx context.Context) error {
		_, err := tenants.PgxTx(ctx).Exec(ctx, sql, args...)
		return err
	}); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

func want(t *testing.T, got []tenants.Change, want ...tenants.Change) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("changes %v, want %v", got, want)
	}
}

func TestApply_OpensACityAndASecondRunChangesNothing(t *testing.T) {
	t.Parallel()
	slug, files := newSlug(), anyCity()
	host := slug + ".example"
	edit(files, "city.yaml", "hosts: []", "hosts: ["+host+"]")
	changes := apply(t, slug, files, false)
	if len(changes) != 1+1+8+1+2 || slices.ContainsFunc(changes, func(c tenants.Change) bool { return c.Done != tenants.Created }) {
		t.Errorf("changes: %v", changes)
	}
	ctx := inside(t, slug)
	c := city(t, ctx)
	if c.Status != tenants.StatusOpen || c.Name != "Prova" || c.Brand.Primary != "#8C1C2B" || c.Brand.Mark == uuid.Nil || c.Brand.Mark != c.Brand.Motif {
		t.Errorf("city %+v", c)
	}
	if got := ask[string](t, ctx, `SELECT o.name FROM programmes p JOIN offices o ON o.id = p.office_id JOIN files f ON f.id = p.picture
		WHERE p.slug = 'saap' AND f.state = 'stored'`); got != "Settore sociale" {
		t.Errorf("the programme's office is %q", got)
	}
	if !ask[bool](t, ctx, "SELECT office_id IS NULL AND picture IS NULL FROM programmes WHERE slug = 'aperto'") {
		t.Error("an empty reference is not NULL")
	}
	want(t, apply(t, slug, files, false))
	if now := city(t, inside(t, slug)); now.Version != c.Version {
		t.Errorf("the version went from %d to %d for nothing", c.Version, now.Version)
	}
	if n := ask[int](t, ctx, "SELECT count(*) FROM audit_entries WHERE verb = 'applied'"); n != 1 {
		t.Errorf("%d audit entries", n)
	}
}

func TestApply_ChangesOnlyWhatTheFolderChanged(t *testing.T) {
	t.Parallel()
	slug, files := newSlug(), anyCity()
	apply(t, slug, files, false)
	before := city(t, inside(t, slug)).Version
	edit(files, "offices.yaml", "0521 555 020", "0521 555 021")
	edit(files, "city.yaml", "motto: Tutto in un posto solo", "motto: Tutto qui")
	want(t, apply(t, slug, files, false),
		tenants.Change{Table: "cities", Slug: slug, Done: tenants.Updated, Columns: []string{"motto"}},
		tenants.Change{Table: "offices", Slug: "sociale", Done: tenants.Updated, Columns: []string{"phone"}})
	ctx := inside(t, slug)
	if c := city(t, ctx); c.Motto != "Tutto qui" || c.Version <= before {
		t.Errorf("motto %q, version %d after %d", c.Motto, c.Version, before)
	}
	if got := ask[string](t, ctx, "SELECT phone FROM offices WHERE slug = 'sociale'"); got != "0521 555 021" {
		t.Errorf("phone %q", got)
	}
}

func TestApply_KeepsWhatPeopleChangedUnlessForced(t *testing.T) {
	t.Parallel()
	slug, files := newSlug(), anyCity()
	apply(t, slug, files, false)
	ctx := inside(t, slug)
	person(t, ctx, "UPDATE offices SET phone = '0521 555 999' WHERE slug = 'sociale'")
	want(t, apply(t, slug, files, false), tenants.Change{Table: "offices", Slug: "sociale", Done: tenants.Kept, Columns: []string{"phone"}})

	edit(files, "offices.yaml", "Settore sociale", "Servizio sociale")
	edit(files, "offices.yaml", "0521 555 020", "0521 555 021")
	want(t, apply(t, slug, files, false),
		tenants.Change{Table: "offices", Slug: "sociale", Done: tenants.Updated, Columns: []string{"name"}},
		tenants.Change{Table: "offices", Slug: "sociale", Done: tenants.Kept, Columns: []string{"phone"}})
	if got := ask[string](t, ctx, "SELECT name || phone FROM offices WHERE slug = 'sociale'"); got != "Servizio sociale0521 555 999" {
		t.Errorf("office %q", got)
	}
	want(t, apply(t, slug, files, true), tenants.Change{Table: "offices", Slug: "sociale", Done: tenants.Updated, Columns: []string{"phone"}})
	want(t, apply(t, slug, files, false))
	if got := ask[string](t, ctx, "SELECT phone FROM offices WHERE slug = 'sociale'"); got != "0521 555 021" {
		t.Errorf("phone %q after --force", got)
	}
}

func TestApply_KeepsAPersonsRowOfTheSameSlug(t *testing.T) {
	t.Parallel()
	slug, files := newSlug(), anyCity()
	apply(t, slug, files, false)
	ctx := inside(t, slug)
	person(t, ctx, "INSERT INTO offices (id, slug, name) VALUES (gen_random_uuid(), 'anagrafe', 'Nostra anagrafe')")
	files["offices.yaml"].Data = append(files["offices.yaml"].Data, "- {slug: anagrafe, name: Anagrafe, phone: \"1\"}\n"...)
	want(t, apply(t, slug, files, false), tenants.Change{Table: "offices", Slug: "anagrafe", Done: tenants.Kept, Columns: []string{"name", "phone"}})
	if got := ask[string](t, ctx, "SELECT name FROM offices WHERE slug = 'anagrafe'"); got != "Nostra anagrafe" {
		t.Errorf("office %q", got)
	}
}

func TestApply_ASettingTheFolderNoLongerHasGoesAndAPersonsStays(t *testing.T) {
	t.Parallel()
	slug, files := newSlug(), anyCity()
	apply(t, slug, files, false)
	ctx := inside(t, slug)
	before := city(t, ctx).Version
	person(t, ctx, `UPDATE cities SET settings = settings || '{"en": {"portal": "Ours"}}' WHERE id = current_city()`)
	edit(files, "city.yaml", "words:\n  it: {home.ask: \"Che cosa ti serve oggi?\"}\n", "")
	want(t, apply(t, slug, files, false),
		tenants.Change{Table: "cities", Slug: slug, Done: tenants.Updated, Columns: []string{"words"}},
		tenants.Change{Table: "cities", Slug: slug, Done: tenants.Kept, Columns: []string{"en"}})
	c := city(t, inside(t, slug))
	if len(c.Words) != 0 || c.En == nil || c.En.Portal != "Ours" || c.Version == before {
		t.Errorf("words %v, en %v, version %d after %d", c.Words, c.En, c.Version, before)
	}
	want(t, apply(t, slug, files, false), tenants.Change{Table: "cities", Slug: slug, Done: tenants.Kept, Columns: []string{"en"}})
}

func TestApply_RemovedIsUnpublishedAndBackIsPublishedAgain(t *testing.T) {
	t.Parallel()
	slug, files := newSlug(), anyCity()
	apply(t, slug, files, false)
	ctx := inside(t, slug)
	published := func() bool { return ask[bool](t, ctx, "SELECT published FROM programmes WHERE slug = 'saap'") }
	id := ask[uuid.UUID](t, ctx, "SELECT id FROM programmes WHERE slug = 'saap'")
	saap := files["programmes/saap.yaml"]

	delete(files, "programmes/saap.yaml")
	want(t, apply(t, slug, files, false), tenants.Change{Table: "programmes", Slug: "saap", Done: tenants.Unpublished})
	if published() {
		t.Error("still published")
	}
	want(t, apply(t, slug, files, false))
	files["programmes/saap.yaml"] = saap
	want(t, apply(t, slug, files, false), tenants.Change{Table: "programmes", Slug: "saap", Done: tenants.Updated, Columns: []string{"published"}})
	if !published() || ask[uuid.UUID](t, ctx, "SELECT id FROM programmes WHERE slug = 'saap'") != id {
		t.Error("not the same row, published again")
	}
}

func TestApply_APersonsDecisionToShowOrHideStands(t *testing.T) {
	t.Parallel()
	slug, files := newSlug(), anyCity()
	apply(t, slug, files, false)
	ctx := inside(t, slug)
	saap := files["programmes/saap.yaml"]
	hidden := tenants.Change{Table: "programmes", Slug: "saap", Done: tenants.Kept, Columns: []string{"published"}}

	person(t, ctx, "UPDATE programmes SET published = false WHERE slug = 'saap'")
	want(t, apply(t, slug, files, false), hidden)
	delete(files, "programmes/saap.yaml")
	want(t, apply(t, slug, files, false))
	files["programmes/saap.yaml"] = saap
	want(t, apply(t, slug, files, false), hidden)

	delete(files, "programmes/aperto.yaml")
	want(t, apply(t, slug, files, false), hidden, tenants.Change{Table: "programmes", Slug: "aperto", Done: tenants.Unpublished})
	person(t, ctx, "UPDATE programmes SET published = true WHERE slug = 'aperto'")
	want(t, apply(t, slug, files, false), hidden)
}

func TestApply_AHostOfAnotherCityChangesNothing(t *testing.T) {
	t.Parallel()
	db := testkit.DB(t)
	first, second := newSlug(), newSlug()
	files := edit(anyCity(), "city.yaml", "hosts: []", "hosts: ["+first+".example]")
	apply(t, first, files, false)
	if _, err := db.Apply(t.Context(), read(t, second, files), shelf{}, false); !errors.Is(err, tenants.ErrHostTaken) || !strings.Contains(err.Error(), first+".example") {
		t.Fatalf("err = %v", err)
	}
	wrong := edit(edit(anyCity(), "city.yaml", "hosts: []", "hosts: [free.example, "+first+".example]"), "city.yaml", "province: PR", "province: pr")
	var problems tenants.Problems
	taken := func(f *tenants.Folder) { f.CheckHosts([]string{first + ".example"}) }
	if _, err := tenants.ReadFolder(second, wrong, fstest.MapFS{}, parts, taken); !errors.As(err, &problems) || len(problems) != 2 ||
		!slices.Contains(problems, tenants.Problem{File: "city.yaml", Line: 8, Field: "hosts[1]", Code: "folder.host_taken", Arg: first + ".example"}) {
		t.Errorf("a folder with that host: %v", err)
	}
	if cities, err := db.BySlug(t.Context(), []string{second}); err != nil || len(cities) != 0 {
		t.Errorf("a city was left over: %v, %v", cities, err)
	}
	// Given up by one, another may have it.
	apply(t, first, anyCity(), false)
	apply(t, second, files, false)
	if hosts, err := db.Hosts(t.Context(), second); err != nil || len(hosts[second]) != 1 {
		t.Errorf("hosts %v, %v", hosts, err)
	}
}

func TestApply_CutOffBetweenTheTransactionsItGoesOnNextTime(t *testing.T) {
	t.Parallel()
	db, slug, files := testkit.DB(t), newSlug(), anyCity()
	power := errors.New("power failed")
	changes, err := db.Apply(t.Context(), read(t, slug, files), shelf{func() error { return power }}, false)
	if !errors.Is(err, power) || changes != nil {
		t.Fatalf("changes %v, err %v", changes, err)
	}
	if c := city(t, inside(t, slug)); c.Status != tenants.StatusSuspended {
		t.Errorf("half a city is %s", c.Status)
	}
	changes = apply(t, slug, files, false)
	if c := city(t, inside(t, slug)); c.Status != tenants.StatusOpen || c.Portal != "Prova si prende cura" || len(changes) != 12 {
		t.Errorf("city %+v, changes %v", c, changes)
	}
	want(t, apply(t, slug, files, false))
}

func TestApply_ASuspendedCityStaysSuspended(t *testing.T) {
	t.Parallel()
	slug, files := newSlug(), anyCity()
	apply(t, slug, files, false)
	if err := testkit.DB(t).SetStatus(inside(t, slug), tenants.StatusSuspended); err != nil {
		t.Fatal(err)
	}
	apply(t, slug, edit(files, "city.yaml", "motto: Tutto in un posto solo", "motto: Tutto qui"), false)
	if c := city(t, inside(t, slug)); c.Status != tenants.StatusSuspended || c.Motto != "Tutto qui" {
		t.Errorf("city %+v", c)
	}
}

func TestApply_ManyAtOnceTakeTurns(t *testing.T) {
	t.Parallel()
	db, slug := testkit.DB(t), newSlug()
	plan := read(t, slug, anyCity())
	all := make([][]tenants.Change, 6)
	errs := make([]error, len(all))
	var running sync.WaitGroup
	for i := range all {
		running.Go(func() { all[i], errs[i] = db.Apply(t.Context(), plan, shelf{}, false) })
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	did := slices.DeleteFunc(all, func(changes []tenants.Change) bool { return len(changes) == 0 })
	if len(did) != 1 || len(did[0]) != 12 {
		t.Errorf("%d of them changed something: %v", len(did), did)
	}
	ctx := inside(t, slug)
	if n := ask[int](t, ctx, "SELECT count(*) FROM needs"); n != 8 {
		t.Errorf("%d needs", n)
	}
	if n := ask[int](t, ctx, "SELECT count(*) FROM files"); n != 2 {
		t.Errorf("%d files for two different drawings", n)
	}
	if n := ask[int](t, ctx, "SELECT count(*) FROM audit_entries WHERE verb = 'applied'"); n != 1 {
		t.Errorf("%d audit entries", n)
	}
}

func TestApply_OfTwoCitiesThatWantAHostOneGetsIt(t *testing.T) {
	t.Parallel()
	db, host := testkit.DB(t), newSlug()+".example"
	files := edit(anyCity(), "city.yaml", "hosts: []", "hosts: ["+host+"]")
	plans := []*tenants.Plan{read(t, newSlug(), files), read(t, newSlug(), files)}
	errs := make([]error, len(plans))
	var running sync.WaitGroup
	for i, plan := range plans {
		running.Go(func() { _, errs[i] = db.Apply(t.Context(), plan, shelf{}, false) })
	}
	running.Wait()
	if won := slices.Index(errs, nil); won < 0 || !errors.Is(errs[1-won], tenants.ErrHostTaken) {
		t.Errorf("errors: %v", errs)
	}
}

func TestApply_DoesNotUndoWhatAPersonIsJustWriting(t *testing.T) {
	t.Parallel()
	db, slug, files := testkit.DB(t), newSlug(), anyCity()
	apply(t, slug, files, false)
	ctx := inside(t, slug)
	plan := read(t, slug, edit(files, "offices.yaml", "Settore sociale", "Servizio sociale"))
	applied := make(chan error, 1)
	err := db.Tx(ctx, func(ctx context.Context) error {
		if _, err := tenants.PgxTx(ctx).Exec(ctx, "UPDATE offices SET phone = '0521 555 999' WHERE slug = 'sociale'"); err != nil {
			return err
		}
		go func() {
			_, err := db.Apply(context.WithoutCancel(t.Context()), plan, shelf{}, false)
			applied <- err
		}()
		testkit.Eventually(t, "the application waits for the person", func() bool {
			var waiting bool
			err := db.Pool().QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)").Scan(&waiting)
			return err == nil && waiting
		})
		return tenants.Touch(ctx) // the city after the row, as people's use cases do: no deadlock
	})
	if err := errors.Join(err, <-applied); err != nil {
		t.Fatal(err)
	}
	if got := ask[string](t, ctx, "SELECT name || ' ' || phone FROM offices WHERE slug = 'sociale'"); got != "Servizio sociale 0521 555 999" {
		t.Errorf("office %q", got)
	}
}

func TestApply_RefusesRowsThatDoNotFit(t *testing.T) {
	t.Parallel()
	for name, part := range map[string]tenants.Part{
		"other columns": {Table: "offices", Read: func(*tenants.Folder) []tenants.Row {
			return []tenants.Row{{Slug: "a", Columns: map[string]any{"name": "A", "en": nil}}, {Slug: "b", Columns: map[string]any{"name": "B"}}}
		}},
		"not there": {Table: "programmes", Read: func(*tenants.Folder) []tenants.Row {
			return []tenants.Row{{Slug: "a", Columns: map[string]any{"office_id": tenants.Ref{Table: "offices", Slug: "nessuno"}}}}
		}},
		"no column": {Table: "offices", Read: func(*tenants.Folder) []tenants.Row {
			return []tenants.Row{{Slug: "a", Columns: map[string]any{"tenant_id; DROP TABLE offices": "x"}}}
		}},
		"someone else's": {Table: "offices", Read: func(*tenants.Folder) []tenants.Row {
			return []tenants.Row{{Slug: "a", Columns: map[string]any{"name": "A", "tenant_id": uuid.NewString()}}}
		}},
	} {
		slug := newSlug()
		plan, err := tenants.ReadFolder(slug, anyCity(), fstest.MapFS{}, []tenants.Part{parts[0], part})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := testkit.DB(t).Apply(t.Context(), plan, shelf{}, false); err == nil {
			t.Errorf("%s: no error", name)
		}
		if n := ask[int](t, inside(t, slug), "SELECT count(*) FROM needs"); n != 0 {
			t.Errorf("%s: half of it was kept", name)
		}
	}
}

func TestApply_HandsOverToTheAuditTrailWithoutWords(t *testing.T) {
	t.Parallel()
	slug := newSlug()
	apply(t, slug, anyCity(), false)
	ctx := inside(t, slug)
	row := ask[json.RawMessage](t, ctx, "SELECT to_jsonb(e) FROM audit_entries e WHERE verb = 'applied'")
	if !strings.Contains(string(row), `"actor": "operator"`) || strings.Contains(string(row), "sociale") {
		t.Errorf("entry %s", row)
	}
	if at, err := testkit.DB(t).AuditBrokenAt(ctx); at != 0 || err != nil {
		t.Errorf("broken at %d, %v", at, err)
	}
}
