package catalogue

import (
	"regexp"
	"strconv"
	"strings"

	markup "golang.org/x/net/html"
)

// source is the Markdown of a text that html rendered: the other way round, for whoever edits it.
func source(rendered string) string {
	w := unrender{tokens: markup.NewTokenizer(strings.NewReader(rendered))}
	for w.tokens.Next() != markup.ErrorToken {
		switch token := w.tokens.Token(); token.Type {
		case markup.TextToken:
			w.text(token.Data)
		case markup.StartTagToken, markup.SelfClosingTagToken:
			w.open(token)
		case markup.EndTagToken:
			w.close(token.Data)
		}
	}
	return strings.TrimSpace(blankLines.ReplaceAllString(w.out.String(), "\n\n"))
}

var blankLines = regexp.MustCompile(`\n{3,}`)

// unrender writes Markdown as it reads HTML of the few elements that a sheet may hold.
type unrender struct {
	tokens *markup.Tokenizer
	out    strings.Builder
	lists  []int // for each open list the number of the next item; 0 = with dots
	href   string
	tight  bool // the next paragraph goes on behind its item's mark
}

var marks = map[string]string{"strong": "**", "em": "*", "h3": "", "h4": ""}

func (w *unrender) open(t markup.Token) {
	switch t.Data {
	case "p":
		if !w.tight {
			w.out.WriteString("\n\n" + w.indent())
		}
		w.tight = false
	case "h3", "h4":
		w.out.WriteString("\n\n" + strings.Repeat("#", int(t.Data[1]-'0')) + " ")
	case "ul", "ol":
		w.apart()
		w.lists = append(w.lists, map[string]int{"ol": 1}[t.Data])
	case "li":
		w.item()
	case "br":
		w.out.WriteString("\\")
	case "a":
		w.href = attribute(t, "href")
		w.out.WriteString("[")
	default:
		w.out.WriteString(marks[t.Data])
	}
}

func (w *unrender) close(tag string) {
	switch tag {
	case "ul", "ol":
		w.lists = w.lists[:max(0, len(w.lists)-1)]
		w.apart()
	case "p":
		w.out.WriteString("\n") // an item of paragraphs stands apart from the next
	case "a":
		w.out.WriteString("](" + w.href + ")")
	default:
		w.out.WriteString(marks[tag])
	}
}

// apart puts an empty line before and after a list; one inside another stands close to its item.
func (w *unrender) apart() {
	if len(w.lists) == 0 {
		w.out.WriteString("\n\n")
	}
}

func (w *unrender) item() {
	w.tight = true
	if len(w.lists) == 0 {
		return
	}
	next := &w.lists[len(w.lists)-1]
	mark := "- "
	if *next > 0 {
		mark = strconv.Itoa(*next) + ". "
		*next++
	}
	w.out.WriteString("\n" + strings.Repeat("   ", len(w.lists)-1) + mark)
}

// indent is what keeps a paragraph inside its item.
func (w *unrender) indent() string { return strings.Repeat("   ", len(w.lists)) }

var (
	special   = regexp.MustCompile("[\\\\*\\[\\]<`]|\\b_|_\\b|&(#?\\w+;)")
	lineStart = regexp.MustCompile(`(?m)^(\s*)([#>+-]|\d+[.)])(\s|$)`)
)

// text writes words as Markdown that means them and nothing more.
func (w *unrender) text(said string) {
	if strings.TrimSpace(said) == "" {
		if written := w.out.String(); strings.Contains(said, "\n") || written == "" || strings.HasSuffix(written, "\n") {
			return // between elements
		}
	}
	w.tight = false
	if len(w.lists) > 0 {
		said = strings.TrimSuffix(said, "\n")
	}
	escaped := special.ReplaceAllStringFunc(said, func(s string) string { return `\` + s })
	escaped = lineStart.ReplaceAllStringFunc(escaped, func(s string) string {
		head := strings.TrimLeft(s, " \t\n")
		space := s[:len(s)-len(head)]
		if head[0] >= '0' && head[0] <= '9' {
			digits := strings.TrimLeft(head, "0123456789")
			return space + head[:len(head)-len(digits)] + `\` + digits
		}
		return space + `\` + head
	})
	if indent := w.indent(); indent != "" {
		escaped = strings.ReplaceAll(escaped, "\n", "\n"+indent)
	}
	w.out.WriteString(escaped)
}

func attribute(t markup.Token, name string) string {
	for _, a := range t.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
