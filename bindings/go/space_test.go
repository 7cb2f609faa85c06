package mems

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"
	"unsafe"
)

func TestSpace(t *testing.T) {
	s := openSpace(t)
	addr, err := s.Alloc(100)
	good(t, err)
	if addr < FirstAddr || s.UsableSize(addr) < 100 {
		t.Fatal(addr, s.UsableSize(addr))
	}
	good(t, s.Write(addr+10, []byte("somewhere")))
	got := make([]byte, 9)
	good(t, s.Read(addr+10, got))
	is(t, string(got), "somewhere")
	view, err := s.Bytes(addr+10, 4)
	good(t, err)
	is(t, string(view), "some")
	is(t, s.AddrOf(unsafe.Pointer(&view[0])), addr+10)
	is(t, s.Contains(addr+99), true)

	moved, err := s.Resize(addr, 5000)
	good(t, err)
	good(t, s.Read(moved+10, got))
	is(t, string(got), "somewhere")

	zeros, err := s.Calloc(3000)
	good(t, err)
	view, _ = s.Bytes(zeros, 3000)
	is(t, bytes.Count(view, []byte{0}), 3000)

	aligned, err := s.AllocAligned(100, 4096)
	good(t, err)
	is(t, uintptr(s.pointer(aligned))%4096, 0)

	good(t, s.SetRoot("list", moved))
	root, err := s.Root("list")
	good(t, err)
	is(t, root, moved)
	good(t, s.RemoveRoot("list"))
	_, err = s.Root("list")
	wrong(t, err, ErrNotOwned)

	for _, a := range []Addr{moved, zeros, aligned} {
		good(t, s.Free(a))
		wrong(t, s.Free(a), ErrNotOwned)
	}
	s.Trim()
}

func TestSpaceWrongUse(t *testing.T) {
	s := openSpace(t)
	addr, err := s.Alloc(64)
	good(t, err)
	for _, size := range []int{0, -1, math.MinInt} {
		_, err := s.Alloc(size)
		wrong(t, err, ErrBadSize)
		_, err = s.Resize(addr, size)
		wrong(t, err, ErrBadSize)
	}
	for _, alignment := range []int{0, -8, 3, 24} {
		_, err := s.AllocAligned(64, alignment)
		wrong(t, err, ErrBadSize)
	}
	for _, size := range []int{math.MaxInt / 2, math.MaxInt - 2} {
		_, err := s.Alloc(size)
		wrong(t, err, ErrNoMemory)
	}
	for _, a := range []Addr{0, 1, 999, addr + 1, addr + 16, addr + 64, 1 << 40,
		^Addr(0)} {
		wrong(t, s.Free(a), ErrNotOwned)
		_, err := s.Resize(a, 10)
		wrong(t, err, ErrNotOwned)
		is(t, s.UsableSize(a), 0)
	}
	wrong(t, s.Read(addr, make([]byte, 65)), ErrRange)
	wrong(t, s.Write(addr+60, make([]byte, 5)), ErrRange)
	wrong(t, s.Read(999, make([]byte, 1)), ErrRange)
	_, err = s.Bytes(addr, math.MaxInt)
	wrong(t, err, ErrRange)
	_, err = s.Bytes(999, 1)
	wrong(t, err, ErrRange)
	_, err = s.Bytes(addr, -1)
	wrong(t, err, ErrRange)
	wrong(t, s.SetRoot("", addr), ErrOption)
	wrong(t, s.SetRoot(strings.Repeat("x", 56), addr), ErrOption)
	is(t, s.AddrOf(nil), 0)

	good(t, s.Close())
	wrong(t, s.Close(), ErrClosed)
	_, err = s.Alloc(10)
	wrong(t, err, ErrClosed)
	wrong(t, s.Free(addr), ErrClosed)
	wrong(t, s.Verify(), ErrClosed)
	for range s.Segments() {
		t.Fatal("a closed space has segments")
	}
	for _, o := range []Option{nil, Maximum(1), Maximum(1 << 50), Limit(0),
		Limit(-1), SoftLimit(1, nil), Profile(-1)} {
		_, err := NewSpace(o)
		wrong(t, err, ErrOption)
	}
	_, err = Adopt(nil, 0)
	wrong(t, err, ErrOption)
}

func TestSegments(t *testing.T) {
	s := openSpace(t)
	var addrs []Addr
	for range 10 {
		addr, err := s.Alloc(48)
		good(t, err)
		addrs = append(addrs, addr)
	}
	good(t, s.Free(addrs[3]))
	live := make(map[Addr]bool)
	var node, sum int64
	for segment := range s.Segments() {
		switch segment.Kind {
		case Node:
			node += segment.Size
			continue
		case Process:
			live[segment.Addr] = true
		}
		sum += segment.Size
	}
	is(t, node, sum)
	for i, addr := range addrs {
		is(t, live[addr], i != 3)
	}
	for range s.Segments() {
		break
	}
}

func TestLimits(t *testing.T) {
	heard := int64(0)
	s := openSpace(t, Limit(1<<20), SoftLimit(1<<19, func(used int64) {
		heard = used
	}))
	var addrs []Addr
	var err error
	for err == nil {
		var addr Addr
		if addr, err = s.Alloc(10000); err == nil {
			addrs = append(addrs, addr)
		}
	}
	wrong(t, err, ErrLimit)
	wrong(t, err, ErrNoMemory)
	var told *AllocError
	if !errors.As(err, &told) || told.Size != 10000 || told.Heap != t.Name() {
		t.Fatal(err)
	}
	if heard <= 1<<19 || heard > 1<<19+20000 {
		t.Fatal("the soft limit was told of at", heard)
	}
	if len(addrs) < 90 {
		t.Fatal("only", len(addrs), "blocks")
	}
	good(t, s.Free(addrs[0]))
	_, err = s.Alloc(10000)
	good(t, err)
	good(t, s.SetLimits(0, 0, nil))
	_, err = s.Alloc(1 << 20)
	good(t, err)
	wrong(t, s.SetLimits(-1, 0, nil), ErrOption)
	wrong(t, s.SetLimits(5, 0, nil), ErrOption)
	wrong(t, s.SetLimits(5, 4, func(int64) {}), ErrOption)
}

