package catalogue

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/modules/kit/prose"
	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/tenants"
)

// Whoever edits a text of a folder must find it as it was: rendered, taken back and rendered again it is the same.
func TestSource_RendersToTheSameText(t *testing.T) {
	t.Parallel()
	texts := []string{
		"Uno\n\ndue **forte** e *piano*", "- uno\n- due\n\n  e mezzo\n- tre", "1. primo\n2. secondo\n   - dentro\n   - ancora", "### Titolo\n\n[qui](https://a.example/x_y)",
		`2 \* 3 \[x\] \<b> a_b \_c\_ &amp;lt; 5 < 6`, "riga\\\nnuova", `\# niente`, `\- niente`, `1\. niente`, "3. tre\n4. quattro"[3:],
	}
	_ = fs.WalkDir(os.DirFS(citiesDir), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(path, "/services/") && strings.HasSuffix(path, ".yaml") {
			raw, _ := os.ReadFile(citiesDir + "/" + path)
			texts = append(texts, string(raw)) // YAML is a torture for Markdown
		}
		return nil
	})
	if len(texts) < 100 {
		t.Fatalf("only %d texts", len(texts))
	}
	for _, text := range texts {
		once := prose.Passage(text)
		if again := prose.Passage(source(once)); again != once {
			t.Fatalf("%.300q became %.300q by way of %.300q", once, again, source(once))
		}
	}
}

func record(t *testing.T, ctx context.Context, slug string) Record {
	t.Helper()
	var id uuid.UUID
	var list []Record
	err := testkit.DB(t).Read(ctx, func(b *pgx.Batch) {
		b.Queue("SELECT id FROM services WHERE slug = $1", slug).QueryRow(func(row pgx.Row) error { return row.Scan(&id) })
	})
	if err == nil {
		err = testkit.DB(t).Read(ctx, func(b *pgx.Batch) { QueueRecord(b, id, &list) })
	}
	if err != nil || len(list) != 1 {
		t.Fatalf("%s: %d, %v", slug, len(list), err)
	}
	return list[0]
}

func publish(t *testing.T, ctx context.Context, id, provider uuid.UUID, e *Entry) {
	t.Helper()
	if err := testkit.DB(t).Tx(ctx, func(ctx context.Context) error { return Publish(ctx, id, provider, e) }); err != nil {
		t.Fatal(err)
	}
}

func TestPublish_AnUnchangedEntryChangesNothingThatIsShown(t *testing.T) {
	t.Parallel()
	ctx, _ := opened(t)
	s := New(testkit.DB(t), clock)
	before, err := s.Sheet(ctx, "it", "pasti-a-domicilio")
	if err != nil {
		t.Fatal(err)
	}
	r := record(t, ctx, "pasti-a-domicilio")
	publish(t, ctx, r.ID, r.Provider, &r.Entry)
	after, err := s.Sheet(ctx, "it", "pasti-a-domicilio")
	if err != nil {
		t.Fatal(err)
	}
	if before.Addressed != after.Addressed || before.AccessOnline != after.AccessOnline || before.PriceAct != after.PriceAct || before.Price != after.Price ||
		!slices.Equal(before.Needed, after.Needed) || before.Picture != after.Picture || before.Office.Name != after.Office.Name {
		t.Errorf("%+v became %+v", before.Sheet, after.Sheet)
	}
}

// An approved edit of a service that the folder brought stands: the next apply changes what nobody touched, and nothing else.
func TestPublish_SurvivesTheNextApply(t *testing.T) {
	t.Parallel()
	ctx, city := opened(t)
	r := record(t, ctx, "pasti-a-domicilio")
	r.Title, r.Addressed, r.Price = "Pasti portati a casa", "A **tutti** <script>alert(1)</script>", Price{Kind: Fixed, Cents: 700, Unit: "pasto"}
	publish(t, ctx, r.ID, r.Provider, &r.Entry)
	plan, err := tenants.ReadFolder(city.Slug, os.DirFS(citiesDir+"/cremona"), os.DirFS("../../tenants"), allParts())
	if err != nil {
		t.Fatal(err)
	}
	plan.Hosts = nil
	changes, err := testkit.DB(t).Apply(context.Background(), plan, &drawer{}, false)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(changes, func(c tenants.Change) bool {
		return c.Done == tenants.Kept && c.Slug == "pasti-a-domicilio" && slices.Contains(c.Columns, "title")
	}) {
		t.Errorf("apply does not say what it kept: %+v", changes)
	}
	s := New(testkit.DB(t), clock)
	sheet, err := s.Sheet(ctx, "it", "pasti-a-domicilio")
	if err != nil || sheet.Title.Text != "Pasti portati a casa" || sheet.Price.Cents != 700 || !strings.Contains(sheet.Addressed, "<strong>tutti</strong>") || strings.Contains(sheet.Addressed, "<script") {
		t.Errorf("%+v, %v", sheet.Sheet, err)
	}
	found, err := s.List(ctx, "it", Filter{Question: "portati", Page: 1})
	if err != nil || !slices.ContainsFunc(found.Cards, func(c *Card) bool { return c.Slug == "pasti-a-domicilio" }) {
		t.Errorf("the new words are not found: %v", err)
	}
}

