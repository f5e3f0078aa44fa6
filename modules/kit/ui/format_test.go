package ui

import (
	"testing"
	"time"
)

func TestFormats_AsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	it, en := &Page{Lang: "it"}, &Page{Lang: "en"}
	at := time.Date(2026, 11, 5, 13, 30, 0, 0, time.UTC) // 14:30 in Rome
	for _, c := range []struct{ got, want string }{
		{it.Date(at), "giovedì 5 novembre 2026"},
		{en.Date(at), "Thursday 5 November 2026"},
		{it.DateTime(at), "giovedì 5 novembre 2026, ore 14:30"},
		{it.Day(at), "gio 5 nov"},
		{it.Elided("dal 11 gennaio al 8 marzo 2027"), "dall'11 gennaio all'8 marzo 2027"},
		{it.Elided("Chiuse il 8 marzo, dal 1° maggio, dal 18 e del 11"), "Chiuse l'8 marzo, dal 1° maggio, dal 18 e dell'11"},
		{en.Elided("al 11"), "al 11"},
		{it.Month(at), "novembre 2026"},
		{it.Short(at), "05/11/2026"},
		{it.When(at, at.Add(-24*time.Hour)), "domani"},
		{it.When(at, at.Add(24*time.Hour)), "ieri"},
		{it.When(at, at.Add(-240*time.Hour)), "giovedì 5 novembre"},
		{it.When(at, at.Add(-2400*time.Hour)), "giovedì 5 novembre"},
		{it.Duration(90 * time.Minute), "1 ora e 30 minuti"},
		{it.Duration(45 * time.Minute), "45 minuti"},
		{en.Duration(2 * time.Hour), "2 hours"},
		{it.Money(123450), "1.234,50\u00a0€"},
		{en.Money(123450), "€1,234.50"},
		{it.Money(5), "0,05\u00a0€"},
		{it.Money(-300), "−3,00\u00a0€"},
		{it.Money(100000000), "1.000.000,00\u00a0€"},
		{it.Number(999), "999"},
		{it.Number(1234567), "1.234.567"},
		{en.Number(-1234), "−1,234"},
		{it.Price("free", 0, 0, ""), "Gratuito"},
		{it.Price("fixed", 650, 0, "pasto"), "6,50\u00a0€ a pasto"},
		{it.Price("from", 300, 0, "ora"), "da 3,00\u00a0€ all'ora"},
		{it.Price("isee", 300, 2200, "ora"), "da 3,00\u00a0€ a 22,00\u00a0€ all'ora, secondo il tuo ISEE"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
