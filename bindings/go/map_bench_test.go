//go:build unix

package mems

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkMap has MEMS_BENCH_MAP objects, 100,000 by default, and looks them
// up in random order; it reports what a collection costs meanwhile, and, after
// six times as many bytes of garbage as a map of pointers is large, what memory the
// process has. For that each kind needs a process of its own.
func BenchmarkMap(b *testing.B) {
	count := uint64(100_000)
	if n, err := strconv.ParseUint(os.Getenv("MEMS_BENCH_MAP"), 10, 64); err == nil {
		count = n
	}
	keyOf := func(i uint64) uint64 { return i * 0x9e3779b97f4a7c15 }
	kinds := []struct {
		name string
		make func() (set func(k uint64), get func(k uint64) *object, end func())
	}{
		{"nothing", func() (func(uint64), func(uint64) *object, func()) {
			var one object
			return func(uint64) {}, func(k uint64) *object { one.id = k; return &one },
				func() {}
		}},
		{"mems", func() (func(uint64), func(uint64) *object, func()) {
			h := Must(Open())
			m := Must(NewMap[uint64, object](h))
			return func(k uint64) {
				if err := m.Set(k, object{id: k}); err != nil {
					b.Fatal(err)
				}
			}, m.Ptr, func() { h.Close() }
		}},
		{"pointers", func() (func(uint64), func(uint64) *object, func()) {
			m := make(map[uint64]*object)
			return func(k uint64) { m[k] = &object{id: k} },
				func(k uint64) *object { return m[k] }, func() { m = nil }
		}},
		{"values", func() (func(uint64), func(uint64) *object, func()) {
			m := make(map[uint64]object)
			var copied object
			return func(k uint64) { m[k] = object{id: k} },
				func(k uint64) *object { copied = m[k]; return &copied },
				func() { m = nil }
		}},
	}
	for _, kind := range kinds {
		b.Run(kind.name, func(b *testing.B) {
			set, get, end := kind.make()
			start := time.Now()
			longest := time.Duration(0)
			for i := range count {
				before := time.Now()
				set(keyOf(i))
				longest = max(longest, time.Since(before))
			}
			built := time.Since(start)
			runtime.GC()
			collections, spent := 5, -cpu()
			for range collections {
				runtime.GC()
			}
			spent += cpu()
			r := rand.New(rand.NewPCG(1, 2))
			b.ResetTimer()
			for range b.N {
				k := keyOf(r.Uint64N(count))
				if get(k).id != k {
					b.Fatal(k)
				}
			}
			b.StopTimer()
			for range 6 * 80 * count / 512 {
				garbage = make([]byte, 512)
			}
			b.ReportMetric(float64(spent.Microseconds())/1000/float64(collections), "ms-cpu/GC")
			b.ReportMetric(float64(built.Nanoseconds())/float64(count), "ns/set")
			b.ReportMetric(float64(longest.Microseconds()), "us-longest-set")
			b.ReportMetric(float64(resident())/1e6, "MB-at-end")
			end()
		})
	}
}

var garbage []byte

func cpu() time.Duration {
	var used syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func resident() int64 {
	text, _ := os.ReadFile("/proc/self/statm")
	var size, pages int64
	_, _ = fmt.Fscan(strings.NewReader(string(text)), &size, &pages)
	return pages * int64(os.Getpagesize())
}
