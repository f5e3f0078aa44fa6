package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process says how to start the program.
type process struct {
	args []string
	data string   // WELFAREX_DATA
	addr string   // WELFAREX_ADDR; a free port of 127.0.0.1 unless told
	env  []string // besides
	user *syscall.Credential
}

// demo is a running program and, if it is the demo, what it says about itself.
type demo struct {
	addr   string
	data   string
	people people
	cmd    *exec.Cmd
	out    *output
	ended  chan struct{} // closed when the process has ended
	err    error         // how
}

// people is demo.json.
type people struct {
	MailURL string `json:"mail_url"`
	Cities  []city `json:"cities"`
}

type city struct {
	Slug     string   `json:"slug"`
	URL      string   `json:"url"`
	Accounts []person `json:"accounts"`
}

type person struct {
	Role     string `json:"role"`
	Email    string `json:"email"`
	Password string `json:"password"`
	TOTP     string `json:"totp_secret"`
}

// command prepares the program with a bare environment.
func (p process) command(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, p.args...)
	cmd.Dir = filepath.Dir(program)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + p.data, "WELFAREX_DATA=" + p.data, "GORACE=halt_on_error=0"}, p.env...)
	if p.addr != "" {
		cmd.Env = append(cmd.Env, "WELFAREX_ADDR="+p.addr)
	}
	if bin := os.Getenv("PG_BIN"); bin != "" {
		cmd.Env = append(cmd.Env, "PG_BIN="+bin)
	}
	if p.user != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.user}
	}
	return cmd
}

// start runs the program until it answers, and reads demo.json where there is one.
func start(p process) (*demo, error) {
	if p.addr == "" {
		addr, err := freeAddr()
		if err != nil {
			return nil, err
		}
		p.addr = addr
	}
	d := &demo{addr: p.addr, data: p.data, out: &output{}, ended: make(chan struct{})}
	d.cmd = p.command(context.Background())
	d.cmd.Stdout, d.cmd.Stderr = d.out, d.out
	if err := startTied(d.cmd); err != nil {
		return nil, err
	}
	go func() { d.err = d.cmd.Wait(); close(d.ended) }()
	if err := d.waitReady(); err != nil {
		_ = d.stop()
		return nil, fmt.Errorf("start %v: %w\n%s", p.args, err, d.out)
	}
	if p.args[0] == "demo" {
		raw, err := os.ReadFile(filepath.Join(p.data, "demo.json"))
		if err != nil {
			return nil, errors.Join(err, d.stop())
		}
		if err := json.Unmarshal(raw, &d.people); err != nil {
			return nil, errors.Join(err, d.stop())
		}
	}
	return d, nil
}

// startTied starts a child that is asked to stop if this test process is killed: the request is tied to the thread, so the thread stays.
func startTied(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		if cmd.SysProcAttr == nil {
			cmd.SysProcAttr = &syscall.SysProcAttr{}
		}
		cmd.SysProcAttr.Pdeathsig = syscall.SIGTERM
		started <- cmd.Start()
		select {}
	}()
	return <-started
}

// patience bounds what is waited for; nothing takes this long when all is well.
const patience = 60 * time.Second

func (d *demo) waitReady() error {
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		select {
		case <-d.ended:
			return fmt.Errorf("it ended: %w", errors.Join(d.err, errors.New("without answering")))
		default:
		}
		// The port is taken before anything else and answers once all is there: one question may hang for a while.
		res, err := get(d.addr, "localhost", "/readyz")
		if err == nil && res.status == http.StatusOK {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return errors.New("it does not become ready")
}

// stop interrupts the process as Ctrl-C does, and says if it does not end within seconds or not well.
func (d *demo) stop() error {
	_ = d.cmd.Process.Signal(os.Interrupt)
	select {
	case <-d.ended:
		if d.err != nil {
			return fmt.Errorf("after Ctrl-C: %w\n%s", d.err, d.out)
		}
		return nil
	case <-time.After(15 * time.Second):
		_ = d.cmd.Process.Kill()
		<-d.ended
		return fmt.Errorf("did not stop within 15 s after Ctrl-C\n%s", d.out)
	}
}

// complaints are data races, panics, errors and personal data in what the process wrote.
func (d *demo) complaints() error {
	log := d.out.String()
	for _, bad := range []string{"DATA RACE", "panic", "level=ERROR"} {
		if i := strings.Index(log, bad); i >= 0 {
			return fmt.Errorf("the program's log has %q:\n%s", bad, log[max(0, i-200):min(len(log), i+3000)])
		}
	}
	for line := range strings.Lines(log) {
		if strings.Contains(line, "level=") && strings.Contains(line, "@") {
			return fmt.Errorf("the program's log has an address: %s", line)
		}
	}
	return nil
}

// city is one of the nine.
func (d *demo) city(slug string) city {
	for _, c := range d.people.Cities {
		if c.Slug == slug {
			return c
		}
	}
	panic("the demo has no city " + slug)
}

// host is the city's name with its port, as browsers send it.
func (c city) host() string { return strings.TrimPrefix(c.URL, "http://") }

func (c city) person(role string) person {
	for _, p := range c.Accounts {
		if p.Role == role {
			return p
		}
	}
	panic(c.Slug + " has no " + role)
}

// envFile is how another shell reaches the demo.
func (d *demo) envFile() string { return filepath.Join(d.data, "demo.env") }

// result is what a command said and how it ended.
type result struct {
	out  string // both streams
	code int
}

// call runs the program to its end.
func call(t testing.TB, p process) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := p.command(ctx)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := startTied(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("welfarex %v: %v", p.args, err)
	}
	return result{out: out.String(), code: cmd.ProcessState.ExitCode()}
}

// tell runs a command against the demo, as from another shell.
func (d *demo) tell(t testing.TB, args ...string) result {
	t.Helper()
	return call(t, process{args: append([]string{"--env-file", d.envFile()}, args...), data: d.data})
}

// order is tell for what must succeed.
func (d *demo) order(t testing.TB, args ...string) string {
	t.Helper()
	r := d.tell(t, args...)
	if r.code != 0 {
		t.Fatalf("welfarex %s: exit %d\n%s", strings.Join(args, " "), r.code, r.out)
	}
	return r.out
}

// reply is an HTTP answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

// get asks addr in the name of host; redirects are not followed.
func get(addr, host, path string, header ...string) (reply, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, http.NoBody)
	if err != nil {
		return reply{}, err
	}
	req.Host = host
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := plain.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, string(body)}, err
}

var plain = &http.Client{
	Transport:     &http.Transport{MaxIdleConnsPerHost: 8},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// ask is get of one of the demo's cities that must be answered.
func (d *demo) ask(t testing.TB, host, path string, header ...string) reply {
	t.Helper()
	r, err := get(d.addr, host, path, header...)
	if err != nil {
		t.Fatalf("GET %s%s: %v", host, path, err)
	}
	return r
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String(), nil
}

// output collects what a process writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// eventually waits for ok, or fails the test with what.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience / 3)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("does not come true: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
