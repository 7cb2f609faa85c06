// Package mems is memory off the heap of Go: heaps, arenas, pools, stores and
// maps that the garbage collector never looks at, in spaces whose addresses
// mean the same in Go, C and JavaScript.
package mems

import (
	"cmp"
	"math/bits"
	"sync"
	"sync/atomic"
	"unsafe"
)

// What the state of a unit, 16 bytes of the space, tells of the block that
// begins there. States above give the class of a live block that caches know.
const (
	stateNone    = iota // none, or one that another language allocated
	stateFree           // one that was freed
	stateLarge          // a live one of another size
	stateAligned        // a live one with an alignment of its own
	stateSampled        // a live one that the profile knows
	stateLive
)

// A Heap has blocks of all sizes in a space. Any goroutine may use it at any
// time; Close must be the last call. Blocks are memory that the collector does
// not see: they hold no pointers to Go's own, and live until they are freed, or
// the heap is closed.
type Heap struct {
	base   unsafe.Pointer // of unit 0
	states unsafe.Pointer // a byte for each unit
	units  uintptr        // how many there are
	caches caches         // those of processors

	space  *Space
	table  region // of the states
	owns   bool   // the space ends with the heap
	closed atomic.Bool
	watch  watch
	guard  guard

	mu     sync.Mutex // of what follows, and of the core's slots
	locals map[*Local]struct{}
	parts  map[part]struct{}
	chunks chunks
	end    func()
}

// Open makes a heap with a space of its own.
func Open(list ...Option) (*Heap, error) {
	o, err := optionsOf(list)
	if err != nil {
		return nil, err
	}
	s, err := newSpace(&o)
	if err != nil {
		return nil, err
	}
	h, err := newHeap(s, &o)
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	h.owns = true
	return h, nil
}

// NewHeap makes a heap in a space, before which it must be closed. Its blocks are
// the space's: those that live then end with the space, or when another heap of
// it frees them.
func NewHeap(s *Space, list ...Option) (*Heap, error) {
	o, err := optionsOf(list)
	if err != nil {
		return nil, err
	}
	if s == nil || s.closed.Load() {
		return nil, ErrClosed
	}
	return newHeap(s, &o)
}

func newHeap(s *Space, o *options) (*Heap, error) {
	table, err := takeRegion((s.size/unitSize + 4095) &^ 4095)
	if err != nil {
		return nil, &AllocError{"open", int(s.size), o.name, err}
	}
	h := &Heap{
		base: s.base, space: s, states: table.base, units: s.size / unitSize,
		table: table, locals: make(map[*Local]struct{}),
	}
	h.watch.open(o.rate)
	h.retire()
	h.end = warnUnlessClosed(h, cmp.Or(o.name, s.name))
	return h, nil
}

// Close ends the heap and all its blocks, arenas, pools and stores, and gives
// their memory back. It must be the last call on any of them.
func (h *Heap) Close() error {
	if h.closed.Swap(true) {
		return ErrClosed
	}
	h.end()
	h.guard.report(h)
	h.watch.close()
	caches := h.retire()
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.locals {
		caches = append(caches, &l.cache)
	}
	if !h.owns {
		h.quit(caches)
	}
	for l := range h.locals {
		*l = Local{}
	}
	h.endParts()
	if h.owns {
		_ = h.space.Close()
	}
	giveRegion(h.table, h.units)
	return nil
}

// quit gives what is at hand back to a space that goes on.
func (h *Heap) quit(caches []*cache) {
	for _, c := range caches {
		for class := range c.stacks {
			if s := &c.stacks[class]; s.count > 0 {
				_ = h.space.core.give(s.units[:s.count])
			}
		}
	}
	for _, list := range h.chunks.idle {
		for _, p := range list {
			_ = h.space.Free(h.space.AddrOf(p))
		}
	}
}

// Space is where the heap's blocks lie.
func (h *Heap) Space() *Space { return h.space }

func (h *Heap) state(unit uintptr) *uint8 {
	return (*uint8)(unsafe.Add(h.states, unit))
}

func (h *Heap) pointer(unit uint32) unsafe.Pointer {
	return unsafe.Add(h.base, uintptr(unit)*unitSize)
}

