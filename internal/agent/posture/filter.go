package posture

// verdict is what a packet filter does with a packet that no rule picks out.
type verdict string

const (
	undecided verdict = ""
	accept    verdict = "accept"
	drop      verdict = "drop"
	reject    verdict = "reject"
)

// maxRules bounds a rule set; larger ones exist (blocklists) but belong in sets.
const maxRules = 200_000

// rule is one rule without its conditions: only a rule without any decides the default.
type rule struct {
	conditional bool
	verdict     verdict // accept, drop, reject or undecided
	target      string  // the chain that it jumps or goes to
	leaves      bool    // return: the chain ends here; with a target: goto
}

// chain is an ordered list of rules; policy is set on base chains only.
type chain struct {
	rules  []rule
	policy verdict
}

// chains are the chains of one table by name.
type chains map[string]*chain

func (c chains) named(name string) *chain {
	if c[name] == nil {
		c[name] = &chain{}
	}
	return c[name]
}

// byDefault is what a base chain does with a packet that only rules without conditions apply to.
func (c chains) byDefault(name string) verdict {
	base := c[name]
	if base == nil {
		return accept
	}
	if v := c.walk(name, map[string]bool{}, 0); v != undecided {
		return v
	}
	if base.policy != undecided {
		return base.policy
	}
	return accept
}

// walk returns the verdict of a chain, undecided when packets come back to the caller. A chain is
// walked once: one that decided nothing the first time decides nothing the second time either.
func (c chains) walk(name string, seen map[string]bool, depth int) verdict {
	this := c[name]
	if this == nil || seen[name] || depth > maxDepth {
		return undecided
	}
	seen[name] = true
	for _, r := range this.rules {
		if r.conditional {
			continue
		}
		if r.verdict != undecided {
			return r.verdict
		}
		if r.target != "" {
			if v := c.walk(r.target, seen, depth+1); v != undecided {
				return v
			}
		}
		if r.leaves {
			return undecided
		}
	}
	return undecided
}

// stricter joins two filters that both see a packet: it must be let through by both.
func stricter(a, b verdict) verdict {
	for _, v := range []verdict{drop, reject, accept} {
		if a == v || b == v {
			return v
		}
	}
	return undecided
}

// filter is what all packet filters of one kind do with packets to this machine, per protocol family.
// An empty verdict means that no chain looks at them.
type filter struct {
	v4, v6    verdict
	firewalld bool // the table of firewalld is loaded
}

func (f filter) loaded() bool { return f.v4 != undecided || f.v6 != undecided }
