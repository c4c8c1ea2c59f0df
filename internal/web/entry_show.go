package web

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"breakwater/internal/event"
	"breakwater/internal/interval"
	"breakwater/internal/ledger"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
	"breakwater/internal/store"
)

// Entry is one entry: what it says, its envelope, and how to prove that it is
// in the log.
type Entry struct {
	Base, Here   string
	Index        string
	Say          string
	Remarks      []MarkAt
	Facts        []Fact
	Body         []FactLine
	Erased       string
	Envelope     string // verbatim
	Salt         string
	Leaf         string
	LeafHash     string
	Proof        *EntryProof
	NoProof      string
	Newer, Older string
	Retract      bool
	Close        bool
	Erase        bool
	Hold         string
	Document     *Link
	Why          string
	Vouch        string
}

// EntryProof is the inclusion proof of an entry in a signed checkpoint.
type EntryProof struct {
	Size       string
	Hashes     []string
	Checkpoint string
	File       string // where the .tlog-proof is
}

var entryPage = newEvidencePage[Entry]("entry.html")

// stamp is an instant as a list of entries shows it.
func stamp(t int64, zone *time.Location) string {
	return time.UnixMilli(t).In(zone).Format("Jan 2, 2006, 3:04 PM")
}

func (d *desk) entry(v *Visit) error {
	index, err := strconv.ParseUint(v.PathValue("index"), 10, 63)
	if err != nil {
		return errNotThere
	}
	l, within, e, size, err := d.stored(v, index)
	if err != nil {
		return err
	}
	p := Entry{
		Base: v.base(), Here: entryLink(v.base(), index).Href, Index: Comma(int64(index)), LeafHash: e.LeafHash.Hex(), Why: v.Field("why"),
		Vouch: d.vouching(v.Context(), v.Client).Line,
	}
	if index > 0 {
		p.Older = entryLink(v.base(), index-1).Href
	}
	if index+1 < size {
		p.Newer = entryLink(v.base(), index+1).Href
	}
	if err := p.read(d, v, e); err != nil {
		return err
	}
	if err := p.prove(d, v, l, within, e); err != nil {
		return err
	}
	return render(v, entryPage, v.Frame("Entry "+p.Index+", "+v.ClientName, inClients, v.clientCrumbs(Crumb{"Log", v.base() + "/log"})...), p)
}

// stored is an entry of the visit's client, with the epoch that it is in and
// its index there.
func (d *desk) stored(v *Visit, index uint64) (l store.Log, within uint64, e store.Stored, size uint64, err error) {
	list, err := d.volumesOf(v.Context(), v.Client)
	if err != nil {
		return l, 0, e, 0, err
	}
	l, within, ok := list.place(index)
	if !ok {
		return l, 0, e, 0, errNotThere
	}
	err = d.opened(v.Context(), list, index, index+1, func(x store.Stored) error { e = x; return nil })
	return l, within, e, list.size(), err
}

// read fills in what the entry says.
func (p *Entry) read(d *desk, v *Visit, e store.Stored) error {
	names, err := d.memberNames(v)
	if err != nil {
		return err
	}
	return d.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		t := teller{zone: v.Zone, names: names, catalog: st.Catalog()}
		p.remarks(st, e.Index)
		p.Facts = append(p.Facts, Fact{"Kind", text(kindName(t.catalog, event.Kind(e.Kind)))}, Fact{"Recorded", text(exact(e.Recorded, v.Zone))})
		if e.Erased {
			p.erased(st, t, e.Index)
			return nil
		}
		env, err := event.Decode(e.Envelope)
		if err != nil {
			return fmt.Errorf("entry %d: %w", e.Index, err)
		}
		p.Say = upper(t.says(env)) + "."
		p.Facts = append(p.Facts, Fact{"Held at", text(exact(env.At, v.Zone))}, Fact{"Said by", text(t.who(env.Actor) + " (" + env.Actor + ")")}, Fact{"Came in by", text(env.Source)}, Fact{"Key", text(env.Key)})
		p.Body = bodyLines(env.Body)
		p.Envelope, p.Salt = string(e.Envelope), hex.EncodeToString(e.Salt[:])
		p.may(v, st, env, e)
		return nil
	})
}

// exact is an instant to the millisecond, in a zone and in UTC.
func exact(t int64, zone *time.Location) string {
	return Moment(t, zone) + " (" + interval.Format(t) + ")"
}

func (p *Entry) remarks(st *projection.State, index uint64) {
	if r, ok := st.Book.Retractions[index]; ok {
		p.Remarks = append(p.Remarks, MarkAt{"Taken back as a mistake by", entryLink(p.Base, r.Index)})
	}
	for _, c := range st.Book.Closures[index] {
		p.Remarks = append(p.Remarks, MarkAt{"Closed by", entryLink(p.Base, c.Index)})
	}
}

