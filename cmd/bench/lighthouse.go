package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// audit is what is read of a Lighthouse report.
type audit struct {
	Categories map[string]struct {
		Score float64 `json:"score"`
	} `json:"categories"`
	Audits map[string]struct {
		NumericValue float64 `json:"numericValue"`
	} `json:"audits"`
}

const (
	lighthouseCommand = ".cache/lighthouse/node_modules/lighthouse/cli/index.js"
	chromeFlags       = "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
	lighthouseRuns    = 5
)

// lighthouse looks at the pages as a phone of the middle class does; the figures are medians.
func (b *bench) lighthouse(ctx context.Context) error {
	file, err := b.house.write(b.dir, "nine.env")
	if err != nil {
		return err
	}
	p, err := b.serve(ctx, file)
	if err != nil {
		return err
	}
	defer func() { _ = p.stop() }()
	for _, page := range pages {
		scores := map[string][]float64{}
		for range lighthouseRuns {
			a, err := lookAt(ctx, "http://"+host(cities[0])+":"+p.port+page.path)
			if err != nil {
				return err
			}
			for name, c := range a.Categories {
				scores[name] = append(scores[name], 100*c.Score)
			}
			scores["bytes"] = append(scores["bytes"], a.Audits["total-byte-weight"].NumericValue/1024)
		}
		for _, x := range []struct {
			name, unit string
			goal       *goal
		}{
			{"performance", "", atLeast(95, 95)}, {"accessibility", "", atLeast(100, 100)}, {"best-practices", "", atLeast(100, 100)}, {"seo", "", atLeast(100, 100)},
			{"bytes", "KB", atMost(100, 50)},
		} {
			s := spreadOf(scores[x.name])
			b.report.add(figure{Section: "lighthouse", Name: page.name + ": " + x.name, Unit: x.unit, Ours: s.Median, Goal: x.goal, Note: fmt.Sprintf("%s–%s", number(s.Min), number(s.Max))})
		}
	}
	return nil
}

func lookAt(ctx context.Context, url string) (a audit, err error) {
	cmd := exec.CommandContext(ctx, "node", lighthouseCommand, url, "--quiet", "--output=json", "--output-path=stdout", "--chrome-flags="+chromeFlags) //nolint:gosec // our own pages
	cmd.Env = append(os.Environ(), "CHROME_PATH="+os.Getenv("CHROMIUM"))
	out, err := cmd.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			err = fmt.Errorf("%w: %s", err, failed.Stderr)
		}
		return a, fmt.Errorf("lighthouse %s: %w", url, err)
	}
	return a, json.Unmarshal(out, &a)
}
