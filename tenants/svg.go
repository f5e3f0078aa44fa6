package tenants

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// svgElements and svgAttributes are all that a drawing may hold: shapes and how they are painted. No script, style, link,
// event, external reference or animation is on the list.
var (
	svgElements   = words("svg g path circle ellipse rect line polyline polygon text tspan title desc")
	svgAttributes = words(`viewBox width height x y x1 y1 x2 y2 cx cy r rx ry d points transform fill fill-opacity fill-rule clip-rule opacity
		stroke stroke-width stroke-linecap stroke-linejoin stroke-dasharray stroke-opacity stroke-miterlimit font-family font-size font-weight
		text-anchor dominant-baseline letter-spacing preserveAspectRatio`)
)

// svgValue is what an attribute may say: names, numbers, colours and lists of them. Without a backslash no address can be spelled in
// disguise, without a colon none can be spelled at all.
var svgValue = regexp.MustCompile(`^[\pL\pN\s#%.,()+\-'"]*$`)

// ErrDrawing means that a drawing holds something other than shapes.
var ErrDrawing = errors.New("not a plain drawing")

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// CleanSVG reads a drawing as XML and writes it anew with nothing but shapes. Anything else is ErrDrawing, not dropped: a
// city should know what was wrong with its file.
func CleanSVG(raw []byte) ([]byte, error) {
	in, depth := xml.NewDecoder(bytes.NewReader(raw)), 0
	roots := 0
	var out bytes.Buffer
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDrawing, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if !svgElements[t.Name.Local] || (depth == 0) != (t.Name.Local == "svg") {
				return nil, fmt.Errorf("%w: <%s>", ErrDrawing, t.Name.Local)
			}
			if depth == 0 {
				roots++
			}
			depth++
			if err := openTag(&out, t); err != nil {
				return nil, err
			}
		case xml.EndElement:
			depth--
			out.WriteString("</" + t.Name.Local + ">")
		case xml.CharData:
			if text := bytes.TrimSpace(t); len(text) > 0 {
				if depth == 0 {
					return nil, fmt.Errorf("%w: text outside", ErrDrawing)
				}
				_ = xml.EscapeText(&out, text)
			}
		case xml.Directive:
			return nil, fmt.Errorf("%w: <!%.20s", ErrDrawing, t)
		case xml.ProcInst:
			if t.Target != "xml" {
				return nil, fmt.Errorf("%w: <?%.20s", ErrDrawing, t.Target)
			}
		}
	}
	if roots != 1 {
		return nil, fmt.Errorf("%w: %d drawings in one file", ErrDrawing, roots)
	}
	return out.Bytes(), nil
}

func openTag(out *bytes.Buffer, t xml.StartElement) error {
	out.WriteString("<" + t.Name.Local)
	if t.Name.Local == "svg" {
		out.WriteString(` xmlns="http://www.w3.org/2000/svg"`)
	}
	for _, a := range t.Attr {
		if a.Name.Local == "xmlns" || a.Name.Space == "xmlns" {
			continue
		}
		if a.Name.Space != "" || !svgAttributes[a.Name.Local] || !svgValue.MatchString(a.Value) || strings.Contains(strings.ToLower(a.Value), "url") {
			return fmt.Errorf("%w: %s=%q on <%s>", ErrDrawing, a.Name.Local, a.Value, t.Name.Local)
		}
		out.WriteString(" " + a.Name.Local + `="`)
		_ = xml.EscapeText(out, []byte(a.Value))
		out.WriteByte('"')
	}
	out.WriteByte('>')
	return nil
}
