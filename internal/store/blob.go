package store

import (
	"context"
	"encoding/hex"
	"fmt"
)

// Files is what the store needs of the place where files are kept, to carry
// them through backup and check them. Names are HMACs; bytes are sealed.
type Files interface {
	// Raw returns a file as it is stored, or an error that is fs.ErrNotExist.
	Raw(log int64, name [32]byte) ([]byte, error)
	// PutRaw stores a file as Raw returned it.
	PutRaw(log int64, name [32]byte, sealed []byte) error
	// Verify opens a file and compares its content with its name.
	Verify(log int64, name [32]byte) error
}

// File is a file that entries of a log cite.
type File struct {
	BlobRef
	Index    uint64 // of the first entry that cites it
	Disposed int64  // when it was disposed of, ms UTC; 0 = kept
}

func (s *Store) blobAD(ctx context.Context, log LogID, name [32]byte) ([]byte, error) {
	l, err := s.LogByID(ctx, log)
	if err != nil {
		return nil, err
	}
	return append(appendBytes([]byte("breakwater blob\x00"), []byte(l.Origin)), name[:]...), nil
}

// SealBlob seals a file's content for its log and name.
func (s *Store) SealBlob(log int64, name [32]byte, content []byte) ([]byte, error) {
	ctx := context.Background()
	k, err := s.keysOf(ctx, log)
	if err != nil {
		return nil, fmt.Errorf("seal file: %w", err)
	}
	ad, err := s.blobAD(ctx, log, name)
	if err != nil {
		return nil, fmt.Errorf("seal file: %w", err)
	}
	return s.sealData(k, log, make([]byte, 0, len(content)+64), content, ad)
}

// OpenBlob opens what SealBlob returned for the same log and name.
func (s *Store) OpenBlob(log int64, name [32]byte, sealed []byte) ([]byte, error) {
	ctx := context.Background()
	ad, err := s.blobAD(ctx, log, name)
	if err != nil {
		return nil, fmt.Errorf("open file: %w", err)
	}
	content, err := s.openData(ctx, log, nil, sealed, ad)
	if err != nil {
		return nil, fmt.Errorf("open file %s of log %d: %w", hex.EncodeToString(name[:8]), log, err)
	}
	return content, nil
}

// BlobName is the name under which a content with this SHA-256 is stored.
func (s *Store) BlobName(log int64, sum [32]byte) ([32]byte, error) {
	k, err := s.keysOf(context.Background(), log)
	if err != nil {
		return [32]byte{}, fmt.Errorf("name file: %w", err)
	}
	return s.nameOf(k, "blob", string(sum[:]))
}

// CitedFiles lists the files that entries of a log cite, disposed ones too.
func (s *Store) CitedFiles(ctx context.Context, log LogID) ([]File, error) {
	var list []File
	err := s.read(ctx, func(t tx) error {
		list = list[:0]
		return t.scan(query{t: tableBlob, where: []cond{eq(colLog, log)}}, func(r row) error {
			f, err := fileOf(r)
			list = append(list, f)
			return err
		})
	})
	if err != nil {
		return nil, fmt.Errorf("list files of log %d: %w", log, err)
	}
	return list, nil
}

// CitedFile returns one file's row, or ErrNotFound when no entry cites it.
func (s *Store) CitedFile(ctx context.Context, log LogID, name [32]byte) (File, error) {
	var f File
	err := s.read(ctx, func(t tx) error {
		r, err := t.get(tableBlob, log, name[:])
		if err != nil {
			return err
		}
		if r == nil {
			return ErrNotFound
		}
		f, err = fileOf(r)
		return err
	})
	if err != nil {
		return File{}, fmt.Errorf("file of log %d: %w", log, err)
	}
	return f, nil
}

// KeepsFile reports whether a file is to be kept: an entry cites it and it was
// not disposed of. It is what a sweep of the folder asks.
func (s *Store) KeepsFile(ctx context.Context, log int64, name [32]byte) (bool, error) {
	keep := false
	err := s.read(ctx, func(t tx) error {
		r, err := t.get(tableBlob, log, name[:])
		keep = r != nil && r[4] == nil
		return err
	})
	if err != nil {
		return false, fmt.Errorf("file of log %d: %w", log, err)
	}
	return keep, nil
}

func fileOf(r row) (File, error) {
	if len(r.bytes(1)) != 32 {
		return File{}, fmt.Errorf("a row of the blob table is damaged: run fsck")
	}
	return File{BlobRef: BlobRef{Name: [32]byte(r.bytes(1)), Size: r.int(2)}, Index: uint64(r.int(3)), Disposed: r.int(4)}, nil
}
