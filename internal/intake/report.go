package intake

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"breakwater/internal/device"
	"breakwater/internal/event"
	"breakwater/internal/projection"
)

// seenEvery is the least time between two entries about unchanged devices of
// one client, in ms.
const seenEvery = int64(4 * 60 * 60 * 1000)

// pendingSeen is the latest unchanged report of each device that is not
// logged yet.
type pendingSeen struct {
	mu    sync.Mutex
	lines map[string]map[string]line // by client, by device
}

type line struct {
	device.Line
	source string
}

// Report takes a device's report.
func (d *Door) Report(ctx context.Context, r device.Report) (device.Ack, error) {
	acks, err := d.Reports(ctx, []device.Report{r})
	if err != nil {
		return device.Ack{}, err
	}
	return acks[0], nil
}

// Reports takes several reports of devices of one client at once, oldest
// first: what changed is logged together. One that is refused refuses all.
func (d *Door) Reports(ctx context.Context, list []device.Report) ([]device.Ack, error) {
	if len(list) == 0 {
		return nil, nil
	}
	in := make([]incoming, len(list))
	client := ""
	for n, r := range list {
		row, err := d.owner(ctx, r)
		if err != nil {
			return nil, err
		}
		if client == "" {
			client = row.Client
		} else if client != row.Client {
			return nil, invalid{fmt.Errorf("devices %s and %s are of two clients: hand their reports in apart", list[0].Device, r.Device)}
		}
		if len(r.Facts)+len(r.Unknown) > device.MaxFacts {
			return nil, invalid{fmt.Errorf("report of %s has over %d facts: update the agent", r.Device, device.MaxFacts)}
		}
		hash, err := device.FactsHash(r.Facts, r.Unknown)
		if err != nil {
			return nil, invalid{err}
		}
		in[n] = incoming{Report: r, hash: hash}
	}
	due, err := d.reporters(ctx, client, in)
	if err != nil {
		return nil, err
	}
	return d.take(ctx, client, in, due)
}

// incoming is a report on its way in, with what it is compared with.
type incoming struct {
	device.Report
	hash     string
	key      device.Enrolled
	seq      uint64 // last acknowledged
	known    string // hash of the device's last full report
	same     bool   // the baseline is the one that was judged then
	baseline map[string]any
}

// owner says whose the key of a report is. An enrolled key stays its device's;
// whether it is still good is asked of the client's state.
func (d *Door) owner(ctx context.Context, r device.Report) (keyRow, error) {
	if row, ok := d.owners.Load(r.Key); ok && row.(keyRow).Device == r.Device {
		return row.(keyRow), nil
	}
	var row keyRow
	ok, err := d.setting(ctx, areaKey, hashed(r.Key), &row)
	if err != nil {
		return row, err
	}
	if !ok || row.Device != r.Device {
		return row, invalid{fmt.Errorf("device %q has not enrolled this key: enroll it again", r.Device)}
	}
	d.owners.Store(r.Key, row)
	return row, nil
}

