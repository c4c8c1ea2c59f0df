package framework

import (
	"fmt"
	"strings"
)

// maxDepth bounds the nesting of one rule, and with it the recursion of
// Judge, which descends by rule and never by the report's own nesting.
const maxDepth = 16

// maxNodes bounds the nodes of one rule.
const maxNodes = 400

type op uint8

const (
	opAll op = iota
	opAny
	opNot
	opWhen
	opEach
	opSome
	opIs
	opIsNot
	opIn
	opAtMost
	opLeast
	opDays
	opHours
	opSubset
	opInList
	opIsEmpty
	opSupported
)

// node is a rule made ready: paths split, parameters resolved, defaults set.
type node struct {
	op     op
	kids   []*node // all, any: the children; not, when: the first
	then   *node
	where  *node
	els    Verdict
	empty  Verdict
	absent Verdict
	path   []string
	plus   []string
	list   []string // subset_of, in_list
	want   any
	among  []any
	limit  int64
	flag   bool
	label  []string
	field  string
	says   string
}

// compiled is a measure with its rules made ready.
type compiled struct {
	measure *Measure
	rules   map[string]*node
}

type compiler struct {
	parameter map[string]*Parameter
	nodes     int
	used      map[string]bool
}

func (k *compiler) rule(r *Rule, depth int) (*node, error) {
	k.nodes++
	switch {
	case r == nil:
		return nil, fmt.Errorf("a rule is empty")
	case depth > maxDepth:
		return nil, fmt.Errorf("a rule is nested deeper than %d", maxDepth)
	case k.nodes > maxNodes:
		return nil, fmt.Errorf("a rule has more than %d nodes", maxNodes)
	}
	if err := r.oneGroup(); err != nil {
		return nil, err
	}
	n := &node{says: r.Says, field: r.Field}
	var err error
	switch {
	case r.All != nil:
		n.op = opAll
		err = k.children(n, r.All, depth)
	case r.Any != nil:
		n.op = opAny
		err = k.children(n, r.Any, depth)
	case r.Not != nil:
		n.op = opNot
		err = k.children(n, []*Rule{r.Not}, depth)
	case r.When != nil:
		err = k.when(n, r, depth)
	case r.Each != "" || r.Some != "":
		err = k.elements(n, r, depth)
	default:
		err = k.leaf(n, r)
	}
	return n, err
}

func (k *compiler) children(n *node, rules []*Rule, depth int) error {
	if len(rules) == 0 {
		return fmt.Errorf("a list of rules is empty")
	}
	for _, r := range rules {
		c, err := k.rule(r, depth+1)
		if err != nil {
			return err
		}
		n.kids = append(n.kids, c)
	}
	return nil
}

func (k *compiler) when(n *node, r *Rule, depth int) (err error) {
	n.op = opWhen
	if err = k.children(n, []*Rule{r.When}, depth); err != nil {
		return err
	}
	if r.Then != nil {
		if n.then, err = k.rule(r.Then, depth+1); err != nil {
			return err
		}
	}
	if r.Else == "" {
		return fmt.Errorf("when has no else")
	}
	n.els, err = named(r.Else, true)
	return err
}

func (k *compiler) elements(n *node, r *Rule, depth int) (err error) {
	n.op, n.field = opEach, r.Each
	if r.Some != "" {
		n.op, n.field = opSome, r.Some
	}
	n.path = split(n.field)
	if r.Must == nil {
		return fmt.Errorf("each and some need must")
	}
	if err = k.children(n, []*Rule{r.Must}, depth); err != nil {
		return err
	}
	if r.Where != nil {
		if n.where, err = k.rule(r.Where, depth+1); err != nil {
			return err
		}
	}
	if r.Label != "" {
		n.label = strings.Split(r.Label, "|")
	}
	if n.empty, err = named(r.Empty, false); err != nil {
		return err
	}
	n.absent, err = named(r.Absent, false)
	return err
}

