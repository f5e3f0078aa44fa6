package catalogue

import (
	_ "embed"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Distress is the danger that a question speaks of; "" for none.
type Distress string

// The dangers.
const (
	Harm     Distress = "harm"     // suicide, self-harm
	Violence Distress = "violence" // of whomever against whomever
)

// means are the words under which a sheet may help in a danger; the numbers to ring stand above.
var means = map[Distress]string{Harm: "ascolto psicologo psicologico", Violence: "violenza antiviolenza ascolto psicologo"}

// listening is what whoever is at the end of their strength looks for.
const listening = "ascolto psicologo psicologico"

//go:embed distress.yaml
var distressYAML []byte

var distress = func() (lists struct{ Harm, Violence, Worn []string }) {
	if err := yaml.Unmarshal(distressYAML, &lists); err != nil {
		panic("catalogue: distress.yaml: " + err.Error())
	}
	return lists
}()

// distressOf says whether a question speaks of a danger. What somebody else does comes before what one would do to oneself: who writes
// "vuole uccidermi" is not alone.
func distressOf(question string) Distress {
	switch said := words(question); {
	case saysAny(said, distress.Violence):
		return Violence
	case saysAny(said, distress.Harm):
		return Harm
	}
	return ""
}

// heard is what a question means to those who could answer it: in a danger, who helps; from who is at the end of their strength, who
// listens, and whatever else they asked for. It may be nothing, where nobody does.
func heard(question string, docs []document) string {
	if danger := distressOf(question); danger != "" {
		return spoken(means[danger], docs)
	}
	said := words(question)
	for _, phrase := range distress.Worn {
		if at, n := find(said, phrase); n > 0 {
			return strings.Join(slices.Concat(said[:at], said[at+n:]), " ") + " " + spoken(listening, docs)
		}
	}
	return question
}

func saysAny(said, phrases []string) bool {
	return slices.ContainsFunc(phrases, func(phrase string) bool {
		_, n := find(said, phrase)
		return n > 0
	})
}

// find gives where the words of a phrase stand one after the other, and how many they are; 0 if they do not. A star leaves the end of
// the last one open.
func find(said []string, phrase string) (at, n int) {
	wanted, open := words(phrase), strings.HasSuffix(phrase, "*")
	for at := range said {
		if at+len(wanted) > len(said) {
			break
		}
		last := len(wanted) - 1
		if slices.Equal(said[at:at+last], wanted[:last]) && (said[at+last] == wanted[last] || open && strings.HasPrefix(said[at+last], wanted[last])) {
			return at, len(wanted)
		}
	}
	return 0, 0
}

// spoken are the words of a text that the documents say, so that none is taken for another.
func spoken(text string, docs []document) string {
	var kept []string
	for _, w := range words(text) {
		if said(stem(w), docs) {
			kept = append(kept, w)
		}
	}
	return strings.Join(kept, " ")
}

func said(stem string, docs []document) bool {
	for _, doc := range docs {
		for _, t := range doc {
			if t.stem == stem {
				return true
			}
		}
	}
	return false
}
