package web

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"breakwater/internal/event"
	"breakwater/internal/permit"
	"breakwater/internal/projection"
	"breakwater/internal/record"
)

// Holds is the page of a client's legal holds and proposed erasures.
type Holds struct {
	Places       []Link
	Client, Name string
	Holds        []HoldRow
	Erasures     []ErasureRow
	MayPlace     bool
	On           []Choice
	Subject      string
}

var holdsPage = newPage[Holds]("holds.html")

func (s *Server) holds(v *Visit) error {
	names, err := s.memberNames(v)
	if err != nil {
		return err
	}
	p := Holds{
		Places: v.places("About"),
		Client: v.Client, Name: v.ClientName, MayPlace: v.May(permit.PlaceHold), Subject: v.PostFormValue("subject"),
		On: choices(v.PostFormValue("on"), "client", "Everything of the client", "person", "A person", "device", "A device", "incident", "An incident", "period", "A span of time"),
	}
	err = s.door().Read(v.Context(), v.Client, func(st *projection.State) error {
		p.Holds = holdRows(v, v.Client, st, names)
		return nil
	})
	if err != nil {
		return err
	}
	if p.Erasures, err = s.erasures(v, v.Client, names); err != nil {
		return err
	}
	return render(v, holdsPage, v.Frame("Holds and erasures", inClients, v.clientCrumbs()...), p)
}

func holdRows(v *Visit, id string, st *projection.State, names map[string]string) []HoldRow {
	var list []HoldRow
	for _, h := range st.Record.Holds {
		row := HoldRow{ID: h.ID, On: holdOn(v, h), By: actorName(h.By, names), Client: st.Client.Name, ClientID: id}
		if v.MayFor(permit.ReleaseHold, id) {
			row.Release = "/clients/" + id + "/holds/" + h.ID + "/release"
		}
		list = append(list, row)
	}
	slices.SortFunc(list, func(a, b HoldRow) int { return strings.Compare(a.ID, b.ID) })
	return list
}

func holdOn(v *Visit, h record.Hold) string {
	switch h.On {
	case "client":
		return "everything"
	case "period":
		return "from " + Day(h.From, v.Zone) + " to " + Day(h.To, v.Zone)
	}
	return h.On + " " + h.Subject
}

func (s *Server) holdPlace(v *Visit) error {
	h := record.Hold{On: v.Field("on"), Subject: v.Field("subject")}
	switch h.On {
	case "client":
		h.Subject = ""
	case "person", "device", "incident":
		if h.Subject == "" || len(h.Subject) > 120 {
			return v.again(wrong("name the "+h.On+" that the hold is on, in up to 120 characters"), s.holds)
		}
	case "period":
		from, err1 := civilDay(v.Field("from"), v.Zone)
		to, err2 := civilDay(v.Field("to"), v.Zone)
		if err1 != nil || err2 != nil || to < from {
			return v.again(wrong("give the first and the last day of the span"), s.holds)
		}
		h.From, h.To, h.Subject = from, to+24*hour, ""
	default:
		return v.again(wrong("choose what the hold is on"), s.holds)
	}
	if _, err := s.door().PlaceHold(v.Context(), v.Caller(), v.Client, h); err != nil {
		return v.again(err, s.holds)
	}
	return v.Go("/clients/"+v.Client+"/holds", "The hold is in place. Nothing is disposed of or erased until it is released.")
}

func (s *Server) holdRelease(v *Visit) error {
	if _, err := s.door().ReleaseHold(v.Context(), v.Caller(), v.Client, v.PathValue("hold")); err != nil {
		return err
	}
	return v.Go("/clients/"+v.Client+"/holds", "The hold is released.")
}

// erasures lists what waits for a second person: of one client, or of all that
// who asks reaches.
func (s *Server) erasures(v *Visit, only string, names map[string]string) ([]ErasureRow, error) {
	list, err := s.door().Erasures(v.Context())
	if err != nil {
		return nil, err
	}
	var rows []ErasureRow
	for _, e := range list {
		if only != "" && e.Client != only || !v.MayFor(permit.ViewClient, e.Client) {
			continue
		}
		row := ErasureRow{
			Index: e.Index, Client: s.nameOf(v, e.Client), ClientID: e.Client, Kind: event.Kind(e.Kind).String(),
			By: actorName(e.By, names), Why: e.Why, At: ShortDay(e.At, v.Zone), Own: e.By == v.Caller().Actor,
		}
		if !row.Own && v.MayFor(permit.ApproveErasure, e.Client) {
			row.Approve = fmt.Sprintf("/clients/%s/erasures/%d/approve", e.Client, e.Index)
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b ErasureRow) int { return strings.Compare(a.At+a.Client, b.At+b.Client) })
	return rows, nil
}

func (s *Server) erasureApprove(v *Visit) error {
	index, err := strconv.ParseUint(v.PathValue("index"), 10, 63)
	if err != nil {
		return errNotThere
	}
	rec, err := s.door().ApproveErasure(v.Context(), v.Caller(), v.Client, index)
	if err != nil {
		return err
	}
	return v.Go("/clients/"+v.Client+"/holds", fmt.Sprintf("The content of entry %s is erased; entry %s says so. Older backups still hold it.", Comma(int64(index)), Comma(int64(rec.Index))))
}

func hexOf(b []byte) string { return hex.EncodeToString(b) }

// bytesWord is a size for people, "" where it is not known.
func bytesWord(n int64) string {
	switch {
	case n <= 0:
		return ""
	case n < 1<<20:
		return fmt.Sprintf("%d KB", max(1, n>>10))
	case n < 1<<30:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	}
	return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
}
