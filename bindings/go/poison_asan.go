//go:build asan && cgo

package mems

/*
#include <stddef.h>

void __asan_poison_memory_region(void const volatile *addr, size_t size);
void __asan_unpoison_memory_region(void const volatile *addr, size_t size);
*/
import "C"

import "unsafe"

// Whether every block that is had or freed is told to somebody.
const watched = true

const sanitizedShift = 6

// With -asan a use of a freed block ends the program, and the report tells the
// line of Go.

func poison(p unsafe.Pointer, size uintptr) {
	C.__asan_poison_memory_region(p, C.size_t(size))
}

func unpoison(p unsafe.Pointer, size uintptr) {
	C.__asan_unpoison_memory_region(p, C.size_t(size))
}
