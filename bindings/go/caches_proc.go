//go:build gc && !race && !mems_portable

package mems

import (
	"runtime"
	"sync/atomic"
	_ "unsafe" // for linkname
)

// A cache for each processor of Go's: whoever is pinned to one has its cache
// alone, without a lock. This needs two functions of the runtime that it keeps
// for such uses; the tag mems_portable does without.

//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()

type caches struct {
	list atomic.Pointer[[]*cache]
}

// pin keeps the goroutine on its processor, whose number it gives; unpin must
// follow, and nothing that may block come between. Both are so small that they
// cost no call of their own.
func (h *Heap) pin() int { return procPin() }

// cacheAt is the cache of a processor, or nil.
func (h *Heap) cacheAt(pid int) *cache {
	if list := *h.caches.list.Load(); pid < len(list) {
		return list[pid]
	}
	return nil
}

func (h *Heap) unpin() { procUnpin() }

// widen makes caches for processors that there were none of.
func (h *Heap) widen() {
	if runtime.GOMAXPROCS(0) <= len(*h.caches.list.Load()) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	old := *h.caches.list.Load()
	if h.closed.Load() || runtime.GOMAXPROCS(0) <= len(old) {
		return
	}
	list := newCaches(old)
	h.caches.list.Store(&list)
}

func newCaches(old []*cache) []*cache {
	list := append([]*cache(nil), old...)
	for len(list) < runtime.GOMAXPROCS(0) {
		list = append(list, new(cache))
	}
	return list
}

// retire gives the caches that were, which nobody uses any more.
func (h *Heap) retire() []*cache {
	h.mu.Lock()
	var list []*cache
	if !h.closed.Load() {
		list = newCaches(nil)
	}
	old := h.caches.list.Swap(&list)
	h.mu.Unlock()
	if old == nil {
		return nil
	}
	// To stop the world is to wait for all that are pinned.
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return *old
}

// eachCache calls f for each cache, of which it may read the counts atomically.
func (h *Heap) eachCache(f func(*cache)) {
	for _, c := range *h.caches.list.Load() {
		f(c)
	}
}

// setCount is a plain store, which those who only count may see late.
func setCount(count *uint32, n uint32) { *count = n }
