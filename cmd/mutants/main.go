// Command mutants plants bugs, one at a time, and runs the case of the isolation suite that must catch each. It proves that the suite's
// zeros count. The tree is never touched: bugs in Go go in by `go test -overlay`, bugs in the database once the suite has opened its cities.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/welfarex/welfarex/cmd/mutants/overlay"
)

// suite is where the isolation suite lives.
const suite = "./cmd/welfarex"

var errMissed = errors.New("a planted bug was not caught")

func main() {
	short := flag.Bool("short", false, "only the bugs marked short: three in the database, three in Go")
	only := flag.String("only", "", "only the bugs whose name holds this")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *short, *only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, short bool, only string) error {
	chosen := slices.DeleteFunc(slices.Clone(mutants), func(m mutant) bool { return short && !m.short || !strings.Contains(m.name, only) })
	folder, err := os.MkdirTemp("", "welfarex-mutants-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	plain := filepath.Join(folder, "plain.test")
	if err := build(ctx, plain, ""); err != nil {
		return err
	}
	if err := baseline(ctx, plain, chosen); err != nil {
		return err
	}
	missed := 0
	fmt.Printf("%-64s %-13s %-8s %s\n", "planted bug", "case", "", "what the case said")
	for i, m := range chosen {
		started := time.Now()
		said, err := m.try(ctx, filepath.Join(folder, fmt.Sprint(i)), plain)
		verdict := "caught"
		if err != nil {
			missed++
			verdict, said = "MISSED", err.Error()
		}
		fmt.Printf("%-64s %-13s %-8s %s (%.0f s)\n", m.name, m.caught, verdict, said, time.Since(started).Seconds())
	}
	if missed > 0 {
		return fmt.Errorf("%w: %d of %d", errMissed, missed, len(chosen))
	}
	return nil
}

// baseline makes sure that the cases pass without a bug: else their failing would prove nothing.
func baseline(ctx context.Context, binary string, chosen []mutant) error {
	var cases []string
	for _, m := range chosen {
		if !slices.Contains(cases, m.caught) {
			cases = append(cases, m.caught)
		}
	}
	out, err := test(ctx, binary, strings.Join(cases, "|"), "")
	if err != nil {
		return fmt.Errorf("the suite fails without any bug:\n%s", out)
	}
	for _, name := range cases {
		if !strings.Contains(out, "--- PASS: TestIsolation/"+name+" ") {
			return fmt.Errorf("there is no case %q", name)
		}
	}
	return nil
}

// try plants the bug and gives what the case said of it, or an error if it said nothing.
func (m mutant) try(ctx context.Context, folder, plain string) (string, error) {
	binary := plain
	if len(m.edits) > 0 {
		list, err := overlay.Write(".", folder, m.plants())
		if err != nil {
			return "", err
		}
		binary = filepath.Join(folder, "mutant.test")
		if err := build(ctx, binary, list); err != nil {
			return "", err
		}
	}
	out, err := test(ctx, binary, m.caught, m.sql)
	if err == nil {
		return "", errors.New("the case passes")
	}
	if !strings.Contains(out, "--- FAIL: TestIsolation/"+m.caught+" ") {
		return "", fmt.Errorf("the suite did not get as far as the case: %s", lastLines(out))
	}
	return evidence(out), nil
}

func build(ctx context.Context, binary, list string) error {
	args := []string{"test", "-c", "-o", binary}
	if list != "" {
		args = append(args, "-overlay", list)
	}
	out, err := exec.CommandContext(ctx, "go", append(args, suite)...).CombinedOutput() //nolint:gosec // our own arguments
	if err != nil {
		return fmt.Errorf("build: %w\n%s", err, out)
	}
	return nil
}

// test runs cases of a built suite, with SQL to plant or none.
func test(ctx context.Context, binary, cases, sql string) (string, error) {
	cmd := exec.CommandContext(ctx, binary, "-test.v", "-test.run", "^TestIsolation$/^("+cases+")$") //nolint:gosec // our own binary
	cmd.Dir = suite
	cmd.Env = append(os.Environ(), "WELFAREX_PLANT_SQL="+sql)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

var finding = regexp.MustCompile(`(?m)^\s+isolation_\w+\.go:\d+: (.*)$`)

// evidence is the first thing that the case found.
func evidence(out string) string {
	for _, m := range finding.FindAllStringSubmatch(out, -1) {
		if !strings.Contains(m[1], "findings, the first of them") {
			if len(m[1]) > 150 {
				return m[1][:150] + "…"
			}
			return m[1]
		}
	}
	return "failed"
}

func lastLines(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return strings.Join(lines[max(0, len(lines)-8):], "\n")
}
