package posture

import (
	"fmt"
	"path"
	"strings"
)

// disk is one block device as /sys/block shows it.
type disk struct {
	name      string // kernel name: sda, sda2, dm-0
	partition string // name of the disk that this is a partition of, or ""
}

// disks are the block devices by "major:minor" and by name.
type disks struct {
	byNumber map[string]disk
	byName   map[string]disk
}

// disks lists /sys/block with the partitions inside each device.
func (m *machine) disks() (disks, error) {
	d := disks{map[string]disk{}, map[string]disk{}}
	names, err := m.names("/sys/block")
	if err != nil {
		return d, err
	}
	if len(names) == 0 {
		return d, fmt.Errorf("list /sys/block: empty")
	}
	for _, n := range names {
		d.add(m, "/sys/block/"+n, disk{name: n})
		parts, err := m.names("/sys/block/" + n)
		if err != nil {
			return d, err
		}
		for _, p := range parts {
			dir := "/sys/block/" + n + "/" + p
			if strings.HasPrefix(p, n) && m.exists(dir+"/partition") {
				d.add(m, dir, disk{name: p, partition: n})
			}
		}
	}
	return d, nil
}

func (d disks) add(m *machine, dir string, one disk) {
	d.byName[one.name] = one
	if number := m.text(dir + "/dev"); number != "" {
		d.byNumber[number] = one
	}
}

// byPath finds the device behind /dev/sda2, /dev/dm-0 or /dev/mapper/NAME.
func (d disks) byPath(m *machine, name string) (disk, bool) {
	if mapped, ok := strings.CutPrefix(name, "/dev/mapper/"); ok {
		for n, one := range d.byName {
			if strings.HasPrefix(n, "dm-") && m.text("/sys/block/"+n+"/dm/name") == mapped {
				return one, true
			}
		}
		return disk{}, false
	}
	one, ok := d.byName[strings.TrimPrefix(name, "/dev/")]
	return one, ok
}

// slaves are the devices that a device is made of.
func (d disks) slaves(m *machine, one disk) ([]disk, error) {
	owner := one.name
	if one.partition != "" {
		owner = one.partition
	}
	names, err := m.names("/sys/block/" + owner + "/slaves")
	if err != nil {
		return nil, err
	}
	var out []disk
	for _, n := range names {
		s, ok := d.byName[n]
		if !ok {
			return nil, fmt.Errorf("find block device below %s", owner)
		}
		out = append(out, s)
	}
	return out, nil
}

// btrfsDevices are all the devices of the btrfs file system that has one of them.
func (d disks) btrfsDevices(m *machine, one disk) ([]disk, error) {
	systems, err := m.names("/sys/fs/btrfs")
	if err != nil {
		return nil, err
	}
	for _, id := range systems {
		names, err := m.names(path.Join("/sys/fs/btrfs", id, "devices"))
		if err != nil {
			return nil, err
		}
		var all []disk
		found := false
		for _, n := range names {
			s, ok := d.byName[n]
			if !ok {
				return nil, fmt.Errorf("find block device of btrfs")
			}
			all = append(all, s)
			found = found || n == one.name
		}
		if found {
			return all, nil
		}
	}
	return nil, fmt.Errorf("find btrfs file system")
}
