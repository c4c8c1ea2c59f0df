package device

import (
	"maps"
	"strconv"

	"breakwater/internal/event"
	"breakwater/internal/evidence"
	"breakwater/internal/framework"
)

// Practices whose triggers are the inventory's own entries.
const (
	movementLog = "asset-movement-log"
	disposal    = "asset-disposal"
)

// Apply folds one entry. Entries of other packages are left alone.
func (s *State) Apply(e event.Entry, b *evidence.Book, rules *evidence.Rules) error {
	at := evidence.Point{At: e.At, Recorded: e.Recorded, Index: e.Index}
	switch e.Kind {
	case event.DeviceReported:
		v, err := decodeReported(e.Envelope)
		if err != nil {
			return err
		}
		s.reported(v, at, b, rules)
	case event.DeviceSeen:
		v, err := decodeSeen(e.Envelope)
		if err != nil {
			return err
		}
		s.seen(v, at, b, rules)
	case event.DeviceAdded, event.DeviceChanged:
		v, err := event.Body[Listing](e.Envelope)
		if err != nil {
			return err
		}
		s.list(v, at, b, e.Kind == event.DeviceAdded)
	case event.DeviceRetired, event.DeviceReturned:
		v, err := event.Body[Retired](e.Envelope)
		if err != nil {
			return err
		}
		s.retire(v, at, b, e.Kind == event.DeviceReturned)
	case event.DeviceUnused:
		v, err := event.Body[Unused](e.Envelope)
		if err != nil {
			return err
		}
		if d := s.Devices[v.ID]; d != nil {
			d.Unused = append(d.Unused, v)
		}
		b.Absent(framework.ScopeDevice, v.ID, evidence.Absence{Point: at, From: v.From, To: v.To, By: v.By, Why: v.Why})
	case event.CustodyChanged:
		return s.custody(e, at, b)
	default:
		return s.keys(e, at)
	}
	return nil
}

func (s *State) keys(e event.Entry, at evidence.Point) error {
	switch e.Kind {
	case event.DeviceEnrolled:
		v, err := event.Body[Enrolled](e.Envelope)
		if err != nil {
			return err
		}
		if d := s.Devices[v.ID]; d != nil {
			d.Key, d.KeyEntry, d.Seq = &v, e.Index, 0
		}
	case event.DeviceKeyRevoked:
		v, err := event.Body[KeyRevoked](e.Envelope)
		if err != nil {
			return err
		}
		if d := s.Devices[v.ID]; d != nil {
			d.Key = nil
		}
	case event.SecretMade:
		v, err := event.Body[SecretMade](e.Envelope)
		if err != nil {
			return err
		}
		s.Secrets[v.ID] = &Secret{SecretMade: v}
	case event.SecretRevoked:
		v, err := event.Body[SecretRevoked](e.Envelope)
		if err != nil {
			return err
		}
		if x := s.Secrets[v.ID]; x != nil {
			x.Revoked = true
		}
	case event.SourceLost:
		v, err := event.Body[Lost](e.Envelope)
		if err != nil {
			return err
		}
		s.Lost = append(s.Lost, v)
	}
	return nil
}

func (s *State) list(v Listing, at evidence.Point, b *evidence.Book, added bool) {
	d := s.Devices[v.ID]
	if d == nil || added {
		d = &Device{Listing: v, In: true, Since: at.At, Entry: at.Index}
		s.Devices[v.ID] = d
	} else {
		d.Listing = d.with(v)
	}
	b.Live(framework.ScopeDevice, v.ID, evidence.Life{Point: at, In: d.In, Attrs: d.attrs()})
}

// with is a listing with the fields that a change gives.
func (l Listing) with(v Listing) Listing {
	for _, f := range [...]struct{ to, from *string }{
		{&l.Name, &v.Name},
		{&l.Class, &v.Class},
		{&l.Platform, &v.Platform},
		{&l.Serial, &v.Serial},
		{&l.Model, &v.Model},
		{&l.Owner, &v.Owner},
		{&l.Site, &v.Site},
		{&l.Note, &v.Note},
	} {
		if *f.from != "" {
			*f.to = *f.from
		}
	}
	if v.HoldsEPHI != nil {
		l.HoldsEPHI = v.HoldsEPHI
	}
	if v.BackedUp != nil {
		l.BackedUp = v.BackedUp
	}
	return l
}

