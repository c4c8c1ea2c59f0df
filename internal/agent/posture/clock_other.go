//go:build !linux

package posture

import "errors"

func kernelClock() (synchronized bool, err error) {
	return false, errors.New("only Linux can be asked")
}
