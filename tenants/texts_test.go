package tenants_test

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// promises are words for what the portal does not do: it sells on line, and nothing else is asked for, booked or filled in on its pages.
var promises = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\b(lascia|iscriviti|conferma|confermi|scrivilo|scrivi|prenota|prenoti|compila|compili|profilo|la domanda si fa|domande)\b[^.]*\bqui\b`),
	regexp.MustCompile(`(?i)\bqui\b[^.,]*\b(prenoti|prenotare|iscriviti|fai domanda|fare domanda|compili|tutte le domande)\b`),
	regexp.MustCompile(`(?i)(domand|prenot|iscri|turni|posti)[^.]*\b(sul|del|dal) portale\b`),
	regexp.MustCompile(`(?i)\b(sul|del|dal) portale\b[^.]*(domand|prenot|iscri)`),
	regexp.MustCompile(`(?i)\b(calendario|posti liberi|turni liberi|orari liberi|date libere)\b`),
	regexp.MustCompile(`(?i)\b(guarda|guardi|sulla|dalla) (la )?mappa\b`),
	regexp.MustCompile(`(?i)\bsalvar(e|la|lo)\b|\bcaric(a|hi|are) (un|il|i|la|le|gli) [a-z ]*document`),
	regexp.MustCompile(`(?i)\bcredito (welfare|dell'azienda|della tua azienda)\b`),
	regexp.MustCompile(`(?i)\bpresto potrai\b|\bdato che compila\b`),
	regexp.MustCompile(`(?i)\b(book|apply|sign up|shifts?)\b[^.]*\b(here|on the portal)\b`),
}

// kept are sentences, by file, in which such words promise nothing of the portal.
var kept = map[string][]string{
	// on paper, or what somebody else makes
	"cities/bari/services/sportello-gente-di-mare.yaml":   {"calendario dell'anno"},
	"cities/bari/services/separarsi-bene.yaml":            {"calendario dei figli"},
	"cities/cremona/services/saap-a-scuola.yaml":          {"Calendario dal 12 settembre"},
	"cities/cremona/programmes/trasporto-disabili.yaml":   {"Calendario di scuola"},
	"cities/milano/programmes/un-banco-per-tutti.yaml":    {"Il calendario e le presenze si chiedono all'ufficio"},
	"cities/napoli/services/infermiera-di-quartiere.yaml": {"ti prepara il calendario"},
	"cities/napoli/services/saliscendi.yaml":              {"fissiamo un calendario"},
	"cities/salerno/programmes/sollievo-caregiver.yaml":   {"costruisce con te il calendario"},
	"cities/sondrio/programmes/buono-chilometri.yaml":     {"Calendario delle cure"},
	"cities/biella/services/nido-la-matassa.yaml":         {"Per i posti liberi durante l'anno rispondiamo"},
	"cities/cremona/services/asilo-nido.yaml":             {"uno dei posti liberi da gennaio", "Ultimo giorno per i posti liberi"},
	"cities/salerno/services/nido-in-collina.yaml":        {"Nei posti liberi si entra"},
	"cities/milano/services/psicologo-di-quartiere.yaml":  {"ti diciamo i primi orari liberi"},
	"cities/torino/services/sollievo-a-chi-assiste.yaml":  {"chiedi le date libere"},
	"cities/cremona/pages/aziende.md":                     {"credito welfare", "credito della tua azienda"},
}

// texts walks through all the words of a file: the values of its YAML, or the passages of a page.
func texts(t *testing.T, name, content string, each func(string)) {
	t.Helper()
	if path.Ext(name) == ".md" {
		for _, passage := range regexp.MustCompile(`\n\n|\n- |\n\d\. `).Split(content, -1) {
			each(passage)
		}
		return
	}
	var root yaml.Node
	if err := yaml.Unmarshal([]byte(content), &root); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	scalars(&root, each)
}

