// Package memstest is what tests of programs that use mems need.
package memstest

import (
	"fmt"
	"strings"
	"testing"

	mems "github.com/libmems/libmems/bindings/go"
)

// NoLeaks fails the test if blocks of the heap live or arenas have memory of it,
// and tells how much that is; with the tag mems_debug also where it was
// allocated. It looks when it is called, which is to be at the test's end and
// before the heap is closed:
//
//	h, err := mems.Open()
//	...
//	defer h.Close()
//	defer memstest.NoLeaks(t, h)
func NoLeaks(t testing.TB, h *mems.Heap) {
	t.Helper()
	s := h.Stats()
	if s.Space.Maximum == 0 {
		t.Errorf("heap %q was closed before memstest.NoLeaks looked at it",
			s.Name)
		return
	}
	if s.Blocks == 0 && s.ArenaBytes == 0 {
		return
	}
	var text strings.Builder
	fmt.Fprintf(&text, "heap %q:", s.Name)
	if s.Blocks > 0 {
		fmt.Fprintf(&text, " %d blocks of %d bytes live", s.Blocks, s.BlockBytes)
	}
	if s.ArenaBytes > 0 {
		if s.Blocks > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, " arenas that are not closed have %d bytes",
			s.ArenaBytes)
	}
	if origins := h.Origins(); origins != "" {
		text.WriteString("\n" + strings.TrimSuffix(origins, "\n"))
	} else if s.Blocks > 0 {
		text.WriteString("; the tag mems_debug tells where from")
	}
	t.Error(text.String())
}
