package mems

import "unsafe"

// Arrow is a heap as an allocator of Apache Arrow: it has the methods of
// memory.Allocator in github.com/apache/arrow-go. Buffers lie at a multiple of
// 64, and their bytes are 0 at first.
//
// The interface has no errors. Allocate and Reallocate panic with one when there
// is no memory or the size is negative, as there is nothing else that they could
// give; what was there stays as it is.
type Arrow struct{ heap *Heap }

// arrowAlignment is what the format recommends.
const arrowAlignment = 64

// Arrow gives the heap as an allocator for Apache Arrow.
func (h *Heap) Arrow() Arrow { return Arrow{h} }

// Allocate gives size bytes, all 0; of size 0 an empty buffer, which takes no
// memory and need not be freed.
func (a Arrow) Allocate(size int) []byte {
	if size == 0 {
		return []byte{}
	}
	return Must(a.heap.AllocAligned(size, arrowAlignment))
}

// Reallocate gives the buffer another size, if need be elsewhere. What is common
// to both is kept, what is new is 0. Size 0 frees it. It panics if the buffer is
// none of the heap's, too.
func (a Arrow) Reallocate(size int, b []byte) []byte {
	if cap(b) == 0 {
		return a.Allocate(size)
	}
	had := a.heap.UsableSize(b)
	if had == 0 {
		panic(a.heap.fail("resize", uintptr(size),
			a.heap.whyNot(unsafe.Pointer(unsafe.SliceData(b)))))
	}
	if size <= 0 || size > had {
		return a.move(b, a.Allocate(size))
	}
	if size < had/2 {
		// Where there is no memory for a smaller one it stays.
		moved, err := a.heap.AllocAligned(size, arrowAlignment)
		if err == nil {
			return a.move(b, moved)
		}
	}
	length := min(len(b), size)
	b = unsafe.Slice(unsafe.SliceData(b), size)
	clear(b[length:])
	return b
}

func (a Arrow) move(from, to []byte) []byte {
	copy(to, from)
	a.Free(from)
	return to
}

// Free gives a buffer back. It panics if that was done before or it is none of
// the heap's: the interface has no other way to tell. After the heap was closed
// it does nothing, since all buffers ended with it.
func (a Arrow) Free(b []byte) {
	if cap(b) == 0 {
		return
	}
	if err := a.heap.Free(b); err != nil && err != ErrClosed {
		panic(a.heap.fail("free", 0, err))
	}
}
