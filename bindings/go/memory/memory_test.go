package memory_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"runtime"
	"sync"
	"testing"

	mems "github.com/libmems/libmems/bindings/go"
	"github.com/libmems/libmems/bindings/go/memory"
)

func must(t *testing.T, addr int, err error) int {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

func fails(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, not %v", what, err, want)
	}
}

// What users of github.com/ezrantn/memory see, in its own words.
func TestAsBefore(t *testing.T) {
	var mem *memory.Memory = memory.NewMemory()
	first, err := mem.Alloc(100)
	if first != 0 || err != nil {
		t.Fatal(first, err)
	}
	second, _ := mem.Malloc(50)
	third, _ := mem.Alloc(100)
	if second != 100 || third != 150 {
		t.Fatal(second, third)
	}
	addr, err := mem.Alloc(memory.PoolSize + 1)
	if addr != -1 || err == nil || err.Error() != "out of memory" {
		t.Error(addr, err)
	}
	if err := mem.Write(first, []byte("Hello, World!")); err != nil {
		t.Error(err)
	}
	data, err := mem.Read(first, 13)
	if string(data) != "Hello, World!" || err != nil {
		t.Error(data, err)
	}
	data, err = mem.Read(second, 50)
	if !bytes.Equal(data, make([]byte, 50)) || err != nil {
		t.Error(data, err)
	}
	for text, err := range map[string]error{
		"invalid free":                    mem.Free(memory.PoolSize + 1),
		"writing to unallocated memory":   mem.Write(1, []byte("in a block")),
		"writing beyond allocated memory": mem.Write(first, make([]byte, 101)),
		"reading from unallocated memory": failure(mem.Read(5000, 1)),
		"reading beyond allocated memory": failure(mem.Read(first, 101)),
	} {
		if err != nil && err.Error() != text {
			t.Errorf("%q, not %q", err, text)
		}
	}
	if err := mem.Free(second); err != nil {
		t.Error(err)
	}
	fails(t, "free twice", mem.Free(second), memory.ErrUnallocated)
	// The smallest hole that it fits into, not the one above all.
	if addr, _ := mem.Alloc(20); addr != 100 {
		t.Error(addr)
	}
	if addr, _ := mem.Alloc(31); addr != 250 {
		t.Error(addr)
	}
	// Holes are one again when all is free.
	for _, addr := range []int{0, 150, 100, 250} {
		if err := mem.Free(addr); err != nil {
			t.Error(addr, err)
		}
	}
	if addr, err := mem.Alloc(memory.PoolSize); addr != 0 || err != nil {
		t.Error(addr, err)
	}
	if _, err := mem.Alloc(1); err == nil {
		t.Error("there is no room, but for a byte")
	}
}

func failure(_ []byte, err error) error { return err }

func TestWrongSizesAndAddresses(t *testing.T) {
	m := memory.NewMemory()
	defer m.Close()
	addr, err := m.Alloc(64)
	must(t, addr, err)
	for _, size := range []int{0, -1, -64, math.MinInt} {
		_, err := m.Alloc(size)
		fails(t, "alloc", err, memory.ErrBadSize)
		_, err = m.Malloc(size)
		fails(t, "malloc", err, memory.ErrBadSize)
		_, err = m.AllocAligned(size, 16)
		fails(t, "aligned", err, memory.ErrBadSize)
		_, err = m.Realloc(addr, size)
		fails(t, "realloc", err, memory.ErrBadSize)
	}
	for _, align := range []int{0, -1, 3, 24, math.MinInt} {
		_, err := m.AllocAligned(8, align)
		fails(t, "align", err, memory.ErrBadSize)
	}
	_, err = m.Read(addr, -1)
	fails(t, "read", err, memory.ErrBadSize)
	_, err = m.Read(addr, math.MaxInt)
	fails(t, "read", err, memory.ErrRange)
	for _, at := range []int{-1, 1, 63, 64, 65, 1 << 20, memory.PoolSize,
		math.MaxInt, math.MinInt} {
		_, err := m.Read(at, 1)
		fails(t, "read", err, memory.ErrUnallocated)
		fails(t, "write", m.Write(at, []byte{1}), memory.ErrUnallocated)
		fails(t, "free", m.Free(at), memory.ErrUnallocated)
		_, err = m.Realloc(at, 8)
		fails(t, "realloc", err, memory.ErrUnallocated)
		_, err = m.Size(at)
		fails(t, "size", err, memory.ErrUnallocated)
	}
	for _, size := range []int{math.MaxInt, math.MaxInt - 7, memory.PoolSize - 63} {
		_, err := m.Alloc(size)
		fails(t, "alloc", err, memory.ErrNoMemory)
		_, err = m.Realloc(addr, size+64)
		if err == nil {
			t.Error("realloc to", size)
		}
		_, err = m.AllocAligned(size, math.MaxInt/2+1)
		fails(t, "aligned", err, memory.ErrNoMemory)
	}
	if size, err := m.Size(addr); size != 64 || err != nil {
		t.Error(size, err)
	}
	if data, err := m.Read(addr, 0); data == nil || len(data) != 0 || err != nil {
		t.Error("a read of nothing:", data, err)
	}
	if err := m.Write(addr, nil); err != nil {
		t.Error("a write of nothing:", err)
	}
}

