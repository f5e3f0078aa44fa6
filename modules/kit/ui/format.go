package ui

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the zone must be known in a container without one
)

// Rome is where every city of the portal keeps its clock.
var Rome = func() *time.Location {
	zone, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		panic(err)
	}
	return zone
}()

const nbsp = "\u00a0"

type calendar struct{ days, months, shortDays, shortMonths []string }

// The names of days and months are the language's, not ours: no city rewords them, so they are not keys.
var calendars = map[string]calendar{
	"it": {
		days:        []string{"domenica", "lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato"},
		months:      []string{"gennaio", "febbraio", "marzo", "aprile", "maggio", "giugno", "luglio", "agosto", "settembre", "ottobre", "novembre", "dicembre"},
		shortDays:   []string{"dom", "lun", "mar", "mer", "gio", "ven", "sab"},
		shortMonths: []string{"gen", "feb", "mar", "apr", "mag", "giu", "lug", "ago", "set", "ott", "nov", "dic"},
	},
	"en": {
		days:        []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
		months:      []string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"},
		shortDays:   []string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"},
		shortMonths: []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"},
	},
}

func (v Voice) calendar() calendar {
	if c, ok := calendars[v.lang]; ok {
		return c
	}
	return calendars[Italian]
}

// Date is "giovedì 5 novembre 2026".
func (v Voice) Date(t time.Time) string {
	t = t.In(Rome)
	return v.calendar().days[t.Weekday()] + " " + v.DayMonth(t) + " " + strconv.Itoa(t.Year())
}

// DateTime is "giovedì 5 novembre 2026, ore 14:30".
func (v Voice) DateTime(t time.Time) string {
	return v.T("format.datetime", "date", v.Date(t), "time", v.Time(t))
}

// Day is "gio 5 nov", for tables and calendars.
func (v Voice) Day(t time.Time) string {
	t = t.In(Rome)
	c := v.calendar()
	return c.shortDays[t.Weekday()] + " " + strconv.Itoa(t.Day()) + " " + c.shortMonths[t.Month()-1]
}

// DayMonth is "5 novembre".
func (v Voice) DayMonth(t time.Time) string {
	t = t.In(Rome)
	return strconv.Itoa(t.Day()) + " " + v.calendar().months[t.Month()-1]
}

var beforeVowel = regexp.MustCompile(`\b(d?al|[nd]el|sul|il) (8|11)\b`)

// Elided mends a sentence into which a date was put: "dal 11 gennaio" is said "dall'11 gennaio", "il 8 marzo" "l'8 marzo".
func (v Voice) Elided(sentence string) string {
	if v.lang != Italian {
		return sentence
	}
	return strings.ReplaceAll(beforeVowel.ReplaceAllString(sentence, "${1}l'$2"), "ill'", "l'")
}

// Month is "novembre 2026".
func (v Voice) Month(t time.Time) string {
	t = t.In(Rome)
	return v.calendar().months[t.Month()-1] + " " + strconv.Itoa(t.Year())
}

// Weekday is "giovedì".
func (v Voice) Weekday(d time.Weekday) string { return v.calendar().days[d] }

// Short is "05/11/2026", for dense tables.
func (v Voice) Short(t time.Time) string { return t.In(Rome).Format("02/01/2006") }

// Time is "14:30".
func (v Voice) Time(t time.Time) string { return t.In(Rome).Format("15:04") }

// When says how a date lies to now: "oggi, ore 14:30", "domani", "giovedì 5 novembre".
func (v Voice) When(t, now time.Time) string {
	t, now = t.In(Rome), now.In(Rome)
	switch {
	case sameDay(t, now):
		return v.T("format.today")
	case sameDay(t, now.AddDate(0, 0, 1)):
		return v.T("format.tomorrow")
	case sameDay(t, now.AddDate(0, 0, -1)):
		return v.T("format.yesterday")
	case t.Year() == now.Year():
		return v.calendar().days[t.Weekday()] + " " + v.DayMonth(t)
	}
	return v.Date(t)
}

func sameDay(a, b time.Time) bool {
	return a.YearDay() == b.YearDay() && a.Year() == b.Year()
}

// Duration is "1 ora e 30 minuti".
func (v Voice) Duration(d time.Duration) string {
	hours, minutes := int(d/time.Hour), int(d%time.Hour/time.Minute)
	switch {
	case hours == 0:
		return v.N("format.minutes", minutes)
	case minutes == 0:
		return v.N("format.hours", hours)
	}
	return v.T("format.and", "a", v.N("format.hours", hours), "b", v.N("format.minutes", minutes))
}

// Money is cents as "1.234,50 €", never broken over two lines.
func (v Voice) Money(cents int64) string {
	sign, whole := "", uint64(cents)
	if cents < 0 {
		sign, whole = "−", uint64(-cents)
	}
	fraction := strconv.FormatUint(100+whole%100, 10)[1:]
	if v.lang == "en" {
		return sign + "€" + group(whole/100, ",") + "." + fraction
	}
	return sign + group(whole/100, ".") + "," + fraction + nbsp + "€"
}

// Number is "1.234".
func (v Voice) Number(n int) string {
	if n < 0 {
		return "−" + v.Number(-n)
	}
	if v.lang == "en" {
		return group(uint64(n), ",")
	}
	return group(uint64(n), ".")
}

// group writes n in threes; four digits are grouped too, as prices are.
func group(n uint64, separator string) string {
	digits := strconv.FormatUint(n, 10)
	if len(digits) <= 3 {
		return digits
	}
	var b strings.Builder
	head := len(digits) % 3
	b.WriteString(digits[:head])
	for i := head; i < len(digits); i += 3 {
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(digits[i : i+3])
	}
	return b.String()
}

// Price says what something costs before anything is known of the person: kind is free, fixed, from or isee; unit is ora, pasto, mese …
func (v Voice) Price(kind string, cents, most int64, unit string) string {
	per := ""
	if unit != "" {
		per = " " + v.T("price.per."+unit)
	}
	switch kind {
	case "free":
		return v.T("price.free")
	case "from":
		return v.T("price.from", "price", v.Money(cents)) + per
	case "isee":
		if most > cents {
			return v.T("price.isee", "from", v.Money(cents), "to", v.Money(most), "per", per)
		}
		return v.T("price.isee_from", "price", v.Money(cents), "per", per)
	}
	return v.Money(cents) + per
}

// Size is a file's size as "1,2 MB".
func (v Voice) Size(bytes int64) string {
	switch {
	case bytes >= 1_000_000:
		text := strconv.FormatFloat(float64(bytes)/1e6, 'f', 1, 64)
		if v.lang != "en" {
			text = strings.Replace(text, ".", ",", 1)
		}
		return text + nbsp + "MB"
	case bytes >= 1_000:
		return v.Number(int(bytes/1_000)) + nbsp + "KB"
	}
	return v.Number(int(bytes)) + nbsp + "B"
}
