package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What all tests share: the program, one demo with its nine cities, one browser.
var (
	program string
	shared  *demo
	chrome  *browser
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(m *testing.M) (code int, err error) {
	dir, err := openFolder("e2e")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if _, err := os.Stat("../../modules/kit/ui/assets/dist/manifest.json"); err != nil {
		return 1, fmt.Errorf("styles and scripts are not built: run make assets: %w", err)
	}
	program = filepath.Join(dir, "welfarex")
	if out, err := exec.Command("go", "build", "-race", "-o", program, "../welfarex").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("build the program: %w\n%s", err, out)
	}
	if err := os.MkdirAll(screens, 0o755); err != nil {
		return 1, err
	}
	if shared, err = start(process{args: []string{"demo"}, data: filepath.Join(dir, "data")}); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.stop(), shared.complaints()) }()
	var closeBrowser func()
	if chrome, closeBrowser, err = openBrowser(context.Background(), filepath.Join(dir, "browser")); err != nil {
		return 1, err
	}
	defer closeBrowser()
	return m.Run(), nil
}

// openFolder makes a temporary folder that other users may enter: PostgreSQL never runs as root.
func openFolder(name string) (string, error) {
	dir, err := os.MkdirTemp("", "welfarex-"+name+"-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755) //nolint:gosec // that is the point
}

// folder is an openFolder that goes with the test.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := openFolder("e2e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}
