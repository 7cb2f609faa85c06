package mems

import (
	"bytes"
	"math"
	"math/rand"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"
)

// What heaps and locals have in common.
type blocks interface {
	Alloc(size int) ([]byte, error)
	Free(block []byte) error
}

func both(t *testing.T, f func(*testing.T, *Heap, blocks)) {
	t.Run("heap", func(t *testing.T) {
		h := open(t)
		f(t, h, h)
	})
	t.Run("local", func(t *testing.T) {
		h := open(t)
		l, err := h.NewLocal()
		good(t, err)
		f(t, h, l)
		good(t, l.Close())
	})
}

func TestClasses(t *testing.T) {
	last := uint32(0)
	for i, size := range classSizes {
		if size <= last || size%unitSize != 0 {
			t.Fatal("class", i, "is of", size, "bytes")
		}
		last = size
	}
	is(t, last, cachedMost)
	for size := uintptr(1); size <= cachedMost; size++ {
		class := classOf(size)
		if uintptr(classSizes[class]) < size ||
			(class > 0 && uintptr(classSizes[class-1]) >= size) {
			t.Fatal("size", size, "is of class", class)
		}
	}
}

func TestAlloc(t *testing.T) {
	both(t, func(t *testing.T, h *Heap, b blocks) {
		for _, size := range []int{1, 15, 16, 17, 100, 128, 129, 1000, 1024,
			1025, 5000, 32768, 32769, 1 << 20} {
			block, err := b.Alloc(size)
			good(t, err)
			is(t, len(block), size)
			is(t, cap(block), size)
			is(t, bytes.Count(block, []byte{0}), size)
			is(t, uintptr(unsafe.Pointer(&block[0]))%16, 0)
			if h.UsableSize(block) < size {
				t.Fatal(h.UsableSize(block))
			}
			for i := range block {
				block[i] = 0xff
			}
			good(t, b.Free(block))
			wrong(t, b.Free(block), ErrDoubleFree)
			is(t, h.UsableSize(block), 0)
			block, err = b.Alloc(size)
			good(t, err)
			is(t, bytes.Count(block, []byte{0}), size)
			good(t, b.Free(block))
		}
	})
}

func TestFreeWhatIsNone(t *testing.T) {
	both(t, func(t *testing.T, h *Heap, b blocks) {
		block, err := b.Alloc(64)
		good(t, err)
		other := open(t)
		foreign, err := other.Alloc(64)
		good(t, err)
		for _, none := range [][]byte{nil, {}, block[1:], block[16:],
			make([]byte, 64), foreign} {
			wrong(t, b.Free(none), ErrNotOwned)
		}
		is(t, h.Contains(unsafe.Pointer(&block[0])), true)
		is(t, h.Contains(unsafe.Pointer(&block[1])), false)
		is(t, h.Contains(nil), false)
		good(t, b.Free(block[:10]))
		for _, size := range []int{0, -1, -100} {
			_, err := b.Alloc(size)
			wrong(t, err, ErrBadSize)
		}
		_, err = b.Alloc(math.MaxInt / 2)
		wrong(t, err, ErrNoMemory)
	})
}

func TestAligned(t *testing.T) {
	h := open(t)
	for _, alignment := range []int{1, 8, 16, 32, 64, 4096, 65536} {
		block, err := h.AllocAligned(100, alignment)
		good(t, err)
		is(t, uintptr(unsafe.Pointer(&block[0]))%uintptr(alignment), 0)
		if h.UsableSize(block) < 100 {
			t.Fatal(h.UsableSize(block))
		}
		good(t, h.Free(block))
		wrong(t, h.Free(block), ErrDoubleFree)
	}
	for _, alignment := range []int{0, -1, 3, 48} {
		_, err := h.AllocAligned(100, alignment)
		wrong(t, err, ErrBadSize)
	}
}

