package mems

import (
	"bytes"
	"math"
	"testing"
	"unsafe"
)

func TestBatch(t *testing.T) {
	h := open(t)
	for _, size := range []int{1, 64, 1000, 5000, 40000} {
		list := make([][]byte, 300)
		n, err := h.AllocBatch(size, list)
		good(t, err)
		is(t, n, len(list))
		seen := make(map[*byte]bool)
		for _, block := range list {
			is(t, len(block), size)
			is(t, bytes.Count(block, []byte{0}), size)
			is(t, seen[&block[0]], false)
			seen[&block[0]] = true
			is(t, h.Contains(unsafe.Pointer(&block[0])), true)
			for i := range block {
				block[i] = 1
			}
		}
		good(t, h.Free(list[7]))
		twice := list[7]
		wrong(t, h.FreeBatch(list), ErrDoubleFree)
		for i, block := range list {
			is(t, block == nil, i != 7)
		}
		is(t, &list[7][0], &twice[0])
		list[7] = nil
		good(t, h.FreeBatch(list))
	}
	good(t, h.FreeBatch(nil))
	n, err := h.AllocBatch(10, nil)
	good(t, err)
	is(t, n, 0)
}

func TestBatchWrongUse(t *testing.T) {
	h := open(t, Limit(1<<20))
	list := make([][]byte, 4000)
	for _, size := range []int{0, -1, math.MinInt} {
		n, err := h.AllocBatch(size, list)
		is(t, n, 0)
		wrong(t, err, ErrBadSize)
	}
	for _, size := range []int{1000, 50000} {
		n, err := h.AllocBatch(size, list)
		wrong(t, err, ErrLimit)
		if n < 10 || n == len(list) {
			t.Fatal(n, "blocks")
		}
		is(t, list[n] == nil, true)
		good(t, h.FreeBatch(list[:n]))
		h.Trim()
	}
	block, err := h.Alloc(10)
	good(t, err)
	wrong(t, h.FreeBatch([][]byte{block[1:], make([]byte, 5)}), ErrNotOwned)
	good(t, h.Close())
	_, err = h.AllocBatch(10, list)
	wrong(t, err, ErrClosed)
	_, err = h.AllocBatch(100000, list)
	wrong(t, err, ErrClosed)
	wrong(t, h.FreeBatch([][]byte{block}), ErrClosed)
}
