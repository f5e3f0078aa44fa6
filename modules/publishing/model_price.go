package publishing

import (
	"strconv"
	"strings"
)

// dearest bounds a price: more is a slip of the pen.
const dearest = 1_000_000_00

// parseEuro reads an amount as people write it: "12", "12,5", "12.50 €", "1.234,00".
func parseEuro(typed string) (cents int64, ok bool) {
	text := strings.ReplaceAll(strings.Trim(strings.ReplaceAll(typed, "\u00a0", " "), " €"), " ", "")
	whole, fraction, comma := strings.Cut(text, ",")
	switch dot := strings.LastIndex(text, "."); {
	case comma:
		whole = ungroup(whole)
	case dot >= 0 && len(text)-dot-1 <= 2:
		whole, fraction = ungroup(text[:dot]), text[dot+1:]
	default:
		whole = ungroup(text)
	}
	if len(fraction) > 2 || comma && fraction == "" || !digits(whole) || len(whole) > 7 || fraction != "" && !digits(fraction) {
		return 0, false
	}
	euro, _ := strconv.ParseInt(whole, 10, 64)
	rest, _ := strconv.ParseInt((fraction + "00")[:2], 10, 64)
	cents = euro*100 + rest
	return cents, cents <= dearest
}

// ungroup takes the dots out of "1.234"; dots that group nothing make it no number.
func ungroup(whole string) string {
	parts := strings.Split(whole, ".")
	for i, part := range parts {
		if len(parts) > 1 && (i > 0 && len(part) != 3 || i == 0 && (part == "" || len(part) > 3)) {
			return ""
		}
	}
	return strings.Join(parts, "")
}

func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// writeEuro is an amount as it stands in a form: "12,50".
func writeEuro(cents int64) string {
	return strconv.FormatInt(cents/100, 10) + "," + strconv.FormatInt(100+cents%100, 10)[1:]
}
