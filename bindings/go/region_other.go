//go:build unix && !linux && !race

package mems

import "unsafe"

const mapNoReserve = 0

func discard(base unsafe.Pointer, size, used uintptr) {
	clear(unsafe.Slice((*byte)(base), used))
}
