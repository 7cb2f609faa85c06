package memory

import (
	"math/bits"
	"sync/atomic"
	"unsafe"

	mems "github.com/libmems/libmems/bindings/go"
)

// Where blocks and holes begin is told by two bits for each address, and a
// block's size is how far away the next mark is: so all that a call needs to
// know of a block and its neighbours mostly lies in one line of the processor's
// cache. The mark of a block, and the one behind it, stay as they are while it
// lives; so whoever holds its lock may look, while others change the rest.

type mark uint64

const (
	none mark = iota // within a block or hole
	live             // a block begins
	free             // a hole begins, or what lies above all blocks does
	busy             // a block that nobody was told of yet
)

const (
	chunkSize = 64 << 10 // bytes that are taken from the heap at once
	leafSize  = 1024 * chunkSize

	perWord = 32 // marks of a word
	starts  = 0x5555555555555555
)

// A table has the bytes, and the marks. Who changes marks or adds memory holds
// the Memory's mu.
type table struct {
	heap   *mems.Heap
	leaves []atomic.Pointer[leaf]
}

// Leaves, marks and bytes lie off the heap of Go and are made when they are
// needed: a block of many chunks has marks for the chunks at its ends only, and
// bytes where it was written.
type leaf struct {
	marks  [leafSize / chunkSize]atomic.Pointer[marks]
	bytes  [leafSize / chunkSize]atomic.Pointer[[chunkSize]byte]
	marked [leafSize / chunkSize / 64]atomic.Uint64 // a bit for each with a mark
}

type marks struct {
	words  [chunkSize / perWord]atomic.Uint64
	marked [chunkSize / perWord / 64]atomic.Uint64 // a bit for each that is not 0
	count  int                                     // words that are not 0
}

// newLeaves has a place for each leaf; the mark above all may be in one more.
func newLeaves(most int) []atomic.Pointer[leaf] {
	return make([]atomic.Pointer[leaf], most/leafSize+1)
}

// hold makes a T off the heap of Go, all 0. It must be one that may lie there:
// its pointers, if any, point to others that were made here.
func hold[T any](heap *mems.Heap, at *atomic.Pointer[T]) (*T, error) {
	if t := at.Load(); t != nil {
		return t, nil
	}
	if heap == nil {
		return nil, ErrNoMemory
	}
	block, err := heap.Alloc(int(unsafe.Sizeof(*new(T))))
	if err != nil {
		return nil, err
	}
	t := (*T)(unsafe.Pointer(unsafe.SliceData(block)))
	at.Store(t)
	return t, nil
}

// letGo gives it back.
func letGo[T any](heap *mems.Heap, at *atomic.Pointer[T]) {
	if t := at.Swap(nil); t != nil {
		_ = heap.Free(unsafe.Slice((*byte)(unsafe.Pointer(t)), 1))
	}
}

// drop gives everything back, unless the heap was closed: then all is gone, and
// where it was may be somebody else's.
func (t *table) drop() {
	for i := range t.leaves {
		l := t.leaves[i].Load()
		if l == nil || !t.heap.Contains(unsafe.Pointer(l)) {
			continue
		}
		for j := range l.marks {
			letGo(t.heap, &l.marks[j])
			letGo(t.heap, &l.bytes[j])
		}
		letGo(t.heap, &t.leaves[i])
	}
	t.leaves = nil
}

// ------------------------------------------------------------------- the marks

// room makes place for the marks of two addresses.
func (t *table) room(a, b int) error {
	for _, addr := range [...]int{a, b} {
		l, err := hold(t.heap, &t.leaves[addr/leafSize])
		if err != nil {
			return err
		}
		_, err = hold(t.heap, &l.marks[addr%leafSize/chunkSize])
		if err != nil {
			return err
		}
	}
	return nil
}

// leaf is the one of an address, or nil.
func (t *table) leaf(addr int) *leaf {
	if uint(addr)/leafSize >= uint(len(t.leaves)) {
		return nil
	}
	return t.leaves[uint(addr)/leafSize].Load()
}

