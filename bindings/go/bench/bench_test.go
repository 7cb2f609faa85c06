package main

import (
	"bytes"
	"strings"
	"testing"
)

// Benchmark has all lanes, as group/lane: what benchstat takes.
func Benchmark(b *testing.B) {
	for _, g := range groups {
		for _, l := range g.lanes {
			b.Run(g.name+"/"+l.name, func(b *testing.B) {
				run, end := l.open()
				defer end()
				b.ReportAllocs()
				b.ResetTimer()
				run(b.N)
			})
		}
	}
}

// Each lane runs, and closes what it made.
func TestLanes(t *testing.T) {
	for _, g := range groups {
		for _, l := range g.lanes {
			if testing.Short() && slow(l.name) {
				continue
			}
			run, end := l.open()
			run(100)
			end()
		}
	}
}

// slow are those that take long to open.
func slow(name string) bool {
	return strings.HasSuffix(name, "-1000000") || name == "seed-10000"
}

func TestCaches(t *testing.T) {
	for _, l := range caches {
		r := measureCache(l, 20_000, 100)
		if r.Missing > 0 || r.Get <= 0 || r.P999 <= 0 {
			t.Errorf("%s: %+v", l.name, r)
		}
	}
}

// What is compared does the same.
func TestSeed(t *testing.T) {
	ours, end := newVerber("memory")
	defer end()
	theirs := newSeed()
	random := dice(9)
	var live []int
	for range 5000 {
		if len(live) > 100 {
			at := random.below(len(live))
			check(ours.Free(live[at]))
			check(theirs.Free(live[at]))
			live[at] = live[len(live)-1]
			live = live[:len(live)-1]
		}
		size := 1 + random.below(300)
		a, b := must(ours.Alloc(size)), must(theirs.Alloc(size))
		if a != b {
			t.Fatalf("addresses %d and %d", a, b)
		}
		data := bytes.Repeat([]byte{byte(a)}, size)
		check(ours.Write(a, data))
		check(theirs.Write(b, data))
		if !bytes.Equal(must(ours.Read(a, size)), must(theirs.Read(b, size))) {
			t.Fatal("other bytes")
		}
		live = append(live, a)
	}
}
