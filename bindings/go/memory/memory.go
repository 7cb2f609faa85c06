// Package memory is a memory of bytes with int addresses, from 0 up: blocks are
// allocated, written, read and freed by their address, and a wrong address or
// size is an error. It keeps every call of github.com/ezrantn/memory, and for
// the same calls gives the same addresses, so its users change the import only.
//
// What was limited there is not here. A Memory grows as it is used, or up to a
// maximum (Max). Blocks can be resized and aligned. The best hole is found
// without looking at all of them, and a freed block joins its neighbours
// without sorting. The bytes lie off the heap of Go: however many blocks live,
// the garbage collector has nothing to look at. And goroutines that use
// different blocks hardly ever wait for each other: calls that read a block
// share it, those that write or free it have it alone.
package memory

import (
	"runtime"
	"sync"

	mems "github.com/libmems/libmems/bindings/go"
)

// PoolSize is how many addresses a Memory has that was made without Max.
const PoolSize = 1 << (30 + 6*(^uint(0)>>63)) // 64 GiB; 1 GiB on 32 bits

// What calls fail with; ask by errors.Is.
var (
	// ErrNoMemory: no hole is large enough, or the heap has no more bytes.
	ErrNoMemory = mems.ErrNoMemory
	// ErrUnallocated: no live block begins there; if one did, it was freed.
	ErrUnallocated = mems.ErrNotOwned
	// ErrRange: the block has fewer bytes.
	ErrRange = mems.ErrRange
	// ErrBadSize: a size or alignment that no block can have.
	ErrBadSize = mems.ErrBadSize
	// ErrClosed: the memory was closed.
	ErrClosed = mems.ErrClosed
)

// A callError says it in the words of the package that this one stands for.
type callError struct {
	text string
	err  error
}

func (e *callError) Error() string { return e.text }
func (e *callError) Unwrap() error { return e.err }

var (
	errFree       = &callError{"invalid free", ErrUnallocated}
	errRead       = &callError{"reading from unallocated memory", ErrUnallocated}
	errReadRange  = &callError{"reading beyond allocated memory", ErrRange}
	errWrite      = &callError{"writing to unallocated memory", ErrUnallocated}
	errWriteRange = &callError{"writing beyond allocated memory", ErrRange}
	errResize     = &callError{"resize of unallocated memory", ErrUnallocated}
)

// A Memory has blocks of bytes. Any goroutine may call any method at any time.
// One that nobody refers to any more ends by itself.
type Memory struct {
	table   *table
	cleanup runtime.Cleanup

	// A block's bytes belong to who holds the lock of its address, to read
	// or to write; to free or resize it needs the same lock. It comes before
	// mu, and no goroutine holds two of them but in Close.
	//
	// Each method lets go of a lock last: so the collector cannot find the
	// Memory unreachable, and end it, while there is use of its table.
	blocks [64]struct {
		sync.RWMutex
		_ [40]byte // so that no two share a line
	}

	mu     sync.Mutex // of what follows, and of changes to the table
	holes  holes
	top    int // where the addresses begin that never were in use
	most   int // where they end
	closed bool
}

// An Option says how a Memory is made.
type Option func(*Memory)

// Max is how many addresses the memory has, so how many bytes fit into it; what
// is less than 0 or more than PoolSize stands for these.
func Max(bytes int) Option {
	return func(m *Memory) { m.most = min(max(bytes, 0), PoolSize) }
}

// In has the memory take its bytes from that heap, whose limits then hold, and
// which must not be closed before it. Without it all have one heap together.
func In(heap *mems.Heap) Option {
	return func(m *Memory) { m.table.heap = heap }
}

var shared = sync.OnceValue(func() *mems.Heap {
	heap, err := mems.Open(mems.Name("memory"))
	if err != nil {
		return nil
	}
	return heap
})

// NewMemory makes a memory in which nothing is allocated. It takes bytes from
// the system only as they are needed.
func NewMemory(options ...Option) *Memory {
	m := &Memory{table: new(table), most: PoolSize}
	for _, option := range options {
		option(m)
	}
	if m.table.heap == nil {
		m.table.heap = shared()
	}
	m.table.leaves = newLeaves(m.most)
	m.cleanup = runtime.AddCleanup(m, (*table).drop, m.table)
	return m
}