// A space beside a plain model of it: what is live, and what it holds.
func TestSpaceModel(t *testing.T) {
	random := seed(t)
	s := openSpace(t, Maximum(1<<20))
	type block struct {
		addr Addr
		data []byte
	}
	var live []block
	for step := range scaled(20000) {
		i := random.Intn(len(live) + 1)
		size := 1 + random.Intn(1<<random.Intn(15))
		switch {
		case i == len(live) || (random.Intn(3) == 0 && len(live) < 200):
			addr, err := s.AllocAligned(size, 1<<random.Intn(9))
			if err != nil {
				wrong(t, err, ErrNoMemory)
				continue
			}
			data := make([]byte, size)
			random.Read(data)
			good(t, s.Write(addr, data))
			live = append(live, block{addr, data})
		case random.Intn(4) == 0:
			b := &live[i]
			addr, err := s.Resize(b.addr, size)
			if err != nil {
				wrong(t, err, ErrNoMemory)
				continue
			}
			grown := make([]byte, size)
			n := copy(grown, b.data)
			random.Read(grown[n:])
			got := make([]byte, n)
			good(t, s.Read(addr, got))
			if !bytes.Equal(got, b.data[:n]) {
				t.Fatal("a block that was resized has other bytes")
			}
			good(t, s.Write(addr, grown))
			*b = block{addr, grown}
		default:
			b := live[i]
			got := make([]byte, len(b.data))
			good(t, s.Read(b.addr, got))
			if !bytes.Equal(got, b.data) {
				t.Fatal("a block has other bytes")
			}
			good(t, s.Free(b.addr))
			live[i] = live[len(live)-1]
			live = live[:len(live)-1]
		}
		if step%500 == 0 {
			good(t, s.Verify())
			count := 0
			for segment := range s.Segments() {
				if segment.Kind == Process {
					count++
				}
			}
			if count < len(live) {
				t.Fatal(count, "blocks,", len(live), "live")
			}
		}
		if step%3000 == 0 {
			s.Trim()
		}
	}
}

// Ranges wait for the next space: they never go back to the system.
func TestRegionsAreKept(t *testing.T) {
	if collected {
		t.Skip("the collector has them")
	}
	s := openSpace(t, Maximum(3<<20))
	base := s.base
	addr, err := s.Alloc(1 << 20)
	good(t, err)
	view, _ := s.Bytes(addr, 1<<20)
	view[12345] = 7
	good(t, s.Close())
	_ = view[12345] // which is not to end the process
	again := openSpace(t, Maximum(3<<20))
	is(t, again.base, base)
	addr, err = again.Alloc(1 << 20)
	good(t, err)
	fresh, _ := again.Bytes(addr, 1<<20)
	is(t, bytes.Count(fresh, []byte{0}), 1<<20)
}

func TestBalance(t *testing.T) {
	const total = 4 << 30
	good(t, BalanceMemoryLimit(total))
	defer func() {
		good(t, BalanceMemoryLimit(0))
		restoreMemoryLimit()
	}()
	s := openSpace(t)
	before := memoryLimit()
	addr, err := s.Alloc(32 << 20)
	good(t, err)
	if now := memoryLimit(); now > before-32<<20 {
		t.Fatal("the limit went from", before, "to", now)
	}
	good(t, s.Free(addr))
	_, err = s.Alloc(100)
	good(t, err)
	if now := memoryLimit(); now < before-2<<20 {
		t.Fatal("the limit did not come back:", before, now)
	}
	wrong(t, BalanceMemoryLimit(-1), ErrOption)
}

// Who adopts a space sees the blocks of who made it, and may free them.
func TestAdopt(t *testing.T) {
	h := open(t)
	if !withC {
		_, err := Adopt(unsafe.Pointer(h), 0)
		wrong(t, err, ErrUnsupported)
		return
	}
	block, err := h.Alloc(100)
	good(t, err)
	s, err := Adopt(h.Space().Handle(), h.Addr())
	good(t, err)
	other, err := NewHeap(s)
	good(t, err)
	is(t, other.Addr(), h.Addr())
	is(t, other.UsableSize(block), 112)
	theirs, err := other.Alloc(100)
	good(t, err)
	good(t, other.Free(block))
	wrong(t, other.Free(block[16:]), ErrNotOwned)
	good(t, h.Free(theirs))
	wrong(t, h.Free(theirs), ErrNotOwned)
	addr, err := s.Alloc(64)
	good(t, err)
	good(t, h.Space().Free(addr))
	kept, err := other.Alloc(100)
	good(t, err)
	good(t, other.Close())
	good(t, s.Close())
	// What it had at hand is free, what lived lives on.
	is(t, h.UsableSize(kept), 112)
	good(t, h.Free(kept))
	h.Trim()
	is(t, h.Space().core.stats().slots, 0)
	_, err = Adopt(h.Space().Handle(), 12345)
	wrong(t, err, ErrNotOwned)
	_, err = h.Alloc(100)
	good(t, err)
}
