package main

import (
	"fmt"
	"runtime"
	"sync"
	"unsafe"

	mems "github.com/libmems/libmems/bindings/go"
	"github.com/libmems/libmems/bindings/go/memory"
)

var groups = append([]group{
	objects, replaced, requests, bytesOf(64), bytesOf(1 << 10), bytesOf(64 << 10),
	verbs, verbsBytes,
}, storeGroups...)

// ------------------------------------------------------- one object at a time

var objects = group{"object", "an object of 64 bytes is made, written, and freed", []lane{
	simple("go-new", func(n int) {
		for i := range n {
			p := new(object)
			p.words[0] = uint64(i)
			sinkObject = p
		}
	}),
	onArena("mems-arena", func(a *mems.Arena) func(int) {
		return func(n int) {
			for i := range n {
				p, err := mems.New[object](a)
				if err != nil {
					check(err)
				}
				p.words[0] = uint64(i)
				sinkObject = p
				if i&0xfff == 0xfff { // 256 KiB
					a.Reset()
				}
			}
		}
	}),
	onHeap("mems-local", func(h *mems.Heap) func(int) {
		return pairs(must(mems.NewPool[object](must(h.NewLocal()))))
	}),
	onHeap("mems-pool", func(h *mems.Heap) func(int) {
		return pairs(must(mems.NewPool[object](h)))
	}),
	simple("sync-pool", func(n int) {
		pool := sync.Pool{New: func() any { return new(object) }}
		for i := range n {
			p := pool.Get().(*object)
			*p = object{}
			p.words[0] = uint64(i)
			sinkObject = p
			pool.Put(p)
		}
	}),
	simple("c-malloc", func(n int) {
		for i := range n {
			p := (*object)(cMalloc(64))
			*p = object{}
			p.words[0] = uint64(i)
			sinkObject = p
			cFree(unsafe.Pointer(p))
		}
		sinkObject = nil
	}),
	simple("go-new-parallel", func(n int) {
		parallel(n, func(n int) {
			var last *object
			for i := range n {
				last = newObject(i)
			}
			runtime.KeepAlive(last)
		})
	}),
	onHeap("mems-pool-parallel", func(h *mems.Heap) func(int) {
		pool := must(mems.NewPool[object](h))
		return func(n int) {
			parallel(n, func(n int) { pairsWithoutSink(pool, n) })
		}
	}),
}}

// newObject makes one that escapes, without a variable that goroutines share.
//
//go:noinline
func newObject(i int) *object {
	p := new(object)
	p.words[0] = uint64(i)
	return p
}

func pairs(pool *mems.Pool[object]) func(int) {
	return func(n int) {
		for i := range n {
			p, err := pool.New()
			if err != nil {
				check(err)
			}
			p.words[0] = uint64(i)
			sinkObject = p
			if err := pool.Free(p); err != nil {
				check(err)
			}
		}
	}
}

func pairsWithoutSink(pool *mems.Pool[object], n int) {
	for i := range n {
		p, err := pool.New()
		if err != nil {
			check(err)
		}
		p.words[0] = uint64(i)
		if err := pool.Free(p); err != nil {
			check(err)
		}
	}
}

// parallel has each processor do its part.
func parallel(n int, run func(n int)) {
	var all sync.WaitGroup
	procs := runtime.GOMAXPROCS(0)
	for range procs {
		all.Add(1)
		go func() {
			defer all.Done()
			run(n/procs + 1)
		}()
	}
	all.Wait()
}

// ------------------------------------------------------- 10,000 objects live

const liveObjects = 10_000

var replaced = group{"replace", "one of 10,000 objects is freed, another made", []lane{
	{"go-new", func() (func(int), func()) {
		live := make([]*object, liveObjects)
		return replacing(live, func() *object { return new(object) },
			func(*object) {}), nothing
	}},
	onHeap("mems-local", func(h *mems.Heap) func(int) {
		return replacingIn(must(mems.NewPool[object](must(h.NewLocal()))))
	}),
	onHeap("mems-pool", func(h *mems.Heap) func(int) {
		return replacingIn(must(mems.NewPool[object](h)))
	}),
	{"sync-pool", func() (func(int), func()) {
		pool := sync.Pool{New: func() any { return new(object) }}
		live := make([]*object, liveObjects)
		return replacing(live, func() *object { return pool.Get().(*object) },
			func(p *object) { pool.Put(p) }), nothing
	}},
	{"c-malloc", func() (func(int), func()) {
		live := make([]*object, liveObjects)
		release := func(p *object) { cFree(unsafe.Pointer(p)) }
		return replacing(live, func() *object { return (*object)(cMalloc(64)) },
				release), func() {
				for _, p := range live {
					release(p)
				}
			}
	}},
}}

