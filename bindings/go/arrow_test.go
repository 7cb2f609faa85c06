package mems_test

import (
	"errors"
	"math"
	"testing"
	"unsafe"

	mems "github.com/libmems/libmems/bindings/go"
)

func pointer(b []byte) unsafe.Pointer {
	return unsafe.Pointer(unsafe.SliceData(b))
}

// The interface of github.com/apache/arrow-go/v18/arrow/memory.
type allocator interface {
	Allocate(size int) []byte
	Reallocate(size int, b []byte) []byte
	Free(b []byte)
}

var _ allocator = mems.Arrow{}

func TestArrowBuffers(t *testing.T) {
	h := open(t)
	a := h.Arrow()
	for _, size := range []int{1, 63, 64, 65, 1000, 4096, 100000, 1 << 20} {
		b := a.Allocate(size)
		check := func(what string, size, kept int) {
			t.Helper()
			is(t, what, len(b), size)
			is(t, "room after "+what, cap(b), size)
			if uintptr(pointer(b))%64 != 0 {
				t.Errorf("%s of %d bytes at %p", what, size, b)
			}
			for i := range b {
				want := byte(0)
				if i < kept {
					want = 1
				}
				if b[i] != want {
					t.Fatalf("%s: byte %d is %d", what, i, b[i])
				}
				b[i] = 1
			}
		}
		check("allocate", size, 0)
		for _, next := range []int{size + 1, size * 3, size * 2, size/4 + 1,
			size + 7} {
			had := len(b)
			b = a.Reallocate(next, b)
			check("reallocate", next, min(had, next))
		}
		// A buffer may be cut before it is given back.
		a.Free(b[:0])
	}
	is(t, "blocks", h.Stats().Blocks, 0)
}

func TestArrowEmptyBuffers(t *testing.T) {
	h := open(t)
	a := h.Arrow()
	b := a.Allocate(0)
	if b == nil || len(b) != 0 {
		t.Error("no empty buffer")
	}
	is(t, "blocks", h.Stats().Blocks, 0)
	b = a.Reallocate(100, b)
	is(t, "grown", len(b), 100)
	b = a.Reallocate(0, b)
	is(t, "shrunk", len(b), 0)
	a.Free(b)
	a.Free(nil)
	is(t, "of nil", len(a.Reallocate(10, nil)), 10)
	is(t, "blocks", h.Stats().Blocks, 1)
}

func panicsWith(t *testing.T, what string, want error, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		err, _ := recover().(error)
		if !errors.Is(err, want) {
			t.Errorf("%s: a panic with %v, not %v", what, err, want)
		}
	}()
	f()
}

func TestArrowPanicsWhereItMust(t *testing.T) {
	h := open(t, mems.Limit(1<<20))
	a := h.Arrow()
	b := a.Allocate(100)
	panicsWith(t, "size", mems.ErrBadSize, func() { a.Allocate(-1) })
	panicsWith(t, "size", mems.ErrBadSize, func() { a.Reallocate(-1, b) })
	panicsWith(t, "memory", mems.ErrLimit, func() { a.Allocate(2 << 20) })
	panicsWith(t, "memory", mems.ErrNoMemory, func() { a.Reallocate(math.MaxInt, b) })
	is(t, "blocks", h.Stats().Blocks, 1)
	panicsWith(t, "inside", mems.ErrNotOwned, func() { a.Free(b[16:]) })
	panicsWith(t, "inside", mems.ErrNotOwned, func() { a.Reallocate(1, b[1:]) })
	panicsWith(t, "foreign", mems.ErrNotOwned, func() { a.Free(make([]byte, 1)) })
	a.Free(b)
	panicsWith(t, "double", mems.ErrDoubleFree, func() { a.Free(b) })
	b = a.Allocate(1)
	wants(t, "close", h.Close(), nil)
	a.Free(b)
	panicsWith(t, "closed", mems.ErrClosed, func() { a.Allocate(1) })
}
