package permit_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"breakwater/internal/permit"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

const (
	day  = int64(24 * 60 * 60 * 1000)
	now  = 20_000 * day
	mine = "lakeside"
	also = "harborview"
)

// held is a grant of the role in its usual reach, in force now.
func held(r permit.Role) permit.Grant {
	g := permit.Grant{Member: "dana", Role: r, Client: mine, From: now - day, Until: now + day}
	if r == permit.Administrator {
		g.Client = ""
	}
	return g
}

// grantsUnderTest are the roles as people hold them, and the two roles that
// may also be held for the whole MSP.
func grantsUnderTest() (names []string, grants []permit.Grant) {
	for _, r := range permit.Roles() {
		names, grants = append(names, string(r)), append(grants, held(r))
	}
	for _, r := range []permit.Role{permit.Auditor, permit.Counsel} {
		g := held(r)
		g.Client = ""
		names, grants = append(names, string(r)+" of the MSP"), append(grants, g)
	}
	return names, grants
}

func mark(g permit.Grant, p permit.Permission, client string) string {
	if ok, _ := permit.Allowed([]permit.Grant{g}, p, client, now); ok {
		return "yes"
	}
	return "-"
}

// TestRolesGolden walks every permission for every role, asked about the
// granted client, about another, and about the MSP as a whole.
func TestRolesGolden(t *testing.T) {
	var b strings.Builder
	fmt.Fprintf(&b, "%-22s %-24s %-5s %-5s %s\n", "role", "permission", "own", "other", "MSP")
	names, grants := grantsUnderTest()
	for n, g := range grants {
		for _, p := range permit.Permissions() {
			fmt.Fprintf(&b, "%-22s %-24s %-5s %-5s %s\n", names[n], p, mark(g, p, mine), mark(g, p, also), mark(g, p, ""))
		}
	}
	golden(t, "testdata/roles.txt", b.String())
}

func TestMarkdownGolden(t *testing.T) {
	golden(t, "testdata/roles.md", permit.Markdown())
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("UPDATE") == "1" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs; read the difference, then run with UPDATE=1 (-want +got):\n%s", file, diff)
	}
}

// Every constant of type Permission has a row in the table, and only once.
func TestEveryPermissionHasARow(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "permit.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared []permit.Permission
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if id, ok := spec.Type.(*ast.Ident); ok && id.Name == "Permission" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			declared = append(declared, permit.Permission(text))
		}
		return true
	})
	listed := permit.Permissions()
	slices.Sort(declared)
	slices.Sort(listed)
	if diff := cmp.Diff(declared, listed); diff != "" {
		t.Errorf("constants and table differ (-constants +table):\n%s", diff)
	}
	for _, p := range listed {
		if !p.Known() || p.What() == "" {
			t.Errorf("%s says nothing about what it allows", p)
		}
	}
}

// The MSP cannot hide a gap from the client's officer: whatever else anyone is
// granted, the officer sees the gaps of that client while the grant holds.
func TestOfficerAlwaysSeesGaps(t *testing.T) {
	for _, p := range permit.Permissions() {
		if strings.Contains(string(p), "hide") || strings.Contains(p.What(), "hide") {
			t.Errorf("%s lets someone hide something", p)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		grants := append(rapid.SliceOf(anyGrant()).Draw(t, "others"), held(permit.ClientOfficer))
		grants = rapid.Permutation(grants).Draw(t, "order")
		for _, p := range []permit.Permission{permit.ViewGaps, permit.ViewClient, permit.ViewLog, permit.ConsentBundle} {
			if ok, why := permit.Allowed(grants, p, mine, now); !ok {
				t.Fatalf("officer refused %s: %s", p, why)
			}
		}
	})
}

func anyGrant() *rapid.Generator[permit.Grant] {
	return rapid.Custom(func(t *rapid.T) permit.Grant {
		return permit.Grant{
			Member: rapid.SampledFrom([]string{"dana", ""}).Draw(t, "member"),
			Role:   rapid.SampledFrom(append(permit.Roles(), "owner")).Draw(t, "role"),
			Client: rapid.SampledFrom([]string{"", mine, also}).Draw(t, "client"),
			From:   now + day*rapid.Int64Range(-800, 2).Draw(t, "from"),
			Until:  rapid.SampledFrom([]int64{0, now - 1, now, now + 1, now + 400*day}).Draw(t, "until"),
		}
	})
}

