package posture

import (
	"strings"
)

// answer is yes, no or not known.
type answer int

const (
	notKnown answer = iota
	no
	yesItIs
)

// cipher says whether what is written to a device is encrypted, by what, and why that is not known.
type cipher struct {
	encrypted answer
	method    string
	why       string
}

// maxDepth bounds stacks of devices (partition, RAID, LVM, loop); a real one has under ten.
const maxDepth = 32

// diskPrefixes are devices that write to hardware directly.
var diskPrefixes = []string{"sd", "hd", "vd", "xvd", "nvme", "mmcblk", "dasd", "pmem", "mtdblock", "sr", "fd"}

// stack resolves devices to their ciphers.
type stack struct {
	m      *machine
	disks  disks
	mounts []mount
	seen   map[string]cipher
}

// cipherOf walks from a device down to the disks until a layer encrypts.
func (s *stack) cipherOf(one disk, depth int) cipher {
	if depth > maxDepth {
		return cipher{why: "the devices are stacked deeper than this agent follows"}
	}
	if c, ok := s.seen[one.name]; ok {
		return c
	}
	s.seen[one.name] = cipher{why: "the devices are stacked in a circle"}
	c := s.layer(one, depth)
	s.seen[one.name] = c
	return c
}

func (s *stack) layer(one disk, depth int) cipher {
	if uuid := s.m.text("/sys/block/" + one.name + "/dm/uuid"); strings.HasPrefix(uuid, "CRYPT-") {
		if c, ok := s.mapped(uuid, one); ok {
			return c
		}
	}
	below, err := s.disks.slaves(s.m, one)
	if err != nil {
		return cipher{why: "what lies below " + one.name + " could not be read"}
	}
	if len(below) > 0 {
		return s.weakest(below, depth)
	}
	if strings.HasPrefix(one.name, "loop") {
		return s.loop(one, depth)
	}
	return s.bare(one)
}

// mapped reads the uuid that cryptsetup gives a device: CRYPT-LUKS2-<uuid>-<name> and its sisters.
// CRYPT-VERITY and CRYPT-INTEGRITY protect against change, not against reading.
func (s *stack) mapped(uuid string, one disk) (cipher, bool) {
	kind := strings.Split(uuid, "-")[1]
	switch kind {
	case "LUKS1", "LUKS2":
		return s.luks(kind, one), true
	case "PLAIN", "LOOPAES", "TCRYPT", "BITLK", "FVAULT2":
		return cipher{encrypted: yesItIs, method: "dm-crypt " + kind}, true
	}
	return cipher{}, false
}

// luks trusts the device mapper that the layer is there, and the header below for the cipher.
func (s *stack) luks(kind string, one disk) cipher {
	found := cipher{encrypted: yesItIs, method: kind}
	below, err := s.disks.slaves(s.m, one)
	if err != nil || len(below) != 1 {
		return found
	}
	if strings.HasPrefix(s.m.text("/sys/block/"+below[0].name+"/dm/uuid"), "CRYPT-") {
		return found // an integrity or conversion layer lies between: the header is not directly below
	}
	h, err := readLUKS(s.m, "/dev/"+below[0].name)
	if err != nil {
		return found
	}
	return h.judge(kind)
}

// weakest joins the devices below: one plain disk is enough to be plain.
func (s *stack) weakest(below []disk, depth int) cipher {
	var out cipher
	for i, one := range below {
		c := s.cipherOf(one, depth+1)
		switch {
		case c.encrypted == no:
			return c
		case i == 0, c.encrypted == notKnown && out.encrypted == yesItIs:
			out = c
		}
	}
	return out
}

// loop follows a loop device to the file that it reads.
func (s *stack) loop(one disk, depth int) cipher {
	owner := one.name
	if one.partition != "" {
		owner = one.partition
	}
	file := s.m.text("/sys/block/" + owner + "/loop/backing_file")
	on, ok := mountOf(s.mounts, file)
	if file == "" || !ok {
		return cipher{why: "the file behind " + owner + " could not be found"}
	}
	return s.cipherOfMount(on, depth+1)
}

func (s *stack) bare(one disk) cipher {
	for _, p := range diskPrefixes {
		if strings.HasPrefix(one.name, p) {
			return s.plain(one)
		}
	}
	return cipher{why: "a device of this kind (" + clean(one.name) + ") is not one this agent can look below"}
}

func (s *stack) plain(one disk) cipher {
	c := cipher{encrypted: no, method: "none"}
	if strings.HasPrefix(one.name, "vd") || strings.HasPrefix(one.name, "xvd") {
		c.why = "a virtual disk without encryption of its own; what the host does below cannot be seen from here"
	}
	return c
}

// cipherOfMount resolves a mounted file system.
func (s *stack) cipherOfMount(on mount, depth int) cipher {
	switch on.storage() {
	case inKernel:
		return cipher{why: "kept in memory"}
	case onNetwork:
		return cipher{why: "on another machine; its disk cannot be seen from here"}
	case stacked:
		return cipher{why: "stacked on another file system"}
	case ownCipher:
		return cipher{why: on.fs + " has encryption of its own, which this agent does not read"}
	case unheardOf:
		return s.overlay(on, depth)
	}
	one, ok := s.disks.byNumber[on.device()]
	if !ok {
		one, ok = s.disks.byPath(s.m, on.source)
	}
	if !ok {
		return cipher{why: "the device of this file system could not be found"}
	}
	if on.fs != "btrfs" {
		return s.cipherOf(one, depth)
	}
	all, err := s.disks.btrfsDevices(s.m, one)
	if err != nil {
		return cipher{why: "the devices of this btrfs file system could not be read"}
	}
	return s.weakest(all, depth)
}

// overlay follows the writable layer when the folder that holds it can be seen.
func (s *stack) overlay(on mount, depth int) cipher {
	upper := on.option("upperdir")
	if on.fs != "overlay" {
		return cipher{why: "a file system of the type " + clean(on.fs) + " is not known to this agent"}
	}
	below, ok := mountOf(s.mounts, upper)
	if on.point == "/" || upper == "" || !ok || below.fs == "overlay" || depth > maxDepth {
		return cipher{why: "an overlay; the disk below cannot be seen from here"}
	}
	return s.cipherOfMount(below, depth+1)
}
