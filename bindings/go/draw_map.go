package mems

// The picture of a large space: a map of equal cells, row by row in the order of
// addresses, each as dark as its part is full.

const (
	mapColumns = 64
	mapMost    = 64 * mapColumns
	mapLeft    = 126
	cellLeast  = 16 // bytes; less is a block or a hole
	cellPitch  = 13
	shades     = 6 // empty, and five of a fifth each
)

// A drawnMap is what the cells hold.
type drawnMap struct {
	*picture
	perCell int64   // bytes
	used    []int64 // of each cell, in blocks
	begins  []bool  // whether a node begins in it; nil: not to be shown
}

func (p *picture) cells() {
	m := drawnMap{picture: p, perCell: cellLeast}
	// By doubling, so that pages and rows begin together.
	for (p.stats.Mapped-1)/mapMost >= m.perCell {
		m.perCell *= 2
	}
	cells := (p.stats.Mapped-1)/m.perCell + 1
	m.used = make([]int64, cells)
	// Marks for every cell would hide what the cells show.
	if p.stats.Nodes > 1 && p.stats.Nodes <= cells/4 {
		m.begins = make([]bool, cells)
	}
	for _, s := range p.segments {
		m.add(s)
	}
	p.head(drawTop + int((cells-1)/mapColumns+1)*cellPitch + 24)
	m.legend()
	for first := 0; first < len(m.used); first += mapColumns {
		m.row(first, min(first+mapColumns, len(m.used)))
	}
}

func (m *drawnMap) add(s Segment) {
	offset, left := int64(s.Addr-FirstAddr), s.Size
	if s.Kind == Node && m.begins != nil {
		m.begins[offset/m.perCell] = true
	}
	for s.Kind == Process && left > 0 {
		part := min(m.perCell-offset%m.perCell, left)
		m.used[offset/m.perCell] += part
		offset += part
		left -= part
	}
}

// held is how many bytes the cells have; the last may have fewer.
func (m *drawnMap) held(first, end int) int64 {
	return min(int64(end)*m.perCell, m.stats.Mapped) - int64(first)*m.perCell
}

// shade is rounded up: only a cell without any block counts as empty.
func (m *drawnMap) shade(cell int) int {
	held := m.held(cell, cell+1)
	return int((m.used[cell]*(shades-1) + held - 1) / held)
}

func (m *drawnMap) legend() {
	const top, line = drawLegend - 6, drawLegend + 4
	m.text("<text class=\"e\" x=\"60\" y=\"%d\">empty</text>"+
		"<path class=\"h\" d=\"M66.5 %d.5h11v11h-11z\"/>\n", line, top)
	for shade := 1; shade < shades; shade++ {
		m.text("<path class=\"f%d\" d=\"M%d %dh12v12h-12z\"/>\n", shade,
			66+shade*cellPitch, top)
	}
	m.text("<text x=\"150\" y=\"%d\">full, in fifths</text>\n"+
		"<text x=\"240\" y=\"%d\">a cell is %s, a row %s</text>\n", line,
		line, ofBytes(m.perCell), ofBytes(m.perCell*mapColumns))
	if m.begins != nil {
		m.text("<path class=\"l\" stroke-width=\"2\" d=\"M560 %dv12\"/>"+
			"<text x=\"568\" y=\"%d\">a node begins</text>\n", top, line)
	}
}

func (m *drawnMap) row(first, end int) {
	y := drawTop + first/mapColumns*cellPitch
	addr := FirstAddr + Addr(int64(first)*m.perCell)
	held, used := m.held(first, end), int64(0)
	for _, bytes := range m.used[first:end] {
		used += bytes
	}
	percent := share(used, held, 100)
	m.text("<g><title>[%d:%d] %d %% used</title>"+
		"<text class=\"a e\" x=\"118\" y=\"%d\">%d</text>"+
		"<text class=\"a e\" x=\"994\" y=\"%d\">%d %%</text>\n",
		addr, addr+Addr(held)-1, percent, y+10, addr, y+10, percent)
	m.path("class=\"h\"", "M%d.5 %d.5h11v11h-11z", first, end, y,
		func(cell int) bool { return m.shade(cell) == 0 })
	for shade := 1; shade < shades; shade++ {
		m.path("class=\"f"+string(rune('0'+shade))+"\"",
			"M%d %dh12v12h-12z", first, end, y,
			func(cell int) bool { return m.shade(cell) == shade })
	}
	if m.begins != nil {
		m.path("class=\"l\" stroke-width=\"2\"", "M%d %dv12", first, end, y,
			func(cell int) bool { return m.begins[cell] })
	}
	m.text("</g>\n")
}

// path draws the same sign for all cells of a row that are wanted.
func (m *drawnMap) path(class, sign string, first, end, y int,
	wanted func(cell int) bool) {
	begun := false
	for cell := first; cell < end; cell++ {
		if !wanted(cell) {
			continue
		}
		if !begun {
			m.text("<path %s d=\"", class)
			begun = true
		}
		m.text(sign, mapLeft+(cell-first)*cellPitch, y)
	}
	if begun {
		m.text("\"/>\n")
	}
}