// unitOf is the unit that begins there, or one beyond all.
func (h *Heap) unitOf(p unsafe.Pointer) uintptr {
	offset := uintptr(p) - uintptr(h.base)
	// What is no multiple of 16 is rotated to far behind.
	return uintptr(bits.RotateLeft(uint(offset), -4))
}

// ------------------------------------------------------------------- blocks

// Alloc gives a block of size bytes, all 0, at a multiple of 16.
func (h *Heap) Alloc(size int) ([]byte, error) {
	p, err := h.allocate(uintptr(size))
	if err != nil {
		return nil, err
	}
	block := unsafe.Slice((*byte)(p), size)
	clear(block)
	return block, nil
}

// AllocDirty is Alloc without making the bytes 0: they are what was there.
func (h *Heap) AllocDirty(size int) ([]byte, error) {
	p, err := h.allocate(uintptr(size))
	if err != nil {
		return nil, err
	}
	return unsafe.Slice((*byte)(p), size), nil
}

// AllocAligned is Alloc at a multiple of alignment, a power of two.
func (h *Heap) AllocAligned(size, alignment int) ([]byte, error) {
	if alignment <= 0 || alignment&(alignment-1) != 0 {
		return nil, h.fail("allocation", uintptr(size), ErrBadSize)
	}
	if alignment <= unitSize {
		return h.Alloc(size)
	}
	addr, err := h.space.AllocAligned(size, alignment)
	if err != nil {
		return nil, err
	}
	p := h.space.pointer(addr)
	if h.watch.rate > 0 {
		h.watch.sampleLarge(h, uint32(h.unitOf(p)), uintptr(size))
	}
	h.publish(p, stateAligned)
	block := unsafe.Slice((*byte)(p), size)
	clear(block)
	return block, nil
}

// publish tells what begins there. A free that another goroutine is told of
// comes later, by whatever told it.
func (h *Heap) publish(p unsafe.Pointer, state uint8) {
	*h.state(h.unitOf(p)) = state
	unpoison(p, h.sizeOf(p))
	h.guard.note(h, p)
}

// Free gives a block back; the slice must begin where the block does.
func (h *Heap) Free(block []byte) error {
	if h == nil || cap(block) == 0 {
		return ErrNotOwned
	}
	return h.release(unsafe.Pointer(unsafe.SliceData(block)))
}

// Resize gives the block another length, if need be elsewhere. What is common
// to both is kept, what is new is 0. A nil block is allocated.
func (h *Heap) Resize(block []byte, size int) ([]byte, error) {
	if cap(block) == 0 {
		return h.Alloc(size)
	}
	p := unsafe.Pointer(unsafe.SliceData(block))
	had := h.sizeOf(p)
	if had == 0 {
		return nil, h.fail("resize", uintptr(size), h.whyNot(p))
	}
	if size <= 0 {
		return nil, h.fail("resize", uintptr(size), ErrBadSize)
	}
	length := min(len(block), int(had))
	if uintptr(size) <= had && uintptr(size)*2 > had {
		block = unsafe.Slice((*byte)(p), size)
		if size > length {
			clear(block[length:])
		}
		return block, nil
	}
	moved, err := h.AllocDirty(size)
	if err != nil {
		return nil, err
	}
	n := copy(moved, block[:length])
	clear(moved[n:])
	return moved, h.release(p)
}

// UsableSize is how many bytes the block really has; 0 if none begins there.
func (h *Heap) UsableSize(block []byte) int {
	if cap(block) == 0 {
		return 0
	}
	return int(h.sizeOf(unsafe.Pointer(unsafe.SliceData(block))))
}

// Contains tells if a live block of the heap begins there.
func (h *Heap) Contains(p unsafe.Pointer) bool { return h.sizeOf(p) > 0 }

func (h *Heap) sizeOf(p unsafe.Pointer) uintptr {
	unit := h.unitOf(p)
	if h.closed.Load() || unit >= h.units {
		return 0
	}
	return h.sizeAs(unit, *h.state(unit))
}

// sizeAs is how many bytes a block has whose unit is in that state.
func (h *Heap) sizeAs(unit uintptr, state uint8) uintptr {
	switch state {
	case stateFree:
		return 0
	case stateNone, stateLarge, stateSampled:
		return h.space.core.blockSize(uint32(unit))
	case stateAligned:
		return h.space.core.usable(Addr(unit)*unitSize + FirstAddr)
	default:
		return uintptr(classSizes[state-stateLive])
	}
}

