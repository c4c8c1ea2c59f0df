package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// backupHead is the first frame. KeyCheck is the check value of the master key,
// which itself is not in the backup.
type backupHead struct {
	Made     int64  `json:"made"`
	Engine   string `json:"engine"`
	Schema   int    `json:"schema"`
	KeyCheck string `json:"key_check"`
}

// schemaVersion is that of the tables as the list describes them.
const schemaVersion = 1

// BackupReport says what a backup holds.
type BackupReport struct {
	Rows    int64
	Files   int64
	Missing int64 // files that were disposed of, or missing, while it ran
	Bytes   int64
}

// Backup writes one state of the database, and the files that its entries cite,
// while others go on writing. It restores into any engine. Bodies, files and
// wrapped keys go as they are stored, sealed: the master key is not in it, and
// without it nothing can be opened. progress may be nil.
func (s *Store) Backup(ctx context.Context, w io.Writer, files Files, progress func(BackupReport)) (BackupReport, error) {
	b := &backup{s: s, files: files, out: newFrameWriter(w), progress: progress}
	t, err := s.eng.begin(ctx, snapshotTx)
	if err == nil {
		defer t.rollback()
		err = b.run(ctx, t)
	}
	if err == nil {
		err = b.out.end()
	}
	b.report.Bytes = b.out.n
	if err != nil {
		return b.report, fmt.Errorf("back up: %w", err)
	}
	return b.report, nil
}

type backup struct {
	s        *Store
	files    Files
	out      *frameWriter
	progress func(BackupReport)
	report   BackupReport
	cited    []fileName
}

type fileName struct {
	log  LogID
	name [32]byte
}

func (b *backup) run(ctx context.Context, t tx) error {
	check, err := t.get(tableMeta, metaCheck)
	if err != nil {
		return err
	}
	if check == nil {
		return errors.New("the database is empty")
	}
	head, err := json.Marshal(backupHead{b.s.nowMS(), b.s.Engine(), schemaVersion, hex.EncodeToString(check.bytes(1))})
	if err != nil {
		return err
	}
	b.out.frame(frameHeader, head)
	for _, tbl := range tables {
		if tbl.sort == DerivedTable || tbl.leased {
			continue
		}
		if err := b.table(ctx, t, tbl); err != nil {
			return fmt.Errorf("table %s: %w", tbl.name, err)
		}
	}
	for _, f := range b.cited {
		if err := b.file(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

func (b *backup) table(ctx context.Context, t tx, tbl *table) error {
	b.out.frame(frameTable, []byte(tbl.name))
	var buf []byte
	return t.scan(query{t: tbl}, func(r row) error {
		if tbl == tableBlob && r[4] == nil && len(r.bytes(1)) == 32 {
			b.cited = append(b.cited, fileName{r.int(0), [32]byte(r.bytes(1))})
		}
		buf = appendRow(buf[:0], r)
		b.out.frame(frameRow, buf)
		b.report.Rows++
		return b.step(ctx)
	})
}

func (b *backup) step(ctx context.Context) error {
	if n := b.report.Rows + b.report.Files; n%1000 == 0 {
		b.report.Bytes = b.out.n
		if b.progress != nil {
			b.progress(b.report)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return b.out.err
}

func (b *backup) file(ctx context.Context, f fileName) error {
	if b.files == nil {
		b.report.Missing++
		return nil
	}
	sealed, err := b.files.Raw(f.log, f.name)
	if errors.Is(err, fs.ErrNotExist) {
		b.report.Missing++
		return nil
	}
	if err != nil {
		return err
	}
	payload := binary.BigEndian.AppendUint64(make([]byte, 0, 40+len(sealed)), uint64(f.log))
	payload = append(append(payload, f.name[:]...), sealed...)
	if len(payload) > maxFrame {
		return fmt.Errorf("a file of %d bytes is too large for a backup", len(sealed))
	}
	b.out.frame(frameFile, payload)
	b.report.Files++
	return b.step(ctx)
}

// BackupFile is Backup into a new file of mode 0600, which appears under its
// name when it is whole and on the disk.
func (s *Store) BackupFile(ctx context.Context, path string, files Files, progress func(BackupReport)) (BackupReport, error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return BackupReport{}, fmt.Errorf("back up: %s is there already: choose another name", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return BackupReport{}, fmt.Errorf("back up: %w", fileError(err))
	}
	report, err := s.Backup(ctx, f, files, progress)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return report, roomError(err)
	}
	return report, syncDir(filepath.Dir(path))
}

// VerifyBackup reads a backup to its end and returns what its first frame says.
func VerifyBackup(r io.Reader) (made int64, err error) {
	h, err := verifyBackup(r)
	return h.Made, err
}

func verifyBackup(r io.Reader) (backupHead, error) {
	var h backupHead
	frames, err := newFrameReader(r)
	if err != nil {
		return h, err
	}
	typ, payload, err := frames.next()
	if err != nil {
		return h, err
	}
	d := json.NewDecoder(bytes.NewReader(payload))
	if typ != frameHeader || d.Decode(&h) != nil {
		return h, errBackup
	}
	if h.Schema != schemaVersion {
		return h, fmt.Errorf("its tables have version %d and this program knows %d: restore it with that program", h.Schema, schemaVersion)
	}
	for err == nil {
		_, _, err = frames.next()
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return h, err
}
