package mems

import (
	"iter"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// An Addr is the place of a byte in a space: the same number in C, JavaScript
// and Go. The first byte of every space is FirstAddr; 0 is no address.
type Addr uint64

// FirstAddr is the address of a space's first byte.
const FirstAddr Addr = 1000

// Kind is what a segment is.
type Kind int

// Kinds of segments.
const (
	Node    Kind = iota // a node of the main chain; its segments follow
	Process             // a block in use
	Hole                // free
)

func (k Kind) String() string {
	switch k {
	case Node:
		return "MAIN"
	case Process:
		return "PROCESS"
	case Hole:
		return "HOLE"
	}
	return "Kind(?)"
}

// A Segment is a node of the main chain, or a part of one.
type Segment struct {
	Addr Addr
	Size int64 // bytes
	Node int   // the number of the node, from 0
	Kind Kind
}

// errno is a negative errno of C, or 0.
type errno int

type coreStats struct {
	maximum, mapped, used, peak, largestHole, nodes, blocks, holes int64
	metadata, returned, soft, hard                                 int64
	wanted, allocations, frees, growth, granule                    int64
	held, slotsUsed, slots, slabs                                  int64
	firstFit                                                       bool
}

// A Space is a heap with addresses of its own: what a block's address is does
// not change while it lives, whoever looks. All calls are safe from any
// goroutine, but for Close, which must be the last.
type Space struct {
	core   *core
	base   unsafe.Pointer // of FirstAddr
	size   uintptr        // most bytes of data
	region region
	name   string
	closed atomic.Bool
	onSoft atomic.Pointer[func(int64)]

	limited   atomic.Bool // there is a hard limit
	accounted int64       // bytes that balanced.used has of it; its lock's
}

// NewSpace makes a space.
func NewSpace(list ...Option) (*Space, error) {
	o, err := optionsOf(list)
	if err != nil {
		return nil, err
	}
	return newSpace(&o)
}

func newSpace(o *options) (*Space, error) {
	size := uintptr(o.maximum)
	if size == 0 {
		size = regionMost
	}
	r, err := takeRegion(size)
	for err != nil && o.maximum == 0 && size > minimumRegion {
		size /= 2
		r, err = takeRegion(size)
	}
	if err != nil {
		return nil, &AllocError{"open", int(size), o.name, err}
	}
	c, err := openCore(r, o)
	if err != nil {
		giveRegion(r, 0)
		return nil, &AllocError{"open", int(size), o.name, err}
	}
	s := &Space{core: c, base: c.base, region: r, name: o.name}
	s.size = uintptr(c.stats().maximum)
	s.limited.Store(o.hard > 0)
	if o.onSoft != nil {
		s.onSoft.Store(&o.onSoft)
	}
	return s, nil
}

// Adopt gives a space of another language in this process by its Handle there,
// the address of a mems_space. It must be of the same copy of the C library
// (build with -tags mems_system), and must not end before the Space is closed,
// which leaves it as it is. NewHeap then makes the heap whose blocks others have
// at that address (see Heap.Addr), or with 0 one more.
func Adopt(handle unsafe.Pointer, heap Addr) (*Space, error) {
	if handle == nil {
		return nil, ErrOption
	}
	c, err := adoptCore(handle, heap)
	if err != nil {
		return nil, err
	}
	s := &Space{core: c, base: c.base}
	stats := c.stats()
	s.size = uintptr(stats.maximum)
	s.limited.Store(stats.hard > 0)
	return s, nil
}

// Handle is the space's mems_space in C, by which another language of this
// process may adopt it; nil in builds without C.
func (s *Space) Handle() unsafe.Pointer {
	if s.closed.Load() {
		return nil
	}
	return s.core.handle()
}

// Close ends the space and all its blocks, and gives their memory back.
// Addresses of it read as 0 from then on, or as what another space has there.
func (s *Space) Close() error {
	if s.closed.Swap(true) {
		return ErrClosed
	}
	used := uintptr(0)
	if s.region.base != nil {
		used = s.region.size
	}
	s.core.close()
	s.account(0)
	giveRegion(s.region, used)
	return nil
}

// Name is what it was called.
func (s *Space) Name() string { return s.name }

// Alloc gives a block of at least size bytes, which hold no promised value.
func (s *Space) Alloc(size int) (Addr, error) {
	return s.AllocAligned(size, 1)
}

// AllocAligned is Alloc at a multiple of alignment, a power of two.
func (s *Space) AllocAligned(size, alignment int) (Addr, error) {
	if size <= 0 || alignment <= 0 || alignment&(alignment-1) != 0 {
		return 0, s.fail("allocation", size, ErrBadSize)
	}
	if s.closed.Load() {
		return 0, s.fail("allocation", size, ErrClosed)
	}
	addr, err := s.core.alloc(uintptr(size), uintptr(alignment))
	if err != nil {
		return 0, s.fail("allocation", size, s.why(err))
	}
	s.heed()
	return addr, nil
}

// Calloc is Alloc with all bytes 0.
func (s *Space) Calloc(size int) (Addr, error) {
	addr, err := s.Alloc(size)
	if err == nil {
		clear(s.view(addr, size))
	}
	return addr, err
}

// Resize gives the block another size. What is common to both sizes is kept;
// the address may be another.
func (s *Space) Resize(addr Addr, size int) (Addr, error) {
	if size <= 0 {
		return 0, s.fail("resize", size, ErrBadSize)
	}
	if s.closed.Load() {
		return 0, s.fail("resize", size, ErrClosed)
	}
	if s.core.usable(addr) == 0 {
		return 0, s.fail("resize", size, ErrNotOwned)
	}
	moved, err := s.core.resize(addr, uintptr(size))
	if err != nil {
		return 0, s.fail("resize", size, s.why(err))
	}
	s.heed()
	return moved, nil
}

// Free gives a block back.
func (s *Space) Free(addr Addr) error {
	if s.closed.Load() {
		return ErrClosed
	}
	if addr == 0 {
		return ErrNotOwned
	}
	return s.core.free(addr)
}

// UsableSize is how many bytes the block really has; 0 if none begins there.
func (s *Space) UsableSize(addr Addr) int {
	if s.closed.Load() {
		return 0
	}
	return int(s.core.usable(addr))
}

// Contains tells if the address lies in a live block.
func (s *Space) Contains(addr Addr) bool {
	return !s.closed.Load() && s.core.contains(addr)
}

// Bytes are the block's own, not a copy: size of them from there on. What is
// asked is that they lie within the space; not, that a block is live there.
// They do not keep the space alive.
func (s *Space) Bytes(addr Addr, size int) ([]byte, error) {
	offset := uint64(addr - FirstAddr)
	if s.closed.Load() {
		return nil, ErrClosed
	}
	if size < 0 || offset > uint64(s.size) ||
		uint64(size) > uint64(s.size)-offset {
		return nil, ErrRange
	}
	return s.view(addr, size), nil
}

func (s *Space) view(addr Addr, size int) []byte {
	return unsafe.Slice((*byte)(s.pointer(addr)), size)
}

func (s *Space) pointer(addr Addr) unsafe.Pointer {
	return unsafe.Add(s.base, uintptr(addr-FirstAddr))
}

// AddrOf is the address of a byte of the space, or 0.
func (s *Space) AddrOf(p unsafe.Pointer) Addr {
	offset := uintptr(p) - uintptr(s.base)
	if offset >= s.size {
		return 0
	}
	return Addr(offset) + FirstAddr
}

// Read copies bytes out of one live block, from anywhere in it.
func (s *Space) Read(addr Addr, to []byte) error {
	if s.closed.Load() {
		return ErrClosed
	}
	return s.core.read(addr, to)
}

// Write copies bytes into one live block, to anywhere in it.
func (s *Space) Write(addr Addr, from []byte) error {
	if s.closed.Load() {
		return ErrClosed
	}
	return s.core.write(addr, from)
}

// SetLimits changes what Limit and SoftLimit set; 0 stands for none.
func (s *Space) SetLimits(soft, hard int64, f func(used int64)) error {
	if s.closed.Load() {
		return ErrClosed
	}
	if soft < 0 || hard < 0 || (soft > 0 && f == nil) {
		return ErrOption
	}
	if err := s.core.limit(soft, hard); err != nil {
		return err
	}
	s.limited.Store(hard > 0)
	if f == nil {
		s.onSoft.Store(nil)
	} else {
		s.onSoft.Store(&f)
	}
	return nil
}

// SetRoot gives an address a name, by which whoever knows the space finds it:
// 63 names of at most 55 bytes.
func (s *Space) SetRoot(name string, addr Addr) error {
	if s.closed.Load() {
		return ErrClosed
	}
	return s.core.setRoot(name, addr)
}

// Root is the address of that name.
func (s *Space) Root(name string) (Addr, error) {
	if s.closed.Load() {
		return 0, ErrClosed
	}
	return s.core.root(name)
}

// RemoveRoot forgets a name.
func (s *Space) RemoveRoot(name string) error {
	if s.closed.Load() {
		return ErrClosed
	}
	return s.core.removeRoot(name)
}

// Trim gives every page that holds nothing back to the system, and tells how
// many bytes that were.
func (s *Space) Trim() int64 {
	if s.closed.Load() {
		return 0
	}
	returned := s.core.trim()
	s.heed()
	return returned
}

// Verify checks all of the space's own state; the error says what is broken.
// Nobody else must use the space meanwhile.
func (s *Space) Verify() error {
	if s.closed.Load() {
		return ErrClosed
	}
	report, err := s.core.verify()
	if err != nil {
		return &AllocError{"verify: " + report, 0, s.name, err}
	}
	return nil
}

// Segments are all nodes, each with its segments behind it, in order.
func (s *Space) Segments() iter.Seq[Segment] {
	return func(yield func(Segment) bool) {
		if s.closed.Load() {
			return
		}
		for _, segment := range s.core.segments() {
			if !yield(segment) {
				return
			}
		}
		runtime.KeepAlive(s)
	}
}

func (s *Space) fail(op string, size int, err error) error {
	return &AllocError{op, size, s.name, err}
}

// why tells a limit from a lack of memory.
func (s *Space) why(err error) error {
	if err != ErrNoMemory {
		return err
	}
	if s.limited.Load() {
		return ErrLimit
	}
	return err
}

// heed follows every call that may have changed what is in use: it serves those
// who asked to hear of it.
func (s *Space) heed() {
	if f := s.onSoft.Load(); f != nil && s.core.crossed() {
		(*f)(s.core.inUse())
	}
	if balanced.total.Load() != 0 {
		s.account(s.core.inUse())
	}
}
