package mems

import (
	"math/bits"
	"unsafe"
)

// Records are the keys and values of a map, side by side in chunks. Each chunk
// begins with a bit for each of its records, which tells if it is live.
type records struct {
	chunks []uint32 // units
	size   uintptr  // of a record
	head   uintptr  // bytes of a chunk before the first
	shift  uint8    // how many records a chunk has, as a power of two
	made   uint64   // records below were live once
	free   uint32   // number of the one that was freed last, and 1
	freed  uint32   // how many are
}

const (
	recordChunk = 256 << 10 // bytes at most, where a record is not larger
	mostRecords = 1<<32 - 1
)

// init tells how large a record is. One that is free has the number of another.
func (r *records) init(size uintptr) {
	r.size = max(size+3, 4) &^ 3
	for r.bytes(r.shift+1) <= recordChunk {
		r.shift++
	}
	r.head = headBytes(r.shift)
}

func headBytes(shift uint8) uintptr {
	return ((1<<shift+7)/8 + cacheLine - 1) &^ (cacheLine - 1)
}

// bytes is how large a chunk of so many records is.
func (r *records) bytes(shift uint8) uintptr {
	return headBytes(shift) + r.size<<shift
}

func (r *records) chunk(h *Heap, number uint32) unsafe.Pointer {
	return h.pointer(r.chunks[number>>(r.shift&31)])
}

func (r *records) at(h *Heap, number uint32) unsafe.Pointer {
	within := uintptr(number) & (1<<(r.shift&31) - 1)
	return unsafe.Add(r.chunk(h, number), r.head+within*r.size)
}

// bits gives the word that tells of 64 records, of which the number is one.
func (r *records) bits(h *Heap, number uint32) *uint64 {
	within := uintptr(number) & (1<<(r.shift&31) - 1)
	return (*uint64)(unsafe.Add(r.chunk(h, number), within/64*8))
}

func (r *records) isLive(h *Heap, number uint32) bool {
	return uint64(number) < r.made && *r.bits(h, number)>>(number%64)&1 == 1
}

// take gives a record that is live from now on.
func (r *records) take(h *Heap) (uint32, error) {
	number := r.free - 1
	switch {
	case r.free != 0:
		r.free = *(*uint32)(r.at(h, number))
		r.freed--
	case r.made < uint64(len(r.chunks))<<r.shift:
		number = uint32(r.made)
		r.made++
	default:
		if err := r.grow(h); err != nil {
			return 0, err
		}
		number = uint32(r.made)
		r.made++
	}
	*r.bits(h, number) |= 1 << (number % 64)
	return number, nil
}

func (r *records) grow(h *Heap) error {
	size := r.bytes(r.shift)
	if uint64(len(r.chunks)+1)<<r.shift > mostRecords {
		return h.fail("map", size, ErrNoMemory)
	}
	p, err := h.takeRoom(size)
	if err != nil {
		return err
	}
	if len(r.chunks) >= hugeFrom {
		h.space.adviseHuge(p, size)
	}
	clear(unsafe.Slice((*byte)(p), r.head))
	r.chunks = append(r.chunks, uint32(h.unitOf(p)))
	return nil
}

// give takes a live record back.
func (r *records) give(h *Heap, number uint32) {
	*r.bits(h, number) &^= 1 << (number % 64)
	*(*uint32)(r.at(h, number)) = r.free
	r.free = number + 1
	r.freed++
}

// after is the first live record from a number on.
func (r *records) after(h *Heap, number uint64) (uint32, bool) {
	for number < r.made {
		if word := *r.bits(h, uint32(number)) >> (number % 64); word != 0 {
			number += uint64(bits.TrailingZeros64(word))
			return uint32(number), number < r.made
		}
		// Where the next word begins, or the next chunk.
		number = (number | min(63, uint64(1)<<r.shift-1)) + 1
	}
	return 0, false
}

// drop gives all memory back.
func (r *records) drop(h *Heap) {
	for _, unit := range r.chunks {
		h.giveRoom(h.pointer(unit), r.bytes(r.shift))
	}
	r.forget()
}

func (r *records) forget() {
	r.chunks, r.made, r.free, r.freed = nil, 0, 0, 0
}
