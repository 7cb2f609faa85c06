package mems

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const manyObjects = 1_000_000

var sum uint64

// passes runs each of some ways to do the same work, in turn, and reports the
// median time of each, and how it is to that of the first.
func passes(b *testing.B, count int, names []string, ways ...func()) {
	times := make([][]float64, len(ways))
	b.ResetTimer()
	for range b.N {
		for i, way := range ways {
			start := time.Now()
			way()
			times[i] = append(times[i], float64(time.Since(start))/float64(count))
		}
	}
	b.StopTimer()
	first := 0.0
	for i, list := range times {
		slices.Sort(list)
		median := list[len(list)/2]
		if i == 0 {
			first = median
		}
		b.ReportMetric(median, names[i]+"-ns")
		if i > 0 {
			b.ReportMetric(median/first, names[i]+"-ratio")
		}
	}
	b.ReportMetric(0, "ns/op")
}

// The same objects are read in the same random order, by pointers and by Refs.
func BenchmarkStoreGet(b *testing.B) {
	h, _ := Open()
	defer h.Close()
	s, _ := NewStore[node](h)
	pointers := make([]*node, manyObjects)
	refs := make([]Ref[node], manyObjects)
	for i := range manyObjects {
		pointers[i] = new(node)
		refs[i], _, _ = s.New()
	}
	rand.Shuffle(manyObjects, func(i, j int) {
		pointers[i], pointers[j] = pointers[j], pointers[i]
		refs[i], refs[j] = refs[j], refs[i]
	})
	byPointer := func() {
		for _, p := range pointers {
			sum += p.a[0]
		}
	}
	byRef := func() {
		for _, ref := range refs {
			p, err := s.Get(ref)
			if err != nil {
				b.Fatal(err)
			}
			sum += p.a[0]
		}
	}
	passes(b, manyObjects, []string{"pointer", "ref"}, byPointer, byRef)
}

func BenchmarkStorePair(b *testing.B) {
	h, _ := Open()
	defer h.Close()
	s, _ := NewStore[node](h)
	pool, _ := NewPool[node](h)
	const count = 100_000
	garbage := func() {
		for range count {
			sink = new(node)
		}
	}
	pair := func() {
		for range count {
			ref, _, err := s.New()
			if err != nil || s.Free(ref) != nil {
				b.Fatal(err)
			}
		}
	}
	pools := func() {
		for range count {
			p, err := pool.New()
			if err != nil || pool.Free(p) != nil {
				b.Fatal(err)
			}
		}
	}
	passes(b, count, []string{"new", "pool", "store"}, garbage, pools, pair)
}
