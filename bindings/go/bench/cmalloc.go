package main

// #include <stdlib.h>
import "C"

import "unsafe"

// The C library's malloc and free as a Go program calls them: two times
// through cgo.

func cMalloc(size int) unsafe.Pointer { return C.malloc(C.size_t(size)) }

func cFree(p unsafe.Pointer) { C.free(p) }
