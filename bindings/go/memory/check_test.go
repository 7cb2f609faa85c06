package memory

import "fmt"

// Check tells what is wrong with the memory's own state, and gives its holes in
// the order of their addresses, the one above all blocks too.
func (m *Memory) Check() ([][2]int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list [][2]int
	counts := map[int]int{}
	before := live
	for addr := 0; addr < m.top; {
		is, end := m.table.get(addr), m.table.next(addr+1)
		switch {
		case is != live && is != free:
			return nil, fmt.Errorf("mark %d at %d", is, addr)
		case is == free && before == free:
			return nil, fmt.Errorf("two holes meet at %d", addr)
		case m.table.prev(end) != addr:
			return nil, fmt.Errorf("%d is not before %d", addr, end)
		case is == free:
			list = append(list, [2]int{addr, end - addr})
			counts[end-addr]++
			if !m.holes.knows(addr, end-addr) {
				return nil, fmt.Errorf("a hole of %d at %d is lost",
					end-addr, addr)
			}
		}
		before, addr = is, end
	}
	if before == free {
		return nil, fmt.Errorf("a hole lies below the top")
	}
	for size := range m.holes.bins {
		count := m.holes.bins[size].count
		if count != counts[size] {
			return nil, fmt.Errorf("%d holes of %d, not %d",
				counts[size], size, count)
		}
		bit := m.holes.filled[size/64].Load() >> (size % 64) & 1
		if (bit == 1) != (count > 0) {
			return nil, fmt.Errorf("bit of %d is wrong", size)
		}
	}
	if m.top < m.most {
		list = append(list, [2]int{m.top, m.most - m.top})
	}
	return list, nil
}

func (h *holes) knows(addr, size int) bool {
	if size >= smallMost {
		low, high := h.tree.split(h.tree.root, addr, size)
		at, length := 0, 0
		for i := high; i != 0; i = h.tree.nodes[i].left {
			at, length = h.tree.nodes[i].addr, h.tree.nodes[i].size
		}
		h.tree.root = h.tree.join(low, high)
		return at == addr && length == size
	}
	for _, at := range h.bins[size].heap {
		if at == addr {
			return true
		}
	}
	return false
}
