package main

import (
	"flag"
	"os"
	"testing"

	"github.com/welfarex/welfarex/modules/kit/files"
)

var update = flag.Bool("update", false, "write the golden files anew")

// A change of policy is a readable diff of testdata/matrix.golden.
func TestPolicy_TheMatrixOfRolesAndVerbsIsWhatWasAgreed(t *testing.T) {
	t.Parallel()
	a := &App{files: &files.Store{}}
	if err := a.assemble(nil); err != nil {
		t.Fatal(err)
	}
	got := a.policy.Matrix()
	if *update {
		if err := os.WriteFile("testdata/matrix.golden", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/matrix.golden")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the matrix has changed; if you mean it, run this test with -update.\ngot:\n%s\nwant:\n%s", got, want)
	}
}
