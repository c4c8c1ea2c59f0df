package witness

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Limits of what an outsider may answer.
const (
	maxAnswer  = 64 << 10 // bytes of a body; sixteen post-quantum cosignatures take 56 kB
	maxHeaders = 16 << 10 // bytes of all headers
	maxReason  = 120      // bytes of an error answer that are shown
)

// NewHTTPClient is a client for hostile answers: it follows no redirect, asks
// for no compression, keeps no cookies, and gives up on slow connections and
// endless headers. Bodies are bounded where they are read.
func NewHTTPClient() *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DialContext:            dialer.DialContext,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			TLSHandshakeTimeout:    5 * time.Second,
			ResponseHeaderTimeout:  10 * time.Second,
			IdleConnTimeout:        30 * time.Second,
			MaxIdleConnsPerHost:    2,
			MaxResponseHeaderBytes: maxHeaders,
			DisableCompression:     true,
			ForceAttemptHTTP2:      true,
		},
	}
}

// checkURL refuses an address that is not http or https, or that carries what
// would end up in error messages. Plain http is for this machine alone unless
// plain is set, as it is for authorities: many of them offer nothing else, and
// their answers are signed and bound to the question.
func checkURL(s string, plain bool) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("its address is not a plain URL; write it as https://HOST/PATH")
	}
	switch {
	case u.Scheme == "https", u.Scheme == "http" && (plain || loopback(u.Hostname())):
		return nil
	case u.Scheme == "http":
		return fmt.Errorf("plain http to %s: beyond this machine use https", u.Host)
	}
	return fmt.Errorf("its address begins with %q; write it as https://HOST/PATH", u.Scheme)
}

func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// answer is what came back, its body whole.
type answer struct {
	status int
	kind   string // media type, without parameters
	body   []byte
}

// post sends a body and reads the answer within the limits.
func (c *Client) post(ctx context.Context, addr, kind string, body []byte) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, addr, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("User-Agent", "breakwater")
	res, err := c.client().Do(req)
	if err != nil {
		return answer{}, unreachable(err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return answer{}, fmt.Errorf("its answer broke off: %w", err)
	}
	if len(data) > maxAnswer {
		return answer{}, fmt.Errorf("its answer is over %d bytes", maxAnswer)
	}
	media, _, _ := strings.Cut(res.Header.Get("Content-Type"), ";")
	return answer{res.StatusCode, strings.ToLower(strings.TrimSpace(media)), data}, nil
}

// unreachable takes the address out of an error of net/http, which the caller
// names in its own words.
func unreachable(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		if u.Timeout() {
			return fmt.Errorf("it did not answer in time: %w", u.Err)
		}
		err = u.Err
	}
	return fmt.Errorf("it cannot be reached: %w", err)
}

// refusal is the error of an answer that nothing else is said about.
func (a answer) refusal() error {
	if a.status >= 300 && a.status < 400 {
		return fmt.Errorf("it answers %d, a redirect, which is not followed; configure the address it leads to", a.status)
	}
	if reason := a.reason(); reason != "" {
		return fmt.Errorf("it answers %d: %s", a.status, reason)
	}
	return fmt.Errorf("it answers %d", a.status)
}

// reason is the start of a body, quoted so that nothing in it reaches a
// terminal as it is.
func (a answer) reason() string {
	line, _, _ := bytes.Cut(bytes.TrimSpace(a.body), []byte("\n"))
	if len(line) == 0 {
		return ""
	}
	return strconv.QuoteToASCII(string(line[:min(len(line), maxReason)]))
}
