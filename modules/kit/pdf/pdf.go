// Package pdf prints pages of ours as tagged PDF files, with a Chromium that runs no script and reaches no network. It is a child process for each file: few
// at once, each with an end, and what it leaves behind is removed.
package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/a-h/templ"
)

// nothingRuns stands before every document: whatever is in it, no script runs, no frame opens, nothing is loaded.
const nothingRuns = `<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:">`

const (
	atOnce    = 2               // Chromium takes some hundred MB for each
	patience  = 4 * time.Second // for a turn: what cannot begin in time is not begun
	longest   = 8 * time.Second // for printing; a request ends after 15
	afterKill = 2 * time.Second
	mostHTML  = 1 << 20
	mostPDF   = 8 << 20
	kept      = 2 << 10 // of what it says when it fails
)

// Mistakes and bad luck. Whoever asks can ask again, but for ErrNone.
var (
	ErrNone  = errors.New("pdf: there is no Chromium here")
	ErrBusy  = errors.New("pdf: too many are printed just now")
	ErrLarge = errors.New("pdf: too large")
)

// Printer prints with one program.
type Printer struct {
	path  string
	turns chan struct{}
}

// New makes a printer of the Chromium at a path; "" prints nothing.
//
// What a killed program left behind goes first: pages of people.
func New(path string, now time.Time) *Printer {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), folder+"*"))
	for _, dir := range left {
		if info, err := os.Stat(dir); err == nil && now.Sub(info.ModTime()) > time.Hour {
			_ = os.RemoveAll(dir)
		}
	}
	return &Printer{path: path, turns: make(chan struct{}, atOnce)}
}

// folder is how the folders of printings begin.
const folder = "welfarex-pdf-"

// Ready says whether there is anything to print with.
func (p *Printer) Ready() bool { return p != nil && p.path != "" }

// Print gives a whole HTML document as a tagged PDF, with its title, its language and an outline of its headings. Everything it needs is in itself: it loads nothing.
// Errors: ErrNone, ErrBusy, ErrLarge.
func (p *Printer) Print(ctx context.Context, document templ.Component) ([]byte, error) {
	if !p.Ready() {
		return nil, ErrNone
	}
	page := *bytes.NewBufferString(nothingRuns)
	if err := document.Render(ctx, &page); err != nil {
		return nil, err
	}
	if page.Len() > mostHTML {
		return nil, ErrLarge
	}
	waiting, giveUp := context.WithTimeout(ctx, patience)
	defer giveUp()
	select {
	case p.turns <- struct{}{}:
		defer func() { <-p.turns }()
	case <-waiting.Done():
		return nil, ErrBusy
	}
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	return p.print(ctx, page.Bytes())
}

// print works in a folder of its own, which nobody else may read.
func (p *Printer) print(ctx context.Context, page []byte) ([]byte, error) {
	dir, err := os.MkdirTemp("", folder)
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	in, out := filepath.Join(dir, "page.html"), filepath.Join(dir, "page.pdf")
	if err := os.WriteFile(in, page, 0o600); err != nil {
		return nil, err
	}
	runtime.LockOSThread() // the child ends with this thread, and so with the program, however that ends
	defer runtime.UnlockOSThread()
	var said bytes.Buffer
	cmd := p.command(ctx, dir, in, out)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("pdf: %w: %s", err, last(said.Bytes()))
	}
	return read(out, said.Bytes())
}

// command is the child: in a group of its own, so that all its processes end with it, and with nothing of our environment.
func (p *Printer) command(ctx context.Context, dir, in, out string) *exec.Cmd {
	args := []string{
		"--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions", "--disable-sync", "--disable-background-networking",
		"--disable-component-update", "--renderer-process-limit=1", "--js-flags=--max-old-space-size=64", "--user-data-dir=" + filepath.Join(dir, "profile"),
		"--host-resolver-rules=MAP * ~NOTFOUND", "--proxy-server=127.0.0.1:9", "--proxy-bypass-list=<-loopback>",
		"--no-pdf-header-footer", "--export-tagged-pdf", "--generate-pdf-document-outline", "--print-to-pdf=" + out,
	}
	if os.Geteuid() == 0 { // for root there is no sandbox; the program should not run as root, the demo may
		args = append(args, "--no-sandbox")
	}
	cmd := exec.CommandContext(ctx, p.path, append(args, (&url.URL{Scheme: "file", Path: in}).String())...) //nolint:gosec // a setting of the operator
	cmd.Dir, cmd.WaitDelay = dir, afterKill
	cmd.Env = []string{"HOME=" + dir, "TMPDIR=" + dir, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	return cmd
}

// read takes the file, if it is one.
func read(out string, said []byte) ([]byte, error) {
	info, err := os.Stat(out)
	switch {
	case err != nil:
		return nil, fmt.Errorf("pdf: nothing was printed: %s", last(said))
	case info.Size() > mostPDF:
		return nil, ErrLarge
	}
	file, err := os.ReadFile(out) //nolint:gosec // in our own folder
	if err == nil && !bytes.HasPrefix(file, []byte("%PDF-")) {
		err = errors.New("pdf: what was printed is no PDF")
	}
	return file, err
}

// last is the end of what a child said.
func last(said []byte) []byte { return bytes.TrimSpace(said[max(0, len(said)-kept):]) }
