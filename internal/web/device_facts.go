package web

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// FactGroup is one fact of a report, as it was read.
type FactGroup struct {
	Name  string
	Lines []FactLine
}

// FactLine is one value of a fact.
type FactLine struct{ Name, Value string }

func sortedKeys[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }

// factGroups lays out facts for reading, in the order of their names.
func factGroups(facts map[string]any) []FactGroup {
	var list []FactGroup
	for _, name := range sortedKeys(facts) {
		list = append(list, FactGroup{factName(name), factLines(facts[name])})
	}
	return list
}

func factLines(value any) []FactLine {
	m, ok := value.(map[string]any)
	if !ok {
		return []FactLine{{"", factValue(value)}}
	}
	var lines []FactLine
	for _, name := range factOrder(m) {
		lines = append(lines, FactLine{factName(name), factValue(m[name])})
	}
	return lines
}

// naming are fields that name a thing: they come first.
var naming = []string{"name", "mount", "id", "device", "port", "service"}

func factOrder(m map[string]any) []string {
	keys := sortedKeys(m)
	rank := func(k string) int {
		if n := slices.Index(naming, k); n >= 0 {
			return n
		}
		return len(naming)
	}
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	return keys
}

// shortWords are spelled in capitals.
var shortWords = map[string]string{"os": "OS", "tpm": "TPM", "usb": "USB", "ssh": "SSH", "uid0": "UID 0", "mdm": "MDM", "id": "id", "sip": "SIP", "sha256": "SHA-256", "fs": "file system", "dns": "DNS"}

// factName is a fact's name as people write it: "Disk encryption".
func factName(name string) string {
	parts := strings.Split(name, "_")
	for n, p := range parts {
		parts[n] = cmp.Or(shortWords[p], p)
	}
	s := strings.Join(parts, " ")
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// factValue is a value in words. A list of things is a line each.
func factValue(value any) string {
	switch x := value.(type) {
	case nil:
		return "none"
	case bool:
		if x {
			return "yes"
		}
		return "no"
	case string:
		return cmp.Or(x, "none")
	case json.Number:
		return x.String()
	case int64:
		return strconv.FormatInt(x, 10)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case []any:
		return factList(x)
	case map[string]any:
		return factThing(x)
	}
	return fmt.Sprint(value)
}

func factList(list []any) string {
	if len(list) == 0 {
		return "none"
	}
	parts := make([]string, len(list))
	sep := ", "
	for n, x := range list {
		parts[n] = factValue(x)
		if _, ok := x.(map[string]any); ok {
			sep = "\n"
		}
	}
	return strings.Join(parts, sep)
}

func factThing(m map[string]any) string {
	var parts []string
	for _, name := range factOrder(m) {
		value := factValue(m[name])
		if slices.Contains(naming, name) && len(parts) == 0 {
			parts = append(parts, strings.TrimSuffix(value, ":")+":")
			continue
		}
		parts = append(parts, strings.ReplaceAll(name, "_", " ")+" "+value)
	}
	if len(parts) > 1 && strings.HasSuffix(parts[0], ":") {
		return parts[0] + " " + strings.Join(parts[1:], ", ")
	}
	return strings.Join(parts, ", ")
}
