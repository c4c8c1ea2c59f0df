package posture

import (
	"fmt"
	"strconv"
	"strings"
)

// maxMounts bounds mountinfo; container hosts have a few thousand lines.
const maxMounts = 50_000

// mount is one line of /proc/self/mountinfo (proc(5)).
type mount struct {
	major, minor int
	root         string // the folder of the file system that is mounted here
	point        string
	readOnly     bool // the mount or the whole file system
	fs           string
	source       string
	super        string // options of the file system, comma separated
}

func (m mount) device() string { return strconv.Itoa(m.major) + ":" + strconv.Itoa(m.minor) }

// option is the value of a file system option, such as upperdir.
func (m mount) option(name string) string {
	for opt := range strings.SplitSeq(m.super, ",") {
		if v, ok := strings.CutPrefix(opt, name+"="); ok {
			return v
		}
	}
	return ""
}

func (m *machine) mounts() ([]mount, error) {
	data, err := m.file("/proc/self/mountinfo", 4*maxFile)
	if err != nil {
		return nil, err
	}
	return parseMountinfo(data)
}

// parseMountinfo reads mountinfo; a line that is not one is an error, since a volume must not be missed.
func parseMountinfo(data []byte) ([]mount, error) {
	var all []mount
	var bad error
	err := eachLine(data, func(line string) bool {
		if line == "" {
			return true
		}
		one, ok := parseMount(line)
		if !ok {
			bad = fmt.Errorf("parse mountinfo: line %d", len(all)+1)
			return false
		}
		if all = append(all, one); len(all) > maxMounts {
			bad = fmt.Errorf("parse mountinfo: %w", errTooBig)
		}
		return bad == nil
	})
	if err == nil {
		err = bad
	}
	if err != nil {
		return nil, err
	}
	return all, nil
}

// parseMount reads "36 35 98:0 /root /point opts optional... - type source super".
func parseMount(line string) (mount, bool) {
	before, after, ok := strings.Cut(line, " - ")
	left, right := strings.Split(before, " "), strings.Split(after, " ")
	if !ok || len(left) < 6 || len(right) < 2 {
		return mount{}, false
	}
	major, minor, ok := parseDevice(left[2])
	if !ok {
		return mount{}, false
	}
	m := mount{
		major: major, minor: minor, root: unescape(left[3]), point: unescape(left[4]),
		fs: right[0], source: unescape(right[1]),
	}
	if len(right) > 2 {
		m.super = unescape(right[2])
	}
	m.readOnly = hasOption(left[5], "ro") || hasOption(m.super, "ro")
	return m, strings.HasPrefix(m.point, "/")
}

func parseDevice(s string) (major, minor int, ok bool) {
	a, b, ok := strings.Cut(s, ":")
	if !ok {
		return 0, 0, false
	}
	x, err1 := strconv.ParseUint(a, 10, 31)
	y, err2 := strconv.ParseUint(b, 10, 31)
	return int(x), int(y), err1 == nil && err2 == nil
}

func hasOption(options, name string) bool {
	for opt := range strings.SplitSeq(options, ",") {
		if opt == name {
			return true
		}
	}
	return false
}

// unescape turns \040 and its like back into the byte (the kernel escapes blanks and backslashes).
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// mountOf is the mount that holds a path: the last one among those with the longest mount point.
func mountOf(all []mount, name string) (mount, bool) {
	var best mount
	found := false
	for _, m := range all {
		under := m.point == "/" || name == m.point || strings.HasPrefix(name, m.point+"/")
		if under && (!found || len(m.point) >= len(best.point)) {
			best, found = m, true
		}
	}
	return best, found
}

// storage says what lies behind a file system type.
type storage int

const (
	onBlock   storage = iota // one or more block devices
	inKernel                 // memory or the kernel itself: nothing is left on a disk
	onNetwork                // another machine's disk
	stacked                  // another file system of this machine
	ownCipher                // a file system with encryption of its own that this agent does not read
	unheardOf
)

var storageOf = func() map[string]storage {
	all := map[string]storage{"btrfs": onBlock}
	for kind, names := range map[storage]string{
		inKernel: "autofs binder binfmt_misc bpf cgroup cgroup2 configfs cpuset debugfs devpts devtmpfs efivarfs " +
			"functionfs fuse.gvfsd-fuse fuse.lxcfs fuse.portal fusectl hugetlbfs mqueue nsfs nfsd proc pstore ramfs " +
			"resctrl rootfs rpc_pipefs securityfs selinuxfs smackfs sysfs tmpfs tracefs usbfs xenfs",
		onNetwork: "9p afs ceph cifs coda fuse.ceph fuse.glusterfs fuse.rclone fuse.s3fs fuse.sshfs gluster lustre ncpfs nfs nfs4 " +
			"smb3 smbfs vboxsf virtiofs vmhgfs fuse.vmhgfs-fuse prl_fs",
		stacked:   "ecryptfs fuse.encfs fuse.gocryptfs fuse.mergerfs",
		ownCipher: "zfs bcachefs",
	} {
		for n := range strings.FieldsSeq(names) {
			all[n] = kind
		}
	}
	return all
}()

func (m mount) storage() storage {
	if kind, ok := storageOf[m.fs]; ok {
		return kind
	}
	if m.major != 0 {
		return onBlock
	}
	return unheardOf
}
