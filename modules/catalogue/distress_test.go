package catalogue

import (
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestDistress_IsHeardInBothLanguages(t *testing.T) {
	t.Parallel()
	for ask, want := range map[string]Distress{
		"Voglio morire": Harm, "pensieri di suicidio": Harm, "mio figlio vuole ammazzarsi": Harm, "ho paura di farmi del male": Harm, "non voglio PIÙ vivere": Harm,
		"I want to die": Harm, "self-harm": Harm, "i don't want to live": Harm,
		"mi picchia": Violence, "mio marito mi mena": Violence, "violenza sessuale": Violence, "sono stata stuprata": Violence, "vuole uccidermi": Violence,
		"stalker": Violence, "domestic violence": Violence, "he hits me": Violence, "il mio ex mi segue": Violence,
		"mio marito": "", "è morto mio marito": "", "papà sta per morire": "", "taglio dei capelli": "", "non ce la faccio più": "", "assistenza anziani": "", "": "",
	} {
		if got := distressOf(ask); got != want {
			t.Errorf("%q: %q, want %q", ask, got, want)
		}
	}
}

func TestDistress_TheNumbersStandAboveAndNothingIsGuessed(t *testing.T) {
	t.Parallel()
	_, city := cremona(t)
	app := server(t).App()
	for ask, first := range map[string]string{"voglio morire": "112", "mi picchia": "1522", "stupro": "1522", "kill myself": "112"} {
		page := get(t, app, city, "/servizi?q="+url.QueryEscape(ask)).body
		numbers, results, _ := strings.Cut(page, `class="result-bar"`)
		at := strings.Index(numbers, `class="call-card distress"`)
		if at < 0 || !strings.Contains(numbers[at:], "tel:112") || !strings.Contains(numbers[at:], "tel:1522") || !strings.Contains(numbers[at:], "tel:0372555010") {
			t.Errorf("%s: no numbers above", ask)
			continue
		}
		if _, after, _ := strings.Cut(numbers[at:], `href="tel:`); !strings.HasPrefix(after, first+`"`) {
			t.Errorf("%s: %s is not the first number", ask, first)
		}
		if !strings.Contains(results, `href="/servizi/`) || strings.Contains(page, `id="near"`) || strings.Contains(page, `id="calls"`) {
			t.Errorf("%s: nobody who listens, or a guess", ask)
		}
	}
	if strings.Contains(get(t, app, city, "/servizi?q=assistenza").body, "distress") {
		t.Error("the numbers stand where there is no danger")
	}
}

func TestDistress_WhoIsAtTheEndOfTheirStrengthFindsSomeoneWhoListens(t *testing.T) {
	t.Parallel()
	slugs, docs, city := searchable(t, "cremona")
	hits := search(heard("non ce la faccio più", docs), docs, city)
	if !slices.ContainsFunc(hits[:min(3, len(hits))], func(h hit) bool {
		return strings.Contains(slugs[h.doc], "psicologo") || strings.Contains(slugs[h.doc], "ascolto") || strings.Contains(slugs[h.doc], "segretariato")
	}) {
		for _, h := range hits {
			t.Log(slugs[h.doc], h.score)
		}
		t.Error("nobody listens")
	}
}
