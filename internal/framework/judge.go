package framework

import (
	"fmt"

	"breakwater/internal/interval"
)

// Judge gives the verdict of a measure on the raw facts of one report by a
// device of a platform ("windows", "linux", ...; "scan" for a scanner's
// report on a device) whose own instant is at (ms UTC), and the reason in
// plain words, which is empty when it holds. Facts are values of
// encoding/json, numbers as json.Number, int64, int or whole float64.
//
// A field that is missing or of the wrong type is unknown, never a failure.
// Judge never panics and does not keep or change facts.
func (c *Catalog) Judge(measure, platform string, facts map[string]any, at int64) (Verdict, string) {
	v, why, _ := c.JudgeUntil(measure, platform, facts, at)
	return v, why
}

// JudgeUntil is Judge, and the instant up to which the same facts give the
// same verdict and reason, because nothing that they rest on passes an age or
// an end of support before: Forever where no time plays a part.
func (c *Catalog) JudgeUntil(measure, platform string, facts map[string]any, at int64) (v Verdict, why string, until int64) {
	m, ok := c.byMeasure[measure]
	if !ok {
		return Unknown, fmt.Sprintf("the catalog has no measure %s", measure), interval.Forever
	}
	n, ok := m.rules[platform]
	if !ok {
		if n, ok = m.rules["any"]; !ok {
			return Unknown, fmt.Sprintf("there is no rule for this on %s", platform), interval.Forever
		}
	}
	e := &env{catalog: c, facts: facts, platform: platform, at: at, until: interval.Forever}
	switch v = n.eval(e, facts); v {
	case Holds:
	case Fails:
		why = e.why(n, facts, Fails, m.measure.Fails)
	case NotApplicable:
		why = "does not apply to this device"
	default:
		why = e.why(n, facts, Unknown, "the report does not say")
	}
	return v, why, e.until
}

// env is what one judgment rests on.
type env struct {
	catalog  *Catalog
	facts    map[string]any
	platform string
	at       int64
	until    int64 // the first instant after at at which something asked so far changes
}

// before reports whether the report is from before an instant, and notes that
// this will change then.
func (e *env) before(t int64) bool {
	if e.at < t {
		e.until = min(e.until, t)
		return true
	}
	return false
}

// eval judges node n for the current element.
func (n *node) eval(e *env, el any) Verdict {
	switch n.op {
	case opAll:
		return n.every(e, el)
	case opAny:
		return n.either(e, el)
	case opNot:
		return invert(n.kids[0].eval(e, el))
	case opWhen:
		switch n.kids[0].eval(e, el) {
		case Holds:
			if n.then == nil {
				return Holds
			}
			return n.then.eval(e, el)
		case Fails:
			return n.els
		}
		return Unknown
	case opEach, opSome:
		return n.elements(e, el)
	case opSupported:
		return e.supported(n, el)
	}
	return n.compare(e, el)
}

func invert(v Verdict) Verdict {
	switch v {
	case Holds:
		return Fails
	case Fails:
		return Holds
	}
	return v
}

// every is Kleene's and: a failure decides, then not applicable, then
// unknown.
func (n *node) every(e *env, el any) Verdict {
	out := Holds
	for _, k := range n.kids {
		switch k.eval(e, el) {
		case Fails:
			return Fails
		case NotApplicable:
			out = NotApplicable
		case Unknown:
			if out == Holds {
				out = Unknown
			}
		}
	}
	return out
}

// either is Kleene's or: one that holds decides, then unknown.
func (n *node) either(e *env, el any) Verdict {
	out := Fails
	for _, k := range n.kids {
		switch k.eval(e, el) {
		case Holds:
			return Holds
		case NotApplicable:
			if out == Fails {
				out = NotApplicable
			}
		case Unknown:
			out = Unknown
		}
	}
	return out
}

// elements judges a list: each asks all selected elements, some asks for one.
// An element of which it is unknown whether it is selected is unknown, unless
// its own verdict changes nothing.
func (n *node) elements(e *env, el any) Verdict {
	v, ok := at(el, n.path)
	if !ok {
		return n.absent
	}
	list, ok := v.([]any)
	if !ok {
		return Unknown
	}
	decisive, out, none := Fails, Holds, true
	if n.op == opSome {
		decisive, out = Holds, Fails
	}
	for _, item := range list {
		got := n.element(e, item)
		switch got {
		case NotApplicable: // not selected
			continue
		case decisive:
			return decisive
		case Unknown:
			out = Unknown
		}
		none = false
	}
	if none {
		return n.empty
	}
	return out
}

// element judges one element; NotApplicable when it is not selected.
func (n *node) element(e *env, item any) Verdict {
	selected := Holds
	if n.where != nil {
		if selected = n.where.eval(e, item); selected == Fails {
			return NotApplicable
		}
	}
	got := n.kids[0].eval(e, item)
	if got == NotApplicable {
		return NotApplicable
	}
	harmless := (n.op == opEach && got == Holds) || (n.op == opSome && got == Fails)
	if selected != Holds && !harmless {
		return Unknown
	}
	return got
}

// compare judges a leaf.
func (n *node) compare(e *env, el any) Verdict {
	v, ok := at(el, n.path)
	if !ok {
		return n.absent
	}
	switch n.op {
	case opIs:
		return same(v, n.want)
	case opIsNot:
		return invert(same(v, n.want))
	case opIn:
		return oneOf(v, n.among)
	case opAtMost, opLeast:
		return n.bound(v, el)
	case opDays:
		return e.agedDays(v, n.limit)
	case opHours:
		return e.agedHours(v, n.limit)
	case opSubset:
		return n.subset(e, v)
	case opInList:
		list, ok := e.list(n.list)
		if !ok {
			return n.absent
		}
		if len(list) == 0 {
			return Fails
		}
		return oneOf(v, list)
	}
	return n.isEmpty(v)
}

func (n *node) bound(v, el any) Verdict {
	got, ok := whole(v)
	if !ok {
		return Unknown
	}
	if n.plus != nil {
		more, present := at(el, n.plus)
		if !present {
			return n.absent
		}
		add, isNumber := whole(more)
		if !isNumber || got > 1<<53 || add > 1<<53 || got < -1<<53 || add < -1<<53 {
			return Unknown
		}
		got += add
	}
	if n.op == opAtMost {
		return verdict(got <= n.limit)
	}
	return verdict(got >= n.limit)
}

func (n *node) subset(e *env, v any) Verdict {
	list, ok := v.([]any)
	if !ok {
		return Unknown
	}
	if len(list) == 0 {
		return n.empty
	}
	approved, ok := e.list(n.list)
	if !ok {
		return Unknown
	}
	out := Holds
	for _, item := range list {
		if len(approved) == 0 {
			return Fails
		}
		switch oneOf(item, approved) {
		case Fails:
			return Fails
		case Unknown:
			out = Unknown
		}
	}
	return out
}

func (n *node) isEmpty(v any) Verdict {
	switch t := v.(type) {
	case []any:
		return verdict((len(t) == 0) == n.flag)
	case string:
		return verdict((t == "") == n.flag)
	}
	return Unknown
}

// list reads a list of the report from the top.
func (e *env) list(path []string) ([]any, bool) {
	v, ok := at(e.facts, path)
	if !ok {
		return nil, false
	}
	list, ok := v.([]any)
	return list, ok
}
