package catalogue

import (
	"cmp"
	"math"
	"slices"
)

// document is one service as the search sees it.
type document []term

// term is a stem and what it weighs where it stands.
type term struct {
	stem   string
	weight int
}

// hit is a document that answers, by its place among all documents.
type hit struct {
	doc   int
	score float64
	share float64 // of what was asked, how much it says
	firm  bool    // more than a word in passing, or one that only resembles
	near  bool    // though not firm, it says much of what was asked, in words that are surely meant
}

// leastOfBest is the share of the best score under which a service is no answer any more.
const leastOfBest = 0.33

// leastFirm is how well a document must say one thing that was asked for: in its title, a keyword, a topic or the summary.
const leastFirm = 0.1

// leastNear is the share of a question that a service must say to be offered where nothing better is found.
const leastNear = 0.4

// lacking stands for a word that a document does not have, beside others that it has.
const lacking = 0.02

// search ranks the documents that answer a question, best first; equals stay in their order. Not every word has to be found, but who
// has more of them, and the rarer ones, comes first.
func search(question string, docs []document, city thesaurus) []hit {
	concepts := understand(question, docs, city)
	found := lookUp(concepts, docs)
	scores, covered, surely := make([]float64, len(docs)), make([]float64, len(docs)), make([]float64, len(docs))
	firm := make([]bool, len(docs))
	onlyWeak := !slices.ContainsFunc(concepts, func(c concept) bool { return !c.weak })
	var all float64
	for _, c := range concepts {
		importance := found.importance(c)
		all += importance
		for doc := range docs {
			if m := found.match(c, doc, 0); m > 0 {
				firm[doc] = firm[doc] || (!c.weak || onlyWeak) && found.match(c, doc, byTwo) >= leastFirm
				scores[doc] += importance * m
				covered[doc] += importance * min(1, 5*m)
				surely[doc] += importance * min(1, 5*found.match(c, doc, byFar))
			}
		}
	}
	var hits []hit
	for doc, score := range scores {
		if score > 0 {
			hits = append(hits, hit{doc, score * (0.4 + 0.6*covered[doc]/all), covered[doc] / all, firm[doc], surely[doc] >= leastNear*all})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.score, a.score) })
	for i, h := range hits {
		if h.score < leastOfBest*hits[0].score {
			return hits[:i]
		}
	}
	return hits
}

// index holds what the documents say of the stems that one question is about.
type index map[string]*entry

type entry struct {
	rare    float64
	weights []float64 // by document; 0 where it is not said
}

func lookUp(concepts []concept, docs []document) index {
	found := index{}
	for _, c := range concepts {
		for _, w := range c.ways {
			for _, s := range w.stems {
				if found[s] == nil {
					found[s] = &entry{weights: make([]float64, len(docs))}
				}
			}
		}
	}
	for i, doc := range docs {
		for _, t := range doc {
			if e := found[t.stem]; e != nil {
				e.weights[i] += float64(t.weight)
			}
		}
	}
	for _, e := range found {
		said := 0
		for i, w := range e.weights {
			if w > 0 {
				said++
				e.weights[i] = w / (w + 12) // a title is worth a few summaries, not many
			}
		}
		e.rare = math.Log1p(float64(len(docs)) / float64(max(said, 1)))
	}
	return found
}

// importance is how much a concept tells services apart: rare words more than common ones.
func (x index) importance(c concept) float64 {
	best := 0.0
	for _, s := range c.ways[0].stems {
		best = max(best, x[s].rare)
	}
	if c.weak {
		return best * weakWord
	}
	return best
}

// match is how well a document says a concept, 0 to 1, in the way it says it best; only ways that are surer than least count.
func (x index) match(c concept, doc int, least float64) float64 {
	best := 0.0
	for _, w := range c.ways {
		if w.sure > least {
			best = max(best, w.sure*x.says(w, doc))
		}
	}
	return best
}

// says is how well a document says all words of a way. Who lacks one can still say something, but much less: a mean of products, not sums.
// Of several words, one for the family alone says nothing.
func (x index) says(w way, doc int) float64 {
	var sum, all float64
	some := false
	for _, s := range w.stems {
		e := x[s]
		all += e.rare
		sum += e.rare * math.Log(max(e.weights[doc], lacking))
		some = some || e.weights[doc] > 0 && (len(w.stems) == 1 || !kin[s])
	}
	if !some {
		return 0
	}
	return math.Exp(sum / all)
}
