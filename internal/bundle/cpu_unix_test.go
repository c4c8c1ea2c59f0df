//go:build unix

package bundle_test

import (
	"syscall"
	"time"
)

// cpu is the processor time of this process so far: on a shared machine it
// says more than the clock.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
