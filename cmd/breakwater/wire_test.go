package main

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"breakwater/internal/cli"
)

// serving runs `serve` in this process until the test ends, and returns where.
func serving(t *testing.T, args ...string) string {
	t.Helper()
	addr, err := freeAddress()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	args = append([]string{"serve", "--addr", addr, "--data", filepath.Join(t.TempDir(), "data")}, args...)
	go func() {
		ended <- cli.Run(ctx, cli.Env{Args: args, Out: io.Discard, Err: t.Output(), Pages: pages, Accounts: accounts})
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != 0 {
			t.Errorf("serve: exit code %d", code)
		}
	})
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if status(t, addr, "/healthz", "") == http.StatusOK {
			return addr
		}
	}
	t.Fatal("serve is not ready")
	return ""
}

// status asks; proto is what a proxy says of its browser.
func status(t *testing.T, addr, path, proto string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://"+addr+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if proto != "" {
		req.Header.Set("X-Forwarded-Proto", proto)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}

// Where a proxy ends TLS, the API is as closed to plain text past it as the
// pages are; what is for everybody stays open.
func TestPlainTextPastTheProxy(t *testing.T) {
	addr := serving(t, "--trusted-proxy", "203.0.113.7/32")
	for path, want := range map[string]int{"/": 403, "/sign-in": 403, "/api/clients": 403, "/api/openapi.json": 403, "/healthz": 200} {
		if got := status(t, addr, path, "https"); got != want {
			t.Errorf("past the proxy, %s: got %d, want %d", path, got, want)
		}
	}
	addr = serving(t, "--trusted-proxy", "127.0.0.0/8")
	for path, want := range map[string]int{"/sign-in": 200, "/api/clients": 401} {
		if got := status(t, addr, path, "https"); got != want {
			t.Errorf("through the proxy, %s: got %d, want %d", path, got, want)
		}
		if got := status(t, addr, path, "http"); got != http.StatusForbidden {
			t.Errorf("to the proxy in plain text, %s: got %d, want 403", path, got)
		}
	}
}