// ----------------------------------------------------------- taking and giving

func (h *Heap) allocate(size uintptr) (unsafe.Pointer, error) {
	if size-1 < cachedMost {
		return h.takeClass(classOf(size))
	}
	return h.takeLarge(size)
}

// takeClass gives a block of a class, from the cache of this processor.
func (h *Heap) takeClass(class uint32) (unsafe.Pointer, error) {
	c := h.cacheAt(h.pin())
	if c != nil {
		s := &c.stacks[class]
		if s.count > 0 {
			unit := s.pop()
			*h.state(uintptr(unit)) = stateLive + uint8(class)
			h.unpin()
			if watched {
				return h.announce(unit)
			}
			return h.pointer(unit), nil
		}
	}
	h.unpin()
	return h.takeMore(class)
}

// takeMore fills the cache by a batch of the core's.
func (h *Heap) takeMore(class uint32) (unsafe.Pointer, error) {
	h.widen()
	var room [stackRoom / 4]uint32
	size := uintptr(classSizes[class])
	batch, err := h.takeBatch(size, room[:max(1, mostOf(class)/4)])
	if err != nil {
		return nil, h.fail("allocation", size, err)
	}
	unit, rest := batch[0], batch[1:]
	if c := h.cacheAt(h.pin()); c != nil {
		s := &c.stacks[class]
		s.open(class)
		// The lowest address comes first.
		for len(rest) > 0 && s.count < s.most {
			s.push(rest[len(rest)-1])
			rest = rest[:len(rest)-1]
		}
	}
	h.unpin()
	if len(rest) > 0 {
		h.giveBatch(rest)
	}
	return h.hand(unit, class, len(batch))
}

// takeBatch has the core's blocks, which are free to whoever looks.
func (h *Heap) takeBatch(size uintptr, room []uint32) ([]uint32, error) {
	n := h.takeUnits(size, room)
	if n == 0 && !h.closed.Load() {
		h.scrape()
		n = h.takeUnits(size, room)
	}
	if h.closed.Load() {
		return nil, ErrClosed
	}
	if n == 0 {
		return nil, h.space.why(ErrNoMemory)
	}
	for _, unit := range room[:n] {
		*h.state(uintptr(unit)) = stateFree
		poison(h.pointer(unit), size)
	}
	h.space.heed()
	return room[:n], nil
}

func (h *Heap) takeUnits(size uintptr, room []uint32) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed.Load() {
		return 0
	}
	return h.space.core.take(size, room)
}

// scrape gives all that waits for use back, before there is no memory.
func (h *Heap) scrape() {
	h.guard.drop(h)
	h.flush()
	h.dropChunks()
}

func (h *Heap) giveBatch(units []uint32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.closed.Load() {
		_ = h.space.core.give(units)
	}
}

// hand gives out the first block of a batch, which stands for all of it in the
// profile.
func (h *Heap) hand(unit, class uint32, batch int) (unsafe.Pointer, error) {
	state := stateLive + uint8(class)
	if h.watch.rate > 0 && h.watch.sample(h, unit, class, batch) {
		state = stateSampled
	}
	*h.state(uintptr(unit)) = state
	if watched {
		return h.announce(unit)
	}
	return h.pointer(unit), nil
}

// announce tells those who watch every block of a live one.
func (h *Heap) announce(unit uint32) (unsafe.Pointer, error) {
	p := h.pointer(unit)
	unpoison(p, h.sizeOf(p))
	h.guard.note(h, p)
	return p, nil
}

func (h *Heap) takeLarge(size uintptr) (unsafe.Pointer, error) {
	if size == 0 || size > h.units*unitSize {
		err := ErrBadSize
		if int(size) > 0 {
			err = h.space.why(ErrNoMemory)
		}
		return nil, h.fail("allocation", size, err)
	}
	var room [1]uint32
	if _, err := h.takeBatch(size, room[:]); err != nil {
		return nil, h.fail("allocation", size, err)
	}
	state := uint8(stateLarge)
	if h.watch.rate > 0 && h.watch.sampleLarge(h, room[0], size) {
		state = stateSampled
	}
	p := h.pointer(room[0])
	h.publish(p, state)
	return p, nil
}

