package mems

import (
	"errors"
	"testing"
	"unsafe"
)

type leaf struct {
	left, right Ptr[leaf]
	key         uint32
}

type tree struct {
	heap *Heap
	root Ptr[leaf]
}

func (tr *tree) add(t *testing.T, key uint32) {
	s := tr.heap.Space()
	at := &tr.root
	for !at.IsNil() {
		n := at.In(s)
		if key < n.key {
			at = &n.left
		} else {
			at = &n.right
		}
	}
	block, err := tr.heap.Alloc(int(unsafe.Sizeof(leaf{})))
	if err != nil {
		t.Fatal(err)
	}
	n := (*leaf)(unsafe.Pointer(&block[0]))
	n.key = key
	if *at, err = PtrOf(s, n); err != nil {
		t.Fatal(err)
	}
	if at.Addr() != s.AddrOf(unsafe.Pointer(n)) || at.In(s) != n {
		t.Fatal("not the same place")
	}
}

func (tr *tree) walk(p Ptr[leaf], f func(uint32)) {
	if n := p.In(tr.heap.Space()); n != nil {
		tr.walk(n.left, f)
		f(n.key)
		tr.walk(n.right, f)
	}
}

func TestPtrMakesTrees(t *testing.T) {
	h, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	r := testRandom(t, 20)
	tr := &tree{heap: h}
	for range 5000 {
		tr.add(t, r.Uint32())
	}
	count, last := 0, uint32(0)
	tr.walk(tr.root, func(key uint32) {
		if key < last {
			t.Fatal("out of order")
		}
		last = key
		count++
	})
	if count != 5000 {
		t.Fatal(count)
	}
}

func TestPtrNilAndWild(t *testing.T) {
	s, err := NewSpace(Maximum(1 << 20))
	if err != nil {
		t.Fatal(err)
	}
	if p, err := PtrOf[leaf](s, nil); err != nil || !p.IsNil() || p.Addr() != 0 ||
		p.In(s) != nil || p != (Ptr[leaf]{}) {
		t.Error("nil is not nil", p, err)
	}
	if _, err := PtrOf(s, new(leaf)); !errors.Is(err, ErrNotOwned) {
		t.Error(err)
	}
	if _, err := PtrOf(s, new(string)); !errors.Is(err, ErrPointers) {
		t.Error(err)
	}
	first := (*leaf)(s.base)
	if p, err := PtrOf(s, first); err != nil || p.IsNil() || p.In(s) != first ||
		p.Addr() != FirstAddr {
		t.Error("the first byte has no Ptr", p, err)
	}
	if _, err := PtrOf(s, (*leaf)(unsafe.Add(s.base, 8))); !errors.Is(err, ErrNotOwned) {
		t.Error(err)
	}
	end := s.size &^ (unitSize - 1)
	if _, err := PtrOf(s, (*[1024]byte)(unsafe.Add(s.base, end-unitSize))); !errors.Is(err, ErrNotOwned) {
		t.Error("beyond the end:", err)
	}
	for _, unit := range []uint32{uint32(end/unitSize) + 1, 1 << 31, ^uint32(0)} {
		if p := (Ptr[leaf]{unit: unit}); p.In(s) != nil {
			t.Error("it leaves the space:", unit)
		}
	}
	if p := (Ptr[[2 << 20]byte]{unit: 1}); p.In(s) != nil {
		t.Error("what is larger than the space lies in it")
	}
	s.Close()
	if (Ptr[leaf]{unit: 1}).In(s) != nil {
		t.Error("it lies in a closed space")
	}
	if _, err := PtrOf(s, first); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
}
