package mems

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// Leaks hears of a heap that the collector found unreachable and not closed,
// and, with the tag mems_debug, of blocks that live when their heap is closed.
// Without it the text goes to standard error. It is to be set before any heap
// is made.
var Leaks func(text string)

// Origins are the stacks that allocated the blocks that live, each once, as
// text; with the tag mems_debug only, else it is empty.
func (h *Heap) Origins() string { return h.guard.origins() }

// ownPackage begins the names of all functions of this package.
var ownPackage = func() string {
	pc, _, _, _ := runtime.Caller(0)
	name := runtime.FuncForPC(pc).Name()
	path := strings.LastIndex(name, "/") + 1
	return name[:path+strings.Index(name[path:], ".")+1]
}()

// warnUnlessClosed gives what the heap's end is to call. A heap that is
// forgotten keeps its memory: somebody may still have pointers into it.
func warnUnlessClosed(h *Heap, name string) func() {
	_, file, line, _ := runtime.Caller(3)
	text := fmt.Sprintf("mems: heap %q, opened at %s:%d, was not closed\n",
		name, file, line)
	cleanup := runtime.AddCleanup(h, func(text string) {
		if Leaks != nil {
			Leaks(text)
			return
		}
		fmt.Fprint(os.Stderr, text)
	}, text)
	return cleanup.Stop
}
