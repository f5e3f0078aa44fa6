// Package comuni is the national list of municipalities: which there are, and which land-registry (Belfiore) code meant one of them
// on which day. The list is ANPR's, under CC BY 4.0: see README.md.
package comuni

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/welfarex/welfarex/tenants"
)

//go:embed comuni.csv
var list string

// Comune is a municipality that exists today.
type Comune struct {
	ISTAT     string // 019036
	Catastale string // D150, the Belfiore code
	Name      string // in Italian case; official names in two languages are one name: "Duino Aurisina-Devin Nabrežina"
	Other     string // its name in the other language of the place, or "": "Bozen"
	Province  string // CR
	Region    string // ISTAT's code: 03
	Slug      string // of its city: unique among all of them, and no reserved word
}

// columns of comuni.csv that are read.
const (
	colFrom, colTo, colISTAT, colCatastale, colName = 1, 2, 3, 4, 5
	colOther, colRegion, colState, colProvince      = 7, 11, 13, 14
	columns                                         = 18
)

// rows calls each with every line of the list; the slice is used again for the next.
func rows(each func([]string)) error {
	r := csv.NewReader(strings.NewReader(list))
	r.ReuseRecord, r.FieldsPerRecord = true, columns
	if _, err := r.Read(); err != nil {
		return fmt.Errorf("comuni.csv: %w", err)
	}
	for {
		line, err := r.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("comuni.csv: %w", err)
		}
		each(line)
	}
}

// Active lists the municipalities of today, by slug. It reads the list each time: nothing of it stays in memory.
func Active() ([]Comune, error) {
	var all []Comune
	err := rows(func(line []string) {
		if line[colState] != "A" {
			return
		}
		all = append(all, Comune{
			ISTAT: strings.Clone(line[colISTAT]), Catastale: strings.Clone(line[colCatastale]), Name: italianCase(line[colName]),
			Other: other(line[colOther]), Province: strings.Clone(line[colProvince]), Region: strings.Clone(line[colRegion]),
		})
	})
	if err != nil {
		return nil, err
	}
	times := map[string]int{}
	for i := range all {
		all[i].Slug = slug(all[i].Name)
		times[all[i].Slug]++
	}
	for i := range all {
		if c := &all[i]; times[c.Slug] > 1 || tenants.ReservedSlug(c.Slug) {
			c.Slug += "-" + strings.ToLower(c.Province)
		}
	}
	slices.SortFunc(all, func(a, b Comune) int { return strings.Compare(a.Slug, b.Slug) })
	return all, nil
}

// span is the time in which a code meant one municipality, in days written as 20060102.
type span struct {
	code     [4]byte
	from, to int32
}

// spans are kept, 12 bytes a line, once somebody has asked.
var spans = sync.OnceValue(func() []span {
	var all []span
	err := rows(func(line []string) {
		if len(line[colCatastale]) == 4 {
			all = append(all, span{[4]byte([]byte(line[colCatastale])), day(line[colFrom]), day(line[colTo])})
		}
	})
	if err != nil {
		panic(err) // the list is part of the program
	}
	slices.SortFunc(all, func(a, b span) int { return strings.Compare(string(a.code[:]), string(b.code[:])) })
	return all
})

// Existed says whether a Belfiore code meant a municipality on a day.
func Existed(code string, on time.Time) bool {
	if len(code) != 4 {
		return false
	}
	when := int32(on.Year()*10000 + int(on.Month())*100 + on.Day()) //nolint:gosec // a calendar day
	all := spans()
	i, _ := slices.BinarySearchFunc(all, code, func(s span, code string) int { return strings.Compare(string(s.code[:]), code) })
	for ; i < len(all) && string(all[i].code[:]) == code; i++ {
		if all[i].from <= when && when <= all[i].to {
			return true
		}
	}
	return false
}

// day reads 2006-01-02 as 20060102.
func day(s string) int32 {
	var n int32
	for _, r := range s {
		if r != '-' {
			n = n*10 + r - '0'
		}
	}
	return n
}
