package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/local"
)

// house is an installation: the program as two processes that may be killed, PostgreSQL as well, and around them, in this process, what
// outlives a kill: the files, the mailbox, the gateway.
type house struct {
	dir, binary string
	addr        string // of serve
	key         string
	postgres    *local.Postgres
	s3          *local.S3
	mail        *local.Mail
	cards       *local.Cards
	front       *front
	traffic     *traffic
	serve, work *child
	cities      []*city
	away        atomic.Int64 // until when PostgreSQL is, or was a moment ago

	mu    sync.Mutex
	found []string
}

// out notes that PostgreSQL is away for so long.
func (h *house) out(d time.Duration) { h.away.Store(time.Now().Add(d).UnixNano()) }

func (h *house) outage() bool { return time.Now().UnixNano() < h.away.Load() }

// city is one of those in which people buy.
type city struct {
	slug, id      string
	service       string // what people buy, by its slug
	provider      string // who sells it
	card, webhook string // keys of the account at the gateway
	worker        string
	totp          string
}

func openHouse(ctx context.Context, binary string, slugs []string) (_ *house, err error) {
	h := &house{binary: binary, traffic: &traffic{now: map[*sent]bool{}}, key: base64.StdEncoding.EncodeToString(make([]byte, 32))}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if h.dir, err = os.MkdirTemp("", "welfarex-kill-"); err != nil {
		return nil, err
	}
	if err := os.Chmod(h.dir, 0o755); err != nil { //nolint:gosec // PostgreSQL runs as another user below it
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	h.addr = fmt.Sprintf("127.0.0.1:%d", port)
	if err := h.startOutside(ctx); err != nil {
		return nil, err
	}
	if err := h.call(ctx, "", "migrate"); err != nil {
		return nil, err
	}
	for _, slug := range slugs {
		if err := h.openCity(ctx, slug); err != nil {
			return nil, fmt.Errorf("%s: %w", slug, err)
		}
	}
	h.serve, h.work = newChild(h, "serve", "--no-work"), newChild(h, "work")
	if err := errors.Join(h.serve.start(), h.work.start()); err != nil {
		return nil, err
	}
	return h, h.ready(ctx)
}

// startOutside starts what is not the program. PostgreSQL is as durable as in life.
func (h *house) startOutside(ctx context.Context) (err error) {
	port, err := freePort()
	if err != nil {
		return err
	}
	if h.postgres, err = local.StartPostgres(ctx, local.Options{Dir: filepath.Join(h.dir, "postgres"), Port: port}); err != nil {
		return err
	}
	if h.s3, err = local.StartS3(ctx, filepath.Join(h.dir, "s3"), "", "kill", "kill-kill"); err != nil {
		return err
	}
	if h.mail, err = local.StartMail(ctx, ""); err != nil {
		return err
	}
	if h.cards, err = local.StartCards(ctx, "", ""); err != nil {
		return err
	}
	h.front, err = startFront(ctx, h.cards, h.addr, h.traffic)
	return err
}

func (h *house) close() error {
	var errs []error
	for _, c := range []*child{h.serve, h.work} {
		if c != nil {
			c.kill()
		}
	}
	if h.front != nil {
		errs = append(errs, h.front.stop())
	}
	if h.cards != nil {
		errs = append(errs, h.cards.Stop())
	}
	if h.mail != nil {
		errs = append(errs, h.mail.Stop())
	}
	if h.s3 != nil {
		h.s3.Stop()
	}
	if h.postgres != nil {
		errs = append(errs, h.postgres.Stop(context.Background()))
	}
	return errors.Join(append(errs, os.RemoveAll(h.dir))...)
}

// env are the settings of the program.
func (h *house) env() []string {
	_, port, _ := net.SplitHostPort(h.addr)
	return append(withoutSettings(os.Environ()),
		"WELFAREX_DATA="+h.dir, "WELFAREX_ADDR="+h.addr, "WELFAREX_BASE_URL=http://localhost:"+port, "WELFAREX_KEY="+h.key, "WELFAREX_LOG=warn",
		"DATABASE_URL="+h.postgres.AppURL(), "DATABASE_OWNER_URL="+h.postgres.OwnerURL(), "WELFAREX_TRUSTED_PROXIES=127.0.0.1",
		"S3_ENDPOINT="+h.s3.URL(), "S3_BUCKET="+local.Bucket, "S3_ACCESS_KEY=kill", "S3_SECRET_KEY=kill-kill",
		"SMTP_URL="+h.mail.SMTPURL(), "STRIPE_URL="+h.front.url())
}

// withoutSettings leaves out what would lead the program to another database or store.
func withoutSettings(environment []string) (kept []string) {
	for _, line := range environment {
		name, _, _ := strings.Cut(line, "=")
		if !strings.HasPrefix(name, "WELFAREX_") && !strings.HasPrefix(name, "DATABASE_") && !strings.HasPrefix(name, "S3_") && name != "SMTP_URL" && name != "STRIPE_URL" {
			kept = append(kept, line)
		}
	}
	return kept
}

// call runs a command of the program to its end.
func (h *house) call(ctx context.Context, stdin string, args ...string) error {
	cmd := exec.CommandContext(ctx, h.binary, args...) //nolint:gosec // our own binary
	cmd.Env, cmd.Stdin = h.env(), strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("welfarex %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// super lends a superuser's connection, which sees every city.
func (h *house) super(ctx context.Context, do func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, h.postgres.SuperURL())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return do(conn)
}

// ready waits until pages are answered.
func (h *house) ready(ctx context.Context) error {
	return eventually(ctx, time.Minute, "the program answers", func() bool {
		r, err := ask(ctx, request{method: "GET", url: "http://" + h.addr + "/readyz"})
		return err == nil && r.status == 200
	})
}

// find notes what is wrong.
func (h *house) find(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.found = append(h.found, fmt.Sprintf(format, args...))
}

func (h *house) findings() []string { h.mu.Lock(); defer h.mu.Unlock(); return h.found }

// eventually waits for ok.
func eventually(ctx context.Context, most time.Duration, what string, ok func() bool) error {
	for end := time.Now().Add(most); !ok(); {
		if time.Now().After(end) {
			return fmt.Errorf("not in %v: %s", most, what)
		}
		if !sleep(ctx, 20*time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}

// sleep says whether ctx lived on.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// freePort finds one that nobody is given as the near end of a connection, so that it is still free after a kill.
func freePort() (int, error) {
	for {
		port := 20_000 + rand.IntN(10_000)                             //nolint:gosec // any will do
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)) //nolint:noctx // closed at once
		if err == nil {
			return port, l.Close()
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return 0, err
		}
	}
}