func TestResize(t *testing.T) {
	h := open(t)
	block, err := h.Resize(nil, 10)
	good(t, err)
	copy(block, "0123456789")
	for _, size := range []int{12, 200, 5000, 100000, 3000, 10} {
		block, err = h.Resize(block, size)
		good(t, err)
		is(t, len(block), size)
		is(t, string(block[:10]), "0123456789")
		is(t, bytes.Count(block[10:], []byte{0}), size-10)
	}
	_, err = h.Resize(block, 0)
	wrong(t, err, ErrBadSize)
	_, err = h.Resize(block[1:], 5)
	wrong(t, err, ErrNotOwned)
	good(t, h.Free(block))
	_, err = h.Resize(block, 5)
	wrong(t, err, ErrDoubleFree)
}

func TestClosed(t *testing.T) {
	h := open(t)
	l, err := h.NewLocal()
	good(t, err)
	pool, err := NewPool[int64](h)
	good(t, err)
	mine, err := NewPool[int64](l)
	good(t, err)
	a, err := h.NewArena()
	good(t, err)
	block, err := l.Alloc(64)
	good(t, err)
	good(t, h.Close())

	wrong(t, h.Close(), ErrClosed)
	for _, b := range []blocks{h, l} {
		_, err := b.Alloc(64)
		wrong(t, err, ErrClosed)
		_, err = b.Alloc(1 << 20)
		wrong(t, err, ErrClosed)
		wrong(t, b.Free(block), ErrClosed)
	}
	_, err = h.AllocAligned(64, 64)
	wrong(t, err, ErrClosed)
	_, err = h.Resize(block, 10)
	wrong(t, err, ErrClosed)
	_, err = pool.New()
	wrong(t, err, ErrClosed)
	_, err = mine.New()
	wrong(t, err, ErrClosed)
	_, err = NewPool[int](h)
	wrong(t, err, ErrClosed)
	_, err = NewPool[int](l)
	wrong(t, err, ErrClosed)
	_, err = New[int64](a)
	wrong(t, err, ErrClosed)
	wrong(t, a.Close(), ErrClosed)
	wrong(t, l.Close(), ErrClosed)
	_, err = h.NewLocal()
	wrong(t, err, ErrClosed)
	_, err = h.NewArena()
	wrong(t, err, ErrClosed)
	_, err = NewHeap(h.Space())
	wrong(t, err, ErrClosed)
	is(t, h.Trim(), 0)
	wrong(t, h.Verify(), ErrClosed)
}

func TestHeapsInOneSpace(t *testing.T) {
	s := openSpace(t)
	h, err := NewHeap(s)
	good(t, err)
	defer func() { _ = h.Close() }()
	addr, err := s.Alloc(100)
	good(t, err)
	block, err := h.Alloc(100)
	good(t, err)
	wrong(t, s.Free(s.AddrOf(unsafe.Pointer(&block[0]))), ErrNotOwned)
	view, _ := s.Bytes(addr, 100)
	wrong(t, h.Free(view), ErrNotOwned)
	good(t, h.Free(block))
	good(t, h.Close())
	good(t, s.Free(addr))
}

func TestOutOfMemory(t *testing.T) {
	both(t, func(t *testing.T, h *Heap, b blocks) {
		good(t, h.Space().SetLimits(0, 1<<20, nil))
		var live [][]byte
		var err error
		for err == nil {
			var block []byte
			if block, err = b.Alloc(3000); err == nil {
				live = append(live, block)
			}
		}
		wrong(t, err, ErrLimit)
		if len(live) < 200 {
			t.Fatal("only", len(live), "blocks")
		}
		for _, block := range live {
			good(t, b.Free(block))
		}
		_, err = b.Alloc(3000)
		good(t, err)
	})
}

func TestTrimGivesBack(t *testing.T) {
	h := open(t)
	var live [][]byte
	for range 20000 {
		block, err := h.Alloc(200)
		good(t, err)
		live = append(live, block)
	}
	for _, block := range live {
		good(t, h.Free(block))
	}
	returned := h.Trim()
	stats := h.Space().core.stats()
	if stats.slots != 0 || stats.held > 1<<17 {
		t.Fatal(returned, "returned,", stats.slots, "slots,", stats.held, "held")
	}
	good(t, h.Verify())
}

// A heap beside a plain model of it.
func TestHeapModel(t *testing.T) {
	both(t, func(t *testing.T, h *Heap, b blocks) {
		heapModel(t, b, h, seed(t), scaled(30000))
	})
}

