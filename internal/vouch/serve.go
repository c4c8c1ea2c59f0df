package vouch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"breakwater/internal/ledger"
	"breakwater/internal/store"
)

// Where the logs are served: the instance log, and each other one under its
// origin without the first element.
const (
	instancePrefix = "/instance/"
	logPrefix      = "/log/"
)

// Path is where a log is served: /instance/, or /log/ and the origin's random
// digits and epoch.
func Path(l store.Log) string {
	if l.ID == store.InstanceLog {
		return instancePrefix
	}
	_, digits, _ := strings.Cut(l.Origin, "/")
	return logPrefix + digits + "/"
}

// Handler serves the logs as c2sp.org/tlog-tiles, to anybody: signed checkpoints,
// hashes, and leaves, which hold commitments, kind numbers and recorded times,
// and no content. A log is found by its origin alone, which is random and names
// no client; there is no list of them.
//
//	/instance/checkpoint            /log/<16 hex>[/e2]/checkpoint
//	/instance/tile/0/x001/234.p/5   /log/<16 hex>/tile/...
//	/instance/tile/entries/000.p/9  /log/<16 hex>/tile/entries/...
//
// A bundle of entries with an erased one among them is gone (410): without its
// salt the leaf cannot be made again. Its hash stays in the tile.
func Handler(s *store.Store) http.Handler {
	h := &tileServer{store: s, now: time.Now}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+instancePrefix, h.serve)
	mux.HandleFunc("GET "+logPrefix, h.serve)
	return mux
}

type tileServer struct {
	store *store.Store
	now   func() time.Time

	mu    sync.Mutex
	logs  map[string]store.Log // by Path
	asked time.Time            // when the logs were listed last
}

const (
	listEvery = time.Second // unknown origins make the server list the logs no oftener
	fresh     = "public, max-age=5"
	forever   = "public, max-age=31536000, immutable"
)

// find splits a path into the log and the resource of it.
func (h *tileServer) find(ctx context.Context, path string) (store.Log, string, error) {
	if resource, ok := strings.CutPrefix(path, instancePrefix); ok {
		l, err := h.store.LogByID(ctx, store.InstanceLog)
		return l, resource, err
	}
	i := strings.Index(path, "/tile/") + 1
	if i == 0 {
		i = strings.LastIndex(path, "/") + 1
	}
	prefix, resource := path[:i], path[i:]
	h.mu.Lock()
	defer h.mu.Unlock()
	l, ok := h.logs[prefix]
	if ok {
		return l, resource, nil
	}
	if now := h.now(); now.Sub(h.asked) >= listEvery {
		h.asked = now
		if err := h.list(ctx); err != nil {
			return store.Log{}, "", err
		}
	}
	if l, ok = h.logs[prefix]; !ok {
		return l, "", store.ErrNotFound
	}
	return l, resource, nil
}

func (h *tileServer) list(ctx context.Context) error {
	logs, err := h.store.Logs(ctx)
	if err != nil {
		return err
	}
	h.logs = make(map[string]store.Log, len(logs))
	for _, l := range logs {
		h.logs[Path(l)] = l
	}
	return nil
}

// resource is what is answered.
type resource struct {
	kind  string
	cache string
	body  []byte
}

func (h *tileServer) serve(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("X-Content-Type-Options", "nosniff")
	res, err := h.resource(r)
	switch {
	case err == nil:
		head.Set("Content-Type", res.kind)
		head.Set("Cache-Control", res.cache)
		head.Set("Content-Length", strconv.Itoa(len(res.body)))
		w.Write(res.body) // a reader that goes away is not our concern
		return
	case errors.Is(err, store.ErrNotFound):
		refuse(w, http.StatusNotFound, "there is nothing here")
	case errors.Is(err, store.ErrErased):
		refuse(w, http.StatusGone, "an entry of this bundle was erased; its hash is in the tile of level 0")
	default:
		refuse(w, http.StatusInternalServerError, "the log cannot be read now; try again")
	}
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, why, status)
}

func (h *tileServer) resource(r *http.Request) (resource, error) {
	ctx := r.Context()
	log, name, err := h.find(ctx, r.URL.Path)
	if err != nil {
		return resource{}, err
	}
	if name == "checkpoint" {
		body, err := h.checkpoint(ctx, log)
		return resource{"text/plain; charset=utf-8", fresh, body}, err
	}
	var body []byte
	if index, width, perr := ledger.ParseBundlePath(name); perr == nil {
		body, err = h.bundle(ctx, log, index, width)
	} else if tile, perr := ledger.ParseTilePath(name); perr == nil {
		body, err = h.store.Tile(ctx, log.ID, tile)
	} else {
		return resource{}, store.ErrNotFound
	}
	return resource{"application/octet-stream", forever, body}, err
}

// checkpoint is the newest one, with the cosignatures that it has.
func (h *tileServer) checkpoint(ctx context.Context, log store.Log) ([]byte, error) {
	c, err := h.store.LastCheckpoint(ctx, log.ID)
	if err != nil || log.ID != store.InstanceLog {
		return c.Note, err
	}
	cosigs, err := h.store.Cosignatures(ctx, log.ID, c.Size)
	if err != nil {
		return nil, err
	}
	note, err := ledger.ParseNote(c.Note)
	if err != nil {
		return nil, err
	}
	for _, cs := range cosigs {
		lines, err := ledger.ParseSignatureLines(cs.Line)
		if err != nil {
			return nil, err
		}
		note = note.With(lines...)
	}
	return note.Encode(), nil
}

// bundle makes the leaves of a bundle again and checks each against its hash.
func (h *tileServer) bundle(ctx context.Context, log store.Log, index uint64, width int) ([]byte, error) {
	head, err := h.store.Head(ctx, log.ID)
	if err != nil {
		return nil, err
	}
	if index > head.Size/ledger.TileWidth || index*ledger.TileWidth+uint64(width) > head.Size {
		return nil, store.ErrNotFound
	}
	from := index * ledger.TileWidth
	if log.ID == store.InstanceLog {
		return h.instanceBundle(ctx, from, from+uint64(width))
	}
	var out []byte
	var commit ledger.Committer
	for e, err := range h.store.Entries(ctx, log.ID, from, from+uint64(width)) {
		if err != nil {
			return nil, err
		}
		if e.Erased {
			return nil, store.ErrErased
		}
		sum, err := commit.Commit(e.Salt[:], e.Envelope)
		if err != nil {
			return nil, err
		}
		leaf := ledger.Leaf{Kind: e.Kind, Recorded: e.Recorded, Commitment: sum}.Bytes()
		if ledger.LeafHash(leaf[:]) != e.LeafHash {
			return nil, fmt.Errorf("entry %d of log %s does not have its hash: run fsck", e.Index, log.Origin)
		}
		if out, err = ledger.AppendEntry(out, leaf[:]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (h *tileServer) instanceBundle(ctx context.Context, from, to uint64) ([]byte, error) {
	var out []byte
	for e, err := range h.store.InstanceLeaves(ctx, from, to) {
		if err != nil {
			return nil, err
		}
		leaf := e.Leaf.Bytes()
		if out, err = ledger.AppendEntry(out, leaf[:]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