func TestPublish_WritesTheEnglishTheDeadlinesAndTheCapacity(t *testing.T) {
	t.Parallel()
	ctx, city := opened(t)
	s := New(testkit.DB(t), clock)
	r := record(t, ctx, "pasti-a-domicilio")
	if r.TitleEn == "" || r.SummaryEn == "" {
		t.Fatalf("the folder's English is not in the record: %+v", r.Entry)
	}
	r.TitleEn, r.SummaryEn, r.Capacity = "Hot lunches", "", 120
	r.Deadlines = []Deadline{{Date: "2099-01-31", Label: "Domande"}}
	publish(t, ctx, r.ID, r.Provider, &r.Entry)
	sheet, err := s.Sheet(ctx, "en", r.Slug)
	if err != nil || sheet.Title != (Text{"Hot lunches", false}) || !sheet.Summary.Foreign || sheet.Capacity != 120 || !slices.Equal(sheet.Deadlines, r.Deadlines) {
		t.Errorf("%+v, %v", sheet.Sheet, err)
	}
	if again := record(t, ctx, r.Slug); again.TitleEn != r.TitleEn || !slices.Equal(again.Deadlines, r.Deadlines) || again.Capacity != 120 {
		t.Errorf("%+v", again.Entry)
	}
	if got := get(t, server(t).App(), city, "/servizi/"+r.Slug); !strings.Contains(got.body, "fino a 120 pasti al mese") {
		t.Error("the capacity is not on the sheet")
	}
	found, err := s.List(ctx, "en", Filter{Question: "lunches", Page: 1})
	if err != nil || !slices.ContainsFunc(found.Cards, func(c *Card) bool { return c.Slug == r.Slug }) {
		t.Errorf("the English is not found: %v", err)
	}
	r.TitleEn = ""
	publish(t, ctx, r.ID, r.Provider, &r.Entry)
	if sheet, err = s.Sheet(ctx, "en", r.Slug); err != nil || !sheet.Title.Foreign {
		t.Errorf("%+v, %v", sheet.Sheet, err)
	}
}

func TestPublish_ANewServiceGetsASlugOfItsOwn(t *testing.T) {
	t.Parallel()
	ctx, city := opened(t)
	r := record(t, ctx, "pasti-a-domicilio")
	other, _ := opened(t)
	for _, want := range []string{"/servizi/pasti-a-domicilio-2", "/servizi/pasti-a-domicilio-3"} {
		id := uuid.Must(uuid.NewV7())
		publish(t, ctx, id, r.Provider, &r.Entry)
		app := server(t).App()
		if got := get(t, app, city, want); got.status != 200 || !strings.Contains(got.body, "Pasti a domicilio") {
			t.Errorf("%s: %d", want, got.status)
		}
		err := testkit.DB(t).Tx(other, func(ctx context.Context) error {
			_, err := LockRecord(ctx, id)
			return err
		})
		if !errors.Is(err, problem.ErrNotFound) {
			t.Errorf("another city: %v", err)
		}
	}
	if err := testkit.DB(t).Tx(ctx, func(ctx context.Context) error { return Unpublish(ctx, r.ID) }); err != nil {
		t.Fatal(err)
	}
	if got := get(t, server(t).App(), city, "/servizi/pasti-a-domicilio"); got.status != 404 {
		t.Errorf("unpublished: %d", got.status)
	}
}

func TestPreview_IsTheSheetItWouldBecome(t *testing.T) {
	t.Parallel()
	ctx, _ := cremona(t)
	s := New(testkit.DB(t), clock)
	r := record(t, ctx, "pasti-a-domicilio")
	live, err := s.Sheet(ctx, "it", r.Slug)
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.Preview(ctx, "it", r.ID, r.Provider, &r.Entry)
	if err != nil || page.Addressed != live.Addressed || page.Category.Name != live.Category.Name || page.Provider.Name != live.Provider.Name || page.Office.Name != live.Office.Name {
		t.Errorf("%+v, %v", page, err)
	}
	if _, err := s.Preview(ctx, "it", uuid.New(), r.Provider, &Entry{}); err != nil {
		t.Errorf("an empty draft: %v", err)
	}
}
