package bundle

import (
	"fmt"
	"strings"
)

// Text is the result in plain words, for a terminal.
func (r Result) Text() string {
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	if r.OK {
		say("OK. Everything in this bundle fits together.")
	} else {
		say("NOT OK. %s found:", count(len(r.Failures), "thing that does not hold was", "things that do not hold were"))
		for _, f := range r.Failures {
			say("  %s: %s", f.Where, f.What)
		}
	}
	say("")
	say("Client      %s", r.Client)
	say("Log         %s, %s", r.about.Origin, count(int(r.LogSize), "entry", "entries"))
	say("Root        %s", r.Root)
	say("Disclosed   %s; erased %d; withheld %d", count(int(r.Entries), "entry", "entries"), r.Erased, total(r.Withheld))
	for _, k := range r.Withheld {
		say("              withheld: %d of kind %s", k.Count, k.Kind)
	}
	for _, l := range r.lost {
		say("Lost        %s", l)
	}
	r.sayKey(say)
	r.sayOutside(say)
	r.sayCoverage(say)
	for _, n := range r.Notes {
		say("Note        %s", n)
	}
	say("")
	say("This says that entries are as they were logged. What they are worth is for the reader to judge. Not legal advice.")
	return b.String()
}

func (r Result) sayKey(say func(string, ...any)) {
	say("Key         %s", r.Key.VKey)
	if r.Key.Trusted {
		say("              It is the key that you gave.")
		return
	}
	say("              It came with the bundle, which shows integrity, not origin. Ask the MSP for its key by another way and give it with --key.")
}

func (r Result) sayOutside(say func(string, ...any)) {
	for _, c := range r.Cosignatures {
		say("Cosigned    by %s at %s", c.Name, text(int64(c.At)))
	}
	if n := len(r.Timestamps); n > 0 {
		last := r.Timestamps[n-1]
		say("Stamped     %s; by %s at %s", count(n, "time", "times"), last.Authority, text(int64(last.At)))
	}
	if r.VouchedWithin == nil {
		say("Times       Nobody outside vouches for the recorded times.")
	} else {
		say("Times       Recorded times of entries 0 to %d are vouched for from outside, to within %s.", r.Vouched-1, count(int(*r.VouchedWithin), "minute", "minutes"))
	}
	switch {
	case r.Complete == nil:
		say("Checkpoints Completeness of checkpoints not checked; give --instance to check it.")
	case *r.Complete:
		say("Checkpoints No checkpoint of this log was left out.")
	}
}

func (r Result) sayCoverage(say func(string, ...any)) {
	switch r.Coverage {
	case CoverageFull:
		say("Coverage    Recomputed from the disclosed entries; nothing that feeds these practices is withheld.")
	case CoveragePartial:
		say("Coverage    Recomputed; not vouched for, because entries that feed them are withheld: %s.", strings.Join(r.NotVouched, ", "))
	default:
		say("Coverage    Not vouched for.")
	}
	for _, d := range r.Differences {
		say("              differs: %s", d)
	}
	say("Report      report.html is as signed; it was not recomputed.")
}

func total(list []KindCount) (n uint64) {
	for _, k := range list {
		n += k.Count
	}
	return n
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(int64(n)) + " " + many
}

// grouped writes a whole number with commas: 17,206.
func grouped(n int64) string {
	s := fmt.Sprintf("%d", n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
