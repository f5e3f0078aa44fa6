package local

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrInUse means that another process runs a server on this folder.
var ErrInUse = errors.New("the folder is in use by another process")

const (
	tempPattern = "welfarex-postgres-"
	keysFile    = "keys.json"
	lockFile    = "lock"
)

// keys is what must not change from one start to the next.
type keys struct {
	Port              int
	Super, Owner, App string
}

// openKeys reads the keys, or makes them for a folder that has no data yet.
func openKeys(dir string, hasData bool) (k keys, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, keysFile))
	switch {
	case err == nil:
		if err := json.Unmarshal(raw, &k); err != nil {
			return k, fmt.Errorf("%s/%s: %w", dir, keysFile, err)
		}
		return k, nil
	case !errors.Is(err, fs.ErrNotExist):
		return k, err
	case hasData:
		return k, fmt.Errorf("%s has data but its passwords (%s) are gone: restore that file, or remove the folder to begin anew", dir, keysFile)
	}
	return keys{Super: rand.Text(), Owner: rand.Text(), App: rand.Text()}, nil
}

// save replaces the file at once, so that a killed process leaves the old one or the new one.
func (k keys) save(dir string) error {
	raw, err := json.MarshalIndent(k, "", "\t")
	if err != nil {
		return err
	}
	file := filepath.Join(dir, keysFile)
	if err := os.WriteFile(file+".new", raw, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// lockDir keeps a second process out; the kernel frees the lock however we end.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		holder, _ := os.ReadFile(f.Name())
		_ = f.Close()
		return nil, fmt.Errorf("%s: %w (pid %s)", dir, ErrInUse, strings.TrimSpace(string(holder)))
	}
	err = errors.Join(f.Truncate(0), writeAt(f, strconv.Itoa(os.Getpid())))
	return f, err
}

func writeAt(f *os.File, s string) error {
	_, err := f.WriteAt([]byte(s), 0)
	return err
}

// temporaryDir makes a new folder and removes those that killed processes left behind.
func temporaryDir() (string, error) {
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), tempPattern+"*"))
	for _, dir := range left {
		sweepDir(dir)
	}
	return os.MkdirTemp("", tempPattern)
}

// sweepDir removes a folder that is a minute old and that nobody holds.
func sweepDir(dir string) {
	info, err := os.Lstat(filepath.Join(dir, lockFile))
	if err != nil || time.Since(info.ModTime()) < time.Minute || ownerOf(info) != os.Geteuid() {
		return
	}
	lock, err := lockDir(dir)
	if err != nil {
		return
	}
	defer lock.Close()
	if len(processesIn(dir)) == 0 {
		_ = os.RemoveAll(dir)
	}
}

func dirExists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func portFree(port int) bool {
	l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
