package mems

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// A small space is drawn segment by segment, a large one as a map of cells.
// Everything is told apart by lightness, so it survives grey printers and any
// eye. Class names hold only inside .mems, and there are no ids, so several
// pictures can stand in one page.

const (
	// Up to so many nodes and segments, each is shown: more would be neither
	// legible nor a small file.
	drawRows     = 40
	drawSegments = 1000

	drawTop    = 124 // y of what follows head and legend
	drawLegend = 91  // y of the middle of the legend's signs
)

const drawStyle = `<style>` +
	`.mems .t{font-size:19px;font-weight:bold}` +
	`.mems .q{fill:#57606a;font-size:12px}` +
	`.mems .g{fill:#57606a}` +
	`.mems .e{text-anchor:end}` +
	`.mems .m{text-anchor:middle}` +
	`.mems .w{fill:#fff;text-anchor:middle}` +
	`.mems .a{fill:#57606a;font-size:10px}` +
	`.mems .p,.mems .f5{fill:#2f659b}` +
	`.mems .h{fill:#f4f6f8;stroke:#8c959f}` +
	`.mems .n{fill:#e4e8ec}` +
	`.mems .l{fill:none;stroke:#24292f}` +
	`.mems .f1{fill:#d6e3f0}` +
	`.mems .f2{fill:#acc6e0}` +
	`.mems .f3{fill:#7fa6cd}` +
	`.mems .f4{fill:#5586b5}` +
	"</style>\n"

// A picture is a document in the making. Its counts are those of what it shows.
type picture struct {
	out      *bufio.Writer
	segments []Segment
	stats    SpaceStats
}

// px is a length; one digit behind the point is enough for any screen.
type px float64

func (x px) String() string {
	return strconv.FormatFloat(math.Round(float64(x)*10)/10, 'f', -1, 64)
}

// WriteSVG writes a picture of the space: its nodes, their segments to scale,
// the holes, and a legend. A space with more segments than can be told apart is
// drawn as a map of cells, each as dark as its part is full. The document needs
// nothing else, and stays below 300 KB. The error is that of w.
func (s *Space) WriteSVG(w io.Writer) error {
	if s.closed.Load() {
		return ErrClosed
	}
	return writeSVG(w, s.core.segments(), s.Stats())
}

func writeSVG(w io.Writer, segments []Segment, stats SpaceStats) error {
	p := picture{bufio.NewWriter(w), segments, stats}
	p.count()
	switch {
	case p.stats.Nodes == 0:
		p.empty()
	case p.stats.Nodes <= drawRows &&
		p.stats.Blocks+p.stats.Holes <= drawSegments:
		p.rows()
	default:
		p.cells()
	}
	p.text("</svg>\n")
	return p.out.Flush()
}

// count has the counts be those of the segments, which others may have changed
// since.
func (p *picture) count() {
	c := &p.stats
	c.Nodes, c.Blocks, c.Holes = 0, 0, 0
	c.Mapped, c.Used, c.Unused, c.LargestHole = 0, 0, 0, 0
	for _, s := range p.segments {
		switch s.Kind {
		case Node:
			c.Nodes++
			c.Mapped += s.Size
		case Process:
			c.Blocks++
			c.Used += s.Size
		case Hole:
			c.Holes++
			c.Unused += s.Size
			c.LargestHole = max(c.LargestHole, s.Size)
		}
	}
}

func (p *picture) text(format string, args ...any) {
	fmt.Fprintf(p.out, format, args...)
}

func (p *picture) head(height int) {
	c := &p.stats
	use := fmt.Sprintf("%s used in %s, %s free in %s", ofBytes(c.Used),
		counted(c.Blocks, "block"), ofBytes(c.Unused),
		counted(c.Holes, "hole"))
	p.text("<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"mems\" "+
		"role=\"img\" width=\"1000\" height=\"%d\" "+
		"viewBox=\"0 0 1000 %d\" font-family=\"'Helvetica Neue',"+
		"Helvetica,Arial,'Liberation Sans','DejaVu Sans',sans-serif\" "+
		"font-size=\"11\" fill=\"#24292f\">\n<title>%s</title>\n",
		height, height, use)
	p.text(drawStyle)
	p.text("<rect width=\"1000\" height=\"%d\" fill=\"#fff\"/>\n"+
		"<text class=\"t\" x=\"24\" y=\"36\">%s</text>\n", height, use)
	p.text("<text class=\"q\" x=\"24\" y=\"58\">%s in %s, %d %% used; "+
		"largest hole %s; %s, granule %s, at most %s</text>\n",
		counted(c.Mapped/pageSize, "page"), counted(c.Nodes, "node"),
		share(c.Used, c.Mapped, 100), ofBytes(c.LargestHole), c.policy(),
		ofBytes(c.Granule), ofBytes(c.Maximum))
}

func (p *picture) empty() {
	p.head(140)
	p.text("<rect class=\"l\" x=\"24.5\" y=\"80.5\" width=\"951\" "+
		"height=\"35\" stroke-dasharray=\"4 4\"/>\n"+
		"<text class=\"g m\" x=\"500\" y=\"102\">The main chain is empty; "+
		"the first node will begin at %d.</text>\n", FirstAddr)
}

// share is part / whole of so many, rounded down.
func share(part, whole int64, of float64) int64 {
	if whole == 0 {
		return 0
	}
	return int64(float64(part) / float64(whole) * of)
}

// ofBytes is a number of bytes for people: 4096 bytes, 12.5 MiB.
func ofBytes(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	if n < 16384 { // exact while that is short
		return strconv.FormatInt(n, 10) + " bytes"
	}
	size, unit := float64(n)/1024, 0
	for size >= 1024 {
		size /= 1024
		unit++
	}
	return fmt.Sprintf("%.1f %ciB", size, "KMGTPE"[unit])
}

// counted is "1 block" or "12,345 blocks".
func counted(n int64, noun string) string {
	digits := strconv.FormatInt(n, 10)
	var text strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			text.WriteByte(',')
		}
		text.WriteRune(digit)
	}
	text.WriteString(" " + noun)
	if n != 1 {
		text.WriteByte('s')
	}
	return text.String()
}
