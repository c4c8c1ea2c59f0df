package ledger_test

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"breakwater/internal/ledger"
)

// writeVectors writes the files of testdata again, from fixed keys. What each
// is expected to do is stated here by hand, never taken from the code.

const vectorOrigin = "breakwater/0123456789abcdef"

var (
	vectorLog   = testKey(vectorOrigin, ledger.Ed25519)
	vectorLogPQ = testKey(vectorOrigin, ledger.MLDSA44)
	vectorX1    = testKey("x1.example", ledger.CosignEd25519).At(1_700_000_000)
	vectorX2    = testKey("x2.example", ledger.CosignEd25519).At(1_700_000_001)
	vectorX3    = testKey("x3.example", ledger.MLDSA44).At(1_700_000_002)
	vectorY1    = testKey("y1.example", ledger.CosignEd25519).At(1_700_000_003)
)

type vectorWriter struct{ t *testing.T }

func (w vectorWriter) write(kind, name, expect, about, headers, body string) {
	w.t.Helper()
	path := filepath.Join("testdata", kind, name+".txt")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		w.t.Fatal(err)
	}
	text := "expect: " + expect + "\nabout: " + about + "\n" + headers + "\n" + body
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		w.t.Fatal(err)
	}
}

func writeVectors(t *testing.T) {
	w := vectorWriter{t}
	w.checkpoints()
	w.policies()
	w.cosigned()
	w.proofs()
	w.requests()
	w.leaves()
}

// vectorTree has 20 leaves, each the 43 bytes of a leaf of kind 1 to 20.
func vectorTree() (*ledger.Tree, [][]byte) {
	var tree ledger.Tree
	var leaves [][]byte
	for i := range 20 {
		b := ledger.Leaf{Kind: uint16(i + 1), Recorded: 1_700_000_000_000 + int64(i), Commitment: ledger.Hash{byte(i)}}.Bytes()
		tree.Append(ledger.LeafHash(b[:]))
		leaves = append(leaves, b[:])
	}
	return &tree, leaves
}

func (w vectorWriter) checkpoint(size uint64) ledger.Checkpoint {
	w.t.Helper()
	tree, _ := vectorTree()
	root, err := tree.Root(size)
	if err != nil {
		w.t.Fatal(err)
	}
	return ledger.Checkpoint{Origin: vectorOrigin, Size: size, Root: root}
}

func (w vectorWriter) sign(size uint64, signers ...*ledger.Signer) string {
	w.t.Helper()
	n, err := ledger.Sign(w.checkpoint(size), signers...)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(n.Encode())
}

// signText signs any text, also one that is no checkpoint.
func (w vectorWriter) signText(text string) string {
	w.t.Helper()
	n, err := ledger.SignText(text, vectorLog)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(n.Encode())
}

