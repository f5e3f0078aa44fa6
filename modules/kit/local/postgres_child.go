package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const poll = 5 * time.Millisecond

// child is the server process; it is told to end when we do, even by kill -9.
type child struct {
	cmd  *exec.Cmd
	tail *tail
	done chan struct{}
	err  error // how it ended, once done
}

func startChild(bin binaries, as *account, data string, settings []string, log io.Writer) (*child, error) {
	args := []string{"-D", data}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	c := &child{cmd: as.command(context.Background(), bin.path("postgres"), args...), tail: &tail{log: log}, done: make(chan struct{})}
	c.cmd.Dir, c.cmd.Stdout, c.cmd.Stderr = data, c.tail, c.tail
	c.cmd.WaitDelay = time.Second // a backend that outlives the server may hold the pipe
	dieWithParent(c.cmd.SysProcAttr, syscall.SIGQUIT)
	started := make(chan error)
	go c.live(started)
	return c, <-started
}

// live stays on one thread for as long as the child, for the kernel ties the child to the thread that made it.
func (c *child) live(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(c.done)
	err := c.cmd.Start()
	started <- err
	if err == nil {
		c.err = c.cmd.Wait()
	}
}

// waitReady returns when the server says, in its own pid file, that it takes connections.
func (c *child) waitReady(ctx context.Context, data string) error {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for !c.ready(data) {
		select {
		case <-c.done:
			return fmt.Errorf("the server ended while starting (%w): %s", c.err, c.tail)
		case <-ctx.Done():
			return fmt.Errorf("the server is not ready: %w: %s", ctx.Err(), c.tail)
		case <-tick.C:
		}
	}
	return nil
}

// ready reads line 1, the pid, and line 8, the state.
func (c *child) ready(data string) bool {
	raw, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return false
	}
	lines := strings.Split(string(raw), "\n")
	return len(lines) > 7 && lines[0] == strconv.Itoa(c.cmd.Process.Pid) && strings.TrimSpace(lines[7]) == "ready"
}

// retriable says whether the start failed for a port that was taken meanwhile or an older server that is still ending.
func (c *child) retriable() bool {
	select {
	case <-c.done:
	default:
		return false
	}
	said := c.tail.String()
	return strings.Contains(said, "Address already in use") || strings.Contains(said, "still in use")
}

// stop asks for a fast shutdown, then for an immediate one, then kills.
func (c *child) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	c.signal(syscall.SIGINT)
	select {
	case <-c.done:
		return c.verdict()
	case <-ctx.Done():
	}
	c.signal(syscall.SIGQUIT)
	select {
	case <-c.done:
	case <-time.After(7 * time.Second):
		_ = syscall.Kill(-c.cmd.Process.Pid, syscall.SIGKILL)
		<-c.done
	}
	return fmt.Errorf("postgres: stopped at once, the next start recovers: %w", ctx.Err())
}

func (c *child) signal(s os.Signal) {
	if c.cmd.Process != nil {
		_ = c.cmd.Process.Signal(s)
	}
}

func (c *child) verdict() error {
	if c.err == nil || errors.Is(c.err, exec.ErrWaitDelay) {
		return nil
	}
	return fmt.Errorf("postgres: %w: %s", c.err, c.tail)
}

// clearOrphans ends servers that a killed process left in the folder. We hold the folder's lock, so nobody wants them.
func clearOrphans(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	tick := time.NewTicker(4 * poll)
	defer tick.Stop()
	for began := time.Now(); ; {
		left := processesIn(dir)
		if len(left) == 0 {
			return dropStalePid(filepath.Join(dir, "data"))
		}
		for _, pid := range left {
			hasten(pid, time.Since(began))
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("an older server in %s does not end (pid %v): %w", dir, left, ctx.Err())
		case <-tick.C:
		}
	}
}

// hasten lets an orphan end by itself, for it was told to when we died, and then presses harder and harder.
func hasten(pid int, waited time.Duration) {
	switch {
	case waited > 8*time.Second:
		_ = syscall.Kill(pid, syscall.SIGKILL)
	case waited > 4*time.Second:
		_ = syscall.Kill(pid, syscall.SIGQUIT)
	case waited > time.Second:
		_ = syscall.Kill(pid, syscall.SIGINT)
	}
}

// dropStalePid removes a pid file whose number now belongs to some other program, which the server would mistake for itself.
func dropStalePid(data string) error {
	err := os.Remove(filepath.Join(data, "postmaster.pid"))
	if errors.Is(err, os.ErrNotExist) || !canSeeProcesses {
		return nil
	}
	return err
}

// tail passes the server's log on and remembers the end of it.
type tail struct {
	mu  sync.Mutex
	log io.Writer
	end []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, p...)
	if over := len(t.end) - 4096; over > 0 {
		t.end = append(t.end[:0], t.end[over:]...)
	}
	if t.log != nil {
		_, _ = t.log.Write(p) // a broken log must not stop the server
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.end))
}
