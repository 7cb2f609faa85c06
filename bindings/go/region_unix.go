//go:build unix && !race

package mems

import (
	"syscall"
	"unsafe"
)

// What the collector would take back by itself.
const collected = false

// As much as 32 bits of units reach. Sanitizers have memory for each byte of it.
const regionMost = 64 << 30 >> (8 * (1 - pointers64)) >> sanitizedShift

// pointers64 is 1 where pointers have 64 bits, else 0.
const pointers64 = ^uintptr(0) >> 63

func reserve(size uintptr) (unsafe.Pointer, error) {
	bytes, err := syscall.Mmap(-1, 0, int(size),
		syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|mapNoReserve)
	if err != nil {
		return nil, err
	}
	return unsafe.Pointer(unsafe.SliceData(bytes)), nil
}
