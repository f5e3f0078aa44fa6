// Package prose turns the Markdown that cities write into HTML that is safe to show.
package prose

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"golang.org/x/text/unicode/norm"
)

// style is how a kind of text is read, and what of it may stay.
type style struct {
	markdown goldmark.Markdown
	safe     *bluemonday.Policy
}

var (
	page = style{
		goldmark.New(goldmark.WithExtensions(extension.Table, extension.Linkify), goldmark.WithParserOptions(parser.WithAutoHeadingID())),
		linking(bluemonday.UGCPolicy().RequireNoFollowOnLinks(false)),
	}
	// A heading inside a passage stands under the page's own.
	passage = style{
		goldmark.New(),
		linking(bluemonday.NewPolicy()).AllowElements("p", "br", "ul", "ol", "li", "strong", "em", "h3", "h4").AllowAttrs("href").OnElements("a"),
	}
)

// linking is p with the addresses that a link may lead to.
func linking(p *bluemonday.Policy) *bluemonday.Policy {
	return p.AllowRelativeURLs(true).AllowURLSchemes("http", "https", "mailto", "tel")
}

func (s style) render(text string) string {
	var out bytes.Buffer
	anchors := parser.NewContext(parser.WithIDs(plainIDs{parser.NewContext().IDs()}))
	if err := s.markdown.Convert([]byte(text), &out, parser.WithContext(anchors)); err != nil {
		panic("prose: write into memory: " + err.Error())
	}
	return strings.TrimSpace(s.safe.Sanitize(out.String()))
}

// HTML renders a whole page and leaves in it only what cannot do harm. Placeholders such as {{phone}} survive, in addresses too.
func HTML(text string) string { return placeholders.Replace(page.render(text)) }

// plainIDs are goldmark's anchors of headings, with accents folded instead of their letters dropped: "Perché" is #perche.
type plainIDs struct{ parser.IDs }

func (p plainIDs) Generate(value []byte, kind ast.NodeKind) []byte {
	return p.IDs.Generate(accents.ReplaceAll(norm.NFD.Bytes(value), nil), kind)
}

var accents = regexp.MustCompile(`\p{Mn}`)

var placeholders = strings.NewReplacer("%7B%7B", "{{", "%7D%7D", "}}")

// Passage renders a text within a page, as one of a sheet: paragraphs, lists, emphasis and links, no more.
func Passage(text string) string { return passage.render(text) }
