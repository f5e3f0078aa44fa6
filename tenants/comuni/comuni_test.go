package comuni

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/welfarex/welfarex/tenants"
)

func active(t *testing.T) []Comune {
	t.Helper()
	all, err := Active()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestActive_NamesAreWrittenAsItaliansDo(t *testing.T) {
	t.Parallel()
	known := map[string]Comune{}
	for _, c := range active(t) {
		known[c.Catastale] = c
	}
	for code, want := range map[string]string{
		"D150": "Cremona", "H223": "Reggio nell'Emilia", "A345": "L'Aquila", "I281": "Sant'Angelo dei Lombardi", "D704": "Forlì", "H892": "San Giorgio a Cremano",
		"C361": "Cava de' Tirreni", "D383": "Duino Aurisina-Devin Nabrežina", "I869": "Sotto il Monte Giovanni XXIII", "H675": "Saint-Rhémy-en-Bosses",
		"L736": "Venezia", "A952": "Bolzano",
	} {
		if got := known[code]; got.Name != want {
			t.Errorf("%s is %q, want %q", code, got.Name, want)
		}
	}
	if got := known["A952"].Other; got != "Bozen" {
		t.Errorf("the other name of Bolzano is %q", got)
	}
	if c := known["D150"]; c.ISTAT != "019036" || c.Province != "CR" || c.Region != "03" || c.Slug != "cremona" {
		t.Errorf("Cremona is %+v", c)
	}
}

func TestActive_SlugsAreUniqueHostsAndNoReservedWord(t *testing.T) {
	t.Parallel()
	host := regexp.MustCompile(`^[a-z0-9](-?[a-z0-9]){1,59}$`)
	all := active(t)
	if len(all) != 7901 {
		t.Errorf("%d active municipalities", len(all))
	}
	seen := map[string]Comune{}
	for _, c := range all {
		if was, taken := seen[c.Slug]; taken {
			t.Errorf("%s (%s) and %s (%s) are both %q", was.Name, was.Province, c.Name, c.Province, c.Slug)
		}
		if !host.MatchString(c.Slug) || tenants.ReservedSlug(c.Slug) {
			t.Errorf("%s is %q", c.Name, c.Slug)
		}
		seen[c.Slug] = c
	}
	for _, slug := range []string{"castro-bg", "castro-le", "samone-tn", "samone-to", "san-teodoro-me", "posta-ri", "ne", "forli", "vo", "cava-de-tirreni", "reggio-nell-emilia"} {
		if _, ok := seen[slug]; !ok {
			t.Errorf("there is no %q", slug)
		}
	}
	for _, slug := range []string{"castro", "samone", "san-teodoro", "livo", "paterno", "peglio", "posta"} {
		if _, ok := seen[slug]; ok {
			t.Errorf("%q was given to one of several", slug)
		}
	}
	if !slices.IsSortedFunc(all, func(a, b Comune) int { return map[bool]int{true: -1, false: 1}[a.Slug < b.Slug] }) {
		t.Error("not in the order of slugs")
	}
}

func TestExisted_KnowsTheDays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code, on string
		want     bool
	}{
		{"D150", "1980-01-01", true},  // Cremona
		{"A001", "1924-11-14", true},  // Abano became Abano Terme that day
		{"A003", "1928-12-05", true},  // the last day of Abbadia Alpina
		{"A003", "1928-12-06", false}, // and the day after
		{"A003", "1864-03-31", false}, // not yet
		{"Z100", "1980-01-01", false}, // a country
		{"X999", "1980-01-01", false},
		{"D15", "1980-01-01", false},
		{"", "1980-01-01", false},
	} {
		on, err := time.Parse(time.DateOnly, c.on)
		if err != nil {
			t.Fatal(err)
		}
		if got := Existed(c.code, on); got != c.want {
			t.Errorf("Existed(%q, %s) = %v", c.code, c.on, got)
		}
	}
}
