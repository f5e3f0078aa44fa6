package e2e

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/local"
)

func TestDemo_ABusyPortIsToldAndNothingIsMade(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(folder(t), "data")
	r := call(t, process{args: []string{"demo"}, data: dir, addr: shared.addr})
	if r.code != 1 || !strings.Contains(r.out, shared.addr) || !strings.Contains(r.out, "WELFAREX_ADDR") {
		t.Errorf("exit %d: %s", r.code, r.out)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("a data folder was made")
	}
}

func TestDemo_AnUnusableFolderIsNamed(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	closed := filepath.Join(dir, "closed")
	mode := os.FileMode(0o500)
	if os.Getuid() == 0 {
		mode = 0o700 // root gets in, the user that PostgreSQL runs as does not
	}
	if err := os.Mkdir(closed, mode); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{file, filepath.Join(closed, "data")} {
		addr, err := freeAddr()
		if err != nil {
			t.Fatal(err)
		}
		r := call(t, process{args: []string{"demo"}, data: data, addr: addr})
		if r.code != 1 || !strings.Contains(r.out, filepath.Dir(data)) || strings.Contains(r.out, "panic") {
			t.Errorf("data in %s: exit %d: %s", data, r.code, r.out)
		}
	}
}

// One story, for each start takes seconds: begin, die, come back, stop.
func TestDemo_DiesAndComesBackAsItWas(t *testing.T) {
	t.Parallel()
	data := filepath.Join(folder(t), "data")
	first := mustStart(t, process{args: []string{"demo"}, data: data})
	eventually(t, "PostgreSQL runs in the folder", func() bool { return len(runningIn(t, data)) > 1 })
	began := time.Now()

	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-first.ended
	eventually(t, "after kill -9 nothing runs in the folder", func() bool { return len(runningIn(t, data)) == 0 })
	t.Logf("after kill -9 all was gone in %v", time.Since(began).Round(time.Millisecond))

	second := mustStart(t, process{args: []string{"demo"}, data: data, addr: first.addr})
	for i, c := range second.people.Cities {
		if !slices.Equal(c.Accounts, first.people.Cities[i].Accounts) || c.URL != first.people.Cities[i].URL {
			t.Errorf("%s: its people changed from one start to the next", c.Slug)
		}
	}
	admin := second.city("salerno").person("city_admin")
	if s := signInOverHTTP(t, second, second.city("salerno"), admin); s == "" {
		t.Error("the administrator of Salerno cannot come in any more")
	}

	began = time.Now()
	if err := second.stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(began); took > 8*time.Second {
		t.Errorf("Ctrl-C took %v", took)
	} else {
		t.Logf("Ctrl-C took %v", took.Round(time.Millisecond))
	}
	if left := runningIn(t, data); len(left) > 0 {
		t.Errorf("still running after Ctrl-C: %v", left)
	}
}

func TestDemo_AnotherUserNeedsNoRights(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("all other tests run as another user already")
	}
	t.Parallel()
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Skip("no user nobody here")
	}
	uid, _ := strconv.ParseUint(nobody.Uid, 10, 32)
	gid, _ := strconv.ParseUint(nobody.Gid, 10, 32)
	data := filepath.Join(folder(t), "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(data, int(uid), int(gid)); err != nil {
		t.Fatal(err)
	}
	who := &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	d := mustStart(t, process{args: []string{"demo"}, data: data, user: who})
	if r := d.ask(t, d.city("cremona").host(), "/"); r.status != http.StatusOK {
		t.Errorf("Cremona answers %d", r.status)
	}
	r := call(t, process{args: []string{"--env-file", d.envFile(), "city", "list"}, data: data, user: who})
	if r.code != 0 || strings.Count(r.out, "\n") != 9 {
		t.Errorf("city list: exit %d: %s", r.code, r.out)
	}
	if err := d.stop(); err != nil {
		t.Error(err)
	}
}

func TestDemo_SaysWhoIsThere(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile(filepath.Join(shared.data, "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	var said struct {
		Operator any    `json:"operator"`
		MailURL  string `json:"mail_url"`
		Cities   []struct {
			Accounts []map[string]any `json:"accounts"`
		} `json:"cities"`
	}
	if err := json.Unmarshal(raw, &said); err != nil || said.Operator != nil || !strings.Contains(string(raw), `"operator": null`) {
		t.Errorf("operator %v, %v", said.Operator, err)
	}
	for i, c := range said.Cities {
		var roles []string
		for _, a := range c.Accounts {
			roles = append(roles, a["role"].(string))
			if _, told := a["totp_secret"]; !told || (a["totp_secret"] == nil) != (a["role"] == "citizen") {
				t.Errorf("the second factor of %v is %v", a["email"], a["totp_secret"])
			}
		}
		if want := []string{"citizen", "provider", "welfare_manager", "municipality", "city_admin"}; !slices.Equal(roles, want) {
			t.Errorf("the people of city %d have the roles %v", i, roles)
		}
	}
	for _, suffix := range []string{"", ".json"} {
		res, err := http.Get(said.MailURL + suffix) //nolint:noctx // on this machine
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("the mail page: %v, %v", res, err)
		}
		_ = res.Body.Close()
	}
}

