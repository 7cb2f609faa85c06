//go:build linux && !race

package mems

import (
	"syscall"
	"unsafe"
)

const mapNoReserve = syscall.MAP_NORESERVE

func discard(base unsafe.Pointer, size, used uintptr) {
	bytes := unsafe.Slice((*byte)(base), size)
	if syscall.Madvise(bytes, syscall.MADV_DONTNEED) != nil {
		clear(bytes[:used])
	}
}
