package intake

import (
	"context"

	"breakwater/internal/framework"
	"breakwater/internal/projection"
)

// summary is what the list of clients needs of one client.
type summary struct {
	Name    string
	Size    uint64
	Catalog int
}

func profileOf(s string) framework.Profile { return framework.Profile(s) }

// Summary is what the list of clients needs of one client, made again only
// when its log has grown.
func (d *Door) Summary(ctx context.Context, client string) (summary, error) {
	var s summary
	err := d.Read(ctx, client, func(st *projection.State) error {
		s = summary{st.Client.Name, st.Size, st.Catalog().Version}
		return nil
	})
	return s, err
}
