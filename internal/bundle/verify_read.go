package bundle

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
)

// source reads a member, never beyond the size that its header claims, and
// hashes what it gives.
type source struct {
	*bufio.Reader
	rc  io.ReadCloser
	in  *hashing
	sum [32]byte // of the manifest
}

type hashing struct {
	r io.Reader
	h hash.Hash
}

func (h *hashing) Read(p []byte) (int, error) {
	n, err := h.r.Read(p)
	if h.h != nil {
		h.h.Write(p[:n])
	}
	return n, err
}

var (
	errMissing = errors.New("the member is missing")
	errChanged = errors.New("its SHA-256 is not the one in the manifest")
)

// open opens a member of at most limit bytes.
func (v *verification) open(name string, limit uint64, buffer int) (*source, error) {
	f := v.zip[name]
	if f == nil {
		return nil, errMissing
	}
	if f.UncompressedSize64 > limit {
		return nil, fmt.Errorf("it has %d bytes and at most %d are read", f.UncompressedSize64, limit)
	}
	rc, err := f.Open()
	if err != nil {
		return nil, err
	}
	in := &hashing{io.LimitReader(rc, int64(f.UncompressedSize64)+1), sha256.New()}
	return &source{bufio.NewReaderSize(in, buffer), rc, in, v.sums[name]}, nil
}

// finish reads to the end and compares the sum.
func (s *source) finish() error {
	defer s.rc.Close()
	if _, err := io.Copy(io.Discard, s.Reader); err != nil {
		return err
	}
	if [32]byte(s.in.h.Sum(nil)) != s.sum {
		return errChanged
	}
	return nil
}

// read reads a member without comparing its sum.
func (v *verification) read(name string, limit uint64) ([]byte, error) {
	s, err := v.open(name, limit, 1<<16)
	if err != nil {
		return nil, err
	}
	defer s.rc.Close()
	return io.ReadAll(s.Reader)
}

// small reads a member whole and compares its sum. A missing member was
// reported already.
func (v *verification) small(name string) ([]byte, bool) {
	b, err := v.read(name, maxSmall)
	switch {
	case errors.Is(err, errMissing):
		return nil, false
	case v.failErr(name, err):
		return nil, false
	case sha256.Sum256(b) != v.sums[name]:
		v.fail(name, errChanged.Error())
		return b, false
	}
	return b, true
}

// drain compares the sum of a member that nothing else is read from.
func (v *verification) drain(name string, limit uint64) {
	s, err := v.open(name, limit, 1<<16)
	if errors.Is(err, errMissing) {
		return
	}
	if err == nil {
		err = s.finish()
	}
	v.failErr(name, err)
}
