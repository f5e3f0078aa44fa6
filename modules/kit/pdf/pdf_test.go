package pdf

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
)

func text(s string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error { _, err := io.WriteString(w, s); return err })
}

// chromium is the one on this machine.
func chromium(t *testing.T) string {
	t.Helper()
	for _, path := range []string{os.Getenv("CHROMIUM"), "/usr/bin/chromium"} {
		if _, err := os.Stat(path); path != "" && err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no Chromium: `make test` installs one")
	}
	t.Skip("no Chromium (CHROMIUM names it): `make test` installs one")
	return ""
}

// script is a program that stands for Chromium.
func script(t *testing.T, lines string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chromium")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+lines+"\n"), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	return path
}

// toFile finds the file that is to be written, in $out, and the one that is to be read, in $in.
const toFile = `for a; do case $a in --print-to-pdf=*) out=${a#--print-to-pdf=};; file://*) in=${a#file://};; esac; done
`

func TestPrint_ATaggedDocument(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer server.Close()
	secret := filepath.Join(t.TempDir(), "secret.html")
	if err := os.WriteFile(secret, []byte("<p>A-SECRET"), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := New(chromium(t), time.Now()).Print(t.Context(), text(`<!DOCTYPE html><html lang="it-IT"><head><meta charset="utf-8"><title>Ricevuta dell’ordine 2026/1</title></head>
		<body><h1>Ricevuta</h1><img src="`+server.URL+`/a.png" alt="x"><script>document.body.append("SCRIPT-RAN")</script>
		<iframe src="file://`+secret+`"></iframe><object data="file://`+secret+`"></object><table><tr><th scope="col">Totale</th></tr><tr><td>13,00 €</td></tr></table></body></html>`))
	if err != nil {
		t.Fatal(err)
	}
	if asked.Load() != 0 {
		t.Error("the network was reached")
	}
	read, err := api.ReadAndValidate(bytes.NewReader(file), model.NewDefaultConfiguration())
	if err != nil {
		t.Fatal(err)
	}
	root := read.RootDict
	mark, err := read.DereferenceDict(root["MarkInfo"])
	if err != nil || mark.BooleanEntry("Marked") == nil || !*mark.BooleanEntry("Marked") {
		t.Errorf("it is not marked: %v, %v", mark, err)
	}
	if _, found := root.Find("StructTreeRoot"); !found {
		t.Error("it has no structure")
	}
	if lang, err := read.DereferenceStringOrHexLiteral(root["Lang"], model.V10, nil); err != nil || lang != "it-IT" {
		t.Errorf("its language is %q, %v", lang, err)
	}
	if read.Title != "Ricevuta dell’ordine 2026/1" {
		t.Errorf("its title is %q", read.Title)
	}
	saysNothingElse(t, file)
}

// saysNothingElse reads the file's text: no script ran, and no other file came in.
func saysNothingElse(t *testing.T, file []byte) {
	t.Helper()
	reader, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Log("no pdftotext: what the file says is not read")
		return
	}
	cmd := exec.CommandContext(t.Context(), reader, "-", "-") //nolint:gosec // found on this machine
	cmd.Stdin = bytes.NewReader(file)
	said, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := string(said); !strings.Contains(got, "13,00") || strings.Contains(got, "SCRIPT-RAN") || strings.Contains(got, "A-SECRET") {
		t.Errorf("it says %q", got)
	}
}

func TestPrint_WithoutAProgram(t *testing.T) {
	t.Parallel()
	var nobody *Printer
	for _, p := range []*Printer{nobody, New("", time.Now())} {
		if _, err := p.Print(t.Context(), text("x")); !errors.Is(err, ErrNone) || p.Ready() {
			t.Errorf("%v", err)
		}
	}
	if _, err := New("/nowhere/chromium", time.Now()).Print(t.Context(), text("x")); err == nil || errors.Is(err, ErrNone) {
		t.Errorf("%v", err)
	}
}

func TestPrint_WhatGoesWrongIsTold(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ lines, want string }{
		"it fails":          {"echo no display >&2; exit 3", "no display"},
		"it writes nothing": {"echo said so", "said so"},
		"it writes no PDF":  {toFile + `echo hello > "$out"`, "no PDF"},
		"it writes a lot":   {toFile + `head -c 9000000 /dev/zero > "$out"`, ErrLarge.Error()},
	} {
		if _, err := New(script(t, row.lines), time.Now()).Print(t.Context(), text("x")); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(script(t, ""), time.Now()).Print(t.Context(), text(strings.Repeat("x", mostHTML+1))); !errors.Is(err, ErrLarge) {
		t.Errorf("a large page: %v", err)
	}
}

// Whoever hangs is ended with all that it has begun, and nothing of it is left.
func TestPrint_HasAnEnd(t *testing.T) {
	t.Parallel()
	left := filepath.Join(t.TempDir(), "left")
	p := New(script(t, `echo "$PWD" > `+left+`; sleep 60 & wait`), time.Now())
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := p.Print(ctx, text("x")); err == nil || time.Since(began) > 10*time.Second {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	dir, err := os.ReadFile(left)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(strings.TrimSpace(string(dir))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", dir, err)
	}
}

func TestPrint_FewAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := New(script(t, toFile+`mkdir `+dir+`/$$; ls `+dir+` | wc -l >> `+dir+`.counts; sleep 0.1; rmdir `+dir+`/$$; { echo %PDF-; cat "$in"; } > "$out"`), time.Now())
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			if file, err := p.Print(t.Context(), text("hello")); err != nil || !strings.HasSuffix(string(file), ">hello") {
				t.Errorf("%q, %v", file, err)
			}
		})
	}
	all.Wait()
	counts, err := os.ReadFile(dir + ".counts")
	if err != nil || len(strings.Fields(string(counts))) != 6 || strings.ContainsAny(string(counts), "3456789") {
		t.Errorf("%s, %v", counts, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	p.turns <- struct{}{}
	p.turns <- struct{}{}
	cancel()
	if _, err := p.Print(ctx, text("x")); !errors.Is(err, ErrBusy) {
		t.Errorf("%v", err)
	}
}
