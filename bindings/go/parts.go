package mems

import "unsafe"

// What has memory of a heap's space and ends with the heap: stores and maps.
type part interface {
	forget() // the heap has ended, or the part was closed
}

// join makes something end with the heap.
func (h *Heap) join(p part) error {
	if h == nil {
		return ErrClosed
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed.Load() {
		return ErrClosed
	}
	if h.parts == nil {
		h.parts = make(map[part]struct{})
	}
	h.parts[p] = struct{}{}
	return nil
}

// leave ends it before; false if it has ended.
func (h *Heap) leave(p part) bool {
	h.mu.Lock()
	_, was := h.parts[p]
	delete(h.parts, p)
	h.mu.Unlock()
	if was {
		p.forget()
	}
	return was
}

// endParts follows when the heap is closed; its lock is held.
func (h *Heap) endParts() {
	for p := range h.parts {
		p.forget()
	}
	h.parts = nil
}

// takeRoom gives a block of the space, at a multiple of a cache line.
func (h *Heap) takeRoom(size uintptr) (unsafe.Pointer, error) {
	if h.closed.Load() {
		return nil, ErrClosed
	}
	addr, err := h.space.AllocAligned(int(size), cacheLine)
	if err != nil {
		return nil, err
	}
	p := h.space.pointer(addr)
	unpoison(p, size)
	return p, nil
}

func (h *Heap) giveRoom(p unsafe.Pointer, size uintptr) {
	unpoison(p, size)
	_ = h.space.Free(h.space.AddrOf(p))
}

const cacheLine = 64

// hugeFrom is the number of chunks from which on those of stores and maps ask
// for huge pages: small ones are not to take megabytes.
const hugeFrom = 16
