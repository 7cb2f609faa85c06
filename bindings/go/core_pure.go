//go:build !cgo

package mems

import (
	"fmt"
	"math/bits"
	"sync"
	"unsafe"
)

// A core without C; core_cgo.go has what its calls promise. What it knows of
// the space lies outside the space's memory: where segments start, which are
// live, and lists of holes by size, four to a doubling.
type core struct {
	base   unsafe.Pointer // of unit 0
	mu     sync.Mutex     // of all that follows
	units  uint32         // how many there may be
	brk    uint32         // how many were had so far
	growth uint32         // how many are had at a time, at least
	starts bitset
	live   bitset
	taken  bitset // segments that are blocks of take, and slabs

	table  region
	links  []link // of a hole, at its first unit
	lists  [listCount]uint32
	filled [listCount / 64]uint64 // a bit for each list with a hole

	used, peak, dirty, returned int64 // bytes
	blocks, holes, made         int64
	soft, hard                  int64
	above, told                 bool // the soft limit
	roots                       map[string]Addr

	slots slots
}

// Numbers of units, one more than they are; 0: none.
type link struct {
	next, before uint32
}

// withC tells in which way this build has its spaces.
const withC = false

const (
	listCount  = 128
	rootsMost  = 63
	rootLength = 55
)

func wordsAt(r region) []uint64 {
	return unsafe.Slice((*uint64)(r.base), r.size/8)
}