func TestDemo_SettingsForAnotherShell(t *testing.T) {
	t.Parallel()
	info, err := os.Stat(shared.envFile())
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("demo.env has mode %o", info.Mode().Perm())
	}
	if info, err := os.Stat(filepath.Join(shared.data, "demo.json")); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("demo.json: %v, %v", info, err)
	}
	list := shared.order(t, "city", "list")
	for _, c := range shared.people.Cities {
		if !strings.Contains(list, c.Slug) {
			t.Errorf("city list does not know %s:\n%s", c.Slug, list)
		}
	}
	masked := shared.order(t, "config")
	raw, err := os.ReadFile(shared.envFile())
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(raw)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		value = strings.Trim(value, "'")
		if !strings.Contains(masked, name+"=") {
			t.Errorf("config does not show %s", name)
		}
		for _, secret := range secretsIn(name, value) {
			if strings.Contains(masked, secret) {
				t.Errorf("config shows the secret of %s", name)
			}
		}
	}
}

var passwordInURL = regexp.MustCompile(`://[^:/@]+:([^@]+)@`)

func secretsIn(name, value string) []string {
	if m := passwordInURL.FindStringSubmatch(value); m != nil {
		return m[1:]
	}
	if strings.HasSuffix(name, "KEY") && value != "" {
		return []string{value}
	}
	return nil
}

func TestCities_NineOfTheirOwn(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	once := func(slug, what, value string) {
		if value == "" {
			t.Errorf("%s has no %s", slug, what)
		}
		if other := seen[what+value]; other != "" {
			t.Errorf("%s and %s have the same %s: %q", other, slug, what, value)
		}
		seen[what+value] = slug
	}
	if len(shared.people.Cities) != 9 {
		t.Fatalf("%d cities", len(shared.people.Cities))
	}
	for _, c := range shared.people.Cities {
		home := shared.ask(t, c.host(), "/")
		list := shared.ask(t, c.host(), "/servizi")
		if home.status != http.StatusOK || list.status != http.StatusOK {
			t.Fatalf("%s answers %d, its list %d", c.Slug, home.status, list.status)
		}
		once(c.Slug, "title", first(regexp.MustCompile(`<title>([^<]+)`), home.body))
		once(c.Slug, "colours", first(regexp.MustCompile(`href="(/theme/[^"]+)"`), home.body))
		services := regexp.MustCompile(`href="/servizi/[a-z0-9-]+"`).FindAllString(list.body, -1)
		slices.Sort(services)
		once(c.Slug, "catalogue", strings.Join(slices.Compact(services), " "))
	}
}

