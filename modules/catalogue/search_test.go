package catalogue

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/welfarex/welfarex/tenants"
)

// TestSearch_AnswersEverydayQuestions: of forty questions, written before the search was tuned, at least 36 find the right service
// among the first three.
func TestSearch_AnswersEverydayQuestions(t *testing.T) {
	t.Parallel()
	var questions []struct {
		Ask   string
		Right []string
		Kind  string
	}
	load(t, "testdata/search_questions.yaml", &questions)
	if len(questions) != 40 {
		t.Fatalf("%d questions", len(questions))
	}
	slugs, docs, city := searchable(t, "cremona")
	right := 0
	for _, q := range questions {
		var first []string
		hits := search(q.Ask, docs, city, false)
		for _, h := range hits[:min(3, len(hits))] {
			first = append(first, fmt.Sprintf("%s %.2f", slugs[h.doc], h.score))
		}
		ok := slices.ContainsFunc(first, func(s string) bool { slug, _, _ := strings.Cut(s, " "); return slices.Contains(q.Right, slug) })
		mark := "  "
		if ok {
			right++
		} else {
			mark = "✗ "
		}
		t.Logf("%s%-60s %2d %s", mark, q.Ask, len(hits), strings.Join(first, ", "))
	}
	t.Logf("%d of %d right", right, len(questions))
	if right < 36 {
		t.Errorf("only %d of %d questions were answered in the first three", right, len(questions))
	}
}

// searchable is a city's services as the search sees them, without a database.
func searchable(t testing.TB, city string) (slugs []string, docs []document, own thesaurus) {
	plan, err := readFolder(t, city)
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string][]tenants.Row{}
	names := map[tenants.Ref]string{}
	for _, table := range plan.Tables {
		tables[table.Name] = table.Rows
		for _, row := range table.Rows {
			names[tenants.Ref{Table: table.Name, Slug: row.Slug}], _ = row.Columns["name"].(string)
		}
	}
	var lines []synonym
	for _, row := range tables["synonyms"] {
		lines = append(lines, synonym{row.Columns["words"].([]string), row.Columns["mean"].(string)})
	}
	for _, row := range tables["services"] {
		var d document
		for s, w := range row.Columns["terms"].(map[string]any) {
			d = append(d, term{s, int(w.(float64))})
		}
		for _, n := range row.Columns["needs"].([]string) {
			for _, s := range stems(names[tenants.Ref{Table: "needs", Slug: n}]) {
				d = append(d, term{s, weightTopic})
			}
		}
		for _, column := range []string{"category_id", "provider_id"} {
			for _, s := range stems(names[row.Columns[column].(tenants.Ref)]) {
				d = append(d, term{s, weightTopic})
			}
		}
		slugs, docs = append(slugs, row.Slug), append(docs, d)
	}
	return slugs, docs, newThesaurus(lines)
}
