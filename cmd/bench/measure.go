package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// call is one request of the load.
type call struct {
	Host, Path string
	Gzip       bool
	Cookie     string
}

func (c call) on(req *fasthttp.Request) {
	req.Reset()
	req.SetRequestURI("http://" + c.Host + c.Path)
	if c.Gzip {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	if c.Cookie != "" {
		req.Header.Set("Cookie", c.Cookie)
	}
}

// load is a closed loop: each of its connections asks, waits for the answer, and asks again.
type load struct {
	client  *fasthttp.HostClient
	workers int
	pick    func(n int) call // the n-th request of the whole run
	next    int
	cpu     func() cpu // used so far by those who answer; nil if nobody looks
}

func newLoad(addr string, workers int, pick func(int) call) *load {
	return &load{client: &fasthttp.HostClient{Addr: addr, MaxConns: workers, ReadTimeout: 30 * time.Second}, workers: workers, pick: pick}
}

func always(c call) func(int) call { return func(int) call { return c } }

// slice is what a load did in a stretch of time.
type slice struct {
	rate     float64 // requests a second
	p50, p99 time.Duration
	cpu      cpu // a request
}

// cpu is computing time.
type cpu struct{ server, database time.Duration }

func (c cpu) all() float64 { return (c.server + c.database).Seconds() }

// run loads for about d.
func (l *load) run(d time.Duration) (slice, error) {
	took := make([][]time.Duration, l.workers)
	errs := make([]error, l.workers)
	var group sync.WaitGroup
	used := l.used()
	started := time.Now()
	for w := range l.workers {
		group.Go(func() { took[w], errs[w] = l.loop(l.next+w, started.Add(d)) })
	}
	group.Wait()
	elapsed := time.Since(started)
	all := slices.Concat(took...)
	longest := slices.MaxFunc(took, func(a, b []time.Duration) int { return cmp.Compare(len(a), len(b)) })
	l.next += len(longest) * l.workers
	if err := errors.Join(errs...); err != nil {
		return slice{}, err
	}
	slices.Sort(all)
	now, n := l.used(), time.Duration(len(all))
	return slice{
		rate: float64(len(all)) / elapsed.Seconds(), p50: all[len(all)/2], p99: all[len(all)*99/100],
		cpu: cpu{(now.server - used.server) / n, (now.database - used.database) / n},
	}, nil
}

func (l *load) used() cpu {
	if l.cpu == nil {
		return cpu{}
	}
	return l.cpu()
}

func (l *load) loop(n int, until time.Time) (took []time.Duration, err error) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	for now := time.Now(); now.Before(until); n += l.workers {
		c := l.pick(n)
		c.on(req)
		if err := l.client.Do(req, res); err != nil {
			return nil, fmt.Errorf("%s%s: %w", c.Host, c.Path, err)
		}
		if res.StatusCode() != fasthttp.StatusOK {
			return nil, fmt.Errorf("%s%s: status %d", c.Host, c.Path, res.StatusCode())
		}
		then := now
		now = time.Now()
		took = append(took, now.Sub(then))
	}
	return took, nil
}

// fetch asks once, on a connection of its own, and gives the body.
func fetch(addr string, c call) ([]byte, error) {
	client := fasthttp.HostClient{Addr: addr, ReadTimeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	return ask(&client, c)
}

func ask(client *fasthttp.HostClient, c call) ([]byte, error) {
	req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(res)
	c.on(req)
	if err := client.Do(req, res); err != nil {
		return nil, fmt.Errorf("%s%s: %w", c.Host, c.Path, err)
	}
	if res.StatusCode() != fasthttp.StatusOK {
		return nil, fmt.Errorf("%s%s: status %d", c.Host, c.Path, res.StatusCode())
	}
	return slices.Clone(res.Body()), nil
}

// pair is one round: a stretch of each side, next to each other in time.
type pair struct{ ours, theirs slice }

// interleave runs both sides by turns, so that whatever else the machine does falls on both; who begins alternates.
func interleave(rounds int, stretch time.Duration, ours, theirs *load) ([]pair, error) {
	pairs := make([]pair, 0, rounds)
	for round := range rounds + 1 {
		var p pair
		sides := []struct {
			load *load
			into *slice
		}{{ours, &p.ours}, {theirs, &p.theirs}}
		if round%2 == 1 {
			slices.Reverse(sides)
		}
		for _, side := range sides {
			var err error
			if *side.into, err = side.load.run(stretch); err != nil {
				return nil, err
			}
		}
		if round > 0 { // the first warms up
			pairs = append(pairs, p)
		}
	}
	return pairs, nil
}

// spread is a figure of many rounds.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func spreadOf(values []float64) spread {
	s := slices.Sorted(slices.Values(values))
	if len(s) == 0 {
		return spread{}
	}
	middle := s[len(s)/2]
	if len(s)%2 == 0 {
		middle = (s[len(s)/2-1] + middle) / 2
	}
	return spread{middle, s[0], s[len(s)-1]}
}

func over(pairs []pair, figure func(pair) float64) spread {
	values := make([]float64, len(pairs))
	for i, p := range pairs {
		values[i] = figure(p)
	}
	return spreadOf(values)
}
