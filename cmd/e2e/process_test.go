package e2e

import (
	"encoding/json"
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
