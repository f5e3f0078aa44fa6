package programmes

import (
	"time"

	"github.com/google/uuid"
)

// Status is how a programme stands with those who want to apply.
type Status string

const (
	Open   Status = "open"
	Soon   Status = "soon"
	Always Status = "always" // no term: one may apply at any time
	Closed Status = "closed"
)

// statuses in the order in which they matter to somebody who looks for help.
var statuses = []Status{Open, Soon, Always, Closed}

// Programme is what the Comune offers on application, as a list shows it.
type Programme struct {
	Slug      string
	Title     string
	Summary   string
	Audiences []string
	Declared  Status // as the city wrote it; At says how it stands today
	Opens     string // days, 2006-01-02, or ""
	Closes    string
	Picture   *uuid.UUID
	En        *Twin
}

// Twin is the English of a programme; what is empty is shown in Italian.
type Twin struct {
	Title   string `json:"title"`
	Summary string `json:"summary"`
}

// Searchable is a programme with the words by which people search it, beside its title and summary.
type Searchable struct {
	Programme
	Topics   []string
	Keywords []string
}

// Sheet is a programme with all that its own page says. Its texts are HTML, sanitised when the folder was applied.
type Sheet struct {
	Programme
	Texts   texts
	Topics  []string
	Office  office
	Updated time.Time
}

type texts struct {
	Purpose    string   `json:"purpose"`
	Addressed  string   `json:"addressed"`
	How        string   `json:"how"`
	Needed     []string `json:"needed"`
	Obtained   string   `json:"obtained"`
	Times      string   `json:"times"`
	Conditions string   `json:"conditions"`
	Act        string   `json:"act"`
}

type office struct{ Name, Address, Phone, Email, Hours string }

// At is how the programme stands on the day of now: its days decide, and where it has none, what the city declared.
func (p *Programme) At(now time.Time) Status {
	today := now.In(rome).Format(time.DateOnly)
	switch {
	case p.Declared == Always:
		return Always
	case p.Opens > today:
		return Soon
	case p.Declared == Closed, p.Closes != "" && p.Closes < today:
		return Closed
	case p.Declared == Soon && p.Opens == "":
		return Soon
	}
	return Open
}

// lastDays is how close to its end a call is told to hurry.
const lastDays = 10

// DaysLeft counts the days until applications close, today being 0; ok only in the last days of an open call.
func (p *Programme) DaysLeft(now time.Time) (days int, ok bool) {
	closes, err := time.ParseInLocation(time.DateOnly, p.Closes, time.UTC)
	if err != nil || p.At(now) != Open {
		return 0, false
	}
	year, month, day := now.In(rome).Date()
	days = int(closes.Sub(time.Date(year, month, day, 0, 0, 0, 0, time.UTC)) / (24 * time.Hour))
	return days, days <= lastDays
}

// Group is the programmes of one status.
type Group struct {
	Status     Status
	Programmes []Programme
}

// grouped sorts programmes by how they stand: what can be asked for today comes first. A group without programmes is left out.
func grouped(all []Programme, now time.Time) []Group {
	var groups []Group
	for _, status := range statuses {
		g := Group{Status: status}
		for _, p := range all {
			if p.At(now) == status {
				g.Programmes = append(g.Programmes, p)
			}
		}
		if len(g.Programmes) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// ToApply keeps the programmes one can apply for today; those that close soonest come first, those without a term last.
func ToApply(all []Programme, now time.Time) []Programme {
	var found []Programme
	for _, g := range grouped(all, now) {
		if g.Status == Open || g.Status == Always {
			found = append(found, g.Programmes...)
		}
	}
	return found
}
