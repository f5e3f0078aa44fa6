package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// account is who runs the server: ourselves, or, when we are root, a user without rights.
type account struct {
	name     string
	uid, gid int
	drop     bool
}

func serverAccount() (*account, error) {
	if os.Geteuid() != 0 {
		return &account{name: "uid " + strconv.Itoa(os.Geteuid()), uid: os.Geteuid(), gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		gid, gidErr := strconv.Atoi(u.Gid)
		if err := errors.Join(err, gidErr); err != nil {
			return nil, err
		}
		return &account{name: name, uid: uid, gid: gid, drop: true}, nil
	}
	return nil, errors.New("PostgreSQL refuses to run as root, and this machine has neither a user postgres nor nobody")
}

// command runs a program as the account, with a bare environment, in a process group of its own,
// to be killed with the thread that starts it.
func (a *account) command(ctx context.Context, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if a.drop {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(a.uid), Gid: uint32(a.gid)}
	}
	return cmd
}

// makeDir makes our own folder so that the account can pass through it.
func (a *account) makeDir(dir string) error {
	mode := fs.FileMode(0o700)
	if a.drop {
		mode = 0o711
	}
	if err := os.MkdirAll(dir, mode|0o055); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() == mode {
		return err
	}
	return os.Chmod(dir, mode)
}

// own hands a folder and all in it to the account.
func (a *account) own(dir string) error {
	info, err := os.Stat(dir)
	if err != nil || !a.drop || ownerOf(info) == a.uid {
		return err
	}
	return filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, a.uid, a.gid)
	})
}

// explain names the folder that keeps the account out.
func (a *account) explain(cause error, paths ...string) error {
	for _, path := range paths {
		if closed, mode := a.closedParent(path); closed != "" {
			return fmt.Errorf("user %s cannot enter %s (mode %04o): keep the data in another folder, such as /var/lib/welfarex, "+
				"or run: chmod o+x %s: %w", a.name, closed, mode, closed, cause)
		}
	}
	return fmt.Errorf("as user %s: %w", a.name, cause)
}

// closedParent is the outermost folder on the path that the account may not pass through.
func (a *account) closedParent(path string) (string, fs.FileMode) {
	if parent := filepath.Dir(path); parent != path {
		if closed, mode := a.closedParent(parent); closed != "" {
			return closed, mode
		}
	}
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() || a.mayPass(info) {
		return "", 0
	}
	return path, info.Mode().Perm()
}

func (a *account) mayPass(info fs.FileInfo) bool {
	switch {
	case ownerOf(info) == a.uid:
		return info.Mode()&0o100 != 0
	case groupOf(info) == a.gid:
		return info.Mode()&0o010 != 0
	default:
		return info.Mode()&0o001 != 0
	}
}

func ownerOf(info fs.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Uid) }
func groupOf(info fs.FileInfo) int { return int(info.Sys().(*syscall.Stat_t).Gid) }
