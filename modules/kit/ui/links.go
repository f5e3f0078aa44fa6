package ui

import (
	"strings"

	"github.com/a-h/templ"
)

// Tel is the address that calls a number, however it is written.
func Tel(phone string) templ.SafeURL {
	return templ.SafeURL("tel:" + strings.Map(func(r rune) rune {
		if r == '+' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, phone))
}

// Mailto is the address that begins a letter to an address; after a ? may stand what the letter holds.
func Mailto(address string) templ.SafeURL { return templ.SafeURL("mailto:" + address) }
