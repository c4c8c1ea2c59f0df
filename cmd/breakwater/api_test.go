package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
)

// office is a Breakwater that runs, and somebody at a browser.
type office struct {
	t       *testing.T
	at      string
	data    string
	browser *http.Client
	token   string
}

// The first day: from the link on the terminal over a password and a phone to
// a token, with which a program then records evidence, and tries what it may
// not.
func TestFirstDay(t *testing.T) {
	o := open(t)
	o.setUp()
	o.must(0, "POST", "/api/clients", `{"name":"Lakeside Dental","id":"lakeside","state":"TX"}`)
	first := o.must(0, "POST", "/api/clients/lakeside/evidence", `{"practice":"risk-analysis","at":"2026-01-01","key":"k1"}`)
	again := o.must(0, "POST", "/api/clients/lakeside/evidence", `{"practice":"risk-analysis","at":"2026-01-01","key":"k1"}`)
	if first["log"] != "lakeside" || first["repeated"] != false || again["repeated"] != true || again["index"] != first["index"] {
		t.Errorf("recorded as %v, then as %v", first, again)
	}
	o.coverage()
	o.refused()
	o.checkOnDisk()
}

// open starts the program on an empty folder and finds its one-time link.
func open(t *testing.T) *office {
	t.Helper()
	address, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, at: "http://" + address, data: filepath.Join(t.TempDir(), "data"), browser: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
	said, err := os.Create(filepath.Join(t.TempDir(), "said"))
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("breakwater", "serve", "--addr", address, "--data", o.data)
	c.Stdout, c.Stderr = said, said
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("stop it: %v", err)
		}
		if err := c.Wait(); err != nil {
			t.Errorf("it was asked to stop, and ended with %v", err)
		}
	})
	o.ready()
	text, err := os.ReadFile(said.Name())
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`http://\S+/link/\S+`).FindString(string(text))
	if link == "" {
		t.Fatalf("no link to set up with:\n%s", text)
	}
	o.token = link
	return o
}

func (o *office) ready() {
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if res, err := http.Get(o.at + "/healthz"); err == nil {
			res.Body.Close()
			return
		}
	}
	o.t.Fatal("it does not answer")
}

// page sends a form, or asks for a page when there is none.
func (o *office) page(at string, form ...string) string {
	o.t.Helper()
	var res *http.Response
	var err error
	if len(form) == 0 {
		res, err = o.browser.Get(at)
	} else {
		v := url.Values{}
		for i := 0; i < len(form); i += 2 {
			v.Set(form[i], form[i+1])
		}
		res, err = o.browser.PostForm(at, v)
	}
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		o.t.Fatalf("%s: %d, %v\n%s", at, res.StatusCode, err, raw)
	}
	return string(raw)
}

func (o *office) find(page, pattern string) string {
	o.t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(page)
	if m == nil {
		o.t.Fatalf("%s is not on the page:\n%s", pattern, page)
	}
	return m[1]
}

// setUp does what a person does: names the MSP, chooses a password, takes a
// phone, keeps the codes, makes a token.
func (o *office) setUp() {
	o.t.Helper()
	const password = "sailing past the lighthouse at dawn"
	o.page(o.token, "msp", "Northgate IT", "zone", "America/Denver", "name", "Dana Whitlock", "mail", "dana@northgate.example",
		"password", password, "again", password)
	key := strings.ReplaceAll(o.find(o.page(o.at+"/own/factor"), `<pre id="key">([^<]+)</pre>`), " ", "")
	code, err := totp.GenerateCode(key, time.Now())
	if err != nil {
		o.t.Fatal(err)
	}
	o.page(o.at+"/own/factor", "code", code)
	o.page(o.at+"/own/codes/kept", "kept", "yes")
	page := o.page(o.at+"/own/tokens", "name", "first day", "role", "administrator", "until", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
	o.token = o.find(page, `<pre id="token">([^<]+)</pre>`)
}

// call is a request of a program.
func (o *office) call(method, path, body string) (int, []byte) {
	o.t.Helper()
	req, err := http.NewRequest(method, o.at+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+o.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, 8<<20))
	if err != nil {
		o.t.Fatal(err)
	}
	return res.StatusCode, raw
}

// must is a call that is answered with a status, 0 for any good one.
func (o *office) must(status int, method, path, body string) map[string]any {
	o.t.Helper()
	got, raw := o.call(method, path, body)
	if got != status && (status != 0 || got >= 300) {
		o.t.Fatalf("%s %s: %d, want %d\n%s", method, path, got, status, raw)
	}
	var v map[string]any
	if err := json.Unmarshal(raw, &v); err != nil {
		o.t.Fatalf("%s %s: %v\n%s", method, path, err, raw)
	}
	return v
}

