package cli_test

import (
	"testing"

	"breakwater/internal/cli"
	"breakwater/internal/coverage"
)

func TestStripShowsTheWorstOfEachCell(t *testing.T) {
	w := coverage.Window{From: 0, To: 480}
	p := coverage.Practice{
		Exempt:  []coverage.Exempt{{From: 0, To: 100}},
		Covered: []coverage.Covered{{From: 100, To: 205, Grade: "recorded"}, {From: 215, To: 240, Alternative: true}, {From: 320, To: 480}},
		Gaps: []coverage.Gap{
			{From: 205, To: 215, Kind: coverage.Unproven},
			{From: 240, To: 319, Kind: coverage.Unproven},
			{From: 319, To: 320, Kind: coverage.Failed},
		},
	}
	want := "··········██████████░░▒▒░░░░░░░×████████████████"
	if got := cli.Strip(p, w); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
