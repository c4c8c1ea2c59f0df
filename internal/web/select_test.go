package web_test

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// selected finds the elements of a page that a selector names: names, .classes,
// #ids and [attribute=value], and a space for "somewhere inside".
func selected(t *testing.T, page, selector string) []*html.Node {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	found := []*html.Node{root}
	for _, step := range strings.Fields(selector) {
		var next []*html.Node
		for _, n := range found {
			for d := range n.Descendants() {
				if d.Type == html.ElementNode && matches(d, step) && !slices.Contains(next, d) {
					next = append(next, d)
				}
			}
		}
		found = next
	}
	return found
}

// matches judges one step, such as "button.primary[name=do]".
func matches(n *html.Node, step string) bool {
	for step != "" {
		end := strings.IndexAny(step[1:], ".#[") + 1
		part := step
		if end > 0 {
			part, step = step[:end], step[end:]
		} else {
			step = ""
		}
		switch part[0] {
		case '.':
			if !slices.Contains(strings.Fields(attr(n, "class")), part[1:]) {
				return false
			}
		case '#':
			if attr(n, "id") != part[1:] {
				return false
			}
		case '[':
			name, value, has := strings.Cut(strings.Trim(part, "[]"), "=")
			if has && attr(n, name) != value || !has && !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name }) {
				return false
			}
		default:
			if n.Data != part {
				return false
			}
		}
	}
	return true
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// text is what an element says.
func text(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// one is the only element that a selector names.
func one(t *testing.T, page, selector string) *html.Node {
	t.Helper()
	list := selected(t, page, selector)
	if len(list) != 1 {
		t.Fatalf("%d elements are %q, want one", len(list), selector)
	}
	return list[0]
}

// texts are what the elements of a selector say.
func texts(t *testing.T, page, selector string) []string {
	t.Helper()
	var list []string
	for _, n := range selected(t, page, selector) {
		list = append(list, text(n))
	}
	return list
}
