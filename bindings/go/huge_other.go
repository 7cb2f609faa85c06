//go:build !linux || race

package mems

import "unsafe"

func (s *Space) adviseHuge(unsafe.Pointer, uintptr) {}
