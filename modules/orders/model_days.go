package orders

import (
	"time"

	"github.com/welfarex/welfarex/modules/kit/ui"
)

// Holidays are the days on which a city does not work besides Saturdays and Sundays: those of the State, and its patron's.
type Holidays struct {
	Patron string // "11-13", or "" where it is not known
}

// fixed are the State's holidays of every year (L. 260/1949 and later; 4 October, Saint Francis, from 2026 on: L. 151/2025).
var fixed = map[string]int{
	"01-01": 0, "01-06": 0, "04-25": 0, "05-01": 0, "06-02": 0, "08-15": 0, "10-04": 2026, "11-01": 0, "12-08": 0, "12-25": 0, "12-26": 0,
}

// Working says whether a day is one on which people are at work.
func (h Holidays) Working(day time.Time) bool {
	day = day.In(ui.Rome)
	if day.Weekday() == time.Saturday || day.Weekday() == time.Sunday {
		return false
	}
	md := day.Format("01-02")
	if since, holiday := fixed[md]; holiday && day.Year() >= since || md == h.Patron {
		return false
	}
	monday := easter(day.Year()).AddDate(0, 0, 1)
	return day.YearDay() != monday.YearDay()
}

// After is the same time of day, n working days later.
func (h Holidays) After(t time.Time, n int) time.Time {
	t = t.In(ui.Rome)
	for n > 0 {
		if t = t.AddDate(0, 0, 1); h.Working(t) {
			n--
		}
	}
	return t
}

// easter is Easter Sunday of a year (the anonymous Gregorian algorithm; Meeus, Astronomical Algorithms, chapter 8).
func easter(year int) time.Time {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	g := (8*b + 13) / 25
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return time.Date(year, time.Month(n/31), n%31+1, 0, 0, 0, 0, ui.Rome)
}
