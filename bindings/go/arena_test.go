package mems

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"unsafe"
)

type point struct{ X, Y float64 }

func newArena(t testing.TB, list ...Option) *Arena {
	t.Helper()
	a, err := open(t, list...).NewArena()
	good(t, err)
	return a
}

func TestArena(t *testing.T) {
	a := newArena(t)
	first, err := New[point](a)
	good(t, err)
	is(t, *first, point{})
	first.X = 3
	list, err := Slice[uint32](a, 5, 10)
	good(t, err)
	is(t, len(list), 5)
	is(t, cap(list), 10)
	list[4] = 9
	for i := range 10000 {
		p, err := New[point](a)
		good(t, err)
		is(t, *p, point{})
		p.Y = float64(i)
	}
	is(t, first.X, 3)
	is(t, list[4], 9)
	is(t, a.Contains(unsafe.Pointer(first)), true)
	is(t, a.Contains(unsafe.Pointer(&a)), false)
	if a.Used() < 160000 || a.Held() < a.Used() {
		t.Fatal(a.Used(), a.Held())
	}
	a.Reset()
	is(t, a.Used(), 0)
	is(t, a.Held(), firstChunk)
	again, err := New[point](a)
	good(t, err)
	is(t, again, first)
	is(t, *again, point{})
	text, err := a.String("somewhere")
	good(t, err)
	is(t, text, "somewhere")
	big, err := a.Bytes(5 << 20)
	good(t, err)
	is(t, bytes.Count(big, []byte{0}), 5<<20)
	dirty, err := a.BytesDirty(100)
	good(t, err)
	is(t, len(dirty), 100)
	good(t, a.Close())
	wrong(t, a.Close(), ErrClosed)
	_, err = New[point](a)
	wrong(t, err, ErrClosed)
	_, err = Slice[point](a, 1, 1)
	wrong(t, err, ErrClosed)
	a.Reset()
	is(t, a.Used(), 0)
}

func TestArenaAppend(t *testing.T) {
	a := newArena(t)
	var list []int32
	var err error
	for i := range int32(5000) {
		list, err = Append(a, list, i)
		good(t, err)
	}
	for i := range int32(5000) {
		is(t, list[i], i)
	}
	is(t, a.Contains(unsafe.Pointer(&list[0])), true)
	is(t, a.Contains(unsafe.Pointer(&list[4999])), true)

	// The last block grows where it is, others move.
	a.Reset()
	one, err := Slice[int32](a, 4, 4)
	good(t, err)
	grown, err := Append(a, one, 1)
	good(t, err)
	is(t, &grown[0], &one[0])
	_, err = New[point](a)
	good(t, err)
	full := grown[:cap(grown)]
	moved, err := Append(a, full, 5)
	good(t, err)
	if &moved[0] == &full[0] {
		t.Fatal("it grew over another block")
	}
	is(t, moved[len(full)], 5)
	more, err := Append(a, moved, 6, 7, 8)
	good(t, err)
	is(t, more[len(more)-1], 8)
}

func TestArenaMarks(t *testing.T) {
	a := newArena(t)
	start := a.Mark()
	for range 10 {
		_, err := New[point](a)
		good(t, err)
	}
	mark, used := a.Mark(), a.Used()
	next, err := New[point](a)
	good(t, err)
	for range 10000 {
		_, err := New[[100]byte](a)
		good(t, err)
	}
	late := a.Mark()
	good(t, a.Release(mark))
	is(t, a.Used(), used)
	wrong(t, a.Release(late), ErrStale)
	again, err := New[point](a)
	good(t, err)
	is(t, again, next)
	good(t, a.Release(start))
	is(t, a.Used(), 0)
	a.Reset()
	wrong(t, a.Release(mark), ErrStale)
	other := newArena(t)
	wrong(t, other.Release(a.Mark()), ErrStale)
	good(t, other.Release(other.Mark()))
}

func TestNilArena(t *testing.T) {
	var a *Arena
	p, err := New[point](a)
	good(t, err)
	is(t, *p, point{})
	list, err := Slice[string](a, 2, 3)
	good(t, err)
	list, err = Append(a, list, "x", "y")
	good(t, err)
	is(t, strings.Join(list, ","), ",,x,y")
	bytes, err := a.Bytes(5)
	good(t, err)
	is(t, len(bytes), 5)
	_, err = a.Bytes(-1)
	wrong(t, err, ErrBadSize)
	_, err = a.BytesDirty(-1)
	wrong(t, err, ErrBadSize)
	text, err := a.String("x")
	good(t, err)
	is(t, text, "x")
	a.Reset()
	good(t, a.Release(a.Mark()))
	is(t, a.Used()+a.Held(), 0)
	is(t, a.Contains(unsafe.Pointer(p)), false)
	good(t, a.Close())
}

