package catalogue

import (
	"bytes"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
)

// The long texts of a sheet may hold paragraphs, lists, emphasis and links; a heading of theirs stands under the sheet's own.
var (
	markdown  = goldmark.New()
	sanitiser = func() *bluemonday.Policy {
		p := bluemonday.NewPolicy()
		p.AllowElements("p", "br", "ul", "ol", "li", "strong", "em", "h3", "h4")
		p.AllowAttrs("href").OnElements("a")
		p.AllowURLSchemes("https", "http", "mailto", "tel")
		p.AllowRelativeURLs(true)
		return p
	}()
)

// html is a Markdown text as it is written into the page: rendered and cleaned of all it must not hold.
func html(source string) string {
	if source == "" {
		return ""
	}
	var out bytes.Buffer
	if err := markdown.Convert([]byte(source), &out); err != nil {
		return "" // a buffer refuses nothing
	}
	return strings.TrimSpace(sanitiser.Sanitize(out.String()))
}
