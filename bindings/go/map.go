package mems

import (
	"encoding/binary"
	"hash/maphash"
	"iter"
	"math/bits"
	"math/rand/v2"
	"reflect"
	"unsafe"
)

// A Map is a map off the heap of Go. The collector never looks at it, however
// large it is; a record costs its key, its value, and some nine bytes; and no
// call stalls for the whole of it: what it has to grow by is a small table.
//
// It is as safe as a map of Go's: one goroutine may write while no other reads
// or writes, and any may read while none writes.
//
// Keys are equal when they are in Go, so a NaN is a key that is never found
// again, only by All and Clear. Neither K nor V may have pointers, as strings
// do; arrays of bytes have none.
type Map[K comparable, V any] struct {
	heap    *Heap // nil when one of both was closed
	seeds   [2]uint64
	seed    maphash.Seed
	folded  bool // keys are hashed by their bytes
	depth   uint8
	tables  []uint32 // by the first depth bits of a hash, where its table is
	records records
	live    int
}

// A record is a key and its value, which do not move while they are in the map.
type record[K comparable, V any] struct {
	key   K
	value V
}

// NewMap makes a map that takes its memory from the heap. It fails with
// ErrPointers if K or V has any. A map that is not closed ends with the heap.
func NewMap[K comparable, V any](h *Heap) (*Map[K, V], error) {
	if err := CheckType[K](); err != nil {
		return nil, err
	}
	if err := CheckType[V](); err != nil {
		return nil, err
	}
	m := &Map[K, V]{
		heap:   h,
		seeds:  [2]uint64{rand.Uint64(), rand.Uint64() | 1},
		seed:   maphash.MakeSeed(),
		folded: sameBytes(reflect.TypeFor[K]()),
	}
	m.records.init(unsafe.Sizeof(record[K, V]{}))
	if err := h.join(m); err != nil {
		return nil, err
	}
	return m, nil
}

// ------------------------------------------------------------------- hashing

// sameBytes tells if values of the type are equal when all their bytes are.
func sameBytes(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Float32, reflect.Float64, reflect.Complex64,
		reflect.Complex128:
		return false
	case reflect.Array:
		return t.Len() == 0 || sameBytes(t.Elem())
	case reflect.Struct:
		size := uintptr(0)
		for i := range t.NumField() {
			field := t.Field(i)
			if field.Name == "_" || !sameBytes(field.Type) {
				return false
			}
			size += field.Type.Size()
		}
		return size == t.Size()
	}
	return true
}

func (m *Map[K, V]) hash(key K) uint64 {
	if !m.folded {
		return maphash.Comparable(m.seed, key)
	}
	p := unsafe.Pointer(&key)
	switch unsafe.Sizeof(key) {
	case 8:
		return spread(*(*uint64)(p), m.seeds)
	case 4:
		return spread(uint64(*(*uint32)(p)), m.seeds)
	}
	return foldBytes(unsafe.Slice((*byte)(p), unsafe.Sizeof(key)), m.seeds)
}

// fold multiplies, and mixes both halves of the product.
func fold(a, b uint64) uint64 {
	high, low := bits.Mul64(a, b)
	return high ^ low
}

// spread makes a hash of a number. Multiplied once by a factor of chance, a row of
// numbers was badly spread by a factor in some hundreds; these two are known to
// be good ones (digits of the golden ratio, and of the root of 3), and chance is
// in what is multiplied.
func spread(number uint64, seeds [2]uint64) uint64 {
	const golden, root = 0x9e3779b97f4a7c15, 0xbb67ae8584caa73b
	return fold(fold(number^seeds[0], golden)^seeds[1], root)
}

func foldBytes(bytes []byte, seeds [2]uint64) uint64 {
	h := seeds[0] ^ uint64(len(bytes))
	for ; len(bytes) >= 8; bytes = bytes[8:] {
		h = fold(h^binary.LittleEndian.Uint64(bytes), seeds[1])
	}
	if len(bytes) > 0 {
		last := uint64(0)
		for _, b := range bytes {
			last = last<<8 | uint64(b)
		}
		h = fold(h^last, seeds[1])
	}
	return spread(h, seeds)
}

// --------------------------------------------------------------------- reading

// table is where a hash's records are to be found; the map is not empty.
func (m *Map[K, V]) table(hash uint64) *table {
	unit := m.tables[hash>>1>>(63-m.depth)]
	return (*table)(m.heap.pointer(unit))
}

func (m *Map[K, V]) record(number uint32) *record[K, V] {
	return (*record[K, V])(m.records.at(m.heap, number))
}

// find gives the record of a key and where the table has it; nil if there is
// none.
func (m *Map[K, V]) find(key K, hash uint64) (*record[K, V], place) {
	if len(m.tables) == 0 {
		return nil, place{}
	}
	t := m.table(hash)
	for p := t.search(hash); p.more(); p.next() {
		r := m.record(p.record())
		if r.key == key {
			return r, p.place()
		}
	}
	return nil, place{}
}

// Get gives a copy of the value, and whether there is one.
func (m *Map[K, V]) Get(key K) (value V, ok bool) {
	if r, _ := m.find(key, m.hash(key)); r != nil {
		return r.value, true
	}
	return value, false
}

