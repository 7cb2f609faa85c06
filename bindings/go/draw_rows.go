package mems

// The picture of a small space: the main chain downwards, each node's sub-chain
// to the right, to scale, going on in further rows when it is long.

const (
	barLeft   px = 62
	barWidth  px = 914
	barHeight    = 26
	barPitch     = 46 // from one row of a node to its next
	nodeHead     = 24 // the line above a node
	labelEnd  px = 994
	digitWide px = 6.5 // of the widest likely font
)

func (p *picture) rows() {
	scale := p.scale()
	rows := p.rowsFor(scale)
	p.head(drawTop + rows*barPitch + int(p.stats.Nodes)*nodeHead + 20)
	p.rowsLegend(scale)
	y := drawTop
	for i := 0; i < len(p.segments); {
		end := i + 1
		for end < len(p.segments) && p.segments[end].Kind != Node {
			end++
		}
		n := drawnNode{picture: p, Segment: p.segments[i],
			perRow: nodeScale(scale, p.segments[i].Size), y: y + nodeHead}
		y = n.draw(p.segments[i+1:end], scale, end == len(p.segments))
		i = end
	}
}

func (p *picture) rowsFor(scale int64) int {
	rows := int64(0)
	for _, s := range p.segments {
		if s.Kind == Node {
			rows += (s.Size-1)/nodeScale(scale, s.Size) + 1
		}
	}
	return int(rows)
}

// scale is how many bytes a full row has: as few as let six or so segments share
// a row, within the rows of a page. Half as many rows again as nodes are always
// allowed, so that one long node does not make the others narrow. Of 16, 20, 24,
// 28, 32, 40 and so on, four to each doubling: few pages then fill whole rows.
func (p *picture) scale() int64 {
	c := &p.stats
	wanted := min(max((c.Blocks+c.Holes)/6, c.Nodes+c.Nodes/2), drawRows)
	scale, step := int64(16), int64(4)
	for int64(p.rowsFor(scale)) > wanted {
		scale += step
		if scale == 8*step {
			step *= 2
		}
	}
	return scale
}

// nodeScale is how many bytes a row has in a node of this size. Beside a large
// node a small one would be a line; it is shown wider, by a power of two, and
// its heading says so.
func nodeScale(scale, size int64) int64 {
	if size <= scale/16 {
		for size < scale/4 {
			scale /= 2
		}
	}
	return scale
}

func (p *picture) rowsLegend(scale int64) {
	bytes := int64(1)
	for bytes <= scale/12 {
		bytes *= 2
	}
	width := px(bytes) / px(scale) * barWidth
	const top, line = drawLegend - 6, drawLegend + 4
	p.text("<path class=\"p\" d=\"M24 %dh26v12h-26z\"/>"+
		"<text x=\"57\" y=\"%d\">PROCESS: in use</text>\n", top, line)
	p.text("<path class=\"h\" d=\"M168.5 %d.5h25v11h-25z\"/>"+
		"<text x=\"201\" y=\"%d\">HOLE: free</text>\n", top, line)
	p.text("<path class=\"l\" d=\"M284.5 %dv12m-3-5l3 5l3-5\"/>"+
		"<text x=\"294\" y=\"%d\">next node of the main chain</text>\n",
		top, line)
	p.text("<path class=\"l\" d=\"M480.5 %dv8m0-4h%vm0-4v8\"/>"+
		"<text x=\"%v\" y=\"%d\">%s; a full row is %s</text>\n",
		drawLegend-4, width, 488.5+width, line, ofBytes(bytes),
		ofBytes(scale))
}

// A drawnNode is the node at hand, and the row of it.
type drawnNode struct {
	*picture
	Segment
	perRow   int64
	y        int // top of the row
	labelled px  // where the row's last label ends
}

