package cli

import (
	"bufio"
	"encoding/hex"
	"fmt"

	"breakwater/internal/document"
	"breakwater/internal/event"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
	"breakwater/internal/record"
	"breakwater/internal/store"
)

type fsckCmd struct {
	Policy string `env:"BREAKWATER_POLICY" type:"path" placeholder:"FILE" help:"Witnesses whose lines are verified too (c2sp.org/tlog-policy), as serve has them."`
}

func (fsckCmd) Permission() permit.Permission { return permit.Operate }

func (fsckCmd) Help() string {
	return example("Nothing is changed. Exit code 1 says that something does not agree; the list says what, in which log, at which entry.",
		"breakwater fsck", "breakwater fsck --json")
}

// CheckedLog is one log as it was derived from its entries.
type CheckedLog struct {
	Log  string `json:"log"`
	Size uint64 `json:"size"`
	Root string `json:"root"`
}

// CheckFailure is one thing that does not agree.
type CheckFailure struct {
	What  string `json:"what"`
	Log   string `json:"log"`
	Index *int64 `json:"index"`
}

// Checked answers fsck.
type Checked struct {
	OK       bool           `json:"ok"`
	Logs     []CheckedLog   `json:"logs"`
	Failures []CheckFailure `json:"failures"`
	Notes    []string       `json:"notes"`
}

func (c *fsckCmd) Run(a *App) error {
	if !a.exists() {
		return problem("there is no Breakwater data in %s: name the folder with --data", a.Data)
	}
	var answer Checked
	s, err := a.openToCheck()
	if err != nil {
		return err
	}
	defer s.close()
	if answer, err = s.fsck(c.Policy); err != nil {
		return err
	}
	if err := a.show(answer, answer.text); err != nil {
		return err
	}
	if !answer.OK {
		return errNo
	}
	return nil
}

// fsck checks what is stored, the guard, and that every log can be folded.
func (s *site) fsck(policy string) (Checked, error) {
	answer := Checked{Logs: []CheckedLog{}, Failures: []CheckFailure{}, Notes: []string{}}
	bar := s.app.progress(-1, "Checking entries")
	defer bar.done()
	fail := func(f store.Failure) {
		row := CheckFailure{What: f.What, Log: f.Log}
		if f.Index >= 0 {
			row.Index = &f.Index
		}
		answer.Failures = append(answer.Failures, row)
	}
	options := store.CheckOptions{
		Erasure: erasureOf, Disposal: disposalOf, Cites: citesOf, Files: s.files,
		Visit: func(l store.Log, e store.Stored) error {
			bar.step(1)
			if what := wrongEnvelope(l, e); what != "" {
				fail(store.Failure{What: what, Log: l.Name, Index: int64(e.Index)})
			}
			return nil
		},
	}
	if err := s.signatures(&options, policy, fail); err != nil {
		return answer, err
	}
	report, err := s.store.Check(s.app.ctx, options, fail)
	if err != nil {
		return answer, err
	}
	for _, l := range report.Logs {
		name := l.Name
		if name == "" {
			name = l.Origin // the instance log, and every log without the master key
		}
		answer.Logs = append(answer.Logs, CheckedLog{name, l.Size, l.Root.Hex()})
	}
	notes, err := s.unsigned(report.Logs)
	if err != nil {
		return answer, err
	}
	answer.Notes = append(append(answer.Notes, report.Notes...), notes...)
	s.checkGuard(fail)
	if len(answer.Failures) == 0 {
		s.checkFolds(report.Logs, fail)
	}
	answer.OK = len(answer.Failures) == 0
	return answer, nil
}

// checkGuard compares every log with what was signed for it.
func (s *site) checkGuard(fail func(store.Failure)) {
	if err := s.store.CheckGuard(s.app.ctx, s.guard); err != nil {
		fail(store.Failure{What: oneLine(err.Error()), Index: -1})
	}
}

// checkFolds replays every log into a state.
func (s *site) checkFolds(logs []store.CheckedLog, fail func(store.Failure)) {
	for _, l := range logs {
		if l.ID == store.InstanceLog || l.Size == 0 || s.door == nil {
			continue
		}
		if err := s.door.Read(s.app.ctx, l.Name, func(*projection.State) error { return nil }); err != nil {
			fail(store.Failure{What: "cannot be folded: " + oneLine(err.Error()), Log: l.Name, Index: -1})
		}
	}
}

// wrongEnvelope compares what an envelope says of itself with the columns that
// repeat it.
func wrongEnvelope(l store.Log, e store.Stored) string {
	env, err := event.Decode(e.Envelope)
	switch {
	case err != nil:
		return "the envelope is not canonical: " + oneLine(err.Error())
	case uint16(env.Kind) != e.Kind:
		return fmt.Sprintf("the envelope is of kind %s, its leaf says %s", env.Kind, event.Kind(e.Kind))
	case env.Log != l.Name:
		return "the envelope belongs to another log"
	}
	return ""
}

// erasureOf says which entry an envelope erases.
func erasureOf(kind uint16, envelope []byte) (uint64, bool) {
	if event.Kind(kind) != event.EntryErased {
		return 0, false
	}
	env, err := event.Decode(envelope)
	if err != nil {
		return 0, false
	}
	v, err := event.Body[record.Erased](env)
	return v.Index, err == nil
}

// citesOf lists the files that an envelope cites.
func citesOf(kind uint16, envelope []byte) [][32]byte {
	if !event.Kind(kind).IsStatement() {
		return nil
	}
	env, err := event.Decode(envelope)
	if err != nil {
		return nil
	}
	v, err := event.Body[document.Statement](env)
	if err != nil || v.File == nil {
		return nil
	}
	raw, err := hex.DecodeString(v.File.Place)
	if err != nil || len(raw) != 32 {
		return nil
	}
	return [][32]byte{[32]byte(raw)}
}

func (c Checked) text(w *bufio.Writer) {
	var rows [][]string
	for _, l := range c.Logs {
		rows = append(rows, []string{l.Log, fmt.Sprint(l.Size), l.Root})
	}
	table(w, []string{"LOG", "ENTRIES", "ROOT"}, rows)
	for _, n := range c.Notes {
		fmt.Fprintln(w, "Note:", clean(n))
	}
	for _, f := range c.Failures {
		where := f.Log
		if f.Index != nil {
			where += fmt.Sprintf(" entry %d", *f.Index)
		}
		fmt.Fprintf(w, "WRONG %s: %s\n", where, clean(f.What))
	}
	if c.OK {
		fmt.Fprintln(w, "Everything agrees.")
		return
	}
	fmt.Fprintf(w, "%s. Do not write to this folder; keep it, and restore the last good backup elsewhere.\n", count(len(c.Failures), "thing does not agree", "things do not agree"))
}
