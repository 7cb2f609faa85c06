//go:build cgo

package mems

/*
#cgo !mems_system CFLAGS: -std=gnu11 -O2 -pthread -DMEMS_NO_HELPER=1
#cgo !mems_system CFLAGS: -fvisibility=hidden
#cgo !mems_system,!windows LDFLAGS: -pthread
#cgo !mems_system,windows LDFLAGS: -lsynchronization
#cgo mems_system CFLAGS: -DMEMS_GO_SYSTEM=1
#cgo mems_system pkg-config: libmems

#cgo noescape mems_go_open
#cgo nocallback mems_go_open
#cgo nocallback mems_go_close
#cgo noescape mems_go_alloc
#cgo nocallback mems_go_alloc
#cgo noescape mems_go_resize
#cgo nocallback mems_go_resize
#cgo nocallback mems_go_free
#cgo nocallback mems_go_usable
#cgo nocallback mems_go_contains
#cgo noescape mems_go_read
#cgo nocallback mems_go_read
#cgo noescape mems_go_write
#cgo nocallback mems_go_write
#cgo noescape mems_go_take
#cgo nocallback mems_go_take
#cgo noescape mems_go_give
#cgo nocallback mems_go_give
#cgo nocallback mems_go_block_size
#cgo nocallback mems_go_crossed
#cgo nocallback mems_go_used

#include "core.h"
#include <errno.h>
#include <stdlib.h>
*/
import "C"

import (
	"runtime"
	"sync"
	"unsafe"
)

// A core is the C library's side of a space: the space and its depot, of which
// all slots come. Units are 16 bytes, counted from the first byte of the data.
// Its calls may come from any goroutine, but for take and give, which come from
// one at a time.
type core struct {
	c    *C.struct_mems_go_core
	base unsafe.Pointer // of unit 0
	pin  *runtime.Pinner
}

// pinned keeps memory of Go's own where it is while C has it, that of a heap
// that was forgotten included.
var pinned sync.Map // of *runtime.Pinner

// withC tells in which way this build has its spaces.
const withC = true

func (e errno) wrap() error {
	switch -e {
	case 0:
		return nil
	case C.ENOMEM:
		return ErrNoMemory
	case C.EINVAL:
		return ErrNotOwned
	case C.EFAULT:
		return ErrRange
	case C.EBADMSG:
		return ErrBroken
	case C.ENOENT:
		return ErrNotOwned
	case C.ENOSPC:
		return ErrNoMemory
	}
	return ErrOption
}

func openCore(r region, o *options) (*core, error) {
	wanted := C.struct_mems_go_options{
		growth: growth, granule: unitSize, soft: C.uint64_t(o.soft),
		hard: C.uint64_t(o.hard),
	}
	c := new(core)
	if collected {
		c.pin = new(runtime.Pinner)
		c.pin.Pin(r.base)
		pinned.Store(c.pin, nil)
	}
	err := errno(C.mems_go_open(r.base, C.size_t(r.size), &wanted, &c.c))
	if err != 0 {
		c.unpin()
		return nil, err.wrap()
	}
	c.base = unsafe.Pointer(c.c.base)
	return c, nil
}

func adoptCore(space unsafe.Pointer, depot Addr) (*core, error) {
	c := new(core)
	err := errno(C.mems_go_adopt(space, C.uint64_t(depot), &c.c))
	if err != 0 {
		return nil, err.wrap()
	}
	c.base = unsafe.Pointer(c.c.base)
	return c, nil
}

func (c *core) close() {
	C.mems_go_close(c.c)
	c.unpin()
}

func (c *core) unpin() {
	if c.pin != nil {
		c.pin.Unpin()
		pinned.Delete(c.pin)
	}
}

func (c *core) alloc(size, alignment uintptr) (Addr, error) {
	var err C.int
	addr := Addr(C.mems_go_alloc(c.c, C.size_t(size), C.size_t(alignment), &err))
	if err == -C.EINVAL {
		return 0, ErrBadSize
	}
	return addr, errno(err).wrap()
}

func (c *core) resize(addr Addr, size uintptr) (Addr, error) {
	var err C.int
	moved := Addr(C.mems_go_resize(c.c, C.uint64_t(addr), C.size_t(size), &err))
	return moved, errno(err).wrap()
}

func (c *core) free(addr Addr) error {
	return errno(C.mems_go_free(c.c, C.uint64_t(addr))).wrap()
}

// usable is 0 where no block begins.
func (c *core) usable(addr Addr) uintptr {
	return uintptr(C.mems_go_usable(c.c, C.uint64_t(addr)))
}

