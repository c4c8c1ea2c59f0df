package ledger

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Limits of a policy (c2sp.org/tlog-policy asks for at least 32 of each).
const (
	maxPolicy      = 1 << 20
	maxPolicyParts = 64 // logs, witnesses, groups: each
	noQuorum       = "none"
)

// Policy says whom a verifier trusts (c2sp.org/tlog-policy): the logs, the
// witnesses, and how many of them must have cosigned a checkpoint.
type Policy struct {
	Logs      []PolicyLog
	Witnesses []PolicyWitness
	Groups    []PolicyGroup
	Quorum    string // name of a witness or group, or none
}

// PolicyLog is a log line: a key whose name is the log's origin.
type PolicyLog struct {
	Key *Verifier
	URL string // empty when there is none
}

// PolicyWitness is a witness line. Name is used in this policy alone.
type PolicyWitness struct {
	Name string
	Key  *Verifier
	URL  string // submission prefix; empty when there is none
}

// PolicyGroup is a group line: Threshold of Members must have witnessed.
type PolicyGroup struct {
	Name      string
	Threshold int
	Members   []string
}

// ParsePolicy reads a policy file. Comments and spacing are free; everything
// else is strict, and errors name the line.
func ParsePolicy(data []byte) (Policy, error) {
	if len(data) > maxPolicy {
		return Policy{}, fmt.Errorf("parse policy: over %d bytes", maxPolicy)
	}
	text, ok := strings.CutSuffix(string(data), "\n")
	if !ok {
		return Policy{}, errors.New("parse policy: no newline at the end; add one")
	}
	var p policyParser
	for i, line := range strings.Split(text, "\n") {
		if err := p.line(line); err != nil {
			return Policy{}, fmt.Errorf("parse policy: line %d: %w", i+1, err)
		}
	}
	if p.Quorum == "" {
		return Policy{}, errors.New("parse policy: no quorum line; add one, such as: quorum none")
	}
	return p.Policy, nil
}

type policyParser struct {
	Policy
	joined []string // names that are a member of some group
}

func (p *policyParser) line(line string) error {
	for i := range len(line) {
		if c := line[i]; c < ' ' && c != '\t' || c == 0x7f {
			return errors.New("a control character")
		}
	}
	fields := strings.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
	if len(fields) == 0 || fields[0][0] == '#' {
		return nil
	}
	switch args := fields[1:]; fields[0] {
	case "log":
		return p.log(args)
	case "witness":
		return p.witness(args)
	case "group":
		return p.group(args)
	case "quorum":
		return p.quorum(args)
	}
	return errors.New("want log, witness, group, quorum or a # comment")
}

func (p *policyParser) log(args []string) error {
	if len(args) < 1 || len(args) > 2 {
		return errors.New("want: log VKEY [URL]")
	}
	key, err := ParseVerifier(args[0])
	if err != nil {
		return err
	}
	if key.kind != Ed25519 && key.kind != MLDSA44 {
		return errors.New("a log's key is of type 0x01 or 0x06")
	}
	if len(p.Logs) == maxPolicyParts {
		return fmt.Errorf("more than %d logs", maxPolicyParts)
	}
	if slices.ContainsFunc(p.Logs, func(l PolicyLog) bool { return l.Key.SameKey(key) }) {
		return errors.New("this log's key is listed already")
	}
	p.Logs = append(p.Logs, PolicyLog{Key: key, URL: optional(args, 1)})
	return nil
}

func (p *policyParser) witness(args []string) error {
	if len(args) < 2 || len(args) > 3 {
		return errors.New("want: witness NAME VKEY [URL]")
	}
	if err := p.newName(args[0]); err != nil {
		return err
	}
	key, err := ParseVerifier(args[1])
	if err != nil {
		return err
	}
	if key.kind != CosignEd25519 && key.kind != MLDSA44 {
		return errors.New("a witness's key is of type 0x04 or 0x06")
	}
	if len(p.Witnesses) == maxPolicyParts {
		return fmt.Errorf("more than %d witnesses", maxPolicyParts)
	}
	if slices.ContainsFunc(p.Witnesses, func(w PolicyWitness) bool { return w.Key.SameKey(key) }) {
		return errors.New("this witness's key is listed already")
	}
	p.Witnesses = append(p.Witnesses, PolicyWitness{Name: args[0], Key: key, URL: optional(args, 2)})
	return nil
}

func (p *policyParser) group(args []string) error {
	if len(args) < 3 {
		return errors.New("want: group NAME all|any|K and its members")
	}
	if err := p.newName(args[0]); err != nil {
		return err
	}
	if len(p.Groups) == maxPolicyParts {
		return fmt.Errorf("more than %d groups", maxPolicyParts)
	}
	members := args[2:]
	for _, m := range members {
		if !p.defined(m) {
			return fmt.Errorf("member %q is not defined above", m)
		}
		if slices.Contains(p.joined, m) {
			return fmt.Errorf("member %q is in a group already", m)
		}
		p.joined = append(p.joined, m)
	}
	k, err := threshold(args[1], len(members))
	if err != nil {
		return err
	}
	p.Groups = append(p.Groups, PolicyGroup{Name: args[0], Threshold: k, Members: slices.Clone(members)})
	return nil
}

func threshold(s string, n int) (int, error) {
	switch s {
	case "all":
		return n, nil
	case "any":
		return 1, nil
	}
	k, err := strconv.Atoi(s)
	if err != nil || strconv.Itoa(k) != s || k < 1 || k > n {
		return 0, fmt.Errorf("threshold %q is not all, any or a number from 1 to %d", s, n)
	}
	return k, nil
}

func (p *policyParser) quorum(args []string) error {
	if len(args) != 1 {
		return errors.New("want: quorum NAME")
	}
	if p.Quorum != "" {
		return errors.New("a second quorum line")
	}
	if args[0] != noQuorum && !p.defined(args[0]) {
		return fmt.Errorf("quorum %q is not defined above", args[0])
	}
	p.Quorum = args[0]
	return nil
}

func (p *policyParser) newName(name string) error {
	if name == noQuorum {
		return errors.New("the name none is taken")
	}
	if p.defined(name) {
		return fmt.Errorf("name %q is defined already", name)
	}
	return nil
}

func (p *policyParser) defined(name string) bool {
	return slices.ContainsFunc(p.Witnesses, func(w PolicyWitness) bool { return w.Name == name }) ||
		slices.ContainsFunc(p.Groups, func(g PolicyGroup) bool { return g.Name == name })
}

func optional(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

// Encode writes the policy in one fixed form: logs, witnesses, groups, quorum,
// single spaces, no comments, thresholds as numbers. A policy in a bundle is
// kept in this form, so that it has one encoding.
func (p Policy) Encode() []byte {
	var b strings.Builder
	row := func(fields ...string) {
		b.WriteString(strings.Join(slices.DeleteFunc(fields, func(f string) bool { return f == "" }), " ") + "\n")
	}
	for _, l := range p.Logs {
		row("log", l.Key.String(), l.URL)
	}
	for _, w := range p.Witnesses {
		row("witness", w.Name, w.Key.String(), w.URL)
	}
	for _, g := range p.Groups {
		row("group", g.Name, strconv.Itoa(g.Threshold), strings.Join(g.Members, " "))
	}
	row("quorum", p.Quorum)
	return []byte(b.String())
}