func (k *compiler) leaf(n *node, r *Rule) (err error) {
	n.path, n.plus = split(r.Field), split(r.Plus)
	if n.absent, err = named(r.Absent, false); err != nil {
		return err
	}
	if n.empty, err = named(r.Empty, false); err != nil {
		return err
	}
	switch {
	case r.Supported != "":
		n.op, n.field, n.path = opSupported, r.Supported, split(r.Supported)
	case r.Is != nil:
		n.op = opIs
		n.want, err = k.value(r.Is)
	case r.IsNot != nil:
		n.op = opIsNot
		n.want, err = k.value(r.IsNot)
	case r.In != nil:
		n.op = opIn
		for _, v := range r.In {
			if v, err = k.value(v); err != nil {
				return err
			}
			n.among = append(n.among, v)
		}
	case r.AtMost != nil:
		n.op = opAtMost
		n.limit, err = k.number(r.AtMost)
	case r.Least != nil:
		n.op = opLeast
		n.limit, err = k.number(r.Least)
	case r.DaysOld != nil:
		n.op = opDays
		n.limit, err = k.age(r.DaysOld)
	case r.HoursOld != nil:
		n.op = opHours
		n.limit, err = k.age(r.HoursOld)
	case r.Subset != "":
		n.op, n.list = opSubset, split(r.Subset)
	case r.InList != "":
		n.op, n.list = opInList, split(r.InList)
	default:
		n.op, n.flag = opIsEmpty, *r.IsEmpty
	}
	return err
}

// value resolves a scalar of a rule; "$x" is the number of parameter x.
func (k *compiler) value(v any) (any, error) {
	switch t := v.(type) {
	case bool:
		return t, nil
	case string:
		name, isParameter := strings.CutPrefix(t, "$")
		if !isParameter {
			return t, nil
		}
		p, ok := k.parameter[name]
		if !ok {
			return nil, fmt.Errorf("a rule names the parameter %q, which the catalog lacks", name)
		}
		k.used[name] = true
		return p.Value, nil
	}
	n, ok := whole(v)
	if !ok {
		return nil, fmt.Errorf("a rule compares with a value that is neither text, whole number nor true or false")
	}
	return n, nil
}

func (k *compiler) number(v any) (int64, error) {
	v, err := k.value(v)
	if err != nil {
		return 0, err
	}
	n, ok := v.(int64)
	if !ok {
		return 0, fmt.Errorf("a rule asks for a number and has another value")
	}
	return n, nil
}

func (k *compiler) age(v any) (int64, error) {
	n, err := k.number(v)
	if err == nil && (n < 0 || n > 100_000) {
		err = fmt.Errorf("an age of %d is out of range", n)
	}
	return n, err
}

// named reads a verdict's name; nothing is unknown.
func named(s string, allowNotApplicable bool) (Verdict, error) {
	switch s {
	case "", "unknown":
		return Unknown, nil
	case "holds":
		return Holds, nil
	case "fails":
		return Fails, nil
	case "not_applicable":
		if allowNotApplicable {
			return NotApplicable, nil
		}
	}
	return Unknown, fmt.Errorf("%q is not a verdict that may stand here", s)
}

// oneGroup checks that exactly one group of fields is set and that nothing
// stands beside it that it does not read.
func (r *Rule) oneGroup() error {
	comparisons := count(r.Is != nil, r.IsNot != nil, r.In != nil, r.AtMost != nil, r.Least != nil,
		r.DaysOld != nil, r.HoursOld != nil, r.Subset != "", r.InList != "", r.IsEmpty != nil)
	groups := count(r.All != nil, r.Any != nil, r.Not != nil, r.When != nil, r.Each != "", r.Some != "",
		r.Field != "", r.Supported != "")
	list := r.Each != "" || r.Some != ""
	switch {
	case groups != 1:
		return fmt.Errorf("a rule must have exactly one of all, any, not, when, each, some, field, supported; it has %d", groups)
	case r.Field != "" && comparisons != 1:
		return fmt.Errorf("field %s must have exactly one comparison; it has %d", r.Field, comparisons)
	case r.Field == "" && comparisons != 0:
		return fmt.Errorf("a comparison has no field")
	case r.When == nil && (r.Then != nil || r.Else != ""):
		return fmt.Errorf("then and else need when")
	case !list && (r.Where != nil || r.Must != nil || r.Label != ""):
		return fmt.Errorf("where, must and label need each or some")
	case r.Empty != "" && !list && r.Subset == "":
		return fmt.Errorf("empty needs each, some or subset_of")
	case r.Plus != "" && r.AtMost == nil && r.Least == nil:
		return fmt.Errorf("plus needs at_most or at_least")
	case r.Absent != "" && !list && r.Field == "" && r.Supported == "":
		return fmt.Errorf("absent needs a field")
	}
	return nil
}

func count(set ...bool) (n int) {
	for _, b := range set {
		if b {
			n++
		}
	}
	return n
}
