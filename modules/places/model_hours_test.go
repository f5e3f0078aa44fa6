package places

import (
	"math/rand/v2"
	"testing"
	"time"
)

func at(t testing.TB, moment string) time.Time {
	t.Helper()
	when, err := time.ParseInLocation("2006-01-02 15:04", moment, rome)
	if err != nil {
		t.Fatal(err)
	}
	return when
}

func week(t testing.TB, days map[string][]string) Week {
	t.Helper()
	w, err := parseWeek(days)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func TestPoint_SaysWhetherItIsOpenAndUntilOrFromWhen(t *testing.T) {
	t.Parallel()
	desk := Point{Hours: week(t, map[string][]string{
		"mon": {"09:00-12:30", "14:00-17:00"}, "tue": {"09:00-12:30"}, "fri": {"18:00-24:00"}, "sat": {"00:00-02:00"}, "sun": {"10:00-12:00"},
	}), Closed: []string{"2026-12-01"}}
	for _, c := range []struct{ what, now, until, next string }{
		{"before it opens", "2026-11-23 08:59", "", "2026-11-23 09:00"},
		{"at the minute it opens", "2026-11-23 09:00", "2026-11-23 12:30", ""},
		{"at the minute it closes for lunch", "2026-11-23 12:30", "", "2026-11-23 14:00"},
		{"in the evening", "2026-11-23 17:00", "", "2026-11-24 09:00"},
		{"over midnight it does not close", "2026-11-27 23:59", "2026-11-28 02:00", ""},
		{"after midnight", "2026-11-28 01:00", "2026-11-28 02:00", ""},
		{"on a day of its own on which it is closed", "2026-12-01 10:00", "", "2026-12-04 18:00"},
		{"Monday after Easter is a holiday", "2027-03-29 10:00", "", "2027-03-30 09:00"},
		{"4 October is a holiday again from 2026", "2026-10-04 10:30", "", "2026-10-05 09:00"},
		{"and was none in 2020", "2020-10-04 10:30", "2020-10-04 12:00", ""},
	} {
		s := desk.At(at(t, c.now))
		if s.Open != (c.until != "") || (s.Open && !s.Until.Equal(at(t, c.until))) || (!s.Open && !s.Next.Equal(at(t, c.next))) {
			t.Errorf("%s (%s): open %v, until %v, next %v", c.what, c.now, s.Open, s.Until, s.Next)
		}
	}
}

func TestPoint_AlwaysOpenNeverCloses_AndOneWithoutHoursNeverOpens(t *testing.T) {
	t.Parallel()
	day := []string{"00:00-24:00"}
	always := Point{Hours: week(t, map[string][]string{"mon": day, "tue": day, "wed": day, "thu": day, "fri": day, "sat": day, "sun": day})}
	// Until the next holiday, that is: from 9 January to Easter there is none within sixty days.
	if s := always.At(at(t, "2027-01-09 03:00")); !s.Open || !s.Until.IsZero() {
		t.Errorf("open %v until %v", s.Open, s.Until)
	}
	if s := always.At(at(t, "2026-12-07 12:00")); !s.Until.Equal(at(t, "2026-12-08 00:00")) {
		t.Errorf("until %v, and the day after is a holiday", s.Until)
	}
	never := Point{}
	if s := never.At(at(t, "2026-11-23 10:00")); s.Open || !s.Next.IsZero() {
		t.Errorf("opens %v", s.Next)
	}
}

// Whatever the week, what a state promises is what happens minute by minute; also in the nights in which the clocks change.
func TestState_KeepsItsPromise(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(7, 11))
	for _, from := range []string{"2026-03-28 18:00", "2026-10-24 18:00", "2026-12-07 20:00", "2026-02-28 22:00", "2027-12-31 12:00"} {
		for range 12 {
			desk := Point{Hours: randomWeek(t, random)}
			now := at(t, from).Add(time.Duration(random.IntN(600)) * time.Minute)
			promise(t, &desk, now)
		}
	}
}

func promise(t *testing.T, desk *Point, now time.Time) {
	t.Helper()
	s := desk.At(now)
	end := s.Until
	if !s.Open {
		end = s.Next
	}
	if !end.After(now) {
		t.Fatalf("%v: a promise for the past, %v (%v)", now, end, desk.Hours)
	}
	if other := desk.At(end); other.Open == s.Open {
		t.Fatalf("%v: open %v until %v, and then still (%v)", now, s.Open, end, desk.Hours)
	}
	for minute := now; minute.Before(end); minute = minute.Add(time.Minute) {
		if desk.openByTheClock(minute) != s.Open {
			t.Fatalf("%v: open %v promised until %v, not so at %v (%v)", now, s.Open, end, minute, desk.Hours)
		}
	}
}

// openByTheClock is the rule said in another way: what the clock on the wall shows lies in a span.
func (p *Point) openByTheClock(now time.Time) bool {
	now = now.In(rome)
	shown := now.Hour()*60 + now.Minute()
	for _, span := range p.On(now) {
		if span.From <= shown && shown < span.To {
			return true
		}
	}
	return false
}

// randomWeek opens each day once or twice, at hours that no change of the clocks skips or repeats.
func randomWeek(t *testing.T, random *rand.Rand) Week {
	t.Helper()
	var w Week
	edges := []int{0, 60, 100, 180, 195, 480, 540, 750, 840, 1020, 1200, 1380, 1440}
	for day := range w {
		for from := 0; from+1 < len(edges); {
			from += random.IntN(4)
			to := from + 1 + random.IntN(3)
			if to >= len(edges) {
				break
			}
			w[day] = append(w[day], Span{edges[from], edges[to]})
			from = to + 1
		}
	}
	return w
}

func TestHoliday_KnowsTheYear(t *testing.T) {
	t.Parallel()
	for day, want := range map[string]string{
		"2026-04-05": "easter", "2026-04-06": "easter_monday", "2027-03-28": "easter", "2027-03-29": "easter_monday", "2024-04-01": "easter_monday",
		"2038-04-25": "easter", "2026-12-08": "immacolata", "2026-10-04": "francis", "2025-10-04": "", "2026-11-13": "", "2026-08-15": "ferragosto",
	} {
		if got := Holiday(at(t, day+" 00:00")); got != want {
			t.Errorf("%s: %q, want %q", day, got, want)
		}
	}
}

func TestSpans_MustBeInOrderAndEndAfterTheyBegan(t *testing.T) {
	t.Parallel()
	for _, wrong := range [][]string{{"12:00-09:00"}, {"09:00-09:00"}, {"09:00-12:00", "11:00-13:00"}, {"14:00-17:00", "09:00-12:00"}, {"20:00-24:30"}, {"9-12"}} {
		if _, err := parseSpans(wrong); err == nil {
			t.Errorf("%v passed", wrong)
		}
	}
}

func TestClosures_NameTheDaysOnWhichOneWouldComeInVain(t *testing.T) {
	t.Parallel()
	desk := Point{Hours: week(t, map[string][]string{"tue": {"09:00-12:00"}, "thu": {"09:00-12:00"}}), Closed: []string{"2026-12-03", "2026-12-05"}}
	closed := desk.Closures(at(t, "2026-11-30 10:00"), 14)
	if len(closed) != 2 || closed[0].Day() != 3 || closed[1].Day() != 8 {
		t.Errorf("closed on %v", closed)
	}
}