func (l Listing) attrs() *evidence.Attrs {
	return &evidence.Attrs{Name: l.Name, Class: l.Class, Platform: l.Platform, HoldsEPHI: l.HoldsEPHI, BackedUp: l.BackedUp, Site: l.Site}
}

func (s *State) retire(v Retired, at evidence.Point, b *evidence.Book, back bool) {
	d := s.Devices[v.ID]
	if d == nil {
		return
	}
	d.In = back
	b.Live(framework.ScopeDevice, v.ID, evidence.Life{Point: at, In: back, Attrs: d.attrs()})
	if number, ok := b.Number(disposal); ok && !back {
		b.On(number).Triggers = append(b.On(number).Triggers, evidence.Trigger{
			Point: at, Ref: ref("retired", v.ID, at), Subject: v.ID, Note: v.Why, Grade: evidence.Recorded,
		})
	}
}

// ref names the trigger that an entry of this package is.
func ref(what, id string, at evidence.Point) string {
	return what + ":" + id + ":" + strconv.FormatUint(at.Index, 10)
}

func (s *State) custody(e event.Entry, at evidence.Point, b *evidence.Book) error {
	v, err := event.Body[Custody](e.Envelope)
	if err != nil {
		return err
	}
	if d := s.Devices[v.ID]; d != nil {
		d.Custody = &v
	}
	number, ok := b.Number(movementLog)
	if !ok {
		return nil
	}
	on, r := b.On(number), ref("custody", v.ID, at)
	on.Triggers = append(on.Triggers, evidence.Trigger{Point: at, Ref: r, Subject: v.ID, Note: v.Note, Grade: evidence.Recorded})
	if v.Person != "" {
		on.Answers = append(on.Answers, evidence.Answer{Point: at, Ref: r, Grade: evidence.Recorded})
	}
	return nil
}

func (s *State) reported(v Reported, at evidence.Point, b *evidence.Book, rules *evidence.Rules) {
	d := s.Devices[v.Device]
	if d == nil {
		return
	}
	d.Seq, d.Last, d.Full, d.Hash = v.Seq, at, at, v.Hash
	d.Platform, d.Facts, d.Unknown, d.Baseline = v.Platform, v.Facts, v.Unknown, v.Baseline
	d.Missed += v.Missed
	d.merged = nil
	d.Judged = rules.Judge(event.DeviceReported.String(), v.Platform, d.facts(), at.At)
	observe(d, v.Source, at, b)
}

// facts are the reported facts with the client's baseline among them.
func (d *Device) facts() map[string]any {
	if d.Baseline == nil {
		return d.Facts
	}
	if d.merged == nil {
		d.merged = make(map[string]any, len(d.Facts)+1)
		maps.Copy(d.merged, d.Facts)
		d.merged["baseline"] = d.Baseline
	}
	return d.merged
}

func (s *State) seen(v Seen, at evidence.Point, b *evidence.Book, rules *evidence.Rules) {
	s.LastLog = at.Recorded
	for _, r := range v.Reports {
		d := s.Devices[r.Device]
		if d == nil || d.Hash != r.Hash {
			continue
		}
		line := evidence.Point{At: r.At, Recorded: at.Recorded, Index: at.Index}
		d.Seq, d.Last = r.Seq, line
		rules.Refresh(d.Judged, d.Platform, d.facts(), r.At)
		observe(d, v.Source, line, b)
	}
}

// observe tells coverage what the rules say of a device's facts at a point.
func observe(d *Device, source string, at evidence.Point, b *evidence.Book) {
	subject := b.Register(framework.ScopeDevice).Subject(d.ID)
	for _, j := range d.Judged {
		b.ObserveOn(framework.ScopeDevice, subject, j.Measure, source, evidence.Observation{
			Point: at, Verdicts: j.Verdicts, Reason: j.Reason, Grade: evidence.Measured,
		})
	}
}
