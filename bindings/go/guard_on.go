//go:build mems_debug

package mems

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"
)

// With the tag mems_debug a freed block is filled and kept back for a while: a
// write to it is found when its turn comes, and until then its bytes tell what
// they are. What still lives when a heap is closed is told of, with the stacks
// that allocated it.

const guarded = true

const (
	freedByte   = 0xdb
	keptMost    = 4096
	keptBytes   = 16 << 20
	reportMost  = 20
	framesMost  = 16
	reportStart = "mems: "
)

type keptBlock struct {
	p    unsafe.Pointer
	size uintptr
	was  uint8
}

type guard struct {
	sync.Mutex
	stacks map[unsafe.Pointer][framesMost]uintptr
	kept   []keptBlock
	bytes  uintptr
}

func (g *guard) note(_ *Heap, p unsafe.Pointer) {
	var frames [framesMost]uintptr
	runtime.Callers(3, frames[:])
	g.Lock()
	defer g.Unlock()
	if g.stacks == nil {
		g.stacks = make(map[unsafe.Pointer][framesMost]uintptr)
	}
	g.stacks[p] = frames
}

func (g *guard) forget(_ *Heap, p unsafe.Pointer) {
	g.Lock()
	defer g.Unlock()
	delete(g.stacks, p)
}

// keep fills the block and has it wait; those that waited longest go on.
func (g *guard) keep(h *Heap, p unsafe.Pointer, size uintptr, was uint8) bool {
	fill(unsafe.Slice((*byte)(p), size))
	poison(p, size)
	g.Lock()
	g.kept = append(g.kept, keptBlock{p, size, was})
	g.bytes += size
	var gone []keptBlock
	for len(g.kept) > keptMost || g.bytes > keptBytes {
		gone = append(gone, g.kept[0])
		g.bytes -= g.kept[0].size
		g.kept = g.kept[1:]
	}
	g.Unlock()
	g.let(h, gone)
	return true
}

// let has blocks go that waited.
func (g *guard) let(h *Heap, gone []keptBlock) {
	for _, block := range gone {
		g.check(h, block)
		_ = h.giveOne(uint32(h.unitOf(block.p)), block.size, block.was)
	}
}

// drop has all of them go.
func (g *guard) drop(h *Heap) {
	g.Lock()
	gone := g.kept
	g.kept, g.bytes = nil, 0
	g.Unlock()
	g.let(h, gone)
}

func (g *guard) check(h *Heap, block keptBlock) {
	unpoison(block.p, block.size)
	for i, b := range unsafe.Slice((*byte)(block.p), block.size) {
		if b != freedByte {
			panic(fmt.Sprintf("%sbyte %d of a block of %d bytes in %q "+
				"was written to after it was freed", reportStart, i,
				block.size, h.space.name))
		}
	}
}

func fill(bytes []byte) {
	for i := range bytes {
		bytes[i] = freedByte
	}
}

// report tells of what still lives.
func (g *guard) report(h *Heap) {
	g.Lock()
	for _, block := range g.kept {
		g.check(h, block)
	}
	count := len(g.stacks)
	g.Unlock()
	if count == 0 {
		return
	}
	text := fmt.Sprintf("%s%q was closed with %d blocks that live\n%s",
		reportStart, h.space.name, count, g.origins())
	if Leaks != nil {
		Leaks(text)
		return
	}
	fmt.Fprint(os.Stderr, text)
}

// origins are the stacks that allocated what still lives, each once, those of
// most blocks first.
func (g *guard) origins() string {
	g.Lock()
	counts := make(map[[framesMost]uintptr]int)
	for _, frames := range g.stacks {
		counts[frames]++
	}
	g.Unlock()
	stacks := slices.SortedFunc(maps.Keys(counts),
		func(a, b [framesMost]uintptr) int {
			return cmp.Or(counts[b]-counts[a], slices.Compare(a[:], b[:]))
		})
	var text strings.Builder
	for i, frames := range stacks {
		if i == reportMost {
			fmt.Fprintf(&text, "  and %d more places\n", len(stacks)-i)
			break
		}
		fmt.Fprintf(&text, "  %d allocated at\n", counts[frames])
		list := runtime.CallersFrames(frames[:])
		for more, within := true, true; more; {
			var frame runtime.Frame
			frame, more = list.Next()
			// It begins with who called this package.
			within = within && strings.HasPrefix(frame.Function, ownPackage)
			if frame.PC != 0 && !within {
				fmt.Fprintf(&text, "    %s\n      %s:%d\n",
					frame.Function, frame.File, frame.Line)
			}
		}
	}
	return text.String()
}
