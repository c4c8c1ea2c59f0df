package cli_test

import (
	"os"
	"testing"

	"breakwater/internal/cli"
)

// The address that is printed is one that can be typed.
func TestAddressCanBeTyped(t *testing.T) {
	name, err := os.Hostname()
	if err != nil {
		t.Skip("this machine has no name")
	}
	for addr, want := range map[string]string{
		"127.0.0.1:8480": "127.0.0.1:8480", ":443": name, "0.0.0.0:443": name, "[::]:8443": name + ":8443",
		"[::1]:443": "[::1]", "proof.example.com:443": "proof.example.com",
	} {
		if got := cli.Reachable(addr, "443"); got != want {
			t.Errorf("%s: got %s, want %s", addr, got, want)
		}
	}
}
