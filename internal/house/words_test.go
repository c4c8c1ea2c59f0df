package house_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// claims are the words that nothing we show, mail, print or write says of a
// client. What a client's evidence shows, the one claim of docs/terms.md says.
var claims = regexp.MustCompile(`(?i)\b(safe[\s-]+harbou?rs?|(non-?)?complian(t|tly)|compliance (score|rating|grade|seal|badge|percentage)|certified|covered|protected|HIPAA[\s-]+(ready|approved|safe|proof))\b`)

// allowed are the phrases in which such a word says something else. Each is
// cut out of the text before the search; each needs its reason.
var allowed = []struct {
	phrase *regexp.Regexp
	in     *regexp.Regexp // files in which it may stand; nil = all
	why    string
}{
	{regexp.MustCompile(`(?i)\bcovered[\s-]+(entity|entities|component|components)\b`), nil, "the rule's name for who is bound, 45 CFR 160.103"},
	{regexp.MustCompile(`(?i)\b(electronic\s+|unsecured\s+)?protected[\s-]+health[\s-]+information\b`), nil, "the rule's name for PHI, 45 CFR 160.103"},
	{regexp.MustCompile(`(?i)\bsafe harbor method\b`), nil, "the rule's common name for 45 CFR 164.514(b)(2), said of a method"},
	{regexp.MustCompile(`(?i)\b(not|no|never|nor) (a |an )?(HIPAA )?safe[\s-]harbor\b`), nil, "denies it"},
	{regexp.MustCompile("(?i)[`\"]covered[`\"]"), regexp.MustCompile(`\.(go|md)$`), "the field of the coverage answer that lists spans"},
	{regexp.MustCompile(`(?is)## Words that we do not use of a client\n.*?(\n## |\z)`), regexp.MustCompile(`^docs/terms\.md$`), "names the words in order to bar them"},
	{regexp.MustCompile(`(?i)\bcertified mail\b`), nil, "a class of post"},
	{regexp.MustCompile(`(?i)\b(password|write|copy)-protected\b`), nil, "said of a file or a disk"},
}

// british are spellings that American English has not.
var british = regexp.MustCompile(`^(` + strings.Join([]string{
	`(un|re|dis)?(organ|author|recogn|normal|serial|initial|minim|maxim|optim|summar|categor|priorit|util|standard|anonym|pseudonym|synchron|final|custom|emphas|apolog|real|special|penal|canonical|token|random|visual|capital|local|general|material|character|sanit|memor|mobil|neutral|scrutin|central|formal|critic|item|jeopard)is(e|ed|es|er|ers|ing|ation|ations|able)`,
	`licences?`, `colour(s|ed|ing|ful)?`, `behaviours?`, `favour(s|ed|ing|ite|ites|able)?`, `honour(s|ed|ing)?`,
	`neighbour(s|ing|hood)?`, `labour(s|ed)?`, `rumours?`, `endeavours?`, `harbour(s|ed|ing)?`,
	`centre(s|d)?`, `theatres?`, `fibres?`, `(kilo|milli)?metres?`, `litres?`,
	`programmes?`, `catalogu(e|es|ed|ing)`, `(un)?analys(e|ed|ing)`, `paralys(e|ed|ing)`, `(de|of)fences?`, `pretences?`,
	`cheques?`, `greys?`, `whilst`, `learnt`, `fulfils?`, `fulfilment`, `(un|re)?enrols?`, `(un|re)?enrolments?`, `labell(ed|ing)`, `modell(ed|ing)`,
	`judgements?`, `artefacts?`, `ageing`, `practis(e|ed|ing)`,
}, "|") + `)$`)

// spelledSo are words that only look British, or that are somebody's own.
var spelledSo = []struct {
	phrase *regexp.Regexp
	in     *regexp.Regexp
	why    string
}{
	{regexp.MustCompile(`(?s).*`), regexp.MustCompile(`^internal/house/words_test\.go$`), "the list above"},
	{regexp.MustCompile(`(?s).*`), regexp.MustCompile(`^LICENSE$`), "somebody else's text"},
}

// workplaces are absolute paths of the machines that this was written on. A
// document or a comment that names one says nothing to its reader.
var workplaces = regexp.MustCompile(`(^|[\s"'` + "`" + `(=:])/(work/|tmp/plan\b)`)

