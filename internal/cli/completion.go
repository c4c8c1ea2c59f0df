package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"breakwater/internal/permit"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

func (completionCmd) Permission() permit.Permission { return permit.Public }

func (completionCmd) Help() string {
	return example("", "breakwater completion bash > /etc/bash_completion.d/breakwater",
		`breakwater completion zsh > "${fpath[1]}/_breakwater"`,
		"breakwater completion fish > ~/.config/fish/completions/breakwater.fish")
}

func (c *completionCmd) Run(a *App) error {
	words := completions(a.model.Node, "")
	var err error
	switch c.Shell {
	case "bash":
		err = bashCompletion(a.out, words)
	case "zsh":
		err = zshCompletion(a.out, words)
	case "fish":
		err = fishCompletion(a.out, words)
	}
	return err
}

// completed is what may follow a command: the commands under it, or its flags,
// and the values of flags that have few.
type completed struct {
	path     string // "" or "client add"
	commands []word
	flags    []flagWord
}

type word struct{ name, help string }

type flagWord struct {
	word
	values []string
	file   bool
	takes  bool // takes a value
}

// completions walks the model, commands in their order.
func completions(n *kong.Node, path string) []completed {
	here := completed{path: path}
	for _, group := range n.AllFlags(true) {
		for _, f := range group {
			w := flagWord{word: word{"--" + f.Name, f.Help}, takes: !f.IsBool(), file: f.Tag.Type == "path"}
			for _, v := range f.EnumSlice() {
				if v != "" {
					w.values = append(w.values, v)
				}
			}
			here.flags = append(here.flags, w)
		}
	}
	var list []completed
	for _, c := range n.Children {
		here.commands = append(here.commands, word{c.Name, c.Help})
		list = append(list, completions(c, strings.TrimSpace(path+" "+c.Name))...)
	}
	return append([]completed{here}, list...)
}

func (c completed) names() string {
	var list []string
	for _, w := range c.commands {
		list = append(list, w.name)
	}
	for _, f := range c.flags {
		list = append(list, f.name)
	}
	return strings.Join(list, " ")
}

// findPath is shell that finds the longest known command in the words typed;
// bash and zsh share it, each after setting typed.
const findPath = `  local path="" next w
  for w in "${typed[@]}"; do
    [[ $w == -* ]] && continue
    next="${path:+$path }$w"
    case "$next" in
%s) path="$next" ;;
    esac
  done
`

func pathCases(words []completed) string {
	var list []string
	for _, c := range words[1:] {
		list = append(list, "'"+c.path+"'")
	}
	return "      " + strings.Join(list, "|")
}

func bashCompletion(w io.Writer, words []completed) error {
	var b strings.Builder
	b.WriteString("# bash completion for breakwater; made by `breakwater completion bash`.\n_breakwater() {\n")
	b.WriteString("  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\"\n")
	b.WriteString("  local typed=(\"${COMP_WORDS[@]:1:COMP_CWORD-1}\")\n")
	fmt.Fprintf(&b, findPath, pathCases(words))
	b.WriteString("  case \"$path:$prev\" in\n")
	for _, c := range words {
		for _, f := range c.flags {
			switch {
			case len(f.values) > 0:
				fmt.Fprintf(&b, "    '%s:%s') COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", c.path, f.name, strings.Join(f.values, " "))
			case f.file:
				fmt.Fprintf(&b, "    '%s:%s') COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n", c.path, f.name)
			case f.takes:
				fmt.Fprintf(&b, "    '%s:%s') return ;;\n", c.path, f.name)
			}
		}
	}
	b.WriteString("  esac\n  case \"$path\" in\n")
	for _, c := range words {
		fmt.Fprintf(&b, "    '%s') COMPREPLY=($(compgen -W '%s' -- \"$cur\")) ;;\n", c.path, c.names())
	}
	b.WriteString("  esac\n}\ncomplete -o default -F _breakwater breakwater\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func zshCompletion(w io.Writer, words []completed) error {
	var b strings.Builder
	b.WriteString("#compdef breakwater\n# made by `breakwater completion zsh`.\n_breakwater() {\n")
	b.WriteString("  local typed=(\"${words[@]:1:$((CURRENT-2))}\") prev=\"${words[CURRENT-1]}\"\n")
	fmt.Fprintf(&b, findPath, pathCases(words))
	b.WriteString("  local -a list\n  case \"$path:$prev\" in\n")
	for _, c := range words {
		for _, f := range c.flags {
			switch {
			case len(f.values) > 0:
				fmt.Fprintf(&b, "    '%s:%s') compadd -- %s; return ;;\n", c.path, f.name, strings.Join(f.values, " "))
			case f.file:
				fmt.Fprintf(&b, "    '%s:%s') _files; return ;;\n", c.path, f.name)
			case f.takes:
				fmt.Fprintf(&b, "    '%s:%s') return ;;\n", c.path, f.name)
			}
		}
	}
	b.WriteString("  esac\n  case \"$path\" in\n")
	for _, c := range words {
		fmt.Fprintf(&b, "    '%s') list=(", c.path)
		for _, x := range c.commands {
			fmt.Fprintf(&b, " %s", quoted(x.name+":"+x.help))
		}
		for _, f := range c.flags {
			fmt.Fprintf(&b, " %s", quoted(f.name+":"+f.help))
		}
		b.WriteString(" ) ;;\n")
	}
	b.WriteString("  esac\n  _describe breakwater list || _files\n}\ncompdef _breakwater breakwater\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func fishCompletion(w io.Writer, words []completed) error {
	var b strings.Builder
	b.WriteString("# fish completion for breakwater; made by `breakwater completion fish`.\n")
	b.WriteString("function __breakwater_path\n  set -l path\n  for w in (commandline -opc)[2..]\n    string match -q -- '-*' $w; and continue\n" +
		"    set -l next (string join ' ' $path $w)\n    contains -- \"$next\" $__breakwater_paths; and set path $path $w\n  end\n  string join ' ' $path\nend\n")
	b.WriteString("set -g __breakwater_paths")
	for _, c := range words[1:] {
		fmt.Fprintf(&b, " %s", quoted(c.path))
	}
	b.WriteString("\ncomplete -c breakwater -f\n")
	for _, c := range words {
		when := quoted(fmt.Sprintf("test (__breakwater_path) = %q", c.path))
		if c.path == "" {
			when = quoted("test -z (__breakwater_path)")
		}
		for _, x := range c.commands {
			fmt.Fprintf(&b, "complete -c breakwater -n %s -a %s -d %s\n", when, x.name, quoted(x.help))
		}
		for _, f := range c.flags {
			fmt.Fprintf(&b, "complete -c breakwater -n %s -l %s -d %s%s\n", when, f.name[2:], quoted(f.help), fishValue(f))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func fishValue(f flagWord) string {
	switch {
	case len(f.values) > 0:
		return " -x -a " + quoted(strings.Join(f.values, " "))
	case f.file:
		return " -r -F"
	case f.takes:
		return " -x"
	}
	return ""
}

// quoted puts a text into single quotes for a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
