//go:build !unix

package main

import (
	"runtime"
	"time"
)

var started = time.Now()

// cpuTime is the time that went by: it cannot be had here.
func cpuTime() time.Duration { return time.Since(started) }

// residentBytes is what the runtime of Go has, which is too little for all that
// lies elsewhere.
func residentBytes() int64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.Sys - stats.HeapReleased)
}
