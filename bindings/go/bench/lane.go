package main

import (
	"fmt"
	"os"

	mems "github.com/libmems/libmems/bindings/go"
)

// A lane does one thing n times. What it makes ends in a variable of the
// package, or is read again, so that the compiler cannot do without.
type lane struct {
	name string
	open func() (run func(n int), close func())
}

// A group has lanes that are run by turns in one process.
type group struct {
	name  string
	title string
	lanes []lane
}

// An object has 64 bytes, as all do that are allocated one by one.
type object struct{ words [8]uint64 }

var (
	sinkObject *object
	sinkBytes  []byte
	sinkWord   uint64
)

func nothing() {}

// must gives the value; a bench that fails has nothing to tell.
func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// onHeap is a lane with a heap, which ends with it.
func onHeap(name string, open func(h *mems.Heap) func(n int)) lane {
	return lane{name, func() (func(int), func()) {
		h := must(mems.Open())
		return open(h), func() { check(h.Close()) }
	}}
}

// onArena is a lane with an arena.
func onArena(name string, open func(a *mems.Arena) func(n int)) lane {
	return onHeap(name, func(h *mems.Heap) func(int) {
		return open(must(h.NewArena()))
	})
}

// simple is a lane that needs nothing.
func simple(name string, run func(n int)) lane {
	return lane{name, func() (func(int), func()) { return run, nothing }}
}

// A dice gives numbers that are the same in each run.
type dice uint64

func (d *dice) roll() uint32 {
	*d = *d*6364136223846793005 + 1442695040888963407
	return uint32(*d >> 32)
}

// below gives a number less than n.
func (d *dice) below(n int) int {
	return int(uint64(d.roll()) * uint64(n) >> 32)
}