// Close ends all blocks and gives their memory back at once. To forget the
// Memory does so, too, when the garbage collector finds out.
func (m *Memory) Close() error {
	for i := range m.blocks {
		m.blocks[i].Lock()
		defer m.blocks[i].Unlock()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	m.closed = true
	m.cleanup.Stop()
	m.table.drop()
	m.holes = holes{}
	return nil
}

// block is the lock of the block that begins there.
func (m *Memory) block(addr int) *sync.RWMutex {
	hash := uint64(addr) * 0x9e3779b97f4a7c15
	return &m.blocks[hash>>58].RWMutex
}

// why is the error of a call that found no live block.
func (m *Memory) why(err error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	return err
}

// Alloc gives a block of size bytes, which hold whatever was there, and fails
// with -1. It is cut from the smallest hole that it fits into, the one with the
// lowest address if there are several.
func (m *Memory) Alloc(size int) (int, error) {
	return m.AllocAligned(size, 1)
}

// AllocAligned is Alloc at a multiple of align, a power of two. It may be out
// of memory while there is a hole of less than size + align - 1 bytes.
func (m *Memory) AllocAligned(size, align int) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.take(size, align, live)
}

// Malloc is Alloc with all bytes 0.
func (m *Memory) Malloc(size int) (int, error) {
	m.mu.Lock()
	addr, err := m.take(size, 1, busy)
	m.mu.Unlock()
	if err != nil {
		return -1, err
	}
	block := m.block(addr)
	block.Lock()
	defer block.Unlock()
	m.table.clear(addr, size)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return -1, ErrClosed
	}
	m.table.set(addr, live)
	return addr, nil
}

// Free gives a block back. It joins the holes beside it.
func (m *Memory) Free(addr int) error {
	block := m.block(addr)
	block.Lock()
	defer block.Unlock()
	m.mu.Lock()
	size := m.table.sizeOf(addr, live)
	if size == 0 {
		m.mu.Unlock()
		return m.why(errFree)
	}
	m.release(addr, size)
	m.mu.Unlock()
	return nil
}

// Size is how many bytes the block has.
func (m *Memory) Size(addr int) (int, error) {
	block := m.block(addr)
	block.RLock()
	defer block.RUnlock()
	size := m.table.sizeOf(addr, live)
	if size == 0 {
		return 0, m.why(errRead)
	}
	return size, nil
}

// Read gives a copy of the first size bytes of a block.
func (m *Memory) Read(addr, size int) ([]byte, error) {
	if size < 0 {
		return nil, ErrBadSize
	}
	block := m.block(addr)
	block.RLock()
	defer block.RUnlock()
	if err := m.mayRead(addr, size); err != nil {
		return nil, err
	}
	data := make([]byte, size)
	m.table.read(addr, data)
	return data, nil
}

// ReadTo copies the first bytes of a block to where the caller has room: as
// many as fit there.
func (m *Memory) ReadTo(addr int, to []byte) error {
	block := m.block(addr)
	block.RLock()
	defer block.RUnlock()
	if err := m.mayRead(addr, len(to)); err != nil {
		return err
	}
	m.table.read(addr, to)
	return nil
}

func (m *Memory) mayRead(addr, size int) error {
	switch has := m.table.sizeOf(addr, live); {
	case has == 0:
		return m.why(errRead)
	case size > has:
		return errReadRange
	}
	return nil
}

// Write makes data the first bytes of a block. It fails with ErrNoMemory, and
// writes nothing, if there are no bytes for what was never written before.
func (m *Memory) Write(addr int, data []byte) error {
	block := m.block(addr)
	block.Lock()
	defer block.Unlock()
	switch has := m.table.sizeOf(addr, live); {
	case has == 0:
		return m.why(errWrite)
	case len(data) > has:
		return errWriteRange
	}
	if to := m.table.bytes(addr, len(data)); len(to) == len(data) {
		copy(to, data)
		return nil
	}
	if err := m.back(addr, len(data)); err != nil {
		return err
	}
	m.table.write(addr, data)
	return nil
}

