package main

import (
	"testing"

	"github.com/welfarex/welfarex/cmd/mutants/overlay"
)

// TestMutants_HaveTheirPlace fails as soon as a change to the program leaves a planted bug without the lines that it changes.
func TestMutants_HaveTheirPlace(t *testing.T) {
	t.Parallel()
	for _, m := range mutants {
		if _, err := overlay.Apply("../..", m.plants()); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}