func heapModel(t *testing.T, b blocks, h *Heap, random *rand.Rand, steps int) {
	type block struct {
		bytes []byte
		value byte
	}
	var live []block
	for step := range steps {
		if len(live) == 0 || random.Intn(100) < 50+(step/1000)%2*10-5 {
			size := 1 + random.Intn(1<<random.Intn(14))
			bytes, err := b.Alloc(size)
			if err != nil {
				wrong(t, err, ErrNoMemory)
				continue
			}
			value := byte(random.Intn(255) + 1)
			for i := range bytes {
				if bytes[i] != 0 {
					t.Error("a new block is not 0")
					return
				}
				bytes[i] = value
			}
			live = append(live, block{bytes, value})
			continue
		}
		i := random.Intn(len(live))
		one := live[i]
		live[i] = live[len(live)-1]
		live = live[:len(live)-1]
		if bytes.Count(one.bytes, []byte{one.value}) != len(one.bytes) {
			t.Error("a block has other bytes")
			return
		}
		if err := b.Free(one.bytes); err != nil {
			t.Error(err)
			return
		}
	}
	for _, one := range live {
		if err := b.Free(one.bytes); err != nil {
			t.Error(err)
		}
	}
}

// Many goroutines at once, which free what others allocated.
func TestGoroutines(t *testing.T) {
	h := open(t)
	random := seed(t)
	var group sync.WaitGroup
	handed := make(chan []byte, 100)
	for range 8 {
		own := rand.New(rand.NewSource(random.Int63()))
		group.Add(1)
		go func() {
			defer group.Done()
			heapModel(t, h, h, own, scaled(4000))
			for i := range scaled(2000) {
				block, err := h.Alloc(1 + i%300)
				if err != nil {
					t.Error(err)
					return
				}
				block[0] = byte(i)
				select {
				case handed <- block:
				case other := <-handed:
					if h.Free(other) != nil || h.Free(block) != nil {
						t.Error("a free failed")
						return
					}
				}
				if i%500 == 0 {
					h.Trim()
				}
			}
		}()
	}
	group.Wait()
	close(handed)
	for block := range handed {
		good(t, h.Free(block))
	}
	h.Trim()
	is(t, h.Space().core.stats().slots, 0)
}

func TestMoreProcessors(t *testing.T) {
	h := open(t)
	n := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(n)
	runtime.GOMAXPROCS(n + 3)
	var group sync.WaitGroup
	for range 20 {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 200 {
				block, err := h.Alloc(32)
				if err != nil || h.Free(block) != nil {
					t.Error("alloc or free failed", err)
				}
				runtime.Gosched()
			}
		}()
	}
	group.Wait()
}

func TestPool(t *testing.T) {
	type record struct {
		id    uint64
		price [3]float64
	}
	h := open(t)
	l, err := h.NewLocal()
	good(t, err)
	for _, from := range []Source{h, l} {
		pool, err := NewPool[record](from)
		good(t, err)
		var live []*record
		for i := range 1000 {
			r, err := pool.New()
			good(t, err)
			is(t, *r, record{})
			r.id = uint64(i)
			live = append(live, r)
		}
		for i, r := range live {
			is(t, r.id, uint64(i))
			good(t, pool.Free(r))
			wrong(t, pool.Free(r), ErrDoubleFree)
		}
		wrong(t, pool.Free(nil), ErrNotOwned)
		wrong(t, pool.Free(new(record)), ErrNotOwned)
	}
	mine, err := NewPool[record](l)
	good(t, err)
	last, err := mine.New()
	good(t, err)
	good(t, l.Close())
	wrong(t, mine.Free(last), ErrClosed)
	_, err = mine.New()
	wrong(t, err, ErrClosed)
	for _, none := range []Source{nil, (*Heap)(nil), (*Local)(nil), l} {
		_, err = NewPool[record](none)
		wrong(t, err, ErrClosed)
	}
	huge, err := NewPool[[100000]byte](h)
	good(t, err)
	one, err := huge.New()
	good(t, err)
	good(t, huge.Free(one))
	wrong(t, huge.Free(one), ErrDoubleFree)
	empty, err := NewPool[struct{}](h)
	good(t, err)
	none, err := empty.New()
	good(t, err)
	good(t, empty.Free(none))
	_, err = NewPool[*int](h)
	wrong(t, err, ErrPointers)
}