// Ptr gives the value itself, or nil if there is none. It stays where it is
// until its key is deleted, or the map cleared or closed: to set other keys does
// not move it.
func (m *Map[K, V]) Ptr(key K) *V {
	if r, _ := m.find(key, m.hash(key)); r != nil {
		return &r.value
	}
	return nil
}

// Len is how many keys there are.
func (m *Map[K, V]) Len() int { return m.live }

// All gives every key and value, in no promised order. As with a map of Go's, a
// key that is deleted meanwhile and was not reached is not given, one that is
// set first may be, and none is given twice. Other than there, the loop may do
// so from one goroutine only.
func (m *Map[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for number, ok := m.records.after(m.heap, 0); ok; {
			r := m.record(number)
			if !yield(r.key, r.value) {
				return
			}
			number, ok = m.records.after(m.heap, uint64(number)+1)
		}
	}
}

// --------------------------------------------------------------------- writing

// Set gives the key this value. When it fails, for want of memory, nothing has
// changed.
func (m *Map[K, V]) Set(key K, value V) error {
	hash := m.hash(key)
	if r, _ := m.find(key, hash); r != nil {
		r.value = value
		return nil
	}
	if m.heap == nil {
		return ErrClosed
	}
	t, err := m.roomFor(hash)
	if err != nil {
		return err
	}
	number, err := m.records.take(m.heap)
	if err != nil {
		return err
	}
	*m.record(number) = record[K, V]{key, value}
	t.insert(hash, number)
	m.live++
	return nil
}

// Delete removes the key, and tells if it was there.
func (m *Map[K, V]) Delete(key K) bool {
	hash := m.hash(key)
	r, at := m.find(key, hash)
	if r == nil {
		return false
	}
	number := m.table(hash).remove(hash, at)
	m.records.give(m.heap, number)
	m.live--
	return true
}

// Clear removes all keys and gives the memory back.
func (m *Map[K, V]) Clear() {
	if m.heap == nil {
		return
	}
	m.records.drop(m.heap)
	m.eachTable(func(_ int, unit uint32) bool {
		m.heap.giveRoom(m.heap.pointer(unit), tableBytes)
		return true
	})
	m.tables, m.depth, m.live = nil, 0, 0
}

// Close removes all keys, gives the memory back and ends the map.
func (m *Map[K, V]) Close() error {
	h := m.heap
	if h == nil {
		return ErrClosed
	}
	m.Clear()
	h.leave(m)
	return nil
}

// forget leaves nothing that could be found.
func (m *Map[K, V]) forget() {
	m.heap, m.tables, m.depth, m.live = nil, nil, 0, 0
	m.records.forget()
}

// ------------------------------------------------------------------ the tables

// eachTable calls f with each table and the first place that leads to it.
func (m *Map[K, V]) eachTable(f func(first int, unit uint32) bool) {
	for first := 0; first < len(m.tables); {
		unit := m.tables[first]
		// Before f, which may end the table.
		next := first + 1<<(m.depth-(*table)(m.heap.pointer(unit)).depth)
		if !f(first, unit) {
			return
		}
		first = next
	}
}

// roomFor gives the table for one more record of this hash. One that is full is
// split; that is all a map ever does at once, but for doubling the list of
// tables, of which there is one for some thousand records.
func (m *Map[K, V]) roomFor(hash uint64) (*table, error) {
	if len(m.tables) == 0 {
		t, unit, err := m.newTable(0)
		if err != nil {
			return nil, err
		}
		m.tables = []uint32{unit}
		return t, nil
	}
	t := m.table(hash)
	for t.count >= tableMost {
		if err := m.split(t, hash); err != nil {
			return nil, err
		}
		t = m.table(hash)
	}
	return t, nil
}

func (m *Map[K, V]) newTable(depth uint8) (*table, uint32, error) {
	p, err := m.heap.takeRoom(tableBytes)
	if err != nil {
		return nil, 0, err
	}
	t := (*table)(p)
	*t = table{depth: depth}
	return t, uint32(m.heap.unitOf(p)), nil
}

// split takes the records whose next bit is 1 to another table.
func (m *Map[K, V]) split(t *table, hash uint64) error {
	if t.depth == deepest {
		return m.heap.fail("map", tableBytes, ErrNoMemory)
	}
	upper, unit, err := m.newTable(t.depth + 1)
	if err != nil {
		return err
	}
	if t.depth == m.depth {
		double := make([]uint32, 2*len(m.tables))
		for i := range double {
			double[i] = m.tables[i/2]
		}
		m.tables = double
		m.depth++
	}
	old := *t
	*t = table{depth: old.depth + 1}
	for i := range old.groups {
		g := &old.groups[i]
		for j := range uint(groupSize) {
			if g.tag(j) == 0 {
				continue
			}
			number := g.records[j]
			hash := m.hash(m.record(number).key)
			if hash<<old.depth>>63 == 1 {
				upper.insert(hash, number)
			} else {
				t.insert(hash, number)
			}
		}
	}
	// The upper half of the places that led to the table.
	span := 1 << (m.depth - old.depth)
	first := int(hash>>1>>(63-m.depth)) &^ (span - 1)
	for i := first + span/2; i < first+span; i++ {
		m.tables[i] = unit
	}
	return nil
}
