package cli

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"breakwater/internal/bundle"
	"breakwater/internal/ledger"
	"breakwater/internal/permit"
	"breakwater/internal/vouch"
	"breakwater/internal/witness"
)

// maxFetched bounds one file of an instance log; a full bundle of entries has
// 256 leaves.
const maxFetched = 1 << 20

type verifyCmd struct {
	File        string `arg:"" help:"Bundle."`
	Key         string `placeholder:"VKEY" help:"Key of the log, got by another way than the bundle."`
	Policy      string `type:"path" placeholder:"FILE" help:"Whose signatures and cosignatures you believe (c2sp.org/tlog-policy)."`
	Authorities string `type:"path" placeholder:"FILE" help:"Certificates of time stamp authorities that you believe (PEM)."`
	Instance    string `placeholder:"DIR|URL" help:"The instance log, to check that no checkpoint was left out: a copy, a data folder, or the address of a Breakwater."`
}

func (verifyCmd) Permission() permit.Permission { return permit.Public }

func (verifyCmd) Help() string {
	return example("Without --key or --policy the key comes from the bundle: that shows integrity, not origin. "+
		"breakwater-verify does the same without network and without the rest of this program.",
		"breakwater verify lakeside.zip", "breakwater verify lakeside.zip --key breakwater/0123456789abcdef+1a2b3c4d+AbCd... --instance https://proof.example.com")
}

func (c *verifyCmd) Run(a *App) error {
	opt, err := c.options(a)
	if err != nil {
		return err
	}
	if c.Instance != "" {
		fetch, closed, err := a.instance(c.Instance)
		if err != nil {
			return err
		}
		defer closed()
		if _, err := fetch("checkpoint"); err != nil {
			return problem("the instance log at %s cannot be read: %v: check the name; a Breakwater has one once `breakwater serve` has run", c.Instance, err)
		}
		opt.Fetch = fetch
	}
	f, err := openFile(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("read %s: %w", c.File, err)
	}
	bar := a.progress(-1, "Checking the bundle")
	defer bar.done()
	result, err := bundle.Verify(f, info.Size(), opt)
	if err != nil {
		return problem("%v", err)
	}
	if err := a.show(result, func(w *bufio.Writer) { w.WriteString(result.Text()) }); err != nil {
		return err
	}
	if !result.OK {
		return errNo
	}
	return nil
}

// options refuses what is no key or no policy: with them a good bundle would
// look like a bad one.
func (c *verifyCmd) options(a *App) (opt bundle.Options, err error) {
	opt.Key = c.Key
	if c.Key != "" {
		if _, err := ledger.ParseVerifier(c.Key); err != nil {
			return opt, problem("--key: %v: give the key as NAME+HASH+KEY, as it was given to you", err)
		}
	}
	if opt.Policy, err = a.optional(c.Policy); err != nil {
		return opt, err
	}
	if len(opt.Policy) > 0 {
		if _, err := ledger.ParsePolicy(opt.Policy); err != nil {
			return opt, problem("--policy %s: %v: give a file as c2sp.org/tlog-policy has it", c.Policy, err)
		}
	}
	opt.Authorities, err = a.optional(c.Authorities)
	return opt, err
}

// instance gives access to an instance log: at an address, in a folder that
// holds a copy, or in a data folder.
func (a *App) instance(where string) (fetch func(string) ([]byte, error), closed func(), err error) {
	nothing := func() {}
	if strings.Contains(where, "://") {
		fetch, err = a.overHTTP(where)
		return fetch, nothing, err
	}
	if _, err := os.Stat(filepath.Join(where, databaseName)); err != nil {
		return func(path string) ([]byte, error) { return readLocal(where, path, maxFetched) }, nothing, nil
	}
	there := *a
	there.Data = where
	s, err := there.openSite()
	if err != nil {
		return nil, nothing, err
	}
	h := vouch.Handler(s.store)
	return func(path string) ([]byte, error) { return fromHandler(h, "/instance/"+path) }, s.close, nil
}

// overHTTP reads from an address: of the instance log itself, or of the
// Breakwater that serves it.
func (a *App) overHTTP(where string) (func(string) ([]byte, error), error) {
	u, err := url.Parse(where)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, problem("%q is not an address: give something like https://proof.example.com", where)
	}
	base := strings.TrimRight(where, "/")
	if !strings.HasSuffix(u.Path, "/instance") && !strings.HasSuffix(u.Path, "/instance/") {
		base += "/instance"
	}
	client := witness.NewHTTPClient()
	return func(path string) ([]byte, error) { return a.get(client, base+"/"+path) }, nil
}

func (a *App) get(client *http.Client, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(a.ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", address, res.Status)
	}
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxFetched+1))
	if err == nil && len(raw) > maxFetched {
		err = fmt.Errorf("%s is too large", address)
	}
	return raw, err
}

// fromHandler asks a handler of this process.
func fromHandler(h http.Handler, path string) ([]byte, error) {
	req, err := http.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	w := &kept{header: http.Header{}, status: http.StatusOK}
	h.ServeHTTP(w, req)
	if w.status != http.StatusOK {
		return nil, fmt.Errorf("there is no %s", path)
	}
	return w.body, nil
}

// kept is an answer that stays in memory.
type kept struct {
	header http.Header
	status int
	body   []byte
}

func (k *kept) Header() http.Header { return k.header }

func (k *kept) WriteHeader(status int) { k.status = status }

func (k *kept) Write(p []byte) (int, error) {
	k.body = append(k.body, p...)
	return len(p), nil
}
