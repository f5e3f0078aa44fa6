package catalogue

import (
	"io"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/welfarex/welfarex/modules/kit/testkit"
	"github.com/welfarex/welfarex/modules/kit/ui"
)

// What a page costs beside its SQL: reading alone, then filtering, counting and rendering alone.
func BenchmarkList(b *testing.B) {
	ctx, city := cremona(b)
	s, words := New(testkit.DB(b), clock), server(b).Words
	read := func(b *testing.B, asks bool) (x shelves) {
		err := s.db.Read(ctx, func(batch *pgx.Batch) { s.queueList(batch, &x, false, asks) })
		if err != nil {
			b.Fatal(err)
		}
		return x
	}
	render := func(b *testing.B, x shelves, f Filter) {
		l := x.list(f)
		p := &ui.Page{City: city, Words: words, Lang: "it", Path: "/servizi"}
		if err := listView(p, &l).Render(ctx, io.Discard); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			read(b, false)
		}
	})
	b.Run("page", func(b *testing.B) {
		x := read(b, false)
		b.ReportAllocs()
		for b.Loop() {
			render(b, x, Filter{Page: 1})
		}
	})
	b.Run("read_search", func(b *testing.B) {
		for b.Loop() {
			read(b, true)
		}
	})
	b.Run("page_search", func(b *testing.B) {
		x := read(b, true)
		b.ReportAllocs()
		for b.Loop() {
			render(b, x, Filter{Page: 1, Question: "mi serve una badante per mia nonna"})
		}
	})
	b.Run("page_typo", func(b *testing.B) {
		x := read(b, true)
		for b.Loop() {
			render(b, x, Filter{Page: 1, Question: "assitenza anzani"})
		}
	})
}

func BenchmarkSheet(b *testing.B) {
	ctx, city := cremona(b)
	s, words := New(testkit.DB(b), clock), server(b).Words
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Sheet(ctx, "it", "assistenza-domiciliare"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("page", func(b *testing.B) {
		sheet, err := s.Sheet(ctx, "it", "assistenza-domiciliare")
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			p := &ui.Page{City: city, Words: words, Lang: "it", Path: "/servizi/x"}
			p.JSONLD = sheetLD(p, &sheet)
			if err := SheetView(p, &sheet).Render(ctx, io.Discard); err != nil {
				b.Fatal(err)
			}
		}
	})
}
