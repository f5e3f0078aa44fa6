package tenants

import (
	"embed"
	"io/fs"
)

// house is what every city can build on: the template's pages and the drawn pictures. The nine cities of the demo travel with it.
//
//go:embed all:template all:pictures all:cities
var house embed.FS

// House is the tenants folder as the program carries it: template/, pictures/ and cities/.
func House() fs.FS { return house }
