//go:build !unix

package bundle_test

import "time"

var started = time.Now()

// cpu is the time since the start where the system does not tell more.
func cpu() time.Duration { return time.Since(started) }
