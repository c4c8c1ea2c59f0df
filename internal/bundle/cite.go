package bundle

import (
	"bytes"
	"encoding/hex"
	"encoding/json"

	"breakwater/internal/event"
)

// citations finds the documents that an envelope cites: objects anywhere in
// its body that hold a salt and a hash of 32 bytes each, in hexadecimal.
func citations(index uint64, e event.Envelope) []Blob {
	if !bytes.Contains(e.Body, saltKey) {
		return nil
	}
	var v any
	if json.Unmarshal(e.Body, &v) != nil {
		return nil
	}
	return appendCitations(nil, index, v)
}

func appendCitations(res []Blob, index uint64, v any) []Blob {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			res = appendCitations(res, index, x)
		}
	case map[string]any:
		salt, ok := hex32(v["salt"])
		hash, ok2 := hex32(v["hash"])
		if ok && ok2 {
			b := Blob{Entry: index, Salt: salt, Hash: hash}
			b.Name, _ = v["name"].(string)
			b.Type, _ = v["type"].(string)
			b.Place, _ = v["place"].(string)
			if n, ok := v["size"].(float64); ok {
				b.Size = int64(n)
			}
			return append(res, b)
		}
		for _, k := range sortedKeys(v) {
			res = appendCitations(res, index, v[k])
		}
	}
	return res
}

// hex32 reads 32 bytes in lower-case hexadecimal.
func hex32(v any) (out [32]byte, ok bool) {
	s, ok := v.(string)
	if !ok || len(s) != 64 {
		return out, false
	}
	if _, err := hex.Decode(out[:], []byte(s)); err != nil {
		return out, false
	}
	return out, hex.EncodeToString(out[:]) == s
}
