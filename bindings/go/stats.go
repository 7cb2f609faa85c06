package mems

import (
	"iter"
	"sync/atomic"
	"unsafe"
)

// SpaceStats are the counts of a space, by bytes where nothing else is said.
type SpaceStats struct {
	Name        string
	Maximum     int64 // what it can grow to
	Wanted      int64 // the maximum that was asked for
	Mapped      int64 // in nodes
	Used        int64 // in blocks, with what their sizes were rounded up by
	UsedPeak    int64 // the most that Used ever was
	Unused      int64 // in holes
	LargestHole int64
	Pages       int64 // of 4096 bytes, in nodes
	Nodes       int64 // of the main chain
	Blocks      int64 // that live; those of a heap lie in a few large ones
	Holes       int64
	Allocations int64 // since the space began, counted
	Frees       int64 // the same
	Metadata    int64 // of its own state
	Returned    int64 // of pages that went back to the system
	Growth      int64 // the least size of a new node
	SoftLimit   int64 // 0: none
	HardLimit   int64 // 0: none
	Granule     int64 // sizes are rounded up to its multiples
	FirstFit    bool  // the policy: first fit, or good fit
}

// Stats are the space's counts; of a closed one only the name.
func (s *Space) Stats() SpaceStats {
	if s.closed.Load() {
		return SpaceStats{Name: s.name}
	}
	return s.statsOf(s.core.stats())
}

func (s *Space) statsOf(c coreStats) SpaceStats {
	return SpaceStats{
		Name: s.name, Maximum: c.maximum, Wanted: c.wanted,
		Mapped: c.mapped, Used: c.used, UsedPeak: c.peak,
		Unused: c.mapped - c.used, LargestHole: c.largestHole,
		Pages: c.mapped / pageSize, Nodes: c.nodes, Blocks: c.blocks,
		Holes: c.holes, Allocations: c.allocations, Frees: c.frees,
		Metadata: c.metadata, Returned: c.returned, Growth: c.growth,
		SoftLimit: c.soft, HardLimit: c.hard, Granule: c.granule,
		FirstFit: c.firstFit,
	}
}

// pageSize is what pages are counted in, on every system.
const pageSize = 4096

// Stats are the counts of a heap. Those of blocks are exact when nobody else
// uses the heap meanwhile.
type Stats struct {
	Name        string
	Blocks      int64   // that live
	BlockBytes  int64   // of these, with what their sizes were rounded up by
	AtHand      int64   // blocks that wait in caches for the next allocation
	AtHandBytes int64   // of these
	Slabs       int64   // which small blocks are cut from
	SlabBytes   int64   // of slabs, and of blocks too large for one
	ArenaBytes  int64   // that arenas have, used or not
	IdleBytes   int64   // of chunks that wait for the next arena
	Classes     []Class // sizes of which blocks live, the smallest first
	Space       SpaceStats
}

// A Class is a size that blocks up to 32 KiB are rounded up to.
type Class struct {
	Size   int
	Blocks int64 // that live
}

// Stats counts the heap's blocks; of a closed one it tells only the name. It
// looks at one byte for each 16 of the space: no allocation counts anything.
func (h *Heap) Stats() Stats {
	s := Stats{Name: h.space.name}
	if h.closed.Load() {
		return s
	}
	var classes [classCount]int64
	core := h.space.core.stats()
	h.eachBlock(core.mapped, func(_, size uintptr) bool {
		s.Blocks++
		s.BlockBytes += int64(size)
		if size <= cachedMost {
			classes[classOf(size)]++
		}
		return true
	})
	for class, blocks := range classes {
		if blocks > 0 {
			s.Classes = append(s.Classes,
				Class{int(classSizes[class]), blocks})
		}
	}
	h.eachCache(s.addAtHand)
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.locals {
		s.addAtHand(&l.cache)
	}
	s.ArenaBytes = h.chunks.held.Load()
	for i, list := range h.chunks.idle {
		s.IdleBytes += int64(len(list)) * firstChunk << i
	}
	s.Slabs, s.SlabBytes = core.slabs, core.held
	s.Space = h.space.statsOf(core)
	return s
}

