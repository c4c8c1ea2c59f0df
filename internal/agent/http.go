package agent

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"breakwater/internal/device"
)

// maxReply is the largest answer that is read.
const maxReply = 1 << 20

// HTTP hands in over HTTPS, or over HTTP to this machine alone.
type HTTP struct {
	base   string
	client *http.Client
}

// NewHTTP talks to a server. CA is a file with the certificate to trust
// beside the system's, "" for none.
func NewHTTP(server, ca string) (*HTTP, error) {
	u, err := url.Parse(server)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, fmt.Errorf("server %q is not an address: write https://breakwater.example.com", server)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		return nil, fmt.Errorf("server %q: plain HTTP is for this machine alone: write https://", server)
	}
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, fmt.Errorf("read certificate: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate: give a PEM file", ca)
		}
		t.TLSClientConfig.RootCAs = pool
	}
	return &HTTP{
		base: strings.TrimRight(u.String(), "/"),
		client: &http.Client{
			Transport: t, Timeout: 30 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Enroll enrolls the machine.
func (h *HTTP) Enroll(ctx context.Context, e device.Enrollment) (device.Place, error) {
	var p device.Place
	return p, h.post(ctx, "/api/agent/enroll", e, &p)
}

// Report hands a report in.
func (h *HTTP) Report(ctx context.Context, r device.Report) (device.Ack, error) {
	var a device.Ack
	return a, h.post(ctx, "/api/agent/report", r, &a)
}

func (h *HTTP) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("ask %s: %w", h.base, err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := h.client.Do(req)
	if err != nil {
		return fmt.Errorf("%s does not answer: %w", h.base, unwrapURL(err))
	}
	defer res.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	if err != nil {
		return fmt.Errorf("%s broke off: %w", h.base, err)
	}
	switch {
	case res.StatusCode == http.StatusOK:
		return decodeReply(h.base, reply, out)
	case res.StatusCode >= 400 && res.StatusCode < 500 && res.StatusCode != http.StatusTooManyRequests && res.StatusCode != http.StatusRequestTimeout:
		return fmt.Errorf("%w: %s", ErrRefused, sentence(reply, res.StatusCode))
	}
	return fmt.Errorf("%s cannot take it now: %s", h.base, sentence(reply, res.StatusCode))
}

func decodeReply(base string, reply []byte, out any) error {
	if err := json.Unmarshal(reply, out); err != nil {
		return fmt.Errorf("%s did not answer as Breakwater does: check the address", base)
	}
	return nil
}

func unwrapURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// sentence is the reason that the server gave, or its status.
func sentence(reply []byte, status int) string {
	var problem struct {
		Detail string `json:"detail"`
		Error  string `json:"error"`
	}
	if json.Unmarshal(reply, &problem) == nil {
		if problem.Detail != "" {
			return problem.Detail
		}
		if problem.Error != "" {
			return problem.Error
		}
	}
	return fmt.Sprintf("status %d", status)
}
