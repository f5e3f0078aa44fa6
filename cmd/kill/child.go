package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// child is a process of the program. Whoever kills it starts it again. If it ends by itself, that is a finding, unless it had just begun while
// its database was away; it is started again then, as an orchestrator would.
type child struct {
	house *house
	args  []string

	mu     sync.Mutex
	cmd    *exec.Cmd
	ended  chan struct{}
	killed bool
	since  time.Time
}

// young is how old a process may be that does not find its database and gives up.
const young = 5 * time.Second

func newChild(h *house, args ...string) *child { return &child{house: h, args: args} }

// logFile holds what all lives of the process said.
func (c *child) logFile() string { return filepath.Join(c.house.dir, c.args[0]+".log") }

func (c *child) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.launch()
}

// launch starts the process in a group of its own. It dies with us, for which the kernel watches the thread that forked it.
func (c *child) launch() error {
	log, err := os.OpenFile(c.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(c.house.binary, c.args...) //nolint:gosec,noctx // our own binary, which kill ends
	cmd.Env, cmd.Stdout, cmd.Stderr = c.house.env(), log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	c.cmd, c.ended, c.killed, c.since = cmd, make(chan struct{}), false, time.Now()
	go c.live(cmd, started, c.ended)
	return <-started
}

func (c *child) live(cmd *exec.Cmd, started chan<- error, ended chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(ended)
	err := cmd.Start()
	started <- err
	if err != nil {
		return
	}
	c.fell(cmd, cmd.Wait())
}

// dead says whether the process was to end: it was killed, or is another one by now.
func (c *child) dead(cmd *exec.Cmd) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.killed || c.cmd != cmd
}

// fell is what happens when the process has ended by itself.
func (c *child) fell(cmd *exec.Cmd, why error) {
	if c.dead(cmd) {
		return
	}
	if !c.house.outage() || time.Since(c.since) > young {
		c.house.find("%s ended by itself: %v: %s", c.args[0], why, c.lastWords())
	}
	time.AfterFunc(time.Second, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.killed || c.cmd != cmd {
			return
		}
		if err := c.launch(); err != nil {
			c.house.find("%s: %v", c.args[0], err)
		}
	})
}

func (c *child) lastWords() string {
	raw, _ := os.ReadFile(c.logFile())
	return string(raw[max(0, len(raw)-500):])
}

// kill ends the process at once, with whatever it has started.
func (c *child) kill() {
	c.mu.Lock()
	c.killed = true
	cmd, ended := c.cmd, c.ended
	c.mu.Unlock()
	if cmd == nil || cmd.Process == nil {
		return
	}
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	<-ended
}

// complaints are lines of the log that should never be there.
func (c *child) complaints() (lines []string) {
	raw, err := os.ReadFile(c.logFile())
	if err != nil {
		return []string{err.Error()}
	}
	for line := range strings.Lines(string(raw)) {
		if strings.Contains(line, "panic") || strings.Contains(line, "DATA RACE") {
			lines = append(lines, fmt.Sprintf("%s said: %s", c.args[0], strings.TrimSpace(line)))
		}
	}
	return lines
}