func (w vectorWriter) checkpoints() {
	vkey := "vkey: " + vectorLog.Verifier().String() + "\n"
	both := vkey + "vkey: " + vectorLogPQ.Verifier().String() + "\n"
	good := w.sign(20, vectorLog)
	line := good[strings.Index(good, "— "):]
	put := func(name, expect, about, body string) { w.write("checkpoint", name, expect, about, vkey, body) }
	put("good", "ok", "an Ed25519 signature", good)
	put("empty-tree", "ok", "size 0 and the root of nothing", w.sign(0, vectorLog))
	w.write("checkpoint", "good-two-keys", "ok", "Ed25519 and ML-DSA-44 signatures of the log", both, w.sign(20, vectorLog, vectorLogPQ))
	put("unknown-line", "ok", "a signature line of an unknown key is ignored", w.sign(20, vectorLog, vectorX1))
	put("unsigned", "unsigned", "only an unknown key signed", w.sign(20, vectorX1))
	put("other-size", "bad signature", "the size was changed after signing", strings.Replace(good, "\n20\n", "\n21\n", 1))
	pq := w.sign(20, vectorLog, vectorLogPQ)
	tail := strings.LastIndex(pq, "— ") + len("— "+vectorOrigin+" ")
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(pq[tail:], "\n"))
	if err != nil {
		w.t.Fatal(err)
	}
	raw[2000] ^= 1
	w.write("checkpoint", "second-key-bad", "bad signature", "the Ed25519 line is good, the ML-DSA-44 line is not", both,
		pq[:tail]+base64.StdEncoding.EncodeToString(raw)+"\n")
	put("other-name", "unsigned", "the right key under the name of another log", strings.Replace(good, "— "+vectorOrigin, "— breakwater/0000000000000000", 1))
	put("other-origin", "unsigned", "signed under the key's name, but the origin line is another", w.signText("breakwater/0000000000000000\n1\n"+w.checkpoint(1).Root.String()+"\n"))
	put("duplicate-line", "malformed", "the same signature line twice", good+line)
	put("second-line-of-key", "malformed", "two lines of one key", good+flipLast(line))
	put("loose-base64", "malformed", "unused bits set in the last character of the signature", loosenBase64(good))
	put("trailing-data", "malformed", "a line after the signatures", good+"x\n")
	put("trailing-blank", "malformed", "a blank line after the signatures", good+"\n")
	put("no-final-newline", "malformed", "cut off before the last newline", strings.TrimSuffix(good, "\n"))
	put("crlf", "malformed", "carriage returns", strings.ReplaceAll(good, "\n", "\r\n"))
	put("hyphen", "malformed", "a hyphen in place of the em dash", strings.Replace(good, "— ", "- ", 1))
	put("two-spaces", "malformed", "two spaces before the signature", strings.Replace(good, vectorOrigin+" ", vectorOrigin+"  ", 1))
	put("no-signature", "malformed", "no signature line", strings.TrimSuffix(good, line))
	put("not-utf8", "malformed", "a byte that is not UTF-8", "\xff"+good)
	root := w.checkpoint(20).Root.String()
	put("extension-line", "malformed", "a fourth line, rightly signed", w.signText(vectorOrigin+"\n20\n"+root+"\nmore\n"))
	put("leading-zero", "malformed", "size 020", w.signText(vectorOrigin+"\n020\n"+root+"\n"))
	put("plus-size", "malformed", "size +20", w.signText(vectorOrigin+"\n+20\n"+root+"\n"))
	put("huge-size", "malformed", "size 2^63", w.signText(vectorOrigin+"\n9223372036854775808\n"+root+"\n"))
	put("short-root", "malformed", "a root of 31 bytes", w.signText(vectorOrigin+"\n20\n"+base64.StdEncoding.EncodeToString(make([]byte, 31))+"\n"))
	put("loose-root", "malformed", "unused bits set in the last character of the root", w.signText(vectorOrigin+"\n20\n"+ledger.Hash{}.String()[:42]+"B=\n"))
	put("empty-origin", "malformed", "no origin", w.signText("\n20\n"+root+"\n"))
	put("empty-tree-other-root", "malformed", "size 0 with another root", w.signText(vectorOrigin+"\n0\n"+root+"\n"))
	put("blank-line-in-text", "malformed", "a blank line inside the text", w.signText(vectorOrigin+"\n20\n"+root+"\n\n"))
}

// flipLast changes a signature but leaves the line well formed.
func flipLast(line string) string {
	i := strings.LastIndex(line, " ") + 20
	c := "A"
	if line[i] == 'A' {
		c = "B"
	}
	return line[:i] + c + line[i+1:]
}

// loosenBase64 sets the unused bits of a signature of 68 bytes.
func loosenBase64(note string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	i := len(note) - 3 // the character before "=\n"
	return note[:i] + string(alphabet[strings.IndexByte(alphabet, note[i])|1]) + note[i+1:]
}

