// Command bench measures what the program costs, as ratios within one run: whatever else the machine does falls on both sides.
// Start it with `make bench`; -only chooses sections.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/welfarex/welfarex/modules/kit/local"
)

// sections in the order in which they run.
var sections = []string{"list", "sheet", "rls", "trips", "checkout", "import", "cities", "lighthouse"}

// bench is one run.
type bench struct {
	rounds  int
	stretch time.Duration
	workers int
	comuni  int
	binary  string
	profile string
	only    []string

	dir    string
	house  *house
	report *report
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(os.Args) == 3 && os.Args[1] == childArg {
		exit(beChild(ctx, os.Args[2]))
	}
	b := &bench{report: &report{out: os.Stdout, Machine: fmt.Sprintf("%s/%s, %d CPUs, %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())}}
	only, file := "", ""
	flag.StringVar(&only, "only", "", "sections, separated by commas: "+strings.Join(sections, ","))
	flag.IntVar(&b.rounds, "rounds", 15, "rounds; each runs both sides once")
	flag.DurationVar(&b.stretch, "slice", 500*time.Millisecond, "how long a side runs in a round")
	flag.IntVar(&b.workers, "connections", 4, "connections of the load")
	flag.IntVar(&b.comuni, "comuni", 0, "import so many comuni; 0 for all")
	flag.StringVar(&b.binary, "binary", "bin/welfarex", "the program")
	flag.StringVar(&b.profile, "profile", "", "folder for CPU profiles of the measured servers")
	flag.StringVar(&file, "out", ".cache/bench.json", "where the figures go as JSON")
	flag.Parse()
	b.only = sections
	if only != "" {
		b.only = strings.Split(only, ",")
	}
	err := b.run(ctx)
	exit(errors.Join(err, b.report.save(file)))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (b *bench) run(ctx context.Context) (err error) {
	for _, name := range b.only {
		if !slices.Contains(sections, name) {
			return fmt.Errorf("no section %q", name)
		}
	}
	if b.dir, err = os.MkdirTemp("", "welfarex-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	postgres, err := local.StartPostgres(ctx, local.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, postgres.Stop(context.WithoutCancel(ctx))) }()
	if b.house, err = openHouse(ctx, b.dir, postgres, len(cities)); err != nil {
		return err
	}
	defer b.house.close()
	for _, section := range []struct {
		names []string
		run   func(context.Context) error
	}{
		{[]string{"trips"}, b.trips}, {[]string{"list", "sheet", "rls"}, b.pages}, {[]string{"checkout"}, b.checkout}, {[]string{"import", "cities"}, b.cities}, {[]string{"lighthouse"}, b.lighthouse},
	} {
		if !slices.ContainsFunc(section.names, b.wants) {
			continue
		}
		if err := section.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", strings.Join(section.names, ", "), err)
		}
	}
	return nil
}

func (b *bench) wants(section string) bool { return slices.Contains(b.only, section) }
