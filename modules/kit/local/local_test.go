package local

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// asNobody runs other tests once more as a user without rights, and expects so many to pass.
func asNobody(t *testing.T, tests string, want int) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("we are not root")
	}
	nobody := &account{name: "nobody", uid: 65534, gid: 65534, drop: true}
	d := dir(t)
	must(t, nobody.makeDir(d))
	program := filepath.Join(d, "local.test")
	must(t, copyProgram(program))
	cmd := nobody.command(t.Context(), program, "-test.v", "-test.run="+tests)
	cmd.Dir = "/"
	out, err := cmd.CombinedOutput()
	if passed := strings.Count(string(out), "--- PASS"); err != nil || passed != want {
		t.Errorf("%d of %d passed, %v:\n%s", passed, want, err, out)
	}
}

func copyProgram(to string) error {
	in, err := os.Open(os.Args[0])
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}
