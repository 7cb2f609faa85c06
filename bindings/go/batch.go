package mems

import "unsafe"

// AllocBatch fills the list with blocks of size bytes, all 0, and tells how many
// there are: fewer than the list has room for, and the error, when memory is
// short. Many blocks cost one call to C.
func (h *Heap) AllocBatch(size int, list [][]byte) (int, error) {
	if uintptr(size)-1 >= cachedMost {
		return h.allocLarge(size, list)
	}
	class := classOf(uintptr(size))
	var room [64]uint32
	done := 0
	for done < len(list) {
		want := min(len(list)-done, len(room))
		units, err := h.takeBatch(uintptr(classSizes[class]), room[:want])
		if err != nil {
			return done, h.fail("allocation", uintptr(size), err)
		}
		for _, unit := range units {
			p, _ := h.hand(unit, class, 1)
			list[done] = unsafe.Slice((*byte)(p), size)
			clear(list[done])
			done++
		}
	}
	return done, nil
}

func (h *Heap) allocLarge(size int, list [][]byte) (int, error) {
	for i := range list {
		block, err := h.Alloc(size)
		if err != nil {
			return i, err
		}
		list[i] = block
	}
	return len(list), nil
}

// FreeBatch gives the blocks back and makes them nil in the list. What is no
// live block stays in it; the error is that of the first. A nil block is none
// and no error.
func (h *Heap) FreeBatch(list [][]byte) error {
	var first error
	for i, block := range list {
		if block == nil {
			continue
		}
		if err := h.Free(block); err == nil {
			list[i] = nil
		} else if first == nil {
			first = err
		}
	}
	return first
}