var humanText = regexp.MustCompile(`\.(html|gohtml|tmpl|md|txt|svg|css|js|sh|yml|yaml)$|^(Makefile|LICENSE|NOTICE|\.ci/run)$|^scripts/|^changelog/`)

// saysOfClients picks the files whose text may reach a client or a reader:
// templates, courses, letters, documents, and data with sentences in it. Tables
// with the titles of other people's standards (.csv) are not among them.
func saysOfClients(name string) bool {
	switch path.Ext(name) {
	case ".html", ".gohtml", ".tmpl", ".md", ".svg":
		return !inTestdata(name)
	case ".txt", ".json":
		return !inTestdata(name) && !wordlist.MatchString(name)
	}
	return false
}

// wordlist are files that hold one name or rule a line, for a machine.
var wordlist = regexp.MustCompile(`^internal/phi/.*data/.*\.txt$`)

func TestNoClaims(t *testing.T) {
	for _, name := range files(t, saysOfClients) {
		for _, hit := range claimsIn(name, string(read(t, name))) {
			t.Errorf("%s:%s: say what the evidence shows instead", name, hit)
		}
	}
	for _, name := range files(t, isSource) {
		for _, lit := range literals(t, name) {
			for _, hit := range claimsIn(name, lit.text) {
				t.Errorf("%s:%d: %s: say what the evidence shows instead", name, lit.line, hit)
			}
		}
	}
}

// claimsIn lists the claims in a text, each with its line.
func claimsIn(name, text string) []string {
	if ext := path.Ext(name); ext == ".html" || ext == ".gohtml" || ext == ".svg" {
		text = shown(text)
	}
	for _, a := range allowed {
		if a.in == nil || a.in.MatchString(name) {
			text = a.phrase.ReplaceAllStringFunc(text, blank)
		}
	}
	var hits []string
	for _, at := range claims.FindAllStringIndex(text, -1) {
		hits = append(hits, fmt.Sprintf("%d: %q", line(text, at[0]), text[at[0]:at[1]]))
	}
	return hits
}

var (
	action    = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	field     = regexp.MustCompile(`[.$]\w+`)
	attribute = regexp.MustCompile(`\b(class|id|for|name|href|src|action|data-[a-z-]+|aria-(labelledby|describedby|controls))="[^"]*"`)
)

// shown blanks what a template's reader never sees: fields inside actions, and
// attributes that are names.
func shown(text string) string {
	text = action.ReplaceAllStringFunc(text, func(a string) string { return field.ReplaceAllStringFunc(a, blank) })
	return attribute.ReplaceAllStringFunc(text, blank)
}

// blank keeps lines, so that a hit after it still has its number.
func blank(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' {
			return r
		}
		return ' '
	}, s)
}

func line(text string, at int) int { return 1 + strings.Count(text[:at], "\n") }

type literal struct {
	text string
	line int
}

// literals are the string literals of one Go file and the help texts in its
// field tags; import lines and other tags are not for people. A literal that
// is the one word "covered" is the field of the coverage answer.
func literals(t *testing.T, name string) []literal {
	t.Helper()
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, name, read(t, name), 0)
	if err != nil {
		t.Fatal(err)
	}
	var list []literal
	tags := map[*ast.BasicLit]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			if n.Tag != nil {
				tags[n.Tag] = true
			}
		case *ast.BasicLit:
			if text := spoken(n, tags[n]); text != "" {
				list = append(list, literal{text, set.Position(n.Pos()).Line})
			}
		}
		return true
	})
	return list
}

// spoken is what a literal says to people: all of a string, the help text of
// a field's tag, nothing of a number.
func spoken(l *ast.BasicLit, tag bool) string {
	if l.Kind != token.STRING {
		return ""
	}
	if tag {
		return help(l.Value)
	}
	s, err := strconv.Unquote(l.Value)
	if err != nil || s == "covered" {
		return ""
	}
	return s
}

var helpTag = regexp.MustCompile(`\b(help|placeholder|doc|description|title)=?:?"((?:[^"\\]|\\.)*)"`)

