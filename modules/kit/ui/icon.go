package ui

import (
	"context"
	"embed"
	"io"
	"io/fs"
	"strings"

	"github.com/a-h/templ"
)

//go:embed icons/*.svg drawings/*.svg
var drawings embed.FS

var (
	icons    = readDrawings("icons")
	pictures = readDrawings("drawings")
)

// spare takes away what a drawing inside a page does not need, or has from the stylesheet.
var spare = strings.NewReplacer(
	` xmlns="http://www.w3.org/2000/svg"`, "", ` fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"`, ` width="24" height="24"`,
	` fill="none" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"`, ` width="200" height="150"`,
)

func readDrawings(folder string) map[string]string {
	found := map[string]string{}
	entries, err := fs.ReadDir(drawings, folder)
	if err != nil {
		panic(err)
	}
	for _, entry := range entries {
		raw, err := fs.ReadFile(drawings, folder+"/"+entry.Name())
		if err != nil {
			panic(err)
		}
		found[strings.TrimSuffix(entry.Name(), ".svg")] = spare.Replace(strings.TrimSpace(string(raw)))
	}
	return found
}

// HasIcon reports whether there is a drawing of that name.
func HasIcon(name string) bool {
	_, ok := icons[name]
	return ok
}

// Icon draws a sign of modules/kit/ui/icons inside the page, hidden from screen readers: the words beside it say the same. The drawing takes
// the colour of the text. What is not drawn is left out. Extra classes: "icon-lg", "icon-xl".
func Icon(name string, class ...string) templ.Component {
	return inline(icons[name], append([]string{"icon"}, class...))
}

// Drawing is a small picture for an empty place or an error, in the city's colours: "search", "calendar", "inbox", "lost", "rest", "lock".
func Drawing(name string) templ.Component {
	return inline(pictures[name], []string{"drawing"})
}

func inline(svg string, class []string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		body, found := strings.CutPrefix(svg, "<svg ")
		if !found {
			return nil
		}
		for _, part := range []string{`<svg class="`, strings.Join(class, " "), `" aria-hidden="true" focusable="false" `, body} {
			if _, err := io.WriteString(w, part); err != nil {
				return err
			}
		}
		return nil
	})
}