// Grants only add, and a grant out of force or out of shape adds nothing.
func TestGrantsOnlyAdd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOf(anyGrant()).Draw(t, "some")
		more := append(slices.Clone(some), anyGrant().Draw(t, "one more"))
		p := rapid.SampledFrom(permit.Permissions()).Draw(t, "permission")
		client := rapid.SampledFrom([]string{"", mine, also}).Draw(t, "client")
		before, _ := permit.Allowed(some, p, client, now)
		after, why := permit.Allowed(more, p, client, now)
		if before && !after {
			t.Fatalf("%s was allowed and one more grant took it away: %s", p, why)
		}
		if after && !before && !more[len(more)-1].InForce(now) {
			t.Fatalf("%s was given by a grant that does not hold", p)
		}
		if after != (why == permit.Granted) {
			t.Fatalf("answer %v with reason %v", after, why)
		}
		if role := permit.As(more, p, client, now); (role != "") != (after && p != permit.Public) {
			t.Fatalf("allowed %v, but as %q", after, role)
		}
	})
}

func TestAuditorOnlyReads(t *testing.T) {
	own := []permit.Permission{permit.EnrollFactor, permit.ChangeOwn}
	for _, p := range permit.Permissions() {
		if permit.Auditor.Carries(p) && !p.Reads() && !slices.Contains(own, p) {
			t.Errorf("an auditor may do %s, which writes", p)
		}
	}
}

// What the client decides, nobody of the MSP decides in its place.
func TestClientDecides(t *testing.T) {
	for _, p := range []permit.Permission{permit.ConsentBundle, permit.AcceptRisk, permit.ApprovePolicy, permit.SignScope, permit.ClearPublication} {
		for _, r := range permit.Roles() {
			if got, want := r.Carries(p), r == permit.ClientOfficer; got != want {
				t.Errorf("%s carries %s: %v, want %v", r, p, got, want)
			}
		}
		if !p.NeedsPerson() {
			t.Errorf("an API token may do %s", p)
		}
	}
}

func TestReasons(t *testing.T) {
	ended := held(permit.ClientOfficer)
	ended.Until = now
	later := held(permit.ClientOfficer)
	later.From = now + 1
	msp := held(permit.Technician)
	msp.Client = ""
	for _, c := range []struct {
		name   string
		grants []permit.Grant
		p      permit.Permission
		client string
		want   permit.Reason
		hides  bool
	}{
		{"nothing granted", nil, permit.ViewClient, mine, permit.NoGrant, true},
		{"public", nil, permit.Public, "", permit.Granted, false},
		{"device", []permit.Grant{held(permit.Administrator)}, permit.ByDevice, "", permit.NoGrant, true},
		{"unknown", []permit.Grant{held(permit.Administrator)}, "client.burn", mine, permit.NotKnown, false},
		{"client missing", []permit.Grant{held(permit.Administrator)}, permit.ViewClient, "", permit.WrongAsked, false},
		{"client too much", []permit.Grant{held(permit.Administrator)}, permit.AddClient, mine, permit.WrongAsked, false},
		{"other client", []permit.Grant{held(permit.ClientOfficer)}, permit.ViewClient, also, permit.OtherClient, true},
		{"ended at this instant", []permit.Grant{ended}, permit.ViewClient, mine, permit.NotInForce, true},
		{"not begun", []permit.Grant{later}, permit.ViewClient, mine, permit.NotInForce, true},
		{"staff", []permit.Grant{held(permit.ClientStaff)}, permit.ViewClient, mine, permit.RoleLacks, false},
		{"technician of everything", []permit.Grant{msp}, permit.ViewClient, mine, permit.NotInForce, true},
		{"officer asks for the MSP", []permit.Grant{held(permit.ClientOfficer)}, permit.ManagePeople, "", permit.RoleLacks, false},
		{"nearest reason", []permit.Grant{ended, held(permit.ClientStaff)}, permit.ViewClient, mine, permit.RoleLacks, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			ok, got := permit.Allowed(c.grants, c.p, c.client, now)
			if ok != (c.want == permit.Granted) || got != c.want || got.Hides() != c.hides {
				t.Errorf("got %v, %q, hides %v; want %q, hides %v", ok, got, got.Hides(), c.want, c.hides)
			}
			if strings.Contains(got.String(), mine) || strings.Contains(got.String(), also) {
				t.Errorf("%q names a client", got)
			}
		})
	}
}

