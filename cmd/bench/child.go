package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Every server that is measured is a process of its own, as in life: no other's garbage or heap helps or hinders it. It is this
// very program, told so by its first argument.
const childArg = "serve-child"

// childTask is what a child is to serve.
type childTask struct {
	Settings settings
	Uncached bool            // ours: never from memory
	Bare     map[string]page // these instead of ours
	Profile  string          // file for a CPU profile; that of allocations goes beside it
}

// child is such a process as its parent sees it.
type child struct {
	cmd   *exec.Cmd
	addr  string
	stdin io.WriteCloser
	out   *bufio.Reader
}

// spawn starts a child and waits until it answers.
func spawn(ctx context.Context, dir string, task childTask) (*child, error) {
	file, err := os.CreateTemp(dir, "task-*.json")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(json.NewEncoder(file).Encode(task), file.Close()); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.CommandContext(ctx, self, childArg, file.Name())} //nolint:gosec // ourselves
	c.cmd.Stderr = os.Stderr
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = bufio.NewReader(out)
	runtime.LockOSThread() // Pdeathsig watches the thread that forks
	err = c.cmd.Start()
	runtime.UnlockOSThread()
	if err != nil {
		return nil, err
	}
	line, err := c.out.ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("a server did not start: %w", err), c.cmd.Wait())
	}
	c.addr = strings.TrimSpace(line)
	return c, nil
}

// resident is the child's memory in KB after a collection.
func (c *child) resident() (float64, error) {
	if _, err := io.WriteString(c.stdin, "gc\n"); err != nil {
		return 0, err
	}
	if _, err := c.out.ReadString('\n'); err != nil {
		return 0, err
	}
	return residentOf(c.cmd.Process.Pid)
}

func (c *child) stop() error {
	_ = c.stdin.Close()
	return c.cmd.Wait()
}

// residentOf reads VmRSS, in KB.
func residentOf(pid int) (float64, error) {
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strconv.ParseFloat(strings.Fields(rest)[0], 64)
		}
	}
	return 0, errors.New("no VmRSS")
}

// cpuOf is the time that processes have computed so far; the kernel counts it in hundredths of a second.
func cpuOf(pids ...int) time.Duration {
	var ticks int64
	for _, pid := range pids {
		raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(raw), ") ")
		fields := strings.Fields(rest)
		for _, f := range fields[11:13] { // utime, stime
			n, _ := strconv.ParseInt(f, 10, 64)
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// beChild is the child's own life: it serves until its standard input ends.
func beChild(ctx context.Context, file string) error {
	raw, err := os.ReadFile(file) //nolint:gosec // the parent process wrote and names it
	if err != nil {
		return err
	}
	var task childTask
	if err := json.Unmarshal(raw, &task); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // for as long as the process lives
	if err != nil {
		return err
	}
	serve, err := task.open(ctx)
	if err != nil {
		return err
	}
	if task.Profile != "" {
		f, err := os.Create(task.Profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer func() {
			pprof.StopCPUProfile()
			if f, err := os.Create(task.Profile + ".allocs"); err == nil {
				_ = pprof.Lookup("allocs").WriteTo(f, 0)
			}
		}()
	}
	failed := make(chan error, 1)
	go func() { failed <- serve(l) }()
	fmt.Println(l.Addr())
	go func() {
		in := bufio.NewScanner(os.Stdin)
		for in.Scan() {
			debug.FreeOSMemory()
			fmt.Println("done")
		}
		failed <- nil
	}()
	return <-failed
}

func (t childTask) open(ctx context.Context) (func(net.Listener) error, error) {
	if t.Bare != nil {
		b, err := openBare(ctx, t.Settings.Database, t.Settings.Connections, t.Bare)
		if err != nil {
			return nil, err
		}
		return b.serve, nil
	}
	a, err := openApp(ctx, t.Settings, t.Uncached)
	if err != nil {
		return nil, err
	}
	return a.serve, nil
}