func (w vectorWriter) policies() {
	log, x1, x2 := vectorLog.Verifier().String(), vectorX1.Verifier().String(), vectorX2.Verifier().String()
	x3, y1 := vectorX3.Verifier().String(), vectorY1.Verifier().String()
	put := func(name, expect, about, body string) { w.write("policy", name, expect, about, "", body) }
	head := "log " + log + "\nwitness X1 " + x1 + "\nwitness X2 " + x2 + "\nwitness X3 " + x3 + "\nwitness Y1 " + y1 + "\n"
	put("two-levels", "ok", "two of X and any of Y", head+"group X 2 X1 X2 X3\ngroup Y any Y1\ngroup all-of all X Y\nquorum all-of\n")
	put("single", "ok", "one witness is the quorum", head+"quorum X1\n")
	put("none", "ok", "no witness needed", "log "+log+"\nquorum none\n")
	put("no-log", "ok", "the log is known from elsewhere", "witness X1 "+x1+"\nquorum X1\n")
	put("spacing", "ok", "comments, tabs, blank lines, URLs", "# who\n\n \t\n\tlog  "+log+" \thttps://log.example/ \nwitness X1 "+x1+" https://x1.example/\n  # end\nquorum\tX1\n")
	put("quorum-first", "malformed", "the quorum stands before its witness", "quorum X1\nwitness X1 "+x1+"\n")
	put("no-quorum", "malformed", "no quorum line", head)
	put("two-quorums", "malformed", "two quorum lines", head+"quorum X1\nquorum X1\n")
	put("unknown-quorum", "malformed", "the quorum is not defined", head+"quorum Z\n")
	put("no-newline", "malformed", "no newline at the end", head+"quorum X1")
	put("crlf", "malformed", "carriage returns", "quorum none\r\n")
	put("unknown-word", "malformed", "an unknown line", head+"mirror X1\nquorum X1\n")
	put("duplicate-log", "malformed", "one log key twice", "log "+log+"\nlog "+log+"\nquorum none\n")
	renamed, err := vectorLog.Verifier().WithName("breakwater/0000000000000000")
	if err != nil {
		w.t.Fatal(err)
	}
	put("renamed-log", "malformed", "one log key under two names", "log "+log+"\nlog "+renamed.String()+"\nquorum none\n")
	put("duplicate-witness", "malformed", "one witness key under two names", "witness A "+x1+"\nwitness B "+x1+"\nquorum A\n")
	put("duplicate-name", "malformed", "one name for two witnesses", "witness A "+x1+"\nwitness A "+x2+"\nquorum A\n")
	put("name-of-group", "malformed", "a group named like a witness", head+"group X1 all X2\nquorum X1\n")
	put("name-none", "malformed", "a witness named none", "witness none "+x1+"\nquorum none\n")
	put("member-none", "malformed", "none as a member", head+"group G any none X1\nquorum G\n")
	put("member-twice", "malformed", "a member twice in one group", head+"group G 2 X1 X1\nquorum G\n")
	put("member-of-two", "malformed", "a witness in two groups", head+"group G any X1\ngroup H any X1\nquorum H\n")
	put("member-later", "malformed", "a member defined below", "group G any X1\nwitness X1 "+x1+"\nquorum G\n")
	put("own-member", "malformed", "a group in itself", head+"group G any G\nquorum G\n")
	put("no-members", "malformed", "a group without members", head+"group G any\nquorum G\n")
	for _, k := range []string{"0", "4", "-1", "+1", "01", "1.0", "most"} {
		put("threshold"+strings.NewReplacer("+", "-plus-", "-", "-minus-").Replace("-"+k), "malformed", "threshold "+k+" of three", head+"group G "+k+" X1 X2 X3\nquorum G\n")
	}
	put("witness-key-as-log", "malformed", "an Ed25519 witness key as a log", "log "+x1+"\nquorum none\n")
	put("log-key-as-witness", "malformed", "an Ed25519 log key as a witness", "witness A "+log+"\nquorum A\n")
	put("bad-vkey", "malformed", "a verifier key with a wrong hash", "log "+strings.Replace(log, "+", "+0", 1)+"\nquorum none\n")
	put("too-many-words", "malformed", "a word after the URL", "log "+log+" https://a.example https://b.example\nquorum none\n")
	many := ""
	for i := range 65 {
		many += "witness W" + fmt.Sprint(i) + " " + testKey(fmt.Sprint("w", i), ledger.CosignEd25519).Verifier().String() + "\n"
	}
	put("too-many-witnesses", "malformed", "65 witnesses, over the limit of this implementation", many+"quorum none\n")
}

