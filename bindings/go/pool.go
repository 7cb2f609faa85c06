package mems

import "unsafe"

// A Pool gives single Ts off the heap of Go. Any goroutine may use one made
// from a Heap; one made from a Local is its goroutine's.
type Pool[T any] struct {
	heap  *Heap
	local *Local
	class uint32
	large bool
}

// A Source is where pools take their blocks: a *Heap or a *Local.
type Source interface {
	source() (*Heap, *Local)
}

func (h *Heap) source() (*Heap, *Local)  { return h, nil }
func (l *Local) source() (*Heap, *Local) { return l.heap, l }

// NewPool makes a pool. It fails with ErrPointers if T has any.
func NewPool[T any](from Source) (*Pool[T], error) {
	if err := CheckType[T](); err != nil {
		return nil, err
	}
	h, l := from.source()
	if h == nil || h.closed.Load() {
		return nil, ErrClosed
	}
	var zero T
	size := max(unsafe.Sizeof(zero), 1)
	p := &Pool[T]{heap: h, local: l, large: size > cachedMost}
	if !p.large {
		p.class = classOf(size)
	}
	return p, nil
}

// New gives a T, all 0.
func (p *Pool[T]) New() (*T, error) {
	var block unsafe.Pointer
	var err error
	switch {
	case p.large:
		var zero T
		block, err = p.heap.takeLarge(unsafe.Sizeof(zero))
	case p.local != nil:
		block, err = p.local.take(p.class)
	default:
		block, err = p.heap.takeClass(p.class)
	}
	if err != nil {
		return nil, err
	}
	t := (*T)(block)
	*t = *new(T)
	return t, nil
}

// Free gives a T back.
func (p *Pool[T]) Free(t *T) error {
	if p.local != nil {
		return p.local.release(unsafe.Pointer(t))
	}
	return p.heap.release(unsafe.Pointer(t))
}
