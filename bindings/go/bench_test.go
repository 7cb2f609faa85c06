package mems

import "testing"

type node struct{ a [8]uint64 }

var sink *node

func BenchmarkGoNew(b *testing.B) {
	b.ReportAllocs()
	for i := range b.N {
		sink = new(node)
		sink.a[0] = uint64(i)
	}
}

func BenchmarkArenaNew(b *testing.B) {
	a := newArena(b)
	b.ReportAllocs()
	for i := range b.N {
		p, err := New[node](a)
		if err != nil {
			b.Fatal(err)
		}
		p.a[0] = uint64(i)
		sink = p
		if i%200 == 199 {
			a.Reset()
		}
	}
}

func benchmarkPool(b *testing.B, from Source) {
	pool, err := NewPool[node](from)
	good(b, err)
	for i := range b.N {
		p, err := pool.New()
		if err != nil {
			b.Fatal(err)
		}
		p.a[0] = uint64(i)
		if err := pool.Free(p); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPoolPair(b *testing.B) { benchmarkPool(b, open(b)) }

func BenchmarkLocalPair(b *testing.B) {
	l, err := open(b).NewLocal()
	good(b, err)
	benchmarkPool(b, l)
}

// A cache that lives at its limit: most allocations fail, and one is freed.
func BenchmarkAtTheLimit(b *testing.B) {
	h := open(b, Limit(1<<20))
	var live [][]byte
	for i := range b.N {
		block, err := h.Alloc(16 + i*37%3000)
		for err != nil {
			good(b, h.Free(live[0]))
			live = live[1:]
			block, err = h.Alloc(16 + i*37%3000)
		}
		live = append(live, block)
	}
}
