package account_test

import (
	"errors"
	"strings"
	"testing"

	"breakwater/internal/account"
)

func TestCheckPassword(t *testing.T) {
	const name, mail = "Dana O'Whittaker", "dana.whit@lakeside-dental.example"
	for _, c := range []struct {
		password string
		ok       bool
	}{
		{password, true},
		{"correct horse battery staple", true},
		{"vT9#kq2Lw!zp", true},
		{"grün blau gelb rot", true},
		{"eleven char", false},
		{"öäüöäüöäüöä", false},
		{"aaaaaaaaaaaaaaaa", false},
		{"abababababab", false},
		{"passwordpassword", false},
		{"Password123456!", false},
		{"P@ssw0rd2026!", false},
		{"Summer2026!!!", false},
		{"Welcome1234567", false},
		{"qwertyuiop1234567890", false},
		{"letmein letmein letmein", false},
		{"DentalOffice2026", false},
		{"danawhittaker2026", false},
		{"Dana.Whittaker!", false},
		{"whit lakeside dental", false},
		{"123456789012345", false},
		{"hipaa-compliance-2026", false},
		{"dana likes walnut ferry", true},
		{strings.Repeat("long enough ", 30), false},
		{"not\xfftext at all, really", false},
		{"            ", false},
	} {
		err := account.CheckPassword(c.password, name, mail)
		if (err == nil) != c.ok {
			t.Errorf("%q: %v", c.password, err)
		}
		if err != nil && (!errors.Is(err, account.ErrPassword) || strings.Contains(err.Error(), c.password)) {
			t.Errorf("%q: answered %v", c.password, err)
		}
	}
}