func replacingIn(pool *mems.Pool[object]) func(int) {
	live := make([]*object, liveObjects)
	return replacing(live, func() *object {
		p, err := pool.New()
		if err != nil {
			check(err)
		}
		return p
	}, func(p *object) {
		if err := pool.Free(p); err != nil {
			check(err)
		}
	})
}

func replacing(live []*object, alloc func() *object, release func(*object)) func(int) {
	for i := range live {
		live[i] = alloc()
	}
	random := dice(1)
	return func(n int) {
		for i := range n {
			at := &live[random.below(len(live))]
			sinkWord += (*at).words[0]
			release(*at)
			p := alloc()
			p.words[0] = uint64(i)
			*at = p
		}
	}
}

// ---------------------------------------------------------- a request's nodes

const requestNodes = 200

// In an arena nodes are linked by how far they are from the first: it holds no
// pointers.
type arenaNode struct {
	next  uint64
	words [7]uint64
}

type goNode struct {
	next  *goNode
	words [7]uint64
}

var requests = group{"request", "200 nodes of 64 bytes are made, linked, summed up, and all freed", []lane{
	simple("go-new", func(n int) {
		for range n {
			var head *goNode
			for i := range requestNodes {
				p := new(goNode)
				p.words[0] = uint64(i)
				p.next = head
				head = p
			}
			for p := head; p != nil; p = p.next {
				sinkWord += p.words[0]
			}
		}
	}),
	onArena("mems-arena", func(a *mems.Arena) func(int) {
		return func(n int) {
			for range n {
				var first, last *arenaNode
				for i := range requestNodes {
					p, err := mems.New[arenaNode](a)
					if err != nil {
						check(err)
					}
					p.words[0] = uint64(i)
					if last == nil {
						first = p
					} else {
						last.next = uint64(uintptr(unsafe.Pointer(p)) -
							uintptr(unsafe.Pointer(first)))
					}
					last = p
				}
				for p := first; ; {
					sinkWord += p.words[0]
					if p.next == 0 {
						break
					}
					p = (*arenaNode)(unsafe.Add(unsafe.Pointer(first),
						uintptr(p.next)))
				}
				a.Reset()
			}
		}
	}),
	{"go-slice-reused", func() (func(int), func()) {
		nodes := make([]arenaNode, 0, requestNodes)
		return func(n int) {
			for range n {
				nodes = nodes[:0]
				for i := range requestNodes {
					nodes = append(nodes, arenaNode{next: uint64(i + 1)})
					nodes[i].words[0] = uint64(i)
				}
				for at := uint64(0); at < uint64(len(nodes)); at = nodes[at].next {
					sinkWord += nodes[at].words[0]
				}
			}
		}, nothing
	}},
	simple("c-malloc", func(n int) {
		type cNode struct {
			next  unsafe.Pointer
			words [7]uint64
		}
		for range n {
			var head unsafe.Pointer
			for i := range requestNodes {
				p := cMalloc(64)
				*(*cNode)(p) = cNode{next: head}
				(*cNode)(p).words[0] = uint64(i)
				head = p
			}
			for head != nil {
				p := (*cNode)(head)
				sinkWord += p.words[0]
				next := p.next
				cFree(head)
				head = next
			}
		}
	}),
}}

// ----------------------------------------------------------------------- bytes

