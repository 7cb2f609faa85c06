package mems

import "math/bits"

// Sizes that blocks have: 16 bytes apart up to 128, then eight to each doubling
// up to 1024, which are the classes of the C library's slabs; from there four
// to each doubling up to 32 KiB, which caches keep as well. Above that a block
// has the size that was asked for.

const (
	unitSize   = 16
	smallMost  = 1024
	cachedMost = 32 << 10
	classCount = 32 + 5*4
)

var classSizes = func() (sizes [classCount]uint32) {
	n := 0
	for size := uint32(16); size <= 128; size += 16 {
		sizes[n] = size
		n++
	}
	for octave := uint32(128); octave < smallMost; octave *= 2 {
		for i := uint32(1); i <= 8; i++ {
			sizes[n] = octave + i*octave/8
			n++
		}
	}
	for octave := uint32(smallMost); octave < cachedMost; octave *= 2 {
		for i := uint32(1); i <= 4; i++ {
			sizes[n] = octave + i*octave/4
			n++
		}
	}
	return sizes
}()

// classOf is the class of a size from 1 to cachedMost.
func classOf(size uintptr) uint32 {
	switch {
	case size <= 128:
		return uint32(size-1) >> 4
	case size <= smallMost:
		octave := uint32(bits.Len32(uint32(size-1))) - 8
		return 8 + octave*8 + (uint32(size-1)>>(octave+4))&7
	}
	octave := uint32(bits.Len32(uint32(size-1))) - 11
	return 32 + octave*4 + (uint32(size-1)>>(octave+8))&3
}
