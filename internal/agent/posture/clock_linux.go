package posture

import "syscall"

const (
	staUnsync = 0x0040 // STA_UNSYNC: the kernel holds the clock for not synchronized
	timeError = 5      // TIME_ERROR
)

// kernelClock asks the kernel, which is told by whatever keeps the time (adjtimex(2), reading only).
func kernelClock() (synchronized bool, err error) {
	var tx syscall.Timex
	state, err := syscall.Adjtimex(&tx)
	if err != nil {
		return false, err
	}
	return state != timeError && tx.Status&staUnsync == 0, nil
}
