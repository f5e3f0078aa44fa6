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
