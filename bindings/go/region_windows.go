//go:build windows && !race

package mems

import (
	"syscall"
	"unsafe"
)

const collected = false

// All of it is committed at once, which the system counts.
const regionMost = 1 << 30

const (
	memCommit     = 0x1000
	memReserve    = 0x2000
	memDecommit   = 0x4000
	pageReadWrite = 4
)

var (
	kernel32     = syscall.NewLazyDLL("kernel32.dll")
	virtualAlloc = kernel32.NewProc("VirtualAlloc")
	virtualFree  = kernel32.NewProc("VirtualFree")
)

func reserve(size uintptr) (unsafe.Pointer, error) {
	base, _, err := virtualAlloc.Call(0, size, memReserve|memCommit,
		pageReadWrite)
	if base == 0 {
		return nil, err
	}
	// Not a pointer of Go's: vet cannot know.
	return *(*unsafe.Pointer)(unsafe.Pointer(&base)), nil
}

func discard(base unsafe.Pointer, size, used uintptr) {
	gone, _, _ := virtualFree.Call(uintptr(base), size, memDecommit)
	if gone == 0 {
		clear(unsafe.Slice((*byte)(base), used))
		return
	}
	_, _, _ = virtualAlloc.Call(uintptr(base), size, memCommit,
		pageReadWrite)
}
