//go:build cgo && mems_system

// Package main is a library for C: what Go does in a heap that JavaScript made,
// in ../../together. Build it with -buildmode=c-shared.
package main

import "C"

import (
	"unsafe"

	mems "github.com/libmems/libmems/bindings/go"
)

// A record is what C and JavaScript have in the same bytes.
type record struct {
	number, owner uint32
	twice         float64
	_             [4]uint64
}

const owner = 3

var (
	space *mems.Space
	heap  *mems.Heap
	pool  *mems.Pool[record]
)

//export go_open
func go_open(handle uintptr, at uint64) C.int {
	// It is an address of C's, that no pointer of Go's came from.
	pointer := *(*unsafe.Pointer)(unsafe.Pointer(&handle))
	var err error
	if space, err = mems.Adopt(pointer, mems.Addr(at)); err != nil {
		return -1
	}
	if heap, err = mems.NewHeap(space); err != nil {
		return -2
	}
	if pool, err = mems.NewPool[record](heap); err != nil {
		return -3
	}
	return 0
}

// places are the addresses in a block.
func places(list uint64, count uint32) []mems.Addr {
	bytes, err := space.Bytes(mems.Addr(list), int(count)*8)
	if err != nil {
		return nil
	}
	return unsafe.Slice((*mems.Addr)(unsafe.Pointer(&bytes[0])), count)
}

func recordAt(addr mems.Addr) *record {
	bytes, err := space.Bytes(addr, int(unsafe.Sizeof(record{})))
	if err != nil {
		return nil
	}
	return (*record)(unsafe.Pointer(&bytes[0]))
}

//export go_fill
func go_fill(list uint64, from, to uint32) C.int {
	all := places(list, to)
	for i := from; i < to; i++ {
		r, err := pool.New()
		if err != nil {
			return -1
		}
		*r = record{number: i, owner: owner, twice: 2 * float64(i)}
		all[i] = space.AddrOf(unsafe.Pointer(r))
	}
	return 0
}

//export go_sum
func go_sum(list uint64, count uint32) C.double {
	sum := 0.0
	for _, addr := range places(list, count) {
		r := recordAt(addr)
		sum += float64(r.number) + float64(r.owner) + r.twice
	}
	return C.double(sum)
}

//export go_free
func go_free(list uint64, from, to uint32) C.int {
	for _, addr := range places(list, to)[from:] {
		if pool.Free(recordAt(addr)) != nil {
			return -1
		}
	}
	return 0
}

//export go_close
func go_close() C.int {
	if heap.Verify() != nil || heap.Close() != nil || space.Close() != nil {
		return -1
	}
	return 0
}

func main() {}
