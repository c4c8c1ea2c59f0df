package account

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

const (
	minPasswordRunes = 12
	minLeft          = 6 // letters and digits left when everything guessable is taken out
	minDistinct      = 5
)

// CheckPassword says why a password is not accepted, or nil. The rules follow
// NIST SP 800-63B: length, no composition rules, nothing common, nothing of the
// person's own name or address. The error is an ErrPassword for the person.
func CheckPassword(password, name, mail string) error {
	switch {
	case !utf8.ValidString(password):
		return fmt.Errorf("%w: it is not text", ErrPassword)
	case utf8.RuneCountInString(norm.NFC.String(password)) < minPasswordRunes:
		return fmt.Errorf("%w: at least %d characters, a few unrelated words are good", ErrPassword, minPasswordRunes)
	case len(password) > maxPassword/4:
		return fmt.Errorf("%w: at most %d bytes", ErrPassword, maxPassword/4)
	}
	plain := fold(password)
	if left := without(plain, personal(name, mail)); tooPlain(left) && !tooPlain(plain) {
		return fmt.Errorf("%w: this one is made of your name or mail address", ErrPassword)
	}
	if tooPlain(without(plain, append(personal(name, mail), commonWords...))) {
		return fmt.Errorf("%w: this one is made of words and patterns that are tried first; a few unrelated words are good", ErrPassword)
	}
	return nil
}

// fold keeps letters and digits, in lower case, with the usual replacements of
// letters by signs undone where they stand among letters.
func fold(s string) string {
	s = strings.Map(func(r rune) rune {
		switch r {
		case '@':
			return 'a'
		case '$':
			return 's'
		case '!':
			return 'i'
		}
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return ' '
	}, norm.NFC.String(s))
	return strings.ReplaceAll(s, " ", "")
}

// personal lists the parts of a name and a mail address of three letters and
// more.
func personal(name, mail string) []string {
	split := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
	var parts []string
	for _, p := range strings.FieldsFunc(strings.ToLower(name+" "+mail), split) {
		if utf8.RuneCountInString(p) >= 3 {
			parts = append(parts, p)
		}
	}
	return parts
}

// without takes the words out of s, longest first, wherever they stand, and
// both as they are and with digits for letters.
func without(s string, words []string) string {
	words = slices.Clone(words)
	slices.SortStableFunc(words, func(a, b string) int { return len(b) - len(a) })
	for _, w := range words {
		s = strings.ReplaceAll(s, w, "")
		if disguised := digitsForLetters.Replace(w); disguised != w {
			s = strings.ReplaceAll(s, disguised, "")
		}
	}
	return s
}

var digitsForLetters = strings.NewReplacer("o", "0", "i", "1", "l", "1", "e", "3", "a", "4", "s", "5", "t", "7")

// tooPlain reports whether too little is left to guess: few characters, few
// different ones, or hardly anything but digits.
func tooPlain(s string) bool {
	distinct := map[rune]bool{}
	letters := 0
	for _, r := range s {
		distinct[r] = true
		if unicode.IsLetter(r) {
			letters++
		}
	}
	n := utf8.RuneCountInString(s)
	return n < minLeft || len(distinct) < minDistinct || letters == 0 && n < 10
}

// commonWords is a list of our own, written for this trade: words, seasons and
// rows of keys that people put into passwords first. Years stand in it because
// a password that is a season and a year is among the first to be tried.
var commonWords = strings.Fields(`
	password passwort passcode passphrase pass welcome letmein login signin admin administrator root user guest
	secret default changeme change temp temporary test demo sample hello iloveyou love trustno sunshine princess
	monkey dragon football baseball basketball soccer hockey master shadow superman batman starwars freedom
	whatever computer internet server office network windows microsoft google apple amazon outlook teams
	dental dentist dentistry smile tooth teeth clinic doctor nurse patient medical medicine health healthcare
	hospital therapy therapist hipaa privacy compliance secure security breakwater
	spring summer autumn fall winter january february march april june july august september october november
	december monday tuesday wednesday thursday friday saturday sunday america texas chicago dallas houston
	company business account mypassword mypass thisismy
	qwertyuiop qwerty asdfghjkl asdfgh asdf zxcvbnm zxcvbn qazwsx 1qaz2wsx qwert abcdefghijklmnop abcdefgh
	abcdef abc123 abc xyz aaa bbb xxx
	1234567890 0123456789 123456789 12345678 1234567 123456 12345 1234 123 0987654321 987654321 654321 4321 321
	000 111 222 333 444 555 666 777 888 999 112233 123123
	2019 2020 2021 2022 2023 2024 2025 2026 2027 2028 2029 2030
`)
