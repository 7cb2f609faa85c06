//go:build !gc || race || mems_portable

package mems

import (
	"sync"
	"sync/atomic"
)

// One cache with a lock for all. The race detector then sees who had a block
// first, and who then.

type caches struct {
	sync.Mutex
	cache cache
}

func (h *Heap) pin() int {
	h.caches.Lock()
	return 0
}

func (h *Heap) cacheAt(int) *cache { return &h.caches.cache }

func (h *Heap) unpin() { h.caches.Unlock() }

func (h *Heap) widen() {}

func (h *Heap) retire() []*cache {
	h.caches.Lock()
	defer h.caches.Unlock()
	old := h.caches.cache
	h.caches.cache = cache{}
	return []*cache{&old}
}

func (h *Heap) eachCache(f func(*cache)) {
	h.caches.Lock()
	defer h.caches.Unlock()
	f(&h.caches.cache)
}

func setCount(count *uint32, n uint32) { atomic.StoreUint32(count, n) }