// draw gives the y behind the node.
func (n *drawnNode) draw(segments []Segment, scale int64, isLast bool) int {
	first := n.y
	n.text("<text x=\"%v\" y=\"%d\">MAIN[%d:%d]<tspan class=\"g\" "+
		"dx=\"10\">%s, %s", barLeft, first-6, n.Addr, n.last(),
		ofBytes(n.Size), counted(int64(len(segments)), "segment"))
	if n.perRow < scale {
		n.text(", shown %d times wider", scale/n.perRow)
	}
	n.text("</tspan></text>\n")
	n.text("<path class=\"l\" d=\"M24.5 %d.5h26v25h-26zm26 12.5h%v\"/>"+
		"<text class=\"m\" x=\"37.5\" y=\"%d\">%d</text>\n",
		first, barLeft-50.5, first+17, n.Node+1)
	for _, s := range segments {
		n.segment(s)
	}
	x := n.xOf((n.Size-1)%n.perRow + 1)
	if n.labelled+labelWidth(n.last()) <= x {
		n.text("<text class=\"a e\" x=\"%v\" y=\"%d\">%d</text>\n", x,
			n.y+barHeight+12, n.last())
	}
	if !isLast {
		n.text("<path class=\"l\" d=\"M37.5 %dV%dm-3-5l3 5l3-5\"/>\n",
			first+barHeight, n.y+barPitch+nodeHead-1)
	}
	return n.y + barPitch
}

// xOf is where so many bytes of a row end.
func (n *drawnNode) xOf(bytes int64) px {
	return barLeft + px(bytes)/px(n.perRow)*barWidth
}

func labelWidth(addr Addr) px {
	width := digitWide
	for ; addr >= 10; addr /= 10 {
		width += digitWide
	}
	return width
}

func (n *drawnNode) segment(s Segment) {
	offset, left := int64(s.Addr-n.Addr), s.Size
	sized := false
	for left > 0 {
		inRow := offset % n.perRow
		if inRow == 0 && offset > 0 {
			n.y += barPitch
			n.labelled = 0
		}
		part := min(n.perRow-inRow, left)
		x, end := n.xOf(inRow), n.xOf(inRow+part)
		n.piece(s, x, end, part < left)
		n.border(x, n.Addr+Addr(offset))
		sized = sized || n.size(s, x, end)
		offset += part
		left -= part
	}
}

// piece is the part of a segment in a row. Wide ones keep a small distance, and
// holes have an outline; in narrow ones that would be all there is to see. A
// segment that goes on in the next row points there.
func (n *drawnNode) piece(s Segment, x, end px, goesOn bool) {
	width, y, height := max(end-x, 0.5), px(n.y), px(barHeight)
	class := "p"
	switch {
	case s.Kind == Process && width >= 4:
		x, width = x+0.5, width-1
	case s.Kind == Process:
	case width >= 4:
		class = "h"
		x, width, y, height = x+1, width-2, y+0.5, height-1
	default:
		class = "n"
	}
	n.text("<path class=\"%s\" d=\"M%v %vh%v", class, x, y, width)
	if goesOn {
		n.text("l6 %vl-6 %v", height/2, height/2)
	} else {
		n.text("v%v", height)
	}
	n.text("h-%vz\"><title>%s [%d:%d] %s</title></path>\n", width, s.Kind,
		s.Addr, s.last(), ofBytes(s.Size))
}

// border puts the address under one, unless the last label is in its way.
func (n *drawnNode) border(x px, addr Addr) {
	width := labelWidth(addr)
	if x < n.labelled || x+width > labelEnd {
		return
	}
	n.text("<text class=\"a\" x=\"%v\" y=\"%d\">%d</text>\n", x,
		n.y+barHeight+12, addr)
	n.labelled = x + width + digitWide
}

// size puts the segment's size in the middle of a piece, if it fits.
func (n *drawnNode) size(s Segment, x, end px) bool {
	label := ofBytes(s.Size)
	if s.Size < 16384 && end-x < px(len(label))*digitWide+6 {
		label = label[:len(label)-len(" bytes")]
	}
	if end-x < px(len(label))*digitWide+6 {
		return false
	}
	class := "w"
	if s.Kind == Hole {
		class = "g m"
	}
	n.text("<text class=\"%s\" x=\"%v\" y=\"%d\">%s</text>\n", class,
		(x+end)/2, n.y+17, label)
	return true
}