func TestTypes(t *testing.T) {
	type inner struct {
		A int
		B [3]struct{ Name string }
	}
	type outer struct {
		X     [0]*int
		Inner inner
	}
	if elemAt == 0 {
		t.Error("the runtime's types were not understood")
	}
	wrong(t, CheckType[outer](), ErrPointers)
	text := CheckType[outer]().Error()
	if !strings.Contains(text, "outer.Inner.B[].Name is string") {
		t.Fatal(text)
	}
	good(t, CheckType[[0]*int]())
	good(t, CheckType[struct {
		A uintptr
		B complex128
		C [4]bool
	}]())
	for _, err := range []error{CheckType[any](), CheckType[func()](),
		CheckType[chan int](), CheckType[map[int]int](), CheckType[[]byte](),
		CheckType[unsafe.Pointer](), CheckType[[2]error]()} {
		wrong(t, err, ErrPointers)
	}
	was := elemAt
	elemAt = 0
	wrong(t, CheckType[outer](), ErrPointers)
	wrong(t, CheckType[outer](), ErrPointers)
	good(t, CheckType[int]())
	elemAt = was
}

func TestForgottenHeap(t *testing.T) {
	if watched && !guarded {
		t.Skip("it is a leak, and the sanitizer says so")
	}
	told := make(chan string, 10)
	Leaks = func(text string) { told <- text }
	defer func() { Leaks = nil }()
	func() {
		_, err := Open(Name("forgotten"), Maximum(1<<20))
		good(t, err)
	}()
	for range 10 {
		runtime.GC()
	}
	text := <-told
	if !strings.Contains(text, "forgotten") ||
		!strings.Contains(text, "heap_test.go") {
		t.Fatal(text)
	}
}

// With -race two goroutines that use a block at once are told of.
func TestRaceIsSeen(t *testing.T) {
	if !collected {
		t.Skip("only with -race")
	}
	if os.Getenv("MEMS_TEST_RACE") != "" {
		h := open(t)
		p := Must(Must(NewPool[[8]int](h)).New())
		done := make(chan bool)
		go func() {
			p[3] = 1
			done <- true
		}()
		p[3] = 2
		<-done
		return
	}
	self := exec.Command(os.Args[0], "-test.run=^TestRaceIsSeen$")
	self.Env = append(os.Environ(), "MEMS_TEST_RACE=1")
	text, err := self.CombinedOutput()
	if err == nil || !bytes.Contains(text, []byte("DATA RACE")) {
		t.Errorf("%v, %s", err, text)
	}
}

// With -asan a use of a freed block ends the process, by the line that did it.
func TestUseAfterFree(t *testing.T) {
	if !watched || guarded {
		t.Skip("only with -asan")
	}
	if os.Getenv("MEMS_TEST_USE") != "" {
		useAfterFree(os.Getenv("MEMS_TEST_USE"))
		return
	}
	for _, what := range []string{"heap", "pool", "arena", "large"} {
		self := exec.Command(os.Args[0], "-test.run=^TestUseAfterFree$")
		self.Env = append(os.Environ(), "MEMS_TEST_USE="+what)
		text, err := self.CombinedOutput()
		// What `go test` builds and runs at once has no lines in it; see
		// go.test.
		line := bytes.Contains(text, []byte("heap_test.go")) ||
			os.Getenv("MEMS_TEST_LINES") == ""
		if err == nil || !bytes.Contains(text, []byte("use-after-poison")) ||
			!line {
			t.Errorf("%s: %v, %s", what, err, text)
		}
	}
}

func useAfterFree(what string) {
	h := Must(Open())
	switch what {
	case "heap", "large":
		size := map[string]int{"heap": 100, "large": 1 << 20}[what]
		block := Must(h.Alloc(size))
		_ = h.Free(block)
		block[50] = 1
	case "pool":
		pool := Must(NewPool[[8]int](h))
		p := Must(pool.New())
		_ = pool.Free(p)
		p[3] = 1
	case "arena":
		a := Must(h.NewArena())
		p := Must(New[[8]int](a))
		a.Reset()
		p[3] = 1
	}
}
