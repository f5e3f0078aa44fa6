package attacks

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// Tally counts the cases of each class of attack and keeps what they found. It may be used by many at once.
type Tally struct {
	mu     sync.Mutex
	counts map[string]int
	found  map[string][]string
	fresh  []string // found since Take was last called
}

// Count notes one case of a class and everything that was wrong with it.
func (t *Tally) Count(class, name string, wrong ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.counts == nil {
		t.counts, t.found = map[string]int{}, map[string][]string{}
	}
	t.counts[class]++
	for _, w := range wrong {
		t.found[class] = append(t.found[class], name+": "+w)
		t.fresh = append(t.fresh, class+": "+name+": "+w)
	}
}

// Total is how many cases there were.
func (t *Tally) Total() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := 0
	for _, c := range t.counts {
		n += c
	}
	return n
}

// Absent are classes of attack that every city portal must fear and for which this one has no place yet. Whoever builds the place takes
// the line away.
var Absent = []string{
	"OIDC state, magic links",
	"PDF, feeds, cursors", "presigned addresses of files", "addresses typed by a city that point inside", "bulk operations",
}

// Take lists what was found since it was last called.
func (t *Tally) Take() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	defer func() { t.fresh = nil }()
	return t.fresh
}

// Table is the count of cases and findings, a class a line.
func (t *Tally) Table() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var b strings.Builder
	cases, findings := 0, 0
	fmt.Fprintf(&b, "%-58s %7s %7s\n", "class of attack", "cases", "leaks")
	for _, class := range slices.Sorted(maps.Keys(t.counts)) {
		fmt.Fprintf(&b, "%-58s %7d %7d\n", class, t.counts[class], len(t.found[class]))
		cases, findings = cases+t.counts[class], findings+len(t.found[class])
	}
	fmt.Fprintf(&b, "%-58s %7d %7d\n", "all", cases, findings)
	for _, class := range Absent {
		fmt.Fprintf(&b, "%-58s %7s\n", class, "none yet")
	}
	return b.String()
}
