package mems

import (
	"sync"
	"unsafe"
)

// Memory for spaces. A range that was had of the system is never given up,
// only its pages: the runtime of Go dies when it meets a pointer into a range
// that it got itself after somebody unmapped it. A range waits here for the
// next space of its size instead.

type region struct {
	base unsafe.Pointer
	size uintptr
}

var idle struct {
	sync.Mutex
	regions map[uintptr][]region
}

// takeRegion gives memory of which all bytes are 0, at a multiple of a page.
func takeRegion(size uintptr) (region, error) {
	idle.Lock()
	if list := idle.regions[size]; len(list) > 0 {
		r := list[len(list)-1]
		idle.regions[size] = list[:len(list)-1]
		idle.Unlock()
		return r, nil
	}
	idle.Unlock()
	base, err := reserve(size)
	if err != nil {
		return region{}, ErrNoMemory
	}
	return region{base, size}, nil
}

// giveRegion takes it back; nothing behind the first used bytes was written.
func giveRegion(r region, used uintptr) {
	if r.base == nil || collected {
		return
	}
	discard(r.base, r.size, used)
	idle.Lock()
	defer idle.Unlock()
	if idle.regions == nil {
		idle.regions = make(map[uintptr][]region)
	}
	idle.regions[r.size] = append(idle.regions[r.size], r)
}
