package programmes

import (
	"testing"
	"time"
)

func on(day string) time.Time {
	t, err := time.ParseInLocation("2006-01-02 15:04", day, rome)
	if err != nil {
		panic(err)
	}
	return t
}

func TestProgramme_StandsAsItsDaysSay(t *testing.T) {
	t.Parallel()
	call := Programme{Declared: Open, Opens: "2026-03-01", Closes: "2026-05-31"}
	for _, c := range []struct {
		what string
		p    Programme
		now  string
		want Status
	}{
		{"the evening before it opens", call, "2026-02-28 23:59", Soon},
		{"the minute it opens", call, "2026-03-01 00:00", Open},
		{"the last minute", call, "2026-05-31 23:59", Open},
		{"the day after", call, "2026-06-01 00:00", Closed},
		{"declared soon, and its day has come", Programme{Declared: Soon, Opens: "2026-03-01"}, "2026-03-01 08:00", Open},
		{"declared soon, without a day", Programme{Declared: Soon}, "2026-03-01 08:00", Soon},
		{"closed early by the city", Programme{Declared: Closed, Opens: "2026-03-01", Closes: "2026-05-31"}, "2026-04-01 08:00", Closed},
		{"closed, with a next edition", Programme{Declared: Closed, Opens: "2027-03-01"}, "2026-04-01 08:00", Soon},
		{"always", Programme{Declared: Always, Closes: "2020-01-01"}, "2026-04-01 08:00", Always},
		{"open without days", Programme{Declared: Open}, "2026-04-01 08:00", Open},
	} {
		if got := c.p.At(on(c.now)); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
	// 23:30 in London is already tomorrow in Rome.
	if got := call.At(time.Date(2026, 5, 31, 22, 30, 0, 0, time.UTC)); got != Closed {
		t.Errorf("the city's calendar decides, not the caller's: %s", got)
	}
}

func TestProgramme_CountsItsLastDays(t *testing.T) {
	t.Parallel()
	call := Programme{Declared: Open, Closes: "2026-10-31"}
	for now, want := range map[string]int{"2026-10-31 20:00": 0, "2026-10-30 00:01": 1, "2026-10-21 12:00": 10, "2026-10-20 12:00": -1, "2026-11-01 00:00": -1} {
		days, ok := call.DaysLeft(on(now))
		if ok != (want >= 0) || (ok && days != want) {
			t.Errorf("%s: %d %v, want %d", now, days, ok, want)
		}
	}
}

func TestToApply_LeavesOutWhatCannotBeAskedForToday(t *testing.T) {
	t.Parallel()
	all := []Programme{
		{Slug: "sempre", Declared: Always}, {Slug: "chiuso", Declared: Closed}, {Slug: "presto", Declared: Soon}, {Slug: "aperto", Declared: Open},
	}
	found := ToApply(all, on("2026-11-23 10:00"))
	if len(found) != 2 || found[0].Slug != "aperto" || found[1].Slug != "sempre" {
		t.Errorf("%v", found)
	}
	if groups := grouped(all, on("2026-11-23 10:00")); len(groups) != 4 || groups[0].Status != Open || groups[3].Status != Closed {
		t.Errorf("%v", groups)
	}
}
