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
	var row keyRow
	ok, err := d.setting(ctx, areaKey, hashed(r.Key), &row)
	if err != nil {
		return device.Ack{}, err
	}
	if !ok || row.Device != r.Device {
		return device.Ack{}, invalid{fmt.Errorf("device %q has not enrolled this key: enroll it again", r.Device)}
	}
	if len(r.Facts)+len(r.Unknown) > device.MaxFacts {
		return device.Ack{}, invalid{fmt.Errorf("report of %s has over %d facts: update the agent", r.Device, device.MaxFacts)}
	}
	hash, err := device.FactsHash(r.Facts, r.Unknown)
	if err != nil {
		return device.Ack{}, invalid{err}
	}
	dev, baseline, err := d.reporter(ctx, row, r, hash)
	if err != nil {
		return device.Ack{}, err
	}
	ack := device.Ack{Device: r.Device, Seq: r.Seq}
	last := max(dev.Seq, d.pendingSeq(row.Client, r.Device))
	if r.Seq <= last {
		ack.Note = "repeated: this report was acknowledged before"
		return ack, nil
	}
	future := r.At > d.Now()+maxAhead
	if dev.Hash == hash && reflect.DeepEqual(dev.Baseline, baseline) && !future {
		d.await(row.Client, line{device.Line{Device: r.Device, Seq: r.Seq, At: r.At, Hash: hash, Sig: r.Sig}, "agent"})
		return ack, d.FlushSeen(ctx, row.Client, false)
	}
	return d.logReport(ctx, row, r, hash, baseline, last, ack)
}

// known is what a report is compared with.
type known struct {
	Seq      uint64
	Hash     string
	Baseline map[string]any
}

// reporter finds the device and checks that it signed the report.
func (d *Door) reporter(ctx context.Context, row keyRow, r device.Report, hash string) (known, map[string]any, error) {
	var k known
	var baseline map[string]any
	err := d.Read(ctx, row.Client, func(s *projection.State) error {
		dev, err := s.Device.Find(r.Device)
		if err != nil {
			return invalid{err}
		}
		if dev.Key == nil || dev.Key.Key != r.Key {
			return invalid{fmt.Errorf("device %s reports with a key that was revoked or replaced: enroll it again", r.Device)}
		}
		if err := dev.Key.VerifyLine(device.SignedLine(r.Device, r.Seq, r.At, hash), r.Sig); err != nil {
			return invalid{err}
		}
		k = known{dev.Seq, dev.Hash, dev.Baseline}
		baseline = baselineOf(s)
		return nil
	})
	return k, baseline, err
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

func (d *Door) logReport(ctx context.Context, row keyRow, r device.Report, hash string, baseline map[string]any, last uint64, ack device.Ack) (device.Ack, error) {
	body := device.Reported{
		Device: r.Device, Seq: r.Seq, Source: "agent", Platform: r.Platform, Facts: r.Facts, Unknown: r.Unknown, Baseline: baseline,
		Hash: hash, Line: device.SignedLine(r.Device, r.Seq, r.At, hash), Sig: r.Sig,
	}
	at := r.At
	if now := d.Now(); at > now+maxAhead {
		body.Claimed, at = at, now
		ack.Note = "the device's clock is ahead: logged at the time of receipt"
	}
	if last > 0 && r.Seq > last+1 {
		body.Missed = r.Seq - last - 1
	}
	handed := r
	handed.Sig = ""
	rec, err := d.Submit(ctx, Submission{
		Client: row.Client, Caller: Caller{Actor: "device:" + r.Device, Source: "agent"},
		Key: fmt.Sprintf("report:%s:%s:%d", r.Device, hashed(r.Key)[:16], r.Seq),
		Events: func() ([]New, error) {
			return []New{{Kind: event.DeviceReported, At: at, Body: body, Submitted: handed}}, nil
		},
	})
	if err != nil {
		return device.Ack{}, err
	}
	d.seen.mu.Lock()
	delete(d.seen.lines[row.Client], r.Device)
	d.seen.mu.Unlock()
	ack.Logged, ack.Index = true, &rec.Index
	return ack, nil
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
	d.seen.mu.Lock()
	waiting := d.seen.lines[client]
	delete(d.seen.lines, client)
	d.seen.mu.Unlock()
	if len(waiting) == 0 {
		return nil
	}
	err := d.logSeen(ctx, client, waiting)
	if err != nil {
		for _, l := range waiting {
			if d.pendingSeq(client, l.Device) < l.Seq {
				d.await(client, l)
			}
		}
	}
	return err
}

func (d *Door) logSeen(ctx context.Context, client string, waiting map[string]line) error {
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
	_, err := d.Submit(ctx, Submission{
		Client: client, Caller: System, Key: "seen:" + hashed(key.String()),
		Events: func() ([]New, error) { return []New{{Kind: event.DeviceSeen, At: min(at, d.Now()), Body: body}}, nil },
	})
	return err
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
