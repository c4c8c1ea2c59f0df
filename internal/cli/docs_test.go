package cli_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"breakwater/internal/cli"
	"breakwater/internal/permit"
)

const document = "../../docs/commands.md"

// The page of commands is what the program says of itself.
func TestCommandsPageIsCurrent(t *testing.T) {
	want, err := cli.Markdown(cli.Env{Sample: simulate})
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(document, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("docs/commands.md is out of date: run UPDATE=1 go test ./internal/cli/ -run %s and read the difference", t.Name())
	}
}

// Each command has an example in its help, and each that can be run says which
// permission it stands for.
func TestEveryCommandHasAnExampleAndAPermission(t *testing.T) {
	nodes := 0
	for _, n := range commands(t) {
		nodes++
		var out bytes.Buffer
		args := append(strings.Fields(strings.TrimPrefix(n.FullPath(), "breakwater")), "--help")
		if code := cli.Run(context.Background(), cli.Env{Args: args, Out: &out, Err: &out, Sample: simulate}); code != 0 {
			t.Errorf("%s --help: exit code %d", n.FullPath(), code)
		}
		_, after, ok := strings.Cut(out.String(), "Example:")
		if !ok || !strings.Contains(after, "    breakwater ") && !strings.Contains(after, "    sudo breakwater ") {
			t.Errorf("%s --help has no example:\n%s", n.FullPath(), out.String())
		}
		if !n.Leaf() {
			continue
		}
		p, ok := n.Target.Addr().Interface().(interface{ Permission() permit.Permission })
		if !ok {
			t.Errorf("%s declares no permission", n.FullPath())
		} else if !p.Permission().Known() {
			t.Errorf("%s declares %q, which is none", n.FullPath(), p.Permission())
		}
	}
	if nodes < 50 {
		t.Errorf("only %d commands were looked at", nodes)
	}
}

// A technician on the pages can do by no command what only an administrator
// may there without it being written down: the operator of the machine stands
// in for an administrator, so an administrator must carry each permission, but
// for those that belong to the client's officer or to a device.
func TestOperatorStandsInForAdministrator(t *testing.T) {
	for _, n := range commands(t) {
		p, ok := n.Target.Addr().Interface().(interface{ Permission() permit.Permission })
		if !ok || !n.Leaf() {
			continue
		}
		switch q := p.Permission(); q.Reach() {
		case permit.OfNobody:
		default:
			if !permit.Administrator.Carries(q) {
				t.Errorf("%s stands for %s, which an administrator does not have", n.FullPath(), q)
			}
		}
	}
}

func commands(t *testing.T) []*kong.Node {
	t.Helper()
	model, err := cli.Model(cli.Env{Sample: simulate})
	if err != nil {
		t.Fatal(err)
	}
	var list []*kong.Node
	var walk func(*kong.Node)
	walk = func(n *kong.Node) {
		for _, c := range n.Children {
			list = append(list, c)
			walk(c)
		}
	}
	walk(model.Node)
	return list
}

func TestVersionIsOneLine(t *testing.T) {
	var out bytes.Buffer
	if code := cli.Run(context.Background(), cli.Env{Args: []string{"--version"}, Out: &out}); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	if got := strings.Count(out.String(), "\n"); got != 1 || out.Len() < 5 {
		t.Errorf("version: got %q", out.String())
	}
}
