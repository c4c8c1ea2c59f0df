package posture

import (
	"errors"
	"strings"
)

// parseIptables works out what the filter table printed by iptables-save or ip6tables-save does with
// packets to this machine that no rule picks out; undecided when there is no filter table.
func parseIptables(data []byte) (verdict, error) {
	table := chains{}
	inFilter, seen, count := false, false, 0
	err := eachLine(data, func(line string) bool {
		switch {
		case strings.HasPrefix(line, "*"):
			inFilter = line == "*filter"
			seen = seen || inFilter
		case !inFilter:
		case strings.HasPrefix(line, ":"):
			if f := strings.Fields(line[1:]); len(f) >= 2 && strings.EqualFold(f[1], "DROP") {
				table.named(f[0]).policy = drop
			}
		case strings.HasPrefix(line, "-A "):
			count++
			if name, r, ok := iptablesRule(strings.Fields(line)); ok {
				table.named(name).rules = append(table.named(name).rules, r)
			}
		}
		return count <= maxRules
	})
	if err == nil && count > maxRules {
		err = errors.New("parse iptables rules: too many")
	}
	if err != nil || !seen {
		return undecided, err
	}
	return table.byDefault("INPUT"), nil
}

// iptablesRule reads "-A CHAIN [conditions] -j TARGET [options of the target]".
func iptablesRule(f []string) (name string, r rule, ok bool) {
	if len(f) < 2 {
		return "", rule{}, false
	}
	for i := 2; i < len(f); i++ {
		if (f[i] == "-j" || f[i] == "-g") && i+1 < len(f) {
			r.decide(f[i+1], f[i] == "-g")
			return f[1], r, true
		}
		r.conditional = true
	}
	return f[1], rule{conditional: true}, true
}

func (r *rule) decide(target string, leaves bool) {
	switch target {
	case "ACCEPT":
		r.verdict = accept
	case "DROP":
		r.verdict = drop
	case "REJECT":
		r.verdict = reject
	case "RETURN":
		r.leaves = true
	default:
		r.target, r.leaves = target, leaves
	}
}
