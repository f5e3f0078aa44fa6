package catalogue

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/welfarex/welfarex/tenants"
)

// TestSearch_AnswersEverydayQuestions: of forty questions, written before the search was tuned, at least 38 find the right service
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
		hits := search(q.Ask, docs, city)
		slices.SortStableFunc(hits, func(a, b hit) int { // as the page shows them
			switch {
			case a.firm == b.firm:
				return 0
			case a.firm:
				return -1
			}
			return 1
		})
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
	if right < 38 {
		t.Errorf("only %d of %d questions were answered in the first three", right, len(questions))
	}
}

// TestSearch_KnowsAnIllHusbandFromAViolentOne: words for the family alone never lead to the anti-violence centre.
func TestSearch_KnowsAnIllHusbandFromAViolentOne(t *testing.T) {
	t.Parallel()
	slugs, docs, city := searchable(t, "cremona")
	shown := func(ask string) bool {
		hits := search(ask, docs, city)
		return slices.ContainsFunc(hits[:min(3, len(hits))], func(h hit) bool { return slugs[h.doc] == "centro-antiviolenza" })
	}
	for _, ask := range []string{
		"marito", "mio marito", "mio marito si è perso", "mio marito non cammina più", "mio marito sta male", "mio marito è malato", "il mio ex",
		"mio marito ha l'alzheimer", "mio marito è caduto", "il me om el sta mal", "mia moglie non si alza", "aiuto per mio marito", "marito in ospedale",
		"mio marito non ricorda più niente", "moglie", "mamma", "mio figlio", "nonno",
	} {
		if shown(ask) {
			t.Errorf("%s: shows the anti-violence centre", ask)
		}
	}
	for _, ask := range []string{"mio marito mi picchia", "marito violento", "mio marito mi mena", "ho paura di mio marito", "il mio ex mi segue", "stalking"} {
		if !shown(ask) {
			t.Errorf("%s: does not show the anti-violence centre", ask)
		}
	}
}

// TestSearch_KnowsWhatOnlyTouches: a word in passing, or one that only resembles, is no answer.
func TestSearch_KnowsWhatOnlyTouches(t *testing.T) {
	t.Parallel()
	slugs, docs, city := searchable(t, "cremona")
	for ask, want := range map[string]string{
		"pannoloni": "", "guardia medica": "", "sedia a rotelle": "trasporto-attrezzato", "wheelchair": "trasporto-attrezzato",
		"è morto mio marito": "colloqui-psicologo", "morto": "colloqui-psicologo", "lutto": "colloqui-psicologo", "parkinson": "fisioterapia-a-casa",
		"bonus badante": "trovare-badante", "alzheimer": "palestra-della-memoria",
	} {
		firm := []string{}
		for _, h := range search(ask, docs, city) {
			if h.firm {
				firm = append(firm, slugs[h.doc])
			}
		}
		if want == "" && len(firm) > 0 || want != "" && !slices.Contains(firm[:min(2, len(firm))], want) {
			t.Errorf("%s: %v, want %q", ask, firm, want)
		}
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

func TestSearch_ReadsEnglishToo(t *testing.T) {
	t.Parallel()
	slugs, docs, city := searchable(t, "cremona")
	for ask, want := range map[string]string{"home care": "assistenza-domiciliare", "homework help": "aiuto-compiti", "meals at home": "pasti-a-domicilio", "nursery": "asilo-nido"} {
		hits := search(ask, docs, city)
		if !slices.ContainsFunc(hits[:min(3, len(hits))], func(h hit) bool { return slugs[h.doc] == want }) {
			t.Errorf("%s does not find %s", ask, want)
		}
	}
}

// TestSearch_WhatTheEnglishHomeProposesIsFound: in every city of the demo.
func TestSearch_WhatTheEnglishHomeProposesIsFound(t *testing.T) {
	t.Parallel()
	for _, name := range demoCities {
		plan, err := readFolder(t, name)
		if err != nil {
			t.Fatal(err)
		}
		_, docs, own := searchable(t, name)
		city := &tenants.City{Settings: plan.Settings}
		examples, in := city.Examples("en")
		if in != "en" {
			t.Errorf("%s proposes nothing", name)
		}
		for _, ask := range examples {
			if !slices.ContainsFunc(search(ask, docs, own), func(h hit) bool { return h.firm }) {
				t.Errorf("%s: %q is proposed and not found", name, ask)
			}
		}
	}
}

var demoCities = []string{"bari", "biella", "cremona", "forli", "milano", "napoli", "salerno", "sondrio", "torino"}

func TestSearch_IsTheSameEveryTime(t *testing.T) {
	t.Parallel()
	_, docs, city := searchable(t, "cremona")
	first := search("assitenza anzani per la nona", docs, city)
	for range 20 {
		if again := search("assitenza anzani per la nona", docs, city); !slices.Equal(first, again) {
			t.Fatalf("%v, then %v", first, again)
		}
	}
}

func TestSearch_SaysNothingToNothing(t *testing.T) {
	t.Parallel()
	_, docs, city := searchable(t, "cremona")
	for _, q := range []string{"", "   ", "e di la con", "????", "qwrtpsdf", "日本語", strings.Repeat("zzzz ", 200)} {
		if hits := search(q, docs, city); len(hits) != 0 {
			t.Errorf("%q: %d hits", q, len(hits))
		}
	}
}

func TestSlips(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		most int
		want int
	}{
		{"anzian", "anzian", 1, 0}, {"anzan", "anzian", 1, 1}, {"anziian", "anzian", 1, 1}, {"anzisn", "anzian", 1, 1}, {"anzain", "anzian", 1, 1},
		{"psicolg", "psicolog", 1, 1}, {"assitnz", "assistenz", 2, 2}, {"cas", "cosa", 1, 2}, {"mamm", "papp", 1, 2}, {"a", "abcdef", 2, 3}, {"", "a", 1, 1},
	} {
		if got := slips(c.a, c.b, c.most); got != c.want {
			t.Errorf("%s → %s: %d, want %d", c.a, c.b, got, c.want)
		}
		if slips(c.a, c.b, c.most) != slips(c.b, c.a, c.most) {
			t.Errorf("%s and %s are not as far apart both ways", c.a, c.b)
		}
	}
}

func TestWords_FoldAndStem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"L'età degli ANZIANI", "eta anzian"}, {"anziana, anziane; anziano", "anzian"}, {"perché non c'è più", ""}, {"104 e città", "104 citt"},
		{"baby-sitter", "baby sitter"},
	} {
		if got := strings.Join(stems(c.text), " "); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestTerms_ComeBackAsTheyWent(t *testing.T) {
	t.Parallel()
	doc := parseTerms(`{"casa": 1, "anzian": 25, "104": 8}`)
	if fmt.Sprint(doc) != "[{casa 1} {anzian 25} {104 8}]" {
		t.Errorf("%v", doc)
	}
	if doc := parseTerms("{}"); len(doc) != 0 {
		t.Errorf("%v", doc)
	}
	if doc := parseTerms(`{"casa`); len(doc) != 0 {
		t.Errorf("%v", doc)
	}
}
