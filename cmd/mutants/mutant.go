package main

import "github.com/welfarex/welfarex/cmd/mutants/overlay"

// mutant is one bug, in Go or in the database, and the case that must catch it.
type mutant struct {
	name   string
	caught string // the subtest of TestIsolation
	short  bool   // is among the few that always run
	sql    string // run as superuser once the twins are open
	edits  []edit // texts exchanged in copies of files
}

type edit overlay.Edit

// plants are the mutant's edits, as they are written down.
func (m mutant) plants() (list []overlay.Edit) {
	for _, e := range m.edits {
		list = append(list, overlay.Edit(e))
	}
	return list
}
