package places

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func hoods(n int, random *rand.Rand) []Neighbourhood {
	list := make([]Neighbourhood, n)
	for i := range list {
		list[i] = Neighbourhood{Slug: fmt.Sprint("q", i), Name: "Quartiere del Ponte " + fmt.Sprint(i), Lat: 45 + random.Float64()/10, Lon: 10 + random.Float64()/10}
	}
	return list
}

func TestDraw_WorksForOneToFourteenNeighbourhoods(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 5))
	for n := 1; n <= 14; n++ {
		for range 10 {
			g := Geography{Neighbourhoods: hoods(n, random)}
			points := []Point{{Slug: "a", Lat: g.Neighbourhoods[0].Lat, Lon: g.Neighbourhoods[0].Lon}, {Slug: "b", Lat: g.Neighbourhoods[0].Lat, Lon: g.Neighbourhoods[0].Lon}}
			m := Draw(g, points)
			if len(m.Cells) != n || len(m.Pins) != 2 {
				t.Fatalf("%d neighbourhoods: %d fields, %d pins", n, len(m.Cells), len(m.Pins))
			}
			for _, c := range m.Cells {
				if c.Path == "Z" || c.Label.X < 0 || c.Label.X > MapWidth || c.Label.Y < 0 || c.Label.Y > MapHeight {
					t.Errorf("%d neighbourhoods: %+v", n, c)
				}
			}
			if apart := math.Hypot(float64(m.Pins[0].X-m.Pins[1].X), float64(m.Pins[0].Y-m.Pins[1].Y)); apart < 2*PinRadius {
				t.Errorf("%d neighbourhoods: two pins at one place stand %f apart", n, apart)
			}
		}
	}
}

func TestDraw_OfNothingIsNothing(t *testing.T) {
	t.Parallel()
	if m := Draw(Geography{}, []Point{{Slug: "a"}}); len(m.Cells)+len(m.Pins) != 0 {
		t.Errorf("%+v", m)
	}
}

func TestProjection_KeepsWhatLiesNorthAndEast(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(13, 17))
	list := hoods(12, random)
	p := projectionOf(slices.Clone(list))
	for range 500 {
		a, b := list[random.IntN(len(list))], list[random.IntN(len(list))]
		at, other := p.at(a.Lat, a.Lon), p.at(b.Lat, b.Lon)
		if (a.Lat > b.Lat) != (at.y < other.y) || (a.Lon > b.Lon) != (at.x > other.x) {
			t.Fatalf("%v and %v were turned around", a, b)
		}
	}
}

func TestVoronoi_EveryMiddleLiesInItsOwnField(t *testing.T) {
	t.Parallel()
	list := hoods(14, rand.New(rand.NewPCG(19, 23)))
	p := projectionOf(slices.Clone(list))
	sites := make([]vec, len(list))
	for i, n := range list {
		sites[i] = p.at(n.Lat, n.Lon)
	}
	fields, _ := voronoi(sites, outline(sites, p.reach))
	for i := range sites {
		for j := range fields {
			if inside(fields[j], sites[i]) != (i == j) {
				t.Errorf("the middle of %d and the field of %d", i, j)
			}
		}
	}
}

func BenchmarkDraw(b *testing.B) {
	g := Geography{Neighbourhoods: hoods(13, rand.New(rand.NewPCG(1, 2)))}
	points := make([]Point, 10)
	for i := range points {
		points[i] = Point{Slug: fmt.Sprint(i), Lat: 45 + float64(i)/100, Lon: 10 + float64(i)/100}
	}
	for b.Loop() {
		Draw(g, points)
	}
}
