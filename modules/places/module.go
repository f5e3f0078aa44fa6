// Package places knows where things are in a city: its neighbourhoods and waters, its offices, and the access points where somebody helps.
package places

import (
	"embed"
	"time"

	"github.com/welfarex/welfarex/modules/kit/ui"
	"github.com/welfarex/welfarex/tenants"
)

//go:embed locales/*.json
var words embed.FS

// Desks keep the city's time.
var rome = ui.Rome

// Service shows a city's places.
type Service struct {
	db  *tenants.DB
	now func() time.Time
}

// New makes the service; now is the clock by which a desk is open.
func New(db *tenants.DB, now func() time.Time) *Service { return &Service{db, now} }
