package penalty

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// WriteText writes the result for a person: the rows, the total under each
// reading of the cap, and the remedies that stand beside it.
func (res Result) WriteText(w io.Writer) error {
	var page bytes.Buffer
	fmt.Fprintf(&page, "Civil money penalty assessed %s (45 CFR 160.404, 102.3), caps: %s\n", res.assessed, res.Cap)
	for _, v := range res.Violations {
		v.writeText(&page)
	}
	res.writeTotals(&page)
	res.writeBeside(&page)
	for _, note := range res.Notes {
		fmt.Fprintf(&page, "Note: %s.\n", note)
	}
	fmt.Fprintf(&page, "Law checked on %s. Arithmetic of the rule, not legal advice.\n", res.Checked)
	if _, err := w.Write(page.Bytes()); err != nil {
		return fmt.Errorf("write penalty: %w", err)
	}
	return nil
}

func (v ViolationResult) writeText(page *bytes.Buffer) {
	tier := Tiers()[v.Tier-1]
	fmt.Fprintf(page, "\n%s, tier %d: %s (%s)\n", v.Provision, tier.Tier, tier.Meaning, tier.Cite)
	if len(v.Years) > 0 {
		table := tabwriter.NewWriter(page, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(table, "year\tfrom\tto\tschedule\tcount\trate\tcap\tmin\tmax\timposed\t")
		for _, y := range v.Years {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", y.Year, y.From, y.To, y.Schedule,
				grouped(y.Count), optional(y.Rate), dollars(y.Cap), y.Amount.cells())
		}
		fmt.Fprintf(table, "total\t\t\t\t\t\t\t%s\t\n", v.Total.cells())
		table.Flush()
	}
	for _, note := range v.Notes {
		fmt.Fprintf(page, "  %s.\n", note)
	}
}

func (res Result) writeTotals(page *bytes.Buffer) {
	fmt.Fprintln(page, "\nTotal by reading of the yearly cap")
	table := tabwriter.NewWriter(page, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tmin\tmax\timposed\t")
	for _, mode := range capModes {
		name := string(mode)
		if mode == res.Cap {
			name += " (chosen)"
		}
		fmt.Fprintf(table, "%s\t%s\t\n", name, res.ByCap[mode].cells())
	}
	if res.Reduced != nil {
		fmt.Fprintf(table, "chosen, less %d%% as entered\t%s\t\n", res.percent, res.Reduced.cells())
	}
	table.Flush()
}

// writeBeside names the remedies that the total leaves out.
func (res Result) writeBeside(page *bytes.Buffer) {
	state := AttorneyGeneral()
	fmt.Fprintf(page, "\nNot in the total: a state attorney general may sue for up to %s here (%s each, %s a year for an identical requirement; costs and fees apart; %s).\n",
		dollars(res.StateMax), dollars(state.MaxEach), dollars(state.YearCap), state.Cite)
	for _, c := range Criminal() {
		unit := "years"
		if c.MaxYears == 1 {
			unit = "year"
		}
		fmt.Fprintf(page, "Crime, %s: up to %s and %d %s (%s).\n", c.Meaning, dollars(c.MaxFine), c.MaxYears, unit, c.Cite)
	}
}

// cells are the three columns of a range.
func (r Range) cells() string {
	return dollars(r.Min) + "\t" + dollars(r.Max) + "\t" + optional(r.Imposed)
}

func optional(n *int64) string {
	if n == nil {
		return "-"
	}
	return dollars(*n)
}

func dollars(n int64) string {
	if n < 0 {
		return "-" + dollars(-n)
	}
	return "$" + grouped(n)
}

// grouped writes a count of zero or more with commas.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}
