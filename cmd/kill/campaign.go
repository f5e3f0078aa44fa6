package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"
)

// campaign is one run: people who buy, and what is killed meanwhile.
type campaign struct {
	binary string
	seed   uint64
	cities []string
	buyers int
	fates  []fate
	plan   []*kill
	out    io.Writer

	patience time.Duration // for everything that was begun to come to its end

	house  *house
	people []*buyer
	desks  []*desk
	books  *books
	took   time.Duration
}

// longest is how long people may take to buy.
const longest = 10 * time.Minute

// run gives what was found.
func (c *campaign) run(ctx context.Context) (found []string, err error) {
	if c.house, err = openHouse(ctx, c.binary, c.cities); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.house.close()) }()
	if c.people, err = c.house.seed(ctx, c.buyers); err != nil {
		return nil, err
	}
	if err := c.comeIn(ctx); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := c.trade(ctx); err != nil {
		return nil, err
	}
	c.took = time.Since(began)
	undrained := c.house.drain(ctx, c.patience)
	if c.books, err = c.house.read(ctx); err != nil {
		return nil, err
	}
	if err := c.books.check(ctx, c.people, c.desks); err != nil {
		return nil, err
	}
	for _, p := range []*child{c.house.serve, c.house.work} {
		for _, line := range p.complaints() {
			c.house.find("%s", line)
		}
	}
	if undrained != nil {
		c.house.find("%v", undrained)
	}
	return c.house.findings(), nil
}

// comeIn signs everybody in, while nothing is killed yet.
func (c *campaign) comeIn(ctx context.Context) error {
	for i, city := range c.house.cities {
		d := newDesk(c.house, city, len(c.people)+i+1, c.random(uint64(len(c.people)+i+2))) //nolint:gosec // a few hundred
		if err := d.signIn(ctx); err != nil {
			return err
		}
		c.desks = append(c.desks, d)
	}
	return each(c.people, 8, func(i int, b *buyer) error {
		b.means(c.random(uint64(i+1)), c.fates) //nolint:gosec // a few hundred
		return b.signIn(ctx, b.email)
	})
}

// trade lets people buy, providers answer and processes die, until all have done what they meant to.
func (c *campaign) trade(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	way, closed := newCourse(len(c.plan)), make(chan struct{})
	var serving sync.WaitGroup
	for _, d := range c.desks {
		serving.Go(func() {
			if err := d.serve(ctx, closed); err != nil {
				c.house.find("the desk of %s: %v", d.city.slug, err)
			}
		})
	}
	killed := make(chan error, 1)
	k := &killer{house: c.house, course: way, rand: c.random(0), out: c.out}
	go func() {
		err := k.run(ctx, c.plan)
		if err != nil {
			cancel()
		}
		killed <- err
	}()
	_ = each(c.people, len(c.people), func(_ int, b *buyer) error {
		if err := b.buy(ctx, way); err != nil {
			c.house.find("%s, who %s: %v", b.email, b.fate, err)
		}
		return nil
	})
	close(closed)
	serving.Wait()
	return <-killed
}

// each does something for all of a list, so many at once.
func each[T any](list []T, atOnce int, do func(int, T) error) error {
	var running sync.WaitGroup
	errs, turn := make([]error, len(list)), make(chan struct{}, atOnce)
	for i, one := range list {
		turn <- struct{}{}
		running.Go(func() {
			defer func() { <-turn }()
			errs[i] = do(i, one)
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

// proved is how many kills cut a purchase's request.
func (c *campaign) proved() (n int) {
	for _, k := range c.plan {
		n += count(k.cut > 0)
	}
	return n
}

// summary counts what happened.
func (c *campaign) summary() string {
	states, letters := map[string]int{}, len(c.house.mail.Messages())
	paid, back, promised, cut, posts := 0, 0, 0, 0, 0
	for _, p := range c.books.parts {
		states[p.State]++
	}
	for _, p := range c.books.payments {
		paid += count(p.State == "paid")
		back += count(p.Return == "done")
	}
	for _, j := range c.books.jobs {
		promised += count(j.Kind == "orders.mail")
	}
	for _, k := range c.plan {
		cut, posts = cut+k.cut, posts+k.posts
	}
	acknowledged := 0
	for _, b := range c.people {
		acknowledged += count(b.ordered)
	}
	return fmt.Sprintf("%d kills in %.0f s, %d of them in flight: %d posts under way, %d cut\n%d acknowledged orders = %d orders (%v)\n"+
		"%d paid = %d charges = %d ledger transfers; %d given back = %d refunds = %d ledger transfers\n%d letters promised, %d came; %d jobs; %d findings",
		len(c.plan), c.took.Seconds(), c.proved(), posts, cut, acknowledged, len(c.books.parts), states,
		paid, len(c.books.charges), c.books.transfersLike("payment:"), back, len(c.books.refunds), c.books.transfersLike("refund:"),
		promised, letters, len(c.books.jobs), len(c.house.findings()))
}

// transfersLike counts the transfers that count, by how their key begins.
func (b *books) transfersLike(key string) (n int) {
	for k, t := range b.transfers {
		n += count(t.Counts && len(k) > len(key) && k[:len(key)] == key)
	}
	return n
}
