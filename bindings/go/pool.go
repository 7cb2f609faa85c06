package mems

import "unsafe"

// A Pool gives single Ts off the heap of Go. Any goroutine may use one made
// from a Heap; one made from a Local is its goroutine's.
type Pool[T any] struct {
	heap  *Heap
	local *Local
	stack *stack // the local's of this class, or nil
	class uint32
	live  uint8 // the state of a T
	large bool
}

// A Source is where pools take their blocks: a *Heap or a *Local.
type Source interface {
	source() (*Heap, *Local)
}

func (h *Heap) source() (*Heap, *Local) { return h, nil }
func (l *Local) source() (*Heap, *Local) {
	if l == nil {
		return nil, nil
	}
	return l.heap, l
}

// NewPool makes a pool. It fails with ErrPointers if T has any.
func NewPool[T any](from Source) (*Pool[T], error) {
	if err := CheckType[T](); err != nil {
		return nil, err
	}
	if from == nil {
		return nil, ErrClosed
	}
	h, l := from.source()
	if h == nil || h.closed.Load() {
		return nil, ErrClosed
	}
	size := max(unsafe.Sizeof(*new(T)), 1)
	p := &Pool[T]{heap: h, local: l, large: size > cachedMost}
	if !p.large {
		p.class = classOf(size)
		p.live = stateLive + uint8(p.class)
	}
	if l != nil && !p.large && !watched {
		p.stack = &l.cache.stacks[p.class]
	}
	return p, nil
}

// New gives a T, all 0.
func (p *Pool[T]) New() (*T, error) {
	if s := p.stack; s != nil && s.count > 0 {
		unit := s.pop()
		*p.heap.state(uintptr(unit)) = p.live
		t := (*T)(p.heap.pointer(unit))
		*t = *new(T)
		return t, nil
	}
	var block unsafe.Pointer
	var err error
	switch {
	case p.large:
		block, err = p.heap.takeLarge(unsafe.Sizeof(*new(T)))
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
	if s := p.stack; s != nil && s.count < s.most {
		unit := p.heap.unitOf(unsafe.Pointer(t))
		if unit < p.heap.units && *p.heap.state(unit) == p.live {
			*p.heap.state(unit) = stateFree
			s.push(uint32(unit))
			return nil
		}
	}
	if p.local != nil {
		return p.local.release(unsafe.Pointer(t))
	}
	return p.heap.release(unsafe.Pointer(t))
}
