package posture

import (
	"encoding/json"
	"errors"
)

// nftRuleset is the part of `nft -j list ruleset` that decides about incoming packets
// (libnftables-json(5)).
type nftRuleset struct {
	Items []struct {
		Chain *struct {
			Family, Table, Name string
			Type, Hook, Policy  string
		}
		Rule *struct {
			Family, Table, Chain string
			Expr                 []map[string]json.RawMessage
		}
	} `json:"nftables"`
}

type nftTable struct{ family, name string }

type nftChain struct {
	table nftTable
	name  string
}

type nftTables map[nftTable]chains

func (t nftTables) at(key nftTable) chains {
	if t[key] == nil {
		t[key] = chains{}
	}
	return t[key]
}

// parseNFT works out what the rule set does with packets to this machine that no rule picks out.
func parseNFT(data []byte) (filter, error) {
	var set nftRuleset
	if err := json.Unmarshal(data, &set); err != nil {
		return filter{}, errors.New("parse nft rule set: bad JSON")
	}
	if set.Items == nil || len(set.Items) > maxRules {
		return filter{}, errors.New("parse nft rule set: empty or too large")
	}
	tables := nftTables{}
	var inputs []nftChain
	var f filter
	for _, item := range set.Items {
		if c := item.Chain; c != nil {
			t := nftTable{c.Family, c.Table}
			tables.at(t).named(c.Name).policy = nftPolicy(c.Policy)
			if c.Hook == "input" && c.Type == "filter" {
				inputs = append(inputs, nftChain{t, c.Name})
			}
			f.firewalld = f.firewalld || c.Table == "firewalld"
		}
		if r := item.Rule; r != nil {
			c := tables.at(nftTable{r.Family, r.Table}).named(r.Chain)
			c.rules = append(c.rules, nftRule(r.Expr))
		}
	}
	for _, in := range inputs {
		f.see(in.table.family, tables.at(in.table).byDefault(in.name))
	}
	return f, nil
}

func (f *filter) see(family string, v verdict) {
	if family == "inet" || family == "ip" {
		f.v4 = stricter(f.v4, v)
	}
	if family == "inet" || family == "ip6" {
		f.v6 = stricter(f.v6, v)
	}
}

func nftPolicy(s string) verdict {
	if s == "drop" {
		return drop
	}
	return undecided // accept is the default of a base chain
}

// nftRule reads one rule's expressions. What is neither a verdict nor known to change nothing is
// taken for a condition, so that it never decides the default.
func nftRule(exprs []map[string]json.RawMessage) rule {
	var r rule
	for _, e := range exprs {
		for key, arg := range e {
			switch key {
			case "counter", "log", "mangle":
			case "accept":
				r.verdict = accept
			case "drop":
				r.verdict = drop
			case "reject":
				r.verdict = reject
			case "return":
				r.leaves = true
			case "xt":
				r.extension(arg)
			case "jump", "goto":
				r.target, r.leaves = nftTarget(arg), key == "goto"
			default:
				r.conditional = true
			}
		}
	}
	return r
}

func nftTarget(arg json.RawMessage) string {
	var to struct{ Target string }
	if json.Unmarshal(arg, &to) != nil {
		return ""
	}
	return to.Target
}

// extension reads what iptables put into nftables in its own form. Its REJECT is a verdict; the rest
// are conditions or side effects, and neither decides the default.
func (r *rule) extension(arg json.RawMessage) {
	var x struct{ Type, Name string }
	if json.Unmarshal(arg, &x) == nil && x.Type == "target" && x.Name == "REJECT" {
		r.verdict = reject
		return
	}
	r.conditional = true
}