func scalars(n *yaml.Node, each func(string)) {
	if n.Kind == yaml.ScalarNode {
		each(n.Value)
	}
	for _, child := range n.Content {
		scalars(child, each)
	}
}

// promised gives the sentence of a text that promises too much, or "".
func promised(text string, kept []string) string {
	text = strings.Join(strings.Fields(text), " ")
	for _, k := range kept {
		text = strings.ReplaceAll(text, k, "")
	}
	for _, p := range promises {
		if found := p.FindString(text); found != "" {
			return found
		}
	}
	return ""
}

// folders reads every YAML file and page of the template and of the cities, except the words that people search with.
func folders(t *testing.T, each func(name, content string)) {
	t.Helper()
	here := os.DirFS(".")
	for _, root := range []string{"template", "cities"} {
		err := fs.WalkDir(here, root, func(name string, d fs.DirEntry, err error) error {
			wanted := (path.Ext(name) == ".yaml" || path.Ext(name) == ".md") && path.Base(name) != "synonyms.yaml" && path.Base(name) != "README.md"
			if err != nil || d.IsDir() || !wanted {
				return err
			}
			content, err := fs.ReadFile(here, name)
			each(name, string(content))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestTexts_PromiseOnlyWhatThePortalDoes(t *testing.T) {
	t.Parallel()
	seen := 0
	folders(t, func(name, content string) {
		seen++
		for _, k := range kept[name] {
			if !strings.Contains(strings.Join(strings.Fields(content), " "), k) {
				t.Errorf("%s no longer says %q: take it off the list", name, k)
			}
		}
		texts(t, name, content, func(text string) {
			if found := promised(text, kept[name]); found != "" {
				t.Errorf("%s promises what the portal cannot do: %q", name, found)
			}
		})
	})
	if seen < 250 {
		t.Errorf("%d files were read", seen)
	}
}

func TestTexts_APlantedPromiseIsFound(t *testing.T) {
	t.Parallel()
	for _, planted := range []string{
		"La domanda si fa qui. Se vuoi, la compili con un operatore.", "Detta l'elenco per telefono o scrivilo qui.", "Profilo qui, colloquio in sede.",
		"I turni liberi sono sul portale, divisi per quartiere.", "Puoi fare qui tutte le domande del portale.", "Fai la domanda sul portale.",
		"Scegli il giorno nel calendario.", "Ti diciamo i posti\n  liberi giorno per giorno.", "Compila la domanda: puoi salvarla e riprenderla.",
		"Presto potrai prenotare e pagare qui.", "Puoi usare il credito welfare della tua azienda.", "Guardi la mappa, scegli il campo.",
		"Puoi caricare un documento.", "Open shifts are on the portal, by neighbourhood.", "You can apply here.",
	} {
		if promised(planted, nil) == "" {
			t.Errorf("nothing was said about %q", planted)
		}
	}
	for _, honest := range []string{"Prenota per telefono o e-mail.", "Qui trovi il servizio giusto. Prenota per telefono.", "Compri le ore da qui, con «Aggiungi al carrello»."} {
		if found := promised(honest, nil); found != "" {
			t.Errorf("%q was taken for a promise: %q", honest, found)
		}
	}
}

func TestTexts_ASheetSaysWhetherItIsSoldOnLine(t *testing.T) {
	t.Parallel()
	const button = "«Aggiungi al carrello»"
	folders(t, func(name, content string) {
		if path.Base(path.Dir(name)) != "services" {
			return
		}
		var sheet struct {
			Sale   map[string]any
			Access struct{ Text string }
		}
		if err := yaml.Unmarshal([]byte(content), &sheet); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		switch sold := sheet.Sale != nil; {
		case sold && !strings.Contains(sheet.Access.Text, button):
			t.Errorf("%s is sold on line, and its access does not name %s", name, button)
		case !sold && strings.Contains(content, button):
			t.Errorf("%s names %s and is not sold on line", name, button)
		}
	})
}
