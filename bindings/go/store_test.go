package mems

import (
	"errors"
	"strings"
	"sync"
	"testing"
)

// An item has a Ref in it: lists of them are made off the heap.
type item struct {
	value uint64
	next  Ref[item]
}

func newStore[T any](t testing.TB, list ...Option) *Store[T] {
	t.Helper()
	h, err := Open(list...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	s, err := NewStore[T](h)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestStoreFindsWhatLives(t *testing.T) {
	s := newStore[item](t)
	var zero Ref[item]
	if p, err := s.Get(zero); p != nil || !errors.Is(err, ErrStale) || !zero.IsZero() {
		t.Fatal("the zero Ref finds something", err)
	}
	if !errors.Is(s.Free(zero), ErrStale) {
		t.Fatal("the zero Ref was freed")
	}
	var last Ref[item]
	for i := range uint64(10_000) {
		ref, p, err := s.New()
		if err != nil || ref.IsZero() || *p != (item{}) {
			t.Fatal(ref, err)
		}
		*p = item{i, last}
		last = ref
	}
	n := uint64(10_000)
	for ref := last; !ref.IsZero(); {
		p, err := s.Get(ref)
		if n--; err != nil || p.value != n {
			t.Fatal(n, err)
		}
		ref = p.next
	}
	if n != 0 || s.Len() != 10_000 {
		t.Fatal(n, s.Len())
	}
	if s.Free(last) != nil || !errors.Is(s.Free(last), ErrStale) {
		t.Fatal("a double free is none")
	}
	if _, err := s.Get(last); !errors.Is(err, ErrStale) {
		t.Fatal(err)
	}
	again, p, err := s.New()
	if err != nil || again == last || again.word.index() != last.word.index() ||
		*p != (item{}) {
		t.Fatal("the slot is not had again, as another", err)
	}
	if _, err := s.Get(last); !errors.Is(err, ErrStale) {
		t.Fatal("the old Ref finds the new T")
	}
}

func TestStoreForgedRefsAreStale(t *testing.T) {
	s := newStore[item](t)
	live := make(map[Ref[item]]bool)
	for i := range 3000 {
		ref, _, err := s.New()
		if err != nil {
			t.Fatal(err)
		}
		live[ref] = true
		if i%3 == 0 {
			delete(live, ref)
			_ = s.Free(ref)
		}
	}
	for number := range uint32(5000) {
		for generation := range uint32(4) {
			ref := Ref[item]{word: refWordOf(number, generation)}
			if p, err := s.Get(ref); (err == nil) != live[ref] || (p != nil) != live[ref] {
				t.Fatal(number, generation, err)
			}
		}
	}
	r := testRandom(t, 30)
	for range testScaled(1_000_000) {
		ref := Ref[item]{word: refWord(r.Uint64())}
		if _, err := s.Get(ref); err == nil && !live[ref] {
			t.Fatal("a wild Ref finds something")
		}
	}
}

func TestStoreRetiresSlots(t *testing.T) {
	s := newStore[uint32](t)
	ref, _, _ := s.New()
	old := ref
	ref.word = refWordOf(ref.word.number(), lastGeneration)
	s.slot(ref.word.index()).set(ref.word)
	if _, err := s.Get(ref); err != nil || s.Free(ref) != nil {
		t.Fatal(err)
	}
	for range 100 {
		other, _, err := s.New()
		if err != nil || other.word.index() == ref.word.index() {
			t.Fatal("the slot was had again", err)
		}
	}
	for _, r := range []Ref[uint32]{old, ref, {word: refWordOf(ref.word.number(), 0)}, {word: refWordOf(0, lastGeneration)}} {
		if _, err := s.Get(r); !errors.Is(err, ErrStale) {
			t.Fatal(err)
		}
	}
	if s.Len() != 100 {
		t.Fatal(s.Len())
	}
}

func TestStoreAll(t *testing.T) {
	s := newStore[item](t)
	want := make(map[Ref[item]]uint64)
	for i := range uint64(9000) {
		ref, p, _ := s.New()
		p.value = i
		if i%5 == 0 {
			_ = s.Free(ref)
		} else {
			want[ref] = i
		}
	}
	for ref, p := range s.All() {
		if v, ok := want[ref]; !ok || v != p.value {
			t.Fatal(ref, p.value, v)
		}
		delete(want, ref)
		if s.Free(ref) != nil {
			t.Fatal("what All gives does not live")
		}
	}
	if len(want) != 0 || s.Len() != 0 {
		t.Fatal(len(want), s.Len())
	}
	_, _, _ = s.New()
	count := 0
	for range s.All() {
		count++
		_ = s.Close()
	}
	if count != 1 {
		t.Fatal(count)
	}
}

func TestStoreEnds(t *testing.T) {
	h, _ := Open()
	s, _ := NewStore[item](h)
	other, _ := NewStore[item](h)
	ref, _, _ := s.New()
	kept, _, _ := other.New()
	if s.Close() != nil || !errors.Is(s.Close(), ErrClosed) {
		t.Fatal("a store is closed twice")
	}
	if _, err := s.Get(ref); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
	if _, _, err := s.New(); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
	if err := s.Free(ref); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
	_ = h.Close()
	if _, err := other.Get(kept); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
	if _, _, err := other.New(); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
	if !errors.Is(other.Close(), ErrClosed) || other.Len() != 0 {
		t.Fatal("what ended with its heap is closed")
	}
	if _, err := NewStore[item](h); !errors.Is(err, ErrClosed) {
		t.Fatal(err)
	}
}

func TestStoreRefusesPointers(t *testing.T) {
	h, _ := Open()
	defer h.Close()
	type order struct {
		id    int
		items [3]struct{ name string }
	}
	_, err := NewStore[order](h)
	if !errors.Is(err, ErrPointers) || !strings.Contains(err.Error(), "order.items[].name") {
		t.Fatal(err)
	}
}

func TestStoreOutOfMemory(t *testing.T) {
	s := newStore[item](t, Limit(1<<20))
	var refs []Ref[item]
	for {
		ref, p, err := s.New()
		if err != nil {
			if !errors.Is(err, ErrLimit) || !ref.IsZero() || p != nil {
				t.Fatal(ref, p, err)
			}
			break
		}
		p.value = uint64(len(refs))
		refs = append(refs, ref)
	}
	if len(refs) < 10_000 || s.Len() != len(refs) {
		t.Fatal(len(refs), s.Len())
	}
	for i, ref := range refs {
		if p, err := s.Get(ref); err != nil || p.value != uint64(i) {
			t.Fatal(i, err)
		}
	}
	if s.Free(refs[7]) != nil {
		t.Fatal()
	}
	if _, _, err := s.New(); err != nil {
		t.Fatal("a full store is stuck", err)
	}
}

func TestStoreOfNothingAndOfMuch(t *testing.T) {
	none := newStore[struct{}](t)
	large := newStore[[1 << 20]byte](t, Limit(8<<20))
	a, _, err := none.New()
	b, _, _ := none.New()
	if err != nil || a == b || none.Free(a) != nil || none.Len() != 1 {
		t.Fatal(err)
	}
	for i := range 6 {
		_, p, err := large.New()
		if err != nil {
			t.Fatal(i, err)
		}
		p[1<<20-1] = 1
	}
}

// The soft limit's function may use the store.
func TestStoreSoftLimit(t *testing.T) {
	var s *Store[item]
	heard := 0
	s = newStore[item](t, SoftLimit(1<<20, func(int64) { heard += s.Len() }))
	for range 200_000 {
		if _, _, err := s.New(); err != nil {
			t.Fatal(err)
		}
	}
	if heard == 0 {
		t.Fatal("nobody heard of the limit")
	}
}

func TestStoreGoroutines(t *testing.T) {
	s := newStore[item](t)
	shared := make(chan Ref[item], 1000)
	var group sync.WaitGroup
	for g := range 4 {
		r := testRandom(t, 40+uint64(g))
		group.Add(1)
		go func() {
			defer group.Done()
			var own, gone []Ref[item]
			for range testScaled(20_000) {
				switch op := r.IntN(4); {
				case op < 2:
					ref, p, err := s.New()
					if err != nil || p.value != 0 {
						t.Error(p, err)
						return
					}
					p.value = uint64(ref.word)
					if r.IntN(4) == 0 {
						select {
						case shared <- ref:
							continue
						default:
						}
					}
					own = append(own, ref)
				case op == 2 && len(own) > 0:
					i := r.IntN(len(own))
					p, err := s.Get(own[i])
					if err != nil || p.value != uint64(own[i].word) || s.Free(own[i]) != nil {
						t.Error(err)
						return
					}
					gone = append(gone, own[i])
					own[i] = own[len(own)-1]
					own = own[:len(own)-1]
				default:
					select {
					case ref := <-shared:
						if s.Free(ref) != nil {
							t.Error("another's is stale")
							return
						}
						gone = append(gone, ref)
					default:
					}
				}
				if len(gone) > 0 {
					if _, err := s.Get(gone[r.IntN(len(gone))]); !errors.Is(err, ErrStale) {
						t.Error(err)
						return
					}
				}
			}
			for _, ref := range own {
				if s.Free(ref) != nil {
					t.Error("own is stale")
				}
			}
		}()
	}
	group.Wait()
	if s.Len() != len(shared) {
		t.Fatal(s.Len(), len(shared))
	}
}

// modelStore does as the bytes say with a store and a map of Go's.
func modelStore(t testing.TB, s *Store[item], ops []byte) {
	live := make(map[Ref[item]]uint64)
	var all []Ref[item]
	for i, op := range ops {
		switch {
		case op < 130 || len(all) == 0:
			ref, p, err := s.New()
			if err != nil || *p != (item{}) {
				t.Fatal(i, err)
			}
			if _, twice := live[ref]; twice {
				t.Fatal(i, "a Ref is given twice")
			}
			p.value = uint64(i)
			live[ref] = uint64(i)
			all = append(all, ref)
		default:
			ref := all[(int(op)*7919+i)%len(all)]
			want, lives := live[ref]
			p, err := s.Get(ref)
			if (err == nil) != lives || (lives && p.value != want) {
				t.Fatal(i, err)
			}
			if op >= 180 {
				if (s.Free(ref) == nil) != lives {
					t.Fatal(i, "freed")
				}
				delete(live, ref)
			}
		}
		if s.Len() != len(live) {
			t.Fatal(i, s.Len(), len(live))
		}
	}
	for ref, p := range s.All() {
		if want, lives := live[ref]; !lives || want != p.value {
			t.Fatal(ref)
		}
		delete(live, ref)
	}
	if len(live) != 0 {
		t.Fatal("All misses some")
	}
}

func TestStoreAgainstModel(t *testing.T) {
	r := testRandom(t, 50)
	ops := make([]byte, testScaled(200_000))
	for i := range ops {
		ops[i] = byte(r.Uint32())
	}
	modelStore(t, newStore[item](t), ops)
}

func FuzzStore(f *testing.F) {
	f.Add([]byte{0, 0, 0, 200, 201, 150, 0, 255, 255})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, ops []byte) {
		modelStore(t, newStore[item](t, Maximum(8<<20)), ops)
	})
}