func bytesOf(size int) group {
	const batch = 1 << 20 // the arena is reset after so many
	fill := func(i int, b []byte) {
		b[0], b[len(b)-1] = byte(i), byte(i)
		sinkBytes = b
	}
	inArena := func(name string, alloc func(*mems.Arena, int) ([]byte, error)) lane {
		return onArena(name, func(a *mems.Arena) func(int) {
			return func(n int) {
				for i := range n {
					b, err := alloc(a, size)
					if err != nil {
						check(err)
					}
					fill(i, b)
					if i%(batch/size) == 0 {
						a.Reset()
					}
				}
			}
		})
	}
	inHeap := func(name string, alloc func(*mems.Heap, int) ([]byte, error)) lane {
		return onHeap(name, func(h *mems.Heap) func(int) {
			return func(n int) {
				for i := range n {
					b, err := alloc(h, size)
					if err != nil {
						check(err)
					}
					fill(i, b)
					if err := h.Free(b); err != nil {
						check(err)
					}
				}
			}
		})
	}
	return group{fmt.Sprintf("bytes-%d", size), fmt.Sprintf("%d bytes", size), []lane{
		simple("go-make", func(n int) {
			for i := range n {
				fill(i, make([]byte, size))
			}
		}),
		inArena("mems-arena-zero", (*mems.Arena).Bytes),
		inArena("mems-arena-dirty", (*mems.Arena).BytesDirty),
		inHeap("mems-heap-zero", (*mems.Heap).Alloc),
		inHeap("mems-heap-dirty", (*mems.Heap).AllocDirty),
		simple("c-malloc", func(n int) {
			for i := range n {
				p := cMalloc(size)
				fill(i, unsafe.Slice((*byte)(p), size))
				cFree(p)
			}
			sinkBytes = nil
		}),
	}}
}

// ------------------------------------------------------------ the seed's verbs

type verber interface {
	Alloc(size int) (int, error)
	Free(addr int) error
	Write(addr int, data []byte) error
	Read(addr, size int) ([]byte, error)
}

var verbs = group{"verbs", "one block of 1 to 127 bytes is freed, another allocated", []lane{
	verbsAt("seed", 100, 0), verbsAt("seed", 1000, 0), verbsAt("seed", 10_000, 0),
	verbsAt("memory", 100, 0), verbsAt("memory", 1000, 0),
	verbsAt("memory", 10_000, 0), verbsAt("memory", 1_000_000, 0),
	verbsAt("memory-64", 100, 64), verbsAt("memory-64", 1_000_000, 64),
}}

func newVerber(name string) (verber, func()) {
	if name == "seed" {
		return newSeed(), nothing
	}
	m := memory.NewMemory()
	return m, func() { check(m.Close()) }
}

// verbsAt has so many blocks live; they are of that size, or of any.
func verbsAt(name string, live, size int) lane {
	return lane{fmt.Sprintf("%s-%d", name, live), func() (func(int), func()) {
		m, end := newVerber(name)
		random := dice(2)
		next := func() int {
			if size > 0 {
				return size
			}
			return 1 + random.below(127)
		}
		blocks := make([]int32, live)
		for i := range blocks {
			blocks[i] = int32(must(m.Alloc(next())))
		}
		run := func(n int) {
			for range n {
				at := &blocks[random.below(live)]
				if err := m.Free(int(*at)); err != nil {
					check(err)
				}
				addr, err := m.Alloc(next())
				if err != nil {
					check(err)
				}
				*at = int32(addr)
			}
		}
		run(3 * live) // holes are then as they will be
		return run, end
	}}
}

var verbsBytes = group{"verbs-bytes", "64 bytes are written, or read", []lane{
	readAndWrite("seed", "write", writes), readAndWrite("memory", "write", writes),
	readAndWrite("seed", "read", reads), readAndWrite("memory", "read", reads),
	{"memory-readto", func() (func(int), func()) {
		m, addrs, end := hundred("memory")
		data := make([]byte, 64)
		return func(n int) {
			for i := range n {
				check(m.(*memory.Memory).ReadTo(addrs[i%100], data))
				sinkWord += uint64(data[0])
			}
		}, end
	}},
}}

func hundred(name string) (verber, []int, func()) {
	m, end := newVerber(name)
	addrs := make([]int, 100)
	for i := range addrs {
		addrs[i] = must(m.Alloc(64))
	}
	return m, addrs, end
}

func readAndWrite(of, name string, what func(verber, []int, int)) lane {
	return lane{of + "-" + name, func() (func(int), func()) {
		m, addrs, end := hundred(of)
		return func(n int) { what(m, addrs, n) }, end
	}}
}

func writes(m verber, addrs []int, n int) {
	data := make([]byte, 64)
	for i := range n {
		data[0] = byte(i)
		check(m.Write(addrs[i%100], data))
	}
}

func reads(m verber, addrs []int, n int) {
	for i := range n {
		data, err := m.Read(addrs[i%100], 64)
		check(err)
		sinkBytes = data
	}
}
