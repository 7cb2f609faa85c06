package mems

import (
	"errors"
	"strconv"
)

// What calls fail with; ask by errors.Is. Errors of allocation are an
// *AllocError that wraps one of these.
var (
	// ErrNoMemory: neither the heap nor the system has that much.
	ErrNoMemory = errors.New("out of memory")
	// ErrLimit: the hard limit would be exceeded. It is an ErrNoMemory, too.
	ErrLimit = limitError{}
	// ErrDoubleFree: the block is free already.
	ErrDoubleFree = errors.New("double free")
	// ErrNotOwned: no block begins there.
	ErrNotOwned = errors.New("no block of the heap begins there")
	// ErrStale: what a reference or mark stood for has ended.
	ErrStale = errors.New("what it referred to has ended")
	// ErrClosed: the object was closed.
	ErrClosed = errors.New("closed")
	// ErrBadSize: a size or alignment that no block can have.
	ErrBadSize = errors.New("no block can have this size or alignment")
	// ErrRange: the bytes do not lie in one block.
	ErrRange = errors.New("not within one block")
	// ErrPointers: the type has pointers, which the collector would not see.
	ErrPointers = errors.New("a type with pointers cannot live off the heap of Go")
	// ErrOption: an option is out of its range.
	ErrOption = errors.New("an option is out of its range")
	// ErrBroken: the state of a heap was overwritten.
	ErrBroken = errors.New("the heap's state is broken")
	// ErrExists: something else has that name.
	ErrExists = errors.New("the name is taken")
	// ErrUnsupported: this build cannot do it.
	ErrUnsupported = errors.New("not in this build")
)

type limitError struct{}

func (limitError) Error() string { return "the hard limit would be exceeded" }

func (limitError) Is(target error) bool { return target == ErrNoMemory }

// AllocError tells which call wanted how much of which heap.
type AllocError struct {
	Op   string
	Size int
	Heap string
	Err  error
}

func (e *AllocError) Error() string {
	text := "mems: " + e.Op
	if e.Size != 0 {
		text += " of " + strconv.Itoa(e.Size) + " bytes"
	}
	if e.Heap != "" {
		text += " in " + strconv.Quote(e.Heap)
	}
	return text + ": " + e.Err.Error()
}

func (e *AllocError) Unwrap() error { return e.Err }
