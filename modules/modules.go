// Package modules says what a module is: one folder, one feature, one value of type Module.
package modules

import (
	"io/fs"

	"github.com/welfarex/welfarex/modules/kit/jobs"
	"github.com/welfarex/welfarex/modules/kit/web"
)

// Module is one feature as the program sees it. They are listed once, in cmd/welfarex/modules.go.
type Module struct {
	Name   string
	Policy string              // policy.csv: p, role, verb, kind
	Words  fs.FS               // locales/it.json, locales/en.json
	Routes []web.Route         // pages
	Jobs   func(*jobs.Workers) // what it does later
}