// coverage is asked of the API and of the command, which runs beside it: one
// answer, but for the moment at which each was given.
func (o *office) coverage() {
	o.t.Helper()
	api := o.must(http.StatusOK, "GET", "/api/clients/lakeside/coverage?on=2026-03-01&practice=risk-analysis&reading=best", "")
	var out bytes.Buffer
	c := exec.Command("breakwater", "coverage", "--data", o.data, "--client", "lakeside", "--on", "2026-03-01", "--practice", "risk-analysis", "--reading", "best", "--json")
	c.Stdout, c.Stderr = &out, os.Stderr
	if err := c.Run(); c.ProcessState.ExitCode() != 1 {
		o.t.Fatalf("coverage: %v", err)
	}
	var cli map[string]any
	if err := json.Unmarshal(out.Bytes(), &cli); err != nil {
		o.t.Fatal(err)
	}
	if a, b := fmt.Sprint(api), fmt.Sprint(cli); a != b {
		o.t.Errorf("the API and the command answer differently:\n%s\n%s", a, b)
	}
}

// refused are requests that are not understood or not allowed: each gets its
// status and one sentence, and the log stays as it is.
func (o *office) refused() {
	o.t.Helper()
	size := func() string { return fmt.Sprint(o.must(http.StatusOK, "GET", "/api/clients/lakeside/log", "")) }
	before := size()
	evidence := "/api/clients/lakeside/evidence"
	for _, x := range []struct {
		status             int
		method, path, body string
	}{
		{400, "POST", evidence, `{bad`},
		{400, "POST", evidence, ``},
		{422, "POST", evidence, `[]`},
		{422, "POST", evidence, `{}`},
		{422, "POST", evidence, `{"practice":7}`},
		{422, "POST", evidence, `{"practice":"nope","at":"2026-01-01"}`},
		{422, "POST", evidence, `{"practice":"risk-analysis","at":"tomorrow"}`},
		{422, "POST", evidence, `{"practice":"risk-analysis","at":"2999-01-01"}`},
		{422, "POST", evidence, `{"practice":"risk-analysis","at":"2026-01-01","unknown":1}`},
		{422, "POST", evidence, `{"practice":"risk-analysis","at":"2026-01-01","state":"perhaps"}`},
		{422, "POST", evidence, `{"practice":"risk-analysis","at":"2026-01-01","file":{"name":"x","content":"%%%"}}`},
		{422, "POST", evidence, `{"practice":"risk-analysis","at":"2026-01-01","file":{"name":"x","content":""}}`},
		{409, "POST", evidence, `{"practice":"risk-analysis","at":"2026-01-02","key":"k1"}`},
		{413, "POST", evidence, `{"practice":"risk-analysis","at":"2026-01-01","note":"` + strings.Repeat("x", 2<<20) + `"}`},
		{404, "POST", "/api/clients/nobody/evidence", `{"practice":"risk-analysis","at":"2026-01-01"}`},
		{404, "GET", "/api/clients/..%2F..%2Fetc/coverage?on=2026-01-01", ""},
		{404, "GET", "/api/clients/nobody/coverage?on=2026-01-01", ""},
		{422, "GET", "/api/clients/lakeside/coverage?on=2026-01-01&as_of_size=999", ""},
		{422, "GET", "/api/clients/lakeside/coverage?on=2026-01-01&practice=nope", ""},
		{409, "POST", "/api/clients", `{"name":"Lakeside Dental","id":"lakeside"}`},
		{422, "POST", "/api/clients", `{"name":""}`},
		{400, "POST", "/api/agent/report", `{`},
	} {
		status, raw := o.call(x.method, x.path, x.body)
		if status != x.status {
			o.t.Errorf("%s %s %.60s: %d, want %d\n%.300s", x.method, x.path, x.body, status, x.status, raw)
		}
		var p struct{ Detail string }
		if err := json.Unmarshal(raw, &p); err != nil || p.Detail == "" || strings.Contains(p.Detail, "\n") {
			o.t.Errorf("%s %s %.60s: not one sentence: %s", x.method, x.path, x.body, raw)
		}
	}
	if after := size(); after != before {
		o.t.Errorf("something changed:\n%s\n%s", before, after)
	}
	token := o.token
	o.token = "bw_nothing"
	if status, raw := o.call("GET", "/api/clients", ""); status != http.StatusUnauthorized {
		o.t.Errorf("a token that nobody made: %d %s", status, raw)
	}
	o.token = token
}

// checkOnDisk derives everything again, beside the program that runs.
func (o *office) checkOnDisk() {
	o.t.Helper()
	if out, err := exec.Command("breakwater", "fsck", "--data", o.data).CombinedOutput(); err != nil {
		o.t.Errorf("fsck: %v\n%s", err, out)
	}
}
