package projection

import (
	"encoding/binary"
	"errors"

	"breakwater/internal/evidence"
)

// Runs are nearly all of a snapshot, and most of them look like the one
// before. They are packed apart from the rest: differences to the last run,
// and numbers into a list of words.

var errPacked = errors.New("its runs are damaged")

type packer struct {
	b     []byte
	words []string
	known map[string]uint64
	last  evidence.Point
}

func (p *packer) number(n uint64) { p.b = binary.AppendUvarint(p.b, n) }

func (p *packer) signed(n int64) { p.b = binary.AppendVarint(p.b, n) }

func (p *packer) word(s string) {
	n, ok := p.known[s]
	if !ok {
		n = uint64(len(p.words))
		p.known[s] = n
		p.words = append(p.words, s)
	}
	p.number(n)
}

func (p *packer) point(x evidence.Point) {
	p.signed(x.At - p.last.At)
	p.signed(x.Recorded - p.last.Recorded)
	p.signed(int64(x.Index - p.last.Index))
	p.last = x
}

func (p *packer) series(x *evidence.Series) {
	p.word(x.Measure)
	p.word(x.Source)
	p.number(uint64(len(x.Runs)))
	for n := range x.Runs {
		r := &x.Runs[n]
		p.point(r.First)
		p.point(r.Last)
		p.number(uint64(r.Verdicts))
		p.word(r.Reason)
		p.number(uint64(r.Grade))
	}
}

// pack takes the series out of an image of a book, whose subjects it copies.
func pack(im *evidence.Image) packed {
	p := packer{known: map[string]uint64{}}
	for i := range im.Registers {
		old := im.Registers[i].Subjects
		subjects := make([]*evidence.Subject, len(old))
		for n, s := range old {
			p.number(uint64(len(s.Series)))
			for _, x := range s.Series {
				p.series(x)
			}
			bare := *s
			bare.Series = nil
			subjects[n] = &bare
		}
		im.Registers[i].Subjects = subjects
	}
	return packed{p.b, p.words}
}

// packed is the series of all subjects of a book, in the order of its image.
type packed struct {
	Runs  []byte
	Words []string
}

type unpacker struct {
	packed
	last evidence.Point
	bad  bool
}

func (p *unpacker) number() uint64 {
	v, n := binary.Uvarint(p.Runs)
	if n <= 0 {
		p.bad, p.Runs = true, nil
		return 0
	}
	p.Runs = p.Runs[n:]
	return v
}

func (p *unpacker) signed() int64 {
	v, n := binary.Varint(p.Runs)
	if n <= 0 {
		p.bad, p.Runs = true, nil
		return 0
	}
	p.Runs = p.Runs[n:]
	return v
}

// count is a number of things of which each takes some bytes at least.
func (p *unpacker) count(least uint64) uint64 {
	n := p.number()
	if n > uint64(len(p.Runs))/least {
		p.bad = true
		return 0
	}
	return n
}

func (p *unpacker) word() string {
	n := p.number()
	if n >= uint64(len(p.Words)) {
		p.bad = true
		return ""
	}
	return p.Words[n]
}

func (p *unpacker) point() evidence.Point {
	p.last.At += p.signed()
	p.last.Recorded += p.signed()
	p.last.Index += uint64(p.signed())
	return p.last
}

func (p *unpacker) series() *evidence.Series {
	x := &evidence.Series{Measure: p.word(), Source: p.word()}
	x.Runs = make([]evidence.Run, p.count(9))
	for n := range x.Runs {
		r := &x.Runs[n]
		r.First = p.point()
		r.Last = p.point()
		r.Verdicts = evidence.Verdicts(p.number())
		r.Reason = p.word()
		r.Grade = evidence.Grade(p.number())
	}
	return x
}

// unpack puts the series back into an image.
func (p packed) unpack(im *evidence.Image) error {
	u := unpacker{packed: p}
	for _, r := range im.Registers {
		for _, s := range r.Subjects {
			s.Series = make([]*evidence.Series, u.count(3))
			for n := range s.Series {
				s.Series[n] = u.series()
			}
		}
	}
	if u.bad || len(u.Runs) > 0 {
		return errPacked
	}
	return nil
}
