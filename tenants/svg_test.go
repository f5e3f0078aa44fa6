package tenants_test

import (
	"errors"
	"io/fs"
	"strings"
	"testing"

	"github.com/welfarex/welfarex/tenants"
)

func svg(inside string) string {
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">` + inside + `</svg>`
}

func TestCleanSVG_RefusesAllButShapes(t *testing.T) {
	t.Parallel()
	for name, drawing := range map[string]string{
		"a script":               svg(`<script>alert(1)</script>`),
		"a script in capitals":   svg(`<SCRIPT>alert(1)</SCRIPT>`),
		"a script with a prefix": svg(`<s:script xmlns:s="http://www.w3.org/2000/svg">alert(1)</s:script>`),
		"an event":               svg(`<path onload="alert(1)" d="M0 0"/>`),
		"an event on the root":   `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`,
		"a click":                svg(`<g onclick="alert(1)"/>`),
		"foreign content":        svg(`<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>`),
		"a use":                  svg(`<use href="https://evil.example/x.svg#a"/>`),
		"a use by xlink":         svg(`<use xmlns:xlink="http://www.w3.org/1999/xlink" xlink:href="#a"/>`),
		"a link":                 svg(`<a href="javascript:alert(1)"><path/></a>`),
		"an image":               svg(`<image href="data:image/png;base64,AAAA"/>`),
		"a style element":        svg(`<style>@import "https://evil.example"</style>`),
		"a style attribute":      svg(`<path style="fill:red"/>`),
		"an animation":           svg(`<set attributeName="href" to="javascript:alert(1)"/>`),
		"a filter":               svg(`<filter><feImage/></filter>`),
		"an address":             svg(`<path fill="url(https://evil.example/x)"/>`),
		"an address in capitals": svg(`<path fill="URL(#a)"/>`),
		"an encoded address":     svg(`<path fill="&#117;rl(#a)"/>`),
		"an escaped address":     svg(`<path fill="\75 rl(//evil.example/x)"/>`),
		"a broken-up address":    svg(`<path fill="u/**/rl(#a)"/>`),
		"a data address":         svg(`<path fill="data:text/html,x"/>`),
		"a script address":       svg(`<path fill="javascript:alert(1)"/>`),
		"a second declaration":   svg(`<path fill="red;behavior: x"/>`),
		"an end of attribute":    svg(`<path fill="&quot;&gt;&lt;script&gt;"/>`),
		"an id":                  svg(`<path id="x"/>`),
		"a class":                svg(`<path class="x"/>`),
		"a language":             svg(`<path xml:lang="it"/>`),
		"a base":                 svg(`<path xml:base="https://evil.example"/>`),
		"a document type":        `<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://evil.example/x.dtd">` + svg(""),
		"an entity":              `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + svg(`<text>&x;</text>`),
		"a laughing entity":      `<!DOCTYPE svg [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>` + svg(`<text>&b;</text>`),
		"an unknown entity":      svg(`<text>&nbsp;</text>`),
		"a style sheet":          `<?xml-stylesheet href="https://evil.example/x.css"?>` + svg(""),
		"another encoding":       `<?xml version="1.0" encoding="UTF-7"?>` + svg("+ADw-script+AD4-"),
		"a drawing in a drawing": svg(svg("")),
		"two drawings":           svg("") + svg(""),
		"text before":            "x" + svg(""),
		"text behind":            svg("") + "x",
		"HTML":                   `<html><body/></html>`,
		"an open end":            `<svg xmlns="http://www.w3.org/2000/svg"><g>`,
		"crossed ends":           svg(`<g><path></g></path>`),
		"nothing":                "",
		"no drawing":             "<?xml version=\"1.0\"?>",
		"bytes":                  "\x89PNG\r\n",
	} {
		if clean, err := tenants.CleanSVG([]byte(drawing)); !errors.Is(err, tenants.ErrDrawing) || clean != nil {
			t.Errorf("%s: %s, %v", name, clean, err)
		}
	}
}

func TestCleanSVG_KeepsShapesAndWords(t *testing.T) {
	t.Parallel()
	drawing := `<?xml version="1.0" encoding="UTF-8"?><!-- drawn by hand -->` + svg(`
		<title>Torre &amp; ponte</title>
		<g transform="rotate(45 2,3)" opacity=".5"><path d="M1 1C2-2 3 3 4e1 5z" fill="#8C1C2B" stroke-dasharray="1 2"/></g>
		<text x="1" y="2" font-family="'Titillium Web', Arial, sans-serif"><![CDATA[<b>]]></text>`)
	clean, err := tenants.CleanSVG([]byte(drawing))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`<title>Torre &amp; ponte</title>`, `transform="rotate(45 2,3)"`, `d="M1 1C2-2 3 3 4e1 5z"`, `&lt;b&gt;`} {
		if !strings.Contains(string(clean), want) {
			t.Errorf("%s is missing in %s", want, clean)
		}
	}
	again, err := tenants.CleanSVG(clean)
	if err != nil || string(again) != string(clean) {
		t.Errorf("cleaned twice it is another: %s, %v", again, err)
	}
}

func TestCleanSVG_TakesEveryDrawingOfTheHouse(t *testing.T) {
	t.Parallel()
	seen := 0
	err := fs.WalkDir(tenants.House(), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".svg") || strings.HasPrefix(name, "template/") {
			return err
		}
		raw, err := fs.ReadFile(tenants.House(), name)
		if err != nil {
			return err
		}
		seen++
		if _, err := tenants.CleanSVG(raw); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		return nil
	})
	if err != nil || seen < 30 {
		t.Errorf("%d drawings, %v", seen, err)
	}
}
