package local

import (
	_ "embed"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

const shownMessages = 100

//go:embed mail.html
var mailHTML string

var mailPage = template.Must(template.New("mail").Funcs(template.FuncMap{
	"pieces": pieces, "framed": framed, "clock": clock,
	"join": func(to []string) string { return strings.Join(to, ", ") },
}).Parse(mailHTML))

// mailPolicy lets nothing run and nothing load; the frames inherit it, hence inline styles and images as data.
const mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func (m *Mail) servePage(w http.ResponseWriter, path string) {
	messages := m.Messages()
	total := len(messages)
	messages = messages[max(0, total-shownMessages):]
	slices.Reverse(messages)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", mailPolicy)
	_ = mailPage.Execute(w, struct {
		Path     string
		Messages []Message
		Total    int
	}{path, messages, total})
}

var rome = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		return time.UTC
	}
	return zone
}()

func clock(at time.Time) string { return at.In(rome).Format("02/01/2006 15:04:05") }

// framed opens the links of a message in a new tab, for inside its frame they could not go anywhere.
func framed(html string) string { return `<!doctype html><base target="_blank">` + html }

// piece is a run of plain text, or a link.
type piece struct{ Text, URL string }

var address = regexp.MustCompile(`https?://[^\s<>"]+`)

func pieces(text string) (out []piece) {
	for {
		at := address.FindStringIndex(text)
		if at == nil {
			return append(out, piece{Text: text})
		}
		link := strings.TrimRight(text[at[0]:at[1]], ".,;:!?)]'")
		out = append(out, piece{Text: text[:at[0]]}, piece{Text: link, URL: link})
		text = text[at[0]+len(link):]
	}
}
