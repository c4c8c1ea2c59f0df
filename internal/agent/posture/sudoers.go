package posture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// adminGroups are the groups that distributions give administrator rights.
var adminGroups = []string{"sudo", "wheel", "admin"}

// readLocalAdmins: {"members":[names]}: user id 0, the members of sudo, wheel and admin, and whoever
// the sudo rules let run everything. "ALL" stands for everyone.
func readLocalAdmins(_ context.Context, m *machine) Fact {
	const how = "/etc/passwd, /etc/group, /etc/sudoers"
	accounts, err := m.passwd()
	if err != nil {
		return unknown(reason("the list of accounts", err), how)
	}
	groups, err := m.groupMembers(accounts)
	if err != nil {
		return unknown(reason("the list of groups", err), how)
	}
	rules := sudoRules{aliases: map[string][]string{}, everything: map[string]bool{"ALL": true}}
	if err := m.readSudoers(&rules, "/etc/sudoers", 0); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unknown(reason("the sudo rules", err), how)
	}
	var members []string
	for _, a := range accounts {
		if a.uid == 0 {
			members = append(members, a.name)
		}
	}
	for _, g := range adminGroups {
		members = append(members, groups[g]...)
	}
	for _, who := range rules.granted() {
		if g, ok := strings.CutPrefix(who, "%"); ok {
			members = append(members, groups[g]...)
			continue
		}
		members = append(members, who)
	}
	return known(map[string]any{"members": list(members)}, how)
}

// maxIncludes bounds files that include files.
const maxIncludes = 16

// sudoRules are the parts of sudoers(5) that say who may run everything. "%name" is a group.
type sudoRules struct {
	aliases    map[string][]string // User_Alias
	everything map[string]bool     // ALL and each Cmnd_Alias that holds it
	users      []string
}

func (m *machine) readSudoers(rules *sudoRules, name string, depth int) error {
	if depth > maxIncludes {
		return fmt.Errorf("read %s: %w", name, errTooBig)
	}
	data, err := m.file(name, maxFile)
	if err != nil {
		return err
	}
	var bad error
	err = eachLine(bytes.ReplaceAll(data, []byte("\\\n"), []byte(" ")), func(line string) bool {
		if target, dir, ok := sudoInclude(line); ok {
			bad = m.includeSudoers(rules, path.Join(path.Dir(name), target), target, dir, depth+1)
			return bad == nil
		}
		rules.read(line)
		return true
	})
	if err == nil {
		err = bad
	}
	return err
}

// sudoInclude reads @include, @includedir and their old forms with "#".
func sudoInclude(line string) (target string, dir, ok bool) {
	f := strings.Fields(line)
	if len(f) != 2 {
		return "", false, false
	}
	switch f[0] {
	case "@include", "#include":
		return unquote(f[1]), false, true
	case "@includedir", "#includedir":
		return unquote(f[1]), true, true
	}
	return "", false, false
}

func (m *machine) includeSudoers(rules *sudoRules, beside, target string, dir bool, depth int) error {
	if !path.IsAbs(target) {
		target = beside
	}
	if !dir {
		return m.readSudoers(rules, target, depth)
	}
	names, err := m.names(target)
	if err != nil {
		return err
	}
	for _, n := range names {
		if strings.HasSuffix(n, "~") || strings.Contains(n, ".") {
			continue // sudo skips these too
		}
		if err := m.readSudoers(rules, target+"/"+n, depth); err != nil {
			return err
		}
	}
	return nil
}

// read takes one line: an alias or "who host = (as) [TAG:] commands". "#1000" is a user by number.
func (s *sudoRules) read(line string) {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "#") && (len(line) < 2 || !digit(line[1])) {
		return
	}
	line, _, _ = strings.Cut(line, " #")
	left, right, ok := strings.Cut(line, "=")
	f := strings.Fields(left)
	if !ok || len(f) < 2 || strings.HasPrefix(f[0], "Defaults") {
		return
	}
	switch f[0] {
	case "User_Alias":
		s.aliases[f[1]] = commaList(right)
	case "Cmnd_Alias", "Cmd_Alias":
		s.everything[f[1]] = s.all(right)
	case "Runas_Alias", "Host_Alias":
	default:
		if s.all(right) {
			who := strings.ReplaceAll(strings.ReplaceAll(left, " ,", ","), ", ", ",")
			s.users = append(s.users, commaList(strings.Fields(who)[0])...)
		}
	}
}

// all looks for ALL among the commands, behind "(as)" and tags.
func (s *sudoRules) all(right string) bool {
	for part := range strings.SplitSeq(right, ",") {
		if i := strings.LastIndexAny(part, "):"); i >= 0 {
			part = part[i+1:]
		}
		if s.everything[strings.TrimSpace(part)] {
			return true
		}
	}
	return false
}

func commaList(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" && !strings.HasPrefix(part, "!") {
			out = append(out, part)
		}
	}
	return out
}

// granted are the users and groups with aliases put in; an alias may name another.
func (s *sudoRules) granted() []string {
	seen := map[string]bool{}
	var out []string
	queue := append([]string(nil), s.users...)
	for len(queue) > 0 {
		who := queue[0]
		queue = queue[1:]
		if seen[who] {
			continue
		}
		seen[who] = true
		if names, ok := s.aliases[who]; ok {
			queue = append(queue, names...)
			continue
		}
		out = append(out, who)
	}
	return out
}
