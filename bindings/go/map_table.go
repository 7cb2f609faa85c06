package mems

import "math/bits"

// A table tells where the records of some hashes are: of all that begin with
// the same bits. Its groups are lines of the cache, in one of which a key is
// mostly found, or found to be missing.
type table struct {
	count  uint32
	depth  uint8 // how many bits all its hashes begin with
	_      [cacheLine - 5]byte
	groups [tableGroups]group
}

// A group has tags, which are 8 bits of hashes, and the numbers of their
// records. A record that found its group full lies in one behind it, and all
// those on the way count it: a search ends at a group that none has passed, and
// nothing is left behind when a record is removed.
type group struct {
	tags    [2]uint64 // 8 and 4; 0: free. The upper half of the second counts
	records [groupSize]uint32
}

const (
	tableGroups = 128
	groupSize   = 12
	tableMost   = tableGroups * groupSize * 7 / 8
	tableBytes  = cacheLine * (1 + tableGroups)
	deepest     = 32 // bits of a hash: the lowest 15 choose a group and a tag

	everyByte = 0x0101010101010101
	passedOne = 1 << 32
	lowerHalf = passedOne - 1
)

func groupOf(hash uint64) uint32 { return uint32(hash) % tableGroups }

func tagOf(hash uint64) uint64 { return max(hash>>7&0xff, 1) }

func (g *group) tag(slot uint) uint8 {
	return uint8(g.tags[slot/8] >> (slot % 8 * 8))
}

func (g *group) setTag(slot uint, tag uint64) {
	shift := slot % 8 * 8
	g.tags[slot/8] = g.tags[slot/8]&^(0xff<<shift) | tag<<shift
}

func (g *group) passed() uint64 { return g.tags[1] >> 32 }

// zeros has the upper bit of every byte that is 0; bits above the lowest may be
// wrong.
func zeros(word uint64) uint64 {
	return (word - everyByte) &^ word & (everyByte << 7)
}

// A place is a slot of a table.
type place struct {
	group uint32
	slot  uint
}

// A search goes through the records that may have a hash.
type search struct {
	table *table
	tags  uint64 // the tag in every byte
	first uint64 // matches in 8 tags
	rest  uint64 // matches in 4
	group uint32
}

func (t *table) search(hash uint64) search {
	s := search{table: t, tags: tagOf(hash) * everyByte, group: groupOf(hash)}
	s.look()
	return s
}

func (s *search) look() {
	g := &s.table.groups[s.group%tableGroups]
	s.first = zeros(g.tags[0] ^ s.tags)
	s.rest = zeros(g.tags[1]^s.tags) & lowerHalf
}

// more tells if there is another, and goes to it.
func (s *search) more() bool {
	for s.first|s.rest == 0 {
		if s.table.groups[s.group%tableGroups].passed() == 0 {
			return false
		}
		s.group++
		s.look()
	}
	return true
}

func (s *search) place() place {
	slot := uint(bits.TrailingZeros64(s.first)) / 8
	if s.first == 0 {
		slot = 8 + uint(bits.TrailingZeros64(s.rest))/8
	}
	return place{s.group % tableGroups, slot}
}

func (s *search) record() uint32 {
	p := s.place()
	return s.table.groups[p.group].records[p.slot%groupSize]
}

func (s *search) next() {
	if s.first != 0 {
		s.first &= s.first - 1
	} else {
		s.rest &= s.rest - 1
	}
}

// insert puts a record into the first free slot on its way; there is one.
func (t *table) insert(hash uint64, record uint32) {
	for i := groupOf(hash); ; i++ {
		g := &t.groups[i%tableGroups]
		slot := uint(bits.TrailingZeros64(zeros(g.tags[0]))) / 8
		if slot == 8 {
			slot += uint(bits.TrailingZeros64(zeros(g.tags[1]))) / 8
		}
		if slot < groupSize {
			g.setTag(slot, tagOf(hash))
			g.records[slot] = record
			t.count++
			return
		}
		g.tags[1] += passedOne
	}
}

// remove frees a place that has a record of this hash, and gives its number.
func (t *table) remove(hash uint64, at place) uint32 {
	for i := groupOf(hash); i != at.group; i = (i + 1) % tableGroups {
		t.groups[i].tags[1] -= passedOne
	}
	g := &t.groups[at.group]
	g.setTag(at.slot, 0)
	t.count--
	return g.records[at.slot]
}
