package comuni

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// small words are not capitalised inside a name, in the four languages of these names.
var small = words(`a ad ai al alla alle allo agli all' con da dal dalla d' de' dei degli del della delle dell' dello di e ed fra il in l' la li ne' nei nel nell'
	nella nelle presso su sui sul sull' sulla sulle sullo tra dall' an der am im bei ob aux en et sous sur`)

func words(s string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(s) {
		set[w] = true
	}
	return set
}

// italianCase writes a name of the list, which is in capitals, as Italians do: "Reggio nell'Emilia", "Cava de' Tirreni".
func italianCase(capitals string) string {
	var b strings.Builder
	for i, word := range split(capitals) {
		switch lower := strings.ToLower(word); {
		case i > 0 && small[lower]:
			b.WriteString(lower)
		case roman(word):
			b.WriteString(word)
		default:
			first, size := utf8.DecodeRuneInString(lower)
			b.WriteRune(unicode.ToUpper(first))
			b.WriteString(lower[size:])
		}
	}
	return b.String()
}

// split cuts a name into words and what stands between them; an apostrophe ends its word and belongs to it.
func split(name string) []string {
	var parts []string
	start := 0
	for i, r := range name {
		switch r {
		case '\'':
			parts = append(parts, name[start:i+1])
			start = i + 1
		case ' ', '-', '/':
			if start < i {
				parts = append(parts, name[start:i])
			}
			parts = append(parts, name[i:i+1])
			start = i + 1
		}
	}
	if start < len(name) {
		parts = append(parts, name[start:])
	}
	return parts
}

// roman says whether a word counts popes and kings: "Sotto il Monte Giovanni XXIII".
func roman(word string) bool {
	return len(word) > 1 && strings.Trim(word, "XVI") == ""
}

// other gives the second name, unless it is but the first written out once more with the word for municipality.
func other(capitals string) string {
	if strings.HasPrefix(capitals, "COMUNE DI ") {
		return ""
	}
	return italianCase(capitals)
}

// slug is a name as a host begins: lower case, without accents, words joined by hyphens.
func slug(name string) string {
	plain, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), strings.ToLower(name))
	if err != nil {
		plain = name
	}
	var b strings.Builder
	gap := false
	for _, r := range plain {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		case r == 'ß':
			b.WriteString("ss")
		default:
			gap = true
		}
	}
	return b.String()
}