func TestClients(t *testing.T) {
	second := held(permit.Technician)
	second.Client = also
	past := held(permit.Technician)
	past.Client, past.Until = "oldtown", now-1
	list, all := permit.Clients([]permit.Grant{held(permit.Technician), second, past, second}, permit.ViewClient, now)
	if diff := cmp.Diff([]string{also, mine}, list); diff != "" || all {
		t.Errorf("all %v, (-want +got):\n%s", all, diff)
	}
	if list, all := permit.Clients([]permit.Grant{held(permit.Administrator)}, permit.ViewClient, now); !all || list != nil {
		t.Errorf("administrator: got %v, %v", list, all)
	}
	if list, all := permit.Clients([]permit.Grant{held(permit.ClientStaff)}, permit.ViewClient, now); all || list != nil {
		t.Errorf("staff: got %v, %v", list, all)
	}
	if list, all := permit.Clients([]permit.Grant{held(permit.Administrator)}, permit.AddClient, now); all || list != nil {
		t.Errorf("a permission about the MSP: got %v, %v", list, all)
	}
}

func TestGrantCheck(t *testing.T) {
	for _, c := range []struct {
		name string
		g    permit.Grant
		ok   bool
	}{
		{"administrator", permit.Grant{Member: "m", Role: permit.Administrator}, true},
		{"administrator of one client", permit.Grant{Member: "m", Role: permit.Administrator, Client: mine}, false},
		{"technician of the MSP", permit.Grant{Member: "m", Role: permit.Technician}, false},
		{"officer", permit.Grant{Member: "m", Role: permit.ClientOfficer, Client: mine}, true},
		{"staff of the MSP", permit.Grant{Member: "m", Role: permit.ClientStaff}, false},
		{"auditor without end", permit.Grant{Member: "m", Role: permit.Auditor}, false},
		{"auditor of a year", permit.Grant{Member: "m", Role: permit.Auditor, Until: 366 * day}, true},
		{"auditor of two years", permit.Grant{Member: "m", Role: permit.Auditor, Until: 367 * day}, false},
		{"counsel", permit.Grant{Member: "m", Role: permit.Counsel}, true},
		{"nobody", permit.Grant{Role: permit.Counsel}, false},
		{"unknown role", permit.Grant{Member: "m", Role: "owner"}, false},
		{"backward", permit.Grant{Member: "m", Role: permit.Counsel, From: 5, Until: 5}, false},
	} {
		if err := c.g.Check(); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestMayGrant(t *testing.T) {
	give := func(r permit.Role, client string) permit.Grant {
		return permit.Grant{Member: "lee", Role: r, Client: client, From: now, Until: now + 30*day}
	}
	for _, c := range []struct {
		by   permit.Role
		give permit.Grant
		ok   bool
	}{
		{permit.Administrator, give(permit.Administrator, ""), true},
		{permit.Administrator, give(permit.ClientOfficer, also), true},
		{permit.Administrator, give(permit.Technician, ""), false},
		{permit.ClientOfficer, give(permit.ClientStaff, mine), true},
		{permit.ClientOfficer, give(permit.Auditor, mine), true},
		{permit.ClientOfficer, give(permit.Counsel, mine), true},
		{permit.ClientOfficer, give(permit.ClientOfficer, mine), false},
		{permit.ClientOfficer, give(permit.Technician, mine), false},
		{permit.ClientOfficer, give(permit.ClientStaff, also), false},
		{permit.ClientOfficer, give(permit.Auditor, ""), false},
		{permit.ClientOfficer, give(permit.Administrator, ""), false},
		{permit.Technician, give(permit.ClientStaff, mine), false},
		{permit.Counsel, give(permit.ClientStaff, mine), false},
	} {
		if err := permit.MayGrant([]permit.Grant{held(c.by)}, c.give, now); (err == nil) != c.ok {
			t.Errorf("%s gives %s of %q: %v", c.by, c.give.Role, c.give.Client, err)
		}
	}
}

func TestNeedsSecondFactor(t *testing.T) {
	for _, r := range permit.Roles() {
		if got, want := permit.NeedsSecondFactor([]permit.Grant{held(r)}, now), r != permit.ClientStaff; got != want {
			t.Errorf("%s: got %v, want %v", r, got, want)
		}
		if permit.NeedsSecondFactor([]permit.Grant{held(r)}, now+day) {
			t.Errorf("%s: needed after the grant ended", r)
		}
	}
}
