package main

import (
	"context"
	"database/sql"
	"errors"
	"net"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"breakwater/internal/cli"
)

// clockVariable sets the clock of the command breakwater-at. The program
// itself reads no such variable.
const clockVariable = "BREAKWATER_TEST_CLOCK"

// TestMain makes the test binary the program itself where it is called by the
// program's name: scripts run what people run, in processes of their own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"breakwater":        main,
		"breakwater-at":     mainAt,
		"breakwater-nobody": func() { mainAs(nobody) },
		"breakwater-daemon": func() { mainAs(daemon) },
		"breakwater-append": mainAppend,
	})
}

// mainAt is the program with another clock, which stands still. It has the
// commands and none of the pages.
func mainAt() {
	at, err := time.Parse(time.RFC3339, os.Getenv(clockVariable))
	if err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Run(ctx, cli.Env{Args: os.Args[1:], Now: func() time.Time { return at }})
	stop()
	os.Exit(code)
}

// Two users who own nothing.
const (
	nobody = 65534
	daemon = 1
)

// mainAs is the program run by another user; only root may become that.
func mainAs(user int) {
	if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(user), syscall.Setuid(user)); err != nil {
		panic(err)
	}
	main()
}

func TestScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("commands in processes of their own take a minute: left to the long run of the tests")
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			addr, err := freeAddress()
			if err != nil {
				return err
			}
			e.Setenv("ADDR", addr)
			e.Setenv("DATA", "breakwater-data")
			e.Values[heldConn{}] = new(*sql.Conn)
			return nil
		},
		Condition: condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": runCode, "refused": runRefused, "json": checkJSON, "now": setClock, "ready": awaitReady, "send": sendBody,
			"sql": runSQL, "alter": alterCell, "lock": lockDatabase, "flip": flipFile, "member": changeMember,
			"copydir": copyFolder, "fifo": makeFifo, "sparse": makeSparse, "nobody": giveToNobody, "race": raceUsers, "small": mountSmall, "fill": fillDisk,
		},
		Deadline:      time.Now().Add(5 * time.Minute), // a command that hangs is ended, and fails
		UpdateScripts: os.Getenv("UPDATE") == "1",
	})
}

// freeAddress is an address on this machine where nothing listened a moment ago.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// condition answers [root] and [tmpfs] in scripts.
func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Getuid() == 0, nil
	case "tmpfs":
		return os.Getuid() == 0 && mayMount(), nil
	}
	return false, os.ErrInvalid
}
