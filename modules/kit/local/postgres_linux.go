package local

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

const canSeeProcesses = true

// dieWithParent holds for the thread that starts the child: it must live as long as the child should.
func dieWithParent(attr *syscall.SysProcAttr, sig syscall.Signal) { attr.Pdeathsig = sig }

// processesIn lists the servers whose working folder lies in dir.
func processesIn(dir string) (pids []int) {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	links, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range links {
		cwd, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(cwd, dir+"/") || command(link) != "postgres" {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(link))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

func command(cwd string) string {
	raw, _ := os.ReadFile(filepath.Join(filepath.Dir(cwd), "comm"))
	return strings.TrimSpace(string(raw))
}
