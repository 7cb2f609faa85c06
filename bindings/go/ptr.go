package mems

import "unsafe"

// A Ptr is where a T lies in a space, in four bytes and without a pointer: it
// may lie in the space itself, as links of trees and lists do, and means the
// same in every process and language that has the space. It reaches 64 GiB, for
// it counts units of 16 bytes, from 1. The zero Ptr is nil.
//
// A Ptr does not know if its T was freed, as a Ref does.
type Ptr[T any] struct {
	_    [0]*T // one of another type is not converted to this
	unit uint32
}

// PtrOf makes a Ptr of a pointer into the space: to a multiple of 16 bytes, as
// all blocks are at. Of nil it makes nil. It fails with ErrNotOwned if the T
// does not lie in the space, and with ErrPointers if it has any.
func PtrOf[T any](s *Space, p *T) (Ptr[T], error) {
	if !isPlain[T]() {
		return Ptr[T]{}, CheckType[T]()
	}
	if p == nil {
		return Ptr[T]{}, nil
	}
	if s.closed.Load() {
		return Ptr[T]{}, ErrClosed
	}
	offset := uintptr(unsafe.Pointer(p)) - uintptr(s.base)
	if size := unsafe.Sizeof(*p); offset%unitSize != 0 || offset >= s.size ||
		size > s.size-offset {
		return Ptr[T]{}, ErrNotOwned
	}
	return Ptr[T]{unit: uint32(offset/unitSize) + 1}, nil
}

// In gives the pointer into the space: nil if the Ptr is, or what it points to
// would not lie within the space, or that is closed.
func (p Ptr[T]) In(s *Space) *T {
	// That of nil is beyond every space.
	offset := uint64(p.unit-1) * unitSize
	if offset+uint64(unsafe.Sizeof(*new(T))) > uint64(s.size) ||
		s.closed.Load() {
		return nil
	}
	return (*T)(unsafe.Add(s.base, offset))
}

// IsNil tells if it points to nothing.
func (p Ptr[T]) IsNil() bool { return p.unit == 0 }

// Addr is the address of what it points to, or 0.
func (p Ptr[T]) Addr() Addr {
	if p.unit == 0 {
		return 0
	}
	return Addr(p.unit-1)*unitSize + FirstAddr
}
