package main

import (
	"context"
	"hash/fnv"
	"strings"
	"sync/atomic"
	"unicode"

	"golang.org/x/sync/errgroup"

	"github.com/welfarex/welfarex/tenants"
	"github.com/welfarex/welfarex/tenants/comuni"
)

// palettes are pairs of primary and accent for cities that have chosen none yet; each has contrast of at least 4.5 with white.
var palettes = [][2]string{
	{"#1F5C7A", "#8A3B12"}, {"#7A1F3D", "#1D5C4F"}, {"#2B5F2E", "#7A2E6B"}, {"#5A3E8A", "#8A4B00"}, {"#8A3B12", "#1F4E79"}, {"#0F6066", "#8C2F39"},
	{"#4A4E12", "#5B2A86"}, {"#1B4B8A", "#7A4A00"}, {"#6B2D2D", "#0E5F76"}, {"#32552F", "#93344F"}, {"#3D3F8F", "#87440E"}, {"#6E4A12", "#17596B"},
}

// importComuni opens a city for every comune that has none. It may be cut off and run again.
func (a *App) importComuni(ctx context.Context, limit int) (opened, skipped int64, err error) {
	template, err := tenants.ReadTemplate(tenants.House(), parts(), a.checkWords)
	if err != nil {
		return 0, 0, err
	}
	existing := map[string]bool{}
	for _, city := range a.cities.All() {
		if city.Portal != "" { // an opening that was cut off left a name and no portal: it is taken up again
			existing[city.Slug] = true
			existing[city.ISTAT] = true
		}
	}
	active, err := comuni.Active()
	if err != nil {
		return 0, 0, err
	}
	var done atomic.Int64
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for _, c := range active {
		if existing[c.Slug] || existing[c.ISTAT] {
			skipped++
			continue
		}
		if limit > 0 && int64(limit) <= opened {
			break
		}
		opened++
		group.Go(func() error {
			plan, err := template.For(opening(c))
			if err != nil {
				return err
			}
			if _, err := a.db.Apply(ctx, plan, a.files, false); err != nil {
				return err
			}
			done.Add(1)
			return nil
		})
	}
	err = group.Wait()
	return done.Load(), skipped, err
}

func opening(c comuni.Comune) tenants.Opening {
	h := fnv.New32a()
	_, _ = h.Write([]byte(c.ISTAT))
	colours := palettes[h.Sum32()%uint32(len(palettes))]
	return tenants.Opening{
		Slug: c.Slug, Name: c.Name, Province: c.Province, ISTAT: c.ISTAT, Catastale: c.Catastale, Primary: colours[0], Accent: colours[1], Initials: initials(c.Name),
	}
}

// initials are one or two capitals of a name: "Reggio nell'Emilia" → RE.
func initials(name string) string {
	var letters []rune
	for word := range strings.FieldsFuncSeq(name, func(r rune) bool { return !unicode.IsLetter(r) }) {
		if r := []rune(word)[0]; unicode.IsUpper(r) && len(letters) < 2 {
			letters = append(letters, r)
		}
	}
	return string(letters)
}
