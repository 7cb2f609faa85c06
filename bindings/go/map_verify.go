package mems

import "fmt"

// Verify checks all of the map's own state; the error says what is broken. It
// reads only, so others may read meanwhile.
func (m *Map[K, V]) Verify() error {
	if m.heap == nil {
		return ErrClosed
	}
	broken := func(what string, args ...any) error {
		return fmt.Errorf("mems: map: "+what+": %w", append(args, ErrBroken)...)
	}
	if len(m.tables) != 0 && len(m.tables) != 1<<m.depth {
		return broken("%d tables of depth %d", len(m.tables), m.depth)
	}
	seen := make([]uint64, (m.records.made+63)/64)
	found, err := 0, error(nil)
	m.eachTable(func(first int, unit uint32) bool {
		t := (*table)(m.heap.pointer(unit))
		if t.depth > m.depth || first%(1<<(m.depth-t.depth)) != 0 {
			err = broken("table %d has depth %d", first, t.depth)
			return false
		}
		for i := range 1 << (m.depth - t.depth) {
			if m.tables[first+i] != unit {
				err = broken("place %d leads elsewhere", first+i)
				return false
			}
		}
		var count uint32
		var passed [tableGroups]uint64
		for i := range t.groups {
			g := &t.groups[i]
			for slot := range uint(groupSize) {
				tag := g.tag(slot)
				if tag == 0 {
					continue
				}
				count++
				number := g.records[slot]
				if !m.records.isLive(m.heap, number) ||
					seen[number/64]>>(number%64)&1 == 1 {
					err = broken("record %d is not live, or twice there", number)
					return false
				}
				seen[number/64] |= 1 << (number % 64)
				key := m.record(number).key
				if key != key {
					// The hash of a NaN is another each time: its way here
					// is not known, nor ever gone.
					passed[i] = 1 << 32
					continue
				}
				hash := m.hash(key)
				if m.table(hash) != t || tagOf(hash) != uint64(tag) {
					err = broken("record %d is in a wrong place", number)
					return false
				}
				for j := groupOf(hash); j != uint32(i); j = (j + 1) % tableGroups {
					passed[j]++
				}
			}
		}
		for i := range t.groups {
			// Only more than needed does no harm, as NaNs leave it.
			if t.groups[i].passed() < passed[i]&lowerHalf {
				err = broken("group %d of table %d was passed", i, first)
				return false
			}
		}
		if count != t.count {
			err = broken("table %d has %d records, not %d", first, count, t.count)
			return false
		}
		found += int(count)
		return true
	})
	if err != nil {
		return err
	}
	if found != m.live || uint64(found)+uint64(m.records.freed) != m.records.made {
		return broken("%d records, of which %d are free, for %d keys",
			m.records.made, m.records.freed, m.live)
	}
	return m.verifyFree(broken)
}

func (m *Map[K, V]) verifyFree(broken func(string, ...any) error) error {
	r := &m.records
	next := r.free
	for range r.freed {
		if next == 0 || uint64(next) > r.made || r.isLive(m.heap, next-1) {
			return broken("record %d is not free", next-1)
		}
		next = *(*uint32)(r.at(m.heap, next-1))
	}
	if next != 0 {
		return broken("more records are free than were freed")
	}
	return nil
}
