package places

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// labels finds for every name a place where it can be read: in its own field, off the pins and the other names.
type labels struct {
	fields [][]vec
	shores [][]vec
	wet    []vec // along the rivers
	pins   []Pin
	taken  []box
}

type box struct{ x0, y0, x1, y1 float64 }

func (b box) overlap(o box) float64 {
	return max(0, min(b.x1, o.x1)-max(b.x0, o.x0)) * max(0, min(b.y1, o.y1)-max(b.y0, o.y0))
}

// spot is a place where a name could stand, and what is against it from the start.
type spot struct {
	at   vec
	cost float64
}

// rings are the steps a name may take from where it would best stand, the shortest first.
var rings = func() (steps []vec) {
	for dy := -3; dy <= 3; dy++ {
		for dx := -3; dx <= 3; dx++ {
			steps = append(steps, vec{float64(dx) * 16, float64(dy) * 13})
		}
	}
	slices.SortStableFunc(steps, func(a, b vec) int { return cmp.Compare(a.length(), b.length()) })
	return steps
}()

// placeAll puts the names with the least room first.
func (l *labels) placeAll(hoods []Neighbourhood, sites []vec) []Label {
	order := make([]int, len(hoods))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(area(l.fields[a]) - area(l.fields[b])) })
	placed := make([]Label, len(hoods))
	for _, i := range order {
		lines := wrap(hoods[i].Name)
		middle := centroid(l.fields[i], sites[i])
		candidates := make([]spot, len(rings))
		for k, r := range rings {
			candidates[k] = spot{middle.add(r), r.length()}
		}
		best, _ := l.best(lines, candidates, func(b box) float64 { return 6*outside(l.fields[i], b) + 15*l.wetCorners(b) })
		placed[i] = l.put(lines, best)
	}
	return placed
}

// placeWater puts the name of a water beside its course, or on a sea; ok is false where there is no room for it.
func (l *labels) placeWater(w Water, course []vec) (label Label, ok bool) {
	lines := wrap(w.Name)
	var candidates []spot
	for i := range len(course) - 1 {
		across := course[i+1].sub(course[i]).unit()
		across = vec{-across.y, across.x}
		for _, share := range []float64{0, 0.5} {
			at := course[i].towards(course[i+1], share)
			for _, off := range []float64{26, -26, 44, -44, 70, -70, 100, -100} {
				if w.Sea != l.afloat(at.add(across.times(off))) {
					continue
				}
				candidates = append(candidates, spot{at: at.add(across.times(off))})
			}
		}
	}
	best, cost := l.best(lines, candidates, func(b box) float64 {
		if w.Sea {
			return 60 * (4 - l.wetCorners(b))
		}
		return 0
	})
	if len(candidates) == 0 || cost >= 150 {
		return Label{}, false
	}
	return l.put(lines, best), true
}

// afloat says whether a place lies in a sea.
func (l *labels) afloat(at vec) bool {
	return slices.ContainsFunc(l.shores, func(shore []vec) bool { return inside(shore, at) })
}

// wetCorners counts the corners of a box that lie in a sea.
func (l *labels) wetCorners(b box) (wet float64) {
	for _, corner := range []vec{{b.x0, b.y0}, {b.x1, b.y0}, {b.x0, b.y1}, {b.x1, b.y1}} {
		if l.afloat(corner) {
			wet++
		}
	}
	return wet
}

// best gives the candidate that costs least: what it covers, what leaves the drawing, and what own adds.
func (l *labels) best(lines []string, candidates []spot, own func(box) float64) (vec, float64) {
	least := math.Inf(1)
	var best vec
	for _, c := range candidates {
		if c.cost >= least {
			continue
		}
		b := boxOf(lines, c.at)
		cost := c.cost + l.covers(b) + 40*(max(0, 6-b.x0)+max(0, 6-b.y0)+max(0, b.x1-MapWidth+6)+max(0, b.y1-MapHeight+6))
		if cost >= least {
			continue
		}
		if cost += own(b); cost < least {
			least, best = cost, c.at
		}
	}
	return best, least
}

// covers is how much of what stands already would be hidden under a box.
func (l *labels) covers(b box) (hidden float64) {
	for _, t := range l.taken {
		hidden += b.overlap(t)
	}
	for _, pin := range l.pins {
		const r = PinRadius + 2
		x, y := float64(pin.X), float64(pin.Y)
		hidden += b.overlap(box{x - r, y - r, x + r, y + r})
	}
	for _, w := range l.wet {
		hidden += 4 * b.overlap(box{w.x - 2, w.y - 2, w.x + 2, w.y + 2})
	}
	return hidden
}

func (l *labels) put(lines []string, at vec) Label {
	b := boxOf(lines, at)
	l.taken = append(l.taken, b)
	return Label{Lines: lines, X: round(at.x), Y: round(b.y0 + 0.78*LineHeight)}
}

func boxOf(lines []string, at vec) box {
	var wide float64
	for _, line := range lines {
		wide = max(wide, float64(utf8.RuneCountInString(line))*letterWidth)
	}
	high := float64(len(lines)) * LineHeight
	return box{at.x - wide/2, at.y - high/2, at.x + wide/2, at.y + high/2}
}

// wrap breaks a name into short lines: "Boschetto – Migliaro" stands in two. Of a name too long for the map stands what comes before the dash.
func wrap(name string) []string {
	lines := broken(name)
	if before, _, found := strings.Cut(name, " – "); found && len(lines) > 3 {
		return broken(before)
	}
	return lines
}

func broken(name string) []string {
	const most = 13
	var lines []string
	for _, word := range strings.Fields(name) {
		if n := len(lines); n > 0 && (word == "–" || utf8.RuneCountInString(lines[n-1])+1+utf8.RuneCountInString(word) <= most) {
			lines[n-1] += " " + word
			continue
		}
		lines = append(lines, word)
	}
	return lines
}

// outside is how much of a box, in points of its edge, leaves a polygon.
func outside(polygon []vec, b box) float64 {
	var out float64
	for i := range 5 {
		x := b.x0 + (b.x1-b.x0)*float64(i)/4
		for _, y := range []float64{b.y0, (b.y0 + b.y1) / 2, b.y1} {
			if !inside(polygon, vec{x, y}) {
				out++
			}
		}
	}
	return out
}

func inside(polygon []vec, at vec) bool {
	in := false
	for i, a := range polygon {
		b := polygon[(i+1)%len(polygon)]
		if (a.y > at.y) != (b.y > at.y) && at.x < a.x+(b.x-a.x)*(at.y-a.y)/(b.y-a.y) {
			in = !in
		}
	}
	return in
}

func area(polygon []vec) float64 {
	var twice float64
	for i, a := range polygon {
		b := polygon[(i+1)%len(polygon)]
		twice += a.x*b.y - b.x*a.y
	}
	return math.Abs(twice) / 2
}

func centroid(polygon []vec, otherwise vec) vec {
	var sum vec
	var twice float64
	for i, a := range polygon {
		b := polygon[(i+1)%len(polygon)]
		cross := a.x*b.y - b.x*a.y
		twice += cross
		sum = sum.add(a.add(b).times(cross))
	}
	if math.Abs(twice) < 1 {
		return otherwise
	}
	return sum.times(1 / (3 * twice))
}
