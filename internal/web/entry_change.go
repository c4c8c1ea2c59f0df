package web

import (
	"fmt"
	"strconv"
)

// entryIndex is the entry that the visit is about.
func (v *Visit) entryIndex() (uint64, error) {
	index, err := strconv.ParseUint(v.PathValue("index"), 10, 63)
	if err != nil {
		return 0, errNotThere
	}
	return index, nil
}

func (d *desk) entryRetractSend(v *Visit) error {
	index, err := v.entryIndex()
	if err != nil {
		return err
	}
	rec, err := d.door().Retract(v.Context(), v.Caller(), v.Client, index, v.Field("why"))
	if err != nil {
		return v.again(err, d.entry)
	}
	return v.Go(entryLink(v.base(), index).Href, fmt.Sprintf("Taken back by entry %s. Both stay in the log.", Comma(int64(rec.Index))))
}

func (d *desk) entryCloseSend(v *Visit) error {
	index, err := v.entryIndex()
	if err != nil {
		return err
	}
	rec, err := d.door().CloseFailure(v.Context(), v.Caller(), v.Client, index, v.Field("why"))
	if err != nil {
		return v.again(err, d.entry)
	}
	return v.Go(entryLink(v.base(), index).Href, fmt.Sprintf("Closed by entry %s.", Comma(int64(rec.Index))))
}

func (d *desk) entryEraseSend(v *Visit) error {
	index, err := v.entryIndex()
	if err != nil {
		return err
	}
	if err := d.door().ProposeErasure(v.Context(), v.Caller(), v.Client, index, v.Field("why")); err != nil {
		return v.again(err, d.entry)
	}
	return v.Go(v.base()+"/holds", "Proposed. A second person has to approve it before anything is destroyed.")
}