func TestMax(t *testing.T) {
	m := memory.NewMemory(memory.Max(4096))
	defer m.Close()
	addr, err := m.AllocAligned(4096, 4096)
	if addr != 0 || err != nil {
		t.Fatal(addr, err)
	}
	_, err = m.Alloc(1)
	fails(t, "one more", err, memory.ErrNoMemory)
	if moved, err := m.Realloc(0, 10); moved != 0 || err != nil {
		t.Fatal(moved, err)
	}
	if moved, err := m.Realloc(0, 4096); moved != 0 || err != nil {
		t.Fatal(moved, err)
	}
	_, err = m.Realloc(0, 4097)
	fails(t, "too large", err, memory.ErrNoMemory)
	if err := m.Free(0); err != nil {
		t.Fatal(err)
	}
	nothing := memory.NewMemory(memory.Max(-1))
	_, err = nothing.Alloc(1)
	fails(t, "a memory of none", err, memory.ErrNoMemory)
}

// The hole above all blocks counts as one like the others.
func TestLastHoleCanBeTheBest(t *testing.T) {
	m := memory.NewMemory(memory.Max(1000))
	defer m.Close()
	first, _ := m.Alloc(500)
	second, _ := m.Alloc(400)
	if err := m.Free(first); err != nil {
		t.Fatal(err)
	}
	if addr, err := m.Alloc(100); addr != second+400 || err != nil {
		t.Fatal(addr, err)
	}
}

func TestHeapWithoutMemory(t *testing.T) {
	heap, err := mems.Open(mems.Limit(4 << 20))
	if err != nil {
		t.Fatal(err)
	}
	defer heap.Close()
	m := memory.NewMemory(memory.In(heap))
	defer m.Close()
	// Addresses cost nothing; bytes are taken when they are written.
	addr, err := m.Malloc(64 << 20)
	if err != nil {
		t.Fatal(err)
	}
	fails(t, "write", m.Write(addr, make([]byte, 64<<20)), memory.ErrNoMemory)
	if data, err := m.Read(addr, 1<<20); err != nil ||
		!bytes.Equal(data, make([]byte, 1<<20)) {
		t.Error("what could not be written:", err)
	}
	if err := m.Free(addr); err != nil {
		t.Error(err)
	}
	_, err = m.Check()
	if err != nil {
		t.Error(err)
	}
}

func TestLargeBlocks(t *testing.T) {
	m := memory.NewMemory()
	defer m.Close()
	const size = 200 << 20 // over some leaves, of which most have no marks
	low, _ := m.Alloc(7)
	large, err := m.Malloc(size)
	if err != nil {
		t.Fatal(err)
	}
	high, _ := m.Alloc(9)
	if err := m.Write(large, []byte("start")); err != nil {
		t.Fatal(err)
	}
	if data, err := m.Read(large, 10); err != nil ||
		string(data) != "start\x00\x00\x00\x00\x00" {
		t.Fatal(data, err)
	}
	moved, err := m.Realloc(large, size+1)
	if err != nil || moved != high+9 {
		t.Fatal(moved, err)
	}
	data := make([]byte, 5)
	if err := m.ReadTo(moved, data); err != nil || string(data) != "start" {
		t.Fatal(string(data), err)
	}
	for _, addr := range []int{high, low, moved} {
		if err := m.Free(addr); err != nil {
			t.Fatal(err)
		}
	}
	if holes, err := m.Check(); err != nil || len(holes) != 1 {
		t.Fatal(holes, err)
	}
}

