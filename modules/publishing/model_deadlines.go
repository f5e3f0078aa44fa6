package publishing

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/welfarex/welfarex/modules/catalogue"
)

// mostDeadlines is how many a sheet shows.
const mostDeadlines = 12

var (
	dayFirst  = regexp.MustCompile(`^(\d{1,2})[./-](\d{1,2})[./-](\d{4})[\s:,–-]+(\S.*)$`)
	yearFirst = regexp.MustCompile(`^(\d{4})-(\d{2})-(\d{2})[\s:,–-]+(\S.*)$`)
)

// parseDeadline reads a line as people write it: "30/4/2027 Domande per settembre".
func parseDeadline(line string) (catalogue.Deadline, bool) {
	year, month, day, label := "", "", "", ""
	if m := dayFirst.FindStringSubmatch(line); m != nil {
		day, month, year, label = m[1], m[2], m[3], m[4]
	} else if m := yearFirst.FindStringSubmatch(line); m != nil {
		year, month, day, label = m[1], m[2], m[3], m[4]
	}
	date, err := time.Parse("2006-1-2", year+"-"+month+"-"+day)
	return catalogue.Deadline{Date: date.Format(time.DateOnly), Label: label}, err == nil && isDay(date.Format(time.DateOnly))
}

// writeDeadlines is how deadlines stand in a form.
func writeDeadlines(list []catalogue.Deadline) string {
	lines := make([]string, len(list))
	for i, d := range list {
		lines[i] = d.Date + " " + d.Label
		if date, err := time.Parse(time.DateOnly, d.Date); err == nil {
			lines[i] = date.Format("02/01/2006") + " " + d.Label
		}
	}
	return strings.Join(lines, "\n")
}

// deadlines takes the lines that were typed, in the order of their days.
func (r *reading) deadlines() []catalogue.Deadline {
	lines := split(r.Deadlines, "\n")
	r.wrong.Check(len(lines) <= mostDeadlines, "deadlines", "publishing.wrong.many")
	var list []catalogue.Deadline
	for _, line := range lines {
		d, ok := parseDeadline(line)
		switch {
		case !ok:
			r.wrong.Add("deadlines", "publishing.wrong.deadline")
			return list
		case utf8.RuneCountInString(d.Label) > longestLine:
			r.wrong.Add("deadlines", "publishing.wrong.long")
			return list
		}
		list = append(list, d)
	}
	slices.SortStableFunc(list, func(a, b catalogue.Deadline) int { return strings.Compare(a.Date, b.Date) })
	return list
}
