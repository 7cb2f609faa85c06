package mems_test

import (
	"encoding/json"
	"expvar"
	"math/rand"
	"runtime"
	"strings"
	"sync"
	"testing"

	mems "github.com/libmems/libmems/bindings/go"
)

func TestStatsAreExact(t *testing.T) {
	h := open(t)
	l := mems.Must(h.NewLocal())
	random := rand.New(rand.NewSource(1))
	live := make(map[*byte][]byte)
	check := func(s mems.Stats) {
		t.Helper()
		bytes, classes := 0, int64(0)
		for _, block := range live {
			bytes += h.UsableSize(block)
		}
		is(t, "blocks", s.Blocks, int64(len(live)))
		is(t, "bytes", s.BlockBytes, int64(bytes))
		for _, class := range s.Classes {
			classes += class.Blocks
		}
		if classes > s.Blocks {
			t.Errorf("%d of %d blocks have a class", classes, s.Blocks)
		}
	}
	for range 2000 {
		var block []byte
		switch random.Intn(6) {
		case 0:
			block = mems.Must(h.AllocAligned(1+random.Intn(300), 64))
		case 1:
			block = mems.Must(h.Alloc(30000 + random.Intn(10000)))
		case 2:
			block = mems.Must(l.Alloc(1 + random.Intn(100)))
		case 3:
			block = mems.Must(h.Alloc(1 + random.Intn(3000)))
		default:
			for key, old := range live {
				wants(t, "free", h.Free(old), nil)
				delete(live, key)
				break
			}
			continue
		}
		live[&block[0]] = block
	}
	check(h.Stats())
	s := h.Stats()
	if s.AtHand == 0 || s.Slabs == 0 || s.SlabBytes == 0 || s.Space.Nodes == 0 ||
		s.Space.Mapped < s.BlockBytes || s.Space.Used < s.BlockBytes ||
		s.Space.Unused != s.Space.Mapped-s.Space.Used ||
		s.Space.LargestHole > s.Space.Unused || s.Space.Metadata == 0 {
		t.Errorf("counts that cannot be: %+v", s)
	}
	wants(t, "close", l.Close(), nil)
	h.Trim()
	check(h.Stats())
	is(t, "at hand", h.Stats().AtHand, 0)

	seen := 0
	for addr, block := range h.Blocks() {
		want, ok := live[&block[0]]
		if !ok || len(block) != h.UsableSize(want) ||
			h.Space().AddrOf(pointer(block)) != addr {
			t.Errorf("a block of %d bytes at %d", len(block), addr)
		}
		seen++
	}
	is(t, "blocks seen", seen, len(live))
	for _, block := range h.Blocks() {
		wants(t, "free", h.Free(block), nil)
	}
	live = nil
	check(h.Stats())
	wants(t, "close", h.Close(), nil)
	is(t, "name", h.Stats().Name, t.Name())
	is(t, "closed", h.Stats().Space.Mapped, 0)
	for range h.Blocks() {
		t.Error("a block of a closed heap")
	}
}

func TestStatsTellOfArenas(t *testing.T) {
	h := open(t)
	a := mems.Must(h.NewArena())
	_ = mems.Must(a.Bytes(100 << 10))
	is(t, "held", h.Stats().ArenaBytes, a.Held())
	is(t, "blocks", h.Stats().Blocks, 0)
	wants(t, "close", a.Close(), nil)
	is(t, "held", h.Stats().ArenaBytes, 0)
	a = mems.Must(h.NewArena())
	_ = mems.Must(a.Bytes(1))
	held := a.Held()
	wants(t, "close", a.Close(), nil)
	is(t, "idle", h.Stats().IdleBytes, held)
	h.Trim()
	is(t, "idle", h.Stats().IdleBytes, 0)
}

func TestStatsOfASpace(t *testing.T) {
	s := mems.Must(mems.NewSpace(mems.Name("counted"),
		mems.Limit(2<<20), mems.SoftLimit(1<<20, func(int64) {})))
	before := s.Stats()
	addr := mems.Must(s.Alloc(1000))
	after := s.Stats()
	is(t, "name", after.Name, "counted")
	is(t, "used", after.Used-before.Used, 1008)
	is(t, "blocks", after.Blocks-before.Blocks, 1)
	is(t, "allocations", after.Allocations-before.Allocations, 1)
	is(t, "granule", after.Granule, 16)
	is(t, "first fit", after.FirstFit, false)
	is(t, "hard", after.HardLimit, 2<<20)
	is(t, "soft", after.SoftLimit, 1<<20)
	wants(t, "free", s.Free(addr), nil)
	is(t, "frees", s.Stats().Frees-before.Frees, 1)
	is(t, "peak", s.Stats().UsedPeak, after.Used)
	wants(t, "close", s.Close(), nil)
	is(t, "closed", s.Stats(), mems.SpaceStats{Name: "counted"})
}

func TestBlocksWhileOthersAllocate(t *testing.T) {
	h := open(t)
	for range 1000 {
		_ = mems.Must(h.Alloc(64))
	}
	var wait sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			l := mems.Must(h.NewLocal())
			defer l.Close()
			for {
				select {
				case <-stop:
					return
				default:
				}
				b := mems.Must(h.Alloc(48))
				c := mems.Must(l.Alloc(100))
				wants(t, "free", h.Free(b), nil)
				wants(t, "free", l.Free(c), nil)
				runtime.Gosched()
			}
		}()
	}
	for range 50 {
		seen := int64(0)
		for range h.Blocks() {
			seen++
		}
		if s := h.Stats().Blocks; seen < 1000 || s < 1000 || s > 1004 {
			t.Errorf("%d and %d blocks", seen, s)
		}
	}
	close(stop)
	wait.Wait()
	for range h.Blocks() {
		break // as loops may
	}
}

func TestCollect(t *testing.T) {
	h := open(t)
	_ = mems.Must(h.Alloc(64))
	counts := make(map[string]float64)
	h.Collect(func(name string, value float64) {
		if _, twice := counts[name]; twice {
			t.Error(name, "comes twice")
		}
		if !strings.HasPrefix(name, "/mems/") || strings.Count(name, ":") != 1 {
			t.Error(name, "is no name of a metric")
		}
		counts[name] = value
	})
	is(t, "live", counts["/mems/blocks/live:blocks"], 1)
	is(t, "live", counts["/mems/blocks/live:bytes"], 64)
}

func TestPublish(t *testing.T) {
	h := open(t)
	name := "mems." + t.Name()
	wants(t, "publish", h.Publish(), nil)
	wants(t, "twice", h.Publish(), mems.ErrExists)
	_ = mems.Must(h.Alloc(64))
	var s mems.Stats
	wants(t, "json", json.Unmarshal([]byte(expvar.Get(name).String()), &s), nil)
	is(t, "blocks", s.Blocks, 1)
	wants(t, "close", h.Close(), nil)
	wants(t, "closed", h.Publish(), mems.ErrClosed)
	is(t, "closed", expvar.Get(name).String(), "null")

	next := open(t)
	wants(t, "the next", next.Publish(), nil)
	if expvar.Get(name).String() == "null" {
		t.Error("the next heap of that name is not told of")
	}

	other := open(t, mems.Name("other"))
	if expvar.Get("mems.other") == nil { // with -count it is there
		expvar.NewInt("mems.other")
	}
	wants(t, "of another", other.Publish(), mems.ErrExists)
	nameless := open(t, mems.Name(""))
	wants(t, "nameless", nameless.Publish(), mems.ErrOption)
}
