// Command attack builds the program, starts its demo in a folder of its own, and attacks it from outside: people of every role of one
// city, with everything known of another, at every route of `welfarex routes --json`, and bytes on raw sockets. It prints how many
// attacks of each class there were and what they found; anything found is exit status 1.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"time"

	"github.com/welfarex/welfarex/cmd/attack/attacks"
)

const binary = "bin/welfarex"

// errLeaks means that something was found.
var errLeaks = errors.New("something was found: see above")

// fewest is how many attacks there must be; fewer would mean that the generator or the harvest has lost something.
const fewest = 5000

func main() {
	city := flag.String("city", "cremona", "the city under attack")
	other := flag.String("other", "biella", "the city whose data must not show")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *city, *other); err != nil {
		fmt.Fprintln(os.Stderr, "attack:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, city, other string) error {
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", binary, "./cmd/welfarex")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build: %w", err)
	}
	routes, err := manifest(ctx)
	if err != nil {
		return err
	}
	d, err := startDemo(ctx)
	if err != nil {
		return err
	}
	defer d.stop()
	started := time.Now()
	w, err := d.world(ctx, routes, city, other)
	if err != nil {
		return err
	}
	attack(ctx, d, w)
	fmt.Printf("%s\n%d routes, %.0f s\n", w.Tally.Table(), len(routes), time.Since(started).Seconds())
	found := w.Tally.Take()
	for _, f := range found {
		fmt.Println("LEAK", f)
	}
	if len(found) > 0 {
		return errLeaks
	}
	if w.Tally.Total() < fewest {
		return fmt.Errorf("only %d attacks, expected at least %d", w.Tally.Total(), fewest)
	}
	return nil
}

// manifest asks the program for its routes.
func manifest(ctx context.Context) ([]attacks.Route, error) {
	out, err := exec.CommandContext(ctx, binary, "routes", "--json").Output()
	if err != nil {
		return nil, fmt.Errorf("welfarex routes --json: %w", err)
	}
	var routes []attacks.Route
	if err := json.Unmarshal(out, &routes); err != nil {
		return nil, fmt.Errorf("welfarex routes --json: %w", err)
	}
	return append(routes, attacks.Fixed...), nil
}

// attack tries everything that needs nothing but the network.
func attack(ctx context.Context, d *demo, w *attacks.World) {
	w.Manifest()
	for _, generate := range []func() []attacks.Case{
		w.Knock, w.ForeignIDs, w.MalformedIDs, w.QueryValues, w.FormValues, w.CrossSite, w.Crossing, w.Forged, w.Away,
	} {
		w.Run(ctx, generate())
	}
	w.Caches(ctx)
	w.Sockets(ctx)
	w.Pipelined(ctx, 25)
	d.readMail(ctx, w)
}
