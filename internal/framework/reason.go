package framework

import (
	"fmt"
	"strings"
)

// why finds the words for a verdict: those of the deepest node that gave it.
func (e *env) why(n *node, el any, v Verdict, fallback string) string {
	if v == Fails && n.says != "" {
		fallback = n.says
	}
	switch n.op {
	case opAll, opAny:
		return e.whyOf(n.kids, el, v, fallback)
	case opWhen:
		switch n.kids[0].eval(e, el) {
		case Holds:
			if n.then != nil {
				return e.why(n.then, el, v, fallback)
			}
		case Unknown:
			return e.why(n.kids[0], el, v, fallback)
		case Fails:
			if n.says != "" {
				return n.says
			}
		}
	case opEach, opSome:
		return e.whyElement(n, el, v, fallback)
	case opSupported:
		return e.whySupported(n, el, v)
	}
	if v == Unknown {
		return e.whyUnknown(n, el, fallback)
	}
	return fallback
}

// whyOf prefers the first child that has words of its own.
func (e *env) whyOf(kids []*node, el any, v Verdict, fallback string) string {
	for _, k := range kids {
		if k.eval(e, el) != v {
			continue
		}
		if words := e.why(k, el, v, fallback); words != fallback {
			return words
		}
	}
	return fallback
}

// whyElement names the element that gave the verdict.
func (e *env) whyElement(n *node, el any, v Verdict, fallback string) string {
	raw, ok := at(el, n.path)
	list, isList := raw.([]any)
	if !ok || !isList {
		if v == Unknown {
			return "the report does not have " + n.field
		}
		return fallback
	}
	for _, item := range list {
		if n.element(e, item) != v {
			continue
		}
		words := e.why(n.kids[0], item, v, fallback)
		if name := labelOf(item, n.label); name != "" {
			return name + ": " + words
		}
		return words
	}
	if v == Unknown && n.says == "" {
		return n.field + " lists nothing that could be judged"
	}
	return fallback
}

// labelOf is the name of an element, cut to a length that a page can bear.
func labelOf(item any, fields []string) string {
	for _, f := range fields {
		v, ok := at(item, split(f))
		if !ok {
			continue
		}
		s, ok := v.(string)
		if !ok || s == "" {
			if n, isNumber := whole(v); isNumber {
				return fmt.Sprint(n)
			}
			continue
		}
		if len(s) > 80 {
			s = strings.ToValidUTF8(s[:80], "")
		}
		return s
	}
	return ""
}

func (e *env) whyUnknown(n *node, el any, fallback string) string {
	if n.op < opIs {
		return fallback
	}
	if _, ok := at(el, n.path); !ok {
		return "the report does not have " + n.field
	}
	if n.list != nil {
		if _, ok := e.list(n.list); !ok {
			return "no approved list is recorded as " + strings.Join(n.list, ".")
		}
	}
	if fallback == "the report does not say" {
		return "the report's " + n.field + " cannot be judged"
	}
	return fallback
}
