// Command kill proves that a purchase survives crashes. Hundreds of people buy at once over HTTP from the program, which runs as two
// processes on a PostgreSQL of its own; serve, work and PostgreSQL are killed (kill -9) and started again, at random moments and at seven
// boundaries of a purchase: an order half written (for PostgreSQL; written and not told, for serve), a page asked for, a page opened and not
// told, a notice half taken, a notice taken and not told, a refund asked for, a refund made and not told. Whose page
// does not come loads it again. Gateway, mailbox and files live in this process. At the end what people were told, the portal, the ledger
// and the gateway must say the same, cent by cent. A build with a planted bug is caught first; anything found is exit status 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/welfarex/welfarex/cmd/mutants/overlay"
)

// errFound means that something was found.
var errFound = errors.New("something was found: see above")

func main() {
	seed := flag.Uint64("seed", uint64(time.Now().UnixNano())%1_000_000, "of the plan; the same gives the same kills, at other moments")
	kills := flag.Int("kills", 20, "how often something is killed")
	buyers := flag.Int("buyers", 200, "how many people buy")
	proved := flag.Int("proved", 10, "kills that must have cut a purchase's request")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *seed, *kills, *buyers, *proved); err != nil {
		fmt.Fprintln(os.Stderr, "kill:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, seed uint64, kills, buyers, proved int) error {
	dir, err := os.MkdirTemp("", "welfarex-kill-build-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for _, p := range plants {
		if err := p.proveCaught(ctx, dir, seed); err != nil {
			return err
		}
	}
	binary := filepath.Join(dir, "welfarex")
	if err := build(ctx, binary, nil); err != nil {
		return err
	}
	c := &campaign{binary: binary, seed: seed, cities: []string{"cremona", "sondrio"}, buyers: buyers, fates: fates, out: os.Stdout, patience: 2 * time.Minute}
	c.plan = draw(c.random(0), kills)
	fmt.Printf("seed %d: %d people buy, %d kills\n", seed, buyers, kills)
	found, err := c.run(ctx)
	if err != nil {
		return err
	}
	for _, line := range found {
		fmt.Println("FOUND", line)
	}
	fmt.Println(c.summary())
	switch {
	case len(found) > 0:
		return errFound
	case c.proved() < proved:
		return fmt.Errorf("only %d kills cut a purchase's request, not %d", c.proved(), proved)
	}
	return nil
}

// build compiles the program with bugs, or with none.
func build(ctx context.Context, binary string, bugs []overlay.Edit) error {
	args := []string{"build", "-trimpath", "-o", binary}
	if len(bugs) > 0 {
		list, err := overlay.Write(".", binary+".overlay", bugs)
		if err != nil {
			return err
		}
		args = append(args, "-overlay", list)
	}
	out, err := exec.CommandContext(ctx, "go", append(args, "./cmd/welfarex")...).CombinedOutput() //nolint:gosec // our own arguments
	if err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return nil
}

// random is a source of its own for each of those who draw.
func (c *campaign) random(who uint64) *rand.Rand { return rand.New(rand.NewPCG(c.seed, who)) } //nolint:gosec // a plan that can be repeated
