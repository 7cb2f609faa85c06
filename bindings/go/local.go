package mems

import "unsafe"

// A Local is a cache of a heap's blocks for one goroutine at a time, which
// needs no look at the processor it runs on. It may free what others
// allocated, and they what it did.
type Local struct {
	cache cache
	heap  *Heap // nil when one of both was closed
}

// NewLocal makes a Local. Close gives back what it has at hand.
func (h *Heap) NewLocal() (*Local, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed.Load() {
		return nil, ErrClosed
	}
	l := &Local{heap: h}
	h.locals[l] = struct{}{}
	return l, nil
}

// Close gives what it has at hand back to the heap.
func (l *Local) Close() error {
	h := l.heap
	if h == nil {
		return ErrClosed
	}
	var room [stackRoom]uint32
	for class := range l.cache.stacks {
		s := &l.cache.stacks[class]
		if s.count > 0 {
			h.giveBatch(s.spill(room[:s.count]))
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.locals, l)
	*l = Local{}
	return nil
}

// Alloc gives a block of size bytes, all 0, at a multiple of 16.
func (l *Local) Alloc(size int) ([]byte, error) {
	if uintptr(size)-1 >= cachedMost {
		if l.heap == nil {
			return nil, ErrClosed
		}
		return l.heap.Alloc(size)
	}
	p, err := l.take(classOf(uintptr(size)))
	if err != nil {
		return nil, err
	}
	block := unsafe.Slice((*byte)(p), size)
	clear(block)
	return block, nil
}

// Free gives a block back; the slice must begin where the block does.
func (l *Local) Free(block []byte) error {
	if cap(block) == 0 {
		return ErrNotOwned
	}
	return l.release(unsafe.Pointer(unsafe.SliceData(block)))
}

func (l *Local) take(class uint32) (unsafe.Pointer, error) {
	h := l.heap
	s := &l.cache.stacks[class]
	if s.count == 0 || watched {
		return l.takeMore(class)
	}
	unit := s.pop()
	*h.state(uintptr(unit)) = stateLive + uint8(class)
	return h.pointer(unit), nil
}

func (l *Local) takeMore(class uint32) (unsafe.Pointer, error) {
	h := l.heap
	if h == nil {
		return nil, ErrClosed
	}
	s := &l.cache.stacks[class]
	if s.count == 0 {
		s.open(class)
		size := uintptr(classSizes[class])
		batch, err := h.takeBatch(size, s.units[:s.most/4])
		if err != nil {
			return nil, h.fail("allocation", size, err)
		}
		for i, j := 0, len(batch)-1; i < j; i, j = i+1, j-1 {
			batch[i], batch[j] = batch[j], batch[i]
		}
		setCount(&s.count, uint32(len(batch)))
		return h.hand(s.pop(), class, len(batch))
	}
	return h.hand(s.pop(), class, 0)
}

func (l *Local) release(p unsafe.Pointer) error {
	h := l.heap
	if h == nil {
		return ErrClosed
	}
	unit := h.unitOf(p)
	if unit >= h.units {
		return ErrNotOwned
	}
	state := h.state(unit)
	if *state < stateLive || watched {
		return h.releaseSlowly(p, unit)
	}
	class := *state - stateLive
	s := &l.cache.stacks[class]
	if s.count == s.most {
		l.spill(s, uint32(class))
	}
	*state = stateFree
	s.push(uint32(unit))
	return nil
}

func (l *Local) spill(s *stack, class uint32) {
	if s.most == 0 {
		s.open(class)
		return
	}
	var room [stackRoom / 2]uint32
	l.heap.giveBatch(s.spill(room[:s.most/2]))
}
