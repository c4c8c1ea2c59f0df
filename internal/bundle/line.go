package bundle

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strconv"

	"breakwater/internal/event"
	"breakwater/internal/ledger"
)

// A record of log/leaves.bin is 43 bytes. It is the leaf itself, or, where
// only the leaf's hash is left, the byte 0, kind and recorded as the log's
// index has them, and that hash.
const bareVersion = 0

func appendBare(b []byte, e Entry) []byte {
	b = append(b, bareVersion)
	b = binary.BigEndian.AppendUint16(b, e.Kind)
	b = binary.BigEndian.AppendUint64(b, uint64(e.Recorded))
	return append(b, e.LeafHash[:]...)
}

// leafRecord is a record taken apart. Bare ones prove neither kind nor
// recorded.
type leafRecord struct {
	kind     event.Kind
	recorded int64
	bare     bool
	sum      ledger.Hash // commitment, or the leaf's hash where bare
	hash     ledger.Hash // in the tree
}

func parseRecord(b []byte) (leafRecord, error) {
	if len(b) == ledger.LeafSize && b[0] == bareVersion {
		return leafRecord{
			kind: event.Kind(binary.BigEndian.Uint16(b[1:])), recorded: int64(binary.BigEndian.Uint64(b[3:])),
			bare: true, sum: ledger.Hash(b[11:]), hash: ledger.Hash(b[11:]),
		}, nil
	}
	l, err := ledger.ParseLeaf(b)
	if err != nil {
		return leafRecord{}, err
	}
	return leafRecord{kind: event.Kind(l.Kind), recorded: l.Recorded, sum: l.Commitment, hash: ledger.LeafHash(b)}, nil
}

// Parts of a line of log/entries.jsonl. Each line is canonical but for the
// order of its keys, and stands for the entry of its number.
const (
	lineIndex    = `{"index":`
	lineSalt     = `,"salt":"`
	lineEnvelope = `","envelope":`
	lineErased   = `,"erased":true}`
	lineWithheld = `,"withheld":true}`
	saltText     = 44 // bytes of a salt in base64
	maxLine      = event.MaxEnvelope + 256
)

func appendLine(b []byte, e Entry, m mark) []byte {
	b = strconv.AppendUint(append(b, lineIndex...), e.Index, 10)
	switch m {
	case erased:
		b = append(b, lineErased...)
	case withheld:
		b = append(b, lineWithheld...)
	default:
		b = base64.StdEncoding.AppendEncode(append(b, lineSalt...), e.Salt[:])
		b = append(append(b, lineEnvelope...), e.Envelope...)
		b = append(b, '}')
	}
	return append(b, '\n')
}

var errLine = errors.New("not a line as it is written")

// line is a parsed line; envelope shares memory with it.
type line struct {
	mark     mark
	salt     [ledger.SaltSize + 1]byte // one more for the decoder
	envelope []byte
}

// parse takes the line of an entry, without its newline. It accepts exactly
// what appendLine writes.
func (l *line) parse(b []byte, index uint64, scratch []byte) error {
	head := strconv.AppendUint(append(scratch[:0], lineIndex...), index, 10)
	rest, ok := bytes.CutPrefix(b, head)
	if !ok {
		return errLine
	}
	l.envelope = nil
	switch string(rest) {
	case lineErased:
		l.mark = erased
		return nil
	case lineWithheld:
		l.mark = withheld
		return nil
	}
	const fixed = len(lineSalt) + saltText + len(lineEnvelope)
	if len(rest) < fixed+3 || string(rest[:len(lineSalt)]) != lineSalt || rest[len(rest)-1] != '}' ||
		string(rest[len(lineSalt)+saltText:fixed]) != lineEnvelope {
		return errLine
	}
	n, err := strictBase64.Decode(l.salt[:], rest[len(lineSalt):len(lineSalt)+saltText])
	if err != nil || n != ledger.SaltSize {
		return errLine
	}
	l.mark, l.envelope = shown, rest[fixed:len(rest)-1]
	return nil
}

// strictBase64 refuses unused bits; line breaks cannot occur within a line.
var strictBase64 = base64.StdEncoding.Strict()
