package mems

import (
	"math/rand/v2"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
)

// A sample is put into the profile "mems" for about so many bytes allocated.
// They are counted where a cache is filled, so that what it has at hand costs
// nothing; the first block of a batch stands for all of it, and the sample goes
// when this block is freed. Profiles of one's own can only count: each sample
// stands for about the rate's bytes, and a larger block is one sample, too.

type watch struct {
	rate int64        // bytes; 0: there is no profile
	left atomic.Int64 // until the next sample

	mu      sync.Mutex
	sampled map[uint32]*sample // by units
}

// A sample is what the profile has of a block; its address is what counts, so it
// must not be empty.
type sample struct{ unit uint32 }

var profile = sync.OnceValue(func() *pprof.Profile {
	if p := pprof.Lookup("mems"); p != nil {
		return p
	}
	return pprof.NewProfile("mems")
})

func (w *watch) open(rate int) {
	if w.rate = int64(rate); w.rate > 0 {
		w.left.Store(w.next())
	}
}

// next is how far the next sample is, by chance: at even distances those who
// allocate in turn would not all be seen.
func (w *watch) next() int64 {
	return int64(rand.ExpFloat64() * float64(w.rate))
}

func (w *watch) sample(h *Heap, unit, class uint32, batch int) bool {
	return w.sampleLarge(h, unit, uintptr(classSizes[class])*uintptr(batch))
}

func (w *watch) sampleLarge(_ *Heap, unit uint32, size uintptr) bool {
	if w.left.Add(-int64(size)) > 0 {
		return false
	}
	w.left.Store(w.next())
	s := &sample{unit}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sampled == nil {
		w.sampled = make(map[uint32]*sample)
	}
	w.sampled[unit] = s
	profile().Add(s, ownFrames())
	return true
}

// ownFrames is what Add is to skip so that the stack begins with who called this
// package.
func ownFrames() int {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for n := 1; ; n++ { // Add counts itself
		frame, more := frames.Next()
		if !strings.HasPrefix(frame.Function, ownPackage) {
			return n
		}
		if !more {
			return 0
		}
	}
}

func (w *watch) forget(unit uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.sampled[unit]; s != nil {
		profile().Remove(s)
		delete(w.sampled, unit)
	}
}

func (w *watch) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sampled {
		profile().Remove(s)
	}
	w.sampled = nil
}