func openCore(r region, o *options) (*core, error) {
	units := uint32(min(r.size/unitSize, 1<<32-1))
	c := &core{
		base: r.base, units: units, growth: growth / unitSize,
		soft: o.soft, hard: o.hard, roots: make(map[string]Addr),
	}
	var err error
	if c.table, err = takeRegion((uintptr(units)*8 + 4095) &^ 4095); err != nil {
		return nil, err
	}
	c.links = unsafe.Slice((*link)(c.table.base), units)
	for _, set := range []*bitset{&c.starts, &c.live, &c.taken} {
		if *set, err = openBitset(units); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

func adoptCore(unsafe.Pointer, Addr) (*core, error) {
	return nil, ErrUnsupported
}

func (c *core) close() {
	c.starts.close()
	c.live.close()
	c.taken.close()
	giveRegion(c.table, c.table.size)
}

func (c *core) depot() Addr            { return 0 }
func (c *core) handle() unsafe.Pointer { return nil }

// -------------------------------------------------------------------- segments

// end is where the segment ends that starts there.
func (c *core) end(unit uint32) uint32 { return c.starts.next(unit+1, c.brk) }

// listOf is where holes of that length hang, or shorter ones.
func listOf(length uint32) int {
	if length < 4 {
		return int(length) - 1
	}
	octave := bits.Len32(length) - 3
	return octave*4 + 3 + int(length>>octave)&3
}

func (c *core) hang(unit, length uint32) {
	list := listOf(length)
	first := c.lists[list]
	c.links[unit] = link{next: first}
	if first != 0 {
		c.links[first-1].before = unit + 1
	}
	c.lists[list] = unit + 1
	c.filled[list/64] |= 1 << (list % 64)
	c.starts.set(unit)
	c.holes++
}

func (c *core) unhang(unit, length uint32) {
	list := listOf(length)
	l := c.links[unit]
	if l.before != 0 {
		c.links[l.before-1].next = l.next
	} else {
		c.lists[list] = l.next
		if l.next == 0 {
			c.filled[list/64] &^= 1 << (list % 64)
		}
	}
	if l.next != 0 {
		c.links[l.next-1].before = l.before
	}
	c.holes--
}

// find is a hole of at least that length, or false. Of a list whose holes may
// be shorter the first few are looked at.
func (c *core) find(length uint32) (unit, found uint32, ok bool) {
	const looks = 8
	list := listOf(length)
	at := c.lists[list]
	for i := 0; i < looks && at != 0; i++ {
		if n := c.end(at-1) - (at - 1); n >= length {
			return at - 1, n, true
		}
		at = c.links[at-1].next
	}
	for word := (list + 1) / 64; word < len(c.filled); word++ {
		some := c.filled[word]
		if word == (list+1)/64 {
			some &= ^uint64(0) << ((list + 1) % 64)
		}
		if some != 0 {
			unit = c.lists[word*64+bits.TrailingZeros64(some)] - 1
			return unit, c.end(unit) - unit, true
		}
	}
	return 0, 0, false
}

// grow has at least that many units more at the end of the space.
func (c *core) grow(length uint32) bool {
	room := c.units - c.brk
	at := c.brk
	if at > 0 {
		if last := c.starts.last(at - 1); !c.live.has(last) {
			at = last
		}
	}
	had := c.brk - at
	if length-had > room {
		return false
	}
	more := min(max(length-had, c.growth), room)
	if had > 0 {
		c.unhang(at, had)
	}
	c.brk += more
	c.hang(at, had+more)
	return true
}

func (c *core) alloc(size, alignment uintptr) (Addr, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	unit, err := c.cut(size, alignment)
	if err != nil {
		return 0, err
	}
	return addrOf(unit), nil
}

func addrOf(unit uint32) Addr { return Addr(unit)*unitSize + FirstAddr }

// unitAt is the unit that begins at an address of the space.
func (c *core) unitAt(addr Addr) (uint32, bool) {
	offset := uint64(addr - FirstAddr)
	if offset%unitSize != 0 || offset/unitSize >= uint64(c.brk) {
		return 0, false
	}
	return uint32(offset / unitSize), true
}

// cut makes a live segment of that size. Alignments are those of the memory.
func (c *core) cut(size, alignment uintptr) (uint32, error) {
	if size > uintptr(c.units)*unitSize ||
		alignment > uintptr(c.units)*unitSize {
		return 0, ErrNoMemory
	}
	length := uint32((size + unitSize - 1) / unitSize)
	ahead := uint32(0) // units that the right place may be behind a hole's start
	if alignment > unitSize {
		ahead = uint32(alignment/unitSize) - 1
	}
	bytes := int64(length) * unitSize
	if uint64(length)+uint64(ahead) > uint64(c.units) ||
		(c.hard > 0 && c.used+bytes > c.hard) {
		return 0, ErrNoMemory
	}
	unit, found, ok := c.find(length + ahead)
	if !ok {
		if !c.grow(length + ahead) {
			return 0, ErrNoMemory
		}
		unit, found, _ = c.find(length + ahead)
	}
	c.unhang(unit, found)
	if ahead > 0 {
		at := uintptr(c.base) + uintptr(unit)*unitSize
		skip := uint32((-at & (alignment - 1)) / unitSize)
		if skip > 0 {
			c.hang(unit, skip)
			unit, found = unit+skip, found-skip
		}
	}
	if found > length {
		c.hang(unit+length, found-length)
	}
	c.starts.set(unit)
	c.live.set(unit)
	c.blocks++
	c.made++
	c.use(bytes)
	return unit, nil
}

// cutSlab makes a live segment of a slab's length at a multiple of it.
func (c *core) cutSlab() (uint32, error) {
	const bytes = slabUnits * unitSize
	unit, err := c.cut(2*bytes-unitSize, 1)
	if err != nil {
		return 0, err
	}
	at := (unit + slabUnits - 1) &^ (slabUnits - 1)
	if at > unit {
		c.split(unit, at)
		c.join(unit)
	}
	if c.end(at) > at+slabUnits {
		c.split(at, at+slabUnits)
		c.join(at + slabUnits)
	}
	return at, nil
}

// split makes two live segments of one.
func (c *core) split(unit, at uint32) {
	c.starts.set(at)
	c.live.set(at)
	c.blocks++
	c.made++
}

// use counts bytes that were taken into use, or given up.
func (c *core) use(bytes int64) {
	c.used += bytes
	c.peak = max(c.peak, c.used)
	above := c.soft > 0 && c.used > c.soft
	if above && !c.above {
		c.told = true
	}
	c.above = above
}

func (c *core) free(addr Addr) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	unit, ok := c.unitAt(addr)
	if !ok || !c.live.has(unit) || c.taken.has(unit) {
		return ErrNotOwned
	}
	c.join(unit)
	return nil
}

// join makes a live segment a hole, one with its neighbours that are holes.
func (c *core) join(unit uint32) {
	end := c.end(unit)
	bytes := int64(end-unit) * unitSize
	c.live.unset(unit)
	c.taken.unset(unit)
	c.blocks--
	c.use(-bytes)
	if end < c.brk && !c.live.has(end) {
		next := c.end(end)
		c.unhang(end, next-end)
		c.starts.unset(end)
		end = next
	}
	if unit > 0 {
		if last := c.starts.last(unit - 1); !c.live.has(last) {
			c.unhang(last, unit-last)
			c.starts.unset(unit)
			unit = last
		}
	}
	c.hang(unit, end-unit)
	c.dirty += bytes
	// By itself, as spaces of C do, but seldom.
	if c.dirty > 16<<20+c.used/4 {
		c.discard()
	}
}

func (c *core) resize(addr Addr, size uintptr) (Addr, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	unit, ok := c.unitAt(addr)
	if !ok || !c.live.has(unit) || c.taken.has(unit) {
		return 0, ErrNotOwned
	}
	had := uintptr(c.end(unit)-unit) * unitSize
	if size <= had && had-size < unitSize {
		return addr, nil
	}
	moved, err := c.cut(size, 1)
	if err != nil {
		return 0, err
	}
	n := min(size, had)
	copy(c.bytes(moved, n), c.bytes(unit, n))
	c.join(unit)
	return addrOf(moved), nil
}

func (c *core) bytes(unit uint32, size uintptr) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(c.base,
		uintptr(unit)*unitSize)), size)
}

