package mems_test

import (
	"bytes"
	"math"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"testing"

	mems "github.com/libmems/libmems/bindings/go"
)

// samples is how many there are, and what the profile tells of them.
func samples(t *testing.T) (int, string) {
	t.Helper()
	p := pprof.Lookup("mems")
	if p == nil {
		return 0, ""
	}
	var out bytes.Buffer
	wants(t, "profile", p.WriteTo(&out, 1), nil)
	return p.Count(), out.String()
}

//go:noinline
func allocateForTheProfile(h *mems.Heap, size int) []byte {
	return mems.Must(h.Alloc(size))
}

//go:noinline
func alignForTheProfile(h *mems.Heap, size int) []byte {
	return mems.Must(h.AllocAligned(size, 4096))
}

//go:noinline
func poolForTheProfile(p *mems.Pool[[100]byte]) *[100]byte {
	return mems.Must(p.New())
}

func TestNoProfileIsTheDefault(t *testing.T) {
	h := open(t)
	before, _ := samples(t)
	for range 1000 {
		_ = mems.Must(h.Alloc(10000))
	}
	after, _ := samples(t)
	is(t, "samples", after, before)
	_, err := mems.Open(mems.Profile(-1))
	wants(t, "a negative rate", err, mems.ErrOption)
}

func TestProfileTellsWhoAllocated(t *testing.T) {
	before, _ := samples(t)
	h := open(t, mems.Profile(1))
	l := mems.Must(h.NewLocal())
	// Large ones are one sample each; small ones one for each batch.
	large := allocateForTheProfile(h, 100000)
	aligned := alignForTheProfile(h, 100000)
	small := poolForTheProfile(mems.Must(mems.NewPool[[100]byte](h)))
	local := poolForTheProfile(mems.Must(mems.NewPool[[100]byte](l)))
	count, text := samples(t)
	is(t, "samples", count, before+4)
	for _, name := range []string{"allocateForTheProfile", "alignForTheProfile",
		"poolForTheProfile"} {
		if !strings.Contains(text, name) {
			t.Errorf("%s is not in\n%s", name, text)
		}
	}
	// A stack begins with who called, not with what serves him.
	for _, line := range strings.Split(text, "\n") {
		if strings.Contains(line, "bindings/go.") {
			t.Errorf("a frame that tells nothing: %s", line)
		}
	}
	is(t, "blocks", h.Stats().Blocks, 4)
	is(t, "size", h.UsableSize(large) >= 100000, true)
	is(t, "size", h.UsableSize(aligned) >= 100000, true)
	wants(t, "free", h.Free(large), nil)
	wants(t, "free", h.Free(large), mems.ErrDoubleFree)
	wants(t, "free", h.Free(aligned), nil)
	wants(t, "free", h.Free(small[:]), nil)
	count, text = samples(t)
	is(t, "samples after free", count, before+1)
	if strings.Contains(text, "allocateForTheProfile") {
		t.Errorf("what was freed is in\n%s", text)
	}
	is(t, "blocks", h.Stats().Blocks, 1)
	_ = local
	wants(t, "close", h.Close(), nil)
	count, _ = samples(t)
	is(t, "samples after close", count, before)
}

func TestProfileRate(t *testing.T) {
	const rate, size, blocks = 64 << 10, 40 << 10, 1000
	before, _ := samples(t)
	h := open(t, mems.Profile(rate))
	for range blocks {
		_ = mems.Must(h.Alloc(size))
	}
	count, _ := samples(t)
	got := float64(count - before)
	// A sample more than one stands for in a block is lost: between two
	// samples there is a block at least.
	want := float64(blocks) * (1 - math.Exp(-float64(size)/rate))
	if got < want*0.8 || got > want*1.2 {
		t.Errorf("%v samples, not about %v", got, want)
	}
}

func TestBalanceMemoryLimit(t *testing.T) {
	old := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(old)
	const total = 8 << 30
	wants(t, "negative", mems.BalanceMemoryLimit(-1), mems.ErrOption)
	is(t, "as it was", debug.SetMemoryLimit(-1), old)
	wants(t, "balance", mems.BalanceMemoryLimit(total), nil)
	defer mems.BalanceMemoryLimit(0)
	atFirst := debug.SetMemoryLimit(-1)
	if atFirst > total {
		t.Errorf("%d of %d bytes are left", atFirst, int64(total))
	}
	h := open(t)
	block := mems.Must(h.Alloc(32 << 20))
	is(t, "less", atFirst-debug.SetMemoryLimit(-1) >= 32<<20, true)
	is(t, "not much less", atFirst-debug.SetMemoryLimit(-1) < 34<<20, true)
	wants(t, "free", h.Free(block), nil)
	is(t, "as before", atFirst-debug.SetMemoryLimit(-1) < 2<<20, true)
	_ = mems.Must(h.Alloc(1 << 20))
	wants(t, "close", h.Close(), nil)
	is(t, "closed", debug.SetMemoryLimit(-1), atFirst)

	// The collector is left an eighth.
	wants(t, "balance", mems.BalanceMemoryLimit(8<<20), nil)
	h = open(t)
	_ = mems.Must(h.Alloc(20 << 20))
	is(t, "the least", debug.SetMemoryLimit(-1), 1<<20)
	wants(t, "close", h.Close(), nil)
	wants(t, "end", mems.BalanceMemoryLimit(0), nil)
	limit := debug.SetMemoryLimit(-1)
	h = open(t)
	_ = mems.Must(h.Alloc(20 << 20))
	is(t, "where it was", debug.SetMemoryLimit(-1), limit)
	runtime.KeepAlive(h)
}
