package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/welfarex/welfarex/cmd/mutants/overlay"
)

func TestMain(m *testing.M) {
	if err := os.Chdir("../.."); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestPlants_HaveTheirPlace(t *testing.T) {
	t.Parallel()
	for _, p := range plants {
		if _, err := overlay.Apply(".", p.edits); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
	}
}

func TestPlants_AreNotCaughtByWhatASlowMachineSays(t *testing.T) {
	t.Parallel()
	for _, p := range plants {
		if line, err := p.caught([]string{"not in 45s: all jobs, refunds and notices come to their end"}); err == nil {
			t.Errorf("%s: caught by %q", p.name, line)
		}
		if _, err := p.caught([]string{"another thing", "x: " + p.says}); err != nil {
			t.Error(err)
		}
	}
}

func TestKill_SaysWhatItStruck(t *testing.T) {
	t.Parallel()
	for victim, want := range map[victim]string{serve: "an order written, not told", both: "an order written, not told", postgres: "an order half written", backend: "an order half written"} {
		if line := (&kill{victim: victim, at: orderHalf}).line(1); !strings.Contains(line, want) {
			t.Errorf("%s: %s", victim, line)
		}
	}
}

// Both campaigns need the file store, of which a process has one: they run in turn.
func TestKill_SeesAPlantedBug(t *testing.T) {
	if err := plants[0].proveCaught(t.Context(), t.TempDir(), 1); err != nil {
		t.Fatal(err)
	}
}

// A few kills among a few purchases; `make kill` is the whole.
func TestKill_LosesNoPurchase(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "welfarex")
	if err := build(t.Context(), binary, nil); err != nil {
		t.Fatal(err)
	}
	c := &campaign{binary: binary, seed: 1, cities: []string{"cremona"}, buyers: 16, fates: fates, out: t.Output(), patience: time.Minute, plan: []*kill{
		{victim: serve, at: orderHalf}, {victim: postgres, at: pageOpened}, {victim: serve, at: noticeHalf}, {victim: both, at: anywhere},
	}}
	found, err := c.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range found {
		t.Error(line)
	}
	if t.Log(c.summary()); c.proved() < 2 {
		t.Errorf("only %d kills cut a purchase's request", c.proved())
	}
}
