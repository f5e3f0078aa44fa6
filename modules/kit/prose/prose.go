// Package prose turns the Markdown that cities write into HTML that is safe to show.
package prose

import (
	"bytes"
	"strings"

	"github.com/microcosm-cc/bluemonday"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
)

var (
	markdown = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Linkify), goldmark.WithParserOptions(parser.WithAutoHeadingID()))
	safe     = policy()
)

func policy() *bluemonday.Policy {
	p := bluemonday.UGCPolicy()
	p.AllowURLSchemes("http", "https", "mailto", "tel")
	p.RequireNoFollowOnLinks(false)
	return p
}

// HTML renders Markdown and leaves in it only what cannot do harm. Placeholders such as {{phone}} survive, in addresses too.
func HTML(text string) string {
	var out bytes.Buffer
	if err := markdown.Convert([]byte(text), &out); err != nil {
		panic("prose: write into memory: " + err.Error())
	}
	html := strings.TrimSpace(safe.Sanitize(out.String()))
	return placeholders.Replace(html)
}

var placeholders = strings.NewReplacer("%7B%7B", "{{", "%7D%7D", "}}")
