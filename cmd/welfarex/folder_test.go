package main

import (
	"io/fs"
	"testing"

	"github.com/welfarex/welfarex/modules/kit/files"
	"github.com/welfarex/welfarex/tenants"
)

// What travels with the program must be what it reads, words and all.
func TestFolders_OfTheHouseAreRight(t *testing.T) {
	t.Parallel()
	a := &App{files: &files.Store{}}
	if err := a.assemble(nil); err != nil {
		t.Fatal(err)
	}
	for _, slug := range demoCities {
		folder, err := fs.Sub(tenants.House(), "cities/"+slug)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.readFolder(slug, folder); err != nil {
			t.Errorf("%s: %v", slug, err)
		}
	}
	if _, err := tenants.ReadTemplate(tenants.House(), parts(), a.checkWords); err != nil {
		t.Errorf("template: %v", err)
	}
}
