package mems

import (
	"expvar"
	"sync"
	"weak"
)

// What expvar knows a name by is there for good; the heap behind it may be
// another after one ends. A published heap is held by nobody, so that one that
// is forgotten is still told of.
var published struct {
	sync.Mutex
	heaps map[string]weak.Pointer[Heap]
}

// Publish has expvar, and with it /debug/vars, tell the heap's Stats as
// mems.NAME; they are null when it is closed, and another heap of that name may
// follow it. It fails with ErrOption if the heap has no name, and with ErrExists
// if an open heap, or something that is none, is published by it.
func (h *Heap) Publish() error {
	name := h.space.name
	if name == "" {
		return ErrOption
	}
	published.Lock()
	defer published.Unlock()
	if h.closed.Load() {
		return ErrClosed
	}
	before, ours := published.heaps[name]
	if other := before.Value(); other != nil && !other.closed.Load() {
		return ErrExists
	}
	if !ours {
		if expvar.Get("mems."+name) != nil {
			return ErrExists
		}
		expvar.Publish("mems."+name, expvar.Func(func() any {
			return publishedStats(name)
		}))
	}
	if published.heaps == nil {
		published.heaps = make(map[string]weak.Pointer[Heap])
	}
	published.heaps[name] = weak.Make(h)
	return nil
}

func publishedStats(name string) any {
	published.Lock()
	h := published.heaps[name].Value()
	published.Unlock()
	if h == nil || h.closed.Load() {
		return nil
	}
	return h.Stats()
}
