package accounts

import (
	"strings"
	"time"

	"github.com/welfarex/welfarex/modules/kit/problem"
	"github.com/welfarex/welfarex/tenants/comuni"
)

// Refusals of a codice fiscale.
var (
	ErrFiscalCodeForm  = problem.New(problem.Invalid, "accounts.fiscal_code.form")
	ErrFiscalCodeCheck = problem.New(problem.Invalid, "accounts.fiscal_code.check")
	ErrFiscalCodePlace = problem.New(problem.Invalid, "accounts.fiscal_code.place")
	ErrFiscalCodeBirth = problem.New(problem.Invalid, "accounts.fiscal_code.birth")
)

//words: accounts.fiscal_code.form accounts.fiscal_code.check accounts.fiscal_code.place accounts.fiscal_code.birth

// FiscalCode is an Italian codice fiscale. Some people have none, or two in a lifetime: it is never a key.
type FiscalCode struct {
	Code      string    // as it was given, in capitals
	Plain     string    // without omocodia: letters that stand for digits are digits again
	Born      time.Time // midnight UTC; zero for the temporary form
	Female    bool
	Place     string // Belfiore code, or Z and three digits for a country; "" for the temporary form
	Temporary bool   // the numeric form, given before the final one
}

// BornOn says whether the code can belong to a person born that day, whose birthplace existed then; the century is not in the code.
func (c FiscalCode) BornOn(day time.Time) bool {
	same := c.Born.Month() == day.Month() && c.Born.Day() == day.Day() && c.Born.Year()%100 == day.Year()%100
	return c.Temporary || same && placeExisted(c.Place, day)
}

func placeExisted(place string, day time.Time) bool {
	return place[0] == 'Z' || comuni.Existed(place, day)
}

const (
	monthLetters    = "ABCDEHLMPRST"
	omocodiaLetters = "LMNPQRSTUV"
)

// omocodiaPlaces are the positions of digits, which become letters when two people would have the same code.
var omocodiaPlaces = []int{6, 7, 9, 10, 12, 13, 14}

// oddValues are the values of characters in odd positions (counted from one): of 0–9 and A–J, then of K–Z.
var oddValues = [26]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}

// foldFiscalCode is how a codice fiscale is kept and compared.
func foldFiscalCode(s string) string { return strings.ToUpper(strings.Join(strings.Fields(s), "")) }

// ParseFiscalCode reads a codice fiscale, in any case and with spaces, or says what is wrong with it: its form, its check letter, or
// a birthplace that did not exist on the day of birth.
func ParseFiscalCode(s string, now time.Time) (FiscalCode, error) {
	code := foldFiscalCode(s)
	if len(code) == 11 && onlyDigits(code) == code {
		if !luhn(code) {
			return FiscalCode{}, ErrFiscalCodeCheck
		}
		return FiscalCode{Code: code, Plain: code, Temporary: true}, nil
	}
	plain, ok := withoutOmocodia(code)
	if !ok || !personal(plain) {
		return FiscalCode{}, ErrFiscalCodeForm
	}
	if checkLetter(code[:15]) != code[15] {
		return FiscalCode{}, ErrFiscalCodeCheck
	}
	c := FiscalCode{Code: code, Plain: plain, Place: plain[11:15]}
	return c, c.readBirth(now)
}

// withoutOmocodia puts digits back where letters stand for them, and computes the check letter anew.
func withoutOmocodia(code string) (string, bool) {
	if len(code) != 16 {
		return "", false
	}
	b := []byte(code)
	for _, i := range omocodiaPlaces {
		if digit := strings.IndexByte(omocodiaLetters, b[i]); digit >= 0 {
			b[i] = byte('0' + digit)
		}
		if b[i] < '0' || b[i] > '9' {
			return "", false
		}
	}
	for i, c := range b {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return "", false
		}
		if c <= '9' && (i < 6 || i == 8 || i == 11 || i == 15) {
			return "", false
		}
	}
	b[15] = checkLetter(string(b[:15]))
	return string(b), true
}

// personal says whether surname and name are written as the rule does: consonants, then vowels, then X.
func personal(plain string) bool { return nameLike(plain[:3]) && nameLike(plain[3:6]) }

func nameLike(three string) bool {
	const consonant, vowel, filling = 0, 1, 2
	stage := consonant
	for i := range 3 {
		kind := consonant
		switch {
		case strings.IndexByte("AEIOU", three[i]) >= 0:
			kind = vowel
		case three[i] == 'X' && i > 0 && stage >= vowel:
			kind = filling // a true X is a consonant, and stands before the vowels
		}
		if kind < stage {
			return false
		}
		stage = kind
	}
	return true
}

func checkLetter(first15 string) byte {
	sum := 0
	for i := range 15 {
		value := int(first15[i] - '0')
		if first15[i] >= 'A' {
			value = int(first15[i] - 'A')
		}
		if i%2 == 0 {
			value = oddValues[value]
		}
		sum += value
	}
	return byte('A' + sum%26)
}

// readBirth reads day, sex and place. The younger century is tried first; a place must have existed on the day.
func (c *FiscalCode) readBirth(now time.Time) error {
	p := c.Plain
	year, day := number(p[6:8]), number(p[9:11])
	month := strings.IndexByte(monthLetters, p[8]) + 1
	if c.Female = day > 40; c.Female {
		day -= 40
	}
	problem := error(ErrFiscalCodeForm)
	for century := now.Year() / 100 * 100; century >= now.Year()/100*100-100; century -= 100 {
		born := time.Date(century+year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
		if month == 0 || born.Day() != day || born.After(now) {
			continue // no such day, or not yet
		}
		if placeExisted(c.Place, born) {
			c.Born = born
			return nil
		}
		problem = ErrFiscalCodePlace
	}
	return problem
}

func number(digits string) int {
	n := 0
	for _, r := range digits {
		n = n*10 + int(r-'0')
	}
	return n
}

// luhn checks the last of eleven digits, as in a partita IVA.
func luhn(digits string) bool {
	sum := 0
	for i, r := range digits {
		d := int(r - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
