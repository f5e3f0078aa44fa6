package attacks

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// World is what an attacker works with: a server, its manifest, the city under attack and another one whose data must not show.
type World struct {
	Server *Server
	Routes []Route
	City   *City
	Other  *City
	// IDs gives the identifiers that a parameter of a route may take, as a person of City sees them; an empty one means that there is none.
	IDs func(p Person, r Route, param string) IDs
	// Stranger is the id of a person of the other city.
	Stranger string
	// Keys are ids and names in addresses that only the other city has, each with a made-up one; Words have a made-up one as near to
	// everything that City knows, so that even a search that forgives mistakes must treat both alike.
	Words, Keys []Pair
	// Reset puts City back as it was after a request that may have changed it. Without it only what must be refused is sent.
	Reset func(context.Context) error
	Tally *Tally
}

// Pair is a value that exists in the other city, and one that exists nowhere.
type Pair struct{ Foreign, MadeUp string }

// Case is one attack.
type Case struct {
	Class  string // the line of the table
	Route  Route
	Person Person
	Twist  string // what is odd about it
	Send   Request
	Gate   bool     // the status must be what the manifest says of this person
	Want   []int    // the statuses that are right, if not any
	Like   *Request // must be answered like this one, byte for byte but for the values of Alike
	Alike  Pair
	Fresh  bool     // the page draws something new each time: only the status can be compared
	Echoed []string // what the request itself brings, and may be given back
}

func (c Case) name() string {
	return fmt.Sprintf("%s as %s, %s (%s)", c.Route.Name(), c.Person.Name, c.Twist, c.Send.Target)
}

// workers is how many cases of reading are tried at once.
const workers = 4

// Run tries all cases, reading ones side by side and changing ones one after the other.
func (w *World) Run(ctx context.Context, cases []Case) {
	reading := make(chan Case)
	var done sync.WaitGroup
	for range workers {
		done.Go(func() {
			for c := range reading {
				w.try(ctx, c)
			}
		})
	}
	for _, c := range cases {
		if c.Route.Safe() {
			reading <- c
		}
	}
	close(reading)
	done.Wait()
	for _, c := range cases {
		if !c.Route.Safe() {
			w.try(ctx, c)
		}
	}
}

// try sends one case and counts it.
func (w *World) try(ctx context.Context, c Case) {
	reply, err := w.send(ctx, c.Route, c.Send)
	if err != nil {
		w.Tally.Count(c.Class, c.name(), err.Error())
		return
	}
	wrong := w.judge(c, reply)
	if c.Gate {
		wrong = append(wrong, judgeGate(c, reply)...)
	}
	if len(c.Want) > 0 && !slices.Contains(c.Want, reply.Status) {
		wrong = append(wrong, fmt.Sprintf("answered %d, not one of %v", reply.Status, c.Want))
	}
	if c.Like != nil {
		like, err := w.send(ctx, c.Route, *c.Like)
		if err != nil {
			wrong = append(wrong, err.Error())
		} else if d := c.different(reply, like); d != "" && (w.Reset != nil || !slowedDown(reply, like)) {
			wrong = append(wrong, "is told apart: "+d)
		}
	}
	w.Tally.Count(c.Class, c.name(), wrong...)
}

// send sends a request and puts the city back if it may have changed.
func (w *World) send(ctx context.Context, route Route, q Request) (Reply, error) {
	if route.JSON && q.Method == http.MethodPost {
		q.Header = maps.Clone(q.Header)
		q.Header["Idempotency-Key"] = rand.Text()
	}
	reply, err := w.Server.Do(ctx, q)
	for tries := 0; err == nil && reply.Status == http.StatusServiceUnavailable && strings.HasSuffix(route.Path, ".pdf") && tries < 20; tries++ {
		time.Sleep(time.Second) // the printer is busy with the other cases
		reply, err = w.Server.Do(ctx, q)
	}
	if err == nil && !route.Safe() && w.Reset != nil && !turnedAway(reply) {
		err = w.Reset(ctx)
	}
	return reply, err
}

// slowedDown says whether one of two alike came too often: without a reset, attempts add up.
func slowedDown(a, b Reply) bool {
	return a.Status == http.StatusTooManyRequests || b.Status == http.StatusTooManyRequests
}

// turnedAway says whether a request was refused before anything could change: not even an attempt was counted.
func turnedAway(r Reply) bool {
	return r.Status == http.StatusUnauthorized || r.Status == http.StatusForbidden || r.Status == http.StatusNotFound
}
