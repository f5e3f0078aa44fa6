package catalogue

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// How surely a way of saying something means what was asked.
const (
	bySelf   = 1.0  // the very word, or one of its family
	byCity   = 0.95 // what this city's people mean by it
	byHouse  = 0.8  // what people mean by it anywhere
	byPrefix = 0.8  // its beginning
	bySlip   = 0.75 // a slip of the finger away
	byTwo    = 0.5  // two slips away, of a long word
	byFar    = 0.4  // two slips away, or one of a short word: enough to be found beside others, never to be offered alone
)

// weakWord is the share that words count which people say around what they need.
const weakWord = 0.25

// concept is one thing that was asked for, and the ways in which a sheet may say it.
type concept struct {
	weak bool
	ways []way // the first is how it was asked
}

// way is a set of stems that mean a concept: any of them counts, all of them count most.
type way struct {
	sure  float64
	stems []string
}

// asked is one word of a question and what it is read as: itself, or the nearest words if nobody here knows it.
type asked struct {
	word  string
	reads []way // of one stem each, the surest first
}

// understand makes concepts of a question: first the phrases that people are known to say, then single words.
func understand(question string, docs []document, city thesaurus) []concept {
	list := read(question, docs, city)
	concepts, covered := phrases(list, city)
	for _, a := range list {
		if covered[a.stem()] {
			continue
		}
		c := concept{weak: weakStems[a.stem()]}
		for _, r := range a.reads {
			c.ways = append(c.ways, r)
			c.ways = append(c.ways, city.means(r, byCity)...)
			c.ways = append(c.ways, house.means(r, byHouse)...)
		}
		concepts = append(concepts, c)
	}
	return concepts
}

func (a asked) stem() string { return a.reads[0].stems[0] }

// phrases are the sayings of several words that a question holds; covered are the words they explain.
func phrases(list []asked, city thesaurus) (concepts []concept, covered map[string]bool) {
	question := make([]string, len(list))
	for i, a := range list {
		question[i] = a.stem()
	}
	covered = map[string]bool{}
	for _, source := range []struct {
		thesaurus
		sure float64
	}{{city, byCity}, {house, byHouse}} {
		for _, s := range source.said(question) {
			if len(s.stems) > 1 && !slices.ContainsFunc(s.stems, func(w string) bool { return covered[w] }) {
				for _, w := range s.stems {
					covered[w] = true
				}
				concepts = append(concepts, concept{ways: []way{{bySelf, s.stems}, {source.sure, s.mean}}})
			}
		}
	}
	return concepts, covered
}

// mostWords bounds how many words of a question are read.
const mostWords = 16

// read gives the words of a question that say something to somebody here, each once.
func read(question string, docs []document, city thesaurus) []asked {
	var list []asked
	known := map[string]bool{}
	for _, w := range words(question) {
		s := stem(w)
		if _, twice := known[s]; !twice && !stopWords[w] && len(list) < mostWords {
			known[s] = city[s] != nil || house[s] != nil
			list = append(list, asked{w, []way{{bySelf, []string{s}}}})
		}
	}
	for _, doc := range docs {
		for _, t := range doc {
			if is, asked := known[t.stem]; asked && !is {
				known[t.stem] = true
			}
		}
	}
	var heard []string
	kept := list[:0]
	for _, a := range list {
		if !known[a.stem()] && kin[a.stem()] {
			continue // nobody here speaks of it, and it is no slip for something else
		}
		if !known[a.stem()] {
			if heard == nil {
				heard = vocabulary(docs, city)
			}
			a.reads = neighbours(a, heard)
		}
		if len(a.reads) > 0 {
			kept = append(kept, a)
		}
	}
	return kept
}

// vocabulary is every stem that services, this city's sayings or the house's know, each once.
func vocabulary(docs []document, city thesaurus) []string {
	seen := make(map[string]bool, 4096)
	for _, doc := range docs {
		for _, t := range doc {
			seen[t.stem] = true
		}
	}
	for _, source := range []thesaurus{city, house} {
		for _, sayings := range source {
			for _, s := range sayings {
				for _, stem := range s.stems {
					seen[stem] = true
				}
			}
		}
	}
	return slices.Collect(maps.Keys(seen))
}

// mostNeighbours bounds as how many words an unknown one is read.
const mostNeighbours = 4

// neighbours are the known stems that begin as a word does, or are one slip away from it, or two if it is long.
func neighbours(a asked, vocabulary []string) []way {
	var ways []way
	for _, s := range vocabulary {
		if sure := nearness(a.word, a.stem(), s); sure > 0 {
			ways = append(ways, way{sure, []string{s}})
		}
	}
	slices.SortFunc(ways, func(a, b way) int {
		return cmp.Or(cmp.Compare(b.sure, a.sure), cmp.Compare(a.stems[0], b.stems[0]))
	})
	return ways[:min(len(ways), mostNeighbours)]
}

// shortWord is how long a word must be for one slip to leave it clear: bank is not banco.
const shortWord = 5

// longStem is how long what a word shares with its family must be for two slips to leave it clear: vetreria is not vetri.
const longStem = 7

// nearness says how surely an unknown word was meant to be of the family of stem s; 0 if not at all.
func nearness(word, stem, s string) float64 {
	if len(word) < 4 {
		return 0
	}
	if strings.HasPrefix(s, word) {
		return byPrefix
	}
	most := 1
	if len(word) >= 8 {
		most = 2
	}
	switch n := slips(stem, s, most); {
	case n > most:
		return 0
	case n <= 1 && len(word) >= shortWord:
		return bySlip
	case n > 1 && len(stem) >= longStem:
		return byTwo
	}
	return byFar
}

// slips counts the letters added, left out, mistaken or swapped with the next between two words, up to most; beyond, it gives most+1.
func slips(a, b string, most int) int {
	if d := len(a) - len(b); d > most || -d > most {
		return most + 1
	}
	before, last, now := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		now[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
			least = min(least, now[j])
		}
		if least > most {
			return most + 1
		}
		before, last, now = last, now, before
	}
	return last[len(b)]
}