func first(pattern *regexp.Regexp, text string) string {
	if m := pattern.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

func TestCities_OnlyTheHostDecides(t *testing.T) {
	t.Parallel()
	cremona, biella := shared.city("cremona"), shared.city("biella")
	if r := shared.ask(t, "atlantide.localhost", "/"); r.status != http.StatusNotFound {
		t.Errorf("an unknown host answers %d", r.status)
	}
	for _, path := range []string{"/livez", "/readyz"} {
		if r := shared.ask(t, "atlantide.localhost", path); r.status != http.StatusOK || len(r.body) > 20 {
			t.Errorf("%s answers %d %q", path, r.status, r.body)
		}
	}
	honest := shared.ask(t, cremona.host(), "/")
	for _, header := range []string{"X-Forwarded-Host", "X-Host", "X-Original-Host", "X-Forwarded-Server", "Forwarded"} {
		value := biella.host()
		if header == "Forwarded" {
			value = "host=" + value
		}
		forged := shared.ask(t, cremona.host(), "/", header, value)
		if forged.status != honest.status || forged.body != honest.body {
			t.Errorf("%s: %s changes the answer", header, value)
		}
	}
	secondary := shared.ask(t, "welfare.cremona.example", "/servizi?q=anziani")
	if secondary.status != http.StatusPermanentRedirect || secondary.header.Get("Location") != cremona.URL+"/servizi?q=anziani" {
		t.Errorf("a secondary host: %d to %q", secondary.status, secondary.header.Get("Location"))
	}
}

// Browsers open connections ahead of need and ask for something on them much later. What a server says to one that waited too long must be
// 408: then the browser asks again, while it would show any other answer to the person.
func TestServer_AConnectionThatWaitedIsLetGo(t *testing.T) {
	t.Parallel()
	conn, err := net.Dial("tcp", shared.addr) //nolint:noctx // bounded below
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	said, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	if len(said) > 0 && (!strings.HasPrefix(string(said), "HTTP/1.1 408 ") || !strings.Contains(string(said), "Connection: close")) {
		t.Errorf("it is told: %.200s", said)
	}
}

func TestServe_OnlyOneCity(t *testing.T) {
	t.Parallel()
	d := mustStart(t, process{args: []string{"--env-file", shared.envFile(), "serve", "--only", "cremona"}, data: shared.data})
	if r := d.ask(t, "cremona.localhost", "/"); r.status != http.StatusOK {
		t.Errorf("Cremona answers %d", r.status)
	}
	if r := d.ask(t, "biella.localhost", "/"); r.status != http.StatusNotFound {
		t.Errorf("Biella answers %d", r.status)
	}
	if r := call(t, process{args: []string{"healthcheck"}, data: d.data, addr: d.addr}); r.code != 0 {
		t.Errorf("healthcheck: exit %d: %s", r.code, r.out)
	}
	if err := d.stop(); err != nil {
		t.Error(err)
	}
	if r := call(t, process{args: []string{"healthcheck"}, data: d.data, addr: d.addr}); r.code != 1 {
		t.Errorf("healthcheck of what is stopped: exit %d: %s", r.code, r.out)
	}
}

func TestServe_RefusesAnOldSchema(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	postgres, err := local.StartPostgres(ctx, local.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = postgres.Stop(ctx) })
	env := []string{"DATABASE_URL=" + postgres.AppURL(), "DATABASE_OWNER_URL=" + postgres.OwnerURL()}
	refuses := func(when string) {
		t.Helper()
		for _, command := range []string{"serve", "work"} {
			addr, err := freeAddr()
			if err != nil {
				t.Fatal(err)
			}
			r := call(t, process{args: []string{"--env-file", shared.envFile(), command}, data: shared.data, addr: addr, env: env})
			if r.code != 1 || !strings.Contains(r.out, "welfarex migrate") {
				t.Errorf("%s %s: exit %d: %s", command, when, r.code, r.out)
			}
		}
	}
	refuses("on an empty database")
	for _, want := range []string{"accounts", "aggiornato"} {
		r := call(t, process{args: []string{"--env-file", shared.envFile(), "migrate"}, data: shared.data, env: env})
		if r.code != 0 || !strings.Contains(r.out, want) {
			t.Fatalf("migrate: exit %d: %s", r.code, r.out)
		}
	}
	d := mustStart(t, process{args: []string{"--env-file", shared.envFile(), "serve"}, data: shared.data, env: env})
	if err := d.stop(); err != nil {
		t.Error(err)
	}
	conn, err := pgx.Connect(ctx, postgres.OwnerURL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, "DELETE FROM bun_migrations WHERE id = (SELECT max(id) FROM bun_migrations)"); err != nil {
		t.Fatal(err)
	}
	refuses("one step behind")
}

func TestCommands_SayWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"serve"}, 1, "DATABASE_URL"},
		{[]string{"sing"}, 2, "sing"},
		{[]string{"--env-file", "/nowhere/demo.env", "serve"}, 1, "/nowhere/demo.env"},
		{[]string{"--env-file", shared.envFile(), "city", "show", "atlantide"}, 1, "atlantide"},
	} {
		r := call(t, process{args: c.args, data: folder(t), addr: "127.0.0.1:0"})
		if r.code != c.code || !strings.Contains(r.out, c.says) {
			t.Errorf("%v: exit %d: %s", c.args, r.code, r.out)
		}
	}
	var routes []route
	if err := json.Unmarshal([]byte(call(t, process{args: []string{"routes", "--json"}, data: folder(t)}).out), &routes); err != nil || len(routes) < 20 {
		t.Errorf("routes --json: %d, %v", len(routes), err)
	}
}

// mustStart is start within a test, ended with it.
func mustStart(t *testing.T, p process) *demo {
	t.Helper()
	d, err := start(p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		select {
		case <-d.ended:
		default:
			_ = d.stop()
		}
		if err := d.complaints(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// runningIn lists the processes whose command line names the folder.
func runningIn(t *testing.T, dir string) []string {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range lines {
		raw, err := os.ReadFile(file)
		environ, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "environ"))
		command := strings.ReplaceAll(string(raw), "\x00", " ")
		if err == nil && (strings.Contains(command, dir) || strings.Contains(string(environ), "WELFAREX_DATA="+dir)) {
			found = append(found, file+" "+command)
		}
	}
	return found
}
