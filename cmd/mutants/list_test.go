package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMutants_HaveTheirPlace fails as soon as a change to the program leaves a planted bug without the lines that it changes.
func TestMutants_HaveTheirPlace(t *testing.T) {
	t.Parallel()
	for _, m := range mutants {
		texts := map[string]string{}
		for _, e := range m.edits {
			if texts[e.file] == "" {
				raw, err := os.ReadFile(filepath.Join("..", "..", e.file))
				if err != nil {
					t.Fatal(err)
				}
				texts[e.file] = string(raw)
			}
			if n := strings.Count(texts[e.file], e.old); n != 1 {
				t.Errorf("%s: %s holds its place %d times, not once: %q", m.name, e.file, n, e.old)
			}
			texts[e.file] = strings.Replace(texts[e.file], e.old, e.new, 1)
		}
	}
}
