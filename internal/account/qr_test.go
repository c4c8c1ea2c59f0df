package account_test

import (
	"encoding/xml"
	"image/color"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"

	"breakwater/internal/account"
)

var run = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)

// The picture, drawn out again, is the matrix with a quiet zone of four.
func TestQRDrawsTheMatrix(t *testing.T) {
	const text = "otpauth://totp/Breakwater:dana@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Breakwater"
	svg, err := account.QR(text)
	if err != nil {
		t.Fatal(err)
	}
	want, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		t.Fatal(err)
	}
	dark := map[[2]int]bool{}
	for _, m := range run.FindAllStringSubmatch(svg, -1) {
		var n [4]int
		for i := range n {
			n[i], _ = strconv.Atoi(m[i+1])
		}
		if n[2] != n[3] {
			t.Fatalf("%s does not close", m[0])
		}
		for x := range n[2] {
			dark[[2]int{n[0] + x, n[1]}] = true
		}
	}
	side := want.Bounds().Dx()
	count := 0
	for y := range side {
		for x := range side {
			black := want.At(x, y) == color.Black
			if black {
				count++
			}
			if dark[[2]int{x + 4, y + 4}] != black {
				t.Fatalf("module %d,%d: drawn %v, want %v", x, y, !black, black)
			}
		}
	}
	if len(dark) != count {
		t.Errorf("%d modules drawn, want %d", len(dark), count)
	}
}

// The picture stands in a page under a strict policy: well-formed, and without
// style, script, links or the secret in letters.
func TestQRIsOnlyAPicture(t *testing.T) {
	svg, err := account.QR("otpauth://totp/secret-in-letters")
	if err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal([]byte(svg), new(struct{})); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"style", "script", "href", "data:", "otpauth", "secret-in-letters"} {
		if strings.Contains(svg, bad) {
			t.Errorf("the picture holds %q", bad)
		}
	}
	if _, err := account.QR(strings.Repeat("x", 5000)); err == nil {
		t.Error("a text that no QR code holds was drawn")
	}
}
