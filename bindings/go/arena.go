package mems

import (
	"math"
	"sync/atomic"
	"unsafe"
)

// An Arena hands out memory that ends all at once: each block lies behind the
// last one, and none is freed alone. One goroutine at a time uses it.
//
// A nil Arena stands for the heap of Go: what is allocated from it is Go's own,
// and every other call does nothing. So a function may take an arena and work
// without one.
type Arena struct {
	base   unsafe.Pointer // of the chunk at hand
	top    uintptr        // bytes of it that are in use
	end    uintptr        // bytes that it has
	plain  unsafe.Pointer // the type that was last found to have no pointers
	heap   *Heap          // nil when one of both was closed
	chunks []chunk        // the last is at hand
	ended  int64          // bytes in use of the others
	resets uint32
}

type chunk struct {
	base unsafe.Pointer
	size uintptr
	top  uintptr // of one that is not at hand
}

const (
	firstChunk = 16 << 10
	mostChunk  = 1 << 20
)

// NewArena makes an arena that takes its memory from the heap. Close gives it
// back.
func (h *Heap) NewArena() (*Arena, error) {
	if h.closed.Load() {
		return nil, ErrClosed
	}
	return &Arena{heap: h}, nil
}

// New gives a T in the arena, all 0. It fails with ErrPointers if T has any.
func New[T any](a *Arena) (*T, error) {
	if a != nil && typeWord((*T)(nil)) == a.plain {
		if top := a.top; roundedSize[T]() <= a.end-top {
			a.top = top + roundedSize[T]()
			p := (*T)(unsafe.Add(a.base, top))
			*p = *new(T)
			return p, nil
		}
	}
	return newSlowly[T](a)
}

func roundedSize[T any]() uintptr {
	return (unsafe.Sizeof(*new(T)) + unitSize - 1) &^ (unitSize - 1)
}

// newSlowly is New of a type that was not the last, or when the chunk at hand
// has no room.
func newSlowly[T any](a *Arena) (*T, error) {
	if a == nil {
		return new(T), nil
	}
	if err := CheckType[T](); err != nil {
		return nil, err
	}
	if !watched {
		a.plain = typeWord((*T)(nil))
	}
	p, err := a.take(max(unsafe.Sizeof(*new(T)), 1))
	if err != nil {
		return nil, err
	}
	*(*T)(p) = *new(T)
	return (*T)(p), nil
}

// Slice gives a slice of that length and capacity in the arena, all 0.
func Slice[T any](a *Arena, length, capacity int) ([]T, error) {
	if length < 0 || capacity < length {
		return nil, &AllocError{"slice", capacity, "", ErrBadSize}
	}
	if a == nil {
		return make([]T, length, capacity), nil
	}
	list, err := room[T](a, capacity)
	clear(list)
	return list[:min(length, len(list))], err
}

// room is a slice of whatever was there.
func room[T any](a *Arena, capacity int) ([]T, error) {
	if !isPlain[T]() {
		if err := CheckType[T](); err != nil {
			return nil, err
		}
	}
	var zero T
	size := unsafe.Sizeof(zero)
	if size == 0 || capacity == 0 {
		return make([]T, capacity), nil
	}
	if uintptr(capacity) > ^uintptr(0)/2/size {
		return nil, a.fail(uintptr(capacity), ErrNoMemory)
	}
	p, err := a.take(uintptr(capacity) * size)
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*T)(p), capacity), nil
}

// Append is append() for slices of an arena: when there is no room, the longer
// slice lies in the arena. The last block grows where it is.
func Append[T any](a *Arena, list []T, more ...T) ([]T, error) {
	if a == nil {
		return append(list, more...), nil
	}
	need := len(list) + len(more)
	if need <= cap(list) {
		return append(list, more...), nil
	}
	capacity := max(need, 2*cap(list), 4)
	var zero T
	size := unsafe.Sizeof(zero)
	if size > 0 && a.extend(unsafe.Pointer(unsafe.SliceData(list)),
		uintptr(cap(list))*size, uintptr(capacity)*size) {
		grown := unsafe.Slice(unsafe.SliceData(list), capacity)
		return append(grown[:len(list)], more...), nil
	}
	grown, err := room[T](a, capacity)
	if err != nil {
		return list, err
	}
	n := copy(grown, list)
	return append(grown[:n], more...), nil
}

// Bytes gives size bytes in the arena, all 0.
func (a *Arena) Bytes(size int) ([]byte, error) {
	bytes, err := a.BytesDirty(size)
	clear(bytes)
	return bytes, err
}

