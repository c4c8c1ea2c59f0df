package store

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
)

// A backup is a line of magic, then frames: one byte of type, four of length,
// the payload. The last frame is the SHA-256 of everything before it.
const (
	backupMagic = "breakwater backup 1\n"
	maxFrame    = 256 << 20

	frameHeader = 'H' // JSON, first
	frameTable  = 'T' // name of the table that the rows after it belong to
	frameRow    = 'R'
	frameFile   = 'F' // log, name, sealed content
	frameEnd    = 'E'
)

var errBackup = errors.New("it is not a whole backup, it was cut off or altered: take another copy of it, or an older backup")

// frameWriter writes frames and sums what it writes. The first error stays.
type frameWriter struct {
	w   *bufio.Writer
	sum hash.Hash
	n   int64
	err error
}

func newFrameWriter(w io.Writer) *frameWriter {
	f := &frameWriter{w: bufio.NewWriterSize(w, 1<<20), sum: sha256.New()}
	f.write([]byte(backupMagic))
	return f
}

func (f *frameWriter) write(b []byte) {
	if f.err != nil {
		return
	}
	f.sum.Write(b)
	f.n += int64(len(b))
	_, f.err = f.w.Write(b)
}

func (f *frameWriter) frame(typ byte, payload []byte) {
	var head [5]byte
	head[0] = typ
	binary.BigEndian.PutUint32(head[1:], uint32(len(payload)))
	f.write(head[:])
	f.write(payload)
}

func (f *frameWriter) end() error {
	f.write([]byte{frameEnd, 0, 0, 0, sha256.Size})
	f.write(f.sum.Sum(nil))
	return errors.Join(f.err, f.w.Flush())
}

type frameReader struct {
	r   *bufio.Reader
	sum hash.Hash
}

func newFrameReader(r io.Reader) (*frameReader, error) {
	f := &frameReader{r: bufio.NewReaderSize(r, 1<<20), sum: sha256.New()}
	magic := make([]byte, len(backupMagic))
	if err := f.read(magic); err != nil || string(magic) != backupMagic {
		return nil, fmt.Errorf("it is not a backup of this program: check the file")
	}
	return f, nil
}

func (f *frameReader) read(b []byte) error {
	if _, err := io.ReadFull(f.r, b); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errBackup
		}
		return err
	}
	f.sum.Write(b)
	return nil
}

// next returns a frame. After the last one, whose sum must be right and which
// nothing may follow, it returns io.EOF.
func (f *frameReader) next() (byte, []byte, error) {
	var head [5]byte
	if err := f.read(head[:]); err != nil {
		return 0, nil, err
	}
	var sum []byte
	if head[0] == frameEnd {
		sum = f.sum.Sum(nil) // the sum in the last frame covers its own head
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, nil, errBackup
	}
	payload := make([]byte, n)
	if err := f.read(payload); err != nil {
		return 0, nil, err
	}
	if head[0] != frameEnd {
		return head[0], payload, nil
	}
	if string(payload) != string(sum) {
		return 0, nil, errBackup
	}
	if _, err := f.r.ReadByte(); !errors.Is(err, io.EOF) {
		return 0, nil, errBackup
	}
	return 0, nil, io.EOF
}

const (
	valueNull = iota
	valueInt
	valueBytes
	valueText
)

// appendRow encodes a row: a tag before each column, lengths before bytes.
func appendRow(dst []byte, r row) []byte {
	for _, v := range r {
		switch v := v.(type) {
		case int64:
			dst = binary.BigEndian.AppendUint64(append(dst, valueInt), uint64(v))
		case []byte:
			dst = appendBytes(append(dst, valueBytes), v)
		case string:
			dst = appendBytes(append(dst, valueText), []byte(v))
		default:
			dst = append(dst, valueNull)
		}
	}
	return dst
}

// parseRow decodes a row of a table and refuses any other shape.
func parseRow(t *table, b []byte) (row, error) {
	r := make(row, len(t.cols))
	for n, c := range t.cols {
		if len(b) == 0 {
			return nil, errBackup
		}
		tag := b[0]
		b = b[1:]
		switch {
		case tag == valueNull && c.null:
			continue
		case tag == valueInt && c.typ == integer && len(b) >= 8:
			r[n], b = int64(binary.BigEndian.Uint64(b)), b[8:]
			continue
		case tag == valueBytes && c.typ == bytea, tag == valueText && c.typ == text:
		default:
			return nil, errBackup
		}
		if len(b) < 4 || uint64(len(b)-4) < uint64(binary.BigEndian.Uint32(b)) {
			return nil, errBackup
		}
		size := binary.BigEndian.Uint32(b)
		val := b[4 : 4+size : 4+size]
		b = b[4+size:]
		if r[n] = val; c.typ == text {
			r[n] = string(val)
		}
	}
	if len(b) != 0 {
		return nil, errBackup
	}
	return r, nil
}
