package catalogue

import "github.com/welfarex/welfarex/modules/programmes"

const (
	mostProgrammes = 3   // so that services stay in sight
	leastShare     = 0.5 // of a question, for a programme to answer it: an aside is no reason to show one
)

// calls are the programmes that answer a question, the best first.
func (s *shelves) calls(question string) []programmes.Programme {
	if question == "" || len(s.programmes) == 0 {
		return nil
	}
	docs := make([]document, len(s.programmes))
	for i := range s.programmes {
		docs[i] = programmeDocument(&s.programmes[i])
	}
	var found []programmes.Programme
	for _, h := range search(question, docs, newThesaurus(s.synonyms)) {
		if h.firm && h.share >= leastShare && len(found) < mostProgrammes {
			found = append(found, s.programmes[h.doc].Programme)
		}
	}
	return found
}

func programmeDocument(p *programmes.Searchable) document {
	summary := []string{p.Summary}
	keywords := p.Keywords
	if p.En != nil {
		keywords = append([]string{p.En.Title}, keywords...)
		summary = append(summary, p.En.Summary)
	}
	var doc document
	for stem, weight := range weigh(
		field{weightTitle, []string{p.Title}}, field{weightKeyword, keywords}, field{weightTopic, p.Topics}, field{weightSummary, summary},
	) {
		doc = append(doc, term{stem, weight})
	}
	return doc
}