func (w vectorWriter) cosigned() {
	put := func(name, expect, policy, witnesses, about, body string) {
		headers := "policy: " + policy + "\n"
		if witnesses != "" {
			headers += "witnesses: " + witnesses + "\n"
		}
		w.write("cosigned", name, expect, about, headers, body)
	}
	put("quorum", "ok", "two-levels", "x1.example x3.example y1.example", "two of X, one of Y", w.sign(20, vectorLog, vectorX1, vectorX3, vectorY1))
	put("one-of-x", "no quorum", "two-levels", "x1.example y1.example", "one of X is not two", w.sign(20, vectorLog, vectorX1, vectorY1))
	put("no-y", "no quorum", "two-levels", "x1.example x2.example x3.example", "all of X, none of Y", w.sign(20, vectorLog, vectorX1, vectorX2, vectorX3))
	put("single", "ok", "single", "x1.example", "the one witness", w.sign(20, vectorLog, vectorX1))
	put("single-other", "no quorum", "single", "x2.example", "another witness", w.sign(20, vectorLog, vectorX2))
	put("none", "ok", "none", "", "no witness asked for", w.sign(20, vectorLog))
	put("no-log-signature", "unsigned", "single", "", "a witness alone", w.sign(20, vectorX1))
	put("unknown-log", "unsigned", "no-log", "", "the policy lists no log and none is known", w.sign(20, vectorLog, vectorX1))
	w.write("cosigned", "log-from-elsewhere", "ok", "the policy lists no log, the key is known", "policy: no-log\nwitnesses: x1.example\nvkey: "+vectorLog.Verifier().String()+"\n", w.sign(20, vectorLog, vectorX1))
	put("forged-cosignature", "bad signature", "single", "", "a listed witness's line taken from another checkpoint", w.sign(20, vectorLog)+lastLine(w.sign(19, vectorX1)))
	put("no-time", "no quorum", "two-levels", "x1.example y1.example", "an ML-DSA-44 cosignature without a time counts for nothing", w.sign(20, vectorLog, vectorX1, vectorX3.At(0), vectorY1))
	put("malformed", "malformed", "single", "", "not a checkpoint", w.signText("hello\n"))
}

func lastLine(note string) string { return note[strings.LastIndex(note, "— "):] }

func (w vectorWriter) proofs() {
	tree, leaves := vectorTree()
	hashes, err := tree.Inclusion(13, 20)
	if err != nil {
		w.t.Fatal(err)
	}
	n, err := ledger.ParseNote([]byte(w.sign(20, vectorLog, vectorX1)))
	if err != nil {
		w.t.Fatal(err)
	}
	p := ledger.Proof{Index: 13, Hashes: hashes, Checkpoint: n}
	good := string(p.Encode())
	p.Extra = []byte("not vouched for")
	headers := "leaf: " + hex.EncodeToString(leaves[13]) + "\npolicy: single\n"
	put := func(name, expect, about, body string) { w.write("proof", name, expect, about, headers, body) }
	put("good", "ok", "leaf 13 of 20", good)
	put("extra", "ok", "with an extra line", string(p.Encode()))
	w.write("proof", "only-leaf", "ok", "leaf 0 of 1, no hashes", "leaf: "+hex.EncodeToString(leaves[0])+"\npolicy: single\n",
		"c2sp.org/tlog-proof@v1\nindex 0\n\n"+w.sign(1, vectorLog, vectorX1))
	w.write("proof", "other-leaf", "wrong proof", "the proof of another leaf", "leaf: "+hex.EncodeToString(leaves[12])+"\npolicy: single\n", good)
	put("other-index", "wrong proof", "index 12", strings.Replace(good, "index 13", "index 12", 1))
	put("other-checkpoint", "wrong proof", "the checkpoint of size 19", good[:strings.Index(good, "\n\n")+2]+w.sign(19, vectorLog, vectorX1))
	put("hash-missing", "wrong proof", "the last hash is missing", strings.Replace(good, hashes[4].String()+"\n", "", 1))
	put("hash-added", "wrong proof", "a hash too many", strings.Replace(good, "\n\n", "\n"+ledger.Hash{}.String()+"\n\n", 1))
	put("no-quorum", "no quorum", "no witness", strings.Replace(good, lastLine(good), "", 1))
	put("unsigned", "unsigned", "no log signature", good[:strings.Index(good, "\n\n")+2]+w.sign(20, vectorX1))
	put("index-outside", "malformed", "index 20 of 20", strings.Replace(good, "index 13", "index 20", 1))
	put("no-header", "malformed", "no first line", strings.TrimPrefix(good, "c2sp.org/tlog-proof@v1\n"))
	put("other-version", "malformed", "version 2", strings.Replace(good, "@v1", "@v2", 1))
	put("leading-zero", "malformed", "index 013", strings.Replace(good, "index 13", "index 013", 1))
	put("no-index", "malformed", "no index line", strings.Replace(good, "index 13\n", "", 1))
	put("empty-extra", "malformed", "an extra line without data", strings.Replace(good, "index", "extra \nindex", 1))
	put("extra-after", "malformed", "the extra line after the index", strings.Replace(good, "index 13\n", "index 13\nextra QQ==\n", 1))
	put("loose-extra", "malformed", "unused bits set in the extra line", strings.Replace(good, "index", "extra QR==\nindex", 1))
	put("two-blank-lines", "malformed", "two blank lines before the checkpoint", strings.Replace(good, "\n\n", "\n\n\n", 1))
	put("no-blank-line", "malformed", "no blank line before the checkpoint", strings.Replace(good, "\n\n", "\n", 1))
	put("trailing-data", "malformed", "a line after the checkpoint", good+"x\n")
	put("cut", "malformed", "cut off in the hashes", good[:60])
	put("64-hashes", "malformed", "more hashes than any tree needs", strings.Replace(good, "\n\n", strings.Repeat("\n"+ledger.Hash{}.String(), 59)+"\n\n", 1))
}

