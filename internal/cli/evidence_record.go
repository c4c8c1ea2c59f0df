package cli

import (
	"bufio"
	"fmt"
	"path/filepath"

	"breakwater/internal/document"
	"breakwater/internal/intake"
	"breakwater/internal/interval"
	"breakwater/internal/permit"
)

type evidenceCmd struct {
	Record evidenceRecordCmd `cmd:"" help:"Record evidence on a practice."`
}

func (evidenceCmd) Help() string {
	return example("", "breakwater evidence record --client lakeside --practice risk-analysis --at 2026-03-01 --file analysis.pdf")
}

type evidenceRecordCmd struct {
	Client   string  `required:"" placeholder:"ID" help:"Client."`
	Practice string  `required:"" placeholder:"ID" help:"Practice; see breakwater practices."`
	Subject  string  `placeholder:"ID" help:"Subject in its register, such as a device."`
	State    string  `default:"holds" enum:"holds,fails,unknown,nil,trigger,answer,alternative,accepted_risk,declined" placeholder:"STATE" help:"What is said: holds, fails, unknown, nil, trigger, answer; or a relief: alternative, accepted_risk, declined."`
	At       instant `required:"" placeholder:"TIME" help:"When it held in the world."`
	From     instant `placeholder:"TIME" help:"Begin of a period or term."`
	To       instant `placeholder:"TIME" help:"End of a period or term."`
	Ref      string  `placeholder:"REF" help:"Reference that joins a trigger with its answer."`
	Note     string  `placeholder:"TEXT" help:"In plain words; no patient data."`
	By       string  `placeholder:"NAME" help:"Who says it, or who at the client answers for it."`
	File     string  `placeholder:"FILE" type:"path" help:"Document to keep, sealed; without one the evidence is attested."`
	Key      string  `placeholder:"KEY" help:"Your own key: the same submission again is answered and not recorded twice."`
}

func (evidenceRecordCmd) Permission() permit.Permission { return permit.RecordEvidence }

func (evidenceRecordCmd) Help() string {
	return example("A nil of an event practice says that nothing happened in a period and needs --from and --to; "+
		"of another practice it attests that its register is empty. In force: --from is the effective date, --to the end.",
		"breakwater evidence record --client lakeside --practice risk-analysis --at 2026-03-01 --file analysis.pdf",
		"breakwater evidence record --client lakeside --practice iam-offboarding --subject p7 --state trigger --ref hr-114 --at 2026-03-02T17:00:00Z",
		`breakwater evidence record --client lakeside --practice iam-mfa-email --state accepted_risk --by "Dr. Ames" --note "replaced in May" --at 2026-03-02`)
}

// Receipt says where in which log a submission stands.
type Receipt struct {
	Log      string `json:"log"`
	Index    uint64 `json:"index"`
	At       string `json:"at"`
	Recorded string `json:"recorded"`
	Repeated bool   `json:"repeated"`
	Erased   bool   `json:"erased,omitempty"`
	Warning  string `json:"warning,omitempty"`
}

func (c *evidenceRecordCmd) Run(a *App) error {
	e := intake.Evidence{
		Statement: document.Statement{
			Practice: c.Practice, State: c.State, Subject: c.Subject, From: c.From.given(), To: c.To.given(), Ref: c.Ref, Note: c.Note, By: c.By,
		},
		At: c.At.given(), Key: c.Key,
	}
	if c.File != "" {
		f, err := openFile(c.File)
		if err != nil {
			return err
		}
		defer f.Close()
		e.File, e.Name = f, filepath.Base(c.File)
	}
	return a.withClient(c.Client, func(s *site) error {
		rec, err := s.door.Record(a.ctx, a.caller(), c.Client, e)
		if err != nil {
			return err
		}
		return a.receipt(rec, "Recorded")
	})
}

// receipt answers a submission. done is what was done, in a word.
func (a *App) receipt(rec intake.Receipt, done string) error {
	r := Receipt{
		Log: rec.Log, Index: rec.Index, At: interval.Format(rec.At), Recorded: interval.Format(rec.Recorded),
		Repeated: rec.Repeated, Erased: rec.Erased, Warning: rec.Warning,
	}
	return a.show(r, func(w *bufio.Writer) {
		switch {
		case rec.Erased:
			fmt.Fprintf(w, "Was entry %d of %s before, which has been erased.\n", rec.Index, rec.Log)
		case rec.Repeated:
			fmt.Fprintf(w, "Was entry %d of %s before: nothing new is recorded.\n", rec.Index, rec.Log)
		default:
			fmt.Fprintf(w, "%s: entry %d of %s, at %s, recorded %s.\n", done, rec.Index, rec.Log, moment(rec.At), moment(rec.Recorded))
		}
		if rec.Warning != "" {
			fmt.Fprintln(w, "Note:", clean(rec.Warning)+".")
		}
	})
}
