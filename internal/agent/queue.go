package agent

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"breakwater/internal/device"
)

// maxQueue is how many reports wait at most: at one an hour, 200 days. Past
// it new reports are not kept, and the gap in their numbers shows.
const maxQueue = 5000

// queue is a folder with one file a report, named by its number.
type queue struct{ dir string }

func (q queue) add(r device.Report) error {
	if err := os.MkdirAll(q.dir, 0o700); err != nil {
		return fmt.Errorf("queue report: %w", err)
	}
	names, err := q.list()
	if err != nil {
		return err
	}
	if len(names) >= maxQueue {
		return nil
	}
	return writeJSON(filepath.Join(q.dir, fmt.Sprintf("%020d.json", r.Seq)), r)
}

// list is the names of what waits, oldest first.
func (q queue) list() ([]string, error) {
	entries, err := os.ReadDir(q.dir)
	if err != nil {
		return nil, fmt.Errorf("read queue: %w", err)
	}
	var names []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".json") {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func (q queue) read(name string) (device.Report, error) {
	var r device.Report
	raw, err := os.ReadFile(filepath.Join(q.dir, name))
	if err != nil {
		return r, fmt.Errorf("read queue: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&r); err != nil {
		return r, fmt.Errorf("queued report %s is damaged: delete it", name)
	}
	return r, nil
}

func (q queue) done(name string) error {
	if err := os.Remove(filepath.Join(q.dir, name)); err != nil {
		return fmt.Errorf("clear queue: %w", err)
	}
	return nil
}

// setAside keeps a report that was refused where a person can look at it.
func (q queue) setAside(name string) error {
	if err := os.Rename(filepath.Join(q.dir, name), filepath.Join(q.dir, name+".refused")); err != nil {
		return fmt.Errorf("set refused report aside: %w", err)
	}
	return nil
}
