package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
)

// demo is a started `welfarex demo`, known by its port and by demo.json.
type demo struct {
	folder  string
	log     *os.File
	process *exec.Cmd
	ended   chan struct{}
	server  *attacks.Server

	MailURL string `json:"mail_url"`
	Cities  []struct {
		Slug     string
		URL      string
		Accounts []account
	}
}

type account struct {
	Role       string
	Email      string
	Password   string
	TOTPSecret *string `json:"totp_secret"`
}

// startDemo starts the program on a free port, below a parent domain whose cities are one site to browsers, and waits for demo.json.
func startDemo(ctx context.Context) (*demo, error) {
	folder, err := os.MkdirTemp("", "welfarex-attack-")
	if err != nil {
		return nil, err
	}
	d := &demo{folder: folder, ended: make(chan struct{})}
	if err := d.start(); err != nil {
		_ = os.RemoveAll(folder)
		return nil, err
	}
	if err := d.ready(ctx); err != nil {
		said, _ := os.ReadFile(d.log.Name())
		d.stop()
		return nil, fmt.Errorf("%w\n%s", err, said)
	}
	return d, nil
}

func (d *demo) start() error {
	if err := os.Chmod(d.folder, 0o755); err != nil { //nolint:gosec // PostgreSQL runs as another user below it
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once: it only finds a free port
	if err != nil {
		return err
	}
	addr := l.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	if err := l.Close(); err != nil {
		return err
	}
	if d.log, err = os.Create(filepath.Join(d.folder, "log")); err != nil {
		return err
	}
	d.process = exec.Command(binary, "demo") //nolint:noctx // stop ends it in order
	d.process.Stdout, d.process.Stderr = d.log, d.log
	d.process.Env = append(withoutSettings(os.Environ()),
		"WELFAREX_API_RATE=1000000", "WELFAREX_DATA="+d.folder, "WELFAREX_ADDR="+addr, "WELFAREX_BASE_URL=http://welfarex.localhost:"+port)
	if err := d.process.Start(); err != nil {
		return fmt.Errorf("welfarex demo: %w", err)
	}
	go func() {
		_ = d.process.Wait()
		close(d.ended)
	}()
	d.server = attacks.Dial(addr)
	return nil
}

// withoutSettings leaves out what would lead the demo to another database or store.
func withoutSettings(environment []string) []string {
	var kept []string
	for _, line := range environment {
		name, _, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(name, "WELFAREX_") && !strings.HasPrefix(name, "DATABASE_") && !strings.HasPrefix(name, "S3_") && name != "SMTP_URL" && name != "STRIPE_URL" {
			kept = append(kept, line)
		}
	}
	return kept
}

// ready waits until the demo answers and has written down its people.
func (d *demo) ready(ctx context.Context) error {
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		select {
		case <-d.ended:
			return errors.New("the demo ended before it answered")
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		raw, err := os.ReadFile(filepath.Join(d.folder, "demo.json"))
		if err == nil {
			err = json.Unmarshal(raw, d)
		}
		if err == nil {
			reply, asked := d.server.Do(ctx, attacks.Request{Method: "GET", Host: "localhost", Target: "/readyz"})
			if asked == nil && reply.Status == 200 {
				return nil
			}
		}
		if time.Now().After(end) {
			return errors.New("the demo did not come up")
		}
	}
}

// stop ends the demo in order and removes its folder.
func (d *demo) stop() {
	_ = d.process.Process.Signal(syscall.SIGINT)
	select {
	case <-d.ended:
	case <-time.After(30 * time.Second):
		_ = d.process.Process.Kill()
		<-d.ended
	}
	_ = d.log.Close()
	_ = os.RemoveAll(d.folder)
}