func TestArenaWrongUse(t *testing.T) {
	a := newArena(t)
	_, err := New[string](a)
	wrong(t, err, ErrPointers)
	_, err = Slice[*int](a, 1, 1)
	wrong(t, err, ErrPointers)
	_, err = Append(a, []string(nil), "x")
	wrong(t, err, ErrPointers)
	for _, lengths := range [][2]int{{-1, 0}, {0, -1}, {2, 1}, {-5, -3}} {
		_, err := Slice[int](a, lengths[0], lengths[1])
		wrong(t, err, ErrBadSize)
	}
	_, err = Slice[[1 << 20]int](a, 0, math.MaxInt/8)
	wrong(t, err, ErrNoMemory)
	_, err = Slice[int](a, 0, math.MaxInt/4)
	wrong(t, err, ErrNoMemory)
	empty, err := Slice[struct{}](a, 5, 10)
	good(t, err)
	is(t, len(empty), 5)
	none, err := Slice[int](a, 0, 0)
	good(t, err)
	is(t, len(none), 0)
	_, err = New[struct{}](a)
	good(t, err)
	is(t, Must(Slice[int](a, 1, 1))[0], 0)
	func() {
		defer func() {
			if err, ok := recover().(error); !ok {
				t.Error("Must did not panic", err)
			}
		}()
		Must(New[string](a))
	}()
}

func TestArenaOutOfMemory(t *testing.T) {
	a := newArena(t, Limit(1<<20))
	var err error
	var last *[1000]byte
	count := 0
	for err == nil {
		var p *[1000]byte
		if p, err = New[[1000]byte](a); err == nil {
			p[0] = byte(count)
			last = p
			count++
		}
	}
	wrong(t, err, ErrLimit)
	is(t, last[0], byte(count-1))
	if count < 500 {
		t.Fatal("only", count)
	}
	list, err := Append(a, make([]byte, 10), make([]byte, 1<<20)...)
	wrong(t, err, ErrLimit)
	is(t, len(list), 10)
	a.Reset()
	_, err = New[[1000]byte](a)
	good(t, err)
}

// Arenas beside a plain model: what they hold stays, whatever others do.
func TestArenaModel(t *testing.T) {
	random := seed(t)
	h := open(t)
	type arena struct {
		a     *Arena
		list  [][]byte
		value []byte
		marks []Mark
		at    []int
	}
	check := func(m *arena) {
		for i, block := range m.list {
			if bytes.Count(block, m.value[i:i+1]) != len(block) {
				t.Fatal("a block has other bytes")
			}
		}
	}
	var arenas []*arena
	for range scaled(20000) {
		i := random.Intn(6)
		if i >= len(arenas) {
			a, err := h.NewArena()
			good(t, err)
			arenas = append(arenas, &arena{a: a})
			continue
		}
		m := arenas[i]
		switch n := random.Intn(400); {
		case n == 0:
			check(m)
			good(t, m.a.Close())
			arenas = append(arenas[:i], arenas[i+1:]...)
		case n == 1:
			check(m)
			m.a.Reset()
			*m = arena{a: m.a}
		case n < 10:
			m.marks = append(m.marks, m.a.Mark())
			m.at = append(m.at, len(m.list))
		case n < 15 && len(m.marks) > 0:
			check(m)
			k := random.Intn(len(m.marks))
			good(t, m.a.Release(m.marks[k]))
			m.list, m.value = m.list[:m.at[k]], m.value[:m.at[k]]
			m.marks, m.at = m.marks[:k], m.at[:k]
		default:
			block, err := m.a.Bytes(1 + random.Intn(1<<random.Intn(13)))
			good(t, err)
			value := byte(1 + random.Intn(255))
			for i := range block {
				if block[i] != 0 {
					t.Fatal("a new block is not 0")
				}
				block[i] = value
			}
			m.list = append(m.list, block)
			m.value = append(m.value, value)
		}
	}
	for _, m := range arenas {
		check(m)
		good(t, m.a.Close())
	}
	h.Trim()
}
