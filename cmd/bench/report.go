package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
)

// figure is one line of the report.
type figure struct {
	Section string  `json:"section"`
	Name    string  `json:"name"`
	Unit    string  `json:"unit"`             // of Ours and Theirs
	Ours    float64 `json:"ours"`             // median
	Theirs  float64 `json:"theirs,omitempty"` // median of what it is compared with
	Ratio   *spread `json:"ratio,omitempty"`  // ours to theirs, round by round
	CPU     *spread `json:"cpu,omitempty"`    // the same of computing time a request, theirs to ours
	Goal    *goal   `json:"goal,omitempty"`
	Note    string  `json:"note,omitempty"`
}

// goal bounds the ratio if there is one, else Ours.
type goal struct {
	AtLeast bool    `json:"at_least"` // else at most
	Value   float64 `json:"value"`
	Aim     float64 `json:"aim"`
}

func atLeast(value, aim float64) *goal { return &goal{true, value, aim} }
func atMost(value, aim float64) *goal  { return &goal{false, value, aim} }

func (f figure) verdict() string {
	if f.Goal == nil {
		return ""
	}
	v := f.Ours
	if f.Ratio != nil {
		v = f.Ratio.Median
	}
	meets := func(bound float64) bool {
		if f.Goal.AtLeast {
			return v >= bound
		}
		return v <= bound
	}
	switch {
	case meets(f.Goal.Aim):
		return "aim"
	case meets(f.Goal.Value):
		return "goal"
	}
	return "MISSED"
}

// report collects figures and shows each section as soon as it is done.
type report struct {
	Machine string   `json:"machine"`
	Figures []figure `json:"figures"`
	out     io.Writer
}

func (r *report) add(figures ...figure) {
	r.Figures = append(r.Figures, figures...)
	table := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	for _, f := range figures {
		ratio, bound := "", ""
		if f.Ratio != nil {
			ratio = fmt.Sprintf("%.2f (%.2f–%.2f)", f.Ratio.Median, f.Ratio.Min, f.Ratio.Max)
		}
		if f.CPU != nil {
			f.Note = fmt.Sprintf("by CPU %.2f (%.2f–%.2f), %s", f.CPU.Median, f.CPU.Min, f.CPU.Max, f.Note)
		}
		if f.Goal != nil {
			sign := "≤"
			if f.Goal.AtLeast {
				sign = "≥"
			}
			bound = fmt.Sprintf("%s %s (aim %s)", sign, number(f.Goal.Value), number(f.Goal.Aim))
		}
		theirs := ""
		if f.Theirs != 0 {
			theirs = number(f.Theirs)
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s %s\t%s\t%s\t%s\t%s\t%s\n", f.Section, f.Name, number(f.Ours), f.Unit, theirs, ratio, bound, f.verdict(), f.Note)
	}
	_ = table.Flush()
}

func number(v float64) string {
	switch {
	case v == float64(int64(v)):
		return fmt.Sprintf("%d", int64(v))
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

func (r *report) save(file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(raw, '\n'), 0o600)
}