func (s *Stats) addAtHand(c *cache) {
	for class := range c.stacks {
		count := int64(atomic.LoadUint32(&c.stacks[class].count))
		s.AtHand += count
		s.AtHandBytes += count * int64(classSizes[class])
	}
}

// Collect calls f for each count of the heap, by names as runtime/metrics has
// them: where, what, a colon and the unit.
func (h *Heap) Collect(f func(name string, value float64)) {
	s := h.Stats()
	for _, count := range []struct {
		name  string
		value int64
	}{
		{"/mems/blocks/live:blocks", s.Blocks},
		{"/mems/blocks/live:bytes", s.BlockBytes},
		{"/mems/caches/free:blocks", s.AtHand},
		{"/mems/caches/free:bytes", s.AtHandBytes},
		{"/mems/slabs/held:slabs", s.Slabs},
		{"/mems/slabs/held:bytes", s.SlabBytes},
		{"/mems/arenas/held:bytes", s.ArenaBytes},
		{"/mems/arenas/idle:bytes", s.IdleBytes},
		{"/mems/space/maximum:bytes", s.Space.Maximum},
		{"/mems/space/mapped:bytes", s.Space.Mapped},
		{"/mems/space/used:bytes", s.Space.Used},
		{"/mems/space/used-peak:bytes", s.Space.UsedPeak},
		{"/mems/space/unused:bytes", s.Space.Unused},
		{"/mems/space/largest-hole:bytes", s.Space.LargestHole},
		{"/mems/space/nodes:nodes", s.Space.Nodes},
		{"/mems/space/blocks:blocks", s.Space.Blocks},
		{"/mems/space/holes:holes", s.Space.Holes},
		{"/mems/space/metadata:bytes", s.Space.Metadata},
		{"/mems/space/returned:bytes", s.Space.Returned},
		{"/mems/space/soft-limit:bytes", s.Space.SoftLimit},
		{"/mems/space/hard-limit:bytes", s.Space.HardLimit},
	} {
		f(count.name, float64(count.value))
	}
}

// Blocks are the heap's live blocks in the order of addresses, each with all
// the bytes that it has, which may be some more than were asked for. The loop
// may use the heap, and free the block it is at; blocks that are had or freed
// meanwhile are met or not, and the bytes of those that others free are not to
// be looked at.
func (h *Heap) Blocks() iter.Seq2[Addr, []byte] {
	return func(yield func(Addr, []byte) bool) {
		if h.closed.Load() {
			return
		}
		h.eachBlock(h.space.core.stats().mapped,
			func(unit, size uintptr) bool {
				block := unsafe.Slice((*byte)(h.pointer(uint32(unit))), size)
				return yield(Addr(unit)*unitSize+FirstAddr, block)
			})
	}
}

// eachBlock calls f with the unit and the size of each live block in the first
// mapped bytes of the space, until it gives false or the heap ends.
func (h *Heap) eachBlock(mapped int64, f func(unit, size uintptr) bool) {
	end := min(uintptr(mapped)/unitSize, h.units)
	for unit := uintptr(0); !h.closed.Load(); unit++ {
		var state uint8
		unit, state = h.nextLive(unit, end)
		if unit == end {
			return
		}
		// 0: it was freed just now.
		if size := h.sizeAs(unit, state); size > 0 && !f(unit, size) {
			return
		}
	}
}

// nextLive finds the first live block from a unit on, and its state. Others
// write the states meanwhile, each a byte by a single store, for the bytes of
// blocks that are theirs: what is read is what was or what is, so the race
// detector need not hear of it.
//
//go:norace
func (h *Heap) nextLive(unit, end uintptr) (uintptr, uint8) {
	const dead = stateFree * 0x0101010101010101 // and stateNone is 0
	for unit < end {
		if unit%8 == 0 &&
			*(*uint64)(unsafe.Add(h.states, unit))&^dead == 0 {
			unit += 8
			continue
		}
		state := *(*uint8)(unsafe.Add(h.states, unit))
		if state > stateFree {
			return unit, state
		}
		unit++
	}
	return end, stateNone
}
