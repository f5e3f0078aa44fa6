package catalogue

import (
	"strconv"
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/italian"
)

// What a word weighs by where a service says it.
const (
	weightTitle   = 12
	weightKeyword = 8
	weightTopic   = 4
	weightSummary = 4
	weightBody    = 1
)

type field struct {
	weight int
	texts  []string
}

// weigh gives the stems of a service and what each weighs: a word counts once for each kind of place it stands in.
func weigh(fields ...field) map[string]int {
	terms := map[string]int{}
	for _, f := range fields {
		seen := map[string]bool{}
		for _, text := range f.texts {
			said := words(text)
			for _, w := range said {
				if s := stem(w); !stopWords[w] && !seen[s] && (!kin[s] || len(said) <= 1 || f.weight != weightKeyword) {
					seen[s] = true
					terms[s] += f.weight
				}
			}
		}
	}
	return terms
}

// parseTerms reads what weigh wrote, as PostgreSQL gives it back: {"anzian": 12, "cas": 4}. Stems need no escapes.
func parseTerms(raw string) document {
	doc := make(document, 0, strings.Count(raw, ",")+16)
	for {
		_, rest, ok := strings.Cut(raw, `"`)
		if !ok {
			return doc
		}
		stem, rest, _ := strings.Cut(rest, `": `)
		end := strings.IndexAny(rest, ",}")
		if end < 0 {
			return doc
		}
		weight, _ := strconv.Atoi(rest[:end])
		doc, raw = append(doc, term{stem, weight}), rest[end:]
	}
}

// words splits a text into words of plain small letters and digits: "L'età" is l, eta.
func words(text string) []string {
	return strings.FieldsFunc(fold(text), func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
}

var folding = strings.NewReplacer(
	"à", "a", "á", "a", "â", "a", "ä", "a", "è", "e", "é", "e", "ê", "e", "ë", "e", "ì", "i", "í", "i", "î", "i", "ï", "i",
	"ò", "o", "ó", "o", "ô", "o", "ö", "o", "ù", "u", "ú", "u", "û", "u", "ü", "u", "ñ", "n", "ç", "c", "ß", "ss",
)

func fold(text string) string { return folding.Replace(strings.ToLower(text)) }

// stem is what Italian words of one family share: anziano, anziani, anziana → anzian.
func stem(word string) string {
	if strings.HasSuffix(word, "iano") { // the stemmer takes anziano and italiano for verbs
		word = word[:len(word)-1] + "a"
	}
	env := snowballstem.NewEnv(word)
	italian.Stem(env)
	return env.Current()
}

// weakStems are of words that people say around what they need: they help, but less.
var weakStems = func() map[string]bool {
	set := map[string]bool{}
	for _, s := range stems(weakList) {
		set[s] = true
	}
	return set
}()

const weakList = `aiuto aiutare aiutatemi bisogno cerco cercare chiedere dare dato devo deve dire fatto fare gente giorno ho persona problema
	prendere riesco riesce serve servono servizio sento solo stare diventare trovo trovare tutto venire viene vivo vive volta volte andare
	qualcuno nessuno adesso ora oggi molto tanto troppo due tre anni apre`

// kin are the stems of words for one's family. They say who is meant, not what is wrong: of a phrase they are never enough, so that who
// looks for an ill husband is not shown what is there against a violent one.
var kin = func() map[string]bool {
	set := map[string]bool{}
	for _, s := range stems(kinList) {
		set[s] = true
	}
	return set
}()

const kinList = `marito moglie mamma mamme papa padre madre figlio figlia nonno nonna suocero suocera fratello sorella zio zia compagno compagna
	fidanzato fidanzata ex om`

// stopWords say nothing about what a person needs.
var stopWords = func() map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(stopList) {
		set[w] = true
	}
	return set
}()

const stopList = `a ad ai al all alla alle allo agli ancora anche appena c ce che chi ci coi col come con cosa cui d da dagli dai dal dall dalla dalle dallo
	degli dei del dell della delle dello di dov dove e ed era essere fa fare fra gli ha hai hanno ho i il in io l la le lei lo loro lui m ma me
	mai mi meno mia mie miei mio n ne negli nei nel nell nella nelle nello noi non nostra nostro o ogni per perche piu po poi qual quale quali quando quanto
	quel quella quelle quelli quello questa queste questi questo quasi qui s se sei sempre si sia siamo sono sta sto su sua sue sugli sui sul sull sulla
	sulle sullo suo suoi t ti tra tu tua tuo tuoi tutti tutto un una uno v va vi voi vorrei voglio vuole puo posso possono`
