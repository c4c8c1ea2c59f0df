package permit

import (
	"fmt"
	"strings"
)

// Markdown is the table of roles and permissions for docs/security.md: one row
// a permission, one column a role. "yes" is for the clients that the grant
// reaches, "MSP" for the MSP as a whole, "own" for oneself.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| Permission | What it allows |")
	for _, r := range Roles() {
		b.WriteString(" " + r.Title() + " |")
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(Roles())) + "\n")
	for _, row := range rules {
		if row.reach == OfNobody {
			continue
		}
		fmt.Fprintf(&b, "| `%s` | %s%s |", row.p, row.what, person(row))
		for _, r := range Roles() {
			b.WriteString(" " + cell(row, r) + " |")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func person(row rule) string {
	if row.person {
		return " (a signed-in person only)"
	}
	return ""
}

func cell(row rule, r Role) string {
	switch {
	case row.roles&r.bit() == 0:
		return ""
	case row.reach == OfMSP:
		return "MSP"
	case row.reach == OfSelf:
		return "own"
	}
	return "yes"
}
