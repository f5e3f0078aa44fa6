package ui

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// AA is the least contrast of text with its ground (WCAG 2.1, 1.4.3).
const AA = 4.5

type rgb struct{ r, g, b float64 } // 0–1, as the screen has them

func parseColour(hexa string) (rgb, bool) {
	digits := strings.TrimPrefix(hexa, "#")
	n, err := strconv.ParseUint(digits, 16, 32)
	if err != nil || len(digits) != 6 {
		return rgb{}, false
	}
	return rgb{float64(n>>16&255) / 255, float64(n>>8&255) / 255, float64(n&255) / 255}, true
}

func (c rgb) String() string {
	return fmt.Sprintf("#%02x%02x%02x", to255(c.r), to255(c.g), to255(c.b))
}

func to255(x float64) int { return int(math.Round(max(0, min(1, x)) * 255)) }

// light is the relative luminance of WCAG 2.1.
func (c rgb) light() float64 {
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

func linear(x float64) float64 {
	if x <= 0.04045 {
		return x / 12.92
	}
	return math.Pow((x+0.055)/1.055, 2.4)
}

// mix goes from c towards other by a share of the way.
func (c rgb) mix(other rgb, share float64) rgb {
	return rgb{c.r + (other.r-c.r)*share, c.g + (other.g-c.g)*share, c.b + (other.b-c.b)*share}
}

func contrast(a, b rgb) float64 {
	la, lb := a.light(), b.light()
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

var (
	white = rgb{1, 1, 1}
	black = rgb{0, 0, 0}
	ink   = rgb{0x17 / 255., 0x20 / 255., 0x2e / 255.} // the colour of text
)

// until moves c towards a goal, in small steps, until its contrast with the ground is enough.
func until(c, goal, ground rgb, enough float64) rgb {
	for share := 0.0; share < 1; share += 0.02 {
		if stepped := c.mix(goal, share); contrast(stepped.rounded(), ground) >= enough {
			return stepped.rounded()
		}
	}
	return goal
}

func (c rgb) rounded() rgb {
	return rgb{float64(to255(c.r)) / 255, float64(to255(c.g)) / 255, float64(to255(c.b)) / 255}
}

// shade is one colour made into all the page needs of it. Every pair that meets on a page has contrast: base, deep and dark under white,
// base and deep on wash and white, soft and pale on dark.
type shade struct{ base, deep, dark, line, soft, wash, pale rgb }

func shadeOf(colour string, fallback rgb) shade {
	c, ok := parseColour(colour)
	if !ok {
		c = fallback
	}
	wash := c.mix(white, 0.945).rounded()
	base := until(c, black, wash, AA)
	dark := until(base.mix(black, 0.45).rounded(), black, white, 11)
	return shade{
		base: base,
		deep: until(base.mix(black, 0.25), black, wash, 7),
		dark: dark,
		line: until(base.mix(white, 0.45), black, white, 3),
		soft: base.mix(white, 0.86).rounded(),
		wash: wash,
		pale: until(base.mix(white, 0.7), white, dark, 7),
	}
}

// Theme is a city's stylesheet: the custom properties all other styles are written in. The hash names it, so it may be cached for ever.
func Theme(primary, accent string) (css, hash string) {
	p := shadeOf(primary, rgb{0, 0x55 / 255., 0xb3 / 255.})
	a := shadeOf(accent, rgb{0x1d / 255., 0x4d / 255., 0x4f / 255.})
	var b strings.Builder
	b.WriteString(":root{")
	for _, named := range []struct {
		name string
		shade
	}{{"primary", p}, {"accent", a}} {
		for _, step := range []struct {
			suffix string
			colour rgb
		}{{"", named.base}, {"-deep", named.deep}, {"-dark", named.dark}, {"-line", named.line}, {"-soft", named.soft}, {"-wash", named.wash}, {"-pale", named.pale}} {
			fmt.Fprintf(&b, "--%s%s:%s;", named.name, step.suffix, step.colour)
		}
	}
	fmt.Fprintf(&b, "--night:%s}", until(p.dark.mix(ink, 0.55), black, white, 13))
	css = b.String()
	sum := sha256.Sum256([]byte(css))
	return css, hex.EncodeToString(sum[:6])
}
