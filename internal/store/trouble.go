package store

import (
	"errors"
	"fmt"
	"os"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// What people can do something about becomes one sentence that ends in what to
// do. Everything else stays as it is.

const (
	makeRoom    = "free some space and try again, nothing that was acknowledged is lost"
	giveRight   = "give this user the right to write the file and its folder"
	checkFolder = "check the path, and give this user the right to write the file and its folder"
)

// fileError is what the system says of a file.
func fileError(err error) error {
	switch {
	case errors.Is(err, errFullFS), errors.Is(err, errQuotaFS):
		return roomError(err)
	case errors.Is(err, os.ErrPermission), errors.Is(err, errReadOnlyFS):
		return fmt.Errorf("%w: %s", ErrReadOnly, giveRight)
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("no such folder: make it first")
	}
	return err
}

// roomError is fileError where a missing file would not be a missing folder.
func roomError(err error) error {
	if errors.Is(err, errFullFS) || errors.Is(err, errQuotaFS) {
		return fmt.Errorf("%w: %s", ErrFull, makeRoom)
	}
	return err
}

// sqliteError is what SQLite says.
func sqliteError(err error) error {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return err
	}
	if said := codeError(e.Code()); said != nil {
		return said
	}
	if e.Code()&0xff == sqlite3.SQLITE_CORRUPT {
		return fmt.Errorf("the database file is damaged: restore a backup: %w", err)
	}
	return err
}

// codeError is the sentence for an extended result code, or nil.
func codeError(code int) error {
	switch code {
	case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_ROWID:
		return errDuplicate
	}
	switch code & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w: stop that process or try again", ErrBusy)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %s", ErrFull, makeRoom)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return fmt.Errorf("%w: %s", ErrReadOnly, giveRight)
	case sqlite3.SQLITE_CANTOPEN:
		return fmt.Errorf("%w or its folder is missing: %s", ErrReadOnly, checkFolder)
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("the file is not a database: check the path")
	case sqlite3.SQLITE_IOERR:
		return ioError(code)
	}
	return nil
}

// ioError tells what could not be written or made from what could not be read.
// SQLite says so of the shared memory beside the write-ahead log, and of quotas,
// when there is no room.
func ioError(code int) error {
	switch code {
	case sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC, sqlite3.SQLITE_IOERR_TRUNCATE,
		sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP:
		return fmt.Errorf("%w or failing: free some space, or replace the disk if it has enough, and try again", ErrFull)
	case sqlite3.SQLITE_IOERR_SHMOPEN, sqlite3.SQLITE_IOERR_ACCESS, sqlite3.SQLITE_IOERR_DELETE, sqlite3.SQLITE_IOERR_GETTEMPPATH:
		return fmt.Errorf("%w: %s", ErrReadOnly, giveRight)
	case sqlite3.SQLITE_IOERR_LOCK, sqlite3.SQLITE_IOERR_RDLOCK, sqlite3.SQLITE_IOERR_UNLOCK, sqlite3.SQLITE_IOERR_SHMLOCK,
		sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK:
		return fmt.Errorf("the disk cannot lock files (%d): keep the folder on a disk of this machine, not on a network share", code)
	case sqlite3.SQLITE_IOERR_NOMEM:
		return errors.New("this machine has no memory left: stop what uses it, and try again")
	}
	return fmt.Errorf("the disk fails (%d): copy the folder to another disk, and run fsck there", code)
}
