package catalogue

import (
	_ "embed"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed synonyms.yaml
var houseYAML []byte

// house is the list of everyday words that every city's search knows.
var house = func() thesaurus {
	var lines []synonym
	if err := yaml.Unmarshal(houseYAML, &lines); err != nil {
		panic("catalogue: synonyms.yaml: " + err.Error())
	}
	return newThesaurus(lines)
}()

// synonym is a line of what people say and what a sheet calls it.
type synonym struct {
	Words []string `yaml:"words"`
	Mean  string   `yaml:"mean"`
}

// saying is one word or phrase of a synonym, as stems.
type saying struct {
	stems []string
	mean  []string
}

// thesaurus finds sayings by their first stem.
type thesaurus map[string][]saying

func newThesaurus(lines []synonym) thesaurus {
	t := thesaurus{}
	for _, line := range lines {
		mean := stems(line.Mean)
		seen := map[string]bool{}
		for _, phrase := range line.Words {
			said := stems(phrase)
			if key := strings.Join(said, " "); len(mean) > 0 && key != "" && !seen[key] {
				seen[key] = true
				t[said[0]] = append(t[said[0]], saying{said, mean})
			}
		}
	}
	return t
}

// said gives the sayings whose words all stand in the question, the longest first.
func (t thesaurus) said(question []string) []saying {
	var found []saying
	for _, stem := range question {
		for _, s := range t[stem] {
			if !slices.ContainsFunc(s.stems, func(w string) bool { return !slices.Contains(question, w) }) {
				found = append(found, s)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b saying) int { return len(b.stems) - len(a.stems) })
	return found
}

// means are the ways in which single words that read as r are meant.
func (t thesaurus) means(r way, sure float64) []way {
	var ways []way
	for _, s := range t[r.stems[0]] {
		if len(s.stems) == 1 {
			ways = append(ways, way{sure * r.sure, s.mean})
		}
	}
	return ways
}

// stems are the words of a text that say something, each once as its stem, in order.
func stems(text string) []string {
	var list []string
	for _, w := range words(text) {
		if s := stem(w); !stopWords[w] && !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}
