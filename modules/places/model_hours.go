package places

import (
	"errors"
	"strconv"
	"time"
)

// Week is when a desk is open, by weekday from Sunday, in the city's time.
type Week [7][]Span

// Span is an opening on one day, in minutes after midnight; 24:00 is 1440.
type Span struct{ From, To int }

var (
	errSpan  = errors.New("spans must be hh:mm-hh:mm")
	errOrder = errors.New("spans must be in order, without overlap")
)

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// parseWeek reads {"mon": ["09:00-12:30"], …}; a missing day is closed.
func parseWeek(days map[string][]string) (w Week, err error) {
	for i, day := range weekdays {
		if w[i], err = parseSpans(days[day]); err != nil {
			return w, err
		}
	}
	return w, nil
}

// parseSpans reads "09:00-12:30" and its like: in order, each ending after it began.
func parseSpans(texts []string) ([]Span, error) {
	spans := make([]Span, 0, len(texts))
	end := -1
	for _, text := range texts {
		if len(text) != 11 {
			return nil, errSpan
		}
		s := Span{minutes(text[:5]), minutes(text[6:])}
		if s.From <= end || s.To <= s.From || s.To > 24*60 {
			return nil, errOrder
		}
		spans, end = append(spans, s), s.To
	}
	return spans, nil
}

func minutes(clock string) int {
	hour, errHour := strconv.Atoi(clock[:2])
	minute, errMinute := strconv.Atoi(clock[3:])
	if errHour != nil || errMinute != nil {
		return -1
	}
	return hour*60 + minute
}

// State is how a point stands at one moment.
type State struct {
	Open  bool
	Until time.Time // when it closes, if open; zero if it never does
	Next  time.Time // when it opens, if closed; zero if it does not within the time looked at
}

// Soon says whether an open point closes within half an hour of now.
func (s State) Soon(now time.Time) bool {
	return s.Open && !s.Until.IsZero() && s.Until.Sub(now) <= 30*time.Minute
}

// wait is how long one stands before the door; a point that does not open within the time looked at comes last.
func (s State) wait(now time.Time) time.Duration {
	switch {
	case s.Open:
		return 0
	case s.Next.IsZero():
		return 1<<63 - 1
	}
	return s.Next.Sub(now)
}

// lookAhead bounds the search for the next opening: a desk that closes for longer says so by word.
const lookAhead = 60

// At gives the point's state at now. Openings that meet, as at midnight, are one.
func (p *Point) At(now time.Time) State {
	now = now.In(rome)
	var s State
	for i := range lookAhead {
		year, month, day := now.Date()
		date := time.Date(year, month, day+i, 0, 0, 0, 0, rome)
		for _, span := range p.On(date) {
			from, to := span.on(date)
			switch {
			case s.Open && from.After(s.Until):
				return s
			case s.Open:
				s.Until = to
			case from.After(now):
				s.Next = from
				return s
			case to.After(now):
				s.Open, s.Until = true, to
			}
		}
		if s.Open && s.Until.Before(date.AddDate(0, 0, 1)) {
			return s
		}
	}
	if s.Open {
		s.Until = time.Time{}
	}
	return s
}

// On gives the openings of one day: none on the point's own closed days and on national holidays.
func (p *Point) On(date time.Time) []Span {
	if p.closedOn(date) || Holiday(date) != "" {
		return nil
	}
	return p.Hours[date.Weekday()]
}

func (p *Point) closedOn(date time.Time) bool {
	day := date.Format(time.DateOnly)
	for _, closed := range p.Closed {
		if closed == day {
			return true
		}
	}
	return false
}

// on gives the two moments between which the desk is open on that day, whatever the clocks do in its night.
func (s Span) on(date time.Time) (from, to time.Time) {
	year, month, day := date.Date()
	at := func(minutes int) time.Time { return time.Date(year, month, day, 0, minutes, 0, 0, rome) }
	return at(s.From), at(s.To)
}

// Closures are the days, within so many from now, on which a point that is usually open is not.
func (p *Point) Closures(now time.Time, days int) []time.Time {
	var closed []time.Time
	year, month, day := now.In(rome).Date()
	for i := range days {
		date := time.Date(year, month, day+i, 0, 0, 0, 0, rome)
		if len(p.Hours[date.Weekday()]) > 0 && len(p.On(date)) == 0 {
			closed = append(closed, date)
		}
	}
	return closed
}

// Holiday names the national holiday of a day, or is "". The patron's day is each comune's own, and data.
func Holiday(date time.Time) string {
	year, month, day := date.Date()
	switch easter := easterSunday(year); {
	case date.YearDay() == easter.YearDay():
		return "easter"
	case date.YearDay() == easter.YearDay()+1:
		return "easter_monday"
	}
	if month == time.October && day == 4 && year < 2026 { // Saint Francis is a holiday again from 2026
		return ""
	}
	return fixedHolidays[[2]int{int(month), day}]
}

var fixedHolidays = map[[2]int]string{
	{1, 1}: "new_year", {1, 6}: "epiphany", {4, 25}: "liberation", {5, 1}: "labour", {6, 2}: "republic", {8, 15}: "ferragosto", {10, 4}: "francis",
	{11, 1}: "all_saints", {12, 8}: "immacolata", {12, 25}: "christmas", {12, 26}: "stephen",
}

// easterSunday is the Gregorian computus (Meeus, Jones, Butcher).
func easterSunday(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e, f := b/4, b%4, (b+8)/25
	g := (b - f + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	month, day := (h+l-7*m+114)/31, (h+l-7*m+114)%31+1
	return time.Date(year, time.Month(month), day, 0, 0, 0, 0, rome)
}
