package prose

import (
	"strings"
	"testing"
)

func TestHTML_KeepsTextAndDropsHarm(t *testing.T) {
	t.Parallel()
	html := HTML("## Se è per te\n\nChiama [noi](tel:{{phone}}) o **scrivi**.\n\n<script>alert(1)</script>\n\n[clicca](javascript:alert(1)) <img src=x onerror=alert(1)>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n")
	for _, wanted := range []string{`<h2 id="`, "Se è per te</h2>", `href="tel:{{phone}}"`, "<strong>scrivi</strong>", "<table>"} {
		if !strings.Contains(html, wanted) {
			t.Errorf("missing %s in\n%s", wanted, html)
		}
	}
	for _, harm := range []string{"script", "javascript", "onerror", "alert(1)</"} {
		if strings.Contains(html, harm) {
			t.Errorf("%s passed in\n%s", harm, html)
		}
	}
}

func TestPassage_HoldsParagraphsListsEmphasisAndLinks(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ source, want string }{
		{"Scegli **giorno** e *ora*.", "<p>Scegli <strong>giorno</strong> e <em>ora</em>.</p>"},
		{"- uno\n- due", "<ul>\n<li>uno</li>\n<li>due</li>\n</ul>"},
		{"<script>alert(1)</script>", ""},
		{`<img src=x onerror=alert(1)>ciao`, "<p>ciao</p>"},
		{"[qui](javascript:alert(1))", "<p>qui</p>"},
		{"[qui](/punti)", `<p><a href="/punti">qui</a></p>`},
		{"[scrivi](mailto:a@b.example)", `<p><a href="mailto:a@b.example">scrivi</a></p>`},
		{"# Grande\n\n### Piccolo", "Grande\n<h3>Piccolo</h3>"},
		{"| a | b |\n|---|---|\n| 1 | 2 |", "<p>| a | b |\n|---|---|\n| 1 | 2 |</p>"},
		{"", ""},
	} {
		if got := Passage(c.source); got != c.want {
			t.Errorf("%q: %q, want %q", c.source, got, c.want)
		}
	}
}

func TestHTML_AnchorsKeepAccentedLettersPlain(t *testing.T) {
	t.Parallel()
	html := HTML("## Perché è così\n\nA.\n\n## Perche e cosi\n\nB.\n\n## Età\n")
	for _, id := range []string{`id="perche-e-cosi"`, `id="perche-e-cosi-1"`, `id="eta"`} {
		if !strings.Contains(html, id) {
			t.Errorf("no %s in\n%s", id, html)
		}
	}
}
