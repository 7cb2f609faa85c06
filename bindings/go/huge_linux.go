//go:build linux && !race

package mems

import (
	"syscall"
	"unsafe"
)

const hugePage = 2 << 20

// adviseHuge asks for huge pages where these bytes of the space lie, as the
// runtime does for the heap of Go: objects in random order are found at half
// the cost. What else lies in the first and last of them gets them, too.
func (s *Space) adviseHuge(p unsafe.Pointer, size uintptr) {
	if s.region.base == nil {
		return
	}
	end := s.region.size
	from := (uintptr(p) &^ (hugePage - 1)) - uintptr(s.region.base)
	to := (uintptr(p)+size+hugePage-1)&^(hugePage-1) - uintptr(s.region.base)
	if from > end || to > end {
		return
	}
	_ = syscall.Madvise(unsafe.Slice((*byte)(unsafe.Add(s.region.base, from)),
		to-from), syscall.MADV_HUGEPAGE)
}
