package orders

import (
	"bytes"
	"context"
	"errors"
	"os"
	process "os/exec"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"github.com/welfarex/welfarex/modules/kit/pdf"
)

// paper is a printer whose files are the documents themselves, or that has none.
type paper struct{ err error }

func (paper) Ready() bool { return true }

func (p paper) Print(ctx context.Context, document templ.Component) ([]byte, error) {
	var page bytes.Buffer
	err := document.Render(ctx, &page)
	return page.Bytes(), errors.Join(err, p.err)
}

func TestReceipt_AsAFile(t *testing.T) {
	t.Parallel()
	w := build(t, plant{pdf: paper{}}).open(t)
	p := w.order(w.anna, "pasti", 2)
	b, path := w.browser(w.anna), orderPath(p.Order.ID)
	b.get(path+"/ricevuta.pdf").wants(t, 404)
	w.pays(p)
	b.get(path+"/ricevuta").wants(t, 200, "Scarica il PDF")
	file := b.get(path + "/ricevuta.pdf")
	if file.status != 200 || file.header.Get("Content-Type") != "application/pdf" || file.header.Get("Content-Disposition") != `attachment; filename="ricevuta-2026-1.pdf"` || file.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", file.status, file.header)
	}
	for _, want := range []string{`<html lang="it-IT">`, "<title>Ricevuta dell&#39;ordine 2026/1</title>", "13,00", "00297960197", "Anna Prova", "default-src 'none'"} {
		if !strings.Contains(file.body, want) {
			t.Errorf("it does not say %s: %s", want, file.body)
		}
	}
	for _, not := range []string{"<script", "src=", "http://", "https://", "<nav", "href="} {
		if strings.Contains(file.body, not) {
			t.Errorf("it says %s: %s", not, file.body)
		}
	}
	english := b.get("/en" + path + "/ricevuta.pdf")
	if !strings.Contains(english.body, `<html lang="en-GB">`) || english.header.Get("Content-Disposition") != `attachment; filename="receipt-2026-1.pdf"` {
		t.Errorf("%v", english.header)
	}
	w.browser(w.bruno).get(path+"/ricevuta.pdf").wants(t, 404)
	w.browser(w.luca).get(path+"/ricevuta.pdf").wants(t, 404)
	same(t, "nobody", w.browser(nil).get(path+"/ricevuta.pdf").status, 303)
	there := w.open(t)
	there.browser(there.anna).get(path+"/ricevuta.pdf").wants(t, 404)
}

func TestReceipt_WhereNothingCanBePrinted(t *testing.T) {
	t.Parallel()
	for name, printer := range map[string]Printer{"no program": pdf.New("", monday), "it fails": paper{errors.New("no display")}, "nobody": nil} {
		t.Log(name)
		w := build(t, plant{pdf: printer}).open(t)
		p := w.paid("pasti", 2)
		b, path := w.browser(w.anna), orderPath(p.Order.ID)
		page := b.get(path+"/ricevuta").wants(t, 200, "Ricevuta dell'ordine 2026/1")
		if printer == nil || !printer.Ready() {
			page.lacks(t, "Scarica il PDF")
		}
		b.get(path+"/ricevuta.pdf").wants(t, 503, "In questo momento il PDF non è pronto", "Ricevuta dell'ordine 2026/1", "13,00 €")
	}
}

// With the real program: the words can be read in the file.
func TestReceipt_PrintedByChromium(t *testing.T) {
	t.Parallel()
	path := os.Getenv("CHROMIUM")
	if path == "" {
		path = "/usr/bin/chromium"
	}
	if _, err := os.Stat(path); err != nil {
		t.Skip("no Chromium: see modules/kit/pdf")
	}
	w := build(t, plant{pdf: pdf.New(path, monday)}).open(t)
	p := w.paid("pasti", 2)
	file := w.browser(w.anna).get(orderPath(p.Order.ID) + "/ricevuta.pdf")
	if file.status != 200 || !strings.HasPrefix(file.body, "%PDF-") {
		t.Fatalf("%d %.200s", file.status, file.body)
	}
	if out := os.Getenv("RECEIPT"); out != "" {
		must(t, os.WriteFile(out, []byte(file.body), 0o600)) //nolint:gosec // to be looked at
	}
	reader, err := process.LookPath("pdftotext")
	if err != nil {
		t.Skip("no pdftotext: what the file says is not read")
	}
	read := process.CommandContext(t.Context(), reader, "-", "-") //nolint:gosec // found by its name
	read.Stdin = strings.NewReader(file.body)
	said, err := read.Output()
	must(t, err)
	for _, want := range []string{"2026/1", "13,00 €", "Anna Prova", "Cooperativa Aurora"} {
		if !strings.Contains(strings.ReplaceAll(string(said), "\u00a0", " "), want) {
			t.Errorf("%q is not in the file: %s", want, said)
		}
	}
}
