//go:build !mems_debug

package mems

import "unsafe"

// Nothing is watched. See guard_on.go for what is, with the tag mems_debug.

const guarded = false

type guard struct{}

func (guard) note(*Heap, unsafe.Pointer)                      {}
func (guard) forget(*Heap, unsafe.Pointer)                    {}
func (guard) keep(*Heap, unsafe.Pointer, uintptr, uint8) bool { return false }
func (guard) report(*Heap)                                    {}
func (guard) drop(*Heap)                                      {}
func (guard) origins() string                                 { return "" }
