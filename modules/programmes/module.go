// Package programmes shows what the Comune offers on application: programmes and calls, when one may apply, how and where.
package programmes

import (
	"embed"
	"time"

	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/tenants"
)

//go:embed locales/*.json
var words embed.FS

// A call opens and closes by the city's calendar.
var rome = ui.Rome

// Service shows a city's programmes.
type Service struct {
	db  *tenants.DB
	now func() time.Time
}

// New makes the service; now is the clock by which calls open and close.
func New(db *tenants.DB, now func() time.Time) *Service { return &Service{db, now} }
