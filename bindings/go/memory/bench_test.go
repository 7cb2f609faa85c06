package memory_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/libmems/libmems/bindings/go/memory"
)

// One block is freed and another allocated, of 1 to 127 bytes, with so many
// that live.
func BenchmarkReplace(b *testing.B) {
	for _, count := range []int{100, 1000, 10_000, 1_000_000} {
		b.Run(fmt.Sprintf("live=%d", count), func(b *testing.B) {
			m := memory.NewMemory()
			defer m.Close()
			random := rand.New(rand.NewPCG(1, 2))
			blocks := make([]int32, count)
			size := func() int { return 1 + int(random.Uint32()%127) }
			replace := func() {
				at := &blocks[random.Uint32()%uint32(count)]
				if err := m.Free(int(*at)); err != nil {
					b.Fatal(err)
				}
				addr, err := m.Alloc(size())
				if err != nil {
					b.Fatal(err)
				}
				*at = int32(addr)
			}
			for i := range blocks {
				addr, err := m.Alloc(size())
				if err != nil {
					b.Fatal(err)
				}
				blocks[i] = int32(addr)
			}
			for range 3 * count {
				replace()
			}
			b.ReportAllocs()
			for b.Loop() {
				replace()
			}
		})
	}
}
