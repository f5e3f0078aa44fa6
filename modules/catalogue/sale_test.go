package catalogue

import "testing"

func TestVAT_IsInsideThePrice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		vat         VAT
		cents, want int64
	}{{VAT22, 1650, 298}, {VAT22, 122, 22}, {VAT5, 950, 45}, {VAT5, 105, 5}, {Exempt, 950, 0}, {VAT22, 1, 0}} {
		if got := c.vat.Of(c.cents); got != c.want {
			t.Errorf("%s of %d: %d, want %d", c.vat, c.cents, got, c.want)
		}
	}
}
