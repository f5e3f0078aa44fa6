package main

import (
	"context"
	"fmt"
	"sync"
)

// course ties the purchases to the kills, however fast the machine is: every kill has its part of the steps, which people begin once it is aimed.
type course struct {
	mu    sync.Mutex
	begun int
	total int
	next  chan struct{}
}

func newCourse(kills int) *course { return &course{total: kills, next: make(chan struct{})} }

// reach waits for a part of the kills, between 0 and 1.
func (c *course) reach(ctx context.Context, part float64) error {
	for {
		c.mu.Lock()
		begun, next := c.begun, c.next
		c.mu.Unlock()
		if begun > int(part*float64(c.total)) {
			return nil
		}
		select {
		case <-next:
		case <-ctx.Done():
			return fmt.Errorf("no further than to kill %d: %w", begun, ctx.Err())
		}
	}
}

// begin lets people do what belongs to the next kill.
func (c *course) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.begun++
	close(c.next)
	c.next = make(chan struct{})
}
