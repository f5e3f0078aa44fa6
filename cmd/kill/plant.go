package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/welfarex/welfarex/cmd/mutants/overlay"
)

// plant is a bug that the campaign must find before its zeros count, and the kills that show it.
type plant struct {
	name  string
	edits []overlay.Edit
	fates []fate
	plan  []kill
}

var plants = []plant{
	{
		name: "a notice counts before its effect, outside of its transaction", fates: []fate{leaves}, plan: []kill{{victim: serve, at: noticeHalf}},
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
		edits: []overlay.Edit{{File: "modules/payments/card.go", Old: "	asked.SetIdempotencyKey(r.ID.String())\n", New: ""}},
	},
}

// proveCaught runs a small campaign against a program with the bug, which must find something.
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
	if len(found) == 0 {
		return fmt.Errorf("the planted bug was not found: %s", p.name)
	}
	fmt.Printf("planted: %s\n  caught: %s\n", p.name, found[0])
	return nil
}