func help(tag string) string {
	var b strings.Builder
	for _, m := range helpTag.FindAllStringSubmatch(tag, -1) {
		b.WriteString(m[2] + "\n")
	}
	return b.String()
}

// word is a run of letters, or a part of a name in camel case.
var word = regexp.MustCompile(`[A-Z]?[a-z]+|[A-Z]{2,}`)

// britishIn says where the British words of a text are. known remembers the
// words that were judged before.
func britishIn(text string, known map[string]bool) [][]int {
	var hits [][]int
	for _, at := range word.FindAllStringIndex(text, -1) {
		w := strings.ToLower(text[at[0]:at[1]])
		bad, seen := known[w]
		if !seen {
			bad = british.MatchString(w)
			known[w] = bad
		}
		if bad {
			hits = append(hits, at)
		}
	}
	return hits
}

func TestAmericanSpelling(t *testing.T) {
	known := map[string]bool{}
	for _, name := range files(t, func(n string) bool {
		return !inTestdata(n) && (isGo(n) || humanText.MatchString(n)) && !wordlist.MatchString(n)
	}) {
		text := string(read(t, name))
		for _, s := range spelledSo {
			if s.in.MatchString(name) {
				text = s.phrase.ReplaceAllStringFunc(text, blank)
			}
		}
		for _, at := range britishIn(text, known) {
			t.Errorf("%s:%d: %q is not American English", name, line(text, at[0]), text[at[0]:at[1]])
		}
	}
}

func TestNoWorkplacePaths(t *testing.T) {
	for _, name := range files(t, func(n string) bool { return isGo(n) || humanText.MatchString(n) }) {
		text := string(read(t, name))
		for _, at := range workplaces.FindAllStringIndex(text, -1) {
			t.Errorf("%s:%d: %q is a path of one machine", name, line(text, at[0]), strings.TrimSpace(text[at[0]:at[1]]))
		}
	}
}

// A search that finds nothing anywhere proves nothing: each rule meets what it
// is for, and lets pass what it should.
func TestSearchesFind(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"docs/x.md", "Lakeside is HIPAA compliant.", 1},
		{"docs/x.md", "A safe\nharbor, certified.", 2},
		{"docs/x.md", "Your compliance score: 93", 1},
		{"docs/x.md", "You are fully protected and covered", 2},
		{"docs/x.md", "Each covered entity keeps its electronic protected health information.", 0},
		{"docs/x.md", "It is not a safe harbor. The `covered` list.", 0},
		{"internal/web/x.html", `<p class="covered">{{.Covered}}</p>`, 0},
		{"internal/web/x.html", `<p title="Protected">{{"covered"}}</p>`, 2},
		{"docs/x.md", "unprotected, uncovered, discovered, certificate", 0},
		{"docs/terms.md", "## Words that we do not use of a client\ncompliant\n", 0},
		{"docs/other.md", "## Words that we do not use of a client\ncompliant\n", 1},
	} {
		if got := claimsIn(c.name, c.text); len(got) != c.want {
			t.Errorf("%q in %s: got %q, want %d", c.text, c.name, got, c.want)
		}
	}
	for text, want := range map[string]bool{
		"an organ" + "isation": true, "the col" + "our": true, "Col" + "oured": true, "a lic" + "ence": true, "unauthor" + "ised": true, "the cent" + "re": true,
		"a program" + "me": true, "ana" + "lyse": true, "enrol" + "ment": true, "beha" + "viour": true, "setCol" + "ourName": true, "AUTHOR" + "ISED": true, "gr" + "ey": true,
		"organization, color, license, authorized, center, programs, analysis, analyses, enrollment, enroll, behavior, gray": false,
		"de minimis, optimistic, emphasis, realistic, specialist, localist, practice, meter, defense, canceled":              false,
	} {
		if got := britishIn(text, map[string]bool{}); (len(got) > 0) != want {
			t.Errorf("British in %q: %v, want %v", text, got, want)
		}
	}
	for text, want := range map[string]bool{
		"see /" + "work/main": true, "`/" + "tmp/plan/x`": true, "https://example.org/work/": false, "the /works": false, "../shared/facts": false,
	} {
		if got := workplaces.MatchString(text); got != want {
			t.Errorf("path in %q: %v, want %v", text, got, want)
		}
	}
}
