package places

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Map is a drawing of the city: every neighbourhood a soft field around its middle, with waters, names and numbered pins. It is a schema as
// metro maps are: true in what lies north, south or beside, drawn together where the city is empty, apart where it is dense.
type Map struct {
	Cells []Cell
	Seas  []string // outlines, as SVG path data
	Lines []string // rivers
	Names []Label  // of waters
	Pins  []Pin
}

// Tells says whether the drawing shows anything that words do not: one desk in the middle of one field does not.
func (m Map) Tells() bool { return len(m.Cells) > 1 || len(m.Pins) > 1 }

// Cell is a neighbourhood's field.
type Cell struct {
	Slug  string
	Path  string // SVG path data
	Tint  int    // 0–3; neighbours differ where four tints allow it
	Label Label
}

// Label is a name in a few short lines, centred at X; Y is the baseline of the first.
type Label struct {
	Lines []string
	X, Y  int
}

// Pin is an access point on the map, by its place in the list.
type Pin struct {
	Number int
	X, Y   int
	Point  *Point
}

// What a map measures, in the units of its drawing.
const (
	MapWidth   = 600
	MapHeight  = 540
	PinRadius  = 17
	LineHeight = 19

	letterWidth = 9.4 // of a label, on average
	gap         = 4.5 // between a field and the next, halved
	corner      = 14
)

type vec struct{ x, y float64 }

func (a vec) add(b vec) vec                    { return vec{a.x + b.x, a.y + b.y} }
func (a vec) sub(b vec) vec                    { return vec{a.x - b.x, a.y - b.y} }
func (a vec) times(f float64) vec              { return vec{a.x * f, a.y * f} }
func (a vec) dot(b vec) float64                { return a.x*b.x + a.y*b.y }
func (a vec) length() float64                  { return math.Hypot(a.x, a.y) }
func (a vec) unit() vec                        { return a.times(1 / cmp.Or(a.length(), 1)) }
func (a vec) towards(b vec, share float64) vec { return a.add(b.sub(a).times(share)) }

// Draw makes the map of a city with its points, numbered in the order given.
func Draw(g Geography, points []Point) Map {
	if len(g.Neighbourhoods) == 0 {
		return Map{}
	}
	p := projectionOf(g.Neighbourhoods)
	sites := make([]vec, len(g.Neighbourhoods))
	for i, n := range g.Neighbourhoods {
		sites[i] = p.at(n.Lat, n.Lon)
	}
	fields, tints := voronoi(sites, outline(sites, p.reach))
	m := Map{Pins: pins(p, points)}
	l := labels{fields: fields, pins: m.Pins}
	var courses [][]vec
	for _, w := range g.Waters {
		course := make([]vec, len(w.Path))
		for i, at := range w.Path {
			course[i] = p.at(at[0], at[1])
		}
		courses = append(courses, course)
		if w.Sea {
			shore := beyond(course, sites)
			l.shores = append(l.shores, shore)
			m.Seas = append(m.Seas, curve(shore, true))
		} else {
			m.Lines = append(m.Lines, curve(course, false))
			l.wet = append(l.wet, along(course, 24)...)
		}
	}
	placed := l.placeAll(g.Neighbourhoods, sites)
	for i, n := range g.Neighbourhoods {
		m.Cells = append(m.Cells, Cell{Slug: n.Slug, Path: rounded(fields[i]), Tint: tints[i], Label: placed[i]})
	}
	for i, w := range g.Waters {
		if label, ok := l.placeWater(w, courses[i]); ok {
			m.Names = append(m.Names, label)
		}
	}
	return m
}

// projection turns latitude and longitude into the drawing's units, each axis stretched where the city is dense.
type projection struct {
	lat, lon axis
	reach    float64 // how far land goes beyond the outermost middles
}

func projectionOf(hoods []Neighbourhood) projection {
	var lats, lons []float64
	for _, n := range hoods {
		lats, lons = append(lats, n.Lat), append(lons, n.Lon)
	}
	reach := 72.0
	switch {
	case len(hoods) == 1:
		reach = 190
	case len(hoods) < 5:
		reach = 110
	}
	return projection{axisOf(lats), axisOf(lons), reach}
}

func (p projection) at(lat, lon float64) vec {
	margin := p.reach + 12
	return vec{margin + p.lon.share(lon)*(MapWidth-2*margin), margin + (1-p.lat.share(lat))*(MapHeight-2*margin)}
}

// axis holds the distinct coordinates of the middles, in order.
type axis []float64

func axisOf(values []float64) axis {
	slices.Sort(values)
	return slices.Compact(values)
}