func (t *table) get(addr int) mark {
	l := t.leaf(addr)
	if l == nil {
		return none
	}
	m := l.marks[uint(addr)%leafSize/chunkSize].Load()
	if m == nil {
		return none
	}
	at := uint(addr) % chunkSize
	return mark(m.words[at/perWord].Load()>>(at%perWord*2)) & 3
}

// sizeOf is how large the block or hole is that begins there, if that is its
// mark, or else 0. Mostly its end is in the same chunk.
func (t *table) sizeOf(addr int, is mark) int {
	l := t.leaf(addr)
	if l == nil {
		return 0
	}
	m := l.marks[uint(addr)%leafSize/chunkSize].Load()
	if m == nil {
		return 0
	}
	at := uint(addr) % chunkSize
	if mark(m.words[at/perWord].Load()>>(at%perWord*2))&3 != is {
		return 0
	}
	if at+1 < chunkSize {
		if end := m.next(int(at + 1)); end >= 0 {
			return end - int(at)
		}
	}
	return t.next(addr+1) - addr
}

// set changes a mark; there is room for it.
func (t *table) set(addr int, to mark) {
	l := t.leaf(addr)
	chunk := uint(addr) % leafSize / chunkSize
	m := l.marks[chunk].Load()
	at := uint(addr) % chunkSize
	word := &m.words[at/perWord]
	shift := at % perWord * 2
	was := word.Load()
	is := was&^(3<<shift) | uint64(to)<<shift
	word.Store(is)
	switch {
	case was == 0 && is != 0:
		setBit(m.marked[:], at/perWord)
		if m.count++; m.count == 1 {
			setBit(l.marked[:], chunk)
		}
	case was != 0 && is == 0:
		clearBit(m.marked[:], at/perWord)
		if m.count--; m.count == 0 {
			clearBit(l.marked[:], chunk)
		}
	}
}

// next is the first address from there on that has a mark. There is one.
func (t *table) next(addr int) int {
	for i := addr / leafSize; i < len(t.leaves); i++ {
		if l := t.leaves[i].Load(); l != nil {
			if at := l.next(addr % leafSize); at >= 0 {
				return i*leafSize + at
			}
		}
		addr = 0
	}
	panic("memory: the end of a block was overwritten")
}

func (l *leaf) next(at int) int {
	chunk := at / chunkSize
	at %= chunkSize
	for chunk >= 0 {
		if m := l.marks[chunk].Load(); m != nil {
			if at := m.next(at); at >= 0 {
				return chunk*chunkSize + at
			}
		}
		chunk = nextBit(l.marked[:], chunk+1)
		at = 0
	}
	return -1
}

func (m *marks) next(at int) int {
	i := at / perWord
	found := begins(&m.words[i]) >> (at % perWord * 2) << (at % perWord * 2)
	for found == 0 {
		if i = nextBit(m.marked[:], i+1); i < 0 {
			return -1
		}
		found = begins(&m.words[i])
	}
	return i*perWord + bits.TrailingZeros64(found)/2
}

// prev is the last address before that one that has a mark, or -1.
func (t *table) prev(addr int) int {
	addr--
	if addr < 0 {
		return -1
	}
	at := addr % leafSize
	for i := addr / leafSize; i >= 0; i-- {
		if l := t.leaves[i].Load(); l != nil {
			if at := l.prev(at); at >= 0 {
				return i*leafSize + at
			}
		}
		at = leafSize - 1
	}
	return -1
}

func (l *leaf) prev(at int) int {
	chunk := at / chunkSize
	at %= chunkSize
	for chunk >= 0 {
		if m := l.marks[chunk].Load(); m != nil {
			if at := m.prev(at); at >= 0 {
				return chunk*chunkSize + at
			}
		}
		chunk = prevBit(l.marked[:], chunk-1)
		at = chunkSize - 1
	}
	return -1
}

