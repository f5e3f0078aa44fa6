package places

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Office is a body of the municipality.
type Office struct {
	Slug    string
	Name    string
	About   string
	Address string
	Phone   string
	Email   string
	Hours   string // in words
	En      *Twin
}

// Twin is the English of an office's or a point's own words; what is empty is shown in Italian.
type Twin struct {
	Name  string `json:"name"`
	About string `json:"about"`
	Hours string `json:"hours"`
}

// Neighbourhood is a part of the city, known by its middle.
type Neighbourhood struct {
	Slug string
	Name string
	Lat  float64
	Lon  float64
}

// Water is a river or a coast, as a line.
type Water struct {
	Name string
	Sea  bool         // the line is a coast: beyond it there is only water
	Path [][2]float64 // lat, lon
}

// Geography is what a map of the city is drawn from.
type Geography struct {
	Neighbourhoods []Neighbourhood
	Waters         []Water
}

// Point is a desk in a neighbourhood where somebody helps.
type Point struct {
	Slug              string
	Name              string
	Kind              Kind
	Neighbourhood     string // its slug
	NeighbourhoodName string
	Address           string
	Lat               float64
	Lon               float64
	Phone             string
	Email             string
	About             string
	StepFree          bool
	Languages         []string // two letters each
	Hours             Week
	Closed            []string // days, 2006-01-02
	En                *Twin
}

// Kind says whose desk it is.
type Kind string

const (
	Public  Kind = "public"  // the city's or a cooperative's own
	Private Kind = "private" // a shop, a pharmacy, a club that lends a table
)

// Filter says which points somebody can use.
type Filter struct {
	Open          bool // now
	Neighbourhood string
	StepFree      bool
	Language      string
}

// Empty says whether the filter lets everything pass.
func (f Filter) Empty() bool { return f == Filter{} }

// Match says whether the point passes, but for the neighbourhood: people walk to the next one.
func (f Filter) Match(p *Point, now time.Time) bool {
	return (!f.StepFree || p.StepFree) && (f.Language == "" || slices.Contains(p.Languages, f.Language)) && (!f.Open || p.At(now).Open)
}

// Select gives the points that pass. With a neighbourhood these are its own; where it has none, the nearest two, and near is true.
func (f Filter) Select(points []Point, hoods []Neighbourhood, now time.Time) (found []Point, near bool) {
	for _, p := range points {
		if f.Match(&p, now) {
			found = append(found, p)
		}
	}
	at := slices.IndexFunc(hoods, func(n Neighbourhood) bool { return n.Slug == f.Neighbourhood })
	if at < 0 {
		return found, false
	}
	own := slices.DeleteFunc(slices.Clone(found), func(p Point) bool { return p.Neighbourhood != f.Neighbourhood })
	if len(own) > 0 {
		return own, false
	}
	Nearest(found, hoods[at].Lat, hoods[at].Lon)
	return found[:min(2, len(found))], len(found) > 0
}

// Nearest sorts points by their distance from a place.
func Nearest(points []Point, lat, lon float64) {
	slices.SortStableFunc(points, func(a, b Point) int {
		return cmp.Compare(Distance(a.Lat, a.Lon, lat, lon), Distance(b.Lat, b.Lon, lat, lon))
	})
}

// ByOpening sorts points by how soon one finds somebody there: those open now first, in their own order, then those that open next.
func ByOpening(points []Point, now time.Time) {
	wait := make(map[string]time.Duration, len(points))
	for i := range points {
		wait[points[i].Slug] = points[i].At(now).wait(now)
	}
	slices.SortStableFunc(points, func(a, b Point) int { return cmp.Compare(wait[a.Slug], wait[b.Slug]) })
}

// Distance is how far apart two places are, in metres; across a city the earth is flat enough.
func Distance(lat1, lon1, lat2, lon2 float64) float64 {
	const metresPerDegree = 111_195
	east := (lon2 - lon1) * math.Cos((lat1+lat2)/2*math.Pi/180)
	return metresPerDegree * math.Hypot(lat2-lat1, east)
}