func TestClose(t *testing.T) {
	m := memory.NewMemory()
	addr, _ := m.Alloc(10)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	fails(t, "close", m.Close(), memory.ErrClosed)
	_, err := m.Alloc(10)
	fails(t, "alloc", err, memory.ErrClosed)
	_, err = m.Malloc(10)
	fails(t, "malloc", err, memory.ErrClosed)
	_, err = m.Read(addr, 1)
	fails(t, "read", err, memory.ErrClosed)
	fails(t, "write", m.Write(addr, nil), memory.ErrClosed)
	fails(t, "free", m.Free(addr), memory.ErrClosed)
	_, err = m.Realloc(addr, 1)
	fails(t, "realloc", err, memory.ErrClosed)
}

func TestCloseWhileInUse(t *testing.T) {
	for range 20 {
		m := memory.NewMemory()
		var all sync.WaitGroup
		for range 4 {
			all.Add(1)
			go func() {
				defer all.Done()
				for {
					addr, err := m.Malloc(100)
					if err == nil {
						err = m.Write(addr, make([]byte, 100))
					}
					if err != nil {
						fails(t, "meanwhile", err, memory.ErrClosed)
						return
					}
				}
			}()
		}
		runtime.Gosched()
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		all.Wait()
	}
}

// A memory that is forgotten gives its bytes back.
func TestForgotten(t *testing.T) {
	heap, err := mems.Open(mems.Limit(48 << 20))
	if err != nil {
		t.Fatal(err)
	}
	defer heap.Close()
	write := func() error {
		m := memory.NewMemory(memory.In(heap))
		addr, err := m.Alloc(24 << 20)
		if err != nil {
			return err
		}
		return m.Write(addr, make([]byte, 600<<10))
	}
	for range 5 {
		err := write()
		for range 100 {
			if err == nil {
				break
			}
			runtime.GC()
			runtime.Gosched()
			err = write()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	runtime.GC()
}

// A heap that ends too early takes its bytes along; what comes where they were
// is left alone.
func TestHeapClosedFirst(t *testing.T) {
	first, err := mems.Open()
	if err != nil {
		t.Fatal(err)
	}
	m := memory.NewMemory(memory.In(first))
	addr, _ := m.Alloc(1000)
	if err := m.Write(addr, make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	next, err := mems.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	block, err := next.Alloc(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte{0x55}, len(block))
	copy(block, want)
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(block, want) {
		t.Error("another heap's bytes were changed")
	}
}

func TestReadsAllocateTheirResultOnly(t *testing.T) {
	m := memory.NewMemory()
	defer m.Close()
	room := make([]byte, 64)
	n := testing.AllocsPerRun(100, func() {
		addr, _ := m.Malloc(64)
		_ = m.Write(addr, room)
		_ = m.ReadTo(addr, room)
		_ = m.Free(addr)
	})
	if n != 0 {
		t.Error(n, "allocations of Go")
	}
}

func Example() {
	m := memory.NewMemory()
	addr, err := m.Malloc(100)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = m.Write(addr, []byte("Hello World!"))
	data, _ := m.Read(addr, 12)
	fmt.Println(addr, string(data))
	_ = m.Free(addr)
	fmt.Println(m.Free(addr))
	// Output:
	// 0 Hello World!
	// invalid free
}

func ExampleMax() {
	m := memory.NewMemory(memory.Max(1 << 20))
	_, err := m.Alloc(1<<20 + 1)
	fmt.Println(err, errors.Is(err, memory.ErrNoMemory))
	// Output: out of memory true
}