func (c *core) usable(addr Addr) uintptr {
	c.mu.Lock()
	defer c.mu.Unlock()
	unit, ok := c.unitAt(addr)
	if !ok || !c.live.has(unit) {
		return 0
	}
	return uintptr(c.end(unit)-unit) * unitSize
}

func (c *core) contains(addr Addr) bool { return c.room(addr) > 0 }

// room is how many bytes there are from there to the end of a live segment.
func (c *core) room(addr Addr) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	offset := uint64(addr - FirstAddr)
	if offset >= uint64(c.brk)*unitSize {
		return 0
	}
	unit := c.starts.last(uint32(offset / unitSize))
	if !c.live.has(unit) {
		return 0
	}
	return uint64(c.end(unit))*unitSize - offset
}

func (c *core) read(addr Addr, to []byte) error {
	if room := c.room(addr); room == 0 || uint64(len(to)) > room {
		return ErrRange
	}
	copy(to, c.at(addr, len(to)))
	return nil
}

func (c *core) write(addr Addr, from []byte) error {
	if room := c.room(addr); room == 0 || uint64(len(from)) > room {
		return ErrRange
	}
	copy(c.at(addr, len(from)), from)
	return nil
}

func (c *core) at(addr Addr, size int) []byte {
	return unsafe.Slice((*byte)(unsafe.Add(c.base,
		uintptr(addr-FirstAddr))), size)
}

// ------------------------------------------------------------------- the whole

func (c *core) limit(soft, hard int64) error {
	if soft > 0 && hard > 0 && soft > hard {
		return ErrOption
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.soft, c.hard = soft, hard
	c.above, c.told = soft > 0 && c.used > soft, false
	return nil
}

func (c *core) crossed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	told := c.told
	c.told = false
	return told
}

