package mems

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
)

type object struct{ id, a, b, c, d, e uint64 }

func newMap[K comparable, V any](t testing.TB, list ...Option) *Map[K, V] {
	t.Helper()
	h, err := Open(list...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	m, err := NewMap[K, V](h)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func verify(t testing.TB, what interface{ Verify() error }) {
	t.Helper()
	if err := what.Verify(); err != nil {
		t.Fatal(err)
	}
}

func TestMapIsAMap(t *testing.T) {
	m := newMap[uint64, object](t)
	if _, ok := m.Get(1); ok || m.Ptr(1) != nil || m.Delete(1) || m.Len() != 0 {
		t.Fatal("an empty map has something")
	}
	for range m.All() {
		t.Fatal("an empty map gives something")
	}
	for i := range uint64(5000) {
		if err := m.Set(i, object{id: i}); err != nil {
			t.Fatal(err)
		}
	}
	first := m.Ptr(0)
	first.a = 7
	for i := range uint64(5000) {
		if v, ok := m.Get(i); !ok || v.id != i {
			t.Fatal(i, v, ok)
		}
		if err := m.Set(i, object{id: i, a: 7}); err != nil {
			t.Fatal(err)
		}
	}
	if m.Len() != 5000 || m.Ptr(0) != first || first.a != 7 {
		t.Fatal("a value moved, or was counted twice")
	}
	verify(t, m)
	m.Clear()
	verify(t, m)
	if m.Len() != 0 || m.Ptr(3) != nil || m.Set(3, object{}) != nil {
		t.Fatal("a cleared map is no empty one")
	}
	if m.Close() != nil || !errors.Is(m.Close(), ErrClosed) ||
		!errors.Is(m.Set(1, object{}), ErrClosed) || m.Ptr(3) != nil ||
		!errors.Is(m.Verify(), ErrClosed) || m.Delete(3) {
		t.Fatal("a closed map does something")
	}
	m.Clear()
}

func TestMapEndsWithItsHeap(t *testing.T) {
	h, _ := Open()
	m, _ := NewMap[int32, int32](h)
	if m.Set(1, 2) != nil || h.Close() != nil {
		t.Fatal()
	}
	if v, ok := m.Get(1); ok || v != 0 || m.Len() != 0 {
		t.Fatal("it has a value")
	}
	for range m.All() {
		t.Fatal("it gives a value")
	}
	if !errors.Is(m.Set(1, 2), ErrClosed) || !errors.Is(m.Close(), ErrClosed) {
		t.Fatal("it takes a value")
	}
	if _, err := NewMap[int, int](h); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
	if _, err := NewMap[int, int](nil); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
}

func TestMapRefusesPointers(t *testing.T) {
	h, _ := Open()
	defer h.Close()
	type named struct {
		n    int
		name string
	}
	_, err := NewMap[string, int](h)
	if !errors.Is(err, ErrPointers) {
		t.Error(err)
	}
	_, err = NewMap[int, [2]named](h)
	if !errors.Is(err, ErrPointers) || !strings.Contains(err.Error(), "[].name") {
		t.Error(err)
	}
}

// modelMap does the same with a map and one of Go's, and compares.
func modelMap[K comparable](t testing.TB, r *rand.Rand, steps, keys int, keyOf func(uint64) K) {
	m := newMap[K, object](t)
	model := make(map[K]object)
	for i := range steps {
		key := keyOf(uint64(r.IntN(keys)))
		switch op := r.IntN(100); {
		case op < 45+10*(i/(keys*4)%2): // grows for a while, then shrinks
			v := object{id: r.Uint64()}
			if err := m.Set(key, v); err != nil {
				t.Fatal(err)
			}
			model[key] = v
		case op < 90:
			_, had := model[key]
			delete(model, key)
			if m.Delete(key) != had {
				t.Fatalf("step %d: delete of %v: it was there: %v", i, key, had)
			}
		case op == 99 && r.IntN(steps/4+1) == 0:
			m.Clear()
			clear(model)
		default:
			want, had := model[key]
			if v, ok := m.Get(key); ok != had || v != want {
				t.Fatalf("step %d: %v has %v, not %v", i, key, v, want)
			}
		}
		if m.Len() != len(model) {
			t.Fatalf("step %d: %d keys, not %d", i, m.Len(), len(model))
		}
	}
	verify(t, m)
	for key, v := range m.All() {
		if want, ok := model[key]; !ok || v != want {
			t.Fatalf("%v has %v, not %v", key, v, want)
		}
		delete(model, key)
	}
	if len(model) != 0 {
		t.Fatalf("%d keys are missing", len(model))
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestMapAgainstModel(t *testing.T) {
	n := testScaled(200_000)
	t.Run("uint64", func(t *testing.T) {
		modelMap(t, testRandom(t, 1), n, 20_000, func(n uint64) uint64 { return n << 40 })
	})
	t.Run("int8", func(t *testing.T) {
		modelMap(t, testRandom(t, 2), n/10, 256, func(n uint64) int8 { return int8(n) })
	})
	t.Run("uint32", func(t *testing.T) {
		modelMap(t, testRandom(t, 3), n, 5000, func(n uint64) uint32 { return uint32(n) })
	})
	t.Run("[32]byte", func(t *testing.T) {
		modelMap(t, testRandom(t, 4), n, 5000, func(n uint64) (k [32]byte) {
			binary.BigEndian.PutUint64(k[24:], n)
			return k
		})
	})
	t.Run("float64", func(t *testing.T) {
		modelMap(t, testRandom(t, 5), n, 5000, func(n uint64) float64 { return float64(n) / 3 })
	})
	type padded struct {
		a uint8
		b uint64
		_ uint8
	}
	t.Run("padded", func(t *testing.T) {
		modelMap(t, testRandom(t, 6), n, 5000, func(n uint64) padded { return padded{a: uint8(n), b: n / 2} })
	})
	t.Run("[11]byte", func(t *testing.T) {
		modelMap(t, testRandom(t, 7), n, 5000, func(n uint64) (k [11]byte) {
			k[0], k[9], k[10] = 1, uint8(n>>8), uint8(n)
			return k
		})
	})
}

func TestMapZeroAndNaN(t *testing.T) {
	m := newMap[float64, int](t)
	negative := math.Copysign(0, -1)
	if m.Set(0, 1) != nil || m.Set(negative, 2) != nil || m.Len() != 1 {
		t.Fatal("zeros are not the same")
	}
	for i := range 3000 {
		if m.Set(math.NaN(), i) != nil {
			t.Fatal()
		}
	}
	if _, ok := m.Get(math.NaN()); ok || m.Delete(math.NaN()) || m.Len() != 3001 {
		t.Fatal("a NaN was found")
	}
	verify(t, m)
	sum := 0
	for key, v := range m.All() {
		if key != key {
			sum += v
		}
	}
	if sum != 2999*3000/2 {
		t.Fatal("All does not give every NaN once")
	}
	m.Clear()
	if m.Len() != 0 {
		t.Fatal("Clear leaves a NaN")
	}
}

func TestMapOfNothingAndOfMuch(t *testing.T) {
	set := newMap[uint16, struct{}](t)
	for i := range uint16(3000) {
		if set.Set(i, struct{}{}) != nil {
			t.Fatal()
		}
	}
	for i := range uint16(1500) {
		if !set.Delete(i * 2) {
			t.Fatal(i)
		}
	}
	verify(t, set)
	large := newMap[int, [100_000]byte](t)
	for i := range 20 {
		if large.Set(i, [100_000]byte{99_999: byte(i)}) != nil {
			t.Fatal()
		}
	}
	count := 0
	for i, v := range large.All() {
		count++
		if v[99_999] != byte(i) {
			t.Fatal(i)
		}
	}
	verify(t, large)
	if count != 20 || set.Len() != 1500 {
		t.Fatal(count)
	}
}

func TestMapChangesWhileItIsWalked(t *testing.T) {
	r := testRandom(t, 8)
	m := newMap[uint64, uint64](t)
	for i := range uint64(10_000) {
		if m.Set(i, i) != nil {
			t.Fatal()
		}
	}
	given := make(map[uint64]bool)
	gone := make(map[uint64]bool)
	next := uint64(10_000)
	for key := range m.All() {
		if given[key] {
			t.Fatalf("%d is given twice", key)
		}
		if gone[key] {
			t.Fatalf("%d is given after it was deleted", key)
		}
		given[key] = true
		for range 3 {
			other := r.Uint64N(next)
			if m.Delete(other) {
				gone[other] = true
			}
		}
		if len(given) < 3000 {
			if m.Set(next, next) != nil {
				t.Fatal()
			}
			next++
		}
	}
	for i := range uint64(10_000) {
		if !given[i] && !gone[i] {
			t.Fatalf("%d was missed", i)
		}
	}
	for range m.All() {
		m.Clear()
	}
	verify(t, m)
	m.Set(1, 1)
	for range m.All() {
		m.Close()
	}
}

func TestMapReadersTogether(t *testing.T) {
	m := newMap[uint64, uint64](t)
	for i := range uint64(5000) {
		if m.Set(i, i) != nil {
			t.Fatal()
		}
	}
	var group sync.WaitGroup
	for range 4 {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := range uint64(10_000) {
				if v, ok := m.Get(i); ok != (i < 5000) || (ok && v != i) {
					t.Error(i, v, ok)
					return
				}
			}
			for key, v := range m.All() {
				if key != v {
					t.Error(key, v)
				}
			}
		}()
	}
	group.Wait()
}

func TestMapOutOfMemory(t *testing.T) {
	m := newMap[uint64, object](t, Limit(2<<20), Name("small"))
	n := uint64(0)
	var err error
	for ; err == nil; n++ {
		err = m.Set(n, object{id: n})
	}
	n--
	if !errors.Is(err, ErrLimit) || !errors.Is(err, ErrNoMemory) {
		t.Fatal(err)
	}
	verify(t, m)
	if m.Len() != int(n) || m.Ptr(n) != nil {
		t.Fatal("a failed Set left something")
	}
	for i := range n {
		if v, ok := m.Get(i); !ok || v.id != i {
			t.Fatal(i)
		}
	}
	if m.Set(0, object{id: 9}) != nil || !m.Delete(1) {
		t.Fatal("a full map is stuck")
	}
	verify(t, m)
	m.Clear()
	if m.Set(n, object{}) != nil {
		t.Fatal("memory did not come back")
	}
}

// Keys that differ in a few bits only must spread over tables, groups and tags.
func TestMapHashSpreads(t *testing.T) {
	m := newMap[uint64, struct{}](t)
	for shift := range 50 {
		var tops, groups, tags [256]int
		const count = 1 << 14
		for i := range uint64(count) {
			hash := m.hash(i << shift)
			tops[hash>>56]++
			groups[groupOf(hash)]++
			tags[tagOf(hash)]++
		}
		for i, list := range [][256]int{tops, groups, tags} {
			worst := 0
			for _, n := range list {
				worst = max(worst, n)
			}
			// 64 on the average; 128 for groups, of which there are half.
			if worst > 250 {
				t.Errorf("keys << %d: part %d of the hash has %d alike", shift, i, worst)
			}
		}
	}
}

func TestMapDoesNotAllocate(t *testing.T) {
	m := newMap[[4]float32, object](t)
	n := newMap[uint64, object](t)
	i := uint64(0)
	if per := testing.AllocsPerRun(20_000, func() {
		i++
		_ = n.Set(i, object{})
		_ = n.Ptr(i)
		_ = m.Set([4]float32{float32(i)}, object{})
		_ = m.Ptr([4]float32{1})
	}); per != 0 && !collected && !watched {
		t.Errorf("%v allocations", per)
	}
}

func TestMapVerifyFindsDamage(t *testing.T) {
	m := newMap[uint64, uint64](t)
	for i := range uint64(4000) {
		if m.Set(i, i) != nil {
			t.Fatal()
		}
	}
	broken := func() {
		t.Helper()
		if err := m.Verify(); !errors.Is(err, ErrBroken) {
			t.Error(err)
		}
	}
	r, _ := m.find(5, m.hash(5))
	r.key = 4001
	broken()
	r.key = 5
	verify(t, m)
	word := m.records.bits(m.heap, 77)
	*word ^= 1 << (77 % 64)
	broken()
	*word ^= 1 << (77 % 64)
	tb := m.table(m.hash(5))
	tb.count++
	broken()
	tb.count--
	m.Delete(9)
	m.records.freed++
	broken()
	m.records.freed--
	verify(t, m)
}

func FuzzMap(f *testing.F) {
	f.Add([]byte{0, 1, 0, 2, 1, 1, 2, 2, 3, 0, 0, 1})
	f.Add([]byte("\x00a\x00b\x00c\x01a\x04a\x00d\x03\x00\x00a"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, ops []byte) {
		m := newMap[uint16, uint32](t, Maximum(4<<20))
		model := make(map[uint16]uint32)
		for i := 0; i+1 < len(ops); i += 2 {
			key := uint16(ops[i+1])
			switch ops[i] % 6 {
			case 0:
				if m.Set(key, uint32(i)) == nil {
					model[key] = uint32(i)
				}
			case 1:
				_, had := model[key]
				delete(model, key)
				if m.Delete(key) != had {
					t.Fatal(key)
				}
			case 2:
				want, had := model[key]
				if v, ok := m.Get(key); ok != had || v != want {
					t.Fatal(key)
				}
			case 3:
				if ops[i+1] == 0 {
					m.Clear()
					clear(model)
				}
			case 4: // many at once
				for j := range uint16(2000) {
					if m.Set(key<<8+j, 1) == nil {
						model[key<<8+j] = 1
					}
				}
			case 5:
				for j := range uint16(1000) {
					delete(model, key<<8+j)
					m.Delete(key<<8 + j)
				}
			}
		}
		verify(t, m)
		for key, v := range m.All() {
			if model[key] != v {
				t.Fatal(key)
			}
		}
		if m.Len() != len(model) {
			t.Fatal(m.Len(), len(model))
		}
	})
}