func (m *marks) prev(at int) int {
	i := at / perWord
	rest := 62 - at%perWord*2
	found := begins(&m.words[i]) << rest >> rest
	for found == 0 {
		if i = prevBit(m.marked[:], i-1); i < 0 {
			return -1
		}
		found = begins(&m.words[i])
	}
	return i*perWord + (bits.Len64(found)-1)/2
}

// begins has the lower bit of each mark that there is.
func begins(word *atomic.Uint64) uint64 {
	w := word.Load()
	return (w | w>>1) & starts
}

// Bits of which one goroutine at a time changes some, and others may look.

func setBit(words []atomic.Uint64, i uint) {
	word := &words[i/64]
	word.Store(word.Load() | 1<<(i%64))
}

func clearBit(words []atomic.Uint64, i uint) {
	word := &words[i/64]
	word.Store(word.Load() &^ (1 << (i % 64)))
}

// nextBit is the first that is set from i on, or -1.
func nextBit(words []atomic.Uint64, i int) int {
	for mask := ^uint64(0) << (i % 64); i < len(words)*64; i = i&^63 + 64 {
		if w := words[i/64].Load() & mask; w != 0 {
			return i&^63 + bits.TrailingZeros64(w)
		}
		mask = ^uint64(0)
	}
	return -1
}

// prevBit is the last that is set up to i, or -1.
func prevBit(words []atomic.Uint64, i int) int {
	for mask := ^uint64(0) >> (63 - i&63); i >= 0; i = i&^63 - 1 {
		if w := words[i/64].Load() & mask; w != 0 {
			return i&^63 + bits.Len64(w) - 1
		}
		mask = ^uint64(0)
	}
	return -1
}

// ------------------------------------------------------------------- the bytes

// bytes are those from there on to the end of the chunk, but at most size; nil
// if the chunk has none yet.
func (t *table) bytes(addr, size int) []byte {
	l := t.leaf(addr)
	if l == nil {
		return nil
	}
	bytes := l.bytes[uint(addr)%leafSize/chunkSize].Load()
	if bytes == nil {
		return nil
	}
	at := addr % chunkSize
	return bytes[at:min(at+size, chunkSize)]
}

// inChunk is how many of size bytes from there on lie in the same chunk.
func inChunk(addr, size int) int { return min(size, chunkSize-addr%chunkSize) }

func (t *table) backed(addr, size int) bool {
	for size > 0 {
		if t.bytes(addr, 1) == nil {
			return false
		}
		n := inChunk(addr, size)
		addr, size = addr+n, size-n
	}
	return true
}

// back gives the chunks of these addresses bytes, all 0.
func (t *table) back(addr, size int) error {
	for size > 0 {
		l, err := hold(t.heap, &t.leaves[addr/leafSize])
		if err != nil {
			return err
		}
		_, err = hold(t.heap, &l.bytes[addr%leafSize/chunkSize])
		if err != nil {
			return err
		}
		n := inChunk(addr, size)
		addr, size = addr+n, size-n
	}
	return nil
}

func (t *table) clear(addr, size int) {
	for size > 0 {
		clear(t.bytes(addr, size))
		n := inChunk(addr, size)
		addr, size = addr+n, size-n
	}
}

func (t *table) write(addr int, data []byte) {
	for len(data) > 0 {
		n := copy(t.bytes(addr, len(data)), data)
		addr, data = addr+n, data[n:]
	}
}

func (t *table) read(addr int, to []byte) {
	for len(to) > 0 {
		n := t.readSome(addr, to)
		addr, to = addr+n, to[n:]
	}
}

// readSome is read up to the end of the chunk, and tells how far that was.
// Where nothing was written yet, all is 0.
func (t *table) readSome(addr int, to []byte) int {
	to = to[:inChunk(addr, len(to))]
	if bytes := t.bytes(addr, len(to)); bytes != nil {
		copy(to, bytes)
	} else {
		clear(to)
	}
	return len(to)
}