func (c *core) trim() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.slots.shrink(c)
	return c.discard()
}

// discard gives the whole pages of holes back to the system.
func (c *core) discard() int64 {
	const page = 4096
	returned := int64(0)
	for unit := uint32(0); unit < c.brk; unit = c.end(unit) {
		if c.live.has(unit) {
			continue
		}
		from := (uintptr(unit)*unitSize + page - 1) &^ (page - 1)
		to := uintptr(c.end(unit)) * unitSize &^ (page - 1)
		if to > from {
			discard(unsafe.Add(c.base, from), to-from, 0)
			returned += int64(to - from)
		}
	}
	c.dirty = 0
	c.returned += returned
	return returned
}

func (c *core) inUse() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.used
}

func (c *core) stats() coreStats {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := coreStats{
		maximum: int64(c.units) * unitSize, mapped: int64(c.brk) * unitSize,
		used: c.used, peak: c.peak, blocks: c.blocks, holes: c.holes,
		returned: c.returned, soft: c.soft, hard: c.hard,
		wanted: int64(c.units) * unitSize, growth: growth,
		metadata: int64(c.brk)*3/8 + c.holes*8, granule: unitSize, allocations: c.made, frees: c.made - c.blocks,
		held: c.slots.held, slotsUsed: c.slots.bytes,
		slots: c.slots.blocks, slabs: c.slots.slabs,
	}
	if c.brk > 0 {
		s.nodes = 1
	}
	for list := listCount - 1; list >= 0 && s.largestHole == 0; list-- {
		for at := c.lists[list]; at != 0; at = c.links[at-1].next {
			s.largestHole = max(s.largestHole,
				int64(c.end(at-1)-(at-1))*unitSize)
		}
	}
	return s
}

func (c *core) segments() []Segment {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.brk == 0 {
		return nil
	}
	list := []Segment{{FirstAddr, int64(c.brk) * unitSize, 0, Node}}
	for unit := uint32(0); unit < c.brk; unit = c.end(unit) {
		kind := Hole
		if c.live.has(unit) {
			kind = Process
		}
		list = append(list, Segment{addrOf(unit),
			int64(c.end(unit)-unit) * unitSize, 0, kind})
	}
	return list
}

func (c *core) verify() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	broken := func(what string, unit uint32) (string, error) {
		return fmt.Sprintf("%s at %d", what, addrOf(unit)), ErrBroken
	}
	var used, blocks, holes int64
	wasHole := false
	if c.brk > 0 && !c.starts.has(0) {
		return broken("nothing starts", 0)
	}
	for unit := uint32(0); unit < c.brk; unit = c.end(unit) {
		length := c.end(unit) - unit
		if c.live.has(unit) {
			used += int64(length) * unitSize
			blocks++
			wasHole = false
			continue
		}
		if wasHole {
			return broken("two holes are neighbours", unit)
		}
		wasHole = true
		holes++
		l := c.links[unit]
		if l.before == 0 && c.lists[listOf(length)] != unit+1 ||
			l.before != 0 && c.links[l.before-1].next != unit+1 {
			return broken("a hole is in no list", unit)
		}
	}
	if used != c.used || blocks != c.blocks || holes != c.holes {
		return broken("the counts are wrong", 0)
	}
	return c.slots.verify(c)
}

func (c *core) setRoot(name string, addr Addr) error {
	if name == "" || len(name) > rootLength {
		return ErrOption
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.roots[name]; !ok && len(c.roots) == rootsMost {
		return ErrNoMemory
	}
	c.roots[name] = addr
	return nil
}

func (c *core) root(name string) (Addr, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	addr, ok := c.roots[name]
	if !ok {
		return 0, ErrNotOwned
	}
	return addr, nil
}

func (c *core) removeRoot(name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.roots[name]; !ok {
		return ErrNotOwned
	}
	delete(c.roots, name)
	return nil
}