func (p *Entry) erased(st *projection.State, t teller, index uint64) {
	p.Erased = "The content of this entry was destroyed. Its leaf, its kind and its recorded time stay."
	for _, x := range st.Book.Erasures {
		if x.Erased == index {
			p.Remarks = append(p.Remarks, MarkAt{"Erased by", entryLink(p.Base, x.Index)})
		}
	}
	if x, ok := st.Record.Erased[index]; ok {
		p.Erased += " Asked for by " + t.who(x.By) + ", approved by " + t.who(x.ApprovedBy) + colon(x.Why) + "."
	}
}

// bodyLines lays out a body for reading.
func bodyLines(body []byte) []FactLine {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var m map[string]any
	if d.Decode(&m) != nil {
		return nil
	}
	return factLines(m)
}

// may says what may be done about the entry.
func (p *Entry) may(v *Visit, st *projection.State, env event.Envelope, e store.Stored) {
	_, back := st.Book.Retractions[e.Index]
	p.Retract = !back && !standsForever(env.Kind) && v.May(permit.RetractEntry)
	fails := env.Kind.IsStatement() && bytes.Contains(env.Body, []byte(`"state":"fails"`)) || env.Kind == event.DeviceReported
	p.Close = !back && fails && v.May(permit.RecordEvidence)
	p.Erase = !standsForever(env.Kind) && v.May(permit.ProposeErasure)
	if len(st.Record.Holds) > 0 {
		p.Hold = "A legal hold is in place: nothing is erased until it is released."
	}
	if env.Kind.IsStatement() && bytes.Contains(env.Body, []byte(`"file":{`)) && v.May(permit.ViewDocuments) {
		p.Document = &Link{Title: "Open its document", Href: p.Base + "/documents/" + itoa(e.Index)}
	}
}

// standsForever are the kinds that nobody may take back or destroy; the door
// decides, this only keeps the forms away.
func standsForever(k event.Kind) bool {
	switch k {
	case event.CatalogAdopted, event.EntryErased, event.EntryRetracted, event.EpochBegun, event.ClientAdded, event.BlobDisposed:
		return true
	}
	return false
}

// prove fills in leaf and proof.
func (p *Entry) prove(d *desk, v *Visit, l store.Log, within uint64, e store.Stored) error {
	if !e.Erased {
		commit, err := ledger.Commit(e.Salt[:], e.Envelope)
		if err != nil {
			return fmt.Errorf("entry %d: %w", e.Index, err)
		}
		leaf := ledger.Leaf{Kind: e.Kind, Recorded: e.Recorded, Commitment: commit}.Bytes()
		p.Leaf = hex.EncodeToString(leaf[:])
	}
	if d.cfg.Voucher == nil {
		p.NoProof = "Nothing is signed here, so there is no checkpoint to prove it in."
		return nil
	}
	raw, err := d.cfg.Voucher.ProofFor(v.Context(), l.ID, within)
	if err != nil {
		d.cfg.Log.ErrorContext(v.Context(), "prove entry", "request", v.ID, "error", err)
		p.NoProof = "No checkpoint covers it yet. Ask again in a minute."
		return nil
	}
	proof, err := ledger.ParseProof(raw)
	if err != nil {
		return fmt.Errorf("read proof: %w", err)
	}
	c, err := proof.Includes(e.LeafHash)
	if err != nil {
		return fmt.Errorf("proof of entry %d: %w", e.Index, err)
	}
	p.Proof = &EntryProof{Size: Comma(int64(c.Size)), Checkpoint: string(proof.Checkpoint.Encode()), File: p.Here + "/proof"}
	for _, h := range proof.Hashes {
		p.Proof.Hashes = append(p.Proof.Hashes, base64.StdEncoding.EncodeToString(h[:]))
	}
	return nil
}

// entryProof hands out the .tlog-proof of an entry.
func (d *desk) entryProof(v *Visit) error {
	index, err := strconv.ParseUint(v.PathValue("index"), 10, 63)
	if err != nil || d.cfg.Voucher == nil {
		return errNotThere
	}
	l, within, _, _, err := d.stored(v, index)
	if err != nil {
		return err
	}
	raw, err := d.cfg.Voucher.ProofFor(v.Context(), l.ID, within)
	if errors.Is(err, store.ErrNotFound) {
		return errNotThere
	}
	if err != nil {
		return err
	}
	v.Writer.Header().Set("Content-Type", "application/octet-stream")
	v.Writer.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="entry-%d.tlog-proof"`, index))
	v.Writer.WriteHeader(http.StatusOK)
	_, err = v.Writer.Write(raw)
	return err
}