// Realloc gives the block another size. What is common to both sizes is kept,
// what is new holds whatever was there. Its address may be another; if it fails
// the block is as it was.
func (m *Memory) Realloc(addr, size int) (int, error) {
	if size <= 0 {
		return -1, ErrBadSize
	}
	block := m.block(addr)
	block.Lock()
	defer block.Unlock()
	m.mu.Lock()
	had := m.table.sizeOf(addr, live)
	if had == 0 {
		m.mu.Unlock()
		return -1, m.why(errResize)
	}
	done, err := m.resizeHere(addr, had, size)
	moved := addr
	if !done && err == nil {
		moved, err = m.take(size, 1, busy)
	}
	m.mu.Unlock()
	if done || err != nil {
		return moved, err
	}

	// Nobody else has the new block yet, nor the old one.
	err = m.move(moved, addr, min(had, size))
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.closed:
		return -1, ErrClosed
	case err != nil:
		m.release(moved, size)
		return -1, err
	}
	m.release(addr, had)
	m.table.set(moved, live)
	return moved, nil
}

// ------------------------------------------------- what is done with mu locked

// take gives a block, marked so. The mark of its end is there before its own:
// who looks at it finds its size, or no block.
func (m *Memory) take(size, align int, as mark) (int, error) {
	if size <= 0 || align <= 0 || align&(align-1) != 0 {
		return -1, ErrBadSize
	}
	if m.closed {
		return -1, ErrClosed
	}
	hole, length := m.pick(size, align)
	if length == 0 {
		return -1, ErrNoMemory
	}
	addr := up(hole, align)
	if err := m.table.room(addr, addr+size); err != nil {
		return -1, err
	}
	rest := length - (addr - hole) - size
	if hole == m.top {
		m.top = addr + size
		m.table.set(addr+size, free)
	} else {
		m.holes.remove(hole, length)
		if rest > 0 {
			m.addHole(addr+size, rest)
		}
	}
	m.table.set(addr, as)
	if addr > hole {
		m.addHole(hole, addr-hole)
	}
	return addr, nil
}

// pick chooses a hole; the last of all lies from the top on.
func (m *Memory) pick(size, align int) (hole, length int) {
	hole, length = m.holes.best(m.table, size)
	if align > 1 && length > 0 && length-size < up(hole, align)-hole {
		length = 0
		if wide := size + align - 1; wide > 0 {
			hole, length = m.holes.best(m.table, wide)
		}
	}
	room := m.most - m.top
	if pad := up(m.top, align) - m.top; pad >= 0 && size <= room-pad &&
		(length == 0 || room < length) {
		return m.top, room
	}
	return hole, length
}

// release makes a block a hole, and one with the holes beside it.
func (m *Memory) release(addr, size int) {
	t := m.table
	start, end := addr, addr+size
	if before := t.prev(addr); before >= 0 && t.get(before) == free {
		m.holes.remove(before, addr-before)
		start = before
		t.set(addr, none)
	}
	if end == m.top {
		t.set(start, free)
		t.set(end, none)
		m.top = start
		return
	}
	if length := t.sizeOf(end, free); length > 0 {
		m.holes.remove(end, length)
		t.set(end, none)
		end += length
	}
	m.addHole(start, end-start)
}

func (m *Memory) addHole(addr, size int) {
	m.table.set(addr, free)
	m.holes.add(m.table, addr, size)
}

// resizeHere tells if the block could stay where it is.
func (m *Memory) resizeHere(addr, had, size int) (bool, error) {
	t, end := m.table, addr+had
	switch {
	case size == had:
		return true, nil
	case size < had:
		if err := t.room(addr+size, addr+size); err != nil {
			return false, err
		}
		t.set(addr+size, busy)
		m.release(addr+size, had-size)
		return true, nil
	case t.get(end) != free:
		return false, nil
	}
	length := m.most - end
	if end != m.top {
		length = t.sizeOf(end, free)
	}
	if size-had > length {
		return false, nil
	}
	if err := t.room(addr+size, addr+size); err != nil {
		return false, err
	}
	if end == m.top {
		m.top = addr + size
		t.set(addr+size, free)
	} else {
		m.holes.remove(end, length)
		if rest := length - (size - had); rest > 0 {
			m.addHole(addr+size, rest)
		}
	}
	t.set(end, none)
	return true, nil
}

// ------------------------------------------------------------------- the bytes

// back sees to it that there are bytes for all of these addresses.
func (m *Memory) back(addr, size int) error {
	if m.table.backed(addr, size) {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.table.back(addr, size)
}

// move copies a block's bytes.
func (m *Memory) move(to, from, size int) error {
	if err := m.back(to, size); err != nil {
		return err
	}
	for size > 0 {
		there := m.table.bytes(to, size)
		n := m.table.readSome(from, there)
		to, from, size = to+n, from+n, size-n
	}
	return nil
}

func up(addr, align int) int { return (addr + align - 1) &^ (align - 1) }