// reporters finds the devices of reports, checks that they signed them, and
// tells whether unchanged ones are due to be logged.
func (d *Door) reporters(ctx context.Context, client string, in []incoming) (due bool, err error) {
	err = d.Read(ctx, client, func(s *projection.State) error {
		due = d.Now() >= s.Device.LastLog+seenEvery
		baseline := baselineOf(s)
		for n := range in {
			r := &in[n]
			dev, err := s.Device.Find(r.Device)
			if err != nil {
				return invalid{err}
			}
			if dev.Key == nil || dev.Key.Key != r.Key {
				return invalid{fmt.Errorf("device %s reports with a key that was revoked or replaced: enroll it again", r.Device)}
			}
			r.key, r.seq, r.known, r.baseline = *dev.Key, dev.Seq, dev.Hash, baseline
			r.same = reflect.DeepEqual(dev.Baseline, baseline)
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	for n := range in {
		r := &in[n]
		if err := r.key.VerifyLine(device.SignedLine(r.Device, r.Seq, r.At, r.hash), r.Sig); err != nil {
			return false, invalid{err}
		}
	}
	return due, nil
}

// take acknowledges reports: one that changed is logged, one that did not
// waits.
func (d *Door) take(ctx context.Context, client string, in []incoming, due bool) ([]device.Ack, error) {
	acks := make([]device.Ack, len(in))
	before := map[string]*incoming{}
	var changed []int
	var events []New
	waits := false
	for n := range in {
		r, ack := &in[n], &acks[n]
		*ack = device.Ack{Device: r.Device, Seq: r.Seq}
		if b := before[r.Device]; b != nil {
			r.seq, r.known, r.same = max(b.seq, b.Seq), b.hash, true
		}
		last := max(r.seq, d.pendingSeq(client, r.Device))
		switch {
		case r.Seq <= last:
			ack.Note = "repeated: this report was acknowledged before"
			continue
		case r.known == r.hash && r.same && r.At <= d.Now()+maxAhead:
			d.await(client, line{device.Line{Device: r.Device, Seq: r.Seq, At: r.At, Hash: r.hash, Sig: r.Sig}, "agent"})
			waits = true
		default:
			events = append(events, d.reported(r, last, ack))
			changed = append(changed, n)
		}
		before[r.Device] = r
	}
	if len(events) == 0 && !(waits && due) {
		return acks, nil
	}
	return acks, d.logReports(ctx, client, in, changed, events, acks, due)
}

// baselineOf is what the client approves, as a pseudo-fact.
func baselineOf(s *projection.State) map[string]any {
	b := s.Client.Baseline
	if len(b.Admins)+len(b.EDR)+len(b.Listeners) == 0 {
		return nil
	}
	res := map[string]any{}
	for name, list := range map[string][]string{"admins": b.Admins, "edr": b.EDR, "listeners": b.Listeners} {
		if len(list) > 0 {
			all := make([]any, len(list))
			for i, x := range slices.Sorted(slices.Values(list)) {
				all[i] = x
			}
			res[name] = all
		}
	}
	return res
}

// reported is the event that a report is.
func (d *Door) reported(r *incoming, last uint64, ack *device.Ack) New {
	body := device.Reported{
		Device: r.Device, Seq: r.Seq, Source: "agent", Platform: r.Platform, Facts: r.Facts, Unknown: r.Unknown, Baseline: r.baseline,
		Hash: r.hash, Line: device.SignedLine(r.Device, r.Seq, r.At, r.hash), Sig: r.Sig,
	}
	at := r.At
	if now := d.Now(); at > now+maxAhead {
		body.Claimed, at = at, now
		ack.Note = "the device's clock is ahead: logged at the time of receipt"
	}
	if last > 0 && r.Seq > last+1 {
		body.Missed = r.Seq - last - 1
	}
	return New{
		Kind: event.DeviceReported, At: at, Body: body, Submitted: handedReport{r.At, r.Device, r.hash, r.Platform, r.Seq},
		By: Caller{Actor: "device:" + r.Device, Source: "agent"}, Key: fmt.Sprintf("report:%s:%s:%d", r.Device, hashed(r.Report.Key)[:16], r.Seq),
	}
}

// handedReport tells a report that is handed in again from another one: the
// hash is of its facts.
type handedReport struct {
	At       int64  `json:"at"`
	Device   string `json:"device"`
	Hash     string `json:"hash"`
	Platform string `json:"platform"`
	Seq      uint64 `json:"seq"`
}

// logReports logs reports that changed and, when they are due, the unchanged
// ones that wait, together.
func (d *Door) logReports(ctx context.Context, client string, in []incoming, changed []int, events []New, acks []device.Ack, due bool) error {
	d.seen.mu.Lock()
	for _, n := range changed {
		if d.seen.lines[client][in[n].Device].Seq < in[n].Seq {
			delete(d.seen.lines[client], in[n].Device)
		}
	}
	d.seen.mu.Unlock()
	var waiting map[string]line
	if due {
		if waiting = d.takeSeen(client); len(waiting) > 0 {
			events = append(events, d.seenOf(waiting))
		}
	}
	if len(events) == 0 {
		return nil // another report took them along
	}
	rec, err := d.submit(ctx, Submission{
		Client: client, Caller: events[0].By, Key: events[0].Key, Events: func() ([]New, error) { return events, nil },
	})
	if err != nil {
		d.waitAgain(client, waiting)
		return err
	}
	for i, n := range changed {
		acks[n].Logged, acks[n].Index = true, new(rec.index(i))
	}
	return nil
}

func (d *Door) pendingSeq(client, dev string) uint64 {
	d.seen.mu.Lock()
	defer d.seen.mu.Unlock()
	return d.seen.lines[client][dev].Seq
}

// await keeps the latest unchanged report of a device for the next entry.
func (d *Door) await(client string, l line) {
	d.seen.mu.Lock()
	defer d.seen.mu.Unlock()
	if d.seen.lines[client] == nil {
		d.seen.lines[client] = map[string]line{}
	}
	d.seen.lines[client][l.Device] = l
}

// FlushSeen logs the unchanged reports that wait, when four hours have passed
// since the last time, or now.
func (d *Door) FlushSeen(ctx context.Context, client string, now bool) error {
	due := now
	if !now {
		if err := d.Read(ctx, client, func(s *projection.State) error {
			due = d.Now() >= s.Device.LastLog+seenEvery
			return nil
		}); err != nil {
			return err
		}
	}
	if !due {
		return nil
	}
	waiting := d.takeSeen(client)
	if len(waiting) == 0 {
		return nil
	}
	seen := d.seenOf(waiting)
	_, err := d.Submit(ctx, Submission{Client: client, Caller: seen.By, Key: seen.Key, Events: func() ([]New, error) { return []New{seen}, nil }})
	if err != nil {
		d.waitAgain(client, waiting)
	}
	return err
}

// takeSeen takes the unchanged reports of a client that wait.
func (d *Door) takeSeen(client string) map[string]line {
	d.seen.mu.Lock()
	defer d.seen.mu.Unlock()
	waiting := d.seen.lines[client]
	delete(d.seen.lines, client)
	return waiting
}

// waitAgain puts back what could not be logged, but for newer reports.
func (d *Door) waitAgain(client string, waiting map[string]line) {
	for _, l := range waiting {
		if d.pendingSeq(client, l.Device) < l.Seq {
			d.await(client, l)
		}
	}
}

// seenOf is the event that unchanged reports are.
func (d *Door) seenOf(waiting map[string]line) New {
	body := device.Seen{Source: "agent"}
	at := int64(0)
	var key strings.Builder
	for _, l := range waiting {
		body.Reports = append(body.Reports, l.Line)
		at = max(at, l.At)
	}
	slices.SortFunc(body.Reports, func(a, b device.Line) int { return strings.Compare(a.Device, b.Device) })
	for _, l := range body.Reports {
		fmt.Fprintf(&key, "%s %d %d %s\n", l.Device, l.Seq, l.At, l.Hash)
	}
	return New{Kind: event.DeviceSeen, At: min(at, d.Now()), Body: body, By: System, Key: "seen:" + hashed(key.String())}
}

// FlushAll logs what waits for every client that is due; a job of the server.
func (d *Door) FlushAll(ctx context.Context, now bool) error {
	d.seen.mu.Lock()
	var clients []string
	for c := range d.seen.lines {
		clients = append(clients, c)
	}
	d.seen.mu.Unlock()
	slices.Sort(clients)
	for _, c := range clients {
		if err := d.FlushSeen(ctx, c, now); err != nil {
			return err
		}
	}
	return nil
}
