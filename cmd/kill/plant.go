package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/welfarex/welfarex/cmd/mutants/overlay"
)

// plant is a bug that the campaign must find before its zeros count, the kills that show it, and what must be said of it: that things did not
// come to their end in time, a slow machine says as well.
type plant struct {
	name  string
	edits []overlay.Edit
	fates []fate
	plan  []kill
	says  string
}

var plants = []plant{
	{
		name: "a notice counts before its effect, outside of its transaction", fates: []fate{leaves}, plan: []kill{{victim: serve, at: noticeHalf}},
		says: "is open, and was charged 1 times",
		edits: []overlay.Edit{{File: "modules/payments/service.go", Old: `	return s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.follow.LockPart(ctx, p.Part); err != nil {
			return err
		}
		if n.ID != "" {
			if fresh, err := insertNotice(ctx, p.Rail, n, s.now()); err != nil || !fresh {
				return err
			}
		}
`, New: `	fresh := n.ID == ""
	if err := s.db.Tx(ctx, func(ctx context.Context) (err error) {
		if n.ID != "" {
			fresh, err = insertNotice(ctx, p.Rail, n, s.now())
		}
		return err
	}); err != nil || !fresh {
		return err
	}
	return s.db.Tx(ctx, func(ctx context.Context) error {
		if err := s.follow.LockPart(ctx, p.Part); err != nil {
			return err
		}
`}},
	},
	{
		name: "a refund is asked for under a new key each time", fates: []fate{regrets}, plan: []kill{{victim: work, at: refundMade}},
		says:  `its refund is "asked", and was given 1 times`,
		edits: []overlay.Edit{{File: "modules/payments/card.go", Old: "	asked.SetIdempotencyKey(r.ID.String())\n", New: ""}},
	},
}

// proveCaught runs a small campaign against a program with the bug, which must find it.
func (p plant) proveCaught(ctx context.Context, dir string, seed uint64) error {
	binary := filepath.Join(dir, "planted")
	if err := build(ctx, binary, p.edits); err != nil {
		return err
	}
	c := &campaign{binary: binary, seed: seed, cities: []string{"cremona"}, buyers: 4, fates: p.fates, out: io.Discard, patience: 45 * time.Second}
	for i := range p.plan {
		c.plan = append(c.plan, &kill{victim: p.plan[i].victim, at: p.plan[i].at})
	}
	found, err := c.run(ctx)
	if err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	line, err := p.caught(found)
	if err == nil {
		fmt.Printf("planted: %s\n  caught: %s\n", p.name, line)
	}
	return err
}

// caught is the finding that says what the bug did.
func (p plant) caught(found []string) (string, error) {
	i := slices.IndexFunc(found, func(line string) bool { return strings.Contains(line, p.says) })
	if i < 0 {
		return "", fmt.Errorf("the planted bug was not found: %s: nothing says %q of %q", p.name, p.says, found)
	}
	return found[i], nil
}
