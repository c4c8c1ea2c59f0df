package cli

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"breakwater/internal/permit"
)

// permitted is a command that says which permission it stands for. Whoever can
// read the data folder may run every command; the permission says what the same
// act needs on the pages.
type permitted interface{ Permission() permit.Permission }

// Markdown is docs/commands.md: every command of an environment with its flags,
// generated from the same model that parses them.
func Markdown(e Env) (string, error) {
	_, parser, err := newParser(e.filled())
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString(docsHead)
	b.WriteString("\n## Flags of every command\n\n")
	flagTable(&b, parser.Model.Flags)
	b.WriteString("\n## Commands and their permissions\n\nWhoever can read the data folder and the master key may run every command, as an administrator may; " +
		"the log names them `cli:` and their account on this machine. The permission is what the same act needs on the pages (see [security](security.md)).\n\n" +
		"| command | what it does | permission |\n|---|---|---|\n")
	for _, n := range parser.Model.Leaves(true) {
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | `%s` |\n", n.FullPath(), anchor(n), cell(n.Help), permissionOf(n))
	}
	for _, n := range parser.Model.Leaves(true) {
		commandText(&b, n)
	}
	return b.String(), nil
}

const docsHead = `# Commands

Generated from the program; a test says when it is out of date. Times are RFC 3339, a bare date is midnight UTC, periods are half-open.

Exit codes: 0 done; 1 done, and the answer is no; 2 could not do it, with one line on standard error that ends in what to do next. Every command may run beside ` + "`serve`" + `.
`

func permissionOf(n *kong.Node) permit.Permission {
	if p, ok := n.Target.Addr().Interface().(permitted); ok {
		return p.Permission()
	}
	return ""
}

func anchor(n *kong.Node) string { return strings.ReplaceAll(n.FullPath(), " ", "-") }

func commandText(b *strings.Builder, n *kong.Node) {
	fmt.Fprintf(b, "\n## %s\n\n%s\n", n.FullPath(), n.Help)
	more, lines, _ := strings.Cut(n.Detail, "Example:\n\n")
	if more = strings.TrimSpace(more); more != "" {
		fmt.Fprintf(b, "\n%s\n", more)
	}
	fmt.Fprintf(b, "\n```\n%s```\n", strings.ReplaceAll("\n"+lines, "\n    ", "\n")[1:])
	if len(n.Positional) > 0 {
		b.WriteString("\n| argument | |\n|---|---|\n")
		for _, p := range n.Positional {
			fmt.Fprintf(b, "| `%s` | %s |\n", p.Summary(), cell(p.Help))
		}
	}
	if len(n.Flags) > 0 {
		b.WriteString("\n")
		flagTable(b, n.Flags)
	}
}

func flagTable(b *strings.Builder, flags []*kong.Flag) {
	b.WriteString("| flag | | environment |\n|---|---|---|\n")
	for _, f := range flags {
		if f.Hidden || f.Name == "help" {
			continue
		}
		help := f.Help
		if f.Required {
			help += " Required."
		}
		env := ""
		for _, e := range f.Envs {
			env = "`" + e + "`"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", strings.ReplaceAll(f.String(), "|", "\\|"), cell(help), env)
	}
}

// cell keeps a text inside one cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
