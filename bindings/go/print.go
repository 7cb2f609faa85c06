package mems

import (
	"bufio"
	"fmt"
	"io"
)

// Text, JSON and pictures are made from one walk over the chains, in Go, so that
// builds without C have them, too. They go through a buffer that keeps the first
// error of the writer, which Flush tells.

// last is the address of the segment's last byte.
func (s Segment) last() Addr { return s.Addr + Addr(s.Size) - 1 }

// WriteText writes the main chain, a line for each node with its segments, and
// four lines of counts, in the form of mems_space_print in C:
//
//	MAIN[1000:66535] -> P[1000:2007] <-> H[2008:66535] <-> NULL
//	Page used: 16
//	Space unused: 64528
//	Main Chain Length: 1
//	Sub-chain Length array: [2]
//
// P is a block, PROCESS, and H a hole. The error is that of w.
func (s *Space) WriteText(w io.Writer) error {
	if s.closed.Load() {
		return ErrClosed
	}
	return writeText(w, s.core.segments())
}

func writeText(w io.Writer, segments []Segment) error {
	out := bufio.NewWriter(w)
	var lengths []int
	var mapped, unused int64
	for _, segment := range segments {
		if segment.Kind == Node {
			if len(lengths) > 0 {
				fmt.Fprint(out, "NULL\n")
			}
			fmt.Fprintf(out, "MAIN[%d:%d] -> ", segment.Addr, segment.last())
			lengths = append(lengths, 0)
			mapped += segment.Size
			continue
		}
		lengths[len(lengths)-1]++
		if segment.Kind == Hole {
			unused += segment.Size
		}
		fmt.Fprintf(out, "%.1s[%d:%d] <-> ", segment.Kind, segment.Addr,
			segment.last())
	}
	if len(lengths) > 0 {
		fmt.Fprint(out, "NULL\n")
	}
	fmt.Fprintf(out, "Page used: %d\nSpace unused: %d\n"+
		"Main Chain Length: %d\nSub-chain Length array: [",
		mapped/pageSize, unused, len(lengths))
	for i, length := range lengths {
		if i > 0 {
			fmt.Fprint(out, ", ")
		}
		fmt.Fprint(out, length)
	}
	fmt.Fprint(out, "]\n")
	return out.Flush()
}

// WriteJSON writes one JSON object with the members of mems_space_json in C:
// "space" has the counts, and "chain" the nodes, each with its "first" and
// "last" address and its "segments", which are arrays of "P" or "H" and the
// first and last address. The error is that of w.
func (s *Space) WriteJSON(w io.Writer) error {
	if s.closed.Load() {
		return ErrClosed
	}
	out := bufio.NewWriter(w)
	c := s.Stats()
	fmt.Fprint(out, `{"space": {`)
	for _, count := range []struct {
		name  string
		value int64
	}{
		{"maximum", c.Maximum}, {"wanted", c.Wanted}, {"mapped", c.Mapped},
		{"used", c.Used}, {"used_peak", c.UsedPeak}, {"unused", c.Unused},
		{"largest_hole", c.LargestHole}, {"pages", c.Pages},
		{"nodes", c.Nodes}, {"blocks", c.Blocks}, {"holes", c.Holes},
		{"allocations", c.Allocations}, {"frees", c.Frees},
		{"metadata", c.Metadata}, {"returned", c.Returned},
		{"growth", c.Growth}, {"soft_limit", c.SoftLimit},
		{"hard_limit", c.HardLimit}, {"granule", c.Granule},
	} {
		fmt.Fprintf(out, "%q: %d, ", count.name, count.value)
	}
	fmt.Fprintf(out, "\"policy\": %q},\n\"chain\": [", c.policy())
	nodes, length := 0, 0
	for _, segment := range s.core.segments() {
		if segment.Kind == Node {
			if nodes++; nodes > 1 {
				fmt.Fprint(out, "]},")
			}
			fmt.Fprintf(out, "\n{\"first\": %d, \"last\": %d, \"segments\": [",
				segment.Addr, segment.last())
			length = 0
			continue
		}
		if length++; length > 1 {
			fmt.Fprint(out, ", ")
		}
		fmt.Fprintf(out, `["%.1s", %d, %d]`, segment.Kind, segment.Addr,
			segment.last())
	}
	if nodes > 0 {
		fmt.Fprint(out, "]}\n")
	}
	fmt.Fprint(out, "]}\n")
	return out.Flush()
}

func (c SpaceStats) policy() string {
	if c.FirstFit {
		return "first fit"
	}
	return "good fit"
}
