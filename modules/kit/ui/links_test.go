package ui

import "testing"

func TestTel_KeepsDigitsAndThePlus(t *testing.T) {
	t.Parallel()
	if got := Tel("+39 0372 / 555-010 (int. 2)"); got != "tel:+3903725550102" {
		t.Errorf("got %s", got)
	}
}