// BytesDirty is Bytes without making them 0: they are what was there.
func (a *Arena) BytesDirty(size int) ([]byte, error) {
	if a == nil || size <= 0 {
		return Slice[byte](a, size, size)
	}
	p, err := a.take(uintptr(size))
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(p), size), nil
}

// String gives a copy of the text in the arena. It lives as long as the arena's
// other blocks.
func (a *Arena) String(text string) (string, error) {
	if a == nil || text == "" {
		return text, nil
	}
	bytes, err := room[byte](a, len(text))
	if err != nil {
		return "", err
	}
	copy(bytes, text)
	return unsafe.String(unsafe.SliceData(bytes), len(bytes)), nil
}

// take gives size bytes at a multiple of 16.
func (a *Arena) take(size uintptr) (unsafe.Pointer, error) {
	rounded := (size + unitSize - 1) &^ (unitSize - 1)
	top := a.top
	if rounded > a.end-top || rounded < size || watched {
		return a.more(size)
	}
	a.top = top + rounded
	return unsafe.Add(a.base, top), nil
}

// extend makes the last block longer, if it is the last and there is room.
func (a *Arena) extend(p unsafe.Pointer, had, want uintptr) bool {
	had = (had + unitSize - 1) &^ (unitSize - 1)
	start := a.top - had
	if had == 0 || had > a.top || p != unsafe.Add(a.base, start) ||
		want > a.end-start {
		return false
	}
	a.top = start + (want+unitSize-1)&^(unitSize-1)
	unpoison(p, want)
	return true
}

// more is take when the chunk at hand has no room.
func (a *Arena) more(size uintptr) (unsafe.Pointer, error) {
	if a.heap == nil || a.heap.closed.Load() {
		return nil, a.fail(size, ErrClosed)
	}
	size = max(size, 1)
	rounded := (size + unitSize - 1) &^ (unitSize - 1)
	if rounded < size || rounded > math.MaxInt/2 {
		return nil, a.fail(size, ErrNoMemory)
	}
	if rounded > a.end-a.top {
		if err := a.addChunk(rounded); err != nil {
			return nil, err
		}
	}
	p := unsafe.Add(a.base, a.top)
	a.top += rounded
	unpoison(p, size)
	return p, nil
}

func (a *Arena) addChunk(least uintptr) error {
	size := uintptr(firstChunk)
	if n := len(a.chunks); n > 0 {
		size = min(2*a.chunks[n-1].size, mostChunk)
	}
	size = max(size, (least+4095)&^4095)
	p, err := a.heap.takeChunk(size)
	if err != nil && size > least {
		size = least
		p, err = a.heap.takeChunk(size)
	}
	if err != nil {
		return a.fail(least, err)
	}
	a.leave()
	a.chunks = append(a.chunks, chunk{base: p, size: size})
	a.enter()
	poison(p, size)
	return nil
}

// leave notes how far the chunk at hand is in use.
func (a *Arena) leave() {
	if n := len(a.chunks); n > 0 {
		a.chunks[n-1].top = a.top
		a.ended += int64(a.top)
	}
}

// enter makes the last chunk the one at hand.
func (a *Arena) enter() {
	n := len(a.chunks)
	if n == 0 {
		a.base, a.top, a.end = nil, 0, 0
		return
	}
	c := &a.chunks[n-1]
	a.base, a.top, a.end = c.base, c.top, c.size
}

// dropTo gives all chunks behind the first n back.
func (a *Arena) dropTo(n int) {
	if len(a.chunks) == n {
		return
	}
	for i := len(a.chunks) - 1; i >= n; i-- {
		c := a.chunks[i]
		a.heap.giveChunk(c)
		if i > 0 && i < len(a.chunks) {
			a.ended -= int64(a.chunks[i-1].top)
		}
	}
	clear(a.chunks[n:])
	a.chunks = a.chunks[:n]
	a.enter()
}

// Reset ends all blocks. The first chunk stays at hand: the next block lies
// where the first one did.
func (a *Arena) Reset() {
	if a == nil || a.heap == nil {
		return
	}
	a.resets++
	if len(a.chunks) > 1 {
		a.dropTo(1)
	}
	a.top = 0
	if watched && a.end > 0 {
		poison(a.base, a.end)
	}
}

// Close ends all blocks and gives the memory back.
func (a *Arena) Close() error {
	if a == nil {
		return nil
	}
	if a.heap == nil || a.heap.closed.Load() {
		a.forget()
		return ErrClosed
	}
	a.dropTo(0)
	a.forget()
	return nil
}