// release frees the block that begins there.
func (h *Heap) release(p unsafe.Pointer) error {
	unit := h.unitOf(p)
	if unit >= h.units {
		return ErrNotOwned
	}
	state := h.state(unit)
	if *state < stateLive || watched {
		return h.releaseSlowly(p, unit)
	}
	class := *state - stateLive
	c := h.cacheAt(h.pin())
	if c != nil {
		s := &c.stacks[class]
		if s.count < s.most {
			*state = stateFree
			s.push(uint32(unit))
			h.unpin()
			return nil
		}
	}
	h.unpin()
	return h.releaseMore(uint32(unit), uint32(class))
}

// releaseMore frees a block for which this processor's cache has no room.
func (h *Heap) releaseMore(unit, class uint32) error {
	if h.closed.Load() {
		return ErrClosed
	}
	var room [stackRoom / 2]uint32
	var out []uint32
	*h.state(uintptr(unit)) = stateFree
	if c := h.cacheAt(h.pin()); c != nil {
		s := &c.stacks[class]
		s.open(class)
		if s.count == s.most {
			out = s.spill(room[:s.most/2])
		}
		s.push(unit)
		unit = 0
	}
	h.unpin()
	if unit != 0 {
		room[0] = unit
		out = room[:1]
	}
	if len(out) > 0 {
		h.giveBatch(out)
	}
	return nil
}

func (h *Heap) releaseSlowly(p unsafe.Pointer, unit uintptr) error {
	if h.closed.Load() {
		return ErrClosed
	}
	state := h.state(unit)
	size := h.sizeOf(p)
	switch *state {
	case stateFree:
		return ErrDoubleFree
	case stateNone:
		return h.giveForeign(uint32(unit))
	case stateSampled, stateAligned:
		h.watch.forget(uint32(unit))
	}
	h.guard.forget(h, p)
	was := *state
	*state = stateFree
	if h.guard.keep(h, p, size, was) {
		return nil
	}
	return h.giveOne(uint32(unit), size, was)
}

// giveOne gives a block of any kind to whom it came from.
func (h *Heap) giveOne(unit uint32, size uintptr, was uint8) error {
	poison(h.pointer(unit), size)
	if was == stateAligned {
		unpoison(h.pointer(unit), size)
		return h.space.Free(Addr(unit)*unitSize + FirstAddr)
	}
	if was >= stateLive {
		return h.releaseMore(unit, uint32(was-stateLive))
	}
	h.giveBatch([]uint32{unit})
	h.space.heed()
	return nil
}

// giveForeign frees a block that another language allocated.
func (h *Heap) giveForeign(unit uint32) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.space.core.give([]uint32{unit})
}

// Addr is where other languages find the heap in its space: to C it is a depot,
// to JavaScript a Heap. Blocks of any of them may be freed by any other.
func (h *Heap) Addr() Addr {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed.Load() {
		return 0
	}
	return h.space.core.depot()
}

func (h *Heap) whyNot(p unsafe.Pointer) error {
	unit := h.unitOf(p)
	if h.closed.Load() {
		return ErrClosed
	}
	if unit < h.units && *h.state(unit) == stateFree {
		return ErrDoubleFree
	}
	return ErrNotOwned
}

func (h *Heap) fail(op string, size uintptr, err error) error {
	return &AllocError{op, int(size), h.space.name, err}
}

// ------------------------------------------------------------------ the whole

// flush gives what all caches have at hand, but those of Locals, back to the
// core.
func (h *Heap) flush() {
	var room [stackRoom]uint32
	for _, c := range h.retire() {
		for class := range c.stacks {
			s := &c.stacks[class]
			if s.count > 0 {
				h.giveBatch(s.spill(room[:s.count]))
			}
		}
	}
}

// Trim gives every page that holds nothing back to the system, and tells how
// many bytes that were.
func (h *Heap) Trim() int64 {
	if h.closed.Load() {
		return 0
	}
	h.scrape()
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.space.Trim()
}

// Verify checks all of the heap's own state; the error says what is broken.
// Nobody else must use the heap meanwhile.
func (h *Heap) Verify() error {
	if h.closed.Load() {
		return ErrClosed
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.space.Verify()
}
