//go:build !cgo

package mems

import (
	"fmt"
	"math/bits"
)

// Slots of a core without C: blocks up to smallMost lie in slabs, segments of
// 64 KiB with slots of one class; larger ones are segments of their own.
type slots struct {
	at      map[uint32]*slab // by the slab's first unit
	partial [classCount][]*slab

	held, bytes, blocks, slabs int64
}

const slabUnits = 64 << 10 / unitSize

type slab struct {
	unit  uint32
	class uint32
	count uint32 // of slots
	used  uint32
	free  [slabUnits / 64]uint64 // a bit for each free slot
	place int                    // in partial, or -1
}

// around is the slab that has the unit in it, or nil.
func (s *slots) around(unit uint32) *slab { return s.at[unit&^(slabUnits-1)] }

func (c *core) take(size uintptr, units []uint32) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.slots
	for n := range units {
		if size > smallMost {
			unit, err := c.cut(size, 1)
			if err != nil {
				return n
			}
			units[n] = unit
			c.taken.set(unit)
			s.count(c, unit, 1)
			continue
		}
		class := classOf(size)
		if len(s.partial[class]) == 0 && !s.add(c, class) {
			return n
		}
		list := s.partial[class]
		units[n] = s.pop(list[len(list)-1])
	}
	return len(units)
}

// count counts a segment that is a block.
func (s *slots) count(c *core, unit uint32, sign int64) {
	bytes := int64(c.end(unit)-unit) * unitSize
	s.held += sign * bytes
	s.bytes += sign * bytes
	s.blocks += sign
}

// add makes a slab, which is its class's only one with free slots.
func (s *slots) add(c *core, class uint32) bool {
	// Where the data begins decides which multiples of 64 KiB are units'.
	unit, err := c.cutSlab()
	if err != nil {
		return false
	}
	if s.at == nil {
		s.at = make(map[uint32]*slab)
	}
	b := &slab{unit: unit, class: class,
		count: slabUnits * unitSize / classSizes[class]}
	for i := range b.count {
		b.free[i/64] |= 1 << (i % 64)
	}
	s.at[unit] = b
	c.taken.set(unit)
	s.slabs++
	s.held += slabUnits * unitSize
	s.show(b)
	return true
}

func (s *slots) show(b *slab) {
	b.place = len(s.partial[b.class])
	s.partial[b.class] = append(s.partial[b.class], b)
}

func (s *slots) hide(b *slab) {
	list := s.partial[b.class]
	last := list[len(list)-1]
	list[b.place] = last
	last.place = b.place
	s.partial[b.class] = list[:len(list)-1]
	b.place = -1
}

func (s *slots) pop(b *slab) uint32 {
	for i := range b.free {
		if b.free[i] == 0 {
			continue
		}
		slot := uint32(i*64 + bits.TrailingZeros64(b.free[i]))
		b.free[i] &= b.free[i] - 1
		b.used++
		if b.used == b.count {
			s.hide(b)
		}
		s.bytes += int64(classSizes[b.class])
		s.blocks++
		return b.unit + slot*classSizes[b.class]/unitSize
	}
	panic("mems: a slab without free slots is shown as one with")
}

// slotOf is the slot in use that begins at the unit.
func (b *slab) slotOf(unit uint32) (uint32, bool) {
	size := classSizes[b.class] / unitSize
	slot := (unit - b.unit) / size
	return slot, (unit-b.unit)%size == 0 && slot < b.count &&
		b.free[slot/64]>>(slot%64)&1 == 0
}

func (c *core) give(units []uint32) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var wrong error
	for _, unit := range units {
		if !c.slots.push(c, unit) {
			wrong = ErrNotOwned
		}
	}
	return wrong
}

func (s *slots) push(c *core, unit uint32) bool {
	b := s.around(unit)
	if b == nil {
		if unit >= c.brk || !c.taken.has(unit) {
			return false
		}
		s.count(c, unit, -1)
		c.join(unit)
		return true
	}
	slot, ok := b.slotOf(unit)
	if !ok {
		return false
	}
	b.free[slot/64] |= 1 << (slot % 64)
	s.bytes -= int64(classSizes[b.class])
	s.blocks--
	if b.used--; b.used == b.count-1 {
		s.show(b)
	}
	// One that is empty stays if it is the only one with free slots.
	if b.used == 0 && len(s.partial[b.class]) > 1 {
		s.drop(c, b)
	}
	return true
}

func (s *slots) drop(c *core, b *slab) {
	s.hide(b)
	delete(s.at, b.unit)
	s.slabs--
	s.held -= slabUnits * unitSize
	c.join(b.unit)
}

// shrink gives all empty slabs back.
func (s *slots) shrink(c *core) {
	for class := range s.partial {
		for i := len(s.partial[class]) - 1; i >= 0; i-- {
			if b := s.partial[class][i]; b.used == 0 {
				s.drop(c, b)
			}
		}
	}
}

func (c *core) blockSize(unit uint32) uintptr {
	c.mu.Lock()
	defer c.mu.Unlock()
	if b := c.slots.around(unit); b != nil {
		if _, ok := b.slotOf(unit); ok {
			return uintptr(classSizes[b.class])
		}
		return 0
	}
	if unit >= c.brk || !c.taken.has(unit) {
		return 0
	}
	return uintptr(c.end(unit)-unit) * unitSize
}

func (s *slots) verify(c *core) (string, error) {
	for unit, b := range s.at {
		free := uint32(0)
		for _, word := range b.free {
			free += uint32(bits.OnesCount64(word))
		}
		if unit != b.unit || !c.live.has(unit) || free != b.count-b.used ||
			(free == 0) != (b.place < 0) {
			return fmt.Sprintf("a slab is wrong at %d", addrOf(unit)),
				ErrBroken
		}
	}
	return "", nil
}
