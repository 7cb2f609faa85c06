package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"runtime"
	"slices"
	"time"
	"unsafe"

	"github.com/VictoriaMetrics/fastcache"
	"github.com/allegro/bigcache/v3"
	"github.com/coocood/freecache"
	"github.com/dgraph-io/ristretto/v2/z"
)

// A record has 48 bytes, and many millions of them live.
type record struct{ words [6]uint64 }

const recordSize = int(unsafe.Sizeof(record{}))

func (r *record) bytes() []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(r)), recordSize)
}

// A cache keeps records by their keys, and gives copies of them.
type cache struct {
	set func(key uint64, r *record)
	get func(key uint64, r *record) bool
}

type cacheLane struct {
	name string
	open func(n int) (cache, error)
}

var caches = []cacheLane{
	{"nothing", func(int) (cache, error) {
		return cache{
			func(uint64, *record) {},
			func(key uint64, r *record) bool {
				r.words[0] = key
				return true
			},
		}, nil
	}},
	{"map[K]V", func(int) (cache, error) {
		m := make(map[uint64]record)
		return cache{
			func(key uint64, r *record) { m[key] = *r },
			func(key uint64, r *record) (ok bool) {
				*r, ok = m[key]
				return ok
			},
		}, nil
	}},
	{"map[K]*V", func(int) (cache, error) {
		m := make(map[uint64]*record)
		return cache{
			func(key uint64, r *record) {
				p := new(record)
				*p = *r
				m[key] = p
			},
			func(key uint64, r *record) bool {
				p, ok := m[key]
				if ok {
					*r = *p
				}
				return ok
			},
		}, nil
	}},
	// Ristretto's own memory: a tree in a mapped file has where in a buffer,
	// another one, the record lies.
	{"ristretto/z", func(n int) (cache, error) {
		tree := z.NewTree("bench")
		buffer, err := z.NewBufferTmp("", 64<<20)
		if err != nil {
			return cache{}, err
		}
		return cache{
			func(key uint64, r *record) {
				at := buffer.AllocateOffset(recordSize)
				copy(buffer.Data(at), r.bytes())
				tree.Set(key, uint64(at))
			},
			func(key uint64, r *record) bool {
				at := tree.Get(key)
				if at == 0 {
					return false
				}
				copy(r.bytes(), buffer.Data(int(at)))
				return true
			},
		}, nil
	}},
	{"fastcache", func(n int) (cache, error) {
		c := fastcache.New(max(n*160, 64<<20))
		return byBytes(c.Set, func(room, key []byte) []byte {
			return c.Get(room, key)
		}), nil
	}},
	{"freecache", func(n int) (cache, error) {
		c := freecache.NewCache(max(n*160, 64<<20))
		return byBytes(func(key, value []byte) { check(c.Set(key, value, 0)) },
			func(room, key []byte) []byte {
				value, _ := c.GetWithBuf(key, room[:recordSize])
				return value
			}), nil
	}},
	{"bigcache", func(n int) (cache, error) {
		config := bigcache.DefaultConfig(24 * time.Hour)
		config.CleanWindow = 0
		config.MaxEntriesInWindow = n
		config.MaxEntrySize = recordSize
		config.Verbose = false
		c, err := bigcache.New(context.Background(), config)
		if err != nil {
			return cache{}, err
		}
		return byBytes(
			func(key, value []byte) { check(c.Set(string(key), value)) },
			func(_, key []byte) []byte {
				value, _ := c.Get(string(key))
				return value
			}), nil
	}},
}

// byBytes is one of those that know bytes only.
func byBytes(set func(key, value []byte), get func(room, key []byte) []byte) cache {
	room := make([]byte, 0, recordSize)
	name := make([]byte, 8)
	return cache{
		func(key uint64, r *record) {
			binary.LittleEndian.PutUint64(name, key)
			set(name, r.bytes())
		},
		func(key uint64, r *record) bool {
			binary.LittleEndian.PutUint64(name, key)
			return copy(r.bytes(), get(room, name)) == recordSize
		},
	}
}

// keyOf is never 0, nor near the key of the one before.
func keyOf(i int) uint64 { return uint64(i+1) * 0x9e3779b97f4a7c15 >> 1 }

// cacheResult is what one process tells of one lane.
type cacheResult struct {
	Built, End       int64   // bytes of RSS
	Set, Get         float64 // ns of the processors for each
	GCWall, GCCPU    float64 // ms of a full collection, the least of some
	Requests         float64 // for each second
	P99, P999, Worst float64 // us
	CPU              float64 // us for each request
	Cycles           uint32
	Missing          int
}

// measureCache fills the cache, looks up, collects, and then has requests of
// which each makes some garbage and looks some records up.
func measureCache(l cacheLane, n, requests int) cacheResult {
	var result cacheResult
	c := must(l.open(n))
	cpu := cpuTime()
	for i := range n {
		r := record{[6]uint64{uint64(i)}}
		c.set(keyOf(i), &r)
	}
	result.Set = float64(cpuTime()-cpu) / float64(n)
	random := dice(4)
	look := func() {
		i := random.below(n)
		var r record
		if !c.get(keyOf(i), &r) {
			result.Missing++
		} else if r.words[0] != uint64(i) && l.name != "nothing" {
			check(fmt.Errorf("%s gave another record", l.name))
		}
		sinkWord += r.words[0]
	}
	runtime.GC()
	result.Built = residentBytes()

	var gets, walls, cpus []float64
	for range 9 {
		cpu := cpuTime()
		for range 200_000 {
			look()
		}
		gets = append(gets, float64(cpuTime()-cpu)/200_000)
	}
	for begun := time.Now(); len(cpus) < 7 || time.Since(begun) < time.Second; {
		cpu := cpuTime()
		start := time.Now()
		runtime.GC()
		walls = append(walls, time.Since(start).Seconds()*1e3)
		cpus = append(cpus, (cpuTime()-cpu).Seconds()*1e3)
	}
	result.Get = median(gets)
	// The least: whatever else the machine does only adds to it.
	result.GCWall, result.GCCPU = slices.Min(walls), slices.Min(cpus)

	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	times := make([]uint32, 0, requests)
	cpu = cpuTime()
	start := time.Now()
	for now := start; len(times) < requests; {
		for i := range 20 {
			sinkBytes = make([]byte, 512)
			sinkBytes[i] = 1
			look()
		}
		done := time.Now()
		times = append(times, uint32(done.Sub(now)))
		now = done
	}
	count := float64(len(times))
	result.Requests = count / time.Since(start).Seconds()
	result.CPU = (cpuTime() - cpu).Seconds() * 1e6 / count
	runtime.ReadMemStats(&after)
	result.Cycles = after.NumGC - before.NumGC
	result.End = residentBytes()
	slices.Sort(times)
	at := func(part float64) float64 {
		return float64(times[int(part*(count-1))]) / 1e3
	}
	result.P99, result.P999, result.Worst = at(0.99), at(0.999), at(1)
	runtime.KeepAlive(c)
	return result
}