func (c *core) contains(addr Addr) bool {
	return C.mems_go_contains(c.c, C.uint64_t(addr)) == 1
}

func (c *core) read(addr Addr, to []byte) error {
	return errno(C.mems_go_read(c.c, C.uint64_t(addr),
		unsafe.Pointer(unsafe.SliceData(to)), C.size_t(len(to)))).wrap()
}

func (c *core) write(addr Addr, from []byte) error {
	return errno(C.mems_go_write(c.c, C.uint64_t(addr),
		unsafe.Pointer(unsafe.SliceData(from)), C.size_t(len(from)))).wrap()
}

// take fills units with blocks of this size and tells how many there were.
func (c *core) take(size uintptr, units []uint32) int {
	return int(C.mems_go_take(c.c, C.size_t(size), (*C.uint32_t)(&units[0]),
		C.uint32_t(len(units))))
}

// give takes blocks of any sizes back; the error is that of the last wrong one.
func (c *core) give(units []uint32) error {
	return errno(C.mems_go_give(c.c, (*C.uint32_t)(&units[0]),
		C.uint32_t(len(units)))).wrap()
}

// blockSize is 0 where no block of take begins.
func (c *core) blockSize(unit uint32) uintptr {
	return uintptr(C.mems_go_block_size(c.c, C.uint32_t(unit)))
}

func (c *core) depot() Addr { return Addr(C.mems_go_depot(c.c)) }

// handle is what other languages of the process know the space by.
func (c *core) handle() unsafe.Pointer { return unsafe.Pointer(c.c.space) }

func (c *core) limit(soft, hard int64) error {
	err := errno(C.mems_go_limit(c.c, C.uint64_t(soft), C.uint64_t(hard)))
	if err != 0 {
		return ErrOption
	}
	return nil
}

// crossed tells once that use went above the soft limit.
func (c *core) crossed() bool {
	return C.mems_go_crossed(c.c) != 0
}

func (c *core) trim() int64 { return int64(C.mems_go_trim(c.c)) }

func (c *core) verify() (string, error) {
	const room = 256
	report := (*C.char)(C.calloc(1, room))
	defer C.free(unsafe.Pointer(report))
	err := errno(C.mems_go_verify(c.c, report, room)).wrap()
	return C.GoString(report), err
}

func (c *core) inUse() int64 { return int64(C.mems_go_used(c.c)) }

func (c *core) stats() coreStats {
	var s C.struct_mems_go_stats
	C.mems_go_stats(c.c, &s)
	return coreStats{
		maximum: int64(s.maximum), mapped: int64(s.mapped),
		used: int64(s.used), peak: int64(s.used_peak),
		largestHole: int64(s.largest_hole), nodes: int64(s.nodes),
		blocks: int64(s.blocks), holes: int64(s.holes),
		metadata: int64(s.metadata), returned: int64(s.returned),
		soft: int64(s.soft), hard: int64(s.hard), held: int64(s.held),
		wanted: int64(s.wanted), allocations: int64(s.allocations),
		frees: int64(s.frees), growth: int64(s.growth),
		granule: int64(s.granule), firstFit: s.first_fit != 0,
		slotsUsed: int64(s.slots_used), slots: int64(s.slots),
		slabs: int64(s.slabs),
	}
}

func (c *core) segments() []Segment {
	var list []C.struct_mems_go_segment
	count := 64
	for count > len(list) {
		list = make([]C.struct_mems_go_segment, count+count/8)
		count = int(C.mems_go_walk(c.c, &list[0], C.size_t(len(list))))
	}
	segments := make([]Segment, count)
	for i := range segments {
		s := &list[i]
		segments[i] = Segment{Addr: Addr(s.va), Size: int64(s.size),
			Node: int(s.node), Kind: Kind(s.kind)}
	}
	return segments
}

func (c *core) setRoot(name string, addr Addr) error {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	err := errno(C.mems_go_root_set(c.c, text, C.uint64_t(addr)))
	if err == -C.EINVAL {
		return ErrOption
	}
	return err.wrap()
}

func (c *core) root(name string) (Addr, error) {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	var addr C.uint64_t
	err := errno(C.mems_go_root_get(c.c, text, &addr))
	return Addr(addr), err.wrap()
}

func (c *core) removeRoot(name string) error {
	text := C.CString(name)
	defer C.free(unsafe.Pointer(text))
	return errno(C.mems_go_root_remove(c.c, text)).wrap()
}
