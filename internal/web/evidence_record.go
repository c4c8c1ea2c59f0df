package web

import (
	"fmt"
	"mime/multipart"
	"net/url"
	"slices"
	"time"

	"breakwater/internal/document"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
	"breakwater/internal/intake"
	"breakwater/internal/interval"
	"breakwater/internal/projection"
)

// RecordForm is what a person may say of a practice by hand, with what was
// typed before if it could not be recorded.
type RecordForm struct {
	Action   string
	Key      string
	Form     string // "record" or "relief"
	One      string // what a subject is called, "" where there is none
	Subjects []Choice
	States   []Choice
	At       string // "2026-11-21T14:45" in the client's zone
	Period   bool   // from and to are asked for
	From, To string
	PeriodIs string // what it is for
	Refs     []string
	Ref      string
	AsksRef  bool
	Note, By string
	NoteIs   string
	Open     bool
}

const minuteForm = "2006-01-02T15:04"

// pathPart is a text as one part of a path.
func pathPart(s string) string { return url.PathEscape(s) }

// recordForm is the form for evidence, or that for reliefs.
func recordForm(v *Visit, st *projection.State, row *framework.Practice, relief bool) *RecordForm {
	f := &RecordForm{
		Form: "record", NoteIs: "What you saw", Key: randomText(16),
		Action: v.base() + "/practices/" + row.ID + "/record", At: time.UnixMilli(v.Now()).In(v.Zone).Format(minuteForm),
		Note: v.typed("note", relief), By: v.typed("by", relief), From: v.typed("from", relief), To: v.typed("to", relief), Ref: v.typed("ref", relief),
	}
	if relief {
		f.Action, f.Form, f.NoteIs = v.base()+"/practices/"+row.ID+"/relief", "relief", "The reason"
	}
	f.Open = v.Method == "POST" && v.typed("state", relief) != ""
	if at := v.typed("at", relief); at != "" {
		f.At = at
	}
	chosen := v.typed("state", relief)
	if relief {
		f.Period, f.PeriodIs, f.States = true, "twelve months at most", reliefStates(row, chosen)
	} else {
		f.States = recordStates(row, chosen)
		f.Period = row.Mode == framework.InForce || row.Mode == framework.Event
		f.PeriodIs = "for a term, from when to when"
		if row.Mode == framework.Event {
			f.PeriodIs, f.AsksRef, f.Refs = "for “nothing happened”", true, openRefs(st.Book, row)
			f.nothing(v, st.Book, row)
		}
	}
	f.One, f.Subjects = subjectChoices(v, st, row, relief)
	return f
}

// nothing proposes the period for "nothing happened": from the end of the last
// one to yesterday.
func (f *RecordForm) nothing(v *Visit, b *evidence.Book, row *framework.Practice) {
	if f.From+f.To != "" || v.Method == "POST" {
		return
	}
	last := int64(0)
	if on := b.Practices[row.Number]; on != nil {
		for _, n := range on.Nils {
			last = max(last, n.To)
		}
	}
	last = max(last, b.Started.Recorded, v.Now()-int64(row.Freshness.MaxAgeDays)*interval.Day)
	if yesterday := v.Now() - interval.Day; last < yesterday {
		f.From, f.To = interval.Civil(last, v.Zone), interval.Civil(yesterday, v.Zone)
	}
}

// typed is what was sent in this form, "" in the other one.
func (v *Visit) typed(name string, relief bool) string {
	if v.Method != "POST" || (v.Field("form") == "relief") != relief {
		return ""
	}
	return v.Field(name)
}

func recordStates(row *framework.Practice, chosen string) []Choice {
	switch {
	case row.Mode == framework.Event:
		return choices(chosen, document.Nil, "nothing happened in a period", document.Trigger, "it happened: "+row.Event.Trigger, document.Answer, "it was answered", document.Holds, "looked after")
	case row.Mode == framework.InForce:
		return choices(chosen, document.Holds, "in force", document.Fails, "not in force any more", document.Unknown, "not to be found out")
	case nounOf[row.Scope] != "":
		return choices(chosen, document.Holds, "in place", document.Fails, "failed", document.Unknown, "not to be found out", document.Nil, "there is no "+nounOf[row.Scope]+" at all")
	}
	return choices(chosen, document.Holds, "in place", document.Fails, "failed", document.Unknown, "not to be found out")
}

func reliefStates(row *framework.Practice, chosen string) []Choice {
	list := []string{document.AcceptedRisk, "the risk is accepted", document.Declined, "the client declines it"}
	if row.Relief == framework.ReliefAlternative {
		list = append([]string{document.Alternative, "it is met another way"}, list...)
	}
	return choices(chosen, list...)
}

// openRefs are the triggers that wait for an answer.
func openRefs(b *evidence.Book, row *framework.Practice) []string {
	on := b.Practices[row.Number]
	if on == nil {
		return nil
	}
	var refs []string
	for _, t := range on.Triggers {
		if !slices.ContainsFunc(on.Answers, func(a evidence.Answer) bool { return a.Ref == t.Ref }) && !slices.Contains(refs, t.Ref) {
			refs = append(refs, t.Ref)
		}
	}
	return refs
}