func (w vectorWriter) requests() {
	tree, _ := vectorTree()
	hashes, err := tree.Consistency(13, 20)
	if err != nil {
		w.t.Fatal(err)
	}
	n, err := ledger.ParseNote([]byte(w.sign(20, vectorLog)))
	if err != nil {
		w.t.Fatal(err)
	}
	good := string(ledger.WitnessRequest{Old: 13, Proof: hashes, Checkpoint: n}.Encode())
	put := func(name, expect, about string, old uint64, body string) {
		w.write("witness-request", name, expect, about, "old-root: "+w.checkpoint(old).Root.String()+"\n", body)
	}
	put("good", "ok", "from 13 to 20", 13, good)
	put("first", "ok", "from nothing to 20", 0, "old 0\n\n"+w.sign(20, vectorLog))
	put("same", "ok", "20 again", 20, "old 20\n\n"+w.sign(20, vectorLog))
	put("forked", "wrong proof", "another old root", 12, good)
	put("proof-from-nothing", "wrong proof", "a proof although the old size is 0", 0, strings.Replace(good, "old 13", "old 0", 1))
	put("no-proof", "wrong proof", "no proof", 13, "old 13\n\n"+w.sign(20, vectorLog))
	put("old-above", "malformed", "old size above the checkpoint's", 13, strings.Replace(good, "old 13", "old 21", 1))
	put("leading-zero", "malformed", "old 013", 13, strings.Replace(good, "old 13", "old 013", 1))
	put("no-old", "malformed", "no old line", 13, strings.TrimPrefix(good, "old 13\n"))
	put("no-blank-line", "malformed", "no blank line", 13, strings.Replace(good, "\n\n", "\n", 1))
	put("64-hashes", "malformed", "64 hashes", 13, strings.Replace(good, "\n\n", strings.Repeat("\n"+ledger.Hash{}.String(), 64-len(hashes))+"\n\n", 1))
	put("short-hash", "malformed", "a hash of 31 bytes", 13, strings.Replace(good, "old 13\n", "old 13\n"+base64.StdEncoding.EncodeToString(make([]byte, 31))+"\n", 1))
	put("trailing-data", "malformed", "a line after the checkpoint", 13, good+"x\n")
}

func (w vectorWriter) leaves() {
	put := func(name, expect, about, headers, body string) {
		w.write("leaf", name, expect, about, headers, body+"\n")
	}
	put("good", "ok", "kind 258, recorded 1700000000000, commitment of zeros",
		"hash: "+ledger.LeafHash(append([]byte{1, 1, 2, 0, 0, 1, 0x8b, 0xcf, 0xe5, 0x68, 0}, make([]byte, 32)...)).Hex()+"\n",
		"0101020000018bcfe56800"+strings.Repeat("00", 32))
	put("version-0", "malformed", "version 0", "", "00"+strings.Repeat("00", 42))
	put("version-2", "malformed", "version 2", "", "02"+strings.Repeat("00", 42))
	put("short", "malformed", "42 bytes", "", "01"+strings.Repeat("00", 41))
	put("long", "malformed", "44 bytes", "", "01"+strings.Repeat("00", 43))
}
