package posture

import (
	"bytes"
	"io"
)

// WithClock gives a machine a kernel clock.
func WithClock(r Root, synchronized bool) Root {
	r.kernelClock = func() (bool, error) { return synchronized, nil }
	return r
}

// Filter is what the packet filters do by default, per family.
type Filter struct {
	V4, V6    string
	Firewalld bool
}

func ParseNFT(data []byte) (Filter, error) {
	f, err := parseNFT(data)
	return Filter{string(f.v4), string(f.v6), f.firewalld}, err
}

func ParseIptables(data []byte) (string, error) {
	v, err := parseIptables(data)
	return string(v), err
}

func ParseMountinfo(data []byte) (points []string, err error) {
	all, err := parseMountinfo(data)
	for _, m := range all {
		points = append(points, m.point)
	}
	return points, err
}

func ParseStanzas(data []byte) (n int, err error) {
	err = eachStanza(bytes.NewReader(data), func(stanza) { n++ })
	return n, err
}

func ParseLUKS(r io.Reader) (encrypted bool, method string, err error) {
	h, err := parseLUKS(r)
	c := h.judge("LUKS")
	return c.encrypted == yesItIs, c.method, err
}

func ParseGVDB(data []byte) (keys int, err error) {
	db, err := parseGVDB(data)
	if err != nil {
		return 0, err
	}
	for name := range db.tables {
		db.table(name)
	}
	for _, v := range db.values {
		v.boolean()
		v.number()
		v.first()
	}
	return len(db.values), nil
}

func ParseAptConf(data []byte) (map[string]string, error) {
	conf := map[string]string{}
	err := parseAptConf(data, conf)
	return conf, err
}

func Granted(rules string) []string {
	s := sudoRules{aliases: map[string][]string{}, everything: map[string]bool{"ALL": true}}
	_ = eachLine([]byte(rules), func(line string) bool { s.read(line); return true })
	return s.granted()
}

var (
	CompareDebian   = compareDebian
	ParseSSHD       = parseSSHD
	ParseAdvisories = parseAdvisories
	Clean           = clean
)

const (
	ReadLimit = readLimit
	MaxFile   = maxFile
)
