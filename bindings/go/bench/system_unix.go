//go:build unix

package main

import (
	"bytes"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// cpuTime is what all threads of the process had of the processors.
func cpuTime() time.Duration {
	var t unix.Timespec
	check(unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t))
	return time.Duration(t.Nano())
}

// residentBytes is the process's RSS; where that cannot be had, its peak.
func residentBytes() int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if fields := bytes.Fields(text); err == nil && len(fields) > 1 {
		pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
		check(err)
		return pages * int64(os.Getpagesize())
	}
	var usage unix.Rusage
	check(unix.Getrusage(unix.RUSAGE_SELF, &usage))
	return int64(usage.Maxrss) << 10
}
