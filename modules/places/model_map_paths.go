package places

import (
	"strconv"
	"strings"
)

// path writes SVG path data in whole units.
type path struct{ strings.Builder }

func (p *path) to(command byte, at ...vec) {
	p.WriteByte(command)
	for i, v := range at {
		if i > 0 {
			p.WriteByte(' ')
		}
		p.WriteString(strconv.Itoa(round(v.x)))
		p.WriteByte(' ')
		p.WriteString(strconv.Itoa(round(v.y)))
	}
}

// rounded is a polygon with soft corners.
func rounded(polygon []vec) string {
	polygon = sparse(polygon)
	var p path
	for i, at := range polygon {
		before, after := polygon[(i+len(polygon)-1)%len(polygon)], polygon[(i+1)%len(polygon)]
		from, to := short(at, before), short(at, after)
		if i == 0 {
			p.to('M', from)
		} else {
			p.to('L', from)
		}
		p.to('Q', at, to)
	}
	p.WriteByte('Z')
	return p.String()
}

// short goes from a corner towards another, no further than half-way.
func short(at, to vec) vec {
	d := to.sub(at)
	return at.add(d.unit().times(min(corner, d.length()/2)))
}

// sparse drops corners that stand too close to be seen.
func sparse(polygon []vec) []vec {
	var kept []vec
	for _, at := range polygon {
		if n := len(kept); n == 0 || at.sub(kept[n-1]).length() > 3 {
			kept = append(kept, at)
		}
	}
	return kept
}

// curve leads smoothly through all points (Catmull–Rom); closed ones are only drawn round where the coast is.
func curve(points []vec, closed bool) string {
	var p path
	p.to('M', points[0])
	for i := range len(points) - 1 {
		a, b := points[i], points[i+1]
		if closed && (i < 2 || i >= len(points)-3) {
			p.to('L', b)
			continue
		}
		before, after := points[max(0, i-1)], points[min(len(points)-1, i+2)]
		p.to('C', a.add(b.sub(before).times(1.0/6)), b.sub(after.sub(a).times(1.0/6)), b)
	}
	if closed {
		p.WriteByte('Z')
	}
	return p.String()
}
