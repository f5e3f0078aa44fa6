package ui

import (
	"math"
	"regexp"
	"strings"
	"testing"
)

// contrastOf is the ratio, 1 to 21, of two #rrggbb colours; 0 if either is none.
func contrastOf(a, b string) float64 {
	x, okX := parseColour(a)
	y, okY := parseColour(b)
	if !okX || !okY {
		return 0
	}
	return contrast(x, y)
}

func TestContrast_AgreesWithWCAG(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"#000000", "#ffffff", 21},
		{"#ffffff", "#ffffff", 1},
		{"#777777", "#ffffff", 4.48}, // the grey that just fails
		{"#767676", "#ffffff", 4.54}, // and the one that just passes
		{"#ff0000", "#ffffff", 4.00},
		{"#0000ff", "#ffffff", 8.59},
		{"#00ff00", "#000000", 15.30},
		{"#0066cc", "#ffffff", 5.57}, // Bootstrap Italia's blue
		{"red", "#ffffff", 0},
		{"#fff", "#000000", 0},
	} {
		if got := contrastOf(c.a, c.b); math.Abs(got-c.want) > 0.01 {
			t.Errorf("contrast(%s, %s) = %.3f, want %.2f", c.a, c.b, got, c.want)
		}
		if contrastOf(c.a, c.b) != contrastOf(c.b, c.a) {
			t.Errorf("%s and %s: the order matters", c.a, c.b)
		}
	}
}

func TestTheme_EveryPairThatMeetsHasContrast(t *testing.T) {
	t.Parallel()
	property := regexp.MustCompile(`--([a-z-]+):(#[0-9a-f]{6})`)
	for _, brand := range [][2]string{
		{"#8c1c2b", "#17616b"}, {"#0b6e9e", "#b3352a"}, {"#1f5c4a", "#9c4a14"}, {"#000000", "#111111"}, {"#ffff00", "#ffffff"}, {"#767676", "#0066cc"}, {"none", ""},
	} {
		css, hash := Theme(brand[0], brand[1])
		if again, same := Theme(brand[0], brand[1]); again != css || same != hash {
			t.Errorf("%v: a theme is not stable", brand)
		}
		colours := map[string]string{"white": "#ffffff"}
		for _, found := range property.FindAllStringSubmatch(css, -1) {
			colours[found[1]] = found[2]
		}
		for _, family := range []string{"primary", "accent"} {
			for _, pair := range []struct {
				text, ground string
				least        float64
			}{
				{family, "white", AA},
				{family, family + "-wash", AA},
				{family + "-deep", "white", 7},
				{family + "-deep", family + "-soft", AA},
				{family + "-dark", "white", 11},
				{family + "-pale", family + "-dark", 7},
				{family + "-line", "white", 3},
				{"night", "white", 13},
			} {
				if got := contrastOf(colours[pair.text], colours[pair.ground]); got < pair.least {
					t.Errorf("%v: %s %s on %s %s has %.2f, want %.1f", brand, pair.text, colours[pair.text], pair.ground, colours[pair.ground], got, pair.least)
				}
			}
		}
	}
}

func TestTheme_AGoodColourStaysItself(t *testing.T) {
	t.Parallel()
	css, _ := Theme("#8C1C2B", "#17616B")
	for _, want := range []string{"--primary:#8c1c2b;", "--accent:#17616b;"} {
		if !strings.Contains(css, want) {
			t.Errorf("no %s in %s", want, css)
		}
	}
}