func subjectChoices(v *Visit, st *projection.State, row *framework.Practice, relief bool) (string, []Choice) {
	noun := nounOf[row.Scope]
	if noun == "" {
		return "", nil
	}
	chosen := v.typed("subject", relief)
	if chosen == "" && v.Method == "GET" {
		chosen = v.Field("subject")
	}
	list := []Choice{{"", "choose", chosen == ""}}
	if relief || row.Mode == framework.Event {
		list[0].Title = "all of them"
	}
	if row.Scope == framework.ScopeDevice {
		for _, dev := range st.Device.Inventory(false) {
			list = append(list, Choice{dev.ID, dev.ID, dev.ID == chosen})
		}
		return upper(noun), list
	}
	for _, m := range st.Client.Members(row.Scope, false) {
		title := m.Name
		if title == "" {
			title = m.ID
		}
		list = append(list, Choice{m.ID, title, m.ID == chosen})
	}
	return upper(noun), list
}

func (d *desk) recordSend(v *Visit) error {
	return d.recordStatement(v, []string{document.Holds, document.Fails, document.Unknown, document.Nil, document.Trigger, document.Answer})
}

func (d *desk) reliefSend(v *Visit) error {
	return d.recordStatement(v, []string{document.Alternative, document.AcceptedRisk, document.Declined})
}

// recordStatement records what the form says, one of the states allowed.
func (d *desk) recordStatement(v *Visit, allowed []string) error {
	e, err := statementOf(v, allowed)
	if err != nil {
		return v.again(err, d.practice)
	}
	file, name, err := upload(v)
	if err != nil {
		return v.again(err, d.practice)
	}
	if file != nil {
		defer file.Close()
		e.Name, e.File = name, file
	}
	rec, err := d.door().Record(v.Context(), v.Caller(), v.Client, e)
	if err != nil {
		return v.again(err, d.practice)
	}
	said := fmt.Sprintf("Recorded as entry %s.", Comma(int64(rec.Index)))
	if rec.Repeated {
		said = fmt.Sprintf("That was recorded before, as entry %s.", Comma(int64(rec.Index)))
	}
	if rec.Warning != "" {
		said += " " + sentence(rec.Warning)
	}
	return v.Go(v.base()+"/practices/"+pathPart(v.PathValue("practice")), said)
}

func statementOf(v *Visit, allowed []string) (intake.Evidence, error) {
	e := intake.Evidence{Key: v.Key(), Statement: document.Statement{
		Practice: v.PathValue("practice"), State: v.Field("state"), Subject: v.Field("subject"), Ref: v.Field("ref"), Note: v.Field("note"), By: v.Field("by"),
	}}
	if !slices.Contains(allowed, e.State) {
		return e, wrong("say what is to be recorded: choose from the list")
	}
	var err error
	if e.At, err = momentOf(v, "at"); err != nil {
		return e, err
	}
	if v.Field("event") != "" && e.State != document.Nil {
		return e, nil // the two dates are for that one alone
	}
	if t := v.Field("from"); t != "" {
		if e.From, err = civilDay(t, v.Zone); err != nil {
			return e, err
		}
	}
	if t := v.Field("to"); t != "" {
		if e.To, err = dayEnd(t, v.Zone); err != nil {
			return e, err
		}
	}
	return e, nil
}

// momentOf reads a date, or a date with a time, in the client's zone. Today,
// and the minute that is running, are now.
func momentOf(v *Visit, name string) (int64, error) {
	text := v.Field(name)
	if text == "" {
		return v.Now(), nil
	}
	t, err := time.ParseInLocation(minuteForm, text, v.Zone)
	if err != nil {
		if t, err = time.ParseInLocation(time.DateOnly, text, v.Zone); err == nil && text == interval.Civil(v.Now(), v.Zone) {
			return v.Now(), nil
		}
	}
	if err != nil {
		return 0, wrong("give the date as a year, a month and a day, and the time as hours and minutes")
	}
	at := t.UnixMilli()
	if now := v.Now(); at > now {
		return at, wrong("that lies in the future: give a time until now")
	} else if now-at < int64(time.Minute/time.Millisecond) {
		return now, nil
	}
	return at, nil
}

// dayEnd reads a date field as the first instant after that day.
func dayEnd(text string, zone *time.Location) (int64, error) {
	t, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return 0, wrong("give the date as a year, a month and a day")
	}
	return interval.DayEnd(t.Year(), t.Month(), t.Day(), zone), nil
}

// upload is the document that came with a form, nil for none.
func upload(v *Visit) (multipart.File, string, error) {
	if v.MultipartForm == nil || len(v.MultipartForm.File["file"]) == 0 {
		return nil, "", nil
	}
	h := v.MultipartForm.File["file"][0]
	if h.Filename == "" && h.Size == 0 {
		return nil, "", nil
	}
	f, err := h.Open()
	if err != nil {
		return nil, "", fmt.Errorf("open upload: %w", err)
	}
	return f, h.Filename, nil
}
