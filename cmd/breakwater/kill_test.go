package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"breakwater/internal/cli"
)

// mainAppend records evidence again and again, one command after the other,
// and prints "key index" when one was acknowledged, until it is killed.
// Arguments: the folder, and a name that no other appender has.
func mainAppend() {
	for n := 0; ; n++ {
		key := fmt.Sprintf("%s-%d", os.Args[2], n)
		rec, err := record(os.Args[1], key)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(key, rec.Index)
	}
}

// record records one statement with a file under a key.
func record(data, key string) (cli.Receipt, error) {
	var rec cli.Receipt
	out, err := breakwater("evidence", "record", "--data", data, "--client", "lakeside", "--practice", "ir-plan", "--at", "2026-01-01",
		"--note", "statement "+key, "--file", filepath.Join(data, "..", "plan.txt"), "--key", key, "--json")
	if err == nil {
		err = json.Unmarshal(out, &rec)
	}
	return rec, err
}

// breakwater runs one command in this process.
func breakwater(args ...string) ([]byte, error) {
	var out, errs bytes.Buffer
	if code := cli.Run(context.Background(), cli.Env{Args: args, Out: &out, Err: &errs}); code != 0 {
		return out.Bytes(), fmt.Errorf("%v: exit code %d: %s%s", args, code, errs.Bytes(), out.Bytes())
	}
	return out.Bytes(), nil
}

// Two processes record evidence and are killed at a random moment, again and
// again: what was acknowledged is there, at its place, and everything agrees.
func TestKillWhileAppending(t *testing.T) {
	if testing.Short() {
		t.Skip("commands in processes of their own take a minute: left to the long run of the tests")
	}
	rounds := 5
	if os.Getenv("BREAKWATER_LONG") == "1" {
		rounds = 200
	}
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	if err := os.WriteFile(filepath.Join(dir, "plan.txt"), []byte("Incident response plan.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "client", "add", "Lakeside Dental", "--id", "lakeside", "--data", data)
	acknowledged := 0
	// A slow machine may acknowledge nothing before the first kills: the rounds
	// go on, each longer, until something was.
	for round := 0; round < rounds || acknowledged == 0 && round < 40; round++ {
		acks := appendAndKill(t, data, round, time.Duration(1+round/rounds))
		acknowledged += len(acks)
		for key, index := range acks {
			rec, err := record(data, key)
			if err != nil || !rec.Repeated || rec.Index != index {
				t.Fatalf("round %d: %s was acknowledged as entry %d; asked again: %+v, %v", round, key, index, rec, err)
			}
		}
		mustRun(t, "fsck", "--data", data)
	}
	if acknowledged == 0 {
		t.Fatalf("nothing was acknowledged in %d rounds: nothing was tested", rounds)
	}
	t.Logf("%d rounds, %d acknowledged", rounds, acknowledged)
}

func mustRun(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := breakwater(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// appendAndKill lets two appenders run for a random time and kills both. It
// returns what they said was recorded.
func appendAndKill(t *testing.T, data string, round int, times time.Duration) map[string]uint64 {
	t.Helper()
	var children []*exec.Cmd
	var outs []*bytes.Buffer
	for n := range 2 {
		c := exec.Command("breakwater-append", data, fmt.Sprintf("%d-%d", round, n))
		out := &bytes.Buffer{}
		c.Stdout, c.Stderr = out, os.Stderr
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		children, outs = append(children, c), append(outs, out)
	}
	time.Sleep(times * time.Duration(100+rand.IntN(400)) * time.Millisecond)
	for _, c := range children {
		if err := c.Process.Kill(); err != nil {
			t.Fatalf("an appender ended by itself: %v", err)
		}
		_ = c.Wait() // it was killed
	}
	acks := map[string]uint64{}
	for _, out := range outs {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var key string
			var index uint64
			if _, err := fmt.Sscan(lines.Text(), &key, &index); err == nil {
				acks[key] = index
			}
		}
	}
	return acks
}