func (a *Arena) forget() { *a = Arena{resets: a.resets + 1} }

// A Mark is where an arena stands.
type Mark struct {
	arena  *Arena
	resets uint32
	chunks int
	top    uintptr
}

// Mark remembers where the arena stands.
func (a *Arena) Mark() Mark {
	if a == nil {
		return Mark{}
	}
	return Mark{a, a.resets, len(a.chunks), a.top}
}

// Release ends all blocks that were made since the mark. It fails with ErrStale
// if the arena was reset since, or stands before the mark.
func (a *Arena) Release(mark Mark) error {
	if a == nil && mark.arena == nil {
		return nil
	}
	if a == nil || mark.arena != a || mark.resets != a.resets ||
		mark.chunks > len(a.chunks) ||
		(mark.chunks == len(a.chunks) && mark.top > a.top) {
		return ErrStale
	}
	if a.heap == nil || a.heap.closed.Load() {
		return ErrClosed
	}
	a.dropTo(max(mark.chunks, min(1, len(a.chunks))))
	a.top = mark.top
	if watched && a.end > a.top {
		poison(unsafe.Add(a.base, a.top), a.end-a.top)
	}
	return nil
}

// Used is how many bytes are handed out.
func (a *Arena) Used() int64 {
	if a == nil {
		return 0
	}
	return a.ended + int64(a.top)
}

// Held is how many bytes the arena has of its heap.
func (a *Arena) Held() int64 {
	held := int64(0)
	if a != nil {
		for _, c := range a.chunks {
			held += int64(c.size)
		}
	}
	return held
}

// Contains tells if a byte is in what was handed out.
func (a *Arena) Contains(p unsafe.Pointer) bool {
	if a == nil {
		return false
	}
	for i, c := range a.chunks {
		top := c.top
		if i == len(a.chunks)-1 {
			top = a.top
		}
		if uintptr(p)-uintptr(c.base) < top {
			return true
		}
	}
	return false
}

func (a *Arena) fail(size uintptr, err error) error {
	name := ""
	if a.heap != nil {
		name = a.heap.space.name
	}
	if e, ok := err.(*AllocError); ok {
		err = e.Err
	}
	return &AllocError{"arena", int(size), name, err}
}

// ------------------------------------------------------------- chunks of heaps

// Chunks that arenas gave back wait for the next arena, which mostly follows
// soon: those of the first sizes, a few of each.
type chunks struct {
	held atomic.Int64        // bytes that arenas have
	idle [7][]unsafe.Pointer // by size: firstChunk, twice that, ...
}

const idleChunks = 8

// chunkOf is the place of a size in idle, or -1.
func chunkOf(size uintptr) int {
	for i := range len(chunks{}.idle) {
		if size == firstChunk<<i {
			return i
		}
	}
	return -1
}

func (h *Heap) takeChunk(size uintptr) (unsafe.Pointer, error) {
	place := chunkOf(size)
	if place >= 0 {
		h.mu.Lock()
		list := h.chunks.idle[place]
		if n := len(list); n > 0 {
			p := list[n-1]
			h.chunks.idle[place] = list[:n-1]
			h.mu.Unlock()
			h.chunks.held.Add(int64(size))
			return p, nil
		}
		h.mu.Unlock()
	}
	if h.closed.Load() {
		return nil, ErrClosed
	}
	addr, err := h.space.AllocAligned(int(size), unitSize)
	if err != nil {
		h.scrape()
		addr, err = h.space.AllocAligned(int(size), unitSize)
	}
	if err != nil {
		return nil, err
	}
	h.chunks.held.Add(int64(size))
	return h.space.pointer(addr), nil
}

func (h *Heap) giveChunk(c chunk) {
	unpoison(c.base, c.size)
	h.chunks.held.Add(-int64(c.size))
	if place := chunkOf(c.size); place >= 0 {
		h.mu.Lock()
		if list := h.chunks.idle[place]; len(list) < idleChunks {
			h.chunks.idle[place] = append(list, c.base)
			h.mu.Unlock()
			return
		}
		h.mu.Unlock()
	}
	_ = h.space.Free(h.space.AddrOf(c.base))
}

// dropChunks gives back those that wait.
func (h *Heap) dropChunks() {
	h.mu.Lock()
	idle := h.chunks.idle
	h.chunks.idle = [7][]unsafe.Pointer{}
	h.mu.Unlock()
	for _, list := range idle {
		for _, p := range list {
			_ = h.space.Free(h.space.AddrOf(p))
		}
	}
}