// share is where v lies between the first (0) and the last (1): half by measure, half by rank. What lies outside is drawn nearer.
func (a axis) share(v float64) float64 {
	first, last := a[0], a[len(a)-1]
	if len(a) == 1 {
		const village = 0.03 // degrees, the size of a place with but one middle
		return 0.5 + (v-first)/village
	}
	linear := (v - first) / (last - first)
	switch {
	case linear <= 0:
		return linear / 2
	case linear >= 1:
		return 1 + (linear-1)/2
	}
	i := sort.SearchFloat64s(a, v)
	rank := (float64(i-1) + (v-a[i-1])/(a[i]-a[i-1])) / float64(len(a)-1)
	return (linear + rank) / 2
}

// outline is the edge of the land: everything within reach of the hull of the middles, a little uneven.
func outline(sites []vec, reach float64) []vec {
	const steps = 60
	edge := make([]vec, steps)
	for i := range edge {
		angle := 2 * math.Pi * float64(i) / steps
		u := vec{math.Cos(angle), math.Sin(angle)}
		far := slices.MaxFunc(sites, func(a, b vec) int { return cmp.Compare(a.dot(u), b.dot(u)) })
		edge[i] = far.add(u.times(reach * (1 + 0.05*math.Sin(3*angle+sites[0].x))))
	}
	return edge
}

// voronoi gives each site the part of the land that is nearest to it, and a tint that its neighbours do not have, if one of four is left.
func voronoi(sites, land []vec) (fields [][]vec, tints []int) {
	fields, tints = make([][]vec, len(sites)), make([]int, len(sites))
	for i, site := range sites {
		field := land
		taken := [4]bool{}
		for j, other := range sites {
			if i == j {
				continue
			}
			away := other.sub(site).unit()
			before := len(field)
			cut := clip(field, site.towards(other, 0.5).sub(away.times(gap)), away)
			if j < i && (len(cut) != before || !slices.Equal(cut, field)) && touches(sites, i, j) {
				taken[tints[j]] = true
			}
			field = cut
		}
		fields[i] = field
		for tint := range taken {
			if !taken[tint] {
				tints[i] = tint
				break
			}
		}
	}
	return fields, tints
}

// touches says whether the fields of two sites share an edge: no third is nearer to the middle between them.
func touches(sites []vec, i, j int) bool {
	middle := sites[i].towards(sites[j], 0.5)
	reach := middle.sub(sites[i]).length()
	for k, other := range sites {
		if k != i && k != j && middle.sub(other).length() < reach*0.98 {
			return false
		}
	}
	return true
}

// clip keeps the part of a polygon that lies behind a line: the line goes through at, away points out.
func clip(polygon []vec, at, away vec) []vec {
	kept := make([]vec, 0, len(polygon)+1)
	for i, a := range polygon {
		b := polygon[(i+1)%len(polygon)]
		da, db := a.sub(at).dot(away), b.sub(at).dot(away)
		if da <= 0 {
			kept = append(kept, a)
		}
		if (da < 0 && db > 0) || (da > 0 && db < 0) {
			kept = append(kept, a.towards(b, da/(da-db)))
		}
	}
	return kept
}

// beyond is the water behind a coast: its line, led out of the drawing at both ends, and all on the side where nobody lives.
func beyond(course, sites []vec) []vec {
	const far = 900
	first, last := course[0], course[len(course)-1]
	along := last.sub(first).unit()
	out := vec{-along.y, along.x}
	var land float64
	for _, s := range sites {
		land += s.sub(first).dot(out)
	}
	if land > 0 {
		out = out.times(-1)
	}
	shore := append([]vec{first.sub(along.times(far)).add(out.times(far)), first.sub(along.times(far))}, course...)
	return append(shore, last.add(along.times(far)), last.add(along.times(far)).add(out.times(far)))
}

// pins stand where their points are, moved apart until each can be read and touched.
func pins(p projection, points []Point) []Pin {
	at := make([]vec, len(points))
	for i, point := range points {
		at[i] = p.at(point.Lat, point.Lon)
	}
	const apart = 2*PinRadius + 6
	for range 60 {
		for i := range at {
			for j := range i {
				d := at[i].sub(at[j])
				if d == (vec{}) {
					d = vec{math.Cos(float64(i)), math.Sin(float64(i))}
				}
				if lack := apart - d.length(); lack > 0 {
					push := d.unit().times(lack / 2)
					at[i], at[j] = at[i].add(push), at[j].sub(push)
				}
			}
			at[i] = vec{max(PinRadius+4, min(MapWidth-PinRadius-4, at[i].x)), max(PinRadius+4, min(MapHeight-PinRadius-4, at[i].y))}
		}
	}
	list := make([]Pin, len(points))
	for i := range points {
		list[i] = Pin{Number: i + 1, X: round(at[i].x), Y: round(at[i].y), Point: &points[i]}
	}
	return list
}

// along gives places on a line, no further apart than step.
func along(course []vec, step float64) []vec {
	var on []vec
	for i := range len(course) - 1 {
		n := math.Ceil(course[i+1].sub(course[i]).length() / step)
		for k := range int(n) {
			on = append(on, course[i].towards(course[i+1], float64(k)/n))
		}
	}
	return on
}

func round(x float64) int { return int(math.Round(x)) }
