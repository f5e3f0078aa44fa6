package web

import (
	"fmt"
	"testing"
)

func TestPageCache_TakesNoMoreThanItsBound(t *testing.T) {
	t.Parallel()
	c := newPageCache()
	address := func(n int) pageKey { return pageKey{address: fmt.Sprint(n)} }
	const size = 30 << 10
	pages := 2 * cachedBytes / size
	for n := range pages {
		c.keep(address(n), cachedPage{gzip: make([]byte, size)})
		c.keep(address(n), cachedPage{gzip: make([]byte, size)}) // again: as when it had grown old
		c.get(address(0))
	}
	held := 0
	for _, k := range c.pages.Keys() {
		p, _ := c.pages.Peek(k)
		held += weight(k, p)
	}
	if held != c.taken || held > cachedBytes || held < cachedBytes-2*size {
		t.Errorf("holds %d, counts %d, bound %d", held, c.taken, cachedBytes)
	}
	if _, ok := c.get(address(0)); !ok {
		t.Error("the page that everybody asks for is gone")
	}
	if _, ok := c.get(address(1)); ok {
		t.Error("the page that nobody asks for is still there")
	}
}
